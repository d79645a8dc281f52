"""The checks at table building, however a group's formulas come in."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

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
