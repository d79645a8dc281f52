"""The evaluation block by block equals the lowered one, and holds no bank."""

from __future__ import annotations

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

import groupconv as gc
from groupconv.errors import ArgumentError
from groupconv.nn import streamed
from tests.nn.test_fourier import WATCHED, gradients

CASES = {
    "p4m": ("p4m", 7, {"padding": 1}),
    "a stride": ("p4m", 7, {"padding": 1, "stride": 2}),
    "a torus": ("p4", 7, {"padding": 1, "padding_mode": "circular"}),
    "dilated": ("p4", 9, {"padding": 2, "dilation": 2, "bias": False}),
    "hexagons": ("p6m", 7, {"padding": 1}),
    "to the lattice": ("p4m", 7, {"padding": 1, "out_space": "lattice"}),
    "from the lattice": ("p4m", 7, {"padding": 1, "in_space": "lattice"}),
    "three axes": ("P432", 5, {"padding": 1}),
}

pytestmark = pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")


@pytest.fixture(params=[1, 3], ids=["one channel", "several channels"])
def _blocks(request, monkeypatch):
    """Banks of one output channel at a time, or of several, the last block smaller."""
    monkeypatch.setattr("groupconv.nn.bank.SMALL_BANK", 0)
    bank = streamed.streamed_convolution

    def in_blocks(x, weight, bias, channel_bytes, lowered):
        monkeypatch.setattr(streamed, "BLOCK_BYTES", request.param * channel_bytes)
        return bank(x, weight, bias, channel_bytes, lowered)

    monkeypatch.setattr("groupconv.nn.conv.streamed_convolution", in_blocks)


def twins(group, n, options):
    """A lowered layer, the same in blocks, and an input."""
    options = {"group": group, "dtype": torch.float64} | options
    lowered, by_blocks = (
        gc.nn.GroupConv(2, 4, 3, evaluation=evaluation, **options)
        for evaluation in ("lowered", "streamed")
    )
    by_blocks.load_state_dict(lowered.state_dict())
    S = lowered.group.stabilizer
    planes = [S.order] if lowered.in_space.index > 1 else []
    return lowered, by_blocks, torch.randn(2, 2, *planes, *[n] * S.dimension, dtype=torch.float64)


def is_by_blocks(y):
    """Whether an output was made in blocks, by the nodes behind it."""
    nodes, names = [y.grad_fn], set()
    while nodes:
        node = nodes.pop()
        names.add(type(node).__name__)
        nodes += [parent for parent, _ in node.next_functions if parent]
    return "_StreamedBackward" in names


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_are_equal(case):
    lowered, by_blocks, x = twins(*CASES[case])
    grad = torch.randn_like(lowered(x))
    y, expected = gradients(lowered, x, grad)
    z, found = gradients(by_blocks, x, grad)
    assert is_by_blocks(z)
    assert not is_by_blocks(y)
    torch.testing.assert_close(z, y)
    torch.testing.assert_close(found, expected)


@pytest.mark.usefixtures("_blocks")
def test_only_what_is_needed_is_computed():
    lowered, by_blocks, x = twins(*CASES["p4m"])
    for given, learned in ((x.clone().requires_grad_(), False), (x, True)):
        results = []
        for layer in (lowered, by_blocks):
            layer.weight.requires_grad_(learned)
            given.grad = layer.weight.grad = None
            layer(given).square().sum().backward()
            results.append((given.grad, layer.weight.grad))
        torch.testing.assert_close(*results)


@pytest.mark.usefixtures("_blocks")
def test_derivatives_of_second_order():
    _, layer, x = twins("p4m", 4, {"padding": 1})

    def call(x, weight, bias):
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))

    inputs = (x[:1].requires_grad_(), layer.weight, layer.bias)
    assert torch.autograd.gradgradcheck(call, inputs, fast_mode=True)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("way", sorted(WATCHED.keys() - {"meta", "bfloat16"}))
def test_what_torch_has_to_see_is_lowered(way, monkeypatch):
    lowered, layer, x = twins(*CASES["p4m"])
    lowered, layer, x = lowered.float(), layer.float(), x.float()
    expected = WATCHED[way](lowered, x)
    monkeypatch.setattr("groupconv.nn.conv.streamed_convolution", lambda *_: 1 / 0)
    torch.testing.assert_close(WATCHED[way](layer, x), expected)


def test_what_cannot_be_streamed_says_so():
    with pytest.raises(ArgumentError, match="'streamed' is for layers with groups=1"):
        gc.nn.GroupConv(2, 2, 3, group="p4m", groups=2, evaluation="streamed")


@pytest.mark.parametrize("evaluation", ["fourier", "streamed"])
def test_wide_layers_of_large_groups_need_little_memory(evaluation, monkeypatch):
    monkeypatch.setattr(streamed, "BLOCK_BYTES", 2**21)
    peaks = []
    for way in ("lowered", evaluation):
        layer = gc.nn.GroupConv(8, 8, 3, padding=1, group="Pm-3m", evaluation=way)
        x = torch.randn(1, 8, 48, 4, 4, 4, requires_grad=True)
        layer(x).sum().backward()
        layer.weight.grad = x.grad = None
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as run:
            layer(x).sum().backward()
        held, most = 0, 0
        events = [e for e in run.profiler.kineto_results.events() if e.name() == "[memory]"]
        for event in sorted(events, key=lambda event: event.start_ns()):
            held += event.nbytes()
            most = max(most, held)
        peaks.append(most)
    assert peaks[1] < peaks[0] / 3, peaks
