"""The kernel that evaluation keeps: always that of the parameters as they are."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

import groupconv as gc
from tests.support.groups import P4, P4M


@pytest.fixture
def layer():
    layer = gc.nn.GroupConv(2, 2, 3, group=P4).eval()
    with torch.no_grad():
        layer(SAMPLE)
    assert layer._kept is not None
    return layer


SAMPLE = torch.randn(1, 2, 4, 5, 5, generator=torch.Generator().manual_seed(0))


def train(layer):
    optimizer = torch.optim.Adam(layer.parameters())
    layer.train()(SAMPLE).square().sum().backward()
    optimizer.step()
    layer.eval()


def step_in_evaluation(layer):
    layer(SAMPLE).square().sum().backward()
    torch.optim.SGD(layer.parameters(), lr=0.1).step()


def assign_state(layer):
    state = {name: torch.randn_like(value) for name, value in layer.state_dict().items()}
    layer.load_state_dict(state, assign=True)


def average(layer):
    ema = torch.optim.swa_utils.AveragedModel(copy.deepcopy(layer))
    train(layer)
    ema.update_parameters(layer)
    layer.load_state_dict(ema.module.state_dict())


def shared_memory(layer):
    layer.weight.detach().numpy()[:] = 1


CHANGES = {
    "an optimizer's step": train,
    "a step in evaluation": step_in_evaluation,
    "load_state_dict": lambda layer: layer.load_state_dict(
        gc.nn.GroupConv(2, 2, 3, group=P4).state_dict()
    ),
    "load_state_dict(assign=True)": assign_state,
    "in place": lambda layer: nn.init.ones_(layer.weight),
    "the bias in place": lambda layer: nn.init.ones_(layer.bias),
    "writing to .data": lambda layer: layer.weight.data.mul_(2),
    "writing to the bias's .data": lambda layer: layer.bias.data.add_(2),
    "assigning .data": lambda layer: setattr(layer.weight, "data", layer.weight.data * 2),
    "through numpy": shared_memory,
    "a new Parameter": lambda layer: setattr(layer, "weight", nn.Parameter(layer.weight * 2)),
    "no bias": lambda layer: setattr(layer, "bias", None),
    "another type": lambda layer: layer.double(),
    "another type by .data": lambda layer: setattr(layer.weight, "data", layer.weight.double()),
    "weight norm": lambda layer: nn.init.ones_(
        parametrizations.weight_norm(layer).parametrizations.weight.original0
    ),
    "spectral norm": parametrizations.spectral_norm,
    "a parametrization removed": lambda layer: parametrize.remove_parametrizations(
        parametrizations.weight_norm(layer), "weight", leave_parametrized=True
    ),
    "pruning": lambda layer: prune.random_unstructured(layer, "weight", 0.5),
    "pruning made final": lambda layer: prune.remove(
        prune.random_unstructured(layer, "weight", 0.5), "weight"
    ),
    "parameters as one vector": lambda layer: nn.utils.vector_to_parameters(
        torch.ones(sum(p.numel() for p in layer.parameters())), layer.parameters()
    ),
    "a moving average": average,
    "weight norm of the bias": lambda layer: nn.init.ones_(
        parametrizations.weight_norm(layer, "bias").parametrizations.bias.original0
    ),
    "not a number": lambda layer: nn.init.constant_(layer.weight, float("nan")),
}


def recomputed(layer, x):
    """What a layer that never kept anything computes."""
    return torch.nn.functional.conv2d(
        x.flatten(1, 2), layer.planar_weight(), layer.planar_bias()
    ).unflatten(1, (2, 4))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_follows_every_change(layer, change):
    change(layer)
    x = SAMPLE
    with torch.no_grad():
        if any(p.dtype == torch.float64 for p in layer.parameters()):
            layer, x = layer.double(), x.double()
        for _ in range(2):
            torch.testing.assert_close(
                layer(x), recomputed(layer, x), rtol=0, atol=0, equal_nan=True
            )


def test_it_is_made_once(layer):
    kept = layer._kept
    with torch.no_grad():
        layer(SAMPLE)
        assert layer._kept is kept
        layer.weight.data[0, 0, 0] += 1
        layer(SAMPLE)
        assert layer._kept is not kept


def test_another_type_of_equal_values(layer):
    nn.init.ones_(layer.weight)
    layer.bias = None
    with torch.no_grad():
        layer(SAMPLE)
        layer.weight.data = layer.weight.data.double()
        assert layer(SAMPLE.double()).dtype == torch.float64


@pytest.mark.parametrize("group", [P4, gc.group("P4")], ids=lambda group: group.name)
def test_the_kernel_has_the_format_of_the_input(group):
    layer = gc.nn.GroupConv(2, 2, 3, group=group).eval()
    x = torch.randn(1, 2, 4, *[5] * group.dimension)
    last = torch.channels_last if group.dimension == 2 else torch.channels_last_3d
    planes = x.flatten(1, 2).contiguous(memory_format=last)
    with torch.no_grad():
        expected = layer(x)
        assert expected.is_contiguous()
        for _ in range(2):
            y = layer(planes.unflatten(1, (2, 4)))
            torch.testing.assert_close(y, expected)
            assert group.dimension == 3 or y.flatten(1, 2).is_contiguous(memory_format=last)
    (reordered,) = layer._kept.reordered
    assert reordered.is_contiguous(memory_format=last)


def test_functional_call_has_parameters_of_its_own(layer):
    with torch.no_grad():
        before = layer(SAMPLE)
        for wrap in (torch.Tensor, nn.Parameter):
            values = {name: wrap(2 * value) for name, value in layer.named_parameters()}
            torch.testing.assert_close(
                torch.func.functional_call(layer, values, (SAMPLE,)), 2 * before
            )
            assert torch.equal(layer(SAMPLE), before)


def test_ensembles_of_parameters(layer):
    """`vmap` over stacked parameters, of layers in evaluation."""
    layers = [layer, gc.nn.GroupConv(2, 2, 3, group=P4).eval()]
    stacked, _ = torch.func.stack_module_state(layers)

    def run(values):
        return torch.func.functional_call(layer, values, (SAMPLE,))

    with torch.no_grad():
        kept = layer._kept
        together = torch.func.vmap(run)(stacked)
        for name, values in stacked.items():
            each = torch.func.vmap(run)({name: values})
            torch.testing.assert_close(each[0], layer(SAMPLE))
        assert layer._kept is kept
        torch.testing.assert_close(together, torch.stack([each(SAMPLE) for each in layers]))
        mapped = torch.func.vmap(layer)(SAMPLE.expand(3, *SAMPLE.shape))
        torch.testing.assert_close(mapped[1], layer(SAMPLE))


def test_gradients_in_evaluation(layer):
    """They reach the parameters, and the input of frozen ones, whatever was kept before."""
    for learned, frozen in ((layer.weight, layer.bias), (layer.bias, layer.weight)):
        learned.requires_grad_(True)
        frozen.requires_grad_(False)
        layer(SAMPLE).sum().backward()
        assert learned.grad.abs().sum() > 0
    layer.requires_grad_(False)
    with torch.inference_mode():
        layer.weight.data.mul_(2)
        layer(SAMPLE)  # keeps a kernel
    x = SAMPLE.clone().requires_grad_()
    layer(x).sum().backward()
    assert x.grad.abs().sum() > 0
    _, slope = torch.func.jvp(layer, (SAMPLE,), (SAMPLE,))
    linear = layer(SAMPLE) - layer(torch.zeros_like(SAMPLE))
    torch.testing.assert_close(slope, linear)


def test_nothing_of_it_is_copied_or_saved(layer):
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert copy.deepcopy(layer)._kept is None
    assert pickle.loads(pickle.dumps(layer))._kept is None
    fresh, file = gc.nn.GroupConv(2, 2, 3, group=P4).eval(), io.BytesIO()
    assert len(pickle.dumps(layer)) == len(pickle.dumps(fresh))
    torch.save(layer, file)
    assert layer.train()._kept is None
    with torch.no_grad():
        layer(SAMPLE)
        assert layer._kept is None
        layer.eval()(SAMPLE)
    assert layer.double()._kept is None


def test_a_weight_of_another_shape_is_refused(any_bank):
    layer = gc.nn.GroupConv(2, 4, 3, group=P4M)
    layer.weight = nn.Parameter(torch.randn(4, 4, 72))
    x = torch.randn(1, 2, 8, 5, 5)
    last = x.flatten(1, 2).contiguous(memory_format=torch.channels_last).unflatten(1, (2, 8))
    for given in (x, last):
        with pytest.raises(
            gc.errors.ShapeError, match=r"\(4, 4, 72\), and this layer \(4, 2, 72\)"
        ):
            layer(given)
