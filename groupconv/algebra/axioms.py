"""The axioms of a split group, as equations between exact sides: one list, for tables and proofs.

Building a group's tables examines the `quick` cases of these axioms, a proof all of them. The
isometry of a stabilizer, its identity, injectivity and closure are quick to examine on the integer
matrices themselves: `Stabilizer.from_matrices` does that, under the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import sympy

from groupconv.algebra.cases import FEW, Cases
from groupconv.algebra.exact import equal, is_concrete, matrix_text
from groupconv.errors import AxiomError, GroupConvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from groupconv.algebra.cases import Elements
    from groupconv.algebra.exact import Element

Sides: TypeAlias = tuple[Any, Any]
"""Two matrices, or two tuples of coordinates; a text where there is nothing to compare."""

Domain: TypeAlias = "Callable[[Cases], list[Elements]]"

LONGEST_TEXT = 400


def _none(_: Cases) -> list[Elements]:
    return []


class Axiom(NamedTuple):
    """One equation: over which elements it is examined, and its two sides there."""

    name: str
    statement: str
    latex: str
    method: Literal["computed", "proved"]
    domain: Domain
    sides: Callable[..., Sides]
    cause: str
    """What is likely wrong where it fails."""
    needs: tuple[str, ...] = ()
    """Axioms without which this one means nothing."""
    quick: Domain = _none
    """The cases that are examined before a table is trusted."""
    claim: str = ""
    """The formula that it is about; where a plugin does not state it, it follows from `needs`."""


def sides_agree(left: Any, right: Any) -> bool:
    """Whether two sides are equal, as polynomials in the symbols or as algebraic numbers."""
    return bool(left == right) if isinstance(left, str) else equal(left, right)


def side_text(side: Any) -> str:
    """A side on one line, not too long to be read."""
    if isinstance(side, sympy.MatrixBase):
        text = matrix_text(side)
    elif isinstance(side, str):
        text = side
    else:
        text = f"({', '.join(map(str, side))})" if side else "none"
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} …"


def require_axioms(G: Cases, axioms: Iterable[Axiom]) -> None:
    """Examine the quick cases of some axioms."""
    for axiom in axioms:
        if axiom.claim and axiom.claim not in G.claims:
            continue
        for elements in axiom.quick(G):
            try:
                left, right = axiom.sides(G, *elements)
            except GroupConvError as error:
                raise AxiomError(G.name, axiom.name, str(error), elements) from error
            if not sides_agree(left, right):
                place = " and ".join(f"({', '.join(map(str, g))})" for g in elements)
                sides = f"left side {side_text(left)}, right side {side_text(right)}"
                raise AxiomError(
                    G.name,
                    axiom.name,
                    f"{axiom.statement} fails at {place}: {sides}; {axiom.cause}",
                    elements,
                    is_proof=not is_concrete(*elements),
                )


def _form(G: Cases, g: Element) -> Sides:
    return G.matrix(*g).shape, (G.dimension + 1,) * 2  # any other one is an error of the group


def _integrality(G: Cases, g: Element) -> Sides:
    matrix, t = G.matrix(*g), {c for c in g if isinstance(c, sympy.Symbol)}
    d = G.dimension
    return tuple(
        entry
        for place, entry in enumerate(matrix)
        if entry.has(sympy.Float)
        or not entry.free_symbols <= t
        or not (entry.is_Integer or entry.free_symbols or (place + 1) % (d + 1) == 0)
    ), ()


def _homogeneity(G: Cases, g: Element) -> Sides:
    return G.matrix(*g)[-1, :], sympy.ImmutableMatrix([[*G.origin, 1]])


def _stabilizer(G: Cases, g: Element) -> Sides:
    return G.matrix(*g)[:-1, -1], sympy.zeros(G.dimension, 1).as_immutable()


def _isometry(G: Cases, g: Element) -> Sides:
    A, gram = G.matrix(*g)[:-1, :-1], G.lattice.gram
    return A.T * gram * A, gram


def _identity(G: Cases, g: Element) -> Sides:
    return G.matrix(*g), _one(G)


def _injectivity(G: Cases, g: Element) -> Sides:
    return G.first_twin(g), g


def _uniformity(G: Cases, g: Element) -> Sides:
    first, second = G.formulas.matrix(*g), G.formulas.matrix(*g)
    if first != second:
        return first, second
    s, t = G.split(g)
    values = dict(zip(G.symbols(), map(sympy.Integer, t), strict=True))
    return first, G.matrix(*s, *G.symbols()).xreplace(values)


def _split(G: Cases, g: Element) -> Sides:
    s, t = G.split(g)
    translation = sympy.eye(G.dimension + 1)
    translation[:-1, -1] = sympy.Matrix(t)
    return G.matrix(*g), translation * G.matrix(*s, *G.origin)


def _index_of_matrix(G: Cases, g: Element) -> Sides:
    matrix = G.matrix(*g)
    try:
        return G.formulas.index(matrix), g
    except GroupConvError as error:
        return str(error), g


def _closure(G: Cases, g: Element, h: Element) -> Sides:
    product = G.product(g, h)
    try:
        return G.matrix(*G.formulas.index(product)), product
    except GroupConvError as error:
        return str(error), product


def _composition(G: Cases, g: Element, h: Element) -> Sides:
    return G.matrix(*G.compose(g, h)), G.product(g, h)


def _left_inverse(G: Cases, g: Element) -> Sides:
    return G.product(G.inverse(g), g), _one(G)


def _one(G: Cases) -> sympy.ImmutableMatrix:
    return sympy.ImmutableMatrix(sympy.eye(G.dimension + 1))


FORM = ("form",)
EXACT = (*FORM, "integrality")
MATRIX = (*EXACT, "homogeneity", "stabilizer", "uniformity", "split")
"""What has to hold before products and indices mean anything."""

MATRIX_AXIOMS = (
    Axiom(
        "form",
        "g(s, 0) is a matrix of d+1 rows and columns",
        r"g(s, 0) \in M_{d+1}",
        "computed",
        Cases.fixed,
        _form,
        "matrix does not give one of that size",
        quick=Cases.fixed,
    ),
    Axiom(
        "integrality",
        "A is an integer matrix, the linear part of g(s, 0), and g(s, t) has no floats",
        r"A_s \in \mathbb{Z}^{d \times d}",
        "computed",
        lambda G: G.fixed() + G.symbolic(),
        _integrality,
        "the entries on the left are not exact integers; write the matrix in lattice coordinates, "
        "without floats",
        FORM,
        quick=lambda G: G.fixed() + G.integer(1) + G.symbolic(),
    ),
    Axiom(
        "homogeneity",
        "the bottom row of g(s, 0) is (0, …, 0, 1)",
        r"e_{d+1}^{\top} g(s, 0) = (0, \ldots, 0, 1)",
        "computed",
        Cases.fixed,
        _homogeneity,
        "the bottom row is wrong; a homogeneous matrix is [[A, t], [0, 1]]",
        FORM,
        quick=Cases.fixed,
    ),
    Axiom(
        "stabilizer",
        "g(s, 0) fixes the origin",
        r"g(s, 0) \cdot 0 = 0",
        "computed",
        Cases.fixed,
        _stabilizer,
        "the element moves the origin; move it to where all of them meet, or take the offset out "
        "of matrix; a true glide or screw has no such place, and its group is not split",
        FORM,
        quick=Cases.fixed,
    ),
    Axiom(
        "isometry",
        "Aᵀ Γ A = Γ for the linear part A of g(s, 0), Γ the Gram matrix of the lattice",
        r"A_s^{\top} \Gamma A_s = \Gamma",
        "computed",
        Cases.fixed,
        _isometry,
        "the element changes lengths or angles of the lattice that the group names",
        EXACT,
    ),
    Axiom(
        "identity",
        "g(0) = 1",
        r"g(0) = 1",
        "computed",
        lambda G: G.fixed()[:1],
        _identity,
        "the index of all zeros is not the identity; number the elements from the identity on",
        (*EXACT, "homogeneity", "stabilizer"),
    ),
    Axiom(
        "uniformity",
        "matrix gives for a few integer t what it gives for symbols",
        r"g(s, t)\big|_{t \in \mathbb{Z}^d} = g(s, \mathbf{t})\big|_{\mathbf{t} = t}",
        "computed",
        Cases.integer,
        _uniformity,
        "matrix is not a formula: it branches on its arguments, or changes from call to call",
        EXACT,
    ),
    Axiom(
        "split",
        "g(s, t) = [[1, t], [0, 1]] · g(s, 0)",
        r"g(s, t) = \begin{pmatrix} 1 & t \\ 0 & 1 \end{pmatrix} g(s, 0)",
        "proved",
        Cases.symbolic,
        _split,
        "the element is not its stabilizer part followed by its translation",
        (*EXACT, "homogeneity"),
        quick=lambda G: G.integer(2) + G.symbolic(),
    ),
)
"""What `matrix` owes, element by element."""

PRODUCT_AXIOMS = (
    Axiom(
        "injectivity",
        "g(s, t) = g(s', t) only if s = s'",
        r"g(s, t) = g(s', t) \Rightarrow s = s'",
        "proved",
        Cases.symbolic,
        _injectivity,
        "both indices have the same matrix",
        MATRIX,
    ),
    Axiom(
        "index of matrix",
        "g⁻¹(g(s, t)) = (s, t)",
        r"g^{-1}(g(s, t)) = (s, t)",
        "proved",
        lambda G: G.symbolic() + G.integer(),
        _index_of_matrix,
        "index does not undo matrix",
        (*MATRIX, "injectivity"),
        quick=lambda G: G.integer(1) + G.symbolic(),
    ),
    Axiom(
        "closure",
        "g(g⁻¹(M)) = M for all products M = g(s, t) · g(s', x)",
        r"g(g^{-1}(M)) = M, \quad M = g(s, t) \, g(s', x)",
        "proved",
        Cases.symbolic_pairs,
        _closure,
        "the product is not the matrix of any index",
        (*MATRIX, "isometry", "index of matrix"),
    ),
    Axiom(
        "composition",
        "g(compose(a, b)) = g(a) · g(b)",
        r"g(\mathrm{compose}(a, b)) = g(a) \, g(b)",
        "proved",
        lambda G: G.symbolic_pairs() + G.integer_pairs(),
        _composition,
        "compose is not the product of the matrices",
        ("closure",),
        quick=lambda G: G.integer_pairs(FEW) + G.symbolic_pairs(),
        claim="compose",
    ),
    Axiom(
        "left inverse",
        "g(inverse(a)) · g(a) = 1",
        r"g(\mathrm{inverse}(a)) \, g(a) = 1",
        "proved",
        lambda G: G.symbolic() + G.integer(),
        _left_inverse,
        "inverse does not give the inverse",
        ("closure",),
        quick=lambda G: G.integer(FEW) + G.symbolic(),
        claim="inverse",
    ),
)
"""What its products and `index` owe, and what a plugin claims of `compose` and `inverse`.

Without claims these are `index` of a product and of an inverse matrix. The latter is a product too:
the linear part has finite order, so its inverse is one of its powers.
"""

AXIOMS = MATRIX_AXIOMS + PRODUCT_AXIOMS
"""The equations that are examined case by case; what follows from them is derived."""
