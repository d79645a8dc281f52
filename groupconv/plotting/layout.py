"""Where groups and lattices stand on a page, and the figure they are drawn into."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from groupconv.algebra import cayley_graph
from groupconv.errors import ArgumentError, MissingDependencyError
from groupconv.registry import as_group

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from groupconv.algebra import Lattice, SplitGroup
    from groupconv.algebra.exact import FloatArray, IntArray

VIEW = np.array([[0.9, -0.42, 0.1], [0.18, 0.25, 0.95]])
"""How space is seen on a page: the third axis nearly upright, no two axes in line."""

ANGLES = np.pi * np.arange(24) / 24
POINTS = np.stack(np.meshgrid(*[np.linspace(0.1, 1.0, 7)] * 3, indexing="ij"), -1).reshape(-1, 3)
"""Points on a circle and in space; one is chosen that lies on no mirror and on no axis."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, without any of matplotlib's global state."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        step = "run: pip install 'groupconv[plot]'"
        raise MissingDependencyError(f"pictures need matplotlib; {step}") from error
    return Figure(figsize=(width, height), layout="constrained")


def plane_group(group: SplitGroup | str) -> SplitGroup:
    """A group that acts on a plane, as a page is one."""
    found = as_group(group)
    if found.dimension != 2:
        given = (
            f"group={found.name!r} has dimension {found.dimension}, expected 2: a page is a plane"
        )
        raise ArgumentError(f"{given}; draw its Cayley graph, its subgroups or its table")
    return found


def cartesian_parts(group: SplitGroup) -> FloatArray:
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
    down, right = np.moveaxis(cartesian_parts(group) @ _generic_point(group, starts), -1, 0)
    return np.stack([right, -down], axis=-1)


def _generic_point(
    group: SplitGroup, starts: FloatArray, view: FloatArray | None = None
) -> FloatArray:
    """The first of the points `starts`, `(n, d)`, whose images are seen farthest apart."""
    orbits = np.einsum("sij,nj->nsi", cartesian_parts(group), starts)  # (n, S, d)
    orbits = orbits if view is None else orbits @ view.T
    i, j = np.triu_indices(group.order, 1)
    gaps = np.linalg.norm(orbits[:, i] - orbits[:, j], axis=-1).min(axis=1, initial=2.0)
    sizes = np.linalg.norm(orbits, axis=-1).max(axis=1)
    best: FloatArray = starts[int((gaps / sizes).round(6).argmax())]
    return best


def positions(group: SplitGroup) -> FloatArray:
    """Where each stabilizer element stands on the page, `(S, 2)` as (right, up), in any dimension.

    It stands where it takes a point: on a circle in the plane, on a polyhedron in space. Beyond
    that a spring model places elements.

    Examples:
        >>> from groupconv import GeneratedGroup
        >>> positions(GeneratedGroup("line", {"m": ([[-1]], 2)})).tolist()
        [[1.0, 0.0], [-1.0, 0.0]]
    """
    if group.dimension == 2:
        return plane_positions(group)
    if group.dimension == 1:
        return np.pad(cartesian_parts(group)[:, :, 0], ((0, 0), (0, 1)))
    if group.dimension == 3:
        seen: FloatArray = cartesian_parts(group) @ _generic_point(group, POINTS, VIEW) @ VIEW.T
        seen /= np.linalg.norm(seen, axis=1).max()
        return seen
    import networkx as nx

    springs = nx.kamada_kawai_layout(nx.Graph(cayley_graph(group)))
    return np.array([springs[s] for s in range(group.order)])


def readable_generators(group: SplitGroup) -> tuple[int, ...]:
    """Generators whose Cayley graph can be read: few; in space, those that draw a polyhedron."""
    if group.dimension != 3:
        return group.stabilizer.generators
    point = _generic_point(group, POINTS, VIEW)
    lengths = np.linalg.norm(cartesian_parts(group) @ point - point, axis=1).round(9)
    chosen: tuple[int, ...] = ()
    for s in np.argsort(lengths, kind="stable")[1:].tolist():
        if s not in group.subgroup(*chosen).elements:
            chosen = (*chosen, s)
    return chosen


def element_label(group: SplitGroup, flat: int) -> str:
    """The coordinates of a stabilizer element by their names, such as `m = 1, r = 3`."""
    named = zip(group.coordinate_names, group.stabilizer_indices[flat], strict=False)
    return ", ".join(f"{name} = {value}" for name, value in named)


def voronoi_cell(lattice: Lattice) -> FloatArray:
    """The corners, in order, of what is nearer to the origin than to other points of a lattice."""
    steps = [step for step in itertools.product(range(-2, 3), repeat=2) if any(step)]
    neighbours = steps @ lattice.cartesian_basis.T  # shape: (n, 2)
    pairs = np.array(list(itertools.combinations(neighbours, 2)))
    pairs = pairs[np.abs(np.linalg.det(pairs)) > 1e-9]
    # As near to both of a pair as to the origin; a corner, if no other neighbour is nearer.
    points = np.linalg.solve(pairs, (pairs**2).sum(-1, keepdims=True) / 2)[..., 0]
    is_corner = points @ neighbours.T < (neighbours**2).sum(-1) / 2 + 1e-9
    corners = np.unique(points[is_corner.all(axis=1)].round(9), axis=0)
    ordered: FloatArray = corners[np.argsort(np.arctan2(corners[:, 1], corners[:, 0]))]
    return ordered


def draw_cells(
    axes: Axes,
    values: npt.ArrayLike,
    lattice: Lattice,
    limit: float,
    middle: tuple[float, float] = (0.0, 0.0),
    scale: float = 1.0,
    **options: Any,
) -> None:
    """Draw an array `(H, W)` on a plane lattice, each value in its true cell: squares, hexagons, ….

    What is not a number is left out; `limit` is the absolute value with the deepest colour. The
    array's centre stands at `middle`, (right, up), and `scale` is the length of a unit of the
    lattice. Options are those of matplotlib's `PolyCollection`.

    Raises:
        ArgumentError: the values are not a plane array.
    """
    from matplotlib.collections import PolyCollection

    detached = values.detach().cpu().float() if hasattr(values, "detach") else values
    array = np.asarray(detached, dtype=float)
    if array.ndim != 2:
        expected = "expected (H, W): one map, such as x[0, 0]"
        raise ArgumentError(f"values have shape {array.shape}, {expected}")
    cells, centres = _cells(array, lattice)
    outlines = scale * (centres[:, None] + voronoi_cell(lattice))  # (cells, corners, 2)
    on_page = np.stack([outlines[..., 1] + middle[0], middle[1] - outlines[..., 0]], axis=-1)
    style: dict[str, Any] = {"cmap": "RdBu_r", "clim": (-float(limit), float(limit))}
    style |= {"edgecolors": "face", "linewidths": 0.2, "zorder": 2} | options
    axes.add_collection(PolyCollection(list(on_page), array=array[tuple(cells.T)], **style))


def extent(lattice: Lattice, values: FloatArray) -> FloatArray:
    """Half the width and height of an array as `draw_cells` draws it, (right, up)."""
    centres = _cells(values, lattice)[1]
    half: FloatArray = (np.abs(centres).max(0) + np.abs(voronoi_cell(lattice)).max(0))[::-1]
    return half


def _cells(values: FloatArray, lattice: Lattice) -> tuple[IntArray, FloatArray]:
    """The indices of the cells that hold a number, and their centres, (down, right)."""
    cells = np.argwhere(~np.isnan(values))
    return cells, (cells - (np.array(values.shape) - 1) / 2) @ lattice.cartesian_basis.T
