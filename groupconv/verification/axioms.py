"""The axioms of a split group, as equations between exact sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import sympy

from groupconv.algebra.contract import bare_index
from groupconv.algebra.lattice import vanishes
from groupconv.errors import GroupConvError
from groupconv.verification.elements import GroupElements

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.algebra import Element
    from groupconv.verification.elements import Elements
    from groupconv.verification.report import Method

__all__ = ["AXIOMS", "Axiom", "Sides", "sides_agree"]

Sides: TypeAlias = tuple[Any, Any]
"""Two matrices, or two tuples of coordinates; a text where there is nothing to compare."""


class Axiom(NamedTuple):
    """One equation: over which elements it is examined, and its two sides there."""

    name: str
    statement: str
    latex: str
    method: Method
    domain: Callable[[GroupElements], list[Elements]]
    sides: Callable[..., Sides]
    cause: str
    needs: tuple[str, ...] = ()
    """Axioms without which this one means nothing."""


def sides_agree(left: Any, right: Any) -> bool:
    """Whether two sides are equal, as polynomials in the symbols or as algebraic numbers."""
    if left == right or isinstance(left, str):
        return bool(left == right)
    return len(left) == len(right) and all(
        vanishes(a - b) for a, b in zip(left, right, strict=True)
    )


def _form(G: GroupElements, g: Element) -> Sides:
    return G.matrix(*g).shape, (G.dimension + 1,) * 2  # any other one is an error of the group


def _integrality(G: GroupElements, g: Element) -> Sides:
    matrix, t = G.matrix(*g), {c for c in g if isinstance(c, sympy.Symbol)}
    d = G.dimension
    return tuple(
        entry
        for place, entry in enumerate(matrix)
        if entry.has(sympy.Float)
        or not entry.free_symbols <= t
        or not (entry.is_Integer or entry.free_symbols or (place + 1) % (d + 1) == 0)
    ), ()


def _homogeneity(G: GroupElements, g: Element) -> Sides:
    return G.matrix(*g)[-1, :], sympy.ImmutableMatrix([[*G.nowhere, 1]])


def _stabilizer(G: GroupElements, g: Element) -> Sides:
    return G.matrix(*g)[:-1, -1], sympy.zeros(G.dimension, 1).as_immutable()


def _unimodularity(G: GroupElements, g: Element) -> Sides:
    return (abs(G.matrix(*g).det()),), (1,)


def _isometry(G: GroupElements, g: Element) -> Sides:
    A, gram = G.matrix(*g)[:-1, :-1], G.group.lattice.gram
    return A.T * gram * A, gram


def _finite_order(G: GroupElements, g: Element) -> Sides:
    return G.matrix(*g) ** G.group.order, _one(G)


def _identity(G: GroupElements, g: Element) -> Sides:
    return G.matrix(*g), _one(G)


def _injectivity(G: GroupElements, g: Element) -> Sides:
    return G.first_twin(g), g


def _uniformity(G: GroupElements, g: Element) -> Sides:
    first, second = G.group.matrix(*g), G.group.matrix(*g)
    if first != second:
        return first, second
    s, t = G.split(g)
    values = dict(zip(G.symbols(), map(sympy.Integer, t), strict=True))
    return first, G.matrix(*s, *G.symbols()).xreplace(values)


def _split(G: GroupElements, g: Element) -> Sides:
    s, t = G.split(g)
    return G.matrix(*g), _translation(G, sympy.Matrix(t)) * G.matrix(*s, *G.nowhere)


def _normality(G: GroupElements, g: Element) -> Sides:
    s, t = G.split(g)
    turn = G.matrix(*s, *G.nowhere)
    moved = G.matrix(*G.still, *(turn[:-1, :-1] * sympy.Matrix(t)))
    return turn * G.matrix(*G.still, *t), moved * turn


def _index_of_matrix(G: GroupElements, g: Element) -> Sides:
    matrix = G.matrix(*g)
    try:
        return bare_index(G.group, matrix), g
    except GroupConvError as error:
        return str(error), g


def _closure(G: GroupElements, g: Element, h: Element) -> Sides:
    product = G.product(g, h)
    try:
        return G.matrix(*bare_index(G.group, product)), product
    except GroupConvError as error:
        return str(error), product


def _composition(G: GroupElements, g: Element, h: Element) -> Sides:
    return G.matrix(*G.compose(g, h)), G.product(g, h)


def _left_inverse(G: GroupElements, g: Element) -> Sides:
    return G.product(G.inverse(g), g), _one(G)


def _right_inverse(G: GroupElements, g: Element) -> Sides:
    return G.product(g, G.inverse(g)), _one(G)


def _one(G: GroupElements) -> sympy.ImmutableMatrix:
    return sympy.ImmutableMatrix(sympy.eye(G.dimension + 1))


def _translation(G: GroupElements, t: sympy.Matrix) -> sympy.Matrix:
    matrix = sympy.eye(G.dimension + 1).as_mutable()
    matrix[:-1, -1] = t
    return matrix


def _both(G: GroupElements) -> list[Elements]:
    return G.symbolic() + G.integer()


def _inverses(G: GroupElements) -> list[Elements]:
    """An inverse of its own needs integers too; the general one is made of `matrix` and `index`."""
    return _both(G) if "inverse" in G.group.overrides else G.symbolic()


def _compositions(G: GroupElements) -> list[Elements]:
    own = "compose" in G.group.overrides
    return G.symbolic_pairs() + (G.integer_pairs() if own else [])


FORM = ("form",)
EXACT = (*FORM, "integrality")
MATRIX = (*EXACT, "homogeneity", "stabilizer", "uniformity", "split")
"""What has to hold before products and indices mean anything."""

AXIOMS = (
    Axiom(
        "form",
        "g(s, 0) is a matrix of d+1 rows and columns",
        r"g(s, 0) \in M_{d+1}",
        "computed",
        GroupElements.fixed,
        _form,
        "matrix gives none of that size",
    ),
    Axiom(
        "integrality",
        "A is an integer matrix, the linear part of g(s, 0), and g(s, t) has no floats",
        r"A_s \in \mathbb{Z}^{d \times d}",
        "computed",
        lambda G: G.fixed() + G.symbolic(),
        _integrality,
        "the entries on the left are no exact integers; write the matrix in lattice coordinates, "
        "without floats",
        FORM,
    ),
    Axiom(
        "homogeneity",
        "the bottom row of g(s, 0) is (0, …, 0, 1)",
        r"e_{d+1}^{\top} g(s, 0) = (0, \ldots, 0, 1)",
        "computed",
        GroupElements.fixed,
        _homogeneity,
        "the bottom row is wrong; a homogeneous matrix is [[A, t], [0, 1]]",
        FORM,
    ),
    Axiom(
        "stabilizer",
        "g(s, 0) fixes the origin",
        r"g(s, 0) \cdot 0 = 0",
        "computed",
        GroupElements.fixed,
        _stabilizer,
        "the element moves the origin; move it to where all of them meet, or take the offset out "
        "of matrix; a true glide or screw has no such place, and its group is not split",
        FORM,
    ),
    Axiom(
        "unimodularity",
        "|det g(s, 0)| = 1",
        r"\left| \det g(s, 0) \right| = 1",
        "computed",
        GroupElements.fixed,
        _unimodularity,
        "the element does not map the lattice onto itself",
        EXACT,
    ),
    Axiom(
        "isometry",
        "Aᵀ Γ A = Γ for the linear part A of g(s, 0), Γ the Gram matrix of the lattice",
        r"A_s^{\top} \Gamma A_s = \Gamma",
        "computed",
        GroupElements.fixed,
        _isometry,
        "the element changes lengths or angles of the lattice that the group names",
        EXACT,
    ),
    Axiom(
        "identity",
        "g(0) = 1",
        r"g(0) = 1",
        "computed",
        lambda G: [(G.group.identity,)],
        _identity,
        "the index of all zeros is not the identity; number the elements from the identity on",
        EXACT,
    ),
    Axiom(
        "uniformity",
        "matrix gives for a few integer t what it gives for symbols",
        r"g(s, t)\big|_{t \in \mathbb{Z}^d} = g(s, \mathbf{t})\big|_{\mathbf{t} = t}",
        "computed",
        GroupElements.integer,
        _uniformity,
        "matrix is no formula: it branches on its arguments, or changes from call to call",
        EXACT,
    ),
    Axiom(
        "split",
        "g(s, t) = [[1, t], [0, 1]] · g(s, 0)",
        r"g(s, t) = \begin{pmatrix} 1 & t \\ 0 & 1 \end{pmatrix} g(s, 0)",
        "proved",
        GroupElements.symbolic,
        _split,
        "the element is not its stabilizer part followed by its translation",
        EXACT,
    ),
    Axiom(
        "normality",
        "g(s, 0) · g(0, t) = g(0, A t) · g(s, 0), A the linear part of g(s, 0)",
        r"g(s, 0) \, g(0, t) \, g(s, 0)^{-1} = g(0, A_s t)",
        "proved",
        GroupElements.symbolic,
        _normality,
        "the conjugate of a translation is not the turned translation",
        EXACT,
    ),
    Axiom(
        "injectivity",
        "g(s, t) = g(s', t) only if s = s'",
        r"g(s, t) = g(s', t) \Rightarrow s = s'",
        "proved",
        GroupElements.symbolic,
        _injectivity,
        "both indices have the same matrix",
        MATRIX,
    ),
    Axiom(
        "index of matrix",
        "g⁻¹(g(s, t)) = (s, t)",
        r"g^{-1}(g(s, t)) = (s, t)",
        "proved",
        _both,
        _index_of_matrix,
        "index does not undo matrix",
        MATRIX,
    ),
    Axiom(
        "closure",
        "g(g⁻¹(M)) = M for all products M = g(s, t) · g(s', x)",
        r"g(g^{-1}(M)) = M, \quad M = g(s, t) \, g(s', x)",
        "proved",
        GroupElements.symbolic_pairs,
        _closure,
        "the product is the matrix of no index",
        MATRIX,
    ),
    Axiom(
        "finite order",
        "g(s, 0)^|S| = 1",
        r"g(s, 0)^{|S|} = 1",
        "computed",
        GroupElements.fixed,
        _finite_order,
        "the element has infinite order, as a shear or a glide has, or one that does not divide "
        "the order that stabilizer_shape declares",
        EXACT,
    ),
    Axiom(
        "composition",
        "g(compose(a, b)) = g(a) · g(b)",
        r"g(\mathrm{compose}(a, b)) = g(a) \, g(b)",
        "proved",
        _compositions,
        _composition,
        "compose is not the product of the matrices",
        MATRIX,
    ),
    Axiom(
        "left inverse",
        "g(inverse(a)) · g(a) = 1",
        r"g(\mathrm{inverse}(a)) \, g(a) = 1",
        "proved",
        _inverses,
        _left_inverse,
        "inverse does not give the inverse",
        MATRIX,
    ),
    Axiom(
        "right inverse",
        "g(a) · g(inverse(a)) = 1",
        r"g(a) \, g(\mathrm{inverse}(a)) = 1",
        "proved",
        _inverses,
        _right_inverse,
        "inverse does not give the inverse",
        MATRIX,
    ),
)
"""The equations that are examined case by case; what follows from them is derived."""
