"""What is likely wrong with a group, in one sentence, from a counterexample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sympy

from groupconv.algebra import CUBIC, HEXAGONAL, LINE, SQUARE
from groupconv.algebra.translations import translations
from groupconv.errors import GroupConvError

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.algebra import Element
    from groupconv.algebra.axioms import Axiom
    from groupconv.algebra.cases import Cases, Elements

WITNESSES = 256
"""Pairs of elements on which a mistake has to show."""


class Failure(NamedTuple):
    """One failing case with its two sides."""

    group: Cases
    elements: Elements
    left: Any
    right: Any

    @property
    def is_linear(self) -> bool:
        """Whether the linear parts differ, so not the translations alone."""
        difference = (self.left - self.right)[:-1, :-1].applyfunc(sympy.expand)
        return not difference.is_zero_matrix


def likely_cause(axiom: Axiom, group: Cases, elements: Elements, left: Any, right: Any) -> str:
    """One sentence; a particular one where the sides have the shape of a known mistake."""
    diagnose = _DIAGNOSES.get(axiom.name)
    is_compared = not isinstance(left, str) or diagnose is _missing_element
    if diagnose is None or not is_compared:
        return axiom.cause
    return diagnose(Failure(group, elements, left, right)) or axiom.cause


def _linear_parts(group: Cases) -> list[sympy.ImmutableMatrix]:
    return [group.matrix(*g)[:-1, :-1] for (g,) in group.fixed()]


def _wrong_lattice(failure: Failure) -> str:
    group = failure.group
    fitting = [
        lattice.name
        for lattice in (LINE, SQUARE, HEXAGONAL, CUBIC)
        if lattice.dimension == group.dimension
        and all(A.T * lattice.gram * A == lattice.gram for A in _linear_parts(group))
    ]
    named = f"the group names the lattice {group.lattice.name!r}"
    return (
        f"{named}, and its matrices are isometries of the lattice {fitting[0]!r}" if fitting else ""
    )


def _missing_element(failure: Failure) -> str:
    group = failure.group
    if failure.right[:-1, :-1] in _linear_parts(failure.group):
        what = "no valid index" if isinstance(failure.left, str) else "the index of another matrix"
        return f"the product has the linear part of an element, and index finds {what}"
    known = f"{len(group.indices)} elements by the orders {group.shape} of its coordinates"
    return f"the product is not an element: the stabilizer lacks it, with {known}"


def _wrong_product(failure: Failure) -> str:
    if failure.is_linear:
        return "compose gives the wrong stabilizer element here"
    if _explains(failure, lambda group, g, h: group.product(h, g)):
        return "compose multiplies in the other order: it gives h g for g h"
    if _explains(failure, _sum_of_translations):
        return "compose adds the translations; the second has to be turned by the first element"
    return "compose gives the right stabilizer element here, and a wrong translation"


def _explains(failure: Failure, mistake: Callable[..., sympy.MatrixBase]) -> bool:
    """Whether a mistake gives what compose gives, for uneven translations of other elements too."""
    group = failure.group
    pairs = [failure.elements, *group.integer_pairs()[:WITNESSES]]
    try:
        return all(group.matrix(*group.compose(*pair)) == mistake(group, *pair) for pair in pairs)
    except GroupConvError:
        return False


def _sum_of_translations(group: Cases, g: Element, h: Element) -> sympy.MatrixBase:
    product = group.product(g, h).as_mutable()
    product[:-1, -1] = sympy.Matrix(group.split(g)[1]) + sympy.Matrix(group.split(h)[1])
    return product


def _wrong_inverse(failure: Failure) -> str:
    right = "right stabilizer element here, and not the translation -A⁻¹ t"
    return f"inverse gives the {'wrong stabilizer element here' if failure.is_linear else right}"


def _wrong_index(failure: Failure) -> str:
    """Where index and matrix disagree; their author knows which of them is wrong."""
    group = failure.group
    s, t = group.split(failure.right)
    found_s, found_t = group.split(failure.left)
    if s != found_s:
        return "index and matrix disagree about the stabilizer coordinates" if t == found_t else ""
    uneven = (*s, *translations(group.dimension)[0])
    try:
        found = group.formulas.index(group.matrix(*uneven))
    except GroupConvError:
        found = ()
    if found != uneven and sorted(found) == sorted(uneven):
        return "index gives the translation in another order"
    return "index and matrix disagree about the translation"


def _wrong_translation(failure: Failure) -> str:
    if failure.is_linear:
        return "the linear part depends on the translation"
    if failure.left[-1, :] != failure.right[-1, :]:
        return "the bottom row depends on the translation"
    return "the last column is not the translation"


def _stray_symbol(failure: Failure) -> str:
    stray = "there are symbols that are not arguments; use those that matrix is given"
    return stray if any(entry.free_symbols for entry in failure.left) else ""


_DIAGNOSES: dict[str, Callable[[Failure], str]] = {
    "integrality": _stray_symbol,
    "isometry": _wrong_lattice,
    "split": _wrong_translation,
    "index of matrix": _wrong_index,
    "closure": _missing_element,
    "composition": _wrong_product,
    "left inverse": _wrong_inverse,
}
