"""The axioms of a split group, as equations between exact sides.

Every stabilizer element `s` is taken once, and its translation stands as symbols `t`; an equation
that holds for all of them holds for the whole infinite group.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import sympy

from groupconv.algebra.contract import matrix_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from groupconv.algebra import Element, SplitGroup
    from groupconv.verification.report import Method

__all__ = ["AXIOMS", "Axiom", "SymbolicGroup", "side_text", "sides_agree"]


class SymbolicGroup:
    """A group together with its symbolic elements, whose matrices are computed once."""

    def __init__(self, group: SplitGroup) -> None:
        self.group = group
        self.dimension = group.dimension
        self.matrix = functools.cache(group.matrix)
        self.still = (0,) * len(group.stabilizer_shape)
        self.nowhere = (0,) * group.dimension

    def fixed(self) -> Iterable[tuple[Element, ...]]:
        """The stabilizer elements, untranslated."""
        return (((*s, *self.nowhere),) for s in self.group.stabilizer_indices)

    def singles(self, letter: str = "t") -> Iterable[tuple[Element, ...]]:
        """Every stabilizer element, translated by `(t0, t1, …)`."""
        t = sympy.symbols(f"{letter}0:{self.dimension}", integer=True)
        return (((*s, *t),) for s in self.group.stabilizer_indices)

    def pairs(self) -> Iterable[tuple[Element, ...]]:
        """All pairs of them, with different translations."""
        return ((*g, *h) for g, h in itertools.product(self.singles("t"), self.singles("x")))

    def product(self, g: Element, h: Element) -> sympy.ImmutableMatrix:
        """The product of two matrices."""
        return self.matrix(*g) * self.matrix(*h)

    def first_twin(self, g: Element) -> Element:
        """The first element that has the matrix of `g`."""
        return next(h for (h,) in self.singles() if self.matrix(*h) == self.matrix(*g))


Sides: TypeAlias = tuple[Any, Any]


class Axiom(NamedTuple):
    """One equation: over which elements it is examined, and its two sides there."""

    name: str
    statement: str
    method: Method
    domain: Callable[[SymbolicGroup], Iterable[tuple[Element, ...]]]
    sides: Callable[..., Sides]
    explanation: str


def sides_agree(left: Any, right: Any) -> bool:
    """Whether two sides are equal as polynomials in the symbols."""
    if isinstance(left, sympy.MatrixBase):
        return bool((left - right).applyfunc(sympy.expand).is_zero_matrix)
    return len(left) == len(right) and all(
        sympy.expand(a - b) == 0 for a, b in zip(left, right, strict=True)
    )


def side_text(side: Any) -> str:
    """A side on one line."""
    if isinstance(side, sympy.MatrixBase):
        return matrix_text(side)
    return f"({', '.join(map(str, side))})"


def _integrality(G: SymbolicGroup, g: Element) -> Sides:
    return [entry for entry in G.matrix(*g) if not entry.is_Integer], []


def _homogeneity(G: SymbolicGroup, g: Element) -> Sides:
    return G.matrix(*g)[-1, :], sympy.Matrix([[*G.nowhere, 1]])


def _stabilizer(G: SymbolicGroup, g: Element) -> Sides:
    return G.matrix(*g)[:-1, -1], sympy.zeros(G.dimension, 1)


def _unimodularity(G: SymbolicGroup, g: Element) -> Sides:
    return [abs(G.matrix(*g).det())], [1]


def _isometry(G: SymbolicGroup, g: Element) -> Sides:
    A, gram = G.matrix(*g)[:-1, :-1], G.group.lattice.gram
    return A.T * gram * A, gram


def _identity(G: SymbolicGroup, g: Element) -> Sides:
    return G.matrix(*g), sympy.eye(G.dimension + 1)


def _injectivity(G: SymbolicGroup, g: Element) -> Sides:
    return G.first_twin(g), g


def _split(G: SymbolicGroup, g: Element) -> Sides:
    s, t = g[: len(G.still)], g[len(G.still) :]
    translation = sympy.eye(G.dimension + 1).as_mutable()
    translation[:-1, -1] = sympy.Matrix(t)
    return G.matrix(*g), translation * G.matrix(*s, *G.nowhere)


def _index_of_matrix(G: SymbolicGroup, g: Element) -> Sides:
    return G.group.index(G.matrix(*g)), g


def _matrix_of_index(G: SymbolicGroup, g: Element, h: Element) -> Sides:
    product = G.product(g, h)
    return G.matrix(*G.group.index(product)), product


def _composition(G: SymbolicGroup, g: Element, h: Element) -> Sides:
    return G.matrix(*G.group.compose(g, h)), G.product(g, h)


def _left_inverse(G: SymbolicGroup, g: Element) -> Sides:
    return G.product(G.group.inverse(g), g), sympy.eye(G.dimension + 1)


def _right_inverse(G: SymbolicGroup, g: Element) -> Sides:
    return G.product(g, G.group.inverse(g)), sympy.eye(G.dimension + 1)


AXIOMS = (
    Axiom(
        "integrality",
        "g(s, 0) has integer entries only",
        "computed",
        SymbolicGroup.fixed,
        _integrality,
        "the entries on the left are no exact integers",
    ),
    Axiom(
        "homogeneity",
        "the bottom row of g(s, 0) is (0, …, 0, 1)",
        "computed",
        SymbolicGroup.fixed,
        _homogeneity,
        "the bottom row is wrong",
    ),
    Axiom(
        "stabilizer",
        "g(s, 0) fixes the origin",
        "computed",
        SymbolicGroup.fixed,
        _stabilizer,
        "the element moves the origin, as a glide or a screw does",
    ),
    Axiom(
        "unimodularity",
        "|det g(s, 0)| = 1",
        "computed",
        SymbolicGroup.fixed,
        _unimodularity,
        "the element does not map the lattice onto itself",
    ),
    Axiom(
        "isometry",
        "Aᵀ G A = G, G the Gram matrix of the lattice",
        "computed",
        SymbolicGroup.fixed,
        _isometry,
        "the element changes lengths or angles of the lattice that the group names",
    ),
    Axiom(
        "identity",
        "g(0) = 1",
        "computed",
        lambda G: [(G.group.identity,)],
        _identity,
        "the index of all zeros is not the identity",
    ),
    Axiom(
        "split",
        "g(s, t) = [[1, t], [0, 1]] · g(s, 0)",
        "proved",
        SymbolicGroup.singles,
        _split,
        "the element is not its stabilizer part followed by its translation",
    ),
    Axiom(
        "injectivity",
        "g(s, t) = g(s', t) only if s = s'",
        "proved",
        SymbolicGroup.singles,
        _injectivity,
        "the two elements have the same matrix",
    ),
    Axiom(
        "index of matrix",
        "g⁻¹(g(s, t)) = (s, t)",
        "proved",
        SymbolicGroup.singles,
        _index_of_matrix,
        "index does not undo matrix",
    ),
    Axiom(
        "closure",
        "g(g⁻¹(M)) = M for all products M = g(s, t) · g(s', x)",
        "proved",
        SymbolicGroup.pairs,
        _matrix_of_index,
        "matrix does not undo index, so the product is no element",
    ),
    Axiom(
        "composition",
        "g(compose(a, b)) = g(a) · g(b)",
        "proved",
        SymbolicGroup.pairs,
        _composition,
        "compose is not the product of the matrices",
    ),
    Axiom(
        "left inverse",
        "g(inverse(a)) · g(a) = 1",
        "proved",
        SymbolicGroup.singles,
        _left_inverse,
        "inverse does not give the inverse",
    ),
    Axiom(
        "right inverse",
        "g(a) · g(inverse(a)) = 1",
        "proved",
        SymbolicGroup.singles,
        _right_inverse,
        "inverse does not give the inverse",
    ),
)
"""The equations that are examined case by case; associativity is derived from them."""
