"""Every layer on every kind of group: equivariance, adjoints, gradients."""

from __future__ import annotations

import copy
import inspect
import itertools
import pickle
import warnings

import pytest
import torch
from torch import nn

import groupconv as gc
from groupconv.nn.functional import act
from groupconv.testing import assert_equivariant, equivariance_error
from tests.support.groups import CUBE, LINE_MIRROR, P4, P4M, P6M, Z2
from tests.support.layers import SIZES, SPATIAL, even, region, sample, trained

P4_SPACE, P432 = gc.group("P4"), gc.group("P432")
GROUPS = [Z2, P4, P4M, P6M, LINE_MIRROR, P4_SPACE, P432, CUBE]
every_group = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


@every_dtype
@every_group
@pytest.mark.parametrize("name", SPATIAL)
def test_every_layer_commutes_with_every_element(name, group, dtype):
    layer, in_space, out_space = SPATIAL[name](gc.layers(group), group)
    layer = layer.to(dtype).eval()

    def masked(x):
        y = layer(x)
        return y * region(group, y)

    x = sample(group, in_space, dtype=dtype)
    error = equivariance_error(masked, x, group=group, in_space=in_space, out_space=out_space)
    assert error.worst < (1e-12 if dtype == torch.float64 else 1e-5)


TRANSLATED = {
    "lifting": (lambda L: L.LiftingConv(2, 3, 3, padding=1, bias=False), "lattice", 1, 1),
    "conv": (lambda L: L.GroupConv(2, 3, 3, 2, padding=1, bias=False), "group", 2, 1),
    "transposed": (lambda L: L.GroupConvTranspose(2, 3, 3, 2, 1, bias=False), "group", 1, 2),
    "max pool": (lambda L: L.MaxPool(3, 2, padding=1), "group", 2, 1),
    "average pool": (lambda L: L.AvgPool(3, 2, padding=1), "group", 2, 1),
    "blur pool": (lambda L: L.BlurPool(3, padding=1), "group", 2, 1),
    "upsample": (lambda L: L.Upsample(scale_factor=2, mode="linear"), "group", 1, 2),
    "vectors": (lambda L: L.VectorHead(2), "group", 1, 1),
    "coset pool": (lambda L: L.CosetPool(), "group", 1, 1),
    "restriction": (lambda L: L.Restrict(L.group.subgroup(L.group.order - 1)), "group", 1, 1),
    "batch norm": (lambda L: trained(L.BatchNorm(2)), "group", 1, 1),
    "instance norm": (lambda L: trained(L.InstanceNorm(2, affine=True)), "group", 1, 1),
    "group norm": (lambda L: trained(L.GroupNorm(1, 2)), "group", 1, 1),
    "layer norm": (lambda L: trained(L.LayerNorm(2)), "group", 1, 1),
}
"""Layers, the space of their input, and by how much input and output are moved."""


@every_dtype
@every_group
@pytest.mark.parametrize("name", TRANSLATED)
def test_every_layer_commutes_with_translations(name, group, dtype):
    """A step of the input is one of the output, times the stride or divided by it."""
    make, space, step, moved = TRANSLATED[name]
    layer, d = make(gc.layers(group)).to(dtype).eval(), group.dimension
    n = SIZES[d]
    x = torch.zeros(*sample(group, space).shape[:-d], *[n + 4] * d, dtype=dtype)
    inner = (..., *[slice(4, n)] * d)  # far enough from all edges
    x[inner] = torch.rand_like(x[inner])
    for axis in range(-d, 0):
        y, moved_y = layer(x), layer(x.roll(step, axis))
        torch.testing.assert_close(moved_y, y.roll(moved, axis), rtol=1e-5, atol=1e-5)


