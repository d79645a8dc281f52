"""p4m: translations, quarter turns and mirrors of the square lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupconv import SQUARE, Element, SplitGroup

if TYPE_CHECKING:
    from sympy import Expr, ImmutableMatrix

__all__ = ["P4M"]


class P4M(SplitGroup):
    """Translations, rotations by 90 degrees and mirror reflections (section 4.3).

    Examples:
        >>> P4M().compose((1, 1, 0, 0), (1, 1, 0, 0))
        (0, 0, 0, 0)
    """

    name = "p4m"
    api_version = 1
    lattice = SQUARE
    stabilizer_shape = (2, 4)

    def matrix(self, m: Expr, r: Expr, u: Expr, v: Expr) -> ImmutableMatrix:
        """Turn by `r` quarters, mirror the first axis if `m`, then translate by `(u, v)`."""
        from sympy import ImmutableMatrix, cos, pi, sin  # here, so that listing loads no sympy

        sign, c, s = (-1) ** m, cos(r * pi / 2), sin(r * pi / 2)
        return ImmutableMatrix([[sign * c, -sign * s, u], [s, c, v], [0, 0, 1]])

    def index(self, matrix: ImmutableMatrix) -> Element:
        """The sign of the determinant, the angle of the second row, and the last column."""
        from sympy import atan2, pi

        m = (1 - matrix[:2, :2].det()) / 2
        angle = atan2(matrix[1, 0], matrix[1, 1])
        return m, (2 * angle / pi) % 4, matrix[0, 2], matrix[1, 2]
