"""Batch normalisation with one statistic per channel."""

from __future__ import annotations

from itertools import chain

import torch
from torch import Tensor, nn

from groupconv.arguments import flag, number, positive
from groupconv.errors import ArgumentError, ShapeError
from groupconv.nn.tensors import placement, require_real, require_tensor, require_type

__all__ = ["BatchNorm"]


class BatchNorm(nn.Module):
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

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`; `B` may not be missing,
        since the layer tells channels by their place.

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
    ) -> None:
        super().__init__()
        factory = placement(device, dtype)
        if dtype is not None and dtype.is_complex:
            raise ArgumentError(f"dtype={dtype}: batch statistics need real numbers")
        # Contained, not subclassed, so that SyncBatchNorm can take its place.
        self.norm = nn.BatchNorm1d(
            positive("num_features", num_features),
            number("eps", eps, 0, exclusive=True),
            None if momentum is None else number("momentum", momentum, 0, 1),
            flag("affine", affine),
            flag("track_running_stats", track_running_stats),
            **factory,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel."""
        require_tensor(x)
        if x.dim() < 3 or x.shape[1] != self.norm.num_features:
            raise ShapeError(
                f"x has shape {tuple(x.shape)}, expected (B, {self.norm.num_features}, …) with "
                f"stabilizer and spatial axes behind"
            )
        parameter = next(chain(self.norm.parameters(), self.norm.buffers()), None)
        if parameter is not None:
            require_type(x, parameter, mixed=True)
        require_real(x, "batch normalisation")
        if self.norm.training and x.numel() == x.shape[1]:
            raise ShapeError(
                f"x has shape {tuple(x.shape)}, one value per channel, which have no variance; "
                f"give a larger batch, or call eval()"
            )
        normal: Tensor = self.norm(x.flatten(2))
        return normal.view(x.shape)
