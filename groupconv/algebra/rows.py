"""Small integer matrices as tuples of rows, in Python integers, which never overflow."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, TypeAlias

from groupconv.algebra.contract import LARGEST_ORDER
from groupconv.errors import ArgumentError, AxiomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Rows",
    "closure",
    "determinant",
    "exact_rows",
    "factors",
    "identity",
    "powers",
    "product",
    "products",
]

Rows: TypeAlias = tuple[tuple[int, ...], ...]


def exact_rows(group: str, name: str, matrix: Any) -> Rows:
    """A square matrix of integers.

    Raises:
        ArgumentError: it is no square array.
        AxiomError: an entry is no integer.

    Examples:
        >>> exact_rows("p4", "r", [[0, -1], [1, 0]])
        ((0, -1), (1, 0))
    """
    try:
        rows = [list(row) for row in (matrix.tolist() if hasattr(matrix, "tolist") else matrix)]
    except TypeError as error:
        raise ArgumentError(
            f"generator {name!r} of group {group!r} is {matrix!r}, expected a square matrix"
        ) from error
    if not rows or any(len(row) != len(rows) for row in rows):
        raise ArgumentError(
            f"generator {name!r} of group {group!r} is {matrix!r}, expected a square matrix"
        )
    try:
        return tuple(tuple(operator.index(entry) for entry in row) for row in rows)
    except TypeError as error:
        raise AxiomError(
            group,
            "integrality",
            f"generator {name!r} has entries that are no integers: {rows}",
            step="write it in lattice coordinates, as integers",
        ) from error


def identity(d: int) -> Rows:
    """The identity, `(d, d)`."""
    return tuple(tuple(int(i == j) for j in range(d)) for i in range(d))


def product(a: Rows, b: Rows) -> Rows:
    """The matrix product `A B`."""
    columns = tuple(zip(*b, strict=True))
    return tuple(tuple(sum(map(int.__mul__, row, column)) for column in columns) for row in a)


def determinant(matrix: Sequence[Sequence[int]]) -> int:
    """The determinant, along the first row.

    Examples:
        >>> determinant([[0, -1], [1, 0]])
        1
    """
    if not matrix:
        return 1
    columns = range(len(matrix))
    minors = ([[row[k] for k in columns if k != j] for row in matrix[1:]] for j in columns)
    return sum((-1) ** j * matrix[0][j] * determinant(minor) for j, minor in enumerate(minors))


def powers(matrix: Rows, order: int) -> list[Rows]:
    """`1, A, A², …`, as many as the order."""
    found = [identity(len(matrix))]
    while len(found) < order:
        found.append(product(found[-1], matrix))
    return found


def closure(group: str, generators: Sequence[Rows]) -> dict[Rows, int]:
    """All products of some matrices, with the order of each.

    Raises:
        AxiomError: one has no inverse in integers, or there are more products than a finite
            group of this library can have.

    Examples:
        >>> sorted(closure("p4", [((0, -1), (1, 0))]).values())
        [1, 2, 4, 4]
    """
    for matrix in generators:
        if abs(determinant(matrix)) != 1:
            raise AxiomError(
                group,
                "unimodularity",
                f"the matrix {list(map(list, matrix))} has determinant {determinant(matrix)}, and "
                f"one that maps a lattice onto itself has 1 or -1",
                step="give matrices in lattice coordinates that have an inverse in integers",
            )
    one = identity(len(generators[0]))
    members, frontier = {one}, [one]
    while frontier:
        frontier = list({product(s, g) for s in frontier for g in generators} - members)
        members.update(frontier)
        if len(members) > LARGEST_ORDER:
            raise AxiomError(
                group,
                "finite order",
                f"the matrices {[list(map(list, g)) for g in generators]} generate more than "
                f"{LARGEST_ORDER} elements, as a shear does",
                step="give matrices of finite order that keep a lattice",
            )
    return {s: _order(s) for s in sorted(members, reverse=True)}


def _order(matrix: Rows) -> int:
    """The least `n > 0` with `A^n = 1`, of an element of a finite group."""
    one, power, n = identity(len(matrix)), matrix, 1
    while power != one:
        power, n = product(power, matrix), n + 1
    return n


def products(d: int, generators: Iterable[tuple[Rows, int]]) -> list[Rows]:
    """`A^a B^b …` for all exponents below the orders, row-major; the identity of none."""
    found = [identity(d)]
    for generator in generators:
        found = [product(left, right) for left in found for right in powers(*generator)]
    return found


def factors(elements: dict[Rows, int], preferred: Iterable[Rows]) -> list[Rows] | None:
    """Elements whose powers' products `A^a B^b …` are each element of a group once, if there are.

    They are found along a chain of subgroups: the products of the first few are one each time.

    Args:
        elements: A finite group, with the order of each element.
        preferred: What to try first; then elements of large order.
    """
    one = next(s for s, order in elements.items() if order == 1)
    by_order = sorted(elements, key=elements.__getitem__, reverse=True)
    candidates = [s for s in dict.fromkeys([*preferred, *by_order]) if s != one]

    def extend(subgroup: frozenset[Rows], chosen: list[Rows]) -> list[Rows] | None:
        if len(subgroup) == len(elements):
            return chosen
        for s in candidates:
            larger = {product(h, p) for h in subgroup for p in powers(s, elements[s])}
            if len(larger) != len(subgroup) * elements[s] or not _is_closed(larger, [*chosen, s]):
                continue
            if found := extend(frozenset(larger), [*chosen, s]):
                return found
        return None

    return extend(frozenset([one]), [])


def _is_closed(members: set[Rows], generators: Sequence[Rows]) -> bool:
    """Whether a set that is finite and holds the identity is the group of its generators."""
    return all(product(s, g) in members for s in members for g in generators)
