"""What a plugin states and how its formulas are called, at the edges."""

from __future__ import annotations

import functools
import importlib
import json
import pickle
from dataclasses import dataclass

import pytest
import sympy

import groupconv as gc
from groupconv import SQUARE, SplitGroup
from groupconv.algebra.formulas import raised_at
from groupconv.algebra.integer_matrices import product
from groupconv.errors import AxiomError, GroupError
from tests.support.groups import P4
from tests.support.zoo import TURNS, Turns

Base = type(P4)


def plugin(**stated):
    return type("Wrong", (Base,), stated)


@pytest.mark.parametrize("shape", [(0,), (4, 0), (-1,), ("4",), (4.0,), (True,), [4], None, 2])
def test_shapes_are_positive_integers(shape):
    with pytest.raises(GroupError, match=r"class Wrong: stabilizer_shape=.*, expected a tuple of"):
        plugin(stabilizer_shape=shape)()


def test_orders_up_to_the_limit_are_let_through():
    assert plugin(stabilizer_shape=(4096,))().order == 4096
    with pytest.raises(GroupError, match=r"stabilizer_shape=\(4097,\), expected at most 4096"):
        plugin(stabilizer_shape=(4097,))()


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"lattice": "square"}, "lattice='square', expected a groupconv.Lattice"),
        ({"name": ""}, "name='', expected a text on one line"),
        ({"name": None}, "name=None, expected a text"),
        ({"name": "two\nlines"}, "expected a text on one line"),
        ({"status": "beta"}, "status='beta', expected 'stable' or 'experimental'"),
        ({"api_version": 2}, "api_version=2, and this groupconv knows api_version=1; install"),
        (
            {"matrix": lambda self, u, v: None},
            r"matrix takes \(self, u, v\), expected self and 3 more by position, 1 for "
            r"stabilizer_shape and 2 for the lattice 'square'; correct the plugin",
        ),
        ({"index": lambda self: None}, r"index takes \(self\), expected self and 1 more"),
        ({"compose": lambda self, g: None}, r"compose takes \(self, g\), expected self and 2 more"),
        ({"matrix": lambda self, *, r, u, v: None}, r"matrix takes \(self, \*, r, u, v\)"),
    ],
)
def test_what_a_plugin_states_is_checked_when_an_object_is_made(stated, message):
    with pytest.raises(GroupError, match=message):
        plugin(**stated)()


def test_generated_groups_are_checked_too():
    with pytest.raises(GroupError, match="name='two\\\\nlines', expected a text on one line"):
        gc.GeneratedGroup("two\nlines", {"r": ([[0, -1], [1, 0]], 4)})
    with pytest.raises(GroupError, match="status='beta'"):
        gc.GeneratedGroup("p2", {"r": ([[-1, 0], [0, -1]], 2)}, status="beta")


def test_missing_formulas_are_named_by_python():
    class OnlyMatrix(SplitGroup):
        name, lattice, stabilizer_shape = "none", SQUARE, ()

        def matrix(self, u, v):
            return None

    with pytest.raises(TypeError, match=r"OnlyMatrix .*abstract method '?index"):
        OnlyMatrix()


def test_what_a_formula_raises_names_the_file_and_the_line():
    def matrix(self, r, u, v):
        return r / 0 + {}["gone"]

    line = matrix.__code__.co_firstlineno + 1
    with pytest.raises(GroupError, match=rf"KeyError: 'gone' \(test_plugin.py, line {line}\)"):
        plugin(matrix=matrix)().matrix(1, 0, 0)


def test_what_a_formula_calls_raises_in_the_formula_s_own_line():
    def index(self, matrix):
        return 0, *(json.loads(str(t)) for t in matrix[:2, 2])

    line = index.__code__.co_firstlineno + 1
    u = sympy.Symbol("u")
    with pytest.raises(GroupError, match=rf"JSONDecodeError: .* \(test_plugin.py, line {line}\)"):
        plugin(index=index)().index(sympy.Matrix([[1, 0, u], [0, 1, 0], [0, 0, 1]]))


def test_what_a_formula_raises_is_reported_on_one_line():
    def index(self, matrix):
        return [].index(matrix[:2, :2])

    with pytest.raises(GroupError) as caught:
        plugin(index=index)().stabilizer
    assert "is not in list" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_error_without_a_text_is_reported_by_its_name():
    def matrix(self, r, u, v):
        raise AssertionError

    with pytest.raises(GroupError, match=r"raised AssertionError \(test_plugin.py, line"):
        plugin(matrix=matrix)().matrix(1, 0, 0)


@pytest.mark.parametrize("name", ["matrix", "index", "compose"])
def test_formulas_that_call_themselves_end_in_one_error(name):
    def formula(self, *arguments):
        return getattr(type(self), name)(self, *arguments)

    with pytest.raises(GroupError, match=f"{name}.* of group 'p4' raised RecursionError"):
        plugin(**{name: formula})().stabilizer


