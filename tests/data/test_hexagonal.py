"""Hexagonal data in offset and axial coordinates, against neighbours that are found in space."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import groupconv as gc
from groupconv.data import from_axial, from_lattice, from_offset, to_axial, to_offset
from groupconv.errors import ArgumentError, ShapeError
from groupconv.nn.functional import act
from groupconv.transforms import invariant_region
from groupconv_plugins import hexagonal

PLAIN = gc.GeneratedGroup("hexagonal planar", {}, gc.HEXAGONAL)
HEIGHT = 3**0.5 / 2


def offset_place(i, j, parity, axis):
    """Where a cell lies in space, (down, right)."""
    line, along = (i, j) if axis == 0 else (j, i)
    is_shifted = line % 2 == (parity == "odd")
    place = (line * HEIGHT, along + is_shifted / 2)
    return np.array(place if axis == 0 else place[::-1])


def neighbours(places):
    """The steps to all points at distance 0 or 1."""
    return {a: [b for b in places if np.linalg.norm(places[a] - places[b]) < 1.01] for a in places}


kinds = pytest.mark.parametrize(
    ("parity", "axis"), list(itertools.product(["odd", "even"], [0, 1]))
)


@kinds
def test_a_convolution_is_one_by_hand_in_offset_coordinates(parity, axis):
    """Seven weights, for the cell and its neighbours by their direction in space."""
    H, W = 6, 7
    x = torch.randn(1, 1, H, W, dtype=torch.float64)
    conv = gc.nn.LiftingConv(
        1, 1, 3, padding=1, bias=False, group=PLAIN, support="lattice", dtype=torch.float64
    )
    assert conv.weight.shape == (1, 1, 7)
    lattice = from_offset(x, parity=parity, axis=axis)
    found = to_offset(conv(lattice), (H, W), parity=parity, axis=axis)

    # In space: axis 0 of the lattice and axis 1 are steps at 120 degrees, along the lines one.
    steps = {0: [(HEIGHT, -0.5), (0, 1)], 1: [(1, 0), (-0.5, HEIGHT)]}[axis]
    cells = np.argwhere(conv.transform.index[0, 0] >= 0) - 1
    directions = cells @ np.array(steps)
    places = {(i, j): offset_place(i, j, parity, axis) for i in range(H) for j in range(W)}
    for a, near in neighbours(places).items():
        expected = 0.0
        for b in near:
            step = places[b] - places[a]
            (n,) = np.flatnonzero(np.abs(directions - step).max(axis=1) < 1e-9)
            expected += conv.weight[0, 0, n].item() * x[0, 0, b[0], b[1]].item()
        assert found[0, 0, a[0], a[1]].item() == pytest.approx(expected)


@kinds
@pytest.mark.parametrize("shape", [(1, 1), (5, 4), (4, 9), (8, 3)])
def test_there_and_back(parity, axis, shape):
    x = torch.randn(2, 3, *shape)
    maps = from_offset(x, parity=parity, axis=axis)
    assert maps.shape[-1] == maps.shape[-2]
    assert maps.shape[-1] % 2 == 1
    assert torch.equal(to_offset(maps, shape, parity=parity, axis=axis), x)
    larger = from_offset(x, parity=parity, axis=axis, size=maps.shape[-1] + 6)
    assert torch.equal(to_offset(larger, shape, parity=parity, axis=axis), x)
    assert larger.sum().item() == pytest.approx(x.sum().item(), abs=1e-4)


def test_axial_arrays_at_sixty_degrees_are_reversed():
    """Neighbours of the array are neighbours on the lattice; without the flip two are not."""
    steps = {60: [(0, 1), (1, 0), (1, -1), (0, -1), (-1, 0), (-1, 1)],
             120: [(0, 1), (1, 0), (1, 1), (0, -1), (-1, 0), (-1, -1)]}  # fmt: skip
    kernel = torch.tensor(invariant_region(hexagonal.p6m.stabilizer, (3, 3))).double()
    for angle, near in steps.items():
        x = torch.zeros(1, 1, 7, 7, dtype=torch.float64)
        x[..., 3, 3] = 1
        spread = torch.nn.functional.conv2d(
            from_axial(x, angle=angle), kernel[None, None], padding=1
        )
        reached = {tuple(n) for n in (to_axial(spread, angle=angle)[0, 0].nonzero() - 3).tolist()}
        assert reached == {(0, 0), *near}
    with pytest.raises(ArgumentError, match="angle=90: expected 60 or 120"):
        from_axial(x, angle=90)


def test_bad_arguments_are_refused():
    x = torch.zeros(4, 5)
    with pytest.raises(ArgumentError, match="parity='left': expected 'odd' or 'even'"):
        from_offset(x, parity="left", axis=0)
    with pytest.raises(ArgumentError, match="axis=2: expected 0 if rows"):
        from_offset(x, parity="odd", axis=2)
    with pytest.raises(ArgumentError, match="size=5: expected an odd size of at least 7"):
        from_offset(x, parity="odd", axis=0, size=5)
    with pytest.raises(ShapeError, match="expected a square array of odd size, at least 7"):
        to_offset(torch.zeros(5, 5), (4, 5), parity="odd", axis=0)


def test_pixels_of_a_mirrored_map_are_mirrored():
    """Maps are read on triangles, which both mirrors that pixels have too keep."""
    maps = torch.randn(1, 1, 15, 15, dtype=torch.float64)
    maps *= torch.tensor(invariant_region(hexagonal.p6m.stabilizer, (15, 15)))
    pixels = from_lattice(maps, 12)
    for element, axes in [((1, 0, 0, 0), (-2,)), ((0, 3, 0, 0), (-2, -1)), ((1, 3, 0, 0), (-1,))]:
        moved = from_lattice(act(maps, element, hexagonal.p6m), 12)
        torch.testing.assert_close(moved, pixels.flip(axes))


def test_maps_are_read_linearly():
    """A linear function of space is read exactly, also with axes at 60 degrees."""
    acute = gc.Lattice("acute", (("1", "0"), ("1/2", "sqrt(3)/2")))
    for lattice in (gc.HEXAGONAL, acute):
        basis = lattice.cartesian_basis / np.sqrt(HEIGHT)
        axis = np.arange(21) - 10.0
        down, right = np.einsum(
            "ij,jab->iab", basis, np.stack(np.meshgrid(axis, axis, indexing="ij"))
        )
        maps = torch.tensor(2 * down - 3 * right + 1)[None, None]
        pixels = from_lattice(maps, 8, lattice)[0, 0]
        centred = torch.arange(8, dtype=torch.float64) - 3.5
        torch.testing.assert_close(pixels, 2 * centred[:, None] - 3 * centred + 1)


@pytest.mark.parametrize("name", ["p2", "mirror", "translations"])
def test_every_group_has_hexagonal_supports_where_it_asks_for_them(name):
    generators = {"p2": {"r": ([[-1, 0], [0, -1]], 2)}, "mirror": {"m": ([[0, 1], [1, 0]], 2)},
                  "translations": {}}[name]  # fmt: skip
    group = gc.GeneratedGroup(name, generators, gc.HEXAGONAL)
    assert gc.filter_transform(group, 3).num_cells == 9 * group.order
    of_lattice = gc.filter_transform(group, 3, support="lattice")
    assert of_lattice.num_cells == 7 * group.order
    p6 = gc.filter_transform(hexagonal.p6, 3)
    np.testing.assert_array_equal(of_lattice.index[0, 0] < 0, p6.index[0, 0] < 0)
    assert of_lattice != gc.filter_transform(group, 3)
    layer = gc.nn.GroupConv(1, 2, 5, padding=2, padding_mode="circular", support="lattice",
                            group=group)  # fmt: skip
    assert "support='lattice'" in repr(layer)
    planes = [group.order] * (group.order > 1)
    gc.testing.assert_equivariant(layer, torch.randn(1, 1, *planes, 7, 7), circular=True)
    pool = gc.nn.MaxPool(3, 1, group=group, support="lattice")
    x = torch.randn(1, 1, 9, 9)
    assert torch.equal(pool(x), gc.nn.MaxPool(3, 1, group=hexagonal.p6m)(x))
    with pytest.raises(ArgumentError, match="support='hexagon': expected 'group' or 'lattice'"):
        gc.filter_transform(group, 3, support="hexagon")
