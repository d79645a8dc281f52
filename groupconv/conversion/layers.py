"""Layers of a group between tensors whose planes lie in the channels: `(B, C·S, *spatial)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from groupconv.nn import GroupConv


class OnPlanes(nn.Module):
    """A layer of a group whose maps lie flattened, channel-major, on the channel axis.

    Args:
        layer: A layer that takes `(B, C, S, *spatial)`.
        planes: The number of planes `S` of its input; 1 on the lattice.

    Shapes:
        Input `(B, C_in · S_in, *spatial)`, output `(B, C_out · S_out, *spatial)`.

    Examples:
        >>> import torch, groupconv as gc
        >>> conv = OnPlanes(gc.nn.GroupConv(2, 3, 3, group="p4"), 4)
        >>> conv(torch.zeros(1, 8, 5, 5)).shape
        torch.Size([1, 12, 3, 3])
    """

    def __init__(self, layer: nn.Module, planes: int) -> None:
        super().__init__()
        self.layer, self.planes = layer, planes

    def forward(self, x: Tensor) -> Tensor:
        """Split the planes off, and put those of the output back."""
        y: Tensor = self.layer(x if self.planes == 1 else x.unflatten(1, (-1, self.planes)))
        return y.flatten(1, 2) if y.ndim > x.ndim else y

    def extra_repr(self) -> str:
        """The planes."""
        return f"planes={self.planes}"


class FlatLinear(nn.Module):
    """A linear layer on the last axis, which holds a map of the group: a convolution that fits it.

    The axis holds the channels and planes of one place, or a map that was flattened whole: then the
    layer's kernel is as large as the map.

    Args:
        layer: The convolution.
        is_pooled: Whether to take the maximum over the planes of its output.

    Shapes:
        Input `(…, C_in · S_in · cells)`, output `(…, C_out · S_out)`, or `(…, C_out)` if pooled.

    Examples:
        >>> import torch, groupconv as gc
        >>> linear = FlatLinear(gc.nn.GroupConv(2, 3, 5, group="p4", out_space="lattice"))
        >>> linear(torch.zeros(1, 2 * 4 * 5 * 5)).shape
        torch.Size([1, 3])
    """

    def __init__(self, layer: GroupConv, *, is_pooled: bool = False) -> None:
        super().__init__()
        self.layer, self.is_pooled = layer, is_pooled

    def forward(self, x: Tensor) -> Tensor:
        """Multiply with the expanded bank."""
        y = F.linear(x, self.layer.planar_weight().flatten(1), self.layer.planar_bias())
        return y.unflatten(-1, (self.layer.out_channels, -1)).amax(-1) if self.is_pooled else y

    def extra_repr(self) -> str:
        """Whether it pools."""
        return "is_pooled=True" if self.is_pooled else ""


class OnePlane(nn.Module):
    """A planar module applied to every plane for itself, as a batch of planar maps.

    Args:
        module: The module.
        planes: The number of planes `S`.
        axis: The axis of the channels.

    Examples:
        >>> import torch
        >>> OnePlane(nn.GroupNorm(1, 6), 4)(torch.zeros(2, 24, 5, 5)).shape
        torch.Size([2, 24, 5, 5])
    """

    def __init__(self, module: nn.Module, planes: int, axis: int = 1) -> None:
        super().__init__()
        self.module, self.planes, self.axis = module, planes, axis

    def forward(self, x: Tensor) -> Tensor:
        """Take the planes for images."""
        axis = self.axis % x.ndim
        planes = x.unflatten(axis, (-1, self.planes)).movedim(axis + 1, 0)
        y: Tensor = self.module(planes.flatten(0, 1)).unflatten(0, planes.shape[:2])
        return y.movedim(0, axis + 1).flatten(axis, axis + 1)

    def extra_repr(self) -> str:
        """The planes."""
        return f"planes={self.planes}"


class RepeatPlanes(nn.Module):
    """A parameter per channel as one per planar channel: a parametrization of torch's modules.

    Examples:
        >>> import torch
        >>> RepeatPlanes(2)(torch.tensor([1.0, 2.0]))
        tensor([1., 1., 2., 2.])
    """

    def __init__(self, planes: int, axis: int = 0) -> None:
        super().__init__()
        self.planes, self.axis = planes, axis

    def forward(self, parameter: Tensor) -> Tensor:
        """Repeat every entry."""
        return parameter.repeat_interleave(self.planes, self.axis)

    def extra_repr(self) -> str:
        """The planes."""
        return f"planes={self.planes}"
