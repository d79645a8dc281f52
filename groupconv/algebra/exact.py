"""Exact values: integer arrays, matrices as tuples, and when two expressions are equal."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt
    import sympy

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

Element: TypeAlias = tuple[Any, ...]
"""An index `(s…, t…)`: integers, or symbols for the translations."""

Rows: TypeAlias = tuple[tuple[int, ...], ...]
"""A matrix of Python integers, row by row."""


def read_only(table: npt.ArrayLike) -> IntArray:
    """A table as int64 that nobody can change by accident."""
    array = np.array(table, dtype=np.int64)
    array.setflags(write=False)
    return array


def is_concrete(*elements: Element) -> bool:
    """Whether all coordinates are integers, none a symbol."""
    return {int}.issuperset(map(type, itertools.chain(*elements)))


def matrix_text(matrix: sympy.MatrixBase) -> str:
    """A matrix on one line, for messages."""
    return str(matrix.tolist())


def vanishes(entry: sympy.Expr) -> bool:
    """Whether an expression is zero: as a polynomial, or as an algebraic number."""
    import sympy

    return bool(sympy.expand(entry).is_zero)  # of numbers, by their minimal polynomial


def equal(left: Iterable[Any], right: Iterable[Any]) -> bool:
    """Whether two matrices or two indices are equal entry by entry, as `vanishes` sees it."""
    if left == right:
        return True
    left, right = tuple(left), tuple(right)
    return len(left) == len(right) and all(
        a == b or vanishes(a - b) for a, b in zip(left, right, strict=True)
    )
