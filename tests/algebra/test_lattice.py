"""Lattices are exact."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy

from groupconv.algebra import HEXAGONAL, LINE, SQUARE, Lattice
from groupconv.algebra.exact import vanishes
from groupconv.algebra.surds import read_surd
from groupconv.errors import ArgumentError
from tests.support.groups import P6M


def test_stabilizers_are_isometries_of_their_lattice(any_group):
    gram = any_group.lattice.gram
    for A in any_group.stabilizer.matrices:
        exact = sympy.Matrix(A.tolist())
        assert exact.T * gram * exact == gram


def test_the_hexagonal_basis_has_120_degrees():
    a, b = (HEXAGONAL.basis[:, i] for i in range(2))
    assert a.dot(a) == b.dot(b) == 1
    assert a.dot(b) == sympy.Rational(-1, 2)
    assert P6M.lattice is HEXAGONAL


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ((("1+", "0"), ("0", "1")), "entry '1\\+' of lattice 'odd' is not an exact real number"),
        ((("()", "0"), ("0", "1")), "is not made of integers"),
        ((("sqrt(", "0"), ("0", "1")), "is not an exact real number: [^\n]*$"),
        ((("1", "0"), ("0", "sqrt(5+2*sqrt(6))")), "sqrt takes a rational number"),
        ((("1", "1"), ("1", "1")), "depend on each other"),
        ((("sqrt(2)+1", "1"), ("1", "sqrt(2)-1")), "depend on each other"),
        ((("1/0", "1"), ("1", "1")), "division by zero"),
        ((("sqrt(0-1)", "0"), ("0", "1")), "sqrt takes a rational number that is not negative"),
        ((("1", "0"), ("0", "__import__('os')")), "is not an exact real number"),
        ((("1", "0"), ("0", "I")), "is not an exact real number"),
        ((("1", "0"), ("0", "1.5")), "is not an exact real number"),
        ((("1", "0"), ("0", "9**9**9")), "is not an exact real number"),
        ((("1", "0"), ("0", "9* *9* *9")), "is not an exact real number"),
        ((("1", "0"), ("0", "5//2")), "is not an exact real number"),
        ((("1", "0"), ("0", 2)), "is not an exact real number"),
        ([["1", "0"], ["0", "2"]], "expected a square tuple of tuples"),
    ],
)
def test_a_basis_is_needed(vectors, message):
    with pytest.raises(ArgumentError, match=message):
        Lattice("odd", vectors)


def test_repr_evaluates_back():
    assert eval(repr(HEXAGONAL), {"Lattice": Lattice}) == HEXAGONAL
    assert (LINE.dimension, SQUARE.dimension) == (1, 2)


@pytest.mark.parametrize("vectors", [(), (("1", "0"),)])
def test_vectors_must_be_square(vectors):
    with pytest.raises(ArgumentError, match="expected a square tuple of tuples"):
        Lattice("odd", vectors)


def test_numbers_vanish_however_they_are_written():
    root = sympy.sqrt
    assert vanishes(root(5 + 2 * root(6)) - root(2) - root(3))
    assert vanishes((root(6) + root(2)) / 4 - root(2 + root(3)) / 2)
    assert not vanishes(root(5 + 2 * root(6)) - root(2) - root(3) - sympy.Rational(1, 10**30))
    assert not vanishes(sympy.Symbol("t"))


@pytest.mark.parametrize(
    "text", ["1/(1+sqrt(2))", "-(3-sqrt(12))/sqrt(8)", "1/(1+sqrt(2)+sqrt(15))", "sqrt(0)", "7/21"]
)
def test_texts_are_read_as_sympy_reads_them(text):
    number, expected = read_surd(text), sympy.sympify(text)
    assert vanishes(number.as_sympy() - expected)
    assert float(number) == pytest.approx(float(expected))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("sqrt(0)", {}),
        ("sqrt(4)", {1: 2}),
        ("sqrt(25)", {1: 5}),
        ("sqrt(6)", {6: 1}),
        ("sqrt(27)", {3: 3}),
        ("sqrt(18)", {2: 3}),
        ("sqrt(75/4)", {3: Fraction(5, 2)}),
    ],
)
def test_roots_are_of_squarefree_numbers(text, terms):
    assert read_surd(text).terms == terms


def test_the_gram_matrix_has_a_part_for_each_root():
    odd = Lattice("odd", (("1", "0"), ("sqrt(2)/2", "1")))
    parts = odd.integer_grams.tolist()  # of 2 Γ = (2, 0; 0, 3) + √2 (0, 1; 1, 0)
    assert parts == [[[2, 0], [0, 3]], [[0, 1], [1, 0]]]
    assert odd.cartesian_basis.tolist() == [[1, pytest.approx(0.5**0.5)], [0, 1]]
