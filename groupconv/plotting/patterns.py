"""What a group makes of one motif: the wallpaper in the plane, general points on the sphere."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from groupconv.errors import ArgumentError
from groupconv.plotting.graphs import REFLECTION, ROTATION, reflects
from groupconv.plotting.layout import cartesian_parts, new_figure, plane_group
from groupconv.registry import as_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from groupconv.algebra import Lattice, SplitGroup
    from groupconv.algebra.exact import FloatArray

MOTIF = np.array([[3, 1], [-3, 1], [-3, -2], [-2, -2], [-2, 0], [-0.5, 0], [-0.5, -1.5],
                  [0.5, -1.5], [0.5, 0], [3, 0]]) * [1, -1] / 3.4  # fmt: skip
"""A letter F within the unit circle, as (down, right): it has no symmetry."""

GRID = 48
SPHERE = 40
FACES = {3: 0, 4: 45, 6: 0}
"""By how many degrees the polygon of an axis is turned on the page."""


def wallpaper_figure(group: SplitGroup | str, cells: int = 2) -> Figure:
    """The wallpaper that a plane group makes of a letter F, with the cells of its lattice.

    Red letters are turned and moved, blue ones are mirrored as well. The group of a line makes a
    row of letters.

    Args:
        group: The group, in one or two dimensions.
        cells: The number of lattice cells along each axis.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        ArgumentError: the group acts in space.
    """
    group = as_group(group)
    if group.dimension == 1:
        basis, rows = np.eye(2) * [[group.lattice.cartesian_basis[0, 0]], [1.0]], 1
        parts = np.stack([np.diag([1, s[0, 0]]) for s in group.stabilizer.matrices])
    else:
        basis, rows = plane_group(group).lattice.cartesian_basis, cells
        parts = group.stabilizer.matrices
    cartesian = basis @ parts @ np.linalg.inv(basis)
    place, room = _roomiest(basis, parts)
    figure = new_figure(3.2, 3.2 if rows > 1 else 1.4)
    axes = figure.subplots()
    middle = np.array([(rows - 1) / 2, (cells - 1) / 2])
    corners = basis @ np.array([[0, 0], [0, 1], [1, 1], [1, 0]]).T
    for step in itertools.product(range(rows), range(cells)):
        offset = basis @ (np.array(step) - middle)
        down, right = corners + (offset - corners.mean(axis=1))[:, None]
        axes.fill(right, -down, facecolor="none", edgecolor="#999999", lw=0.6)
        for s, (part, turn) in enumerate(zip(parts, cartesian, strict=True)):
            image = part @ place
            image -= image.round()  # next to the middle of the cell
            letter = turn @ (0.4 * room * MOTIF).T + (basis @ image + offset)[:, None]
            colour = (REFLECTION if reflects(group, s) else ROTATION)[0]
            axes.fill(letter[1], -letter[0], facecolor=colour, edgecolor="none")
    axes.set_aspect("equal")
    axes.axis("off")
    return figure


def _roomiest(basis: FloatArray, parts: FloatArray) -> tuple[FloatArray, float]:
    """The place in a lattice cell whose images lie farthest apart, and how far that is."""
    steps = np.arange(-GRID // 2, GRID // 2 + 1) / GRID
    places = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2)
    apart = np.einsum("sij,nj->sni", parts[1:], places) - places  # shape: (S - 1, n, 2)
    around = np.array(list(itertools.product((-1, 0, 1), repeat=2)))
    lattice = np.linalg.norm(around[around.any(1)] @ basis.T, axis=1).min()
    near = (apart - apart.round())[:, :, None] + around  # shape: (S - 1, n, 9, 2)
    gaps = np.linalg.norm(near @ basis.T, axis=-1).min(axis=(0, 2), initial=lattice)
    # Of equals, the place nearest to the middle of the cell.
    best = int((gaps.round(9) - 1e-6 * np.linalg.norm(places, axis=1)).argmax())
    return places[best], float(gaps[best])


def point_group_figure(group: SplitGroup | str) -> Figure:
    """The stabilizer of a group in space, in stereographic projection along its last axis.

    One general point of the sphere and its images, as the International Tables (volume A, chapter
    10) draw them: a dot above the page, a ring below it, red where the element turns and blue where
    it reflects as well. Black lines are mirrors. Polygons are axes, by the order of their turns; in
    an open one the turn comes with an inversion.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        ArgumentError: the group does not act in space.
    """
    group = as_group(group)
    if group.dimension != 3:
        expected = "expected 3; draw its wallpaper"
        raise ArgumentError(f"group={group.name!r} has dimension {group.dimension}, {expected}")
    parts = cartesian_parts(group)
    figure = new_figure(3.2, 3.2)
    axes = figure.subplots()
    around = np.linspace(0, 2 * np.pi, 181)
    axes.plot(np.cos(around), np.sin(around), color="#999999", lw=0.8)
    _draw_mirrors(axes, parts)
    _draw_axes(axes, parts)
    for s, point in enumerate(parts @ _general_point(group.lattice)):
        draw_point(axes, _project(point), is_above=point[2] > 0, reflects=reflects(group, s))
    axes.set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12), aspect="equal")
    axes.axis("off")
    return figure


def draw_point(axes: Axes, place: FloatArray, *, is_above: bool, reflects: bool) -> None:
    """An image of the general point: a dot above the page, a ring below it."""
    colour = (REFLECTION if reflects else ROTATION)[0]
    size, face = (5, colour) if is_above else (8, "none")
    axes.plot(*place, "o", ms=size, mec=colour, mfc=face, mew=1.3, zorder=4)


def draw_axis(axes: Axes, place: FloatArray, order: int, *, inverts: bool) -> None:
    """Where an axis meets the sphere: a polygon, open if the turn comes with an inversion."""
    marker = (order, 0, FACES[order]) if order > 2 else "d"
    face = "white" if inverts else "black"
    axes.plot(*place, marker=marker, ms=9, mec="black", mfc=face, zorder=3)


def _project(points: FloatArray) -> FloatArray:
    """Points of the sphere, `(…, 3)` along the array's axes, as (right, up) on the page."""
    flat: FloatArray = points[..., :2] / (1 + np.abs(points[..., 2:]))
    return np.stack([flat[..., 1], -flat[..., 0]])


