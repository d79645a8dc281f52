"""A zoo of broken groups: each is wrong in one way, and says what must be found about it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import sympy

from groupconv import CUBIC, HEXAGONAL, SQUARE, GeneratedGroup, SplitGroup
from tests.support.groups import CUBE

if TYPE_CHECKING:
    from collections.abc import Callable

TURNS = {0: [[1, 0], [0, 1]], 1: [[0, -1], [1, 0]], 2: [[-1, 0], [0, -1]], 3: [[0, 1], [-1, 0]]}


class Turns(SplitGroup):
    """p4 by a list of matrices: sound, and to be broken in one way at a time."""

    name = "broken"
    lattice = SQUARE
    stabilizer_shape = (4,)
    parts = TURNS

    def matrix(self, r, u, v):
        (a, b), (c, d) = self.parts[int(r)]
        return sympy.Matrix([[a, b, u], [c, d, v], [0, 0, 1]])

    def index(self, matrix):
        linear = matrix[:2, :2].tolist()
        r = next(k for k, part in self.parts.items() if part == linear)
        return r, matrix[0, 2], matrix[1, 2]


class Pair(Turns):
    """The identity and one other element."""

    stabilizer_shape = (2,)


# -- the set of elements ---------------------------------------------------------------------------


class Missing(Turns):
    stabilizer_shape = (3,)


class Twice(Turns):
    parts = TURNS | {3: TURNS[1]}


class IdentityNotFirst(Turns):
    parts = {k: TURNS[(k + 1) % 4] for k in range(4)}


class NoInverse(Pair):
    parts = {0: TURNS[0], 1: TURNS[1]}


class InfiniteShear(Pair):
    parts = {0: TURNS[0], 1: [[1, 1], [0, 1]]}


class FiniteShear(Pair):
    """A sound group, but of another lattice than it says."""

    parts = {0: TURNS[0], 1: [[-1, 1], [0, 1]]}


class Sixths(Turns):
    """p6, on the square lattice."""

    stabilizer_shape = (6,)
    parts = {k: (sympy.Matrix([[1, -1], [1, 0]]) ** k).tolist() for k in range(6)}


class Quarters(Turns):
    """p4, on the hexagonal lattice."""

    lattice = HEXAGONAL


# -- entries ---------------------------------------------------------------------------------------


class Half(Turns):
    parts = TURNS | {1: [[0, sympy.Rational(-1, 2)], [2, 0]]}


class NearlyRight(Turns):
    parts = TURNS | {1: [[0, -1.0], [1, 0]]}


class NearlyOne(Turns):
    parts = TURNS | {1: [[0, -1 + 1e-15], [1, 0]]}


class Imaginary(Pair):
    parts = {0: TURNS[0], 1: [[sympy.I, 0], [0, -sympy.I]]}


class Irrational(Pair):
    root = sympy.sqrt(2) / 2
    parts = {0: TURNS[0], 1: [[root, root], [root, -root]]}


class LeftoverSymbol(Turns):
    parts = TURNS | {1: [[0, -sympy.Symbol("c")], [1, 0]]}


class Huge(Turns):
    parts = TURNS | {1: [[0, -(10**12)], [1, 0]]}


class Singular(Pair):
    parts = {0: TURNS[0], 1: [[0, 0], [0, 0]]}


class DeterminantTwo(Pair):
    parts = {0: TURNS[0], 1: [[2, 0], [0, 1]]}


# -- where the translation goes --------------------------------------------------------------------


class Moved(Turns):
    """A template for matrices with another last column."""

    def matrix(self, r, u, v):
        (a, b), (c, d) = self.parts[int(r)]
        x, y = self.moved(r, u, v)
        return sympy.Matrix([[a, b, x], [c, d, y], [0, 0, 1]])


class TranslationDoubled(Moved):
    def moved(self, r, u, v):
        return 2 * u, 2 * v


class TranslationHalved(Moved):
    def moved(self, r, u, v):
        return u / 2, v / 2


class TranslationNegated(Moved):
    def moved(self, r, u, v):
        return -u, -v


class TranslationForgotten(Moved):
    def moved(self, r, u, v):
        return u, 0


class TranslationFirst(Moved):
    """The stabilizer turns the translation, as in `s t` in place of `t s`."""

    def moved(self, r, u, v):
        return sympy.Matrix(self.parts[int(r)]) * sympy.Matrix([u, v])


class FloatTranslation(Turns):
    """Floats where no stabilizer element shows them."""

    def matrix(self, r, u, v):
        return super().matrix(r, u * sympy.Float(1), v)


class Glide(Moved):
    def moved(self, r, u, v):
        return u + r, v


class ShiftedOrigin(Moved):
    def moved(self, r, u, v):
        return u + 1, v


class CubicInTheTranslation(Moved):
    """Right at the translations 0, 2 and 5."""

    def moved(self, r, u, v):
        return u + (u - 2) * u * (u - 5), v


class BranchesOnTheTranslation(Moved):
    def moved(self, r, u, v):
        return (0, v) if u == -1 else (u, v)


class LinearPartMoves(Turns):
    def matrix(self, r, u, v):
        (a, b), (c, d) = self.parts[int(r)]
        return sympy.Matrix([[a + r * u, b, u], [c, d, v], [0, 0, 1]])


class BottomRow(Turns):
    def matrix(self, r, u, v):
        (a, b), (c, d) = self.parts[int(r)]
        return sympy.Matrix([[a, b, u], [c, d, v], [0, r, 1]])


# -- what matrix gives back ------------------------------------------------------------------------


class ReturnsNone(Turns):
    def matrix(self, r, u, v):
        return None


class ReturnsText(Turns):
    def matrix(self, r, u, v):
        return "turn"


class WrongSize(Turns):
    def matrix(self, r, u, v):
        return sympy.eye(4)


class WrongDimension(Turns):
    lattice = CUBIC

    def matrix(self, r, u, v, w):
        return super().matrix(r, u, v)

    def index(self, matrix):
        return (*super().index(matrix), 0)


class RaisesInMatrix(Turns):
    def matrix(self, r, u, v):
        return super().matrix(r, u, v) if r != 2 else {}[int(r)]


class NotTheSameTwice(Turns):
    calls = itertools.count()

    def matrix(self, r, u, v):
        return super().matrix((int(r) + 2 * (next(self.calls) % 2)) % 4, u, v)


# -- index -----------------------------------------------------------------------------------------


class WrongIndex(Turns):
    def index(self, matrix):
        r, u, v = super().index(matrix)
        return (r + 2) % 4, u, v


class IndexOutOfRange(Turns):
    def index(self, matrix):
        r, u, v = super().index(matrix)
        return r + 4, u, v


class SwappedTranslation(Turns):
    def index(self, matrix):
        r, u, v = super().index(matrix)
        return r, v, u


class IndexTooShort(Turns):
    def index(self, matrix):
        return super().index(matrix)[:2]


class IndexIsFloat(Turns):
    def index(self, matrix):
        r, u, v = super().index(matrix)
        return float(r), u, v


class IndexIsNone(Turns):
    def index(self, matrix):
        return None


class RaisesInIndex(Turns):
    def index(self, matrix):
        return [][1]


# -- compose and inverse of one's own --------------------------------------------------------------


class WrongCompose(Turns):
    """Right for the generator and its inverse."""

    def compose(self, g, h):
        r, u, v = super().compose(g, h)
        return (r if (g[0], h[0]) != (3, 2) else 2), u, v


class OtherOrder(Turns):
    def compose(self, g, h):
        return super().compose(h, g)


class AddsTranslations(Turns):
    """Right for every pair of untranslated elements."""

    def compose(self, g, h):
        (r, *t), (s, *x) = g, h
        return ((r + s) % 4, *(a + b for a, b in zip(t, x, strict=True)))


class ComposeBranches(Turns):
    """Right for symbols, wrong for numbers."""

    def compose(self, g, h):
        r, u, v = super().compose(g, h)
        return (r, u, v) if isinstance(u, sympy.Expr) else (r, u + v, v)


class ForgetsTheTurn(Turns):
    """A short cut for elements without a translation, as if they were the identity."""

    def compose(self, g, h):
        return h if g[1:] == (0, 0) else super().compose(g, h)


class DoublesSquares(Turns):
    """A short cut for the product of an element with itself."""

    def compose(self, g, h):
        return (2 * g[0] % 4, 2 * g[1], 2 * g[2]) if g == h else super().compose(g, h)


class ComposeIsNone(Turns):
    def compose(self, g, h):
        return None


class WrongInverse(Turns):
    def inverse(self, g):
        r, u, v = super().inverse(g)
        return (r, u, v) if g[0] != 3 else (r, -u, v)


class InverseNegates(Turns):
    def inverse(self, g):
        r, u, v = g
        return -r % 4, -u, -v


class InverseIsItself(Turns):
    def inverse(self, g):
        return g


class OneOfFortyEight(type(CUBE)):
    """Its inverse is wrong for the last of 48 elements alone."""

    def inverse(self, g):
        found = super().inverse(g)
        return found if g[:5] != (1, 2, 1, 1, 1) else (*found[:-1], found[-1] + 1)


MIRROR = [[-1, 0], [0, 1]]
BIG = {g.name: (g.matrix, g.order) for g in CUBE.generators}


def generated(**generators):
    return lambda: GeneratedGroup("broken", generators)


class Specimen(NamedTuple):
    """One broken group, and what must be found about it.

    `axiom` and `at` are those of the one root of its verification, and of the error at its tables
    unless `table_axiom` (nothing if tables do not notice) and `table_at` say otherwise. What cannot
    be made breaks `axiom` where it is made.
    """

    name: str
    make: Callable[[], SplitGroup]
    axiom: str
    at: tuple[tuple[int, ...], ...] | None = None
    table_axiom: str | None = None
    table_at: tuple[tuple[int, ...], ...] | None = None
    is_made: bool = True


SPECIMENS = (
    Specimen("Missing", Missing, "closure", ((1, 0, 0), (2, 0, 0))),
    Specimen("Twice", Twice, "injectivity", ((3, 0, 0),), table_at=((1, 0, 0), (3, 0, 0))),
    Specimen("IdentityNotFirst", IdentityNotFirst, "identity", ((0, 0, 0),)),
    Specimen("NoInverse", NoInverse, "closure", ((1, 0, 0), (1, 0, 0))),
    Specimen("InfiniteShear", InfiniteShear, "isometry", ((1, 0, 0),)),
    Specimen("FiniteShear", FiniteShear, "isometry", ((1, 0, 0),)),
    Specimen("Sixths", Sixths, "isometry", ((1, 0, 0),)),
    Specimen("Quarters", Quarters, "isometry", ((1, 0, 0),)),
    Specimen("Half", Half, "integrality", ((1, 0, 0),)),
    Specimen("NearlyRight", NearlyRight, "integrality", ((1, 0, 0),)),
    Specimen("NearlyOne", NearlyOne, "integrality", ((1, 0, 0),)),
    Specimen("Imaginary", Imaginary, "integrality", ((1, 0, 0),)),
    Specimen("Irrational", Irrational, "integrality", ((1, 0, 0),)),
    Specimen("LeftoverSymbol", LeftoverSymbol, "integrality", ((1, 0, 0),)),
    Specimen("Huge", Huge, "isometry", ((1, 0, 0),)),
    Specimen("Singular", Singular, "isometry", ((1, 0, 0),)),
    Specimen("DeterminantTwo", DeterminantTwo, "isometry", ((1, 0, 0),)),
    Specimen(
        "TranslationDoubled", TranslationDoubled, "split", ((0, 1, 0),), table_at=((0, -2, 3),)
    ),
    Specimen("TranslationHalved", TranslationHalved, "split", ((0, 1, 0),), table_at=((0, -2, 3),)),
    Specimen(
        "TranslationNegated", TranslationNegated, "split", ((0, 1, 0),), table_at=((0, -2, 3),)
    ),
    Specimen(
        "TranslationForgotten", TranslationForgotten, "split", ((0, 0, 1),), table_at=((0, -2, 3),)
    ),
    Specimen("TranslationFirst", TranslationFirst, "split", ((1, 1, 0),), table_at=((1, -2, 3),)),
    Specimen(
        "FloatTranslation", FloatTranslation, "integrality", ((0, 1, 0),), table_at=((0, -2, 3),)
    ),
    Specimen("Glide", Glide, "stabilizer", ((1, 0, 0),)),
    Specimen("ShiftedOrigin", ShiftedOrigin, "stabilizer", ((0, 0, 0),)),
    Specimen(
        "CubicInTheTranslation",
        CubicInTheTranslation,
        "split",
        ((0, 1, 0),),
        table_at=((0, -2, 3),),
    ),
    Specimen(
        "BranchesOnTheTranslation",
        BranchesOnTheTranslation,
        "uniformity",
        ((0, -1, 0),),
        table_axiom="",
    ),
    Specimen("LinearPartMoves", LinearPartMoves, "split", ((1, 1, 0),), table_at=((1, -2, 3),)),
    Specimen("BottomRow", BottomRow, "homogeneity", ((1, 0, 0),)),
    Specimen("ReturnsNone", ReturnsNone, "form", ((0, 0, 0),)),
    Specimen("ReturnsText", ReturnsText, "form", ((0, 0, 0),)),
    Specimen("WrongSize", WrongSize, "form", ((0, 0, 0),)),
    Specimen("WrongDimension", WrongDimension, "form", ((0, 0, 0, 0),)),
    Specimen("RaisesInMatrix", RaisesInMatrix, "form", ((2, 0, 0),)),
    Specimen("NotTheSameTwice", NotTheSameTwice, "uniformity", None, table_axiom="index of matrix"),
    Specimen("WrongIndex", WrongIndex, "index of matrix", ((0, 0, 0),), table_at=((0, -2, 3),)),
    Specimen(
        "IndexOutOfRange", IndexOutOfRange, "index of matrix", ((0, 0, 0),), table_at=((0, -2, 3),)
    ),
    Specimen(
        "SwappedTranslation",
        SwappedTranslation,
        "index of matrix",
        ((0, 1, 0),),
        table_at=((0, -2, 3),),
    ),
    Specimen(
        "IndexTooShort", IndexTooShort, "index of matrix", ((0, 0, 0),), table_at=((0, -2, 3),)
    ),
    Specimen("IndexIsFloat", IndexIsFloat, "index of matrix", ((0, 0, 0),), table_at=((0, -2, 3),)),
    Specimen("IndexIsNone", IndexIsNone, "index of matrix", ((0, 0, 0),), table_at=((0, -2, 3),)),
    Specimen(
        "RaisesInIndex", RaisesInIndex, "index of matrix", ((0, 0, 0),), table_at=((0, -2, 3),)
    ),
    Specimen(
        "WrongCompose",
        WrongCompose,
        "composition",
        ((3, 0, 0), (2, 0, 0)),
        table_at=((3, 2, 3), (2, -3, -2)),
    ),
    Specimen(
        "AddsTranslations",
        AddsTranslations,
        "composition",
        ((1, 0, 0), (0, 1, 0)),
        table_at=((1, 2, 3), (0, -3, -2)),
    ),
    Specimen(
        "ComposeBranches",
        ComposeBranches,
        "composition",
        ((0, 0, 1), (0, 0, 0)),
        table_at=((0, 2, 3), (0, -3, -2)),
    ),
    Specimen("ForgetsTheTurn", ForgetsTheTurn, "composition", ((1, 0, 0), (0, 0, 0))),
    Specimen(
        "DoublesSquares",
        DoublesSquares,
        "composition",
        ((1, 1, 0), (1, 1, 0)),
        table_at=((1, 2, 3), (1, 2, 3)),
    ),
    Specimen(
        "ComposeIsNone",
        ComposeIsNone,
        "composition",
        ((0, 0, 0), (0, 0, 0)),
        table_at=((0, 2, 3), (0, -3, -2)),
    ),
    Specimen("WrongInverse", WrongInverse, "left inverse", ((3, 0, 1),), table_at=((3, -2, 3),)),
    Specimen(
        "InverseNegates", InverseNegates, "left inverse", ((1, 1, 0),), table_at=((1, -2, 3),)
    ),
    Specimen(
        "InverseIsItself", InverseIsItself, "left inverse", ((0, 1, 0),), table_at=((0, -2, 3),)
    ),
    Specimen(
        "OneOfFortyEight",
        lambda: OneOfFortyEight("Pm-3m", BIG),
        "left inverse",
        ((1, 2, 1, 1, 1, 0, 0, 0),),
        table_at=((1, 2, 1, 1, 1, -2, 3, -4),),
    ),
    Specimen("WrongOrder", generated(r=(TURNS[1], 2)), "finite order", is_made=False),
    Specimen("DoubleOrder", generated(r=(TURNS[1], 8)), "finite order", is_made=False),
    Specimen("ShearGenerator", generated(r=([[1, 1], [0, 1]], 4)), "finite order", is_made=False),
    Specimen("FloatGenerator", generated(r=([[0, -1.0], [1, 0]], 4)), "integrality", is_made=False),
    Specimen(
        "NotClosedGenerators",
        generated(a=(MIRROR, 2), b=([[0, 1], [1, 0]], 2)),
        "closure",
        ((0, 1, 0, 0), (1, 0, 0, 0)),
    ),
    Specimen(
        "RepeatedGenerators",
        generated(a=(TURNS[1], 4), b=(TURNS[2], 2)),
        "injectivity",
        ((2, 0, 0, 0),),
        table_at=((0, 1, 0, 0), (2, 0, 0, 0)),
    ),
    Specimen("ObliqueGenerators", generated(m=([[-1, 1], [0, 1]], 2)), "isometry", ((1, 0, 0),)),
    Specimen("SixOnSquare", generated(r=([[1, -1], [1, 0]], 6)), "isometry", ((1, 0, 0),)),
)
