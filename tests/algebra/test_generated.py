"""Groups by generators: reading them, and refusing wrong ones where they are written."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sympy

import groupconv as gc
from groupconv.algebra import CUBIC, GeneratedGroup
from groupconv.errors import ArgumentError, AxiomError, ElementError
from tests.support.groups import P2, P4, P6M

TURN = [[0, -1], [1, 0]]


def test_index_is_the_product_of_powers():
    p4 = GeneratedGroup("p4", {"r": (TURN, 4)})
    assert (p4.stabilizer.matrices == P4.stabilizer.matrices).all()
    assert p4.compose((1, 0, 0), (1, 2, 3)) == P4.compose((1, 0, 0), (1, 2, 3))
    m, r = sympy.Matrix([[-1, 1], [0, 1]]), sympy.Matrix([[1, -1], [1, 0]])
    assert P6M.matrix(1, 4, 0, 0)[:2, :2] == m * r**4


@pytest.mark.parametrize("kind", [sympy.Matrix, sympy.ImmutableMatrix, np.array, tuple])
def test_matrices_of_all_kinds_are_read(kind):
    (generator,) = GeneratedGroup("p4", {"r": (kind(TURN), 4)}).generators
    assert generator.matrix == ((0, -1), (1, 0))


class Kind(GeneratedGroup):
    """A subclass that changes nothing."""


def test_a_subclass_is_told_by_its_own_name():
    group = Kind("p4", {"r": (TURN, 4)})
    assert repr(group).startswith("Kind(name='p4'")
    assert group != GeneratedGroup("p4", {"r": (TURN, 4)})
    assert eval(repr(group), {"Kind": Kind, "Lattice": gc.Lattice}) == group


@pytest.mark.parametrize(
    ("generators", "axiom", "message"),
    [
        ({"r": (TURN, 2)}, "finite order", "r\\^2 is not the identity"),
        ({"r": (TURN, 8)}, "finite order", "r\\^4 is already the identity"),
        ({"r": ([[1, 1], [0, 1]], 4)}, "finite order", "r\\^4 is not the identity"),
        ({"r": ([[0, -1.0], [1, 0]], 4)}, "integrality", "not integers"),
        ({"r": ([["a", 0], [0, 1]], 1)}, "integrality", "not integers"),
    ],
)
def test_wrong_generators_break_an_axiom(generators, axiom, message):
    with pytest.raises(AxiomError, match=message) as caught:
        GeneratedGroup("bad", generators)
    assert axiom in caught.value.axiom


@pytest.mark.parametrize(
    ("generators", "lattice", "message"),
    [
        ({}, None, "expected a mapping"),
        ([TURN], None, "expected a mapping"),
        ({"r": TURN}, None, "expected a pair of an integer matrix and its order"),
        ({"r": 4}, None, "expected a pair"),
        ({"r": ([[1, 0]], 1)}, None, "expected a square matrix"),
        ({"r": (TURN, 0)}, None, "expected a positive integer"),
        ({"r": (TURN, 4.0)}, None, "expected a pair of an integer matrix and its order"),
        ({"t0": (TURN, 4)}, None, "expected an identifier"),
        ({1: (TURN, 4)}, None, "expected an identifier"),
        ({"r": (TURN, 10**9)}, None, "at most 4096"),
        ({"r": (TURN, 4)}, "square", "expected a groupconv.Lattice"),
        ({"r": (TURN, 4)}, CUBIC, "expected dimension 3 of 'cubic'"),
        ({"r": (TURN, 4), "z": ([[-1]], 2)}, None, "expected dimension 2 of 'square'"),
        ({"r": ([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], 1)}, None, "lattice="),
    ],
)
def test_unreadable_generators_are_refused(generators, lattice, message):
    with pytest.raises(ArgumentError, match=message):
        GeneratedGroup("bad", generators, lattice)


def test_generators_that_do_not_close_are_refused_with_witnesses():
    # Two mirrors at 45 degrees generate 8 elements, and their products in this order are 4.
    mirrors = {"m": ([[-1, 0], [0, 1]], 2), "n": ([[0, 1], [1, 0]], 2)}
    apart = GeneratedGroup("apart", mirrors)
    with pytest.raises(AxiomError, match="closure") as caught:
        apart.stabilizer.composition
    assert len(caught.value.elements) == 2


def test_redundant_generators_are_refused():
    twice = GeneratedGroup("twice", {"r": (TURN, 4), "h": ([[-1, 0], [0, -1]], 2)})
    with pytest.raises(AxiomError, match=r"\(0, 1, 0, 0\) and \(2, 0, 0, 0\) have the same matrix"):
        twice.stabilizer.composition


def test_stabilizer_coordinates_cannot_be_symbols():
    with pytest.raises(ElementError, match="only translations can be symbols"):
        P2.matrix(sympy.Symbol("r"), 0, 0)


def test_the_lattice_has_to_be_theirs():
    sixfold = GeneratedGroup("p6", {"r": ([[1, -1], [1, 0]], 6)})
    with pytest.raises(AxiomError, match="isometry"):
        sixfold.stabilizer.composition


def test_orders_are_any_integers():
    assert gc.GeneratedGroup("p2", {"r": ([[-1, 0], [0, -1]], np.int64(2))}) == P2


def test_a_group_of_translations_has_the_dimension_of_its_lattice():
    assert gc.GeneratedGroup("p1", {}, gc.CUBIC).dimension == 3


def test_experimental_groups_say_so():
    group = gc.GeneratedGroup("z1m", {"m": ([[-1]], 2)}, status="experimental")
    again = eval(repr(group), {"GeneratedGroup": gc.GeneratedGroup, "Lattice": gc.Lattice})
    assert (again, again.status) == (group, "experimental")
    stable = gc.GeneratedGroup("z1m", {"m": ([[-1]], 2)})
    assert "status" not in repr(stable)
    assert "status" in repr(group)
    assert pickle.loads(pickle.dumps(group)).status == "experimental"


def test_matrices_of_other_groups_are_told_by_their_linear_part():
    with pytest.raises(ElementError, match="none of its stabilizer elements has that linear part"):
        P2.index([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    with pytest.raises(ElementError, match="no product of generators has the linear part"):
        P2.index([[0, 1, sympy.Symbol("t")], [1, 0, 0], [0, 0, 1]])


def test_generators_that_serve_keep_their_names():
    turns = {"turn": [[0, -1], [1, 0]]}
    assert GeneratedGroup.from_matrices("p4", turns).coordinate_names == ("turn", "t0", "t1")
    turns["half"] = [[-1, 0], [0, -1]]  # not needed, so others are chosen
    assert GeneratedGroup.from_matrices("p4", turns).coordinate_names == ("a", "t0", "t1")


ACUTE = gc.Lattice("acute", (("1", "0"), ("1/2", "sqrt(3)/2")))


def test_generators_that_are_found_do_not_depend_on_how_sets_are_ordered():
    """Here an element stands before the identity, in the order of rows."""
    mirrors = {"m": [[1, 1], [0, -1]], "n": [[-1, 0], [1, 1]]}
    group = gc.GeneratedGroup.from_matrices("made", mirrors, ACUTE)
    assert group.stabilizer.name == "D3"
    assert [(g.order, g.matrix) for g in group.generators] == [
        (2, ((1, 1), (0, -1))), (3, ((0, 1), (-1, -1))),
    ]  # fmt: skip


X, Z = [[1, 0, 0], [0, 0, -1], [0, 1, 0]], [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
INVERSION = [[-1, 0, 0], [0, -1, 0], [0, 0, -1]]
I4 = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]
J4 = [[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]]
LATTICE4 = gc.Lattice("4-D", tuple(tuple(str(int(i == j)) for j in range(4)) for i in range(4)))


@pytest.mark.parametrize(
    ("matrices", "lattice", "name", "shape"),
    [
        ({"x": X, "z": Z}, gc.CUBIC, "O", (4, 2, 3)),
        ({"x": X, "z": Z, "i": INVERSION}, gc.CUBIC, "O×C2", (4, 2, 2, 3)),
        ({"m": [[-1, 1], [0, 1]], "r": [[1, -1], [1, 0]]}, gc.HEXAGONAL, "D6", (2, 6)),
        ({"m": [[-1, 0], [0, 1]], "n": [[0, 1], [1, 0]]}, gc.SQUARE, "D4", (4, 2)),
        ({"r": [[0, -1], [1, 0]], "again": [[0, -1], [1, 0]]}, gc.SQUARE, "C4", (4,)),
        ({"one": [[1, 0], [0, 1]]}, None, "C1", (1,)),
    ],
)
def test_groups_from_whatever_matrices_generate_them(matrices, lattice, name, shape):
    group = gc.GeneratedGroup.from_matrices("made", matrices, lattice)
    assert group.stabilizer.name == name
    assert gc.verify(group).passed
    made = {group.matrix(*s, *(0,) * group.dimension) for s in group.stabilizer_indices}
    for matrix in matrices.values():
        assert any(m[:-1, :-1].tolist() == matrix for m in made)
    assert sorted(group.stabilizer_shape) == sorted(shape)
    own = {g.name: [list(row) for row in g.matrix] for g in group.generators}
    assert own == matrices or list(own) == list("abcd"[: len(own)])


@pytest.mark.parametrize(
    ("matrices", "error", "message"),
    [
        ({"s": [[1, 1], [0, 1]]}, AxiomError, "isometry: s = .* changes lengths or angles of"),
        ({"s": [[2]]}, AxiomError, "isometry: s = .* of the lattice 'line'"),
        ({"s": [[0, 0], [0, 0]]}, AxiomError, "isometry"),
        ({"s": [[1, 0], [0, 0]]}, AxiomError, "isometry"),
        ({"a": [[0.5]]}, AxiomError, "integrality"),
        ({"i": I4, "j": J4}, ArgumentError, "the 8 elements that .* expected products A.a B.b"),
        ({"a": [[1]], "b": X}, ArgumentError, "a 3×3 matrix, .* expected dimension 1 of 'line'"),
        ({"a": [[1, 0]]}, ArgumentError, "expected a square matrix"),
        ({"a": 3}, ArgumentError, "expected a square matrix"),
        ({}, ArgumentError, r"matrices=\{\}"),
        ([], ArgumentError, r"matrices=\{\} of group 'bad': expected at least one matrix"),
    ],
)
def test_matrices_that_generate_no_group_are_refused(matrices, error, message):
    lattice = LATTICE4 if "i" in matrices else None
    with pytest.raises(error, match=message):
        gc.GeneratedGroup.from_matrices("bad", matrices, lattice)
