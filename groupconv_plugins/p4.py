"""p4: translations and quarter turns of the square lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupconv import SQUARE, Element, SplitGroup

if TYPE_CHECKING:
    from sympy import Expr, ImmutableMatrix

__all__ = ["P4"]


class P4(SplitGroup):
    """Translations and rotations by 90 degrees about any centre (section 4.2, eq. 2).

    Examples:
        >>> P4().compose((1, 0, 0), (1, 2, 3))
        (2, -3, 2)
    """

    name = "p4"
    api_version = 1
    lattice = SQUARE
    stabilizer_shape = (4,)

    def matrix(self, r: Expr, u: Expr, v: Expr) -> ImmutableMatrix:
        """Turn by `r` quarters, then translate by `(u, v)`."""
        from sympy import ImmutableMatrix, cos, pi, sin  # here, so that listing loads no sympy

        c, s = cos(r * pi / 2), sin(r * pi / 2)
        return ImmutableMatrix([[c, -s, u], [s, c, v], [0, 0, 1]])

    def index(self, matrix: ImmutableMatrix) -> Element:
        """The angle of the first column in quarter turns, and the last column."""
        from sympy import atan2, pi

        angle = atan2(matrix[1, 0], matrix[0, 0])
        return (2 * angle / pi) % 4, matrix[0, 2], matrix[1, 2]
