"""z2: the translations of the square lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupconv import SQUARE, Element, SplitGroup

if TYPE_CHECKING:
    from sympy import Expr, ImmutableMatrix

__all__ = ["Z2"]


class Z2(SplitGroup):
    """Translations alone: its group convolution is the ordinary planar convolution.

    Examples:
        >>> Z2().compose((1, 2), (3, 4))
        (4, 6)
    """

    name = "z2"
    api_version = 1
    lattice = SQUARE
    stabilizer_shape = ()

    def matrix(self, u: Expr, v: Expr) -> ImmutableMatrix:
        """The translation by `(u, v)`."""
        from sympy import ImmutableMatrix  # here, so that listing loads no sympy

        return ImmutableMatrix([[1, 0, u], [0, 1, v], [0, 0, 1]])

    def index(self, matrix: ImmutableMatrix) -> Element:
        """The last column, without its 1."""
        return matrix[0, 2], matrix[1, 2]
