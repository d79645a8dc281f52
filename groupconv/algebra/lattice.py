"""Lattices: where the integer coordinates of a group lie in space."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra.surds import Surd, read_surd
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt
    import sympy

    FloatArray = npt.NDArray[np.float64]
    Surds = tuple[tuple[Surd, ...], ...]

__all__ = ["CUBIC", "HEXAGONAL", "LINE", "SQUARE", "Lattice"]


@dataclass(frozen=True)
class Lattice:
    """A lattice in Euclidean space, by its exact basis vectors.

    Args:
        name: What people call it.
        vectors: The `d` basis vectors, each as `d` exact entries: strings of integers,
            `+ - * / ( )` and `sqrt` of a rational number.

    Raises:
        ArgumentError: `vectors` is not a square array of such entries, or not a basis.

    Examples:
        >>> HEXAGONAL.gram
        Matrix([
        [   1, -1/2],
        [-1/2,    1]])
    """

    name: str
    vectors: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ArgumentError(f"name={self.name!r} of a lattice: expected a text")
        rows = self.vectors
        is_square = isinstance(rows, tuple) and all(
            isinstance(row, tuple) and len(row) == len(rows) for row in rows
        )
        if not is_square or not rows:
            raise ArgumentError(
                f"vectors={rows!r} of lattice {self.name!r} are not d vectors with d entries "
                f"each; give a square tuple of tuples of strings"
            )
        if not _determinant(self.entries):
            raise ArgumentError(
                f"vectors={rows!r} of lattice {self.name!r} depend on each other; give a basis"
            )

    @property
    def dimension(self) -> int:
        """The dimension `d` of the lattice and of the space it lies in."""
        return len(self.vectors)

    @functools.cached_property
    def entries(self) -> Surds:
        """The entries of the basis vectors as exact numbers."""
        return tuple(tuple(map(self._read, vector)) for vector in self.vectors)

    def _read(self, entry: str) -> Surd:
        try:
            if not isinstance(entry, str):
                raise ValueError(f"it is of type {type(entry).__name__}")
            return read_surd(entry)
        except ValueError as error:
            raise ArgumentError(
                f"entry {entry!r} of lattice {self.name!r} is not an exact real number: {error}; "
                f"write a string of integers, + - * / ( ) and sqrt, such as '-1/2' or 'sqrt(3)/2'"
            ) from error

    @property
    def basis(self) -> sympy.ImmutableMatrix:
        """The basis vectors as columns, an exact `(d, d)` matrix."""
        import sympy

        return sympy.ImmutableMatrix([[x.as_sympy() for x in row] for row in self.entries]).T

    @property
    def gram(self) -> sympy.ImmutableMatrix:
        """The scalar products of the basis vectors, an exact `(d, d)` matrix."""
        import sympy

        return sympy.ImmutableMatrix([[x.as_sympy() for x in row] for row in self._products])

    @property
    def cartesian_basis(self) -> FloatArray:
        """The basis vectors as columns, in floating point, for pictures and sampling."""
        return np.array([[float(x) for x in row] for row in self.entries]).T

    @functools.cached_property
    def _products(self) -> Surds:
        return tuple(
            tuple(sum(map(Surd.__mul__, a, b), Surd()) for b in self.entries) for a in self.entries
        )

    @functools.cached_property
    def integer_grams(self) -> npt.NDArray[np.object_]:
        """Integer matrices that a map keeps exactly if it keeps the Gram matrix, `(n, d, d)`.

        There is one for each square root in the Gram matrix, since these are independent.
        """
        entries = [dict(x.terms) for row in self._products for x in row]
        denominator = math.lcm(*(c.denominator for x in entries for c in x.values()))
        radicands = sorted({n for x in entries for n in x})
        parts = [[int(denominator * x.get(n, 0)) for x in entries] for n in radicands]
        return np.array(parts, dtype=object).reshape(-1, self.dimension, self.dimension)

    def __getstate__(self) -> dict[str, object]:
        return {"name": self.name, "vectors": self.vectors}


def _determinant(rows: Surds) -> Surd:
    """The sum over all permutations (Leibniz)."""
    total = Surd()
    for columns in itertools.permutations(range(len(rows))):
        inversions = sum(a > b for a, b in itertools.combinations(columns, 2))
        product = read_surd("-1" if inversions % 2 else "1")
        for row, column in zip(rows, columns, strict=True):
            product *= row[column]
        total += product
    return total


LINE = Lattice("line", (("1",),))
SQUARE = Lattice("square", (("1", "0"), ("0", "1")))
HEXAGONAL = Lattice("hexagonal", (("1", "0"), ("-1/2", "sqrt(3)/2")))
CUBIC = Lattice("cubic", (("1", "0", "0"), ("0", "1", "0"), ("0", "0", "1")))
