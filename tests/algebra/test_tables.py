"""The checks at table building, however a group's formulas come in."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sympy

import groupconv as gc
from groupconv.errors import AxiomError, GroupError
from tests.support.zoo import TURNS, Turns


class Loose(Turns):
    """Formulas under other names, and a lambda: they are checked like any other."""

    matrix = lambda self, r, u, v: Turns.matrix(self, r, u, v)  # noqa: E731


def helper(self, matrix):
    r, u, v = Turns.index(self, matrix)
    return r + 4, u, v


class Renamed(Turns):
    index = helper


class WrongComposeMixin:
    def compose(self, g, h):
        return (0, 0, 0)


class Mixed(WrongComposeMixin, Turns):
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

        class Derived(Turns):
            inverse_table = None


def test_entries_are_taken_up_to_a_limit():
    """The mirror that keeps `(1, 0)` and maps `(n/2, 1)` to `(n/2, -1)`."""

    def mirror(n):
        lattice = gc.Lattice("oblique", (("1", "0"), (f"{n}/2", "1")))
        return gc.GeneratedGroup("mirror", {"m": ([[1, n], [0, -1]], 2)}, lattice)

    assert mirror(2**24).stabilizer_matrices.max() == 2**24
    message = "entry 16777217 .* is too large; write matrices in lattice coordinates, in a reduced"
    with pytest.raises(AxiomError, match=message):
        mirror(2**24 + 1).stabilizer_matrices


def test_entries_are_exact():
    class Half(Turns):
        parts = TURNS | {1: [[sympy.Rational(1, 2), -1], [1, 0]]}

    class Nearly(Turns):
        parts = TURNS | {1: [[0, -1.0], [1, 0]]}

    with pytest.raises(AxiomError, match=r"entry 1/2 .* exact integer; write matrices in lattice"):
        Half().stabilizer_matrices
    with pytest.raises(AxiomError, match=r"entry -1.0.* exact integer; write integers, without"):
        Nearly().stabilizer_matrices


def test_translations_of_an_index_need_not_be_written_alike():
    class Unexpanded(Turns):
        def index(self, matrix):
            r, u, v = super().index(matrix)
            return r, u * (u + 1) - u**2, v

    assert (Unexpanded().composition_table == Turns().composition_table).all()


def test_parametrised_groups_differ_by_their_parameters():
    @dataclass(frozen=True, eq=False)
    class Mirror(Turns):
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


def test_polynomials_need_not_be_expanded():
    class Unexpanded(Turns):
        def matrix(self, r, u, v):
            return super().matrix(r, (u + 1) ** 2 - u**2 - u - 1, v)

        def index(self, matrix):
            r, u, v = super().index(matrix)
            return r, (u + 1) ** 2 - u**2 - u - 1, v

    assert (Unexpanded().composition_table == Turns().composition_table).all()
