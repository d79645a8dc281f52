"""A group convolution block by block of output channels, so that its bank is never held whole.

The expanded bank of a layer between maps of 48 planes is 48² times as large as that of a planar
layer of as many channels. Here each block of it is made, used and forgotten, and made once more
for the gradients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from groupconv.nn.higher_order import gradients_of

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK_BYTES = 2**24
"""About how much of a bank is made at a time; the bank of one output channel at least."""


class Lowered(NamedTuple):
    """A lowered layer: how it expands some rows of its weight, and the planar convolution."""

    expand: Callable[[Tensor], Tensor]
    convolve: Callable[..., Tensor]
    sizes: tuple[Any, ...]  # stride, padding, dilation, groups

    def __call__(self, x: Tensor, weight: Tensor) -> Tensor:
        """The convolution of planar channels with some rows of the weight, without bias."""
        return self.convolve(x, self.expand(weight), None, *self.sizes)


def streamed_convolution(
    x: Tensor,  # shape: (B, C_in · S_in, *spatial)
    weight: Tensor,  # shape: (C_out, C_in, P)
    bias: Tensor | None,  # shape: (C_out · S_out,)
    channel_bytes: int,
    lowered: Lowered,
) -> Tensor:  # shape: (B, C_out · S_out, *out)
    """A convolution with `groups=1`, some output channels at a time.

    Args:
        x: The input.
        weight: The parameters.
        bias: One entry per plane.
        channel_bytes: The size of the bank of one output channel.
        lowered: The layer.
    """
    y: Tensor = _Streamed.apply(x, weight, max(1, BLOCK_BYTES // channel_bytes), lowered)
    return y if bias is None else y + bias.view(-1, *[1] * (y.ndim - 2))


class _Streamed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, rows: int, lowered: Lowered) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.rows, ctx.lowered = rows, lowered
        return torch.cat([lowered(x, block) for block in weight.split(rows)], 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        needs_x, needs_weight = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled():
            return *gradients_of(ctx.lowered, x, weight, grad, (needs_x, needs_weight)), None, None
        stride, padding, dilation, groups = ctx.lowered.sizes
        rest = stride, padding, dilation, False, [0] * len(stride), groups
        dx, dw = torch.zeros_like(x) if needs_x else None, []
        planes = grad.shape[1] // len(weight)
        for block, of_y in zip(
            weight.split(ctx.rows), grad.split(ctx.rows * planes, 1), strict=True
        ):
            block = block.detach().requires_grad_(needs_weight)
            with torch.enable_grad():
                bank = ctx.lowered.expand(block)
            of_x, of_bank, _ = torch.ops.aten.convolution_backward(
                of_y, x, bank.detach(), None, *rest, [needs_x, needs_weight, False]
            )
            if dx is not None:
                dx += of_x
            if needs_weight:
                dw += torch.autograd.grad(bank, block, of_bank)
        return dx, torch.cat(dw) if dw else None, None, None
