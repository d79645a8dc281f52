"""`Φ(L_g x) = L_g Φ(x)` for every layer, and the layers as torch modules."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

import groupconv as gc
from groupconv.testing import assert_equivariant
from tests.support.groups import CUBE, LINE_MIRROR, P4, P4M, P6M, P222, PLANE, PM


def all_elements(group, translations):
    for s, t in itertools.product(group.stabilizer_indices, translations):
        yield (*s, *t)


DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


@DTYPES
@pytest.mark.parametrize("group", [*PLANE, LINE_MIRROR, P222], ids=lambda group: group.name)
def test_convolutions_commute_with_turns_and_translations(group, dtype):
    d = group.dimension
    size = 7 if d < 3 else 5
    translations = [(0,) * d, (1,) * d, tuple(range(2, 2 + d))]
    circular = {"padding": 1, "padding_mode": "circular", "group": group}
    for in_space, out_space in itertools.product(["lattice", "group"], repeat=2):
        conv = gc.nn.GroupConv(2, 3, 3, in_space=in_space, out_space=out_space, **circular)
        planes = (group.order,) if in_space == "group" and group.order > 1 else ()
        assert_equivariant(
            conv.to(dtype),
            torch.randn(2, 2, *planes, *[size] * d, dtype=dtype),
            in_space=in_space,
            out_space=out_space,
            elements=all_elements(group, translations),
            circular=True,
        )


@DTYPES
@pytest.mark.parametrize("group", [P4, P4M, PM], ids=lambda group: group.name)
@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"kernel_size": 3}, 9),
        ({"kernel_size": 3, "padding": 1}, 8),
        ({"kernel_size": 3, "padding": "same", "dilation": 2}, 9),
        ({"kernel_size": 4}, 9),
        ({"kernel_size": 2, "stride": 2}, 8),
        ({"kernel_size": 3, "stride": 2, "padding": 1}, 9),
        ({"kernel_size": 5, "padding": 2, "padding_mode": "reflect"}, 8),
        ({"kernel_size": 3, "padding": 1, "padding_mode": "replicate"}, 8),
        ({"kernel_size": 3, "groups": 2}, 9),
        ({"kernel_size": 3, "bias": False}, 9),
    ],
    ids=str,
)
def test_every_option_keeps_equivariance(group, options, size, dtype):
    lifting = gc.nn.LiftingConv(2, 4, **options, group=group, dtype=dtype)
    assert_equivariant(lifting, torch.randn(2, 2, size, size, dtype=dtype))
    conv = gc.nn.GroupConv(2, 4, **options, group=group, dtype=dtype)
    assert_equivariant(conv, torch.randn(2, 2, group.order, size, size, dtype=dtype))


@DTYPES
def test_quotient_spaces_are_equivariant(dtype):
    for H_in, H_out in itertools.product(P4M.subgroups(), repeat=2):
        conv = gc.nn.GroupConv(1, 2, 3, group=P4M, in_space=H_in, out_space=H_out, dtype=dtype)
        planes = (H_in.index,) if H_in.index > 1 else ()
        x = torch.randn(1, 1, *planes, 5, 5, dtype=dtype)
        assert_equivariant(conv, x, in_space=H_in, out_space=H_out)


@DTYPES
@pytest.mark.parametrize("mode", ["max", "mean", "sum"])
def test_coset_pooling_is_equivariant(mode, dtype):
    for H, K in itertools.product(P4M.subgroups(), repeat=2):
        if H <= K:
            pool = gc.nn.CosetPool(K, mode, group=P4M, in_space=H)
            planes = (H.index,) if H.index > 1 else ()
            x = torch.randn(1, 2, *planes, 5, 5, dtype=dtype)
            assert_equivariant(pool, x, in_space=H, out_space=K)


@DTYPES
@pytest.mark.parametrize("group", [P4, P4M], ids=lambda group: group.name)
def test_spatial_pooling_and_batch_norm_are_equivariant(group, dtype):
    x = torch.randn(3, 4, group.order, 8, 8, dtype=dtype)
    norm = gc.nn.BatchNorm(4, dtype=dtype)
    norm(x)
    nn.init.uniform_(norm.norm.weight)
    nn.init.uniform_(norm.norm.bias)
    for layer in (
        gc.nn.MaxPool(2, group=group),
        gc.nn.MaxPool(3, stride=1, padding=1, group=group),
        gc.nn.MaxPool(2, stride=1, dilation=3, group=group),
        gc.nn.AvgPool(2, group=group),
        gc.nn.AvgPool(4, 2, 1, count_include_pad=False, group=group),
        norm,
    ):
        assert_equivariant(layer, x, group=group)
        assert_equivariant(layer, x[:, :, 0], group=group)


@DTYPES
@pytest.mark.parametrize("group", ["p4", "p4m"])
def test_the_whole_network_is_invariant(group, dtype):
    net = gc.models.P4CNN(channels=4, group=group).to(dtype)
    net(torch.randn(4, 1, 28, 28, dtype=dtype))  # running statistics that are not trivial
    assert_equivariant(net, torch.randn(2, 1, 28, 28, dtype=dtype))
    pooled = gc.models.P4CNNRotationPooling(channels=4, group=group).to(dtype)
    assert_equivariant(pooled, torch.randn(2, 1, 28, 28, dtype=dtype))


def test_training_mode_is_equivariant_too():
    """Batch statistics are shared over the planes, so they do not change under the group."""
    family = gc.layers(P4)
    net = nn.Sequential(family.LiftingConv(1, 3, 3), family.BatchNorm(3)).double().train()
    x = torch.randn(4, 1, 7, 7, dtype=torch.float64)
    act = gc.nn.functional.act
    for r in range(4):
        moved = net(act(x, (r, 0, 0), P4))
        torch.testing.assert_close(moved, act(net(x), (r, 0, 0), P4, "group"))


def test_the_cube_is_equivariant():
    conv = gc.nn.LiftingConv(1, 1, 3, group=CUBE, dtype=torch.float64)
    assert_equivariant(conv, torch.randn(1, 1, 4, 4, 4, dtype=torch.float64))
    conv = gc.nn.GroupConv(1, 1, 2, group=CUBE, dtype=torch.float64)
    assert_equivariant(conv, torch.randn(1, 1, 48, 4, 4, 4, dtype=torch.float64))


def test_hexagonal_convolution_without_padding_is_equivariant_on_its_hexagon():
    """Zeros come in at the corners; the inner hexagon of the output never sees them."""
    conv = gc.nn.LiftingConv(1, 2, 3, padding=1, group=P6M, dtype=torch.float64)
    x = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    x[:, :, 3:6, 3:6] = torch.randn(3, 3, dtype=torch.float64)
    conv.bias.data.zero_()
    assert_equivariant(conv, x)


@DTYPES
@pytest.mark.parametrize("group", [P4, P4M], ids=lambda group: group.name)
def test_pooling_and_norm_commute_with_translations(group, dtype):
    elements = list(all_elements(group, [(1, 0), (2, 3)]))
    x = torch.randn(2, 3, group.order, 7, 7, dtype=dtype)
    for layer in (gc.nn.CosetPool(group=group), gc.nn.BatchNorm(3, dtype=dtype)):
        assert_equivariant(layer, x, group=group, elements=elements, circular=True)
    spot = torch.zeros(1, 2, group.order, 11, 11, dtype=dtype)
    spot[..., 4:7, 4:7] = torch.rand(group.order, 3, 3, dtype=dtype)
    for layer in (
        gc.nn.MaxPool(3, 1, 1, group=group),
        gc.nn.AvgPool(3, 1, 1, group=group),
    ):
        assert_equivariant(layer, spot, elements=list(all_elements(group, [(1, 0), (-2, 3)])))


@DTYPES
def test_the_whole_network_sees_a_moved_digit_as_the_same(dtype):
    """Translations by the stride of its pooling, within a wide margin."""
    net = gc.models.P4CNN(channels=4).to(dtype)
    x = torch.zeros(2, 1, 80, 80, dtype=dtype)
    x[..., 37:43, 37:43] = torch.rand(6, 6, dtype=dtype)
    assert_equivariant(net, x, elements=list(all_elements(P4, [(2, 0), (-4, 6)])))
