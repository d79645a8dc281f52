"""Normalisation and dropout with one statistic and one parameter per channel (section 6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groupconv.arguments import flag, number, positive
from groupconv.errors import ShapeError
from groupconv.nn.channels_last import norm_of_planes
from groupconv.nn.layer import Layer
from groupconv.nn.planes import flatten_planes, wrong_input
from groupconv.registry import as_group

if TYPE_CHECKING:
    from groupconv.algebra import SplitGroup


class _Norm(Layer):
    """A norm of torch over everything behind the channels, stabilizer planes and space alike.

    It is contained, not subclassed, so that SyncBatchNorm and others can take its place.
    """

    norm: nn.Module

    def __init__(self, channels: int, group: SplitGroup | str | None) -> None:
        super().__init__()
        self._channels = channels
        self.group = None if group is None else as_group(group)

    def forward(
        self,
        x: Tensor,  # shape: (B, C, …)
    ) -> Tensor:  # shape: as x
        """Normalise each channel."""
        if x.ndim < 3 or x.shape[1] != self._channels:
            raise ShapeError(
                f"x has shape {tuple(x.shape)}, expected (B, {self._channels}, …) with "
                f"stabilizer and spatial axes behind"
            )
        if self.group is not None:
            flatten_planes(x, self.group)  # refuses what is not a map of it
        normal = norm_of_planes(self.norm, x, self._channels)
        return (self.norm(x.flatten(2)) if normal is None else normal).view(x.shape)


class BatchNorm(_Norm):
    """Batch normalisation over the batch, the stabilizer planes and space (section 6.1).

    One mean and variance per channel: statistics per plane would break equivariance. It serves
    feature maps on every space of every group. The arguments are those of `torch.nn.BatchNorm2d`.

    Args:
        num_features: The number of channels `C`.
        eps: Added to the variance.
        momentum: The weight of a new batch in the running statistics; None for a plain average.
        affine: Whether to learn a scale and a shift per channel.
        track_running_stats: Whether to keep running statistics for evaluation.
        device: Where the parameters live.
        dtype: The parameters' type.
        group: The group whose maps it takes; without it, any map.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`; the channels are the
        second axis.

    Examples:
        >>> BatchNorm(16)(torch.zeros(2, 16, 8, 9, 9)).shape
        torch.Size([2, 16, 8, 9, 9])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        group: SplitGroup | str | None = None,
    ) -> None:
        super().__init__(positive("num_features", num_features), group)
        flags = flag("affine", affine), flag("track_running_stats", track_running_stats)
        self.norm = nn.BatchNorm1d(num_features, eps, momentum, *flags, device=device, dtype=dtype)


class InstanceNorm(_Norm):
    """Normalisation of each channel of each image, over the stabilizer planes and space.

    The arguments are those of `torch.nn.InstanceNorm2d`, and so are its defaults: nothing is
    learned and no statistics are kept.

    Args:
        num_features: The number of channels `C`.
        eps: Added to the variance.
        momentum: The weight of a new batch in the running statistics.
        affine: Whether to learn a scale and a shift per channel.
        track_running_stats: Whether to keep running statistics for evaluation.
        device: Where the parameters live.
        dtype: The parameters' type.
        group: The group whose maps it takes; without it, any map.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Examples:
        >>> InstanceNorm(16)(torch.randn(2, 16, 8, 5, 5, 5)).shape
        torch.Size([2, 16, 8, 5, 5, 5])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        group: SplitGroup | str | None = None,
    ) -> None:
        super().__init__(positive("num_features", num_features), group)
        flags = flag("affine", affine), flag("track_running_stats", track_running_stats)
        self.norm = nn.InstanceNorm1d(
            num_features, eps, momentum, *flags, device=device, dtype=dtype
        )


class GroupNorm(_Norm):
    """Normalisation of blocks of channels of each image, over the stabilizer planes and space.

    The arguments are those of `torch.nn.GroupNorm`, whose groups are blocks of channels.

    Args:
        num_groups: The number of blocks, a divisor of `num_channels`.
        num_channels: The number of channels `C`.
        eps: Added to the variance.
        affine: Whether to learn a scale and a shift per channel.
        device: Where the parameters live.
        dtype: The parameters' type.
        group: The group whose maps it takes; without it, any map.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Examples:
        >>> GroupNorm(4, 16)(torch.randn(2, 16, 8, 9, 9)).shape
        torch.Size([2, 16, 8, 9, 9])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        group: SplitGroup | str | None = None,
    ) -> None:
        super().__init__(positive("num_channels", num_channels), group)
        self.norm = nn.GroupNorm(
            num_groups, num_channels, eps, flag("affine", affine), device=device, dtype=dtype
        )


class LayerNorm(Layer):
    """Normalisation over the channels and stabilizer planes of each cell, as in ConvNeXt.

    A cell's planes are normalised together, so that how strongly each orientation responds stays
    comparable; a scale and a shift per channel keep it equivariant.

    Args:
        num_channels: The number of channels `C`.
        eps: Added to the variance.
        affine: Whether to learn a scale per channel.
        bias: Whether to learn a shift as well.
        device: Where the parameters live.
        dtype: The parameters' type.
        group: A group, or the name of an installed one.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Raises:
        ShapeError: (at a call) the input is not such a map with `C` channels.

    Examples:
        >>> LayerNorm(16, group="p4m")(torch.randn(2, 16, 8, 9, 9)).shape
        torch.Size([2, 16, 8, 9, 9])
    """

    def __init__(
        self,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        group: SplitGroup | str,
    ) -> None:
        super().__init__()
        self.group, self.eps = as_group(group), eps
        self.weight: Tensor | None
        self.bias: Tensor | None
        self.num_channels = positive("num_channels", num_channels)
        is_learned = {"weight": flag("affine", affine), "bias": affine and flag("bias", bias)}
        for name, is_wanted in is_learned.items():
            values = torch.full(
                (num_channels,), float(name == "weight"), device=device, dtype=dtype
            )
            self.register_parameter(name, nn.Parameter(values) if is_wanted else None)

    def forward(
        self,
        x: Tensor,  # shape: (B, C, S, *spatial)
    ) -> Tensor:  # shape: as x
        """Normalise each cell."""
        C = self.num_channels
        if x.shape[1] != C:
            raise wrong_input(x, (C,), self.group.dimension, self.group.name)
        cells = flatten_planes(x, self.group).movedim(1, -1)  # shape: (B, *spatial, C·S)
        normal = norm_cells(cells, C, self.weight, self.bias, self.eps)
        return normal.movedim(-1, 1).reshape(x.shape)

    def extra_repr(self) -> str:
        """The channels and the group."""
        return f"{self.num_channels}, eps={self.eps}, group={self.group.name!r}"


def norm_cells(
    cells: Tensor,  # shape: (…, C·S)
    channels: int,
    weight: Tensor | None,  # shape: (C,)
    bias: Tensor | None,  # shape: (C,)
    eps: float,
) -> Tensor:  # shape: as cells
    """Normalise over channels and planes, with a scale and a shift per channel."""
    planes = cells.shape[-1] // channels
    weight, bias = (p if p is None else p.repeat_interleave(planes) for p in (weight, bias))
    return F.layer_norm(cells, cells.shape[-1:], weight, bias, eps)


class ChannelDropout(Layer):
    """Dropout of whole channels, all stabilizer planes and cells of them, as `nn.Dropout2d` does.

    Args:
        p: The share of channels that are set to zero while training.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Examples:
        >>> x = ChannelDropout(0.5)(torch.ones(1, 64, 8, 3, 3))
        >>> set(x.flatten(2).sum(-1).flatten().tolist()) <= {0.0, 2.0 * 8 * 9}
        True
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = number("p", p, 0, 1)

    def forward(
        self,
        x: Tensor,  # shape: (B, C, …)
    ) -> Tensor:  # shape: as x
        """Drop channels."""
        return torch.feature_dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        """The share."""
        return f"p={self.p}"