@every_group
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"dilation": 2}], ids=str)
def test_the_transposed_convolution_is_the_adjoint(group, options):
    """⟨conv(x), y⟩ = ⟨x, conv_transpose(y)⟩, between all kinds of spaces."""
    quotient = group.subgroups()[len(group.subgroups()) // 2]
    pairs = itertools.product(["lattice", quotient, "group"], repeat=2)
    for (one, other), groups in itertools.product(pairs, [1, 2]):
        L, named = gc.layers(group), {"groups": groups, "bias": False, "dtype": torch.float64}
        conv = L.GroupConv(2, 4, 3, **options, **named, in_space=one, out_space=other)
        adjoint = L.GroupConvTranspose(4, 2, 3, **options, **named, in_space=other, out_space=one)
        assert adjoint.weight.shape == conv.weight.shape == (4, 2 // groups, conv.weight.shape[2])
        adjoint.weight.data = conv.weight.data
        planes = [conv.in_space.index] * (not conv.in_space.is_whole)
        x = torch.randn(2, 2, *planes, *[9] * group.dimension, dtype=torch.float64)
        y = torch.randn_like(conv(x))
        left, right = (conv(x) * y).sum(), (x * adjoint(y)).sum()
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)


@every_group
def test_blurring_is_the_adjoint_of_linear_upsampling(group):
    up = gc.nn.Upsample(scale_factor=2, mode="linear", align_corners=True, group=group)
    n, d = 4 if even(group) else 5, group.dimension
    if even(group):
        up = gc.nn.Upsample(size=2 * n - 1, mode="linear", align_corners=True, group=group)
    down = gc.nn.BlurPool(3, padding=1, group=group)
    x = torch.randn(1, 2, *[n] * d, dtype=torch.float64)
    y = torch.randn_like(up(x))
    left, right = (up(x) * y).sum(), (x * down(y)).sum() * 2**d
    torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("group", [g for g in GROUPS if even(g)], ids=lambda group: group.name)
def test_averaging_is_the_adjoint_of_nearest_upsampling(group):
    d = group.dimension
    up, down = gc.nn.Upsample(scale_factor=2, group=group), gc.nn.AvgPool(2, group=group)
    x = torch.randn(1, 2, *[3] * d, dtype=torch.float64)
    y = torch.randn_like(up(x))
    torch.testing.assert_close((up(x) * y).sum(), (x * down(y)).sum() * 2**d)


@pytest.mark.parametrize("group", [P4, P6M, LINE_MIRROR], ids=lambda group: group.name)
def test_gradients(group):
    L, size = gc.layers(group), 5
    layers = [
        L.GroupConvTranspose(1, 1, 3, 2, padding=1),
        L.GroupConv(1, 1, 3, padding=1),
        L.LayerNorm(1),
        L.VectorHead(1),
        L.BlurPool(3, padding=1),
        L.Restrict(group.subgroup()),
    ]
    for layer in layers:
        layer = layer.double()
        x = sample(group, "group", channels=1, size=size)[:1].requires_grad_()
        parameters = dict(layer.named_parameters())

        def run(x, *values, layer=layer, names=tuple(parameters)):
            state = dict(zip(names, values, strict=True))
            return torch.func.functional_call(layer, state, (x,))

        torch.autograd.gradcheck(run, (x, *parameters.values()), fast_mode=True)


@every_group
def test_restriction_and_induction(group):
    """To every subgroup: equivariant under it, without loss, and adjoint to each other."""
    for H in {(S.order, S.abstract_name): S for S in group.subgroups()}.values():
        restrict, induce = gc.nn.Restrict(H, group=group), gc.nn.Induce(H, group=group)
        small = restrict.group
        x = sample(group, "group", channels=2)
        y = restrict(x)
        assert y.shape[1] == 2 * H.index
        assert torch.equal(induce(y), x)
        z = torch.randn_like(y)
        torch.testing.assert_close((y * z).sum(), (x * induce(z)).sum(), rtol=1e-10, atol=1e-10)
        for h in range(small.order):
            g = group.index(small.matrix(*small.element(h)))
            moved = restrict(act(x, g, group, "group"))
            assert torch.equal(moved, act(y, small.element(h), small, "group"))


def test_consecutive_planes_are_not_a_restriction():
    x = torch.randn(2, 3, 8, 7, 7)
    turns = P4M.subgroup((0, 1))
    restrict = gc.nn.Restrict(turns, group=P4M)

    def error(layer):
        turned = layer(act(x, (0, 1, 0, 0), P4M))
        expected = act(layer(x), (1, 0, 0), P4, P4.stabilizer.trivial)
        return ((turned - expected).abs().max() / expected.abs().max()).item()

    assert error(restrict) == 0
    assert error(lambda x: x.unflatten(2, (2, 4)).flatten(1, 2)) > 0.5
    assert restrict.group.stabilizer == P4.stabilizer  # so layers of p4 take its maps


def test_restriction_from_quotients():
    """Where all orbits of planes look alike; otherwise it says why not."""
    half_turn, turns = P4M.subgroup((0, 2)), P4M.subgroup((0, 1))
    restrict = gc.nn.Restrict(turns, group=P4M, in_space=half_turn)
    x = torch.randn(1, 3, 4, 5, 5)
    y = restrict(x)
    assert y.shape == (1, 6, 2, 5, 5)
    small = restrict.group
    for h in range(4):
        moved = restrict(act(x, (0, h, 0, 0), P4M, half_turn))
        assert torch.equal(moved, act(y, small.element(h), small, restrict.out_space))
    image = torch.randn(1, 3, 5, 5)
    assert gc.nn.Restrict(turns, group=P4M, in_space="lattice")(image) is image
    one_mirror, another = P4M.subgroup((1, 0)), P4M.subgroup((1, 1))
    with pytest.raises(gc.errors.ArgumentError, match="moves some planes more than others"):
        gc.nn.Restrict(one_mirror, group=P4M, in_space=one_mirror)
    assert gc.nn.Restrict(another, group=P4M, in_space=one_mirror).out_space.order == 1


def test_a_network_that_ends_in_a_subgroup():
    """Its group is the subgroup, which the check finds by itself."""
    turns = P4M.subgroup((0, 1))
    restrict = gc.nn.Restrict(turns, group=P4M)
    large, small = gc.layers(P4M), gc.layers(restrict.group)
    net = nn.Sequential(
        large.LiftingConv(1, 4, 3), large.BatchNorm(4), nn.ReLU(), restrict,
        small.GroupConv(8, 4, 3), nn.ReLU(), small.CosetPool(),
    )  # fmt: skip
    x = torch.randn(2, 1, 9, 9)
    assert_equivariant(net, x)
    with pytest.raises(gc.errors.EquivarianceError, match="4 of 8"):
        assert_equivariant(net, x, group=P4M)


@every_group
def test_vectors_turn_with_the_image(group):
    space = group.subgroups()[1] if group.order > 1 else group.subgroup()
    S, basis = group.stabilizer, torch.tensor(group.lattice.cartesian_basis)
    for H in {S.trivial, space}:
        if not S.matrices[list(H.elements)].sum(axis=0).any():
            continue
        head = gc.nn.VectorHead(2, group=group, in_space=H).double()
        planes = [H.index] * (H.index > 1)
        x = torch.randn(1, 2, *planes, *[5] * group.dimension, dtype=torch.float64)
        x = x * region(group, x)
        for s in range(group.order):
            turn = basis @ torch.tensor(S.matrices[s]).double() @ basis.inverse()
            moved = head(act(x, group.element(s), group, H))
            field = act(head(x), group.element(s), group, "lattice")
            torch.testing.assert_close(moved, torch.einsum("ij,bcj...->bci...", turn, field))


@pytest.mark.parametrize("group", [P4M, P6M, P4_SPACE], ids=lambda group: group.name)
def test_fields_of_vectors_are_checked_as_such(group):
    L, d = gc.layers(group), group.dimension
    torus = {"padding": 1, "padding_mode": "circular"}
    head = nn.Sequential(L.LiftingConv(1, 1, 3, **torus), L.VectorHead(1))
    x, options = torch.randn(1, 1, *[5] * d), {"out_space": "vector", "circular": True}
    assert_equivariant(head, x, **options)
    assert_equivariant(lambda x: head(x)[:, 0], x, group=group, **options)
    scalars = L.LiftingConv(1, d, 3, out_space="lattice", **torus)  # as many numbers, no vectors
    with pytest.raises(gc.errors.EquivarianceError):
        assert_equivariant(scalars, x, **options)
    with pytest.raises(gc.errors.EquivarianceError, match="give out_space='vector'"):
        assert_equivariant(lambda x: head(x)[:, 0], x, group=group, circular=True)


def test_a_field_of_vectors_is_turned_as_a_head_turns_it():
    head, x = gc.nn.VectorHead(2, group=P6M), torch.randn(1, 2, 12, 5, 5)
    x = x * region(P6M, x)
    for g in map(P6M.element, range(P6M.order)):
        moved = act(head(x), g, P6M, "vector")
        torch.testing.assert_close(moved, head(act(x, g, P6M)))
    with pytest.raises(gc.errors.ShapeError, match=r"a field of vectors \(…, 2, \*spatial\)"):
        act(x, (0, 1, 0, 0), P6M, "vector")


def test_a_map_without_a_direction_has_no_vectors():
    with pytest.raises(gc.errors.ArgumentError, match="no direction stays as it is"):
        gc.nn.VectorHead(2, group=P4, in_space="lattice")
    assert gc.nn.VectorHead(2, group=P4_SPACE, in_space="lattice").in_space.is_whole


def test_families_fill_in_options_where_layers_take_them():
    L = gc.layers(P4M, strict=True, bias=False)
    assert L.GroupConv(2, 2, 3).strict
    assert L.GroupConv(2, 2, 3).bias is None
    assert L.GroupConv(2, 2, 3, bias=True).bias is not None
    assert L.MaxPool(2).strict
    assert L.CosetPool().mode == "max"
    assert isinstance(gc.nn.GroupConv(2, 2, 3, group=P4M), L.GroupConv)
    assert type("Mine", (L.GroupConv,), {})(2, 2, 3).strict
    assert pickle.loads(pickle.dumps(L)).options == L.options
    assert repr(L) == "layers(P4M(), strict=True, bias=False)"
    with pytest.raises(TypeError, match="no layer takes an argument 'stict'"):
        gc.layers(P4M, stict=True)


def test_families_are_classes_to_the_eye():
    p4 = gc.layers(P4)
    layer = p4.GroupConv(2, 3, 3)
    assert type(layer) is gc.nn.GroupConv
    assert isinstance(layer, p4.GroupConv)
    assert isinstance(gc.nn.GroupConv(2, 3, 3, group="p4"), p4.GroupConv)
    assert not isinstance(gc.nn.GroupConv(2, 3, 3, group=P4M), p4.GroupConv)
    assert not isinstance(p4.CosetPool(), p4.GroupConv)

    class Block(p4.GroupConv):
        def forward(self, x):
            return super().forward(x).relu()

    block = Block(2, 2, 3, padding=1)
    assert isinstance(block, p4.GroupConv)
    assert not isinstance(layer, Block)
    assert block(torch.randn(1, 2, 4, 5, 5)).min() >= 0
    assert "group" not in inspect.signature(p4.GroupConv).parameters
    assert p4.GroupConv.__doc__ == gc.nn.GroupConv.__doc__
    with pytest.raises(gc.errors.ArgumentError, match=r"use layers\('p4m'\)\.GroupConv"):
        p4.GroupConv(2, 3, 3, group="p4m")
    with pytest.raises(AttributeError, match="no layer 'Conv2d'; it has LiftingConv, GroupConv"):
        p4.Conv2d
    assert {"GroupConv", "BatchNorm", "group"} <= set(dir(p4))
    assert p4.ChannelDropout is gc.nn.ChannelDropout
    assert isinstance(p4.BatchNorm(2).norm, nn.BatchNorm1d)


def test_maps_whose_planes_were_multiplied_are_refused():
    """As torch's own upsampling does, which takes the plane axis for a spatial one."""
    p4 = gc.layers(P4)
    doubled = nn.Upsample(scale_factor=2)(torch.randn(1, 2, 4, 5, 5))
    for layer in (p4.BatchNorm(2), p4.GroupNorm(1, 2), p4.InstanceNorm(2), p4.LayerNorm(2),
                  p4.MaxPool(2), p4.Upsample(2), p4.AdaptiveAvgPool(1), p4.CenterCrop(2),
                  p4.GroupConv(2, 2, 3), p4.CosetPool()):  # fmt: skip
        with pytest.raises(gc.errors.ShapeError, match="takes planes for space"):
            layer(doubled)
    assert gc.nn.BatchNorm(2)(doubled).shape == doubled.shape  # it knows no group


@pytest.mark.parametrize("group", [P4M, P6M, P432], ids=lambda group: group.name)
@pytest.mark.parametrize("name", SPATIAL)
def test_every_layer_can_be_copied_and_moved(name, group):
    layer, space, _ = SPATIAL[name](gc.layers(group), group)
    x = sample(group, space, dtype=torch.float32)
    expected = layer.eval()(x)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), layer.to("cpu")):
        assert torch.equal(other(x), expected)
    assert all(value.is_floating_point() for value in layer.state_dict().values()
               if value.ndim)  # no table among them  # fmt: skip


