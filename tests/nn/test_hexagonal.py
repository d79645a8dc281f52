"""Layers on the hexagonal lattice: windows of 7 cells, masks, sublattices."""

from __future__ import annotations

import functools
import itertools
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import groupconv as gc
from groupconv.errors import ArgumentError, EquivarianceError, EquivarianceWarning, ShapeError
from groupconv.transforms import invariant_region, sublattice, sublattice_cells
from groupconv_plugins import hexagonal
from groupconv_plugins.plane import pmm as PMM
from tests.support.groups import P2, P4, P4M, P222, Z2

P3, P6, P6M = hexagonal.p3, hexagonal.p6, hexagonal.p6m
NEIGHBOURS = [(0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (0, -1), (-1, -1)]


def naive_pool(x, reduce, stride, padding, value):
    """Maximum or mean over a point and its six neighbours, point by point."""
    n = x.shape[-1]
    size = (n + 2 * padding - 3) // stride + 1
    out = torch.empty(*x.shape[:-2], size, size, dtype=x.dtype)
    for i in range(size):
        for j in range(size):
            u, v = i * stride - padding + 1, j * stride - padding + 1
            read = [
                x[..., u + a, v + b] if 0 <= u + a < n and 0 <= v + b < n
                else torch.full(x.shape[:-2], value, dtype=x.dtype)
                for a, b in NEIGHBOURS
            ]  # fmt: skip
            out[..., i, j] = reduce(torch.stack(read))
    return out


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 1), (3, 0)])
def test_pooling_over_seven_cells(stride, padding):
    x = torch.randn(2, 3, 12, 9, 9, dtype=torch.float64)
    found = gc.nn.MaxPool(3, stride, padding, group=P6M)(x)
    expected = naive_pool(x, lambda t: t.amax(0), stride, padding, 0.0)
    torch.testing.assert_close(found, expected)
    found = gc.nn.AvgPool(3, stride, padding, group=P6M)(x)
    torch.testing.assert_close(found, naive_pool(x, lambda t: t.mean(0), stride, padding, 0.0))


def test_windows_cell_by_cell_are_those_of_torch_on_a_box():
    x = torch.rand(2, 3, 4, 11, 11)  # no number is below the zeros of the padding
    pool = gc.nn.MaxPool(3, 2, 1, 2, group=P4)
    pool._cells = [[i, j] for i in range(3) for j in range(3)]
    torch.testing.assert_close(pool(x), F.max_pool2d(x.flatten(1, 2), 3, 2, 1, 2).view_as(pool(x)))


