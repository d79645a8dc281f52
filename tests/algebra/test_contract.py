"""What a plugin states and how its formulas are called, at the edges."""

from __future__ import annotations

import functools
import importlib
import json
from dataclasses import InitVar, dataclass, field

import pytest
import sympy

import groupconv as gc
from groupconv import SQUARE, GeneratedGroup, SplitGroup
from groupconv.algebra.contract import raised_at
from groupconv.algebra.rows import product
from groupconv.errors import ArgumentError, AxiomError, GroupError
from tests.support.groups import P4

Base = type(P4)


def plugin(**stated):
    return type("Wrong", (Base,), stated)


@pytest.mark.parametrize("shape", [(0,), (4, 0), (-1,), ("4",), (4.0,), (True,), [4], None])
def test_shapes_are_positive_integers(shape):
    with pytest.raises(AxiomError, match="is not a tuple of positive integers"):
        plugin(stabilizer_shape=shape)()


def test_orders_up_to_the_limit_are_let_through():
    assert plugin(stabilizer_shape=(64, 64))().order == 4096
    with pytest.raises(AxiomError, match="means 4097 elements, and the largest"):
        plugin(stabilizer_shape=(17, 241))()


@pytest.mark.parametrize(
    ("formula", "call", "message"),
    [
        (
            {"matrix": lambda self, u, v: None},
            lambda group: group.matrix(0, 0, 0),
            r"matrix of group 'p4' takes \(self, u, v\), expected self and 3 more by position, 1 "
            r"for its stabilizer_shape and 2 for the translation on the lattice 'square'; mend the "
            r"plugin's matrix, its",
        ),
        (
            {"index": lambda self: None},
            lambda group: group.index(P4.matrix(0, 0, 0)),
            r"index of group 'p4' takes \(self\), expected self and 1 more by position; mend the "
            r"plugin's index$",
        ),
        (
            {"compose": lambda self, g: None},
            lambda group: group.compose((0, 0, 0), (0, 0, 0)),
            r"compose of group 'p4' takes \(self, g\), expected self and 2 more by position; mend",
        ),
        (
            {"matrix": lambda self, *, r, u, v: None},
            lambda group: group.matrix(0, 0, 0),
            r"takes \(self, \*, r, u, v\), expected self and 3 more by position",
        ),
    ],
)
def test_formulas_with_other_arguments_are_told(formula, call, message):
    with pytest.raises(GroupError, match=message):
        call(plugin(**formula)())


def test_what_a_formula_raises_names_the_file_and_the_line():
    def matrix(self, r, u, v):
        return r / 0 + {}["gone"]

    line = matrix.__code__.co_firstlineno + 1
    with pytest.raises(GroupError, match=rf"KeyError: 'gone' \(test_contract.py, line {line}\)"):
        plugin(matrix=matrix)().matrix(1, 0, 0)


def test_what_a_formula_calls_raises_in_the_formula_s_own_line():
    def index(self, matrix):
        return 0, *(json.loads(str(t)) for t in matrix[:2, 2])

    line = index.__code__.co_firstlineno + 1
    u = sympy.Symbol("u")
    with pytest.raises(GroupError, match=rf"JSONDecodeError: .* \(test_contract.py, line {line}\)"):
        plugin(index=index)().index(sympy.Matrix([[1, 0, u], [0, 1, 0], [0, 0, 1]]))


def test_what_a_formula_raises_is_told_on_one_line():
    def index(self, matrix):
        return [].index(matrix[:2, :2])

    with pytest.raises(GroupError) as caught:
        plugin(index=index)().index(P4.matrix(0, 0, 0))
    assert "is not in list" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_tuple_is_told_by_its_type():
    def compose(self, g, h):
        return sympy.Tuple(0, 0, 0)

    with pytest.raises(GroupError, match=r"index=\(0, 0, 0\) of type Tuple is no element"):
        plugin(compose=compose)().compose((0, 0, 0), (0, 0, 0))


def test_an_error_without_a_text_is_told_by_its_name():
    def matrix(self, r, u, v):
        raise AssertionError

    with pytest.raises(GroupError, match=r"raised AssertionError \(test_contract.py, line"):
        plugin(matrix=matrix)().matrix(1, 0, 0)


@pytest.mark.parametrize("kind", [staticmethod, classmethod])
def test_formulas_are_methods_of_objects(kind):
    with pytest.raises(GroupError, match="class Wrong has a static or class method compose"):
        plugin(compose=kind(lambda *arguments: None))


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
    assert (group.composition_table == P4.composition_table).all()


def test_an_index_that_calls_itself_is_told_in_one_sentence():
    class Endless(type(P4)):
        def index(self, matrix):
            return self.index(matrix)

    with pytest.raises(
        GroupError, match=r"^index of group 'p4' calls itself without end; mend"
    ) as caught:
        Endless().compose((1, 0, 0), (1, 0, 0))
    assert len(str(caught.value)) < 100


