"""Graphs, tables and filters, drawn: what stands in the pictures is what the group says."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import groupconv as gc
from groupconv.errors import ArgumentError, ElementError
from groupconv.plotting import cayley_figure, filter_figure, positions, subgroup_figure
from groupconv.plotting import table_figure as draw_table
from groupconv.plotting.layout import (
    draw_cells,
    extent,
    readable_generators,
    voronoi_cell,
)
from tests.support.groups import CUBE, GROUPS, LINE_MIRROR, P4, P4M, P6M, P222, Z2

OBLIQUE = gc.Lattice("oblique", (("1", "0"), ("1/3", "5/4")))
HYPERCUBE = gc.GeneratedGroup(
    "inversion4",
    {"i": ([[-int(i == j) for j in range(4)] for i in range(4)], 2)},
    gc.Lattice("4-D", tuple(tuple(str(int(i == j)) for j in range(4)) for i in range(4))),
)


def texts(axes):
    return [text.get_text() for text in axes.texts if text.arrow_patch is None]


def arrows(axes):
    return [text for text in axes.texts if text.arrow_patch is not None]


@pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")
@pytest.mark.parametrize("name", gc.groups())
def test_elements_of_all_installed_groups_stand_apart(name):
    test_elements_stand_apart(gc.group(name))


@pytest.mark.parametrize("group", [*GROUPS, HYPERCUBE], ids=lambda group: group.name)
def test_elements_stand_apart(group):
    places = positions(group)
    assert places.shape == (group.order, 2)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert (apart[~np.eye(group.order, dtype=bool)] > 0.02).all()


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_cayley_graphs_have_every_element_and_edge(group):
    (axes,) = cayley_figure(group).axes
    assert len(texts(axes)) == len(set(texts(axes))) == group.order
    generators = readable_generators(group)
    assert group.subgroup(*generators).is_whole
    edges = sum(
        group.order // (2 if group.stabilizer.element_orders[g] == 2 else 1) for g in generators
    )
    assert len(arrows(axes)) == edges


def test_cayley_graphs_of_chosen_generators():
    (axes,) = cayley_figure("p4m", [(1, 0), 5]).axes
    assert len(arrows(axes)) == 4 + 4
    (legend,) = axes.figure.legends
    assert [text.get_text() for text in legend.texts] == ["4: m = 1, r = 0", "5: m = 1, r = 1"]
    keys = [line.get_color() for line in legend.legend_handles]
    assert len(set(keys)) == 2
    drawn = {text.arrow_patch.get_edgecolor() for text in arrows(axes)}
    assert drawn == {to_rgba(key) for key in keys}
    assert "as far as they generate it: C4" in cayley_figure("p4m", [1]).axes[0].get_title()
    with pytest.raises(ArgumentError, match=r"generators=\[1, 0\]: 0 is the identity"):
        cayley_figure("p4m", [1, 0])
    with pytest.raises(ElementError, match="stabilizer=8 is not a stabilizer element"):
        cayley_figure("p4m", [8])


@pytest.mark.parametrize("group", [Z2, P4M, P6M, P222, CUBE], ids=lambda group: group.name)
def test_hasse_diagrams_have_every_class_and_edge(group):
    (axes,) = subgroup_figure(group).axes
    lattice = gc.subgroup_lattice(group)
    expected = [
        data["name"] + ("" if data["conjugates"] == 1 else f"\n{data['conjugates']} conjugate")
        for _, data in lattice.nodes(data=True)
    ]
    assert sorted(texts(axes)) == sorted(expected)
    assert len(axes.lines) == lattice.number_of_edges()
    places = [tuple(text.xy) for text in axes.texts]
    assert len(set(places)) == len(places)
    for line in axes.lines:
        # Every edge goes up by one row at a time, and meets no subgroup but its own two.
        path = [(float(x), float(y)) for x, y in line.get_xydata()]
        assert (np.diff(line.get_ydata()) == 1).all()
        assert path[0] in places
        assert path[-1] in places
        assert not set(path[1:-1]) & set(places)


@pytest.mark.parametrize("group", [P4M, CUBE], ids=lambda group: group.name)
def test_composition_tables(group):
    (axes,) = draw_table(group).axes
    np.testing.assert_array_equal(axes.images[0].get_array(), group.stabilizer.composition)
    assert [
        int(text.get_text()) for text in axes.texts
    ] == group.stabilizer.composition.ravel().tolist()


def test_composition_tables_of_very_large_groups_have_no_room_for_numbers():
    unit = np.eye(6, dtype=int)
    mirrors = {f"m{i}": ((unit - 2 * np.diag(row)).tolist(), 2) for i, row in enumerate(unit)}
    lattice = gc.Lattice("6-D", tuple(tuple(map(str, row)) for row in unit))
    assert not draw_table(gc.GeneratedGroup("sixty-four", mirrors, lattice)).axes[0].texts


@pytest.mark.parametrize(
    ("group", "cells"), [(P4M, 25), (P6M, 19), (LINE_MIRROR, 5), (Z2, 25)], ids=str
)
def test_an_orbit_of_filters_shows_true_cells(group, cells):
    figure = filter_figure(group, 5)
    drawn = [axes.collections[0] for axes in figure.axes if axes.collections]
    assert len(drawn) == group.order
    corners = {len(path.vertices) for plane in drawn for path in plane.get_paths()}
    assert corners == {7 if group is P6M else 5}  # the first corner closes the polygon
    values = np.array([plane.get_array() for plane in drawn])
    assert values.shape == (group.order, cells)
    np.testing.assert_array_equal(np.sort(values), np.sort(values[:1]).repeat(group.order, 0))
    if group is P4:
        np.testing.assert_array_equal(values[1].reshape(5, 5), np.rot90(values[0].reshape(5, 5)))


@pytest.mark.parametrize("lattice", [gc.SQUARE, gc.HEXAGONAL, OBLIQUE], ids=lambda x: x.name)
def test_voronoi_cells_have_the_lattice_s_area_and_meet_their_neighbours(lattice):
    corners = voronoi_cell(lattice)
    x, y = corners.T
    area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
    assert area == pytest.approx(abs(np.linalg.det(lattice.cartesian_basis)))
    # No point of the cell is nearer to another lattice point than to the origin.
    steps = (
        np.stack(np.meshgrid(*[range(-3, 4)] * 2), -1).reshape(-1, 2) @ lattice.cartesian_basis.T
    )
    distances = np.linalg.norm(corners[:, None] - steps, axis=-1)
    np.testing.assert_allclose(distances.min(1), np.linalg.norm(corners, axis=1))
    assert (np.isclose(distances, distances.min(1, keepdims=True)).sum(1) >= 3).all()
    assert (extent(lattice, np.ones((3, 5))) > extent(lattice, np.ones((1, 1)))).all()


def test_groups_of_space_have_no_filters_on_a_page():
    with pytest.raises(ArgumentError, match="dimension 3, expected 1 or 2"):
        filter_figure(CUBE)


def test_only_one_map_is_drawn_at_a_time():
    with pytest.raises(ArgumentError, match=r"values have shape \(2, 3, 3\), expected \(H, W\)"):
        draw_cells(Figure().subplots(), np.zeros((2, 3, 3)), gc.HEXAGONAL, 1.0)


def test_maps_that_are_trained_are_drawn():
    axes = Figure().subplots()
    x = torch.ones(3, 3, dtype=torch.bfloat16)
    draw_cells(Figure().subplots(), x, gc.HEXAGONAL, x.abs().max())
    draw_cells(axes, torch.ones(3, 3, requires_grad=True), gc.HEXAGONAL, 1.0)
    assert len(axes.collections[0].get_paths()) == 9


DRAW = """
import io, sys, warnings, matplotlib
from groupconv import group, plotting
from groupconv.plotting import graphs
warnings.simplefilter("ignore")
matplotlib.rcParams["svg.hashsalt"] = "any"

def draw(name, what):
    file = io.BytesIO()
    figure = getattr(plotting, what + "_figure")(group(name))
    figure.savefig(file, format="svg", metadata={"Date": None})
    sys.stdout.buffer.write(file.getvalue())

for what in ("cayley", "subgroup", "table", "filter", "feature_map"):
    draw("p6m", what)
draw("Pm-3m", "cayley")
draw("Pm-3m", "subgroup")
sys.stdout.buffer.write(b"planted")
layers = graphs._layers

def shuffled(lattice):
    rows, paths = layers(lattice)
    return rows, sorted(paths, key=lambda path: hash(str(path)))  # as a set of names has them

graphs._layers = shuffled
draw("Pm-3m", "subgroup")
"""


def test_pictures_do_not_depend_on_the_seed_of_hashes():
    def drawn(seed):
        command, environment = [sys.executable, "-c", DRAW], os.environ | {"PYTHONHASHSEED": seed}
        output = subprocess.run(command, env=environment, capture_output=True, check=True).stdout
        return output.split(b"planted")

    (one, planted), (other, planted_too) = drawn("1"), drawn("2")
    assert one.count(b"</svg>") == 7
    assert one == other
    assert planted != planted_too