def _general_point(lattice: Lattice) -> FloatArray:
    """A point of the upper half sphere that no symmetry of a lattice keeps or comes near to.

    So its images show the symmetry of a group, and no more.
    """
    basis = lattice.cartesian_basis
    parts = basis @ np.array(lattice.symmetries) @ np.linalg.inv(basis)
    parts = parts[np.abs(parts - np.eye(3)).max(axis=(1, 2)) > 1e-9]
    height, angle = np.meshgrid(
        np.linspace(0.2, 0.95, SPHERE), np.linspace(0, 2 * np.pi, SPHERE, endpoint=False)
    )
    across = np.sqrt(1 - height**2)
    points = np.stack([across * np.cos(angle), across * np.sin(angle), height], -1).reshape(-1, 3)
    images = np.einsum("sij,nj->nsi", parts, points)
    gaps = np.linalg.norm(images - points[:, None], axis=-1).min(axis=1)
    best: FloatArray = points[int(gaps.round(9).argmax())]
    return best


def _draw_mirrors(axes: Axes, parts: FloatArray) -> None:
    around = np.linspace(0, 2 * np.pi, 181)
    for part in parts:
        if np.allclose(part @ part, np.eye(3)) and np.isclose(np.trace(part), 1):
            across, along = np.linalg.svd(part + np.eye(3))[0][:, :2].T  # what it keeps in place
            circle = np.outer(np.cos(around), across) + np.outer(np.sin(around), along)
            circle[circle[:, 2] < -1e-9] = np.nan
            axes.plot(*_project(circle), color="black", lw=1.4, zorder=2)


def _draw_axes(axes: Axes, parts: FloatArray) -> None:
    """A polygon where an axis meets the upper half sphere, or twice where it lies in the page."""
    found: dict[tuple[float, ...], list[int]] = {}
    for part in parts:
        sign = round(float(np.linalg.det(part)))
        turn = sign * part
        cosine = float(np.clip((np.trace(turn) - 1) / 2, -1, 1))
        if cosine > 1 - 1e-9:
            continue
        order = round(2 * np.pi / float(np.arccos(cosine)))
        kept = np.linalg.svd(turn - np.eye(3))[2][-1].round(6) + 0.0
        kept *= np.sign(kept[np.flatnonzero(np.abs(kept) > 1e-5)[-1]])
        orders = found.setdefault(tuple(kept), [1, 1])
        orders[sign < 0] = max(orders[sign < 0], order)
    for axis, (proper, improper) in found.items():
        order = max(proper, improper)
        if order == 2 and proper == 1:
            continue  # a mirror
        for end in [axis] if axis[2] > 1e-5 else [axis, tuple(-c for c in axis)]:
            draw_axis(axes, _project(np.array(end)), order, inverts=proper != order)
