"""One axiom: every case of it, and the smallest place where it fails."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import sympy

from groupconv.algebra.axioms import side_text, sides_agree
from groupconv.algebra.exact import is_concrete
from groupconv.algebra.translations import FAR
from groupconv.errors import GroupConvError
from groupconv.verification.diagnosis import likely_cause
from groupconv.verification.report import Counterexample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from groupconv.algebra.axioms import Axiom
    from groupconv.algebra.cases import Cases, Elements
    from groupconv.verification.report import TextRows

MOST_CASES = 48
"""How many failing cases are followed to integers."""
FOLLOWED_FAR = 4
"""How many are followed farther if they hold nearby."""
NEAR_SIZE = 2
"""Up to which sum of coordinates translations are tried for them; twice that for those few."""
EVERY_STEP = 64
"""How far along a coordinate all translations are tried for those few."""
DOUBLINGS = tuple(EVERY_STEP * 2**k for k in range(1, 15))
"""Which ones are tried beyond, to a million."""

Outcome: TypeAlias = Literal["agree", "differ", "raises"]


def size_of(elements: Elements) -> int:
    """The size of a case: the sum of all coordinates, symbols aside."""
    return sum(abs(c) for element in elements for c in element if isinstance(c, int))


def fails(group: Cases, axiom: Axiom, elements: Elements) -> bool:
    """Whether a statement does not hold there; a plugin's error is a failure as well."""
    return _outcome(group, axiom, elements) != "agree"


def _outcome(group: Cases, axiom: Axiom, elements: Elements) -> Outcome:
    """What the two sides of a statement do at a case."""
    try:
        left, right = axiom.sides(group, *elements)
    except GroupConvError:
        return "raises"
    if sides_agree(left, right):
        return "agree"
    return "raises" if isinstance(left, str) else "differ"


def smallest_counterexample(group: Cases, axiom: Axiom, failing: list[Elements]) -> Counterexample:
    """The failing case with the smallest coordinates, in integers where it fails on them too."""
    failing = sorted(failing, key=size_of)
    best: Elements | None = None
    for elements in failing[:MOST_CASES]:
        best = _first_failing(group, axiom, _in_integers(group, elements, _near), best)
    for elements in failing[:FOLLOWED_FAR]:
        differing = _where_polynomials_differ(group, axiom, elements)
        best = _first_failing(group, axiom, differing, best)
        best = _first_failing(group, axiom, _in_integers(group, elements, _farther), best)
    if best is None:
        best = next((case for case in failing if is_concrete(*case)), failing[0])
    return _counterexample_at(group, axiom, _shrunk(group, axiom, best))


def _first_failing(
    group: Cases, axiom: Axiom, cases: Iterable[Elements], best: Elements | None
) -> Elements | None:
    """The first of some cases that fails and is smaller than the best that was found."""
    for elements in cases:
        if (best is None or size_of(elements) < size_of(best)) and fails(group, axiom, elements):
            return elements
    return best


def _shrunk(group: Cases, axiom: Axiom, elements: Elements) -> Elements:
    """The same case with its integers made smaller one by one, as long as it fails the same way."""
    wanted = _outcome(group, axiom, elements)
    if wanted == "agree":  # it failed a moment ago
        return elements
    places = [
        (i, j)
        for i, element in enumerate(elements)
        for j, c in enumerate(element)
        if isinstance(c, int)
    ]
    changed = True
    while changed:
        changed = False
        for i, j in places:
            for smaller in _toward_zero(elements[i][j]):
                element = (*elements[i][:j], smaller, *elements[i][j + 1 :])
                tried = (*elements[:i], element, *elements[i + 1 :])
                if _outcome(group, axiom, tried) == wanted:
                    elements, changed = tried, True
                    break
    return elements


def _toward_zero(c: int) -> Iterator[int]:
    """Smaller integers of the same sign: zero first, then nearer and nearer to `c`."""
    step = c
    while step:
        yield c - step
        step = int(step / 2)


