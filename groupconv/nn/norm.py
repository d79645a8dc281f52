"""Batch normalisation with one statistic per channel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from groupconv.arguments import flag, positive
from groupconv.errors import ShapeError


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
    ) -> None:
        super().__init__()
        # Contained, not subclassed, so that SyncBatchNorm can take its place.
        self.norm = nn.BatchNorm1d(
            positive("num_features", num_features),
            eps,
            momentum,
            flag("affine", affine),
            flag("track_running_stats", track_running_stats),
            device=device,
            dtype=dtype,
        )

    def forward(
        self,
        x: Tensor,  # shape: (B, C, …)
    ) -> Tensor:  # shape: as x
        """Normalise each channel."""
        if x.ndim < 3 or x.shape[1] != self.norm.num_features:
            raise ShapeError(
                f"x has shape {tuple(x.shape)}, expected (B, {self.norm.num_features}, …) with "
                f"stabilizer and spatial axes behind"
            )
        normal: Tensor = self.norm(x.flatten(2))
        return normal.view(x.shape)
