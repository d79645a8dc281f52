"""The 73 symmorphic space groups, by their short Hermann–Mauguin symbols.

A line of the table is a point group: its generators, each as `coordinate=operation`, and the
space groups it makes with the lattices it keeps. Operations are those of the International Tables,
in the conventional cell: rotations 2, 3, 4, 6 and mirrors m with their directions; a minus sign
adds the inversion. The first letter of a symbol is the lattice, in whose primitive basis every
group is given.

Arrays of voxels are cubic lattices: all groups with `P`, `C` or `A` but the trigonal and hexagonal
ones serve them as they are, since a base-centred cell can have orthonormal primitive axes.
"""

from __future__ import annotations

import functools
from typing import TypeAlias

import numpy as np

from groupconv import CUBIC, GeneratedGroup, Lattice

__all__ = ["SYMBOLS", "attribute", "space_group"]

TABLE = """
1       :                       : P1
-1      : i=-1                  : P-1
2       : r=2y                  : P2      C2
m       : m=my                  : Pm      Cm
2/m     : i=-1 r=2y             : P2/m    C2/m
222     : d=2x r=2z             : P222    C222    F222    I222
mm2     : m=mx r=2z             : Pmm2    Cmm2    Amm2    Fmm2    Imm2
mmm     : i=-1 d=2x r=2z        : Pmmm    Cmmm    Fmmm    Immm
4       : r=4z                  : P4      I4
-4      : s=-4z                 : P-4     I-4
4/m     : i=-1 r=4z             : P4/m    I4/m
422     : d=2x r=4z             : P422    I422
4mm     : m=mx r=4z             : P4mm    I4mm
-42m    : d=2x s=-4z            : P-42m   I-42m
-4m2    : m=mx s=-4z            : P-4m2   I-4m2
4/mmm   : i=-1 d=2x r=4z        : P4/mmm  I4/mmm
3       : r=3h                  : P3      R3
-3      : s=-3h                 : P-3     R-3
312     : d=2h[1-10] r=3h       : P312
321     : d=2h[100] r=3h        : P321    R32
3m1     : m=mh[100] r=3h        : P3m1    R3m
31m     : m=mh[1-10] r=3h       : P31m
-31m    : d=2h[1-10] s=-3h      : P-31m
-3m1    : d=2h[100] s=-3h       : P-3m1   R-3m
6       : r=6h                  : P6
-6      : s=-6h                 : P-6
6/m     : i=-1 r=6h             : P6/m
622     : d=2h[100] r=6h        : P622
6mm     : m=mh[100] r=6h        : P6mm
-6m2    : m=mh[100] s=-6h       : P-6m2
-62m    : d=2h[100] s=-6h       : P-62m
6/mmm   : i=-1 d=2h[100] r=6h   : P6/mmm
23      : d=2x r=2z c=3d        : P23     F23     I23
m-3     : i=-1 d=2x r=2z c=3d   : Pm-3    Fm-3    Im-3
432     : d=2x r=4z c=3d        : P432    F432    I432
-43m    : d=2x s=-4z c=3d       : P-43m   F-43m   I-43m
m-3m    : i=-1 d=2x r=4z c=3d   : Pm-3m   Fm-3m   Im-3m
"""

Rows: TypeAlias = list[list[int]]

ROTATIONS: dict[str, tuple[Rows, int]] = {
    "1": ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], 1),
    "2x": ([[1, 0, 0], [0, -1, 0], [0, 0, -1]], 2),
    "2y": ([[-1, 0, 0], [0, 1, 0], [0, 0, -1]], 2),
    "2z": ([[-1, 0, 0], [0, -1, 0], [0, 0, 1]], 2),
    "4z": ([[0, -1, 0], [1, 0, 0], [0, 0, 1]], 4),
    "3d": ([[0, 0, 1], [1, 0, 0], [0, 1, 0]], 3),  # about the diagonal [111]
    # h: hexagonal axes, γ = 120°
    "3h": ([[0, -1, 0], [1, -1, 0], [0, 0, 1]], 3),
    "6h": ([[1, -1, 0], [1, 0, 0], [0, 0, 1]], 6),
    "2h[100]": ([[1, -1, 0], [0, -1, 0], [0, 0, -1]], 2),
    "2h[1-10]": ([[0, -1, 0], [-1, 0, 0], [0, 0, -1]], 2),
}
"""Proper rotations in the conventional cell, and their orders."""

