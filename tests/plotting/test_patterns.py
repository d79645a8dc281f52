"""Wallpapers and point groups: by what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

import groupconv as gc
from groupconv.errors import ArgumentError
from groupconv.plotting import point_group_figure, wallpaper_figure
from groupconv.plotting.graphs import REFLECTION, ROTATION
from groupconv.plotting.layout import cartesian_parts

pytestmark = pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")

COLOURS = [ROTATION[0], REFLECTION[0]]


def letters(figure):
    """The letters of a wallpaper as (colour, corners in (down, right))."""
    (axes,) = figure.axes
    shapes = [p for p in axes.patches if isinstance(p, Polygon)]
    found = [(to_hex(p.get_facecolor()), p.get_xy()[:-1]) for p in shapes]
    return [(c, np.stack([-xy[:, 1], xy[:, 0]], -1)) for c, xy in found if c in COLOURS]


@pytest.mark.parametrize("name", ["z2", "p2", "pm", "cm", "cmm", "p4", "p4m", "p3", "p31m", "p6m"])
def test_a_wallpaper_has_every_letter_where_the_group_takes_it(name):
    group = gc.group(name)
    shown = letters(wallpaper_figure(group))
    assert len(shown) == 4 * group.order
    basis = group.lattice.cartesian_basis
    first = shown[0][1]
    turned = []
    for part in cartesian_parts(group):
        is_mirrored = np.linalg.det(part) < 0
        moved = first @ part.T
        for colour, corners in shown:
            apart = np.linalg.solve(basis, (corners - moved).mean(0))
            same = np.allclose(corners - corners.mean(0), moved - moved.mean(0), atol=1e-9)
            # The first letter may stand in another cell, and cells are drawn about the middle.
            if same and np.allclose(2 * apart, (2 * apart).round(), atol=1e-6):
                assert colour == COLOURS[int(is_mirrored)]
                turned.append(corners)
    assert len(turned) >= len(shown)


@pytest.mark.parametrize("name", ["z2", "pmm", "cmm", "p4m", "p6m"])
def test_letters_do_not_touch(name):
    middles = np.array([corners.mean(0) for _, corners in letters(wallpaper_figure(name))])
    sizes = [
        np.linalg.norm(c - c.mean(0), axis=1).max() for _, c in letters(wallpaper_figure(name))
    ]
    apart = np.linalg.norm(middles[:, None] - middles, axis=-1) + 9 * np.eye(len(middles))
    assert apart.min() > max(sizes)


def test_the_line_has_a_row():
    assert len(letters(wallpaper_figure("z1m", cells=3))) == 6


def points(figure):
    (axes,) = figure.axes
    lines = [line for line in axes.lines if isinstance(line, Line2D) and line.get_marker() == "o"]
    return [
        (
            to_hex(line.get_markeredgecolor()),
            line.get_markerfacecolor() != "none",
            line.get_xydata()[0],
        )
        for line in lines
    ]


@pytest.mark.parametrize("name", ["P-1", "P2/m", "P-4", "P-42m", "P6/mmm", "P23", "P432", "Pm-3m"])
def test_a_general_point_has_an_image_for_each_element(name):
    group = gc.group(name)
    found = points(point_group_figure(group))
    reflects = [np.linalg.det(part) < 0 for part in group.stabilizer.matrices]
    assert [colour for colour, *_ in found] == [COLOURS[int(r)] for r in reflects]
    parts = cartesian_parts(group)
    seen = {(above, *np.round(place, 6)) for _, above, place in found}
    assert len(seen) == group.order
    _, above, (right, up) = found[0]
    square = right**2 + up**2
    start = np.array([-2 * up, 2 * right, 1 - square]) / (1 + square)
    for part, (_, is_above, place) in zip(parts, found, strict=True):
        x, y, z = part @ start
        assert is_above == (z > 0)
        np.testing.assert_allclose(place, np.array([y, -x]) / (1 + abs(z)), atol=1e-9)
    assert above


@pytest.mark.parametrize(
    ("name", "mirrors", "axes"), [("P4", 0, 1), ("Pmmm", 3, 5), ("P4mm", 4, 1)]
)
def test_mirrors_and_axes(name, mirrors, axes):
    (drawn,) = point_group_figure(name).axes
    black = [line for line in drawn.lines if line.get_color() == "black"]
    assert len([line for line in black if line.get_marker() == "None"]) == mirrors
    polygons = [line for line in drawn.lines if line.get_marker() not in ("None", "o")]
    assert len(polygons) == axes


def test_a_page_is_a_plane_and_a_sphere_is_in_space():
    with pytest.raises(ArgumentError, match="dimension 3"):
        wallpaper_figure("P4")
    with pytest.raises(ArgumentError, match="dimension 2, expected 3"):
        point_group_figure("p4")
