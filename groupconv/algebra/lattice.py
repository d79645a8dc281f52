"""Lattices: where the integer coordinates of a group lie in space."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    import sympy

EXACT = re.compile(r"(?:sqrt\(|[0-9 +/()-]|(?<!\*)\*(?!\*))+")
"""What an entry may consist of: nothing that could be a name, a float or a power."""

__all__ = ["CUBIC", "HEXAGONAL", "LINE", "SQUARE", "Lattice", "vanishes"]


@dataclass(frozen=True)
class Lattice:
    """A lattice in Euclidean space, by its exact basis vectors.

    Args:
        name: What people call it.
        vectors: The `d` basis vectors, each as `d` exact entries: strings of integers,
            `+ - * / ( )` and `sqrt`, so that naming a lattice loads no computer algebra.

    Raises:
        ArgumentError: `vectors` is not a square array, or an entry is not exact.

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
        is_square = (
            isinstance(rows, tuple)
            and len(rows) > 0
            and all(isinstance(row, tuple) and len(row) == len(rows) for row in rows)
        )
        if not is_square:
            raise ArgumentError(
                f"vectors={rows!r} of lattice {self.name!r} are not d vectors with d entries "
                f"each; give a square tuple of tuples of strings"
            )
        for entry in (entry for row in rows for entry in row):
            if not isinstance(entry, str) or not EXACT.fullmatch(entry) or "//" in entry:
                raise ArgumentError(
                    f"entry {entry!r} of lattice {self.name!r} is not exact; write a string of "
                    f"integers, + - * / ( ) and sqrt, such as '-1/2' or 'sqrt(3)/2'"
                )

    @property
    def dimension(self) -> int:
        """The dimension `d` of the lattice and of the space it lies in."""
        return len(self.vectors)

    @property
    def basis(self) -> sympy.ImmutableMatrix:
        """The basis vectors as columns, an exact `(d, d)` matrix.

        Raises:
            ArgumentError: an entry cannot be read, or the vectors depend on each other.
        """
        import sympy

        try:
            rows = [[sympy.sympify(entry) for entry in vector] for vector in self.vectors]
            if not all(isinstance(entry, sympy.Expr) for row in rows for entry in row):
                raise TypeError("an entry is no number")
            basis = sympy.ImmutableMatrix(rows).T
        except (sympy.SympifyError, TypeError, ValueError, SyntaxError, ZeroDivisionError) as error:
            reason = " ".join(str(error).split())
            raise ArgumentError(
                f"vectors={self.vectors!r} of lattice {self.name!r} cannot be read: {reason}"
            ) from error
        if vanishes(basis.det()) or not all(entry.is_real for entry in basis):
            raise ArgumentError(
                f"vectors={self.vectors!r} of lattice {self.name!r} are not real, or depend on "
                f"each other; give a basis"
            )
        return basis

    @property
    def gram(self) -> sympy.ImmutableMatrix:
        """The scalar products of the basis vectors, an exact `(d, d)` matrix."""
        basis = self.basis
        return basis.T * basis


def vanishes(entry: sympy.Expr) -> bool:
    """Whether an expression is zero: as a polynomial, or as an algebraic number.

    Examples:
        >>> import sympy
        >>> vanishes(1 / (1 + sympy.sqrt(2)) - sympy.sqrt(2) + 1)
        True
    """
    import sympy

    return bool(sympy.expand(entry).is_zero)  # of numbers, by their minimal polynomial


LINE = Lattice("line", (("1",),))
SQUARE = Lattice("square", (("1", "0"), ("0", "1")))
HEXAGONAL = Lattice("hexagonal", (("1", "0"), ("-1/2", "sqrt(3)/2")))
CUBIC = Lattice("cubic", (("1", "0", "0"), ("0", "1", "0"), ("0", "0", "1")))
