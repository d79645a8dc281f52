"""Feature maps of a plane group, drawn as in figures 1 and 2 of Cohen & Welling (2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupconv.errors import ShapeError
from groupconv.plotting.graphs import draw_arrows
from groupconv.plotting.layout import (
    draw_cells,
    element_label,
    extent,
    new_figure,
    plane_group,
    plane_positions,
)
from groupconv.transforms import filter_transform, invariant_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor

    from groupconv.algebra import Element, SplitGroup
    from groupconv.algebra.exact import FloatArray

HALF_WIDTH = 0.38
"""Half the side of a drawn plane; the planes stand about a circle of radius 1."""

SIZE = 13
"""The side of the image in `feature_map_figure`, a letter with no symmetry."""


def draw_feature_map(axes: Axes, planes: Tensor, group: SplitGroup | str) -> None:
    """Draw one channel `(S, H, W)` of a feature map, with how the plane group moves its planes.

    Red arrows lead where a rotation moves a plane, blue lines join planes that a reflection
    exchanges. Colours show the distance from the median value, which is that of the background;
    cells that the group moves out of the array are left out.

    Raises:
        ShapeError: `planes` does not have one image per stabilizer element.
    """
    group = plane_group(group)
    planes = planes.detach().cpu()
    if planes.dim() != 3 or len(planes) != group.order:
        expected = f"expected ({group.order}, H, W): one image per stabilizer element"
        raise ShapeError(f"planes has shape {tuple(planes.shape)}, {expected} of {group.name!r}")
    positions = plane_positions(group) * max(1.0, group.order / 5)
    values = _kept(planes - planes.median(), group)
    limit = float(np.nanmax(np.abs(values))) or 1.0
    half = extent(group.lattice, values[0])
    scale = HALF_WIDTH / half.max()
    for s, (middle, plane) in enumerate(zip(positions, values, strict=True)):
        draw_cells(axes, plane, group.lattice, limit, tuple(middle), scale)
        outward, side = (1, "bottom") if middle[1] > -1e-9 else (-1, "top")
        place = (middle[0], middle[1] + outward * scale * half[1])
        axes.annotate(element_label(group, s), place, ha="center", va=side, fontsize=8)
    units = np.eye(len(group.stabilizer_shape), dtype=int)[np.array(group.stabilizer_shape) > 1]
    generators = [group.flat_index(tuple(unit)) for unit in units.tolist()]
    draw_arrows(axes, group, positions, HALF_WIDTH, generators, acting=True)
    reach = float(np.abs(positions).max()) + HALF_WIDTH + 0.15
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.axis("off")


def equivariance_figure(
    images: Sequence[Tensor], maps: Sequence[Tensor], titles: Sequence[str], group: SplitGroup | str
) -> Figure:
    """Images `(H, W)`, each over one channel `(S, H', W')` of its feature map, side by side.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        ShapeError: a feature map does not have one plane per stabilizer element.
    """
    group = plane_group(group)
    side = 4.6 * max(1.0, group.order / 8)
    figure = new_figure(side * len(images), 1.4 * side)
    grid = figure.subplots(2, len(images), height_ratios=(1, 2.6), squeeze=False)
    for column, (image, planes, title) in enumerate(zip(images, maps, titles, strict=True)):
        top, bottom = grid[0, column], grid[1, column]
        values = _kept(image, group)
        limit = float(np.nanmax(np.abs(values))) or 1.0
        draw_cells(top, values, group.lattice, limit, cmap="gray_r", clim=(0, limit))
        right, up = extent(group.lattice, values)
        top.set(xlim=(-right, right), ylim=(-up, up), aspect="equal", title=title)
        top.set(xticks=[], yticks=[])
        draw_feature_map(bottom, planes, group)
    return figure


def feature_map_figure(group: SplitGroup | str, element: Element | None = None) -> Figure:
    """A feature map `f` of a plane group and `L_g f`, as in figures 1 and 2 of the paper.

    The map is what one random filter finds in a letter that has no symmetry; `g` is by default the
    first of the stabilizer's minimal generators.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        ArgumentError: the group does not act on a plane.
        ElementError: `element` is not an element of the group.
    """
    import torch

    from groupconv.nn.functional import act, group_conv

    group = plane_group(group)
    if element is None:
        generator = group.stabilizer.generators[0] if group.order > 1 else 0
        element = group.element(generator)
    image = torch.zeros(SIZE, SIZE)
    image[3:10, 4] = image[3, 4:9] = image[6, 4:7] = 1.0  # F
    transform = filter_transform(group.stabilizer, 3, "lattice")
    weight = torch.randn(1, 1, transform.num_parameters, generator=torch.Generator().manual_seed(1))
    images = [image, act(image, element, group)]
    found = [group_conv(x[None, None], weight, padding=1, transform=transform) for x in images]
    maps = [each.reshape(group.order, SIZE, SIZE) for each in found]
    label = element_label(group, group.split(element)[0]) or "g = 1"
    return equivariance_figure(images, maps, ["f", f"$L_g$ f,  g: {label}"], group)


def _kept(x: Tensor, group: SplitGroup) -> FloatArray:
    """An array without what a turn moves out of it: a hexagon, on the hexagonal lattice."""
    values: FloatArray = x.detach().cpu().double().numpy()
    shape = (values.shape[-2], values.shape[-1])
    S = group.stabilizer
    kept = invariant_cells(S.matrices, shape)[1].reshape(shape)
    return values if S.permutes_axes or not kept.any() else np.where(kept, values, np.nan)
