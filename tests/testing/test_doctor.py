"""The doctor: each cause is found in a network into which it was planted."""

from __future__ import annotations

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import groupconv as gc
from groupconv.errors import ArgumentError, EquivarianceError
from groupconv.testing import diagnose
from tests.support.groups import P4, P4M

L = gc.layers(P4M)
p4 = gc.layers(P4)


class Code(nn.Module):
    """Code between two layers: what stands in a network's forward."""

    def __init__(self, function, before=None, behind=None):
        super().__init__()
        self.before = before if before is not None else L.LiftingConv(2, 4, 3, padding=1)
        self.behind = behind if behind is not None else L.CosetPool()
        self.function = function
        self.place = nn.Parameter(torch.randn(1, 4, 1, 9, 9))
        self.planes = nn.Parameter(torch.randn(8, 1, 1))
        self.flat = nn.Parameter(torch.randn(32, 1, 1))

    def forward(self, x):
        return self.behind(self.function(self, self.before(x)))


class Coordinates(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = p4.LiftingConv(3, 4, 3)

    def forward(self, x):
        row = torch.linspace(0, 1, x.shape[-2])[:, None].expand(x.shape[-2:])
        return self.conv(torch.cat([x, row.expand(len(x), 1, -1, -1)], 1))


def chain(*layers):
    return lambda: nn.Sequential(L.LiftingConv(2, 4, 3, padding=1), *layers)


def code(function, *parts):
    return lambda: Code(function, *parts)


def restricted(x):
    return x.unflatten(2, (2, 4)).flatten(1, 2)


class Counter:
    """Adds one more each time."""

    count = 0

    def __call__(self, _, x):
        self.count += 1
        return x + self.count


def branch(_, x):
    return x.relu() if x[0, 0, 0, 0, 0] > x[0, 0, 0, -1, -1] else x.tanh()


PMM_CONV = gc.nn.GroupConv(4, 4, 3, group="pmm")
P4_OF_P4M = gc.group("p4m").subgroup((0, 1)).as_group()

PLANTED = {
    "remainder of a stride": (
        chain(L.GroupConv(4, 4, 3, stride=2, padding=1), L.CosetPool()), (2, 8, 8), P4M,
        "1", "places its windows unevenly", "use size 7 or 9",
    ),
    "remainder of a stock pool": (
        chain(nn.MaxPool3d((1, 2, 2)), L.CosetPool()), (2, 9, 9), P4M,
        "1", "places its windows unevenly", "use size 8 or 10",
    ),
    "planes taken for space": (
        chain(nn.MaxPool3d(2), nn.Flatten(1, 2)), (2, 8, 8), P4M,
        "1", "takes the planes of the group for a spatial axis", "give 1 for the first of 3 axes",
    ),
    "remainder of a function": (
        code(lambda net, x: F.max_pool3d(x, (1, 2, 2))), (2, 9, 9), P4M,
        "", "places its windows unevenly", "use size 8 or 10",
    ),
    "ceil_mode": (
        chain(L.CosetPool(), nn.AvgPool2d(2, ceil_mode=True)), (2, 9, 9), P4M,
        "2", "hangs over one end", "use size 8 or 10",
    ),
    "odd crop": (
        code(lambda net, x: x[..., :-1, :-1]), (2, 9, 9), P4M,
        "", "keeps 8 of 9 cells along axis", "CenterCrop|keep 7 or 9",
    ),
    "crop at a corner": (
        code(lambda net, x: x[..., :5, :5]), (2, 9, 9), P4M,
        "", "keeps 5 of 9 cells along axis 0", "both ends",
    ),
    "every second cell": (
        code(lambda net, x: x[..., ::2, ::2]), (2, 8, 8), P4M,
        "", "reads every few cells along axis 0, 4 of 8, from one end", "a stride",
    ),
    "some of the planes": (
        code(lambda net, x: x[:, :, 0], None, nn.Identity()), (2, 9, 9), P4M,
        "", "takes 1 of 8 planes, which 'p4m' exchanges", "use CosetPool",
    ),
    "upsampling mode": (
        chain(L.CosetPool(), nn.Upsample(size=13, mode="nearest")), (2, 9, 9), P4M,
        "2", "mode='nearest' reads", "bilinear",
    ),
    "upsampling by a function": (
        code(lambda net, x: F.interpolate(x.flatten(1, 2), size=(13, 13)).unflatten(1, (4, 8))),
        (2, 9, 9), P4M, "", "mode='nearest' reads", "bilinear",
    ),
    "stock norm over the wrong axes": (
        chain(nn.Flatten(1, 2), nn.BatchNorm2d(32), nn.Unflatten(1, (4, 8)), L.CosetPool()),
        (2, 9, 9), P4M, "2", "normalises every plane by itself", "a norm of groupconv.nn",
    ),
    "norm with a parameter per place": (
        chain(nn.LayerNorm((8, 9, 9)), L.CosetPool()), (2, 9, 9), P4M,
        "1", "normalises every plane", "a norm of groupconv.nn",
    ),
    "bias per plane": (
        code(lambda net, x: x + net.planes), (2, 9, 9), P4M,
        "", "has a number for every plane", "one number per channel",
    ),
    "affine per flat plane": (
        code(lambda net, x: (x.flatten(1, 2) * net.flat).unflatten(1, (4, 8))), (2, 9, 9), P4M,
        "", "has a number for every plane", "one number per channel",
    ),
    "planar layer on planes": (
        chain(nn.Flatten(1, 2), nn.Conv2d(32, 8, 1)), (2, 9, 9), P4M,
        "2", "mixes the planes of the group freely", "use GroupConv",
    ),
    "planar convolution": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU()), (2, 9, 9), P4M,
        "0", "an ordinary convolution", "groupconv.convert",
    ),
    "linear layer over places": (
        chain(L.CosetPool(), nn.Flatten(), nn.Linear(4 * 81, 3)), (2, 9, 9), P4M,
        "3", "a linear layer over places", "pool over",
    ),
    "planes and places flattened": (
        chain(nn.Flatten(), nn.Linear(4 * 8 * 81, 3)), (2, 9, 9), P4M,
        "1", "every plane and place is a feature of its own", "pool over planes and over space",
    ),
    "reshape that mixes planes": (
        code(lambda net, x: x.flatten(1, 2).unflatten(1, (8, 4)).transpose(1, 2).reshape(x.shape)),
        (2, 9, 9), P4M, "", "planes or places of different channels are mixed", "keep the planes",
    ),
    "asymmetric kernel": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, (1, 3), padding=(0, 1))), (2, 9, 9), P4M,
        "0", r"its kernel_size=\(1, 3\) differs", "one value",
    ),
    "asymmetric padding": (
        code(lambda net, x: F.pad(x, (1, 0, 1, 0))), (2, 9, 9), P4M,
        "", "adds 1 cells in front of axis 0 and 0 behind it", "both ends alike",
    ),
    "positional embedding": (
        code(lambda net, x: x + net.place), (2, 9, 9), P4M,
        "", "differs from place to place", "distance from the centre",
    ),
    "coordinate channel": (
        Coordinates, (2, 9, 9), P4, "", "differs from place to place", "distance",
    ),
    "wrong cosets after a reshape": (
        code(lambda net, x: restricted(x), None, gc.nn.GroupConv(8, 2, 3, group=P4_OF_P4M)),
        (2, 9, 9), P4_OF_P4M,
        "", "planes come apart in another order than their cosets", "Restrict",
    ),
    "layer of another group": (
        lambda: nn.Sequential(p4.LiftingConv(2, 4, 3), PMM_CONV, p4.CosetPool()),
        (2, 9, 9), P4, "1", "it is a layer of 'pmm', with 4 planes", r"layers\('p4'\)",
    ),
    "group of the wrong axes": (
        lambda: nn.Sequential(gc.nn.LiftingConv(1, 2, 3, group="P4"), gc.nn.CosetPool(group="P4")),
        (1, 5, 5, 5), gc.group("P4").transposed((2, 0, 1)), "0", "on other axes", r"transposed\(",
    ),
    "random": (
        code(lambda net, x: F.dropout(x, 0.5)), (2, 9, 9), P4M, "", "random", "evaluation mode",
    ),
    "state": (lambda: Code(Counter()), (2, 9, 9), P4M, "", "keeps a state", "evaluation mode"),
    "branch on data": (
        code(branch),
        (2, 9, 9), P4M,
        "", "a branch depends on data", "does not change",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_cause_is_found(name):
    make, shape, group, path, cause, remedy = PLANTED[name]
    torch.manual_seed(0)
    model = make()
    for part in model.modules():
        if isinstance(part, (nn.BatchNorm2d, nn.LayerNorm)):
            for tensor in (*part.parameters(), *part.buffers()):
                if tensor.is_floating_point():
                    tensor.data.uniform_(0.5, 2)
    found = diagnose(model, torch.randn(2, *shape), group=group)
    assert not found.passed
    assert re.search(cause, found.cause), found
    assert re.search(remedy, found.remedy), found
    assert found.culprit.path == path, found
    with pytest.raises(EquivarianceError, match="not equivariant under"):
        found.raise_if_broken()
    assert "← breaks it" in str(found)


def test_planes_that_are_equal_are_still_planes():
    found = diagnose(L.LiftingConv(2, 3, 1), torch.randn(1, 2, 5, 5))
    assert [stage.space for stage in found.stages] == ["group"]


def test_a_stock_network_that_is_right_is_not_accused():
    layers = nn.ReLU(), nn.AvgPool3d((1, 3, 3), (1, 2, 2)), nn.GroupNorm(2, 4), nn.Softmax(2)
    found = diagnose(chain(*layers, L.CosetPool())(), torch.randn(2, 2, 9, 9))
    assert found.passed, found
    assert [stage.space for stage in found.stages] == ["group"] * 5 + ["lattice"]
    assert found.error < 10 * found.rounding
    assert found.arithmetic == "float64"
    assert found.to_dict()["passed"]


class Attention(nn.Module):
    """Among all places, whose weights lie on no map; and a crop behind it, if any."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.lift, self.out = p4.LiftingConv(1, 4, 3), p4.GroupConv(4, 2, 1, out_space="lattice")

    def forward(self, x):
        y = self.lift(x)
        tokens = y.flatten(3).flatten(1, 2).transpose(1, 2)  # shape: (B, places, C·S)
        weights = (tokens @ tokens.transpose(1, 2)).softmax(-1)
        mixed = (weights @ tokens).transpose(1, 2).reshape(y.shape)
        return self.out(mixed[..., : self.size, : self.size])


def test_attention_without_places_is_right_and_not_blamed_for_others():
    assert diagnose(Attention(7), torch.randn(1, 1, 9, 9)).passed
    found = diagnose(Attention(6), torch.randn(1, 1, 9, 9))
    assert "keeps 6 of 7 cells along axis 0" in found.cause, found


def test_a_mask_that_is_missing_is_the_cause(recwarn):
    p6 = gc.layers("p6")
    net = nn.Sequential(p6.Mask(9), p6.LiftingConv(1, 2, 3, padding=1), nn.ReLU(), p6.CosetPool())
    found = diagnose(net, torch.randn(1, 1, 9, 9))
    assert found.culprit.path == "1"
    assert "only what lies outside the part of the array" in found.cause
    assert found.remedy == "put Mask((9, 9)) behind it"
    found = diagnose(net[1:], torch.randn(1, 1, 9, 9))
    assert found.remedy == "if the input fills its array, put a Mask on it first"


@pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")
def test_padding_with_a_constant_breaks_a_sheared_lattice():
    p6 = gc.layers("p6")
    net = nn.Sequential(p6.Mask(9), nn.ConstantPad2d(1, 3.0), p6.LiftingConv(1, 2, 3), p6.Mask(9))
    found = diagnose(net, torch.randn(1, 1, 9, 9))
    assert "it pads with 3.0 beyond the edges" in found.cause
    assert found.culprit.path == "1"


def test_tori_have_translations():
    torus = {"padding": 1, "padding_mode": "circular"}
    assert diagnose(
        nn.Sequential(L.LiftingConv(1, 2, 3, **torus)), torch.randn(1, 1, 9, 9), circular=True
    ).passed
    zeros = nn.Sequential(L.LiftingConv(1, 2, 3, padding=1))
    assert not diagnose(zeros, torch.randn(1, 1, 9, 9), circular=True).passed


def test_half_precision_alone():
    class Large(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = L.LiftingConv(1, 2, 3)

        def forward(self, x):
            return self.conv(6e4 * x) / 6e4

    net, x = Large().half(), torch.randn(1, 1, 9, 9).half()
    found = diagnose(net, x)
    assert found.dtype == "float16"
    assert found.cause.startswith("float16 only: in float64 the error is")
    assert diagnose(net.float(), x.float()).passed


@pytest.mark.parametrize("cell", [(5, 2), (6, 3)])  # of the first generator, and of the second
def test_what_is_not_a_number_for_one_element_alone_is_found(cell):
    x = torch.rand(1, 1, 9, 9)
    x[0, 0, 2, 3] = -1

    class Root(nn.Module):
        def forward(self, x):
            return x.mean((-2, -1)) + 0 * x[..., cell[0], cell[1]].sqrt()

    assert Root()(x).isfinite().all()
    assert not diagnose(Root(), x, group="p4m").passed


def test_what_no_rule_knows_is_unknown():
    found = diagnose(code(lambda net, x: x.cumsum(-1))(), torch.randn(1, 2, 9, 9))
    assert (found.cause, found.remedy) == ("unknown", "")
    assert found.culprit.name.startswith("cumsum at test_doctor.py, line")


def test_networks_that_do_not_run_in_double_precision_run_in_their_own():
    class Single(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = L.LiftingConv(1, 2, 3)

        def forward(self, x):
            assert x.dtype == torch.float32
            return self.conv(x)

    found = diagnose(Single(), torch.randn(1, 1, 9, 9))
    assert (found.arithmetic, found.passed) == ("float32", True)


def test_the_network_is_left_alone():
    net = chain(L.BatchNorm(4), L.CosetPool())().train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    x = torch.randn(1, 2, 9, 9)
    diagnose(net, x)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert all(part.training for part in net.modules())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in net.modules())


def test_it_needs_a_map():
    with pytest.raises(ArgumentError, match="x stays as it is under every element"):
        diagnose(nn.Conv2d(1, 1, 3), torch.ones(1, 1, 9, 9), group="p4m")
    nothing = nn.Sequential(L.LiftingConv(1, 1, 3), L.CosetPool())
    nn.init.zeros_(nothing[0].weight)
    nn.init.zeros_(nothing[0].bias)
    with pytest.raises(ArgumentError, match="gives zeros alone, which measures nothing"):
        diagnose(nothing, torch.randn(1, 1, 9, 9))
    with pytest.raises(ArgumentError, match=r"'p4m' acts on maps \(B, C, \*spatial\) with 2"):
        diagnose(nn.Linear(3, 3), torch.randn(2, 3), group="p4m")
