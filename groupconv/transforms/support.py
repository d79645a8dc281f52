"""Supports: which cells of a centred box a filter may use, and how a stabilizer moves them.

Cells are handled in doubled centred coordinates, `x = 2 i - (k - 1)`, so that the centre of an
even box, which lies between cells, is still the integer 0.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from groupconv.arguments import LARGEST
from groupconv.errors import ArgumentError
from groupconv.registry import as_group

if TYPE_CHECKING:
    import numpy.typing as npt

    from groupconv.algebra import SplitGroup

    IntArray = npt.NDArray[np.int64]

LARGEST_BOX = 2**26
"""Cells times stabilizer elements; a table of them takes half a gigabyte at most."""

__all__ = [
    "as_sizes",
    "centred_cells",
    "invariant_cells",
    "permutes_axes",
    "require_symmetric",
    "support_cells",
]


def as_sizes(
    group: SplitGroup, argument: str, value: int | Sequence[int], least: int = 1
) -> tuple[int, ...]:
    """One integer per axis, from one for all or a sequence.

    Raises:
        ArgumentError: it is neither, or an entry is below `least`.

    Examples:
        >>> from groupconv import group
        >>> as_sizes(group("p4"), "kernel_size", 3)
        (3, 3)
    """
    d = group.dimension
    if isinstance(value, np.ndarray):
        value = value.tolist()
    values = value if isinstance(value, Sequence) else (value,) * d
    try:
        sizes = tuple(operator.index(v) for v in values if not isinstance(v, bool))
    except TypeError:
        sizes = ()
    if len(sizes) != d or len(values) != d or not least <= min(sizes) <= max(sizes) < LARGEST:
        raise ArgumentError(
            f"{argument}={value!r}: group {group.name!r} has dimension {d}; expected one integer "
            f"or {d} of them, each at least {least}"
        )
    return sizes


def require_symmetric(group: SplitGroup, argument: str, values: Sequence[int]) -> None:
    """Refuse values that differ between axes that the stabilizer maps into each other.

    Raises:
        ArgumentError: they differ, so the layer would not be equivariant.

    Examples:
        >>> from groupconv import group
        >>> require_symmetric(group("p4"), "stride", (2, 2))
    """
    mixes = group.stabilizer_matrices.any(axis=0)
    for i, j in np.argwhere(mixes):
        if values[i] != values[j]:
            raise ArgumentError(
                f"{argument}={tuple(values)} is not symmetric under {group.name!r}, which maps "
                f"axis {j} to axis {i}; give these axes one value"
            )


def centred_cells(shape: Sequence[int]) -> IntArray:
    """The doubled centred coordinates of all cells of a box, shape `(cells, d)`, row-major.

    Examples:
        >>> centred_cells((2, 2)).tolist()
        [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    """
    axes = [2 * np.arange(n, dtype=np.int64) - (n - 1) for n in shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(shape))


def invariant_cells(
    group: SplitGroup, shape: tuple[int, ...]
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Where the stabilizer moves each cell of a box, and which ones never leave its grid.

    Returns:
        The doubled centred coordinates of the image of each cell, `(S, cells, d)`; the first are
        those of the cells themselves. And whether all images are cells of the box, `(cells,)`.
    """
    size = np.array(shape, dtype=np.int64)
    moved = np.einsum("sij,nj->sni", group.stabilizer_matrices, centred_cells(shape))
    inside = (np.abs(moved) < size) & ((moved + size) % 2 == 1)
    return moved, inside.all(axis=(0, 2))


def support_cells(
    group: SplitGroup | str, kernel_size: int | Sequence[int]
) -> tuple[IntArray, IntArray]:
    """The largest stabilizer-invariant set of cells in a box, and how the stabilizer permutes it.

    Args:
        group: A group, or the name of an installed one.
        kernel_size: The size of the box, one integer or one per axis.

    Returns:
        The row-major box positions of the `N` cells of the support, shape `(N,)`, and the
        permutation of the support by each stabilizer element, shape `(S, N)`: cell `n` goes to
        cell `permutation[s, n]`.

    Raises:
        ArgumentError: no such set reaches all faces of the box.

    Examples:
        >>> from groupconv import group
        >>> cells, permutation = support_cells(group("p4"), (2, 2))
        >>> permutation[1].tolist()
        [2, 0, 3, 1]
    """
    group = as_group(group)
    kernel_size = as_sizes(group, "kernel_size", kernel_size)
    if math.prod(kernel_size) * group.order > LARGEST_BOX:
        raise ArgumentError(
            f"kernel_size={kernel_size} has {math.prod(kernel_size):,} cells, too many for the "
            f"{group.order} stabilizer elements of {group.name!r}; choose a smaller one"
        )
    size = np.array(kernel_size, dtype=np.int64)
    moved, inside = invariant_cells(group, kernel_size)
    support = np.flatnonzero(inside)
    used = moved[0, support]
    if not support.size or (used.max(axis=0) != size - 1).any():
        if support.size:
            largest = tuple(int(n) + 1 for n in used.max(axis=0))
            advice = f"its largest symmetric part has size {largest}; use that"
        else:
            advice = "it has no symmetric part at all; use one odd size for all axes"
        raise ArgumentError(
            f"kernel_size={kernel_size} does not fit group {group.name!r}: the stabilizer maps "
            f"the box's outer cells off its grid; {advice}"
        )
    landing = (moved[:, support] + size - 1) // 2
    box_position = np.ravel_multi_index(tuple(np.moveaxis(landing, -1, 0)), kernel_size)
    return support.astype(np.int64), np.searchsorted(support, box_position).astype(np.int64)


@functools.lru_cache(maxsize=256)
def permutes_axes(group: SplitGroup) -> bool:
    """Whether every stabilizer element permutes the axes, up to signs."""
    return bool((np.abs(group.stabilizer_matrices).sum(axis=1) == 1).all())
