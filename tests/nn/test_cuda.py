"""On a GPU, every layer computes what it computes on a CPU."""

from __future__ import annotations

import copy
import os
import warnings

import pytest
import torch
from torch import nn

import groupconv as gc
from groupconv.errors import EquivarianceWarning
from tests.support.groups import P4, P4M, P6M
from tests.support.layers import Everything, trained

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")

P432 = gc.group("P432")
EXACT = {"rtol": 1e-10, "atol": 1e-10}


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EquivarianceWarning)
        yield


def results(net, x):
    """Outputs, the gradients of inputs and parameters, and running statistics."""
    xs = [one.requires_grad_() for one in (x if isinstance(x, list) else [x])]
    y = net(x)
    ys = y if isinstance(y, list) else [y]
    generator = torch.Generator().manual_seed(0)
    loss = sum(
        (torch.randn(one.shape, dtype=one.dtype, generator=generator).to(one.device) * one).sum()
        for one in ys
    )
    grads = torch.autograd.grad(loss, [*xs, *net.parameters()])
    return [one.detach().cpu() for one in (*ys, *grads, *net.buffers())]


def same_on_both(net, x, **tolerance):
    there = copy.deepcopy(net).cuda()
    moved = [one.cuda() for one in x] if isinstance(x, list) else x.cuda()
    torch.testing.assert_close(results(there, moved), results(net, x), **tolerance or EXACT)


@pytest.mark.usefixtures("any_bank")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("group", [P4M, P6M, P432], ids=lambda group: group.name)
def test_every_layer(group, training):
    net = Everything(group).double().train(training)
    for module in net.modules():
        if isinstance(module, gc.nn.ChannelDropout):
            module.eval()
    same_on_both(net, [x.double() for x in net.inputs])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "norm",
    [gc.nn.BatchNorm(4), gc.nn.GroupNorm(2, 4), gc.nn.InstanceNorm(4), gc.layers(P4M).LayerNorm(4)],
    ids=lambda norm: type(norm).__name__,
)
def test_norms_in_channels_last(norm, training):
    norm = trained(norm).double().train(training)
    x = torch.randn(3, 5, 5, 4, 8, dtype=torch.float64).movedim((-2, -1), (1, 2))
    same_on_both(norm, x)


def test_batch_norm_of_a_contiguous_map_by_planes(monkeypatch):
    monkeypatch.setattr("groupconv.nn.channels_last.LEAST_ENTRIES", 0)
    norm = trained(gc.nn.BatchNorm(4)).double()
    same_on_both(norm, torch.randn(3, 4, 8, 5, 5, dtype=torch.float64))
    same_on_both(norm, torch.randn(3, 4, 2, 9, dtype=torch.float64))


def test_batch_norm_in_half_precision():
    norm, x = trained(gc.nn.BatchNorm(4)).cuda(), torch.randn(3, 5, 5, 4, 8, device="cuda")
    x = x.movedim((-2, -1), (1, 2))
    half = copy.deepcopy(norm)(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert half.stride() == x.stride()
    torch.testing.assert_close(half.float(), norm(x), rtol=0.02, atol=0.05)


def test_batch_norm_can_be_differentiated_twice():
    norm = trained(gc.nn.BatchNorm(2)).double().cuda()
    x = torch.randn(2, 2, 2, 2, 4, dtype=torch.float64, device="cuda").movedim((-2, -1), (1, 2))
    assert torch.autograd.gradcheck(norm, x.requires_grad_())
    assert torch.autograd.gradgradcheck(norm, x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("evaluation", ["fourier", "streamed"])
@pytest.mark.parametrize("group", [P4M, P6M, P432], ids=lambda group: group.name)
def test_evaluations(group, evaluation, dtype):
    size = (7,) * group.dimension
    layer = gc.nn.GroupConv(8, 4, 3, padding=1, group=group, evaluation=evaluation, dtype=dtype)
    x = torch.randn(2, 8, group.order, *size, dtype=dtype)
    if evaluation == "fourier":
        assert layer.cuda().uses_fourier(x.cuda())
        layer.cpu()
    tolerance = EXACT if dtype == torch.float64 else {"rtol": 1e-4, "atol": 1e-3}
    same_on_both(layer, x, **tolerance)


def test_changed_weights_are_seen_in_evaluation():
    layer = gc.nn.GroupConv(2, 2, 3, group=P4M).cuda().eval()
    x = torch.randn(1, 2, 8, 7, 7, device="cuda")
    with torch.no_grad():
        before = layer(x)
        layer.weight.data.mul_(2)
        layer.bias.data.mul_(2)
        torch.testing.assert_close(layer(x), 2 * before)


def test_tables_follow_a_parameter():
    layer = gc.nn.GroupConv(2, 2, 3, group=P4M)
    layer.weight, layer.bias = (nn.Parameter(p.detach().cuda()) for p in layer.parameters())
    assert layer(torch.randn(1, 2, 8, 7, 7, device="cuda")).is_cuda


def test_autocast():
    layer = gc.nn.GroupConv(4, 4, 3, group=P4M).cuda()
    x = torch.randn(2, 4, 8, 9, 9, device="cuda")
    with torch.autocast("cuda", torch.bfloat16):
        y = layer(x)
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), layer(x), rtol=0.05, atol=0.05)


def test_compiled_and_as_a_graph():
    net = gc.models.P4CNN(group=P4, channels=4).cuda().eval()
    x = torch.randn(4, 1, 28, 28, device="cuda")
    with torch.no_grad():
        expected = net(x)
        torch.testing.assert_close(
            torch.compile(net, fullgraph=True)(x), expected, rtol=1e-3, atol=1e-3
        )
    graphed = torch.cuda.make_graphed_callables(copy.deepcopy(net), (x,))
    torch.testing.assert_close(graphed(x), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.usefixtures("any_bank")
def test_gradients_are_equal_bit_for_bit():
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.use_deterministic_algorithms(True)
    try:
        layer = gc.nn.GroupConv(8, 8, 3, padding=1, group=P4M).cuda()
        x = torch.randn(8, 8, 8, 9, 9, device="cuda")
        first = results(layer, x)
        for _ in range(5):
            assert all(map(torch.equal, results(layer, x), first))
    finally:
        torch.use_deterministic_algorithms(False)


def test_training_reaches_the_same_weights():
    net, x = gc.models.P4CNN(group=P4, channels=2).double(), torch.randn(8, 1, 28, 28).double()
    nets, labels = (net, copy.deepcopy(net).cuda()), torch.arange(8)
    for one in nets:
        optimizer, device = torch.optim.SGD(one.parameters(), lr=0.1), next(one.parameters()).device
        for module in one.modules():
            if isinstance(module, gc.nn.ChannelDropout):
                module.eval()
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(one(x.to(device)), labels.to(device)).backward()
            optimizer.step()
    mine, theirs = (list(one.cpu().state_dict().values()) for one in nets)
    torch.testing.assert_close(mine, theirs, rtol=1e-7, atol=1e-7)


def test_conversion_and_diagnosis():
    planar = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(16, 10),
    ).cuda()  # fmt: skip
    x = torch.randn(4, 1, 15, 15, device="cuda")
    net, report = gc.convert(planar, P4, example=x)
    assert report.error < 1e-4
    assert gc.testing.diagnose(net.cuda(), x, group=P4).culprit is None
