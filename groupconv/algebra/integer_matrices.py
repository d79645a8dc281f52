"""Small integer matrices as hashable rows, in Python integers, which never overflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groupconv.algebra.exact import Rows


def identity(d: int) -> Rows:
    """The identity, `(d, d)`."""
    return tuple(tuple(int(i == j) for j in range(d)) for i in range(d))


def product(a: Rows, b: Rows) -> Rows:
    """The matrix product `A B`."""
    return tuple(map(tuple, (np.array(a, object) @ np.array(b, object)).tolist()))


def powers(matrix: Rows, order: int) -> list[Rows]:
    """`1, A, A², …`, as many as the order."""
    found = [identity(len(matrix))]
    while len(found) < order:
        found.append(product(found[-1], matrix))
    return found


def products(d: int, generators: Iterable[tuple[Rows, int]]) -> list[Rows]:
    """`A^a B^b …` for all exponents below the orders, row-major; the identity of no generators."""
    found = [identity(d)]
    for generator in generators:
        found = [product(left, right) for left in found for right in powers(*generator)]
    return found


def generated(generators: Sequence[Rows]) -> list[Rows]:
    """All products of some matrices that generate a finite group, the identity first."""
    one = identity(len(generators[0]))
    members, frontier = {one}, [one]
    while frontier:
        frontier = list({product(s, g) for s in frontier for g in generators} - members)
        members.update(frontier)
    return [one, *sorted(members - {one}, reverse=True)]


def order_of(matrix: Rows) -> int:
    """The least `n > 0` with `A^n = 1`, for an element of a finite group."""
    power, n = matrix, 1
    while power != identity(len(matrix)):
        power, n = product(power, matrix), n + 1
    return n


def inverse(matrix: Rows) -> Rows | None:
    """The inverse of an integer matrix, if it has integer entries: the matrix is unimodular."""
    determinant = np.linalg.det(np.array(matrix, dtype=float))
    if abs(abs(determinant) - 1) > 0.5:
        return None
    guess = np.linalg.inv(np.array(matrix, dtype=float)).round().astype(int)
    back: Rows = tuple(map(tuple, guess.tolist()))
    return back if product(matrix, back) == identity(len(matrix)) else None
