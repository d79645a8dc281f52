"""Sublattices on which a stabilizer acts as on the lattice itself, and where their points lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra.exact import read_only
from groupconv.arguments import positive
from groupconv.errors import ArgumentError
from groupconv.transforms.regions import invariant_region

if TYPE_CHECKING:
    from groupconv.algebra import Stabilizer
    from groupconv.algebra.exact import IntArray

LARGEST_INDEX = 16
"""The largest index of a sublattice; a network that keeps one point in 16 keeps few enough."""


def sublattice(stabilizer: Stabilizer, index: int) -> IntArray:
    """The basis of a sublattice on which the stabilizer acts as on the lattice itself.

    That is, an integer matrix `N` with `det N = index` and `N A = A N` for every element. For
    turns by 60 or 120 degrees there are such of index 3, 4, 7, 9, 12, …, for quarter turns of 2, 4,
    5, 8, …; with their mirrors, p4m and p6m have only squares. Among several the most compact is
    taken.

    Args:
        stabilizer: The stabilizer of a group of the plane.
        index: How many times fewer points it has, from 2 to 16.

    Returns:
        The basis vectors as columns, `(2, 2)`, int64.

    Raises:
        ArgumentError: there is no such sublattice; the error lists those that there are.

    Examples:
        >>> from groupconv import group
        >>> sublattice(group("p4").stabilizer, 2).tolist()
        [[1, -1], [1, 1]]
    """
    index = positive("index", index)
    if stabilizer.dimension != 2:
        raise ArgumentError(
            f"the group has dimension {stabilizer.dimension}; sublattices are for the plane"
        )
    found = _sublattices(stabilizer)
    if index not in found:
        raise ArgumentError(
            f"index={index!r}: of the sublattices of index 2 to {LARGEST_INDEX}, the group acts on "
            f"those of index {', '.join(map(str, found))} as on the lattice; choose one"
        )
    return found[index]


def _sublattices(stabilizer: Stabilizer) -> dict[int, IntArray]:
    """The most compact `N` of each index that commutes with the stabilizer."""
    reach = np.arange(-LARGEST_INDEX, LARGEST_INDEX + 1)  # a diagonal matrix may need all of it
    candidates = np.stack(np.meshgrid(*[reach] * 4, indexing="ij"), axis=-1).reshape(-1, 2, 2)
    determinants = _determinants(candidates)
    candidates = candidates[(determinants > 1) & (determinants <= LARGEST_INDEX)]
    for A in stabilizer.matrices:
        candidates = candidates[(candidates @ A == A @ candidates).all(axis=(1, 2))]
    # Integers in units of 2⁻⁴⁰: basis vectors that are equally long compare as equal.
    basis = stabilizer.lattice.cartesian_basis
    gram = np.round(2**40 * (basis.T @ basis)).astype(np.int64)
    size = np.einsum("nji,jk,nki->n", candidates, gram, candidates)
    entries = candidates.reshape(-1, 4)
    # The most compact first, then those that turn and stretch least.
    order = np.lexsort((*-entries.T, -np.trace(candidates, axis1=1, axis2=2), size))
    best: dict[int, IntArray] = {}
    for index, N in zip(_determinants(candidates)[order], candidates[order], strict=True):
        best.setdefault(int(index), N)
    return dict(sorted(best.items()))


def _determinants(matrices: IntArray) -> IntArray:
    """The determinants of `(N, 2, 2)`."""
    product: IntArray = matrices[:, 0, 0] * matrices[:, 1, 1]
    return product - matrices[:, 0, 1] * matrices[:, 1, 0]


def sublattice_cells(stabilizer: Stabilizer, index: int, shape: tuple[int, ...]) -> IntArray:
    """Where in an array the points of a sublattice lie, as an array on that sublattice.

    Args:
        stabilizer: The stabilizer of a group of the plane.
        index: The index of the sublattice.
        shape: The spatial shape, odd, so that its centre is a point.

    Returns:
        Row-major positions, `-1` for points outside the part of the array that the group keeps,
        int64; an odd square that holds all points within it.

    Raises:
        ArgumentError: there is no such sublattice, or the shape is not odd.

    Examples:
        >>> from groupconv import group
        >>> sublattice_cells(group("p4").stabilizer, 4, (5, 5)).tolist()
        [[0, 2, 4], [10, 12, 14], [20, 22, 24]]
    """
    key = ("sublattice", index, shape)
    return stabilizer.memo.get(key, lambda: _cells(stabilizer, index, shape))


def _cells(stabilizer: Stabilizer, index: int, shape: tuple[int, ...]) -> IntArray:
    N = sublattice(stabilizer, index)
    if any(n % 2 == 0 for n in shape):
        raise ArgumentError(
            f"shape={shape} has no point in its centre, which a sublattice has; give odd sizes"
        )
    half = np.array(shape) // 2
    kept = invariant_region(stabilizer, shape)
    points = np.argwhere(kept) - half
    adjugate = np.array([[N[1, 1], -N[0, 1]], [-N[1, 0], N[0, 0]]])  # N⁻¹ times the index
    coordinates, rest = np.divmod(points @ adjugate.T, index)
    reach = int(np.abs(coordinates[~rest.any(axis=1)]).max())
    y = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2, indexing="ij"), axis=-1)
    x = y @ N.T + half
    inside = ((x >= 0) & (x < np.array(shape))).all(axis=-1)
    rows, columns = np.where(inside[..., None], x, 0).transpose(2, 0, 1)
    inside &= kept[rows, columns]
    return read_only(np.where(inside, rows * shape[1] + columns, -1))
