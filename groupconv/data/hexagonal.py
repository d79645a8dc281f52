"""Hexagonal data as cameras deliver them: offset rows or columns, and axial arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupconv.arguments import positive
from groupconv.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

ANGLES = (60, 120)


def from_offset(x: Tensor, *, parity: str, axis: int, size: int | None = None) -> Tensor:
    """Offset rows or columns as an array of the hexagonal lattice, with zeros around.

    Args:
        x: `(…, H, W)`, cells in straight lines, of which every second one is shifted by half a
            cell.
        parity: Which lines are shifted towards larger indices, `"odd"` or `"even"`, counted from 0.
        axis: 0 if rows are the lines, 1 if columns are.
        size: The side of the result; by default the least odd one.

    Returns:
        `(…, size, size)`, in the coordinates of `HEXAGONAL`, the middle of the data in the middle.

    Raises:
        ArgumentError: `parity` or `axis` is another value, or the data do not fit into `size`.

    Examples:
        >>> x = torch.arange(1, 7).reshape(3, 2)
        >>> from_offset(x, parity="odd", axis=0)  # row 1 lies shifted
        tensor([[1, 2, 0],
                [0, 3, 4],
                [0, 5, 6]])
    """
    u, v, least = _places(x.shape[-2:], parity, axis)
    size = least if size is None else positive("size", size)
    if size < least or size % 2 == 0:
        raise ArgumentError(f"size={size}: expected an odd size of at least {least} for these data")
    shift = (size - least) // 2
    result = x.new_zeros(*x.shape[:-2], size, size)
    result[..., u + shift, v + shift] = x
    return result


def to_offset(maps: Tensor, shape: Sequence[int], *, parity: str, axis: int) -> Tensor:
    """The way back from `from_offset`.

    Args:
        maps: `(…, size, size)` on the hexagonal lattice.
        shape: The shape `(H, W)` of the offset array.
        parity: As for `from_offset`, as is `axis`.
        axis: 0 if rows are the lines, 1 if columns are.

    Returns:
        `(…, H, W)`.

    Raises:
        ArgumentError: `parity` or `axis` is another value.
        ShapeError: an array of this shape does not fit into the maps.

    Examples:
        >>> x = torch.randn(5, 4)
        >>> torch.equal(to_offset(from_offset(x, parity="even", axis=1), (5, 4),
        ...                       parity="even", axis=1), x)
        True
    """
    u, v, least = _places(shape, parity, axis)
    size = maps.shape[-1]
    if maps.shape[-2] != size or size < least or size % 2 == 0:
        raise ShapeError(
            f"maps has shape {tuple(maps.shape)}, expected a square array of odd size, at least "
            f"{least} for an offset array of shape {tuple(shape)}"
        )
    shift = (size - least) // 2
    return maps[..., u + shift, v + shift]


def from_axial(x: Tensor, *, angle: int) -> Tensor:
    """An array in axial coordinates as one of `HEXAGONAL`, whose axes are at 120 degrees.

    Args:
        x: `(…, H, W)`.
        angle: The angle between the steps along its two axes in space, 60 or 120 degrees. At 60,
            the cell diagonally ahead, `(i + 1, j + 1)`, is not a neighbour; at 120 it is.

    Returns:
        `(…, H, W)`, reversed along the last axis if the angle is 60.

    Raises:
        ArgumentError: the angle is another one.

    Examples:
        >>> from_axial(torch.tensor([[1, 2], [3, 4]]), angle=60)
        tensor([[2, 1],
                [4, 3]])
    """
    if angle not in ANGLES:
        raise ArgumentError(f"angle={angle!r}: expected 60 or 120, in degrees")
    return x.flip(-1) if angle == 60 else x


def to_axial(maps: Tensor, *, angle: int) -> Tensor:
    """The way back from `from_axial`, which is the same reversal.

    Examples:
        >>> to_axial(from_axial(torch.tensor([[1, 2], [3, 4]]), angle=60), angle=60)
        tensor([[1, 2],
                [3, 4]])
    """
    return from_axial(maps, angle=angle)


def _places(shape: Sequence[int], parity: str, axis: int) -> tuple[Tensor, Tensor, int]:
    """The lattice coordinates of each cell, `(H, W)` each, and the side of the array they need."""
    if parity not in ("odd", "even"):
        raise ArgumentError(f"parity={parity!r}: expected 'odd' or 'even', the lines to shift")
    if axis not in (0, 1):
        raise ArgumentError(f"axis={axis!r}: expected 0 if rows are straight lines, 1 if columns")
    i, j = torch.meshgrid(*map(torch.arange, shape), indexing="ij")
    line, along = (i, j) if axis == 0 else (j, i)
    # A step to the next line goes half a cell back, so every second line is one cell further on.
    along = along + (line + (parity == "odd")) // 2
    u, v = (line, along) if axis == 0 else (along, line)
    extents = [int(c.max()) + 1 for c in (u, v)]
    least = max(extents) + (max(extents) + 1) % 2
    u, v = (c + (least - n) // 2 for c, n in zip((u, v), extents, strict=True))
    return u, v, least
