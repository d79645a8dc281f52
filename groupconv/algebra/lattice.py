"""Lattices: where the integer coordinates of a group lie in space."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra.exact import read_only
from groupconv.algebra.surds import Surd, read_surd
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt
    import sympy

    from groupconv.algebra.exact import IntArray, Rows

    Surds = tuple[tuple[Surd, ...], ...]


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
        rows = self.vectors
        is_square = isinstance(rows, tuple) and {len(rows)} == set(map(len, rows))
        if not is_square or not all(isinstance(row, tuple) for row in rows):
            raise ArgumentError(
                f"vectors={rows!r} of lattice {self.name!r}: expected a square tuple of tuples of "
                f"strings, d vectors with d entries each"
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
            return read_surd(entry)
        except (ValueError, AttributeError) as error:
            raise ArgumentError(
                f"entry {entry!r} of lattice {self.name!r} is not an exact real number: {error}; "
                f"write a string of integers, + - * / ( ) and sqrt, such as '-1/2' or 'sqrt(3)/2'"
            ) from error

    @property
    def basis(self) -> sympy.ImmutableMatrix:
        """The basis vectors as columns, an exact `(d, d)` matrix."""
        return _as_sympy(self.entries).T

    @property
    def gram(self) -> sympy.ImmutableMatrix:
        """The scalar products of the basis vectors, an exact `(d, d)` matrix."""
        return _as_sympy(self._products)

    @property
    def cartesian_basis(self) -> npt.NDArray[np.float64]:
        """The basis vectors as columns, in floating point, for pictures and sampling."""
        return np.array([[float(x) for x in row] for row in self.entries]).T

    @functools.cached_property
    def _products(self) -> Surds:
        return tuple(
            tuple(sum(map(Surd.__mul__, a, b), Surd({})) for b in self.entries)
            for a in self.entries
        )

    @functools.cached_property
    def integer_grams(self) -> npt.NDArray[np.object_]:
        """Integer matrices that a map keeps exactly if it keeps the Gram matrix, `(n, d, d)`.

        There is one for each square root in the Gram matrix, since these are independent.
        """
        entries = [x.terms for row in self._products for x in row]
        denominator = math.lcm(*(c.denominator for terms in entries for c in terms.values()))
        roots = sorted({n for terms in entries for n in terms})
        parts = [[int(denominator * terms.get(n, 0)) for terms in entries] for n in roots]
        return np.array(parts, dtype=object).reshape(-1, self.dimension, self.dimension)

    @functools.cached_property
    def symmetries(self) -> IntArray:
        """All integer matrices that keep lengths and angles, `(n, d, d)`, the identity first.

        They are the largest stabilizer that a group on this lattice can have (its holohedry).

        Examples:
            >>> len(SQUARE.symmetries), len(HEXAGONAL.symmetries), len(CUBIC.symmetries)
            (8, 12, 48)
        """
        # The image of a basis vector is as long as the vector itself, which bounds its coordinates.
        gram = np.array([[float(x) for x in row] for row in self._products])
        reach = np.sqrt(np.outer(np.linalg.inv(gram).diagonal(), gram.diagonal())).max(axis=1)
        ranges = [np.arange(-n, n + 1) for n in (reach + 1e-6).astype(int)]
        vectors = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, self.dimension)
        grams = self.integer_grams.astype(np.int64)
        lengths = np.einsum("ni,gij,nj->ng", vectors, grams, vectors)
        found = [np.empty((0, self.dimension), dtype=np.int64)]  # the first columns, as rows
        for j in range(self.dimension):
            long = vectors[(lengths == grams[:, j, j]).all(axis=1)]
            found = [
                np.vstack([columns, x])
                for columns in found
                for x in long
                if (np.einsum("ci,gij,j->gc", columns, grams, x) == grams[:, :j, j]).all()
            ]
        matrices = np.stack(found).transpose(0, 2, 1)
        is_one = (matrices == np.eye(self.dimension, dtype=int)).all(axis=(1, 2))
        return read_only(matrices[np.argsort(~is_one, kind="stable")])

    def in_basis(self, P: Rows) -> Lattice:
        """The lattice with other basis vectors, the columns of a unimodular `P`.

        If lengths and angles stay the same, that is this lattice itself.
        """
        columns = [[Surd({1: Fraction(p)}) for p in column] for column in zip(*P, strict=True)]
        axes = list(zip(*self.entries, strict=True))  # what all old vectors have along each axis
        vectors = [
            [sum(map(Surd.__mul__, column, axis), Surd({})) for axis in axes] for column in columns
        ]
        texts = tuple(tuple(map(str, vector)) for vector in vectors)
        changed = Lattice(f"{self.name} in basis {P}", texts)
        same = np.array_equal(changed.integer_grams, self.integer_grams)
        return self if same else changed

    def __getstate__(self) -> dict[str, object]:
        return {"name": self.name, "vectors": self.vectors}


def _as_sympy(rows: Surds) -> sympy.ImmutableMatrix:
    import sympy

    return sympy.ImmutableMatrix([[x.as_sympy() for x in row] for row in rows])


def _determinant(rows: Surds) -> Surd:
    """The sum over all permutations (Leibniz)."""
    total = Surd({})
    for columns in itertools.permutations(range(len(rows))):
        inversions = sum(a > b for a, b in itertools.combinations(columns, 2))
        entries = (row[column] for row, column in zip(rows, columns, strict=True))
        total += math.prod(entries, start=Surd({1: Fraction((-1) ** inversions)}))
    return total


LINE = Lattice("line", (("1",),))
SQUARE = Lattice("square", (("1", "0"), ("0", "1")))
HEXAGONAL = Lattice("hexagonal", (("1", "0"), ("-1/2", "sqrt(3)/2")))
CUBIC = Lattice("cubic", (("1", "0", "0"), ("0", "1", "0"), ("0", "0", "1")))
