"""Maps whose planes are the innermost axis keep that order, and every value, through norms."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import groupconv as gc

NORMS = {
    "batch norm": lambda: gc.nn.BatchNorm(3),
    "without a scale": lambda: gc.nn.BatchNorm(3, affine=False),
    "without running statistics": lambda: gc.nn.BatchNorm(3, track_running_stats=False),
    "with a plain average": lambda: gc.nn.BatchNorm(3, momentum=None),
    "one group": lambda: gc.nn.GroupNorm(1, 3),
    "a group for each channel": lambda: gc.nn.GroupNorm(3, 3),
    "instance norm": lambda: gc.nn.InstanceNorm(3),
    "with a scale": lambda: gc.nn.InstanceNorm(3, affine=True),
}
MAPS = {"p4": (4, 3, 4, 5, 5), "z2": (4, 3, 5, 5), "P2": (4, 3, 2, 3, 3, 3)}
DIMENSIONS = {"p4": 2, "z2": 2, "P2": 3}
FORMATS = {2: torch.channels_last, 3: torch.channels_last_3d}


def innermost(x, d):
    """The same map with its planes innermost."""
    planes = x.flatten(1, 2) if x.ndim == d + 3 else x
    return planes.contiguous(memory_format=FORMATS[d]).view(x.shape)


def is_innermost(x, d):
    planes = x.flatten(1, 2) if x.ndim == d + 3 else x
    return planes.is_contiguous(memory_format=FORMATS[d]) and not x.is_contiguous()


def twins(kind, **options):
    """Two copies of a norm with parameters that are not its first ones."""
    norm = NORMS[kind]().to(**options)
    for parameter in norm.parameters():
        nn.init.uniform_(parameter, 0.5, 2)
    return norm, copy.deepcopy(norm)


@pytest.mark.parametrize("group", MAPS)
@pytest.mark.parametrize("kind", NORMS)
def test_norms_keep_the_order_and_agree(kind, group):
    expected, found = twins(kind, dtype=torch.float64)
    d, options = DIMENSIONS[group], {"dtype": torch.float64}
    for _ in range(3):
        x, grad = torch.randn(MAPS[group], **options) + 0.5, torch.randn(MAPS[group], **options)
        one, other = x.requires_grad_(), innermost(x.detach(), d).requires_grad_()
        y, z = expected(one), found(other)
        assert is_innermost(z, d)
        torch.testing.assert_close(z, y)
        y.backward(grad)
        z.backward(innermost(grad, d))
        torch.testing.assert_close(other.grad, one.grad)
    for p, q in zip(expected.parameters(), found.parameters(), strict=True):
        torch.testing.assert_close(q.grad, p.grad)
    assert found.state_dict().keys() == expected.state_dict().keys()
    torch.testing.assert_close(found.state_dict(), expected.state_dict())
    y, z = expected.eval()(x), found.eval()(innermost(x, d))
    assert is_innermost(z, d)
    torch.testing.assert_close(z, y)


def test_a_network_keeps_the_order():
    p4 = gc.nn.layers("p4")
    net = nn.Sequential(
        p4.LiftingConv(2, 4, 3, padding=1), p4.BatchNorm(4), nn.ReLU(), p4.MaxPool(2),
        p4.GroupConv(4, 4, 3, padding=1), p4.GroupNorm(2, 4), nn.GELU(),
        p4.GroupConv(4, 4, 1), p4.InstanceNorm(4), p4.ChannelDropout(0.0),
    )  # fmt: skip
    x = torch.randn(2, 2, 8, 8)
    y = net(x.contiguous(memory_format=torch.channels_last))
    assert is_innermost(y, 2)
    torch.testing.assert_close(y, net(x), rtol=1e-4, atol=1e-5)


def test_batch_norm_can_be_differentiated_twice():
    norm, _ = twins("without running statistics", dtype=torch.float64)
    x = innermost(torch.randn(2, 3, 4, 3, 3, dtype=torch.float64), 2).requires_grad_()
    weight, bias = (torch.rand(3, dtype=torch.float64, requires_grad=True) for _ in "wb")

    def call(x, weight, bias):
        parameters = {"norm.weight": weight, "norm.bias": bias}
        return torch.func.functional_call(norm, parameters, (x,))

    assert torch.autograd.gradcheck(call, (x, weight, bias))
    assert torch.autograd.gradgradcheck(call, (x, weight, bias))
    y = call(x, weight, bias)
    once, again = (
        torch.autograd.grad(y.square().sum(), (x, weight, bias), create_graph=is_again)
        for is_again in (True, False)
    )
    torch.testing.assert_close(again, once)
    x = x.detach()
    tangent = (torch.randn_like(x),)
    found, expected = (
        torch.func.jvp(lambda x: call(x, weight, bias), (x,), tangent) for x in (x, x.contiguous())
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("kind", ["batch norm", "one group", "with a scale"])
def test_norms_learn_on_what_needs_no_gradient(kind):
    expected, found = twins(kind)
    x = torch.randn(MAPS["p4"])
    expected(x).square().sum().backward()
    found(innermost(x, 2)).square().sum().backward()
    for p, q in zip(expected.parameters(), found.parameters(), strict=True):
        torch.testing.assert_close(q.grad, p.grad)
    assert not found.requires_grad_(False)(innermost(x, 2)).requires_grad


@pytest.mark.parametrize("kind", ["batch norm", "one group", "instance norm"])
def test_norms_are_exact_far_from_zero(kind):
    expected, found = twins(kind, dtype=torch.float64)
    x = torch.randn(8, 3, 4, 16, 16) + 1000
    y, z = expected(x.double()), found.float()(innermost(x, 2))
    torch.testing.assert_close(z.double(), y, rtol=1e-3, atol=1e-3)
    statistics = dict(expected.named_buffers())
    for name, kept in found.named_buffers():
        torch.testing.assert_close(kept.to(statistics[name]), statistics[name], rtol=1e-4, atol=0)


@pytest.mark.parametrize("kind", ["batch norm", "one group"])
def test_norms_learn_on_what_inference_made(kind):
    norm, _ = twins(kind)
    with torch.inference_mode():
        x = innermost(torch.randn(MAPS["p4"]), 2)
    norm(x).square().sum().backward()
    assert norm.norm.weight.grad.abs().sum() > 0


def test_half_of_it_learned():
    norm, _ = twins("batch norm")
    norm.norm.weight.requires_grad_(False)
    x = innermost(torch.randn(2, 3, 4, 3, 3), 2)
    norm(x).sum().backward()
    assert norm.norm.weight.grad is None
    torch.testing.assert_close(norm.norm.bias.grad, torch.full((3,), 2.0 * 4 * 9))


@pytest.mark.parametrize("offset", [1, 20])
@pytest.mark.parametrize("kind", ["batch norm", "without a scale"])
def test_half_precision_counts_in_single(kind, offset):
    expected, found = twins(kind)
    x = (torch.randn(8, 3, 4, 9, 9) + offset).bfloat16()
    other = innermost(x, 2).requires_grad_()
    y, z = expected(x.float()), found(other)
    assert z.dtype == torch.bfloat16
    torch.testing.assert_close(z.float(), y, rtol=0.02, atol=0.02)
    z.sum().backward()
    assert other.grad.dtype == torch.bfloat16
    torch.testing.assert_close(found.norm.running_var, expected.norm.running_var)


def test_other_norms_are_called_themselves():
    net = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(gc.nn.BatchNorm(3))).eval()
    calls = []
    net[0].norm.register_forward_hook(lambda *call: calls.append(call))
    x = torch.randn(2, 3, 4, 5, 5)
    torch.testing.assert_close(net(innermost(x, 2)), net(x))
    assert len(calls) == 2
