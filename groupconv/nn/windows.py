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

__all__ = ["check_padding", "check_windows", "needs_centre"]


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

    A torus (`circular`) has no ends, but on a lattice that is sheared it has to stay one.

    The group's centre is that of the array. On it the windows lie symmetrically only if they reach
    both ends: `room = n + pads - dilation (kernel_size - 1) - 1` divisible by the stride; and on
    a lattice that the group shears, only if the middle one stands on the centre.

    Raises:
        ShapeError: the array is smaller than the window.
    """
    shape, stride = tuple(x.shape[-len(stride) :]), tuple(stride)
    room = tuple(
        size + pad - step * (window - 1) - 1
        for size, pad, step, window in zip(shape, pads, dilation, kernel_size, strict=True)
    )
    if any(n < 0 for n in room) or not min(shape):
        raise ShapeError(
            f"x has spatial shape {shape}, too small for one window of "
            f"{layer}: kernel_size={tuple(kernel_size)}, dilation={tuple(dilation)}, and "
            f"{tuple(pads)} cells of padding in all; give a larger array or more padding"
        )
    if torch.compiler.is_compiling():
        return
    if circular:
        _check_torus(layer, group, shape, room, stride)
    has_steps = any(n > 1 for n in stride)
    if (circular and not has_steps) or _is_even(group, room, stride):
        return
    if has_steps:
        problem = (
            f"with stride {stride} on an array of {shape} cells places its windows unevenly about "
            f"the centre, with {room} cells to step over; so it is not exactly equivariant under "
            f"{group.name!r}; choose a size or padding with "
            f"n + 2·padding - dilation·(kernel_size - 1) - 1 divisible by the stride"
            + ("" if permutes_axes(group) else ", and the quotient even")
        )
    else:
        problem = (
            f"on an array of {shape} cells: {group.name!r} shears the axes and maps the centre of "
            f"such an array to no centre, so nothing on it is equivariant; give odd sizes"
        )
    warn(f"{layer} {problem}", EquivarianceWarning)


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


def _check_torus(
    layer: str,
    group: SplitGroup,
    shape: tuple[int, ...],
    room: tuple[int, ...],
    stride: tuple[int, ...],
) -> None:
    """Warn if what comes out of a torus is none, on a lattice that the group shears.

    There the group maps a torus to itself only with its own period, so the output has to have the
    period of the input.
    """
    if permutes_axes(group):
        return
    out = tuple(n // step + 1 for n, step in zip(room, stride, strict=True))
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
