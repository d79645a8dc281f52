"""Which cells of a centred box a stabilizer keeps, and how it moves them.

Cells are handled in doubled centred coordinates, `x = 2 i - (k - 1)`, so that the centre of an
even box, which lies between cells, is still the integer 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from groupconv.algebra import Stabilizer
    from groupconv.algebra.exact import IntArray

    BoolArray = npt.NDArray[np.bool_]


SUPPORTS = ("group", "lattice")


def require_symmetric(stabilizer: Stabilizer, argument: str, values: Sequence[float]) -> None:
    """Refuse values that differ between axes that the stabilizer maps into each other.

    Raises:
        ArgumentError: two such values differ, so the layer would not be equivariant.

    Examples:
        >>> from groupconv import group
        >>> require_symmetric(group("p4").stabilizer, "stride", (2, 2))
    """
    for i, j in stabilizer.mixed_axes:
        if values[i] != values[j]:
            raise ArgumentError(
                f"{argument}={tuple(values)} is not symmetric: the group maps axis {j} to axis "
                f"{i}; give these axes one value"
            )


def centred_cells(shape: Sequence[int]) -> IntArray:
    """The doubled centred coordinates of all cells of a box, shape `(cells, d)`, row-major.

    Examples:
        >>> centred_cells((2, 2)).tolist()
        [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    """
    axes = [2 * np.arange(n, dtype=np.int64) - (n - 1) for n in shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(shape))


def invariant_cells(matrices: IntArray, shape: Sequence[int]) -> tuple[IntArray, BoolArray]:
    """Where a group of matrices moves each cell of a box, and which ones never leave its grid.

    Returns:
        The doubled centred coordinates of the image of each cell, `(S, cells, d)`; the first are
        those of the cells themselves. And whether all images are cells of the box, `(cells,)`.
    """
    size = np.array(shape, dtype=np.int64)
    moved = np.einsum("sij,nj->sni", matrices, centred_cells(shape))
    inside = (np.abs(moved) < size) & ((moved + size) % 2 == 1)
    return moved, inside.all(axis=(0, 2))


def invariant_region(stabilizer: Stabilizer, shape: Sequence[int]) -> BoolArray:
    """The largest part of an array that the stabilizer maps onto itself, about the centre.

    On the hexagonal lattice it is a hexagon in a square array; for a stabilizer that keeps the box,
    such as that of p4 on a square, it is everything.

    Returns:
        Which cells belong to it, in the shape of the array.

    Raises:
        ArgumentError: there is no such cell, as on an even array of a hexagonal lattice.

    Examples:
        >>> from groupconv import HEXAGONAL, GeneratedGroup
        >>> thirds = GeneratedGroup("thirds", {"r": ([[0, -1], [1, -1]], 3)}, HEXAGONAL)
        >>> invariant_region(thirds.stabilizer, (3, 3)).astype(int).tolist()
        [[1, 1, 0], [1, 1, 1], [0, 1, 1]]
    """
    inside = invariant_cells(stabilizer.matrices, shape)[1]
    if not inside.any():
        raise ArgumentError(
            f"shape={tuple(shape)} has no cell that the whole stabilizer keeps within it; give odd "
            f"sizes"
        )
    return inside.reshape(shape)


def support_cells(
    stabilizer: Stabilizer, kernel_size: Sequence[int], support: str = "group"
) -> tuple[IntArray, IntArray]:
    """The largest invariant set of cells in a box, and how the stabilizer permutes it.

    Args:
        stabilizer: The stabilizer of a group.
        kernel_size: The size of the box.
        support: Whether the set is kept by the stabilizer alone, `"group"`, or by all symmetries
            of its `"lattice"`.

    Returns:
        The row-major box positions of the `N` cells of the support, shape `(N,)`, and the
        permutation of the support by each stabilizer element, shape `(S, N)`: cell `n` goes to
        cell `permutation[s, n]`.

    Raises:
        ArgumentError: no such set reaches all faces of the box, or `support` is another text.

    Examples:
        >>> from groupconv import group
        >>> cells, permutation = support_cells(group("p4").stabilizer, (2, 2))
        >>> permutation[1].tolist()
        [2, 0, 3, 1]
    """
    size = np.array(kernel_size, dtype=np.int64)
    if support not in SUPPORTS:
        raise ArgumentError(f"support={support!r}: expected 'group' or 'lattice'")
    moved, inside = invariant_cells(stabilizer.matrices, kernel_size)
    if support == "lattice":
        inside = invariant_cells(stabilizer.lattice.symmetries, kernel_size)[1]
    cells = np.flatnonzero(inside)
    used = moved[0, cells]
    if not cells.size or (used.max(axis=0) != size - 1).any():
        advice = "it has no symmetric part at all; use one odd size for all axes"
        if cells.size:
            largest = tuple((used.max(axis=0) + 1).tolist())
            advice = f"its largest symmetric part has size {largest}; use that"
        raise ArgumentError(
            f"kernel_size={tuple(kernel_size)} does not fit the {support}: its symmetries map the "
            f"outer cells of that box off the grid; {advice}"
        )
    landing = (moved[:, cells] + size - 1) // 2
    box_position = np.ravel_multi_index(tuple(np.moveaxis(landing, -1, 0)), tuple(kernel_size))
    return cells.astype(np.int64), np.searchsorted(cells, box_position).astype(np.int64)
