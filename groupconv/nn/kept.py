"""The planar kernel of a layer that no longer learns, kept until its parameters change."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from groupconv.nn.planes import is_channels_last, is_traced

if TYPE_CHECKING:
    from collections.abc import Callable


class KeptKernel(NamedTuple):
    """What a planar convolution takes, and copies of the parameters that it was made of.

    Parameters are compared entry by entry: nothing else sees every way of changing them, writing
    through `.data` or into shared memory among them. This reads one entry for every `|S|` that
    the convolution reads.
    """

    weight: Tensor
    bias: Tensor | None
    kernel: Tensor
    planar_bias: Tensor | None
    reordered: list[Tensor]  # for inputs in channels_last, once there are any

    @classmethod
    def make(
        cls,
        weight: Tensor,
        bias: Tensor | None,
        kernel: Callable[[], Tensor],
        planar_bias: Callable[[], Tensor | None],
    ) -> KeptKernel:
        """Keep what is made of these parameters, fit for training in any mode."""
        with torch.inference_mode(False), torch.no_grad():
            copies = weight.clone(), None if bias is None else bias.clone()
            return cls(*copies, kernel(), planar_bias(), [])

    def is_of(self, weight: Tensor, bias: Tensor | None) -> bool:
        """Whether the parameters are as they were."""
        if self.weight.dtype != weight.dtype or not torch.equal(self.weight, weight):
            return False
        if self.bias is None or bias is None:
            return self.bias is bias
        return torch.equal(self.bias, bias)

    def kernel_for(self, x: Tensor) -> Tensor:
        """The kernel in the memory format of an input, so that no call has to reorder it."""
        if not is_channels_last(x):
            return self.kernel
        if not self.reordered:
            with torch.inference_mode(False):
                last = self.kernel.movedim(1, -1).contiguous().movedim(-1, 1)
                self.reordered.append(last)
        return self.reordered[0]


def may_keep(weight: Tensor, bias: Tensor | None) -> bool:
    """Whether parameters can be read now, and nothing is differentiated or traced through them.

    Reading one on an accelerator would wait for all that the accelerator still has to do; what
    takes a parameter's place in a transformed function or a sharded module has no entries to read.
    """
    if is_traced():
        return False
    if type(weight) is not nn.Parameter or not weight.is_cpu:
        return False
    if bias is not None and type(bias) is not nn.Parameter:
        return False
    is_learned = weight.requires_grad or (bias is not None and bias.requires_grad)
    return not (is_learned and torch.is_grad_enabled())