def network(group, n, *, mask):
    layers = gc.layers(group)

    def region(size):
        return layers.Mask(size) if mask else nn.Identity()

    return nn.Sequential(
        region(n),
        layers.LiftingConv(2, 3, 3, padding=1), region(n),
        layers.BatchNorm(3), nn.ReLU(), region(n),
        layers.GroupConv(3, 3, 5, padding=2), region(n),
        layers.MaxPool(3, 2, 1), region((n + 1) // 2),
        layers.GroupConv(3, 2, 3, padding=1), region((n + 1) // 2),
    ).double()  # fmt: skip


@pytest.mark.parametrize("group", [hexagonal.p3, hexagonal.p31m, hexagonal.p3m1, P6, P6M])
def test_masked_networks_are_equivariant_with_padding_and_biases(group):
    net = network(group, 9, mask=True)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3)
    x = torch.randn(2, 2, 9, 9, dtype=torch.float64) * torch.tensor(
        invariant_region(group.stabilizer, (9, 9))
    )
    gc.testing.assert_equivariant(net, x, group=group)
    with pytest.raises(EquivarianceError):  # the corners of the array spoil it
        gc.testing.assert_equivariant(network(group, 9, mask=False), x, group=group)


@pytest.mark.parametrize(("size", "cells"), [(3, 7), (5, 19), (7, 37), (9, 61), (11, 91)])
def test_domains_and_filters_are_whole_hexagons(size, cells):
    assert invariant_region(P6M.stabilizer, (size, size)).sum() == cells
    assert gc.filter_transform(P6M, size, "lattice").num_parameters == cells
    u, v = np.indices((size, size)) - size // 2
    np.testing.assert_array_equal(
        invariant_region(P6M.stabilizer, (size, size)), abs(u - v) <= size // 2
    )


@pytest.mark.parametrize("group", [Z2, P4, P4M])
def test_groups_that_keep_the_box_keep_every_cell(group):
    assert invariant_region(group.stabilizer, (6, 6)).all()
    x = torch.randn(1, 1, 6, 6)
    assert gc.nn.Mask(6, group=group)(x) is not x
    assert torch.equal(gc.nn.Mask(6, group=group)(x), x)


@pytest.mark.parametrize(
    ("group", "index"), [(P3, 3), (P6, 3), (P6, 7), (P6, 4), (P6M, 4), (P4, 2), (P4, 5), (P4M, 9)]
)
def test_subsampling_commutes_with_the_group(group, index):
    N = sublattice(group.stabilizer, index)
    assert round(abs(np.linalg.det(N))) == index
    for A in group.stabilizer.matrices:
        np.testing.assert_array_equal(A @ N, N @ A)
    layer = gc.nn.Subsample(index, 13, group=group)
    gc.testing.assert_equivariant(layer, torch.randn(2, 3, 13, 13), group=group)
    maps = torch.randn(2, 3, group.order, 13, 13)
    gc.testing.assert_equivariant(layer, maps, group=group, in_space="group", out_space="group")
    # Every point of the sublattice in the domain is read exactly once.
    cells = sublattice_cells(group.stabilizer, index, (13, 13))
    points = np.argwhere(invariant_region(group.stabilizer, (13, 13))) - 6
    coordinates = points @ np.linalg.inv(N).T
    on = np.isclose(coordinates, coordinates.round(), atol=1e-9).all(1)
    expected = sorted(((points[on] + 6) @ [13, 1]).tolist())
    assert sorted(cells[cells >= 0].tolist()) == expected


def test_sublattices_as_arrays():
    assert sublattice_cells(P4.stabilizer, 4, (7, 7)).tolist() == [
        [8, 10, 12],
        [22, 24, 26],
        [36, 38, 40],
    ]
    cells = sublattice_cells(P6.stabilizer, 3, (5, 5))
    around = [(1, 2), (2, 1), (1, -1), (-1, 1), (-1, -2), (-2, -1), (0, 0)]  # √3 from the centre
    assert set(cells.ravel().tolist()) == {-1, *(5 * (2 + a) + 2 + b for a, b in around)}
    with pytest.raises(ArgumentError, match="index=17: of the sublattices of index 2 to 16"):
        sublattice(P4.stabilizer, 17)


def test_the_most_compact_sublattice_is_taken_however_close_the_next_one_is():
    long = gc.Lattice("long", (("1", "0"), ("0", "1001/1000")))
    oblong = gc.GeneratedGroup("pmm", {g.name: (g.matrix, g.order) for g in PMM.generators}, long)
    assert sublattice(oblong.stabilizer, 2).tolist() == [[2, 0], [0, 1]]
    half_turn = gc.GeneratedGroup("p2", {"r": ([[-1, 0], [0, -1]], 2)}, gc.HEXAGONAL).stabilizer
    candidates = np.array(list(itertools.product(range(-4, 5), repeat=4))).reshape(-1, 2, 2)
    basis = gc.HEXAGONAL.cartesian_basis
    for index in (3, 4, 5):
        chosen = candidates[np.linalg.det(candidates).round() == index]
        least = ((basis @ chosen) ** 2).sum((1, 2)).min()
        assert ((basis @ sublattice(half_turn, index)) ** 2).sum() == pytest.approx(least)


def test_a_network_with_a_stride_of_the_square_root_of_three():
    layers = gc.layers(P6)
    first = layers.Subsample(3, 13)
    net = nn.Sequential(
        layers.LiftingConv(1, 2, 3, padding=1), layers.Mask(13), first,
        layers.GroupConv(2, 2, 3, padding=1), layers.Mask(first.output_size),
    ).double()  # fmt: skip
    x = torch.randn(1, 1, 13, 13, dtype=torch.float64) * torch.tensor(
        invariant_region(P6.stabilizer, (13, 13))
    )
    gc.testing.assert_equivariant(net, x)
    assert torch.compile(net, fullgraph=True, backend="aot_eager")(x).shape == net(x).shape


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: gc.nn.Subsample(3, 9, group=P6M),
            ArgumentError,
            "those of index 4, 9, 16 as",
        ),
        (lambda: gc.nn.Subsample(6, 9, group=P6), ArgumentError, "index 3, 4, 7, 9, 12, 13, 16"),
        (lambda: gc.nn.Subsample(3, 8, group=P6), ArgumentError, "no point in its centre"),
        (lambda: gc.nn.Subsample(3, 9, group=P222), ArgumentError, "sublattices are for the plane"),
        (lambda: gc.nn.Subsample("3", 9, group=P6), ArgumentError, "index='3'"),
        (lambda: gc.nn.Subsample([3], 9, group=P6), ArgumentError, r"index=\[3\]: expected a pos"),
        (lambda: gc.nn.Subsample(4.0, 9, group=P6), ArgumentError, "index=4.0: expected a pos"),
        (lambda: gc.nn.Mask(4, group=P6), ArgumentError, r"shape=\(4, 4\) has no cell"),
        (lambda: gc.nn.Mask(0, group=P6), ArgumentError, "size=0"),
        (lambda: gc.nn.Mask((5, 7), group=P6), ArgumentError, "not symmetric: the group"),
        (lambda: gc.nn.Subsample(2, (5, 7), group=P4), ArgumentError, "not symmetric: the group"),
        (lambda: sublattice(P4.stabilizer, 3.0), ArgumentError, "index=3.0"),
        (lambda: gc.nn.Mask(5, group=P6)(torch.ones(1, 1, 7, 7)), ShapeError, r"to be \(5, 5\)"),
        (lambda: gc.nn.MaxPool(2, group=P6), ArgumentError, "no symmetric part at all"),
    ],
)
def test_bad_arguments_are_told(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_masks_follow_the_module():
    mask = gc.nn.Mask(5, group=P6)
    assert list(mask.state_dict()) == []
    assert mask.to("meta").to_empty(device="cpu")(torch.ones(5, 5)).sum() == 19
    assert repr(mask) == "Mask((5, 5), cells=19, group='p6')"
    assert repr(gc.nn.Subsample(2, 5, group=P4)).startswith("Subsample(index=2, (5, 5)→(5, 5)")
    assert sublattice(P2.stabilizer, 2).tolist() == [[1, -1], [1, 1]]
    for index in range(2, 17):  # mirrors along the axes keep every diagonal sublattice
        N = sublattice(PMM.stabilizer, index)
        assert round(np.linalg.det(N)) == index
        assert not (N - np.diag(np.diag(N))).any()


def test_padding_of_any_kind_is_equivariant_under_masks_or_refused():
    layers, size = gc.layers(P6M), 9
    x = layers.Mask(size)(torch.randn(1, 1, size, size, dtype=torch.float64) - 2)
    for layer in (
        layers.MaxPool(3, stride=1, padding=1),
        layers.AvgPool(3, stride=1, padding=1),
        layers.LiftingConv(1, 2, 3, padding=1, dtype=torch.float64),
    ):
        net = nn.Sequential(layer, layers.Mask(size))
        gc.testing.assert_equivariant(net, x, group=P6M)
    with pytest.raises(ArgumentError, match="count_include_pad=False with padding=\\(1, 1\\)"):
        layers.AvgPool(3, padding=1, count_include_pad=False)
    for mode in ("reflect", "replicate"):
        with pytest.raises(ArgumentError, match=f"padding_mode='{mode}'.* with a Mask"):
            layers.LiftingConv(1, 2, 3, padding=1, padding_mode=mode)
        layers.LiftingConv(1, 2, 3, padding_mode=mode)  # without padding there is nothing to do
        gc.nn.LiftingConv(1, 2, 3, padding=1, padding_mode=mode, group=P4)


@pytest.mark.filterwarnings("ignore::groupconv.errors.EquivarianceWarning")
@pytest.mark.parametrize("name", ["F222", "F-43m", "Fmm2", "I4", "R3", "p6m", "p3"])
def test_windows_of_sheared_lattices_are_even_or_a_warning_tells(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gc.errors.ExperimentalWarning)
        group = gc.group(name)
    layers, told = gc.layers(group), 0
    for size, (kernel, stride, padding) in itertools.product(
        (5, 6, 7), [(2, 2, 0), (1, 2, 0), (1, 4, 0), (3, 2, 1), (3, 4, 0), (2, 2, 1)]
    ):
        try:
            pool, mask = layers.AvgPool(kernel, stride, padding), layers.Mask(size)
            x = torch.randn(1, 1, *(size,) * group.dimension, dtype=torch.float64)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                out = layers.Mask(pool(mask(x)).shape[-1])
        except ArgumentError:
            continue  # such a window or such an array has nothing that the group keeps
        told += 1
        if not caught:
            gc.testing.assert_equivariant(nn.Sequential(mask, pool, out), mask(x), group=group)
    assert told >= 3


@pytest.mark.parametrize("group", [P3, P6M, gc.group("I4")], ids=lambda group: group.name)
def test_arrays_without_a_centre_are_told(group):
    x = torch.randn(1, 1, *(6,) * group.dimension)
    layer = gc.nn.LiftingConv(1, 1, 3, padding=1, group=group)
    with pytest.warns(EquivarianceWarning, match="to a point that is not a centre, so nothing on"):
        layer(x)
    layer(torch.randn(1, 1, *(5,) * group.dimension))
    gc.nn.LiftingConv(1, 1, 3, padding=1, padding_mode="circular", group=group)(x)


@pytest.mark.parametrize(
    ("size", "kernel", "padding", "message"),
    [
        ((7, 7), 5, 1, r"produces \(5, 5\) cells where the input size divided by"),
        ((7, 9), 3, 1, "is on a torus that the group does not map to itself"),
        ((7, 7), 5, 2, None),
        ((7, 7), 3, 1, None),
    ],
)
def test_a_torus_stays_one_or_a_warning_tells(size, kernel, padding, message):
    make = functools.partial(gc.nn.LiftingConv, 1, 2, kernel, padding=padding)
    layer = make(padding_mode="circular", group=P6M, dtype=torch.float64)
    x = torch.randn(1, 1, *size, dtype=torch.float64)
    if message is None:
        gc.testing.assert_equivariant(layer, x, circular=True)
    else:
        with pytest.warns(EquivarianceWarning, match=message):
            layer(x)
    on_squares = make(padding_mode="circular", group=P4, dtype=torch.float64)
    if message is not None and "produces" in message:  # of every group
        with pytest.warns(EquivarianceWarning, match=message):
            on_squares(x)
    else:
        on_squares(x)  # unequal axes change places


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size", "is_even"),
    [(3, 3, 0, 9, True), (3, 2, 1, 6, False)],
)
def test_a_torus_with_steps_is_even_or_a_warning_tells(kernel, stride, padding, size, is_even):
    layer = gc.nn.LiftingConv(
        1, 1, kernel, stride, padding, padding_mode="circular", group=P6M, dtype=torch.float64
    )
    x = torch.randn(1, 1, size, size, dtype=torch.float64)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EquivarianceWarning)
        layer(x)
    assert is_even == (not caught)
    if is_even:
        gc.testing.assert_equivariant(layer, x, circular=True)


def test_axes_of_unequal_size_may_change_places():
    layer = gc.nn.LiftingConv(1, 1, 3, 2, 1, group=P4, dtype=torch.float64)
    gc.testing.assert_equivariant(layer, torch.randn(1, 1, 5, 7, dtype=torch.float64))