def test_fields_that_do_not_count_are_refused():
    @dataclass(frozen=True)
    class Ignoring(type(P4)):
        flavour: int = field(default=0, compare=False)

    with pytest.raises(AxiomError, match="its attributes flavour are not among the fields"):
        Ignoring()


@dataclass(frozen=True)
class Parameter(type(P4)):
    angle: InitVar[int]

    def __post_init__(self, angle):
        object.__setattr__(self, "turn", angle)


@dataclass(frozen=True)
class Plain(type(P4)):
    angle: int


class Widened(Plain):
    def __init__(self, angle):
        super().__init__(1)
        object.__setattr__(self, "turn", angle)


@pytest.mark.parametrize("cls", [Parameter, Widened])
def test_attributes_beside_the_fields_are_refused(cls):
    with pytest.raises(AxiomError, match="its attributes turn are not among the fields"):
        cls(2)


class Slotted(SplitGroup):
    __slots__ = ("angle",)
    name, lattice, stabilizer_shape = "slotted", SQUARE, (2,)

    def __init__(self, angle):
        object.__setattr__(self, "angle", angle)

    def matrix(self, r, u, v):
        return P4.matrix(int(r) * self.angle % 4, u, v)

    def index(self, matrix):
        r, u, v = P4.index(matrix)
        return int(r != 0), u, v


def test_groups_that_differ_in_a_slot_do_not_share_tables():
    assert Slotted(2) == Slotted(2) != Slotted(1)
    assert hash(Slotted(2)) == hash(Slotted(2)) != hash(Slotted(1))
    assert Slotted(2).stabilizer_matrices.tolist() == [[[1, 0], [0, 1]], [[-1, 0], [0, -1]]]
    with pytest.raises(AxiomError, match="closure"):
        Slotted(1).stabilizer_matrices


def test_a_slot_may_be_empty():
    class Empty(Slotted):
        __slots__ = ("unset",)

    assert Empty(2) == Empty(2) != Empty(1)


def test_groups_that_differ_in_what_a_class_presets_do_not_share_tables():
    class Preset(type(P4)):
        angle = 1

        def __init__(self, angle):
            object.__setattr__(self, "angle", angle)

    assert Preset(1) == Preset(1) != Preset(2)


def test_what_a_group_computes_once_and_keeps_makes_it_no_other():
    class Keeping(type(P4)):
        @functools.cached_property
        def lookup(self):
            return {}

    group = Keeping()
    before = hash(group)
    assert group.lookup is group.lookup
    assert hash(group) == before
    assert group == Keeping()
    assert gc.verify(group).passed


def test_names_are_on_one_line():
    class Broken(type(P4)):
        name = "two\nlines"

    with pytest.raises(AxiomError, match="is not a text on one line"):
        Broken()
    with pytest.raises(ArgumentError, match="expected a text on one line"):
        GeneratedGroup("two\nlines", {"r": ([[0, -1], [1, 0]], 4)})


@pytest.mark.parametrize("name", ["matrix", "compose", "inverse"])
def test_formulas_that_call_themselves_are_told(name):
    def formula(self, *arguments):
        return getattr(self, name)(*arguments)

    group = type("Endless", (type(P4),), {name: formula})()
    arguments = {"matrix": (1, 0, 0), "compose": ((1, 0, 0), (1, 0, 0)), "inverse": ((1, 0, 0),)}
    with pytest.raises(GroupError, match=f"^{name} of group 'p4' calls itself without end"):
        getattr(group, name)(*arguments[name])


def test_missing_formulas_are_named():
    class NoFormulas(SplitGroup):
        name, lattice, stabilizer_shape = "none", SQUARE, ()

    class OnlyMatrix(NoFormulas):
        def matrix(self, u, v):
            return None

    with pytest.raises(GroupError, match="class NoFormulas lacks index and matrix; a plugin"):
        NoFormulas()
    with pytest.raises(GroupError, match="class OnlyMatrix lacks index; a plugin"):
        OnlyMatrix()
    with pytest.raises(GroupError, match="class Five has matrix=5, expected a method"):
        type("Five", (NoFormulas,), {"matrix": 5})


def test_the_line_of_the_plugin_is_told_not_that_of_what_it_calls():
    def ours(self, r, u, v):
        return product(r, u)

    def imports(self, r, u, v):
        return importlib.import_module("not.installed")

    for matrix in (ours, imports):
        line = matrix.__code__.co_firstlineno + 1
        with pytest.raises(GroupError, match=rf"\(test_contract.py, line {line}\); mend") as caught:
            plugin(matrix=matrix)().matrix(1, 0, 0)
        # Without a formula, as when a module is loaded, the innermost line that is no other's.
        assert raised_at(caught.value.__cause__) == f" (test_contract.py, line {line})"


def test_places_are_told_only_in_plugins():
    with pytest.raises(ZeroDivisionError) as caught:
        1 / 0
    assert raised_at(caught.value).startswith(" (test_contract.py, line ")
    assert raised_at(ValueError("never raised")) == ""
    with pytest.raises(SyntaxError) as caught:  # its own text tells the place
        compile("(", "plugin.py", "exec")
    assert raised_at(caught.value) == ""