def test_a_formula_may_call_the_one_it_overrides():
    class Through(Base):
        def matrix(self, r, u, v):
            return super().matrix(r, u, v)

        def index(self, matrix):
            return super().index(matrix)

        def compose(self, g, h):
            return super().compose(g, h)

        def inverse(self, g):
            return super().inverse(g)

    group = Through()
    assert group.matrix(1, 2, 3) == P4.matrix(1, 2, 3)
    assert group.compose((1, 0, 0), (1, 2, 3)) == P4.compose((1, 0, 0), (1, 2, 3))
    assert group.inverse((1, 2, 3)) == P4.inverse((1, 2, 3))
    assert (group.stabilizer.composition == P4.stabilizer.composition).all()
    assert group.formulas.claims == {"compose", "inverse"}
    assert P4.formulas.claims == frozenset()


class WrongComposeMixin:
    def compose(self, g, h):
        return (0, 0, 0)


class Mixed(WrongComposeMixin, Turns):
    pass


class Loose(Turns):
    """Formulas under other names, and a lambda: they are checked like any other."""

    matrix = lambda self, r, u, v: Turns.matrix(self, r, u, v)  # noqa: E731


def helper(self, matrix):
    r, u, v = Turns.index(self, matrix)
    return r + 4, u, v


class Renamed(Turns):
    index = helper


def test_formulas_are_checked_however_they_come_in():
    with pytest.raises(GroupError, match="expected one of 0 … 3"):
        Loose().matrix(7, 0, 0)
    with pytest.raises(AxiomError, match="breaks index of matrix"):
        Renamed().stabilizer
    with pytest.raises(AxiomError, match="breaks composition"):
        Mixed().stabilizer
    assert Loose().order == 4


def test_products_are_answered_by_the_tables_whatever_a_plugin_claims():
    assert Mixed().compose((1, 0, 0), (1, 2, 3)) == P4.compose((1, 0, 0), (1, 2, 3))


def test_formulas_are_evaluated_once():
    calls = []

    class Counting(Turns):
        def matrix(self, r, u, v):
            calls.append("matrix")
            return super().matrix(r, u, v)

        def index(self, matrix):
            calls.append("index")
            return super().index(matrix)

    group = Counting()
    group.compose((1, 0, 0), (1, 2, 3))
    calls.clear()
    group.compose((3, 5, 0), (1, 2, 3))
    group.inverse((3, 5, 0))
    group.index([[0, -1, 5], [1, 0, 7], [0, 0, 1]])
    gc.nn.GroupConv(1, 1, 3, group=group)
    assert calls == []


@dataclass(frozen=True)
class Mirror(Turns):
    axis: int
    stabilizer_shape = (2,)

    @property
    def parts(self):
        flip = [[1, 0], [0, 1]]
        flip[self.axis][self.axis] = -1
        return {0: TURNS[0], 1: flip}


def test_parametrised_groups_differ_by_their_parameters():
    assert Mirror(0) == Mirror(0) != Mirror(1)
    assert hash(Mirror(0)) == hash(Mirror(0))
    for axis in (0, 1):
        assert Mirror(axis).stabilizer.matrices[1][axis, axis] == -1


def test_what_a_group_computes_once_and_keeps_makes_it_no_other():
    class Keeping(type(P4)):
        @functools.cached_property
        def lookup(self):
            return {}

    group = Keeping()
    before = hash(group)
    assert group.lookup is group.lookup
    assert group.stabilizer is group.stabilizer
    assert hash(group) == before
    assert group == Keeping()
    assert gc.verify(group).passed


def test_a_pickle_holds_no_tables():
    group = Mirror(1)
    size = len(pickle.dumps(group))
    assert group.stabilizer.order == 2
    assert len(pickle.dumps(group)) == size
    assert pickle.loads(pickle.dumps(group)).compose((1, 0, 0), (0, 2, 3)) == (1, 2, -3)


def test_translations_of_an_index_need_not_be_written_alike():
    class Unexpanded(Turns):
        def index(self, matrix):
            r, u, v = super().index(matrix)
            return r, u * (u + 1) - u**2, v

    assert (Unexpanded().stabilizer.composition == Turns().stabilizer.composition).all()


def test_polynomials_need_not_be_expanded():
    class Unexpanded(Turns):
        def matrix(self, r, u, v):
            return super().matrix(r, (u + 1) ** 2 - u**2 - u - 1, v)

        def index(self, matrix):
            r, u, v = super().index(matrix)
            return r, (u + 1) ** 2 - u**2 - u - 1, v

    assert (Unexpanded().stabilizer.composition == Turns().stabilizer.composition).all()


def test_the_line_of_the_plugin_is_named_not_that_of_what_it_calls():
    def ours(self, r, u, v):
        return product(r, u)

    def imports(self, r, u, v):
        return importlib.import_module("not.installed")

    for matrix in (ours, imports):
        line = matrix.__code__.co_firstlineno + 1
        with pytest.raises(GroupError, match=rf"\(test_plugin.py, line {line}\); corr") as caught:
            plugin(matrix=matrix)().matrix(1, 0, 0)
        # Without a formula, as when a module is loaded, the innermost line that is no other's.
        assert raised_at(caught.value.__cause__) == f" (test_plugin.py, line {line})"


def test_places_are_named_only_in_plugins():
    with pytest.raises(ZeroDivisionError) as caught:
        1 / 0
    assert raised_at(caught.value).startswith(" (test_plugin.py, line ")
    assert raised_at(ValueError("never raised")) == ""
    with pytest.raises(SyntaxError) as caught:  # its own text says where
        compile("(", "plugin.py", "exec")
    assert raised_at(caught.value) == ""
