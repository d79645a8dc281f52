"""The windows of a layer on an array: that one fits, and that they lie symmetrically."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import torch

from groupconv.errors import EquivarianceWarning, ShapeError, warn
from groupconv.transforms import permutes_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from groupconv.algebra import SplitGroup

__all__ = ["check_padding", "check_torus", "check_windows", "needs_centre"]


def check_windows(
    layer: str,
    group: SplitGroup,
    x: Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    pads: Sequence[int],
    dilation: Sequence[int],
    *,
    circular: bool = False,
) -> None:
    """Refuse an array that holds no window; warn if the group does not permute the windows.

    The group's centre is that of the array. On it the windows lie symmetrically only if they reach
    both ends: `room = n + pads - dilation (kernel_size - 1) - 1` divisible by the stride; and on
    a lattice that the group shears, only if the middle one stands on the centre.

    Raises:
        ShapeError: the array is smaller than the window.
    """
    room = tuple(
        size + pad - step * (window - 1) - 1
        for size, pad, step, window in zip(
            x.shape[-len(stride) :], pads, dilation, kernel_size, strict=True
        )
    )
    if any(n < 0 for n in room) or not min(x.shape[-len(stride) :]):
        raise ShapeError(
            f"x has spatial shape {tuple(x.shape[-len(stride) :])}, too small for one window of "
            f"{layer}: kernel_size={tuple(kernel_size)}, dilation={tuple(dilation)}, and "
            f"{tuple(pads)} cells of padding in all; give a larger array or more padding"
        )
    if torch.compiler.is_compiling():
        return
    if all(n == 1 for n in stride):
        if not circular and not _is_even(group, room, tuple(stride)):
            warn(
                f"{layer} on an array of {tuple(x.shape[-len(stride) :])} cells: {group.name!r} "
                f"shears the axes and maps the centre of such an array to no centre, so nothing on "
                f"it is equivariant; give one odd size for all axes, as to_lattice does",
                EquivarianceWarning,
            )
        return
    if not _is_even(group, room, tuple(stride)):
        warn(
            f"{layer} with stride {tuple(stride)} on an array of "
            f"{tuple(x.shape[-len(stride) :])} cells places its windows unevenly about the centre, "
            f"with {room} cells to step over; so it is not exactly equivariant under "
            f"{group.name!r}; choose a size or padding with "
            f"n + 2·padding - dilation·(kernel_size - 1) - 1 divisible by the stride"
            + ("" if permutes_axes(group) else ", and the quotient even"),
            EquivarianceWarning,
        )


@functools.lru_cache(maxsize=1024)
def _is_even(group: SplitGroup, room: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether the stabilizer maps the centres of the windows to such centres.

    Their middle has to be that of the array, so the stride has to divide the room. In doubled
    centred coordinates the centres then are `2 stride z - room` for integers `z`; on a lattice that
    is sheared, these have to be mapped to each other as well.
    """
    if any(room[axis] % stride[axis] for axis in needs_centre(group)):
        return False
    if permutes_axes(group):  # axes of unequal size may change places
        return True
    period = 2 * np.array(stride)
    origin = -np.array(room)
    moved = group.stabilizer_matrices @ origin
    return not ((moved - origin) % period).any()


@functools.lru_cache(maxsize=256)
def needs_centre(group: SplitGroup) -> frozenset[int]:
    """The axes whose two ends the group maps to each other, or mixes with other axes."""
    if not permutes_axes(group):
        return frozenset(range(group.dimension))
    return frozenset(int(j) for _, _, j in np.argwhere(group.stabilizer_matrices < 0))


def check_torus(
    layer: str, group: SplitGroup, x: Tensor, kernel_size: Sequence[int], stride: Sequence[int],
    pads: Sequence[int], dilation: Sequence[int],
) -> None:  # fmt: skip
    """Warn if what comes out of a torus is none, on a lattice that the group shears.

    There the group maps a torus to itself only with its own period, so the output has to have the
    period of the input.
    """
    if torch.compiler.is_compiling() or permutes_axes(group):
        return
    shape = tuple(x.shape[-len(stride) :])
    steps = zip(shape, pads, dilation, kernel_size, stride, strict=True)
    out = tuple((n + pad - d * (k - 1) - 1) // step + 1 for n, pad, d, k, step in steps)
    if any(m * step != n for m, step, n in zip(out, stride, shape, strict=True)):
        problem = f"gives {out} cells, not the input's number over the stride"
    elif not _keeps_torus(group, shape):
        problem = "is on a torus that the group does not map to itself; give one size for all axes"
    else:
        return
    warn(
        f"{layer} with padding_mode='circular' on {shape} cells {problem}; so it need "
        f"not be equivariant under {group.name!r}",
        EquivarianceWarning,
    )


@functools.lru_cache(maxsize=256)
def _keeps_torus(group: SplitGroup, shape: tuple[int, ...]) -> bool:
    """Whether the stabilizer maps the periods of a torus to periods."""
    size = np.array(shape)
    return not (group.stabilizer_matrices * size % size[:, None]).any()


def check_padding(layer: str, x: Tensor, mode: str, pads: Sequence[tuple[int, int]]) -> None:
    """Refuse an array that is too small to be continued beyond its ends.

    Raises:
        ShapeError: the padding is wider than what there is to copy.
    """
    spatial = tuple(x.shape[-len(pads) :])
    for n, pair in zip(spatial, pads, strict=True):
        if max(pair) > (n - 1 if mode == "reflect" else n if mode == "circular" else max(pair)):
            raise ShapeError(
                f"x has spatial shape {spatial}, too small for {layer} with padding_mode={mode!r} "
                f"and padding {pair}; give a larger array or less padding"
            )
