"""SplitGroup: what follows from a plugin's two formulas, and how bad input is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from groupconv.algebra import LINE, SQUARE, GeneratedGroup, Lattice, SplitGroup
from groupconv.errors import ElementError, GroupError
from tests.support import zoo
from tests.support.groups import CUBE, GROUPS, P2, P4, P4M, Z2


def elements(group):
    ranges = [st.integers(0, n - 1) for n in group.stabilizer_shape]
    return st.tuples(*ranges, *[st.integers(-50, 50)] * group.dimension)


GROUP_AND_TRIPLE = st.sampled_from(GROUPS).flatmap(
    lambda group: st.tuples(st.just(group), *[elements(group)] * 3)
)


@given(GROUP_AND_TRIPLE)
def test_group_laws(case):
    G, a, b, c = case
    assert G.compose(G.compose(a, b), c) == G.compose(a, G.compose(b, c))
    assert G.compose(a, G.inverse(a)) == G.identity == G.compose(G.inverse(a), a)
    assert G.compose(a, G.identity) == a == G.compose(G.identity, a)
    assert G.index(G.matrix(*a)) == a
    assert G.matrix(*G.compose(a, b)) == G.matrix(*a) * G.matrix(*b)


def test_p4_is_equation_2():
    r, u, v = sympy.symbols("r u v", integer=True)
    half = sympy.pi / 2
    expected = [
        [sympy.cos(r * half), -sympy.sin(r * half), u],
        [sympy.sin(r * half), sympy.cos(r * half), v],
        [0, 0, 1],
    ]
    assert P4.matrix(r, u, v) == sympy.Matrix(expected)


def test_p4m_is_mirror_power_times_turn_power():
    M, R = sympy.diag(-1, 1), sympy.Matrix([[0, -1], [1, 0]])
    for m, r in P4M.stabilizer_indices:
        assert P4M.matrix(m, r, 0, 0)[:2, :2] == M**m * R**r


def test_matrix_takes_numpy_and_sympy_integers():
    expected = P4.matrix(1, 2, 3)
    assert P4.matrix(np.int64(1), sympy.Integer(2), 3) == expected
    assert all(type(c) is int for c in P4.index(expected))


def test_missing_coordinates_are_told_by_what_they_stand_for():
    with pytest.raises(
        ElementError, match="expected a tuple of length 3, 1 for the stabilizer and 2"
    ):
        P4.matrix(0, 1)


class Turns(type(P4)):
    """p4, with its own product and inverse."""

    name = "turns"

    def compose(self, g, h):
        u, v = np.array(g[1:]) + P4.stabilizer.matrices[g[0]] @ np.array(h[1:])
        return (g[0] + h[0]) % 4, u, v

    def inverse(self, g):
        back = -g[0] % 4
        return (back, *-(P4.stabilizer.matrices[back] @ np.array(g[1:])))


class Mirrored(Turns):
    """p4m, from the formulas of p4."""

    name, stabilizer_shape = "mirrored", (2, 4)

    def matrix(self, m, r, u, v):
        turned = sympy.diag(-1, 1, 1) ** m * super().matrix(r, 0, 0)
        return turned + sympy.Matrix([[0, 0, u], [0, 0, v], [0, 0, 0]])

    def index(self, matrix):
        m = (1 - matrix[:2, :2].det()) / 2
        turned = sympy.ImmutableMatrix(sympy.diag(-1, 1, 1) ** m * matrix)
        return m, super().index(turned)[0], *matrix[:2, 2]

    def compose(self, g, h):
        if g[0] == h[0] == 0:
            return (0, *super().compose(g[1:], h[1:]))
        return SplitGroup.compose(self, g, h)

    def inverse(self, g):
        return SplitGroup.inverse(self, g) if g[0] else (0, *super().inverse(g[1:]))


def test_a_plugin_builds_on_the_formulas_of_another():
    mirrored = Mirrored()
    assert np.array_equal(mirrored.stabilizer.matrices, P4M.stabilizer.matrices)
    g, h = (0, 1, 5, 7), (0, 3, 2, -1)
    assert mirrored.compose(g, h) == P4M.compose(g, h)
    assert mirrored.inverse(g) == P4M.inverse(g)


def test_symbols_stay_symbols():
    u, v, x, y = sympy.symbols("u v x y", integer=True)
    assert P4M.compose((1, 1, u, v), (0, 3, x, y)) == (1, 0, u + y, v + x)


def test_tables_follow_from_composition(any_group):
    G = any_group
    nowhere = (0,) * G.dimension
    for s, left in enumerate(G.stabilizer_indices[:12]):
        for t, right in enumerate(G.stabilizer_indices[:12]):
            product = G.compose((*left, *nowhere), (*right, *nowhere))
            expected = G.stabilizer_indices[G.stabilizer.composition[s, t]]
            assert product == (*expected, *nowhere)
        back = G.stabilizer_indices[G.stabilizer.inverse[s]]
        assert G.inverse((*left, *nowhere)) == (*back, *nowhere)


def test_tables_are_int64_read_only_and_shaped(any_group):
    S, d = any_group.order, any_group.dimension
    tables = (
        any_group.stabilizer.matrices,
        any_group.stabilizer.composition,
        any_group.stabilizer.inverse,
    )
    assert [t.shape for t in tables] == [(S, d, d), (S, S), (S,)]
    for table in tables:
        assert table.dtype == np.int64
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 1


def test_flat_index_is_row_major():
    assert [P4M.flat_index(s) for s in P4M.stabilizer_indices] == list(range(8))
    assert P4M.flat_index((1, 2)) == 4 * 1 + 2
    assert P4M.flat_index(6) == 6
    assert Z2.flat_index(()) == 0


def test_values_are_equal_hashable_picklable_and_print_as_code(any_group):
    copy = pickle.loads(pickle.dumps(any_group))
    assert copy == any_group
    assert hash(copy) == hash(any_group)
    names = {"GeneratedGroup": GeneratedGroup, "Lattice": Lattice}
    names |= {type(g).__name__: type(g) for g in (Z2, P4, P4M)}
    assert eval(repr(any_group), names) == any_group
    assert (P4, P2) != (P4M, CUBE)


def test_groups_are_immutable():
    with pytest.raises(AttributeError, match="groups are immutable"):
        P4.name = "other"
    with pytest.raises(AttributeError):
        P2.name = "other"


class Starred(SplitGroup):
    """Translations of the line, by a formula that names no coordinate."""

    name, lattice, stabilizer_shape = "starred", LINE, ()

    def matrix(self, *index):
        return sympy.Matrix([[1, index[-1]], [0, 1]])

    def index(self, matrix):
        return (matrix[0, 1],)


class StarredMirror(Starred):
    stabilizer_shape = (2,)


def test_coordinates_without_names_are_numbered():
    assert Starred().coordinate_names == ("t0",)
    assert StarredMirror().coordinate_names == ("s0", "t0")


def test_flat_indices_run_from_zero():
    assert [CUBE.flat_index(s) for s in CUBE.stabilizer_indices] == list(range(48))
    assert [CUBE.flat_index(s) for s in range(48)] == list(range(48))


def test_classes_beside_a_plugin_take_their_own_options():
    class Beside:
        def __init_subclass__(cls, flavour, **options):
            super().__init_subclass__(**options)
            cls.flavour = flavour

    class Both(Starred, Beside, flavour="sweet"):
        pass

    assert Both.flavour == "sweet"


def test_coordinate_names():
    assert P4M.coordinate_names == ("m", "r", "u", "v")
    assert CUBE.coordinate_names == ("i", "a", "b", "c", "d", "t0", "t1", "t2")


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ((1, 2), "expected a tuple of length 4, 2 for the stabilizer and 2 for the translation"),
        ((2, 0, 0, 0), "stabilizer coordinate 0 is 2, expected one of 0 … 1"),
        ((0, -1, 0, 0), "stabilizer coordinate 1 is -1, expected one of 0 … 3"),
        ((0, 0, 0.5, 0), "coordinate 0.5 is neither an integer nor a formula in symbols"),
        ((0, 0, 1.0, 0), "coordinate 1.0 is neither an integer nor a formula in symbols"),
        ((0, 0, True, 0), "coordinate True is neither"),
        ((0, 0, 1.0 * sympy.Symbol("u"), 0), r"coordinate 1.0\*u is neither"),
        (np.array([0, 0, 0, 0]), r"index=array\(\[0, 0, 0, 0\]\) .* expected a tuple"),
        ((0, 0, sympy.Rational(1, 2), 0), "coordinate 1/2 is neither"),
        ("0000", "is not an element of 'p4m'"),
        (7, "is not an element of 'p4m'"),
    ],
)
def test_bad_indices_are_refused(index, message):
    with pytest.raises(ElementError, match=message):
        P4M.compose(index, (0, 0, 0, 0))


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[2, 0, 0], [0, 1, 0], [0, 0, 1]], "is not an element of 'p4'"),
        ([[0, 1, 0], [1, 0, 0], [0, 0, 1]], "is not an element of 'p4'"),
        ([[1, 0, 0], [0, 1, 0], [0, 1, 1]], "the bottom row of a homogeneous matrix"),
        ([[1, 0], [0, 1]], "expected a 3×3 matrix"),
        ([[1, 0, 0.5], [0, 1, 0], [0, 0, 1]], "of integers or sympy expressions"),
        (sympy.Matrix([[0.0, -1.0, 0], [1, 0, 0], [0, 0, 1]]), "everything about a group is exact"),
        ([[1, 0, sympy.Rational(1, 2)], [0, 1, 0], [0, 0, 1]], "everything about a group is exact"),
        ([["__import__('os').getpid()", 0, 0], [0, 1, 0], [0, 0, 1]], "of integers or sympy"),
        ("nonsense", "expected a 3×3 matrix"),
        (None, "expected a 3×3 matrix"),
    ],
)
def test_bad_matrices_are_refused(matrix, message):
    with pytest.raises(GroupError, match=message):
        P4.index(matrix)


@pytest.mark.parametrize("stabilizer", [(3, 1), (0,), 8, -1, 1.5, "r", None, [1], (1.0, 0)])
def test_unknown_stabilizer_elements_are_refused(stabilizer):
    with pytest.raises(ElementError, match="is not a stabilizer element of 'p4m'"):
        P4M.subgroup(stabilizer)


class Raising(SplitGroup):
    name, lattice, stabilizer_shape = "raising", SQUARE, (2,)

    def matrix(self, r, u, v):
        return sympy.Matrix([[1 / (r - r), 0, u], [0, 1, v], [0, 0, {}["gone"]]])

    def index(self, matrix):
        return None


class Unknown(SplitGroup):
    name, lattice, stabilizer_shape = "unknown", SQUARE, (2,)

    def matrix(self, r, u, v):
        return sympy.Matrix([[(-1) ** r, 0, u], [0, 1, v], [0, 0, 1]])

    def index(self, matrix):
        return {1: 0}[matrix[0, 0]], matrix[0, 2], matrix[1, 2]


def test_a_matrix_that_the_index_does_not_know_may_be_the_mistake():
    with pytest.raises(GroupError, match="correct the plugin's index, or the matrix that it does"):
        Unknown().stabilizer


def test_a_formula_that_raises_is_reported_as_ours():
    with pytest.raises(
        GroupError,
        match=r"group 'raising' raised KeyError: 'gone' \(test_split_group.py, line \d+\)",
    ) as caught:
        Raising().matrix(0, 0, 0)
    assert isinstance(caught.value.__cause__, KeyError)


def test_symbols_go_through_the_formulas():
    t, x = sympy.symbols("t x", integer=True)
    g, h = (3, t, x), (2, x, 5)
    for wrong in (zoo.WrongCompose(), zoo.WrongInverse()):
        assert wrong.compose(g, h) == wrong.formulas.compose(g, h)
        assert wrong.inverse(g) == wrong.formulas.inverse(g)
    assert zoo.WrongCompose().compose(g, h) != P4.compose(g, h)
    assert zoo.WrongInverse().inverse(g) != P4.inverse(g)
    with pytest.raises(ElementError, match=r"index gives .*, whose matrix is"):
        P4.index([[2, 0, t], [0, 2, 0], [0, 0, 1]])


class Numbered(type(P4)):
    def __init__(self, number):
        object.__setattr__(self, "number", number)


def test_groups_with_other_attributes_are_not_equal():
    assert Numbered(1) == Numbered(1)
    assert Numbered(1) != Numbered(2)
