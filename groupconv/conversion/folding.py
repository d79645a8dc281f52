"""Batch norms folded into the convolutions in front of them, as evaluation computes them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from groupconv import nn as group_nn
from groupconv.conversion.building import exchanged
from groupconv.testing.equivariance import evaluating
from groupconv.testing.recording import record

if TYPE_CHECKING:
    from groupconv.testing.examples import Example


def fold_norms(model: nn.Module, example: Example) -> None:
    """Fold every batch norm that alone reads a convolution, each called once; in place.

    The norm becomes an identity.
    """
    with evaluating(model):
        recording = record(model, example)
    steps = recording.steps
    readers = Counter(parent for step in steps for parent in step.parents)
    readers.update(recording.made_outputs)  # what is returned is read as well
    calls = Counter(id(step.call) for step in steps)
    folded: dict[int, nn.Module] = {}
    for step in steps:
        norm, parent = _inner(step.call), step.parents[0]
        if parent is None or parent < 0:
            continue
        conv = _inner(steps[parent].call)
        norm = getattr(norm, "norm", norm) if isinstance(norm, group_nn.BatchNorm) else norm
        is_planar = isinstance(norm, nn.modules.batchnorm._BatchNorm)
        if not is_planar or not _can_fold(conv):
            continue
        is_alone = readers[parent] == calls[id(step.call)] == calls[id(steps[parent].call)] == 1
        fits = norm.num_features == conv.out_channels and norm.track_running_stats
        if is_alone and fits:
            _fold(conv, norm)
            folded[id(step.call)] = nn.Identity()
    exchanged(model, folded)


def _inner(call: Any) -> Any:
    return getattr(call, "layer", call)


def _can_fold(conv: Any) -> bool:
    if isinstance(conv, group_nn.GroupConvTranspose):
        return conv.groups == 1
    return isinstance(conv, group_nn.GroupConv)


@torch.no_grad()
def _fold(conv: Any, norm: Any) -> None:
    """`γ (W x + b - μ) / √(σ² + ε) + β` as one convolution."""
    scale = (norm.running_var + norm.eps).rsqrt()
    if norm.affine:
        scale = scale * norm.weight
    shift = (
        -norm.running_mean * scale if conv.bias is None else (conv.bias - norm.running_mean) * scale
    )
    if norm.affine:
        shift = shift + norm.bias
    axis = 1 if isinstance(conv, group_nn.GroupConvTranspose) else 0
    conv.weight.mul_(scale.unsqueeze(-1) if axis else scale[:, None, None])
    conv.bias = nn.Parameter(shift)
