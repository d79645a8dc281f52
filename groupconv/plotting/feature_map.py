"""Feature maps of a plane group, drawn as in figures 1 and 2 of Cohen & Welling (2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra import SplitGroup, cayley_graph
from groupconv.errors import ArgumentError, MissingDependencyError, ShapeError
from groupconv.registry import as_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor


__all__ = ["draw_feature_map", "equivariance_figure", "plane_positions"]

ROTATION, REFLECTION = "#c1272d", "#1f5fa8"
HALF_WIDTH = 0.3
"""Half the side of a drawn plane; the planes stand about a circle of radius 1."""


def plane_positions(group: SplitGroup) -> npt.NDArray[np.float64]:
    """Where each stabilizer plane stands on the page, `(S, 2)` as (right, up), about a circle.

    Plane `s` stands where `s` takes a fixed point, so that an element of the group acts on the
    whole picture as it acts on the page.

    Examples:
        >>> from groupconv import group
        >>> (plane_positions(group("p4")).round() + 0.0).tolist()
        [[0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]]
    """
    basis = np.array(group.lattice.basis.evalf().tolist(), dtype=float)
    linear = basis @ group.stabilizer_matrices @ np.linalg.inv(basis)  # acts on (down, right)
    has_mirrors = bool((np.linalg.det(linear) < 0).any())
    tilt = np.pi / max(group.order, 4) if has_mirrors else 0.0  # midway between mirror lines
    down, right = np.moveaxis(linear @ [-np.cos(tilt), np.sin(tilt)], -1, 0)
    return np.stack([right, -down], axis=-1)


def draw_feature_map(axes: Axes, planes: Tensor, group: SplitGroup | str) -> None:
    """Draw one channel of a feature map on a plane group, with the group's Cayley graph.

    Red arrows follow rotations, blue lines reflections, one kind per stabilizer coordinate.
    Colours show the distance from the median value, which is that of the background.

    Args:
        axes: Where to draw.
        planes: One channel, `(S, H, W)`.
        group: The plane group, or its name.

    Raises:
        ShapeError: `planes` has not one image per stabilizer element.
    """
    group = _plane_group(group)
    planes = planes.detach().cpu()
    if planes.dim() != 3 or len(planes) != group.order:
        raise ShapeError(
            f"planes has shape {tuple(planes.shape)}, expected ({group.order}, H, W): one image "
            f"per stabilizer element of {group.name!r}"
        )
    positions = plane_positions(group) * max(1.0, group.order / 5)
    planes = planes - planes.median()
    limit = float(planes.abs().max()) or 1.0
    for (x, y), plane in zip(positions, planes, strict=True):
        extent = (x - HALF_WIDTH, x + HALF_WIDTH, y - HALF_WIDTH, y + HALF_WIDTH)
        axes.imshow(plane.numpy(), cmap="RdBu_r", vmin=-limit, vmax=limit, extent=extent, zorder=2)
    for (x, y), s in zip(positions, group.stabilizer_indices, strict=True):
        named = zip(group.coordinate_names, s, strict=False)
        label = ", ".join(f"{name} = {value}" for name, value in named)
        axes.annotate(label, (x, y + HALF_WIDTH), ha="center", va="bottom", fontsize=8)
    _draw_edges(axes, group, positions)
    reach = float(np.abs(positions).max()) + HALF_WIDTH + 0.15
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.axis("off")


def equivariance_figure(
    images: Sequence[Tensor], maps: Sequence[Tensor], titles: Sequence[str], group: SplitGroup | str
) -> Figure:
    """Images over their feature maps, side by side.

    Args:
        images: Each `(H, W)`.
        maps: One channel of the feature map of each, `(S, H', W')`.
        titles: One for each.
        group: The plane group, or its name.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        ArgumentError: the lists differ in length.
        ShapeError: a feature map has not one plane per stabilizer element.
    """
    group = _plane_group(group)
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError(
            "pictures need matplotlib; run: pip install 'groupconv[plot]'"
        ) from error
    if not len(images) == len(maps) == len(titles) or not images:
        raise ArgumentError(
            f"images, maps and titles have lengths {len(images)}, {len(maps)} and {len(titles)}, "
            f"expected the same, at least 1"
        )
    figure = Figure(figsize=(4.6 * len(images), 6.6), layout="constrained")
    grid = figure.subplots(2, len(images), height_ratios=(1, 2.6), squeeze=False)
    for column, (image, planes, title) in enumerate(zip(images, maps, titles, strict=True)):
        top, bottom = grid[0, column], grid[1, column]
        top.imshow(image.detach().cpu().numpy(), cmap="gray_r")
        top.set_title(title)
        top.set(xticks=[], yticks=[])
        draw_feature_map(bottom, planes, group)
    return figure


def _plane_group(group: SplitGroup | str) -> SplitGroup:
    found = as_group(group)
    if found.dimension != 2:
        raise ArgumentError(
            f"group={found.name!r} has dimension {found.dimension}, expected 2: a page is a plane"
        )
    return found


def _draw_edges(axes: Axes, group: SplitGroup, positions: npt.NDArray[np.float64]) -> None:
    """The edges of the Cayley graph of the coordinates' generators."""
    shape = group.stabilizer_shape
    units = [tuple(int(i == j) for j in range(len(shape))) for i in range(len(shape))]
    generators = [unit for unit, size in zip(units, shape, strict=True) if size > 1]
    for s, t, data in cayley_graph(group, generators).edges(data=True):
        is_reflection = np.linalg.det(group.stabilizer_matrices[data["generator"]]) < 0
        is_involution = group.composition_table[data["generator"], data["generator"]] == 0
        if is_involution and s > t:
            continue
        start, end = positions[s], positions[t]
        is_clockwise = start[0] * end[1] < start[1] * end[0]
        bend = 0.0 if is_reflection else 0.25 if is_clockwise else -0.25  # towards the centre
        gap = 1.25 * HALF_WIDTH * (end - start) / np.linalg.norm(end - start)
        axes.annotate(
            "",
            xy=end - gap,
            xytext=start + gap,
            arrowprops={
                "arrowstyle": "-" if is_involution else "-|>",
                "color": REFLECTION if is_reflection else ROTATION,
                "lw": 1.6,
                "shrinkA": 0,
                "shrinkB": 0,
                "connectionstyle": f"arc3,rad={bend}",
            },
            zorder=3,
        )
