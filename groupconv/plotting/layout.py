"""Where groups and lattices stand on a page, and the figure they are drawn into."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from groupconv.algebra import Lattice, cayley_graph
from groupconv.arguments import number
from groupconv.errors import ArgumentError, MissingDependencyError
from groupconv.registry import as_group

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from groupconv.algebra import SplitGroup

    FloatArray = npt.NDArray[np.float64]

__all__ = [
    "draw_cells",
    "element_label",
    "new_figure",
    "plane_group",
    "plane_positions",
    "positions",
    "readable_generators",
    "voronoi_cell",
]

VIEW = np.array([[0.9, -0.42, 0.1], [0.18, 0.25, 0.95]])
"""How space is seen on a page: the third axis nearly upright, no two axes in line."""

ANGLES = np.pi * np.arange(24) / 24
POINTS = np.stack(np.meshgrid(*[np.linspace(0.1, 1.0, 7)] * 3, indexing="ij"), -1).reshape(-1, 3)
"""Points of a plane, on a circle, and of space, among which one is looked for whose images stand
apart: it lies on no mirror and no axis."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, without any of matplotlib's global state.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError(
            "pictures need matplotlib; run: pip install 'groupconv[plot]'"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def plane_group(group: SplitGroup | str) -> SplitGroup:
    """A group that acts on a plane, as a page is one.

    Raises:
        ArgumentError: it acts in another dimension.
    """
    found = as_group(group)
    if found.dimension != 2:
        raise ArgumentError(
            f"group={found.name!r} has dimension {found.dimension}, expected 2: a page is a plane; "
            f"draw its Cayley graph, its subgroups or its table"
        )
    return found


def _cartesian_parts(group: SplitGroup) -> FloatArray:
    """The stabilizer's matrices in Cartesian coordinates, `(S, d, d)`."""
    basis = group.lattice.cartesian_basis
    parts: FloatArray = basis @ group.stabilizer.matrices @ np.linalg.inv(basis)
    return parts


def plane_positions(group: SplitGroup) -> FloatArray:
    """Where each stabilizer plane stands on the page, `(S, 2)` as (right, up), about a circle.

    Plane `s` stands where `s` takes a fixed point, so that an element of the group acts on the
    whole picture as it acts on the page.

    Examples:
        >>> from groupconv import group
        >>> (plane_positions(group("p4")).round() + 0.0).tolist()
        [[0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]]
    """
    starts = np.stack([-np.cos(ANGLES), np.sin(ANGLES)], axis=-1)  # (down, right), from the top
    down, right = np.moveaxis(_cartesian_parts(group) @ _generic_point(group, starts), -1, 0)
    return np.stack([right, -down], axis=-1)


def _generic_point(
    group: SplitGroup, starts: FloatArray, view: FloatArray | None = None
) -> FloatArray:
    """The point whose images under a stabilizer stand farthest apart, as seen on the page.

    Args:
        group: The group.
        starts: Where to look for it, `(n, d)`; the first of equally good ones is taken.
        view: How space is projected onto the page, `(2, 3)`.
    """
    orbits = np.einsum("sij,nj->nsi", _cartesian_parts(group), starts)  # (n, S, d)
    orbits = orbits if view is None else orbits @ view.T
    i, j = np.triu_indices(group.order, 1)
    gaps = np.linalg.norm(orbits[:, i] - orbits[:, j], axis=-1).min(axis=1, initial=2.0)
    sizes = np.linalg.norm(orbits, axis=-1).max(axis=1)
    best: FloatArray = starts[int((gaps / sizes).round(6).argmax())]
    return best


def positions(group: SplitGroup) -> FloatArray:
    """Where each stabilizer element stands on the page, `(S, 2)` as (right, up), in any dimension.

    Elements stand where they take a point that no other element fixes: about a circle in the
    plane, on a polyhedron seen from aside in space. Beyond that a spring model places them.

    Examples:
        >>> from groupconv import GeneratedGroup
        >>> positions(GeneratedGroup("line", {"m": ([[-1]], 2)})).tolist()
        [[1.0, 0.0], [-1.0, 0.0]]
    """
    d = group.dimension
    if d == 2:
        return plane_positions(group)
    if d == 1:
        return np.pad(_cartesian_parts(group)[:, :, 0], ((0, 0), (0, 1)))
    if d == 3:
        projected: FloatArray = (
            _cartesian_parts(group) @ _generic_point(group, POINTS, VIEW) @ VIEW.T
        )
        projected /= np.linalg.norm(projected, axis=1).max()
        return projected
    import networkx as nx

    springs = nx.kamada_kawai_layout(nx.Graph(cayley_graph(group)))
    return np.array([springs[s] for s in range(group.order)])


