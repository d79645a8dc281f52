"""The filter bank: a gather whose gradient is again a gather.

`index` and `inverse` are the two readings of one table, so expanding parameters and collecting
their gradients are adjoint linear maps; each is the other's derivative, of any order. Neither
scatters, so both are deterministic on every device.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK_ENTRIES = 2**18
MOST_BLOCKS = 16


def filter_bank(
    weight: Tensor,  # shape: (C_out, C_in, P)
    index: Tensor,  # shape: (S_out, L)
    inverse: Tensor,  # shape: (S_out, P, M)
    masked: bool,
    ragged: bool,
) -> Tensor:  # shape: (C_out, S_out, C_in, L)
    """Expand parameters into the bank of all transformed filters.

    Args:
        weight: The parameters, `(C_out, C_in, P)`.
        index: The parameter of each cell, `(S_out, L)`; -1 means zero.
        inverse: The cells of each parameter, `(S_out, P, M)`; -1 fills.
        masked: Whether `index` contains -1.
        ragged: Whether `inverse` contains -1.

    Returns:
        The bank, `(C_out, S_out, C_in, L)`.
    """
    if not (weight.requires_grad and torch.is_grad_enabled()):
        return expand(weight.unsqueeze(1), index, masked)
    bank: Tensor = _Expand.apply(weight, index, inverse, masked, ragged)
    return bank


def expand(
    source: Tensor,  # shape: (A, S or 1, B, P)
    index: Tensor,  # shape: (S, L)
    masked: bool,
) -> Tensor:  # shape: (A, S, B, L)
    """Read the last axis of `(A, S or 1, B, P)` by a table `(S, L)`: `(A, S, B, L)`."""
    A, _, B, P = source.shape
    S, L = index.shape
    readable = index.clamp(min=0) if masked else index
    # gather reads an expanded index without materialising it
    read = source.expand(A, S, B, P).gather(3, readable.view(1, S, 1, L).expand(A, S, B, L))
    return read * (index >= 0).view(1, S, 1, L) if masked else read


def collect(
    bank: Tensor,  # shape: (C_out, S_out, C_in, L)
    inverse: Tensor,  # shape: (S_out, P, M)
    ragged: bool,
) -> Tensor:  # shape: (C_out, C_in, P)
    """For each parameter, the sum over the cells that read it: `(C_out, C_in, P)`.

    It goes through the bank in blocks of output channels, few enough to launch and small enough
    to cache: gathering the whole bank at once would allocate it a second time, and touching that
    fresh memory costs more than the gather itself.
    """
    S, P, M = inverse.shape
    sums = []
    for block in bank.chunk(max(1, min(MOST_BLOCKS, bank.numel() // BLOCK_ENTRIES))):
        read = expand(block, inverse.view(S, P * M), ragged)  # (C, S_out, C_in, P · M)
        sums.append(read.sum(1) if M == 1 else read.view(*read.shape[:-1], P, M).sum((1, -1)))
    return torch.cat(sums) if len(sums) > 1 else sums[0]


def _with_signature(forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Keep the signature, which torch would otherwise derive anew at every call, in 40 µs."""
    forward.__signature__ = inspect.signature(forward)  # type: ignore[attr-defined]
    return forward


class _Reading(torch.autograd.Function):
    """What both directions keep for the other one."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _, index, inverse, ctx.masked, ctx.ragged = inputs
        ctx.save_for_backward(index, inverse)


class _Expand(_Reading):
    """`(C_out, C_in, P)` → `(C_out, S_out, C_in, L)`."""

    @staticmethod
    @_with_signature
    def forward(
        weight: Tensor, index: Tensor, inverse: Tensor, masked: bool, ragged: bool
    ) -> Tensor:
        return expand(weight.unsqueeze(1), index, masked)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        index, inverse = ctx.saved_tensors
        if torch.is_grad_enabled():  # for derivatives of higher order
            collected: Tensor = _Collect.apply(grad, index, inverse, ctx.masked, ctx.ragged)
        else:
            collected = collect(grad, inverse, ctx.ragged)
        return collected, None, None, None, None


class _Collect(_Reading):
    """`(C_out, S_out, C_in, L)` → `(C_out, C_in, P)`, the adjoint of `_Expand`."""

    @staticmethod
    @_with_signature
    def forward(bank: Tensor, index: Tensor, inverse: Tensor, masked: bool, ragged: bool) -> Tensor:
        return collect(bank, inverse, ragged)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        index, inverse = ctx.saved_tensors
        expanded: Tensor = _Expand.apply(grad, index, inverse, ctx.masked, ctx.ragged)
        return expanded, None, None, None, None