PRIMITIVE: dict[str, tuple[int, Rows]] = {
    "P": (1, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    "C": (2, [[1, 1, 0], [-1, 1, 0], [0, 0, 2]]),
    "A": (2, [[2, 0, 0], [0, 1, 1], [0, -1, 1]]),
    "I": (2, [[-1, 1, 1], [1, -1, 1], [1, 1, -1]]),
    "F": (2, [[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
    "R": (3, [[2, -1, -1], [1, 1, -2], [1, 1, 1]]),  # obverse setting, hexagonal axes
}
"""The primitive basis as columns in the conventional one, with its common denominator."""

PRISM = Lattice("hexagonal prism", (("1", "0", "0"), ("-1/2", "sqrt(3)/2", "0"), ("0", "0", "1")))
BODY = Lattice(
    "body-centred cubic",
    (("-1/2", "1/2", "1/2"), ("1/2", "-1/2", "1/2"), ("1/2", "1/2", "-1/2")),
)
FACE = Lattice(
    "face-centred cubic", (("0", "1/2", "1/2"), ("1/2", "0", "1/2"), ("1/2", "1/2", "0"))
)
RHOMBOHEDRAL = Lattice(
    "rhombohedral",
    (("1/2", "sqrt(3)/6", "1/3"), ("-1/2", "sqrt(3)/6", "1/3"), ("0", "-sqrt(3)/3", "1/3")),
)

_GENERATORS: dict[str, dict[str, str]] = {}
"""For each symbol the operation of each coordinate."""
for _line in TABLE.strip().splitlines():
    _, _named, _symbols = _line.split(" :")
    _operations = dict(part.split("=") for part in _named.split())
    _GENERATORS |= dict.fromkeys(_symbols.split(), _operations)

SYMBOLS = tuple(_GENERATORS)
"""The symbols, in the order of the table."""


def attribute(symbol: str) -> str:
    """The name of a group in this module: the symbol, with `_` for `-` and `/`."""
    return symbol.replace("-", "_").replace("/", "_")


_SYMBOL_OF = {attribute(symbol): symbol for symbol in SYMBOLS}


def _operation(name: str) -> tuple[Rows, int]:
    """The matrix and the order of an operation in the conventional cell."""
    if name.startswith("m"):  # a mirror is a half turn about its normal, with the inversion
        name = f"-2{name[1:]}"
    rows, order = ROTATIONS[name.removeprefix("-")]
    if not name.startswith("-"):
        return rows, order
    return [[-entry for entry in row] for row in rows], order if order % 2 == 0 else 2 * order


def _primitive(rows: Rows, letter: str) -> Rows:
    """A matrix of the conventional cell in the primitive basis, `P⁻¹ A P`, in integers."""
    P = np.array(PRIMITIVE[letter][1])  # its common denominator cancels
    x, y, z = P.T
    adjugate = np.stack([np.cross(y, z), np.cross(z, x), np.cross(x, y)])  # P⁻¹ times the volume
    moved: Rows = (adjugate @ np.array(rows) @ P // (x @ adjugate[0])).tolist()
    return moved


def _lattice(symbol: str) -> Lattice:
    """The lattice of a symbol: its letter, and whether the cell has hexagonal axes."""
    if symbol.startswith("P") and "h" in "".join(_GENERATORS[symbol].values()):
        return PRISM
    return {"I": BODY, "F": FACE, "R": RHOMBOHEDRAL}.get(symbol[0], CUBIC)


@functools.cache
def space_group(symbol: str) -> GeneratedGroup:
    """The space group with a symbol of `SYMBOLS`, in its primitive basis.

    Examples:
        >>> space_group("Fm-3m").order
        48
    """
    named = {name: _operation(operation) for name, operation in _GENERATORS[symbol].items()}
    generators = {
        name: (_primitive(rows, symbol[0]), order) for name, (rows, order) in named.items()
    }
    return GeneratedGroup(symbol, generators, _lattice(symbol))


def __getattr__(name: str) -> GeneratedGroup:
    """A group, made when its entry point asks for it."""
    if name in _SYMBOL_OF:
        return space_group(_SYMBOL_OF[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
