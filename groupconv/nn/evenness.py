"""Strides that leave cells over at one end of an axis, and so break the symmetry silently."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from groupconv.errors import EquivarianceWarning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from groupconv.algebra import SplitGroup

__all__ = ["warn_if_uneven"]


class _HasGroup(Protocol):
    group: SplitGroup


def warn_if_uneven(
    layer: _HasGroup,
    x: Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    pads: Sequence[int],
    dilation: Sequence[int],
) -> None:
    """Warn if the windows of a strided layer do not reach both ends of a reversible axis.

    The group's centre is that of the array; the outputs lie symmetrically about it only if
    `n + pads - dilation (kernel_size - 1) - 1` is divisible by the stride.
    """
    if all(n == 1 for n in stride) or torch.compiler.is_compiling():
        return
    for axis in _reversed_axes(layer.group):
        size = x.shape[axis - len(stride)]
        room = size + pads[axis] - dilation[axis] * (kernel_size[axis] - 1) - 1
        if room % stride[axis]:
            warnings.warn(
                f"{type(layer).__name__} with stride {stride[axis]} leaves {room % stride[axis]} "
                f"of {size} cells over at one end of spatial axis {axis}, so it is not exactly "
                f"equivariant under {layer.group.name!r}; choose a size or padding with "
                f"n + padding - dilation·(kernel_size - 1) - 1 divisible by the stride",
                EquivarianceWarning,
                stacklevel=4,
            )
            return


@functools.lru_cache(maxsize=256)
def _reversed_axes(group: SplitGroup) -> tuple[int, ...]:
    """The axes that some stabilizer element maps to a negative direction."""
    reversing = np.argwhere(group.stabilizer_matrices < 0)  # rows (s, i, j): A_s[i, j] < 0
    return tuple(sorted({int(axis) for axis in reversing[:, 2]}))