@pytest.mark.parametrize("space", ["lattice", "quotient", "group"])
def test_initial_outputs_are_as_large_on_every_space(space):
    """Weights are drawn for the cells of the expanded filter: 1/3 of the input's variance."""
    spaces = {"quotient": P4M.subgroup((1, 0))}
    torch.manual_seed(0)
    layer = gc.nn.GroupConv(
        16, 64, 3, bias=False, group=P4M, in_space="group", out_space=spaces.get(space, space)
    )
    y = layer(torch.randn(8, 16, 8, 9, 9))
    assert y.var().item() == pytest.approx(1 / 3, rel=0.1)
    nn.init.normal_(layer.weight, std=layer.fan_in**-0.5)
    assert layer(torch.randn(8, 16, 8, 9, 9)).var().item() == pytest.approx(1, rel=0.1)


def test_coset_pooling_of_complex_maps():
    x = torch.randn(2, 3, 4, 5, 5, dtype=torch.complex64)
    torch.testing.assert_close(gc.nn.CosetPool(mode="mean", group=P4)(x), x.mean(2))


@pytest.mark.parametrize("group", [P4M, P4_SPACE], ids=lambda group: group.name)
def test_dropout_takes_all_planes_of_a_channel(group):
    x = torch.ones(4, 50, group.order, *[3] * group.dimension)
    y = gc.nn.ChannelDropout(0.3).train()(x).flatten(2)
    assert (y == y[..., :1]).all()
    assert 0.1 < (y[..., 0] == 0).float().mean() < 0.5


def test_warnings_are_errors_where_that_is_asked_for():
    x = torch.randn(1, 1, 8, 8)
    lax = gc.nn.LiftingConv(1, 2, 3, stride=2, padding=1, group=P4)
    with pytest.warns(gc.errors.EquivarianceWarning, match="unevenly"):
        lax(x)
    with gc.nn.strict(), pytest.raises(gc.errors.EquivarianceError, match="unevenly"):
        lax(x)
    strict = gc.nn.LiftingConv(1, 2, 3, stride=2, padding=1, group=P4, strict=True)
    with pytest.raises(gc.errors.EquivarianceError, match="unevenly"):
        strict(x)
    assert "strict=True" in repr(strict)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        strict(torch.randn(1, 1, 9, 9))
