"""p4: translations and quarter turns of the square lattice."""

from sympy import Expr, ImmutableMatrix, atan2, cos, pi, sin

from groupconv import SQUARE, Element, SplitGroup

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
        c, s = cos(r * pi / 2), sin(r * pi / 2)
        return ImmutableMatrix([[c, -s, u], [s, c, v], [0, 0, 1]])

    def index(self, matrix: ImmutableMatrix) -> Element:
        """The angle of the first column in quarter turns, and the last column."""
        angle = atan2(matrix[1, 0], matrix[0, 0])
        return (2 * angle / pi) % 4, matrix[0, 2], matrix[1, 2]
