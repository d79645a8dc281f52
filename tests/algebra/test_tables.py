"""The checks at table building: each broken group is refused with its axiom and witnesses."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sympy

from groupconv.algebra import SQUARE, SplitGroup
from groupconv.errors import AxiomError, GroupError
from groupconv_plugins.p4 import P4

TURNS = {0: [[1, 0], [0, 1]], 1: [[0, -1], [1, 0]], 2: [[-1, 0], [0, -1]], 3: [[0, 1], [-1, 0]]}


class Broken(SplitGroup):
    """p4 by a list of matrices, to be broken in one way at a time."""

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


def test_the_template_itself_is_sound():
    assert (Broken().composition_table == P4().composition_table).all()


class Missing(Broken):
    stabilizer_shape = (3,)


class Twice(Broken):
    parts = TURNS | {3: TURNS[1]}


class IdentityNotFirst(Broken):
    parts = {k: TURNS[(k + 1) % 4] for k in range(4)}


class Half(Broken):
    parts = TURNS | {1: [[0, sympy.Rational(-1, 2)], [2, 0]]}


class NearlyRight(Broken):
    parts = TURNS | {1: [[0, -1.0], [1, 0]]}


class Huge(Broken):
    parts = TURNS | {1: [[0, -(10**12)], [1, 0]]}


class Singular(Broken):
    stabilizer_shape = (2,)
    parts = {0: TURNS[0], 1: [[0, 0], [0, 0]]}


class TranslationDoubled(Broken):
    def matrix(self, r, u, v):
        (a, b), (c, d) = self.parts[int(r)]
        return sympy.Matrix([[a, b, 2 * u], [c, d, 2 * v], [0, 0, 1]])


class Glide(Broken):
    def matrix(self, r, u, v):
        (a, b), (c, d) = self.parts[int(r)]
        return sympy.Matrix([[a, b, u + r], [c, d, v], [0, 0, 1]])


class BottomRow(Broken):
    def matrix(self, r, u, v):
        (a, b), (c, d) = self.parts[int(r)]
        return sympy.Matrix([[a, b, u], [c, d, v], [0, r, 1]])


class LinearPartMoves(Broken):
    def matrix(self, r, u, v):
        (a, b), (c, d) = self.parts[int(r)]
        return sympy.Matrix([[a + r * u, b, u], [c, d, v], [0, 0, 1]])


class CubicInTheTranslation(Broken):
    """Right at the translations 0, 2 and 5."""

    def matrix(self, r, u, v):
        return super().matrix(r, u + (u - 2) * u * (u - 5), v)


class Sheared(Broken):
    """A sound group, but of another lattice than it says."""

    stabilizer_shape = (2,)
    parts = {0: TURNS[0], 1: [[-1, 1], [0, 1]]}


class NoLattice(Broken):
    lattice = "square"


class NoName(Broken):
    name = None


@dataclass(frozen=True)
class Unhashable(Broken):
    values: list


class WrongIndex(Broken):
    def index(self, matrix):
        r, u, v = super().index(matrix)
        return (r + 2) % 4, u, v


class SwappedTranslation(Broken):
    def index(self, matrix):
        r, u, v = super().index(matrix)
        return r, v, u


class WrongCompose(Broken):
    def compose(self, g, h):
        r, u, v = super().compose(g, h)
        return (r if (g[0], h[0]) != (3, 2) else 2), u, v


class WrongInverse(Broken):
    def inverse(self, g):
        r, u, v = super().inverse(g)
        return (r, u, v) if g[0] != 3 else (r, -u, v)


class BadShape(Broken):
    stabilizer_shape = [4]


class Endless(Broken):
    stabilizer_shape = (10**6,)


@pytest.mark.parametrize(
    ("group", "axiom", "elements"),
    [
        (Missing(), "closure", ((1,), (2,))),
        (Twice(), "injectivity", ((1,), (3,))),
        (IdentityNotFirst(), "the identity", ((0,),)),
        (Half(), "integrality", ((1,),)),
        (NearlyRight(), "integrality", ((1,),)),
        (Huge(), "integrality", ((1,),)),
        (Singular(), "inverses", ((1,),)),
        (TranslationDoubled(), "the split g = t s", "((0, t0, t1),)"),
        (Glide(), "the split g = t s", "((1, 0, 0),)"),
        (BottomRow(), "homogeneity", ((1,),)),
        (LinearPartMoves(), "the split g = t s", "((1, t0, t1),)"),
        (CubicInTheTranslation(), "the split g = t s", "((0, t0, t1),)"),
        (Sheared(), "isometry", "((1,),)"),
        (WrongIndex(), "the bijection of index and matrix", "((0, t0, t1),)"),
        (SwappedTranslation(), "the bijection of index and matrix", "((0, t0, t1),)"),
        (WrongCompose(), "compose = the matrices", ((3, 2, 3), (2, 3, 2))),
        (WrongInverse(), "inverse = the matrices", ((3, 2, 3),)),
        (BadShape(), "the form of a plugin", "()"),
        (Endless(), "the form of a plugin", "()"),
        (NoLattice(), "the form of a plugin", "()"),
        (NoName(), "the form of a plugin", "()"),
        (Unhashable([1]), "the form of a plugin", "()"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, SplitGroup) else "",
)
def test_broken_groups_are_refused(group, axiom, elements):
    with pytest.raises(AxiomError) as caught:
        group.composition_table
    assert caught.value.axiom == axiom
    assert str(caught.value.elements) == str(elements)
    assert " breaks " in str(caught.value)


class ReturnsNone(Broken):
    def matrix(self, r, u, v):
        return None


class WrongSize(Broken):
    def matrix(self, r, u, v):
        return sympy.eye(4)


@pytest.mark.parametrize(
    ("group", "message"),
    [(ReturnsNone(), "is None, expected a 3×3 matrix"), (WrongSize(), "has shape")],
)
def test_unreadable_matrices_are_refused(group, message):
    with pytest.raises(GroupError, match=message):
        group.composition_table


class Loose(Broken):
    """Formulas under other names, and a lambda: they are checked like any other."""

    matrix = lambda self, r, u, v: Broken.matrix(self, r, u, v)  # noqa: E731


def helper(self, matrix):
    r, u, v = Broken.index(self, matrix)
    return r + 4, u, v


class Renamed(Broken):
    index = helper


class WrongComposeMixin:
    def compose(self, g, h):
        return (0, 0, 0)


class Mixed(WrongComposeMixin, Broken):
    pass


def test_formulas_are_checked_however_they_come_in():
    with pytest.raises(GroupError, match="expected one of 0 … 3"):
        Loose().matrix(7, 0, 0)
    with pytest.raises(AxiomError, match="bijection"):
        Renamed().composition_table
    with pytest.raises(AxiomError, match="compose = the matrices"):
        Mixed().composition_table
    assert Loose().order == 4


def test_what_follows_from_the_formulas_cannot_be_overridden():
    with pytest.raises(GroupError, match="defines 'inverse_table', which follows"):

        class Derived(Broken):
            inverse_table = None


def test_parametrised_groups_differ_by_their_parameters():
    @dataclass(frozen=True, eq=False)
    class Mirror(Broken):
        axis: int
        stabilizer_shape = (2,)

        @property
        def parts(self):
            flip = [[1, 0], [0, 1]]
            flip[self.axis][self.axis] = -1
            return {0: TURNS[0], 1: flip}

    assert Mirror(0) != Mirror(1)
    assert Mirror(0) == Mirror(0)
    assert hash(Mirror(0)) == hash(Mirror(0))
    for axis in (0, 1):
        assert Mirror(axis).stabilizer_matrices[1][axis, axis] == -1