def readable_generators(group: SplitGroup) -> tuple[int, ...]:
    """Generators whose Cayley graph can be read: few in a plane, those of short edges in space.

    Two generators of a group of space make a tangle; the nearest ones draw a polyhedron.
    """
    if group.dimension != 3:
        return group.stabilizer.generators
    point = _generic_point(group, POINTS, VIEW)
    lengths = np.linalg.norm(_cartesian_parts(group) @ point - point, axis=1).round(9)
    chosen: tuple[int, ...] = ()
    for s in np.argsort(lengths, kind="stable")[1:].tolist():
        if s not in group.subgroup(*chosen).elements:
            chosen = (*chosen, s)
    return chosen


def element_label(group: SplitGroup, flat: int) -> str:
    """The coordinates of a stabilizer element by their names, such as `m = 1, r = 3`.

    Examples:
        >>> from groupconv import group
        >>> element_label(group("p4m"), 7)
        'm = 1, r = 3'
    """
    named = zip(group.coordinate_names, group.stabilizer_indices[flat], strict=False)
    return ", ".join(f"{name} = {value}" for name, value in named)


def voronoi_cell(lattice: Lattice) -> FloatArray:
    """The corners of the points nearest to the origin of a plane lattice, `(n, 2)`, in order.

    Examples:
        >>> from groupconv import HEXAGONAL, SQUARE
        >>> len(voronoi_cell(SQUARE)), len(voronoi_cell(HEXAGONAL))
        (4, 6)
    """
    basis = lattice.cartesian_basis
    reach = 3 * np.abs(basis).sum()
    corners = [reach * np.array(corner) for corner in ((-1, -1), (-1, 1), (1, 1), (1, -1))]
    for step in itertools.product(range(-2, 3), repeat=2):
        neighbour = basis @ step
        if not neighbour.any():
            continue
        # Keep what is nearer to the origin than to the neighbour: cut the polygon by their middle.
        excess = [corner @ neighbour - neighbour @ neighbour / 2 for corner in corners]
        kept: list[FloatArray] = []
        for i, corner in enumerate(corners):
            previous = corners[i - 1]
            if (excess[i] > 1e-9) != (excess[i - 1] > 1e-9):
                share = excess[i - 1] / (excess[i - 1] - excess[i])
                kept.append(previous + share * (corner - previous))
            if excess[i] <= 1e-9:
                kept.append(corner)
        corners = kept
    apart = [c for i, c in enumerate(corners) if np.linalg.norm(c - corners[i - 1]) > 1e-6]
    return np.array(apart)


def draw_cells(
    axes: Axes,
    values: npt.ArrayLike,
    lattice: Lattice,
    limit: float,
    middle: tuple[float, float] = (0.0, 0.0),
    scale: float = 1.0,
    **options: Any,
) -> None:
    """Draw an array on a plane lattice, each value in its true cell: squares, hexagons, ….

    Args:
        axes: Where to draw.
        values: `(H, W)`, an array or a tensor; what is not a number is left out.
        lattice: The plane lattice.
        limit: The absolute value with the deepest colour.
        middle: Where the array's centre stands, (right, up).
        scale: The length of a unit of the lattice.
        options: For matplotlib's `PolyCollection`.

    Raises:
        ArgumentError: the values are no plane array, the lattice is none of the plane, or the limit
            is not above zero.
    """
    from matplotlib.collections import PolyCollection

    if not isinstance(lattice, Lattice) or lattice.dimension != 2:
        raise ArgumentError(f"lattice={lattice!r}: expected a groupconv.Lattice of the plane")
    limit = number("limit", limit.item() if hasattr(limit, "item") else limit, 0, exclusive=True)
    detached = values.detach().cpu().float() if hasattr(values, "detach") else values
    array = np.asarray(detached, dtype=float)
    if array.ndim != 2:
        raise ArgumentError(
            f"values have shape {array.shape}, expected (H, W): one map, such as x[0, 0]"
        )
    cells = np.argwhere(~np.isnan(array))
    centres = (cells - (np.array(array.shape) - 1) / 2) @ lattice.cartesian_basis.T
    outlines = scale * (centres[:, None] + voronoi_cell(lattice))  # (cells, corners, 2)
    on_page = np.stack([outlines[..., 1] + middle[0], middle[1] - outlines[..., 0]], axis=-1)
    style: dict[str, Any] = {
        "cmap": "RdBu_r",
        "clim": (-limit, limit),
        "edgecolors": "face",
        "linewidths": 0.2,
    } | options
    axes.add_collection(
        PolyCollection(list(on_page), array=array[tuple(cells.T)], zorder=2, **style)
    )


def extent(lattice: Lattice, values: npt.ArrayLike) -> FloatArray:
    """Half the width and height of an array as `draw_cells` draws it, (right, up)."""
    array = np.asarray(values, dtype=float)
    cells = np.argwhere(~np.isnan(array))
    centres = (cells - (np.array(array.shape) - 1) / 2) @ lattice.cartesian_basis.T
    half: FloatArray = (np.abs(centres).max(0) + np.abs(voronoi_cell(lattice)).max(0))[::-1]
    return half