def _counterexample_at(group: Cases, axiom: Axiom, elements: Elements) -> Counterexample:
    """What there is to see at one failing case."""
    matrices: tuple[TextRows, ...] = ()
    try:
        found = [group.matrix(*element).tolist() for element in elements]
        matrices = tuple(tuple(tuple(map(str, row)) for row in rows) for rows in found)
        left, right = axiom.sides(group, *elements)
    except GroupConvError as error:
        return Counterexample(elements, matrices, "", "", "", str(error))
    if not is_concrete(*elements):
        cause = _why_not_proved(group, axiom, elements)
    elif sides_agree(left, right):
        cause = "the same call gives different answers at different times; write a formula"
    else:
        cause = likely_cause(axiom, group, elements, left, right)
    return Counterexample(
        elements, matrices, side_text(left), side_text(right), _difference(left, right), cause
    )


def _why_not_proved(group: Cases, axiom: Axiom, elements: Elements) -> str:
    """What is likely wrong where a statement fails on symbols, and on no integer that was tried."""
    if _outcome(group, axiom, elements) == "raises":
        return (
            "the formula raises where translations are symbols, and no integers were found where "
            "it fails; write one that takes both"
        )
    if any(_where_polynomials_differ(group, axiom, elements)):
        return (
            "the two sides are different polynomials, and agree on all integers that were tried: "
            "a formula treats symbols and numbers in different ways; write it without branches"
        )
    return (
        "the two sides are not the same polynomial, and no integers were found where they differ; "
        "perhaps sympy does not see that they are equal: write it with + - * only"
    )


def _in_integers(
    group: Cases, elements: Elements, vectors: Callable[[int], Iterator[tuple[int, ...]]]
) -> Iterator[Elements]:
    """The case with integers for its translations; one with small integers stays as it is."""
    if is_concrete(*elements) and all(abs(c) < FAR // 2 for g in elements for c in g):
        yield elements
        return
    d = group.dimension
    for values in vectors(d * len(elements)):
        yield tuple(
            (*group.split(element)[0], *values[d * i : d * (i + 1)])
            for i, element in enumerate(elements)
        )


def _where_polynomials_differ(group: Cases, axiom: Axiom, elements: Elements) -> Iterator[Elements]:
    """Small integers at which two sides that are different polynomials have different values."""
    try:
        left, right = axiom.sides(group, *elements)
    except GroupConvError:
        return
    symbols = [c for element in elements for c in element if isinstance(c, sympy.Symbol)]
    if isinstance(left, str) or len(left) != len(right):
        return
    for a, b in zip(left, right, strict=True):
        difference = sympy.expand(a - b)
        if difference == 0 or not difference.is_polynomial(*symbols):
            continue
        values: dict[Any, int] = {}
        for symbol in symbols:  # one after the other, and it stays another polynomial than zero
            degree = sympy.Poly(difference, symbol).degree()
            for n in range(degree + 1):  # it has no more roots than its degree
                at_n = sympy.expand(difference.subs(symbol, n))
                if at_n != 0:
                    values[symbol], difference = n, at_n
                    break
        if len(values) == len(symbols):
            yield tuple(tuple(values.get(c, c) for c in element) for element in elements)


def _near(length: int) -> Iterator[tuple[int, ...]]:
    """The smallest first."""
    for size in range(NEAR_SIZE + 1):
        yield from _vectors(length, size)


def _farther(length: int) -> Iterator[tuple[int, ...]]:
    """A little farther in all directions; then far along each coordinate, and all of them."""
    for size in range(NEAR_SIZE + 1, 2 * NEAR_SIZE + 1):
        yield from _vectors(length, size)
    for n in (*range(3, EVERY_STEP + 1), *DOUBLINGS):
        for sign in (1, -1):
            yield from (tuple(sign * n * (i == j) for j in range(length)) for i in range(length))
            yield (sign * n,) * length


def _vectors(length: int, size: int) -> Iterator[tuple[int, ...]]:
    """All integer vectors whose absolute values add up to `size`, positive entries first."""
    for places in itertools.combinations_with_replacement(range(length), size):
        counts = [places.count(place) for place in range(length)]
        signs = [(1, -1) if count else (1,) for count in counts]
        for sign in itertools.product(*signs):
            yield tuple(c * n for c, n in zip(counts, sign, strict=True))


def _difference(left: Any, right: Any) -> str:
    if isinstance(left, str):
        return ""
    if isinstance(left, sympy.MatrixBase):
        return side_text((left - right).applyfunc(sympy.expand))
    if len(left) == len(right):
        return side_text(tuple(sympy.expand(a - b) for a, b in zip(left, right, strict=True)))
    return ""
