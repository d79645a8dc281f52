"""The equivariance checks: what they measure, and that they catch what is not equivariant."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading

import pytest
import torch
from torch import nn

import groupconv as gc
from groupconv.errors import ArgumentError, EquivarianceError, ShapeError
from groupconv.testing import assert_equivariant, equivariance, equivariance_error
from groupconv_plugins import hexagonal
from tests.support.groups import P4, P4M, PM


def test_a_planar_convolution_is_not_equivariant():
    with pytest.raises(EquivarianceError, match=r"under 3 of 4 elements: relative error .* at \("):
        assert_equivariant(nn.Conv2d(1, 2, 3), torch.randn(1, 1, 5, 5), group="p4")


def test_errors_are_relative_and_per_element():
    class Scaled(nn.Module):
        def forward(self, x):
            return x * torch.tensor([1.0, 2.0])

    x = torch.ones(1, 1, 2, 2) * 1000
    result = equivariance_error(Scaled(), x, group="p4")
    assert result.per_element[(0, 0, 0)] == 0
    assert result.per_element[(1, 0, 0)] == pytest.approx(0.5)
    assert result.worst == pytest.approx(0.5)
    assert result.worst_element == (1, 0, 0)


def test_modes_and_gradients_are_left_alone():
    net = nn.Sequential(gc.nn.LiftingConv(1, 2, 3, group=P4), gc.nn.BatchNorm(2), nn.Dropout())
    net[1].eval()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    equivariance_error(net, torch.randn(2, 1, 5, 5))
    assert [module.training for module in (net, net[0], net[1], net[2])] == [
        True,
        True,
        False,
        True,
    ]
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert net[0].weight.grad is None


def test_modules_that_work_in_place_do_so_on_a_copy():
    net = nn.Sequential(nn.SiLU(inplace=True), gc.nn.GroupConv(2, 2, 3, group="p4"))
    x = torch.randn(1, 2, 4, 7, 7)
    before = x.clone()
    gc.testing.assert_equivariant(net, x)
    assert torch.equal(x, before)


def test_not_a_number_is_not_equivariant():
    conv = gc.nn.LiftingConv(1, 1, 3, group=P4)
    nn.init.constant_(conv.bias, float("nan"))
    with pytest.raises(EquivarianceError, match="values that are not numbers on a finite input"):
        assert_equivariant(conv, torch.zeros(1, 1, 5, 5))


def test_functions_serve_as_modules():
    def roll_rows(x):
        return x.roll(1, -2)

    x = torch.randn(1, 1, 5, 5)
    assert_equivariant(torch.relu, x, group="p4")
    with pytest.raises(EquivarianceError, match="roll_rows is not equivariant under 3 of 4"):
        assert_equivariant(roll_rows, x, group="p4")
    with pytest.raises(TypeError, match="'int' object is not callable"):
        assert_equivariant(3, x, group="p4")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_input_that_is_not_finite_is_not_blamed_on_the_module(value):
    x = torch.full((1, 1, 5, 5), value)
    with pytest.raises(ArgumentError, match="x holds values that are not finite"):
        assert_equivariant(gc.nn.LiftingConv(1, 1, 3, group=P4), x)
    with pytest.raises(ArgumentError, match="x is of type ndarray"):
        equivariance_error(gc.nn.LiftingConv(1, 1, 3, group=P4), x.numpy())


def test_tolerance_is_that_of_the_coarser_type():
    parts = [gc.nn.GroupConv(16, 16, 3, group=P4M) for _ in range(3)]
    layer = nn.Sequential(*parts)

    def autocast(x):
        with torch.autocast("cpu", torch.bfloat16):
            return layer(x)

    x = torch.randn(1, 16, 8, 11, 11)
    assert equivariance_error(autocast, x, group=P4M).worst > 1e-4
    assert_equivariant(autocast, x, group=P4M)
    with pytest.raises(ArgumentError, match="tolerance='a': expected a number"):
        assert_equivariant(layer, x, tolerance="a")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: (x, x), "gives tuple, expected a tensor"),
        (lambda x: 0 * x, "gives zeros alone, which measures nothing"),
    ],
)
def test_outputs_that_measure_nothing_are_refused(function, message):
    with pytest.raises(ArgumentError, match=message):
        assert_equivariant(function, torch.randn(1, 1, 5, 5), group="p4")


def test_elements_are_checked():
    layer, x = gc.nn.LiftingConv(1, 1, 3, group=P4), torch.randn(1, 1, 5, 5)
    assert (1, 0, 0) in equivariance_error(layer, x, elements=[[1, 0, 0]]).per_element


def test_tolerance_follows_the_type_or_is_given():
    conv = gc.nn.LiftingConv(1, 4, 5, group=P4M)
    x = torch.randn(1, 1, 9, 9)
    assert_equivariant(conv, x)
    assert_equivariant(conv.double(), x.double())
    with pytest.raises(EquivarianceError, match="tolerance 0e\\+00"):
        assert_equivariant(conv.float(), x, tolerance=0.0)


def test_what_cannot_be_told_is_asked_for():
    x = torch.randn(1, 1, 5, 5)
    with pytest.raises(ArgumentError, match="has layers of no group, expected"):
        equivariance_error(nn.Identity(), x)
    mixed = nn.Sequential(gc.nn.BatchNorm(1), gc.nn.MaxPool(1, group=P4))
    mixed.append(gc.nn.MaxPool(1, group=P4M))
    assert equivariance_error(mixed, x).per_element.keys() == {(r, 0, 0) for r in range(4)}
    mixed.append(gc.nn.MaxPool(1, group=PM))
    with pytest.raises(ArgumentError, match="p4, p4m, pm"):
        equivariance_error(mixed, x)
    half = gc.nn.LiftingConv(1, 1, 3, group=P4, out_space=P4.subgroup(2))
    with pytest.raises(ArgumentError, match="give out_space="):
        equivariance_error(half, x)
    assert equivariance_error(half, x, out_space=P4.subgroup(2)).worst < 1e-5


def test_an_output_of_another_shape_is_told():
    with pytest.raises(ShapeError, match="was expected"):
        equivariance_error(nn.Conv2d(1, 1, (1, 3)), torch.randn(1, 1, 5, 5), group="p4")


def test_a_hidden_nan_is_the_worst():
    class NotANumberWhenTurned(nn.Module):
        def forward(self, x):
            return x if x[0, 0, 0, 0] == 1 else x * float("nan")

    x = torch.zeros(1, 1, 3, 3)
    x[0, 0, 0, 0] = 1
    result = equivariance_error(NotANumberWhenTurned(), x, group="p4")
    assert result.worst != result.worst
    with pytest.raises(
        EquivarianceError, match=r"not numbers on a finite input, at \([123], 0, 0\)"
    ):
        assert_equivariant(NotANumberWhenTurned(), x, group="p4")


def test_measuring_nothing_is_refused():
    conv = gc.nn.LiftingConv(1, 1, 3, group=P4)
    with pytest.raises(ArgumentError, match="measures nothing"):
        assert_equivariant(conv, torch.randn(1, 1, 5, 5), elements=[])


def test_integers_are_measured():
    x = torch.randn(1, 1, 5, 5)
    assert_equivariant(lambda x: x.round().int(), x, group="p4")
    with pytest.raises(EquivarianceError, match="under 3 of 4 elements"):
        assert_equivariant(lambda x: x.cumsum(-1).round().int(), x, group="p4")


@pytest.mark.parametrize("argument", ["circular"])
def test_flags_are_not_texts(argument):
    conv = gc.nn.LiftingConv(1, 1, 3, group=P4)
    with pytest.raises(ArgumentError, match=f"{argument}='false': expected True or False"):
        equivariance_error(conv, torch.randn(1, 1, 5, 5), **{argument: "false"})


@pytest.mark.parametrize("x", [torch.zeros(1, 1, 9, 9), torch.ones(1, 1, 9, 9)])
def test_an_input_that_no_element_moves_measures_nothing(x):
    with pytest.raises(ArgumentError, match="x stays as it is under every element"):
        gc.testing.assert_equivariant(torch.nn.Conv2d(1, 1, 3), x, group="p4")


def test_rounding_on_such_an_input_measures_nothing_either():
    lifting = gc.nn.LiftingConv(1, 2, 3, group="p4m")
    net = nn.Sequential(lifting, nn.Flatten(1, 2), nn.Conv2d(16, 3, 1))
    assert lifting(torch.ones(1, 1, 7, 7))[0, 0, :, 0, 0].unique().numel() > 1  # sums differ
    with pytest.raises(ArgumentError, match="x stays as it is under every element"):
        assert_equivariant(net, torch.ones(1, 1, 7, 7), group="p4m")
    gradient = torch.linspace(0, 1, 7)
    with pytest.raises(EquivarianceError):  # the output is not invariant, as the input is
        assert_equivariant(lambda x: x + gradient, torch.ones(1, 1, 7, 7), group="p4m")


@pytest.mark.parametrize("lock", [None, contextlib.nullcontext()])
def test_threads_that_overlap_leave_the_mode_alone(lock, monkeypatch):
    if lock is not None:  # the defect that the lock prevents
        monkeypatch.setattr(equivariance, "_modes", lock)
    net, x = nn.Sequential(gc.nn.LiftingConv(1, 1, 3, group=P4)), torch.randn(1, 1, 5, 5)
    first, second = (threading.Thread(target=equivariance_error, args=(net, x)) for _ in range(2))
    inside, both = threading.Event(), threading.Event()

    def meet(*_):
        if threading.current_thread() is second:
            both.set()
            first.join()
        elif not inside.is_set():
            inside.set()
            both.wait(timeout=0.5)

    net.register_forward_pre_hook(meet)
    first.start()
    inside.wait()
    second.start()
    second.join()
    assert all(part.training for part in net.modules()) == (lock is None)


def test_a_failing_test_ends_at_its_own_line(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import torch\n"
        "from groupconv.testing import assert_equivariant, check_group\n"
        "from tests.testing.test_conformance import Mutable\n"
        "def test_layer():\n"
        "    assert_equivariant(torch.nn.Conv2d(1, 2, 3), torch.randn(1, 1, 5, 5), group='p4')\n"
        "def test_group(monkeypatch):\n"
        "    monkeypatch.setattr('groupconv.testing.conformance.CHECKS',\n"
        "                        {'object': __import__('groupconv').testing.checks.check_object})\n"
        "    check_group(Mutable())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest",
         "--rootdir", tmp_path, tmp_path / "test_it.py"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    assert "2 failed" in ran
    assert not re.findall(r"^\S*groupconv/testing/\S+:\d+", ran, re.MULTILINE)
    assert re.findall(r"^\S*test_it.py:(\d+): (\w+)", ran, re.MULTILINE) == [
        ("5", "EquivarianceError"), ("9", "ConformanceError")
    ]  # fmt: skip


def test_a_mask_that_is_missing_is_named_as_the_cause():
    p6m = gc.layers(hexagonal.p6m)
    x = torch.randn(1, 1, 9, 9)
    mask = p6m.Mask(9)
    net = nn.Sequential(mask, p6m.LiftingConv(1, 2, 3, padding=1), nn.ReLU())
    with pytest.raises(EquivarianceError, match="'p6m' keeps is wrong: put a Mask on its output"):
        assert_equivariant(net, x)
    with pytest.raises(EquivarianceError, match="put a Mask on its input and its output"):
        assert_equivariant(net[1:], x)
    assert_equivariant(nn.Sequential(*net, mask), x)
    planar = nn.Conv2d(1, 1, 3, padding=1)
    with pytest.raises(EquivarianceError, match="planar convolutions"):
        assert_equivariant(planar, x, group=hexagonal.p6m)


def test_natural_mistakes_name_the_layer_that_is_meant():
    with pytest.raises(gc.errors.ShapeError, match="enters by a LiftingConv: start with it"):
        gc.nn.GroupConv(3, 8, 3, group=P4)(torch.zeros(1, 3, 9, 9))
    with pytest.raises(gc.errors.ShapeError, match="a map on the group goes on with a GroupConv"):
        gc.nn.LiftingConv(3, 8, 3, group=P4)(torch.zeros(1, 3, 4, 9, 9))
    with pytest.raises(gc.errors.ShapeError, match="a map of a larger group goes on by Restrict"):
        gc.nn.GroupConv(3, 8, 3, group="p2")(torch.zeros(1, 3, 8, 9, 9))
    with pytest.raises(gc.errors.ShapeError, match="and 'p4' on 2: names are case-sens") as caught:
        gc.nn.LiftingConv(3, 8, 3, group="P4")(torch.zeros(2, 3, 9, 9))
    assert "batch" not in str(caught.value)
    mixed = nn.Sequential(
        gc.nn.LiftingConv(1, 2, 3, group="pmm"), gc.nn.GroupConv(2, 2, 3, group="p4")
    )
    with pytest.raises(ArgumentError, match="layers of p4, pmm, expected those of one group; R"):
        assert_equivariant(mixed, torch.randn(1, 1, 9, 9))
