"""The groups of the plane that need no turn by 90 or 60 degrees, in lattice coordinates.

The matrices are those of the International Tables, for `cm` and `cmm` in the primitive basis
`(a - b)/2, (a + b)/2` of the centred cell. They all keep the square lattice, so they serve ordinary
images: the mirror of `cm` exchanges rows and columns.
"""

from groupconv import SQUARE, GeneratedGroup

__all__ = ["cm", "cmm", "p2", "pm", "pmm"]

_HALF_TURN = ([[-1, 0], [0, -1]], 2)
_MIRROR = ([[-1, 0], [0, 1]], 2)  # of the first axis
_EXCHANGE = ([[0, -1], [-1, 0]], 2)  # a mirror of the centred cell's first axis, a = a' + b'

p2 = GeneratedGroup("p2", {"r": _HALF_TURN}, SQUARE)
pm = GeneratedGroup("pm", {"m": _MIRROR}, SQUARE)
cm = GeneratedGroup("cm", {"m": _EXCHANGE}, SQUARE)
pmm = GeneratedGroup("pmm", {"m": _MIRROR, "r": _HALF_TURN}, SQUARE)
cmm = GeneratedGroup("cmm", {"m": _EXCHANGE, "r": _HALF_TURN}, SQUARE)
