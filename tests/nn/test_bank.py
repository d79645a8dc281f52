"""The gather and its gradients."""

from __future__ import annotations

import pytest
import torch

import groupconv as gc
from groupconv.nn.bank import bank_tables, filter_bank
from tests.support.groups import P4, P4M, P6M

CASES = [
    (P4, 3, "lattice", "group"),
    (P4, 3, "group", "group"),
    (P4M, 2, "group", "lattice"),
    (P4, 3, "lattice", "lattice"),  # orbits of unequal size
    (P6M, 3, "lattice", "group"),  # masked cells
    (P6M, 3, "lattice", "lattice"),  # both
]


def bank_of(transform):
    def bank(weight):
        rows, columns, _ = weight.shape
        tables = bank_tables(transform, rows, columns, weight.device)
        flags = {"masked": transform.is_masked, "ragged": transform.is_ragged}
        S_out, S_in, *kernel = transform.index.shape
        shape = rows * S_out, columns * S_in, *kernel
        return filter_bank(weight, *tables, shape, **flags).view(rows, S_out, columns, -1)

    return bank


def naive_bank(transform, weight):
    index = torch.tensor(transform.index).flatten(1)
    padded = torch.cat([weight, torch.zeros_like(weight[..., :1])], dim=-1)
    return padded[..., index].transpose(1, 2)  # (C_out, S_out, C_in, L); -1 reads the zero


@pytest.mark.usefixtures("any_bank")
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0].name}-{c[2]}-{c[3]}")
class TestBank:
    def test_it_reads_the_table(self, case):
        transform = gc.filter_transform(*case)
        weight = torch.randn(2, 3, transform.num_parameters)
        torch.testing.assert_close(bank_of(transform)(weight), naive_bank(transform, weight))

    def test_gradients_of_first_and_second_order(self, case):
        transform = gc.filter_transform(*case)
        bank = bank_of(transform)
        weight = torch.randn(1, 2, transform.num_parameters, dtype=torch.float64)
        weight.requires_grad_()
        assert torch.autograd.gradcheck(
            bank, weight, check_forward_ad=True, check_batched_grad=True
        )
        assert torch.autograd.gradgradcheck(
            lambda w: bank(w).square(), weight, check_fwd_over_rev=True
        )

    def test_gradient_equals_that_of_indexing(self, case):
        transform = gc.filter_transform(*case)
        weight = torch.randn(2, 3, transform.num_parameters, dtype=torch.float64)
        ours, theirs = weight.clone().requires_grad_(), weight.clone().requires_grad_()
        ours_bank, theirs_bank = bank_of(transform)(ours), naive_bank(transform, theirs)
        factor = torch.randn_like(ours_bank)
        (ours_bank * factor).sum().backward()
        (theirs_bank * factor).sum().backward()
        torch.testing.assert_close(ours.grad, theirs.grad)

    def test_function_transforms(self, case):
        transform = gc.filter_transform(*case)
        bank = bank_of(transform)
        weights = torch.randn(4, 2, 1, transform.num_parameters)
        batched = torch.func.vmap(bank)(weights)
        torch.testing.assert_close(batched, torch.stack([bank(w) for w in weights]))
        gradient = torch.func.vmap(torch.func.grad(lambda w: bank(w).square().sum()))(weights)
        single = torch.func.grad(lambda w: bank(w).square().sum())(weights[2])
        torch.testing.assert_close(gradient[2], single)


def test_layers_pass_gradcheck(any_bank):
    conv = gc.nn.GroupConv(1, 1, 3, group=P4, dtype=torch.float64)
    x = torch.randn(1, 1, 4, 4, 4, dtype=torch.float64, requires_grad=True)

    def run(x, weight, bias):
        return torch.func.functional_call(conv, {"weight": weight, "bias": bias}, (x,))

    assert torch.autograd.gradcheck(run, (x, conv.weight, conv.bias))


def test_the_gradient_is_deterministic(any_bank):
    torch.use_deterministic_algorithms(True)
    try:
        conv = gc.nn.GroupConv(3, 3, 3, group=P4M)
        x = torch.randn(2, 3, 8, 6, 6)
        grads = []
        for _ in range(2):
            conv.zero_grad()
            conv(x).square().sum().backward()
            grads.append(conv.weight.grad.clone())
        assert torch.equal(*grads)
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("make", [gc.nn.GroupConv, gc.nn.GroupConvTranspose])
@pytest.mark.parametrize("group", [P4M, P6M, gc.group("P4")], ids=lambda group: group.name)
@pytest.mark.parametrize("quotient", [False, True], ids=["group", "quotient"])
def test_training_in_channels_last(make, group, quotient, monkeypatch):
    """It has the same results and gradients, and no bank is reordered."""
    monkeypatch.setattr("groupconv.nn.bank.SMALL_BANK", 0)
    spaces = dict.fromkeys(("in_space", "out_space"), group.subgroup(2)) if quotient else {}
    layer = make(4, 4, 3, padding=1, groups=2, group=group, **spaces)
    planes = layer.in_space.index
    x = torch.randn(2, 4, planes, *[5] * group.dimension)
    flat = x.flatten(1, 2)
    last = flat.movedim(1, -1).contiguous().movedim(-1, 1)
    results = []
    for given in (flat, last):
        layer.zero_grad()
        y = layer(given.unflatten(1, (4, planes)))
        y.square().sum().backward()
        results.append((y, layer.weight.grad.clone(), layer.bias.grad.clone()))
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-4)
    if group.dimension == 2:
        assert results[1][0].flatten(1, 2).is_contiguous(memory_format=torch.channels_last)
    kernel = layer._learned_weight(last)
    assert torch.equal(kernel, layer.planar_weight())
    assert kernel.stride(1) == 1
