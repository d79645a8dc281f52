"""Which cells of an array a stabilizer keeps, and which ones lie on a sublattice that it keeps."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from groupconv.arguments import positive
from groupconv.errors import ArgumentError
from groupconv.registry import as_group
from groupconv.transforms.support import as_sizes, invariant_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from groupconv.algebra import SplitGroup

    IntArray = npt.NDArray[np.int64]

__all__ = ["domain", "sublattice", "sublattice_cells"]

LARGEST_INDEX = 16
"""The largest index of a sublattice; a network that keeps one point in 16 keeps few enough."""


def domain(group: SplitGroup | str, shape: int | Sequence[int]) -> npt.NDArray[np.bool_]:
    """The largest part of an array that the stabilizer maps onto itself, about the centre.

    On the hexagonal lattice it is a hexagon in a square array; for a group that keeps the box,
    such as p4 on a square, it is everything.

    Args:
        group: A group, or the name of an installed one.
        shape: The spatial shape, one integer or one per axis.

    Returns:
        Which cells belong to it, bool, in the shape of the array.

    Raises:
        ArgumentError: there is no such cell, as on an even array of a hexagonal lattice.

    Examples:
        >>> from groupconv import HEXAGONAL, GeneratedGroup
        >>> thirds = GeneratedGroup("thirds", {"r": ([[0, -1], [1, -1]], 3)}, HEXAGONAL)
        >>> domain(thirds, 3).astype(int).tolist()
        [[1, 1, 0], [1, 1, 1], [0, 1, 1]]
    """
    group = as_group(group)
    sizes = as_sizes(group, "shape", shape)
    inside = invariant_cells(group, sizes)[1]
    if not inside.any():
        raise ArgumentError(
            f"shape={sizes} has no cell that all of {group.name!r} keeps within it; give odd sizes"
        )
    return inside.reshape(sizes)


def sublattice(group: SplitGroup | str, index: int) -> IntArray:
    """The basis of a sublattice on which the stabilizer acts as on the lattice itself.

    That is, an integer matrix `N` with `det N = index` and `N A = A N` for every element. For
    turns by 60 or 120 degrees there are such of index 3, 4, 7, 9, 12, …, for quarter turns of 2, 4,
    5, 8, …; with their mirrors, p4m and p6m have only squares. Among several the most compact is
    taken.

    Args:
        group: A group of the plane, or its name.
        index: How many times fewer points it has, from 2 to 16.

    Returns:
        The basis vectors as columns, `(2, 2)`, int64.

    Raises:
        ArgumentError: there is no such sublattice; the error tells which there are.

    Examples:
        >>> from groupconv import group
        >>> sublattice(group("p4"), 2).tolist()
        [[1, -1], [1, 1]]
    """
    group, index = as_group(group), positive("index", index)
    if group.dimension != 2:
        raise ArgumentError(
            f"group={group.name!r} has dimension {group.dimension}; sublattices are for the plane"
        )
    found = _sublattices(group)
    if index not in found:
        raise ArgumentError(
            f"index={index!r}: of the sublattices of index 2 to {LARGEST_INDEX}, {group.name!r} "
            f"acts on those of index {', '.join(map(str, found))} as on the lattice; choose one"
        )
    return np.array(found[index])


@functools.lru_cache(maxsize=64)
def _sublattices(group: SplitGroup) -> dict[int, tuple[tuple[int, ...], ...]]:
    """The most compact `N` of each index that commutes with the stabilizer."""
    import sympy

    reach = np.arange(-LARGEST_INDEX, LARGEST_INDEX + 1)  # a diagonal matrix may need all of it
    candidates = np.stack(np.meshgrid(*[reach] * 4, indexing="ij"), axis=-1).reshape(-1, 2, 2)
    determinants = _determinants(candidates)
    candidates = candidates[(determinants > 1) & (determinants <= LARGEST_INDEX)]
    for A in group.stabilizer_matrices:
        candidates = candidates[(candidates @ A == A @ candidates).all(axis=(1, 2))]
    # Integers in units of 2⁻⁴⁰: basis vectors that are equally long compare as equal.
    gram = np.array((2**40 * group.lattice.gram).applyfunc(sympy.floor).tolist(), dtype=np.int64)
    size = np.einsum("nji,jk,nki->n", candidates, gram, candidates)
    entries = candidates.reshape(-1, 4)
    # The most compact first, then those that turn and stretch least.
    order = np.lexsort((*-entries.T, -np.trace(candidates, axis1=1, axis2=2), size))
    best: dict[int, tuple[tuple[int, ...], ...]] = {}
    for index, N in zip(_determinants(candidates)[order], candidates[order], strict=True):
        best.setdefault(int(index), tuple(map(tuple, N.tolist())))
    return dict(sorted(best.items()))


def _determinants(matrices: IntArray) -> IntArray:
    """The determinants of `(N, 2, 2)`."""
    product: IntArray = matrices[:, 0, 0] * matrices[:, 1, 1]
    return product - matrices[:, 0, 1] * matrices[:, 1, 0]


@functools.lru_cache(maxsize=256)
def sublattice_cells(group: SplitGroup, index: int, shape: tuple[int, int]) -> IntArray:
    """Where in an array the points of a sublattice lie, as an array on that sublattice.

    Args:
        group: A group of the plane.
        index: The index of the sublattice.
        shape: The spatial shape, odd, so that its centre is a point.

    Returns:
        Row-major positions, `-1` for points outside the array's domain, int64; an odd square that
        holds all points within it.

    Raises:
        ArgumentError: there is no such sublattice, or the shape is not odd.

    Examples:
        >>> from groupconv import group
        >>> sublattice_cells(group("p4"), 4, (5, 5)).tolist()
        [[0, 2, 4], [10, 12, 14], [20, 22, 24]]
    """
    N = sublattice(group, index)
    if any(n % 2 == 0 for n in shape):
        raise ArgumentError(
            f"shape={shape} has no point in its centre, which a sublattice has; give odd sizes"
        )
    half = np.array(shape) // 2
    kept = domain(group, shape)
    points = np.argwhere(kept) - half
    adjugate = np.array([[N[1, 1], -N[0, 1]], [-N[1, 0], N[0, 0]]])  # N⁻¹ times the index
    coordinates, rest = np.divmod(points @ adjugate.T, index)
    reach = int(np.abs(coordinates[~rest.any(axis=1)]).max())
    y = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2, indexing="ij"), axis=-1)
    x = y @ N.T + half
    inside = ((x >= 0) & (x < np.array(shape))).all(axis=-1)
    rows, columns = np.where(inside[..., None], x, 0).transpose(2, 0, 1)
    inside &= kept[rows, columns]
    cells: IntArray = np.where(inside, rows * shape[1] + columns, -1)
    cells.setflags(write=False)
    return cells
