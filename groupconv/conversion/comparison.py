"""A converted network beside the planar one: where its code cuts channels, and what it computes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from groupconv.errors import ConversionError, EquivarianceWarning, GroupConvError
from groupconv.nn.functional import act
from groupconv.testing.causes import CROPPING
from groupconv.testing.equivariance import evaluating
from groupconv.testing.recording import record

if TYPE_CHECKING:
    from torch import nn

    from groupconv.algebra import SplitGroup
    from groupconv.testing.examples import Example
    from groupconv.testing.recording import Step


def require_same_cuts(
    planar: nn.Module, converted: nn.Module, example: Example, group: SplitGroup
) -> None:
    """Refuse code that cuts a fixed number of channels, which has another meaning on the group.

    Raises:
        ConversionError: a slice keeps another share of the channels than in the planar network.
    """
    one, two = (_cuts(net, example) for net in (planar, converted))
    for before, after in zip(one, two, strict=False):
        axes = min(before.output.ndim, after.output.ndim)
        for axis in range(1, axes):
            (n, m), (own_n, own_m) = (
                (step.inputs[0].shape[axis], step.output.shape[axis]) for step in (before, after)
            )
            is_channel = n != own_n and m != n
            if is_channel and abs(own_m - m * own_n / n) > group.order:
                raise ConversionError(
                    f"{after.line} keeps {own_m} of {own_n} channels and planes where the planar "
                    f"network keeps {m} of {n}: it has a fixed number of channels; read it off the "
                    f"tensor, as x.chunk(2, 1) does",
                    after.path,
                )


def _cuts(net: nn.Module, example: Example) -> list[Step]:
    with evaluating(net), warnings.catch_warnings():
        warnings.simplefilter("ignore", EquivarianceWarning)
        steps = record(net, example).steps
    cutting = (step for step in steps if not step.is_module and CROPPING.match(step.name))
    return [step for step in cutting if step.inputs[0].ndim == step.output.ndim]


def deviation_from(
    planar: nn.Module, converted: nn.Module, example: Example, group: SplitGroup, pool: str
) -> float | None:
    """How far a converted network is from the planar one over all moved inputs, relative to it.

    None where an output is not a map or an invariant, so that it cannot be moved back.
    """
    runs = []
    with evaluating(planar), evaluating(converted):
        found = _tensors(example.copied().run(converted))
        for g in map(group.element, range(group.order)):
            moved = example.moved(group.inverse(g), group)
            outputs = _tensors(moved.copied().run(planar))
            try:
                back = [act(y, g, group, "lattice") if y.ndim > 2 else y for y in outputs]
            except GroupConvError:
                return None
            runs.append(back)
    errors = []
    for own, answers in zip(found, zip(*runs, strict=True), strict=True):
        stacked = torch.stack(answers)
        expected = stacked.amax(0) if pool == "max" else stacked.mean(0)
        if expected.shape != own.shape:
            return None
        scale = expected.abs().max().item() or 1.0
        errors.append((own - expected).abs().max().item() / scale)
    return max(errors, default=None)


def _tensors(output: object) -> list[Tensor]:
    leaves = tree_leaves(output)
    return [y for y in leaves if isinstance(y, Tensor) and y.is_floating_point()]
