"""The composition law of a stabilizer given by formulas, for all its coordinates at once.

The law is read off the composition table as a twisted sum, such as p4m's
`(m, r)·(m', r') = (m + m', (-1)^m' r + r')`; then it is proved with integer symbols in place of
the coordinates, by trigonometric expansion, one case for each parity of the exponents of -1.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sympy

from groupconv.errors import GroupConvError
from groupconv.verification.report import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupconv.algebra import SplitGroup

__all__ = ["composition_law"]

LONGEST_SUM = 8
"""Angles that are sums of more terms are not expanded."""

Exponents = tuple[sympy.Symbol, ...]


class Term(NamedTuple):
    """One coordinate of the law: `(-1)^signs · x + y`, the twisted summand named."""

    twists_first: bool
    signs: tuple[int, ...]
    """The coordinates of the other element whose sum is the exponent of -1."""


def composition_law(group: SplitGroup) -> tuple[Check, ...]:
    """Periodicity and composition with symbolic stabilizer coordinates, if they are a formula.

    A statement that sympy cannot simplify is undecided, not wrong: the same was examined for
    every stabilizer element by itself.
    """
    start = time.perf_counter()
    names = group.coordinate_names[: len(group.stabilizer_shape)]
    first = tuple(sympy.Symbol(name, integer=True) for name in names)
    second = tuple(sympy.Symbol(f"{name}'", integer=True) for name in names)
    try:
        if not names or not set(first) <= _matrix(group, first).free_symbols:
            return ()
        return (
            _periodicity(group, first, start),
            _composition(group, first, second),
        )
    except GroupConvError:  # there is no formula in its coordinates
        return ()


def _matrix(group: SplitGroup, coordinates: tuple[sympy.Expr, ...]) -> sympy.ImmutableMatrix:
    return group.formulas.matrix(*coordinates, *(0,) * group.dimension)


def _periodicity(group: SplitGroup, x: Exponents, start: float) -> Check:
    undecided = False
    cases = []
    for i, n in enumerate(group.stabilizer_shape):
        turned = tuple(c + n if i == j else c for j, c in enumerate(x))
        cases.append(f"g({_texts(turned)})")
        undecided |= not _vanishes(_matrix(group, turned) - _matrix(group, x))
    statement = " = ".join([f"g({_texts(x)})", *cases])
    return Check(
        "periodicity",
        f"{statement} for all integers {_texts(x)}",
        statement,
        "undecided" if undecided else "proved",
        len(cases),
        time.perf_counter() - start,
        ("sympy does not simplify the difference to zero",) if undecided else (),
    )


def _composition(group: SplitGroup, x: Exponents, y: Exponents) -> Check:
    start = time.perf_counter()
    law = _law(group)
    if law is None:
        statement = f"g({_texts(x)})·g({_texts(y)}) as a formula in the coordinates"
        reason = "the composition table is not a twisted sum"
        return _check(statement, rf"g({_texts(x)}) \, g({_texts(y)})", 0, start, reason)
    product = tuple(
        _power(term, y if term.twists_first else x) * (a if term.twists_first else b)
        + (b if term.twists_first else a)
        for term, a, b in zip(law, x, y, strict=True)
    )
    D = _matrix(group, x) * _matrix(group, y) - _matrix(group, product)
    exponents = sorted(
        {(y if term.twists_first else x)[i] for term in law for i in term.signs}, key=str
    )
    cases = list(_parities(exponents))
    proved = all(_vanishes(D.subs(parity, simultaneous=True)) for parity in cases)
    texts = ", ".join(_term_text(term, a, b, x, y) for term, a, b in zip(law, x, y, strict=True))
    statement = f"g({_texts(x)})·g({_texts(y)}) = g({texts})"
    latex = ", ".join(sympy.latex(entry) for entry in product)
    return _check(
        f"{statement} for all integers",
        rf"g({_texts(x)}) \, g({_texts(y)}) = g({latex})",
        len(cases),
        start,
        "" if proved else "sympy does not simplify the difference to zero",
    )


def _check(statement: str, latex: str, cases: int, start: float, reason: str) -> Check:
    return Check(
        "composition law",
        statement,
        latex,
        "undecided" if reason else "proved",
        cases,
        time.perf_counter() - start,
        (reason,) if reason else (),
    )


def _law(group: SplitGroup) -> tuple[Term, ...] | None:
    """The simplest twisted sums that give the composition table, exactly."""
    shape = group.stabilizer_shape
    a, b = np.indices((group.order, group.order)).reshape(2, -1)
    x, y = np.array(np.unravel_index(a, shape)), np.array(np.unravel_index(b, shape))
    products = np.array(np.unravel_index(group.stabilizer.composition.reshape(-1), shape))
    law = []
    for i, n in enumerate(shape):
        for term in _terms(len(shape)):
            other = y if term.twists_first else x
            sign = 1 - 2 * (other[list(term.signs)].sum(axis=0) % 2)
            total = sign * x[i] + y[i] if term.twists_first else x[i] + sign * y[i]
            if (total % n == products[i]).all():
                law.append(term)
                break
        else:
            return None
    return tuple(law)


def _terms(coordinates: int) -> Iterator[Term]:
    for size in range(coordinates + 1):
        for signs in itertools.combinations(range(coordinates), size):
            for twists_first in (True, False):
                yield Term(twists_first, signs)


def _power(term: Term, exponents: Exponents) -> sympy.Expr:
    return (-1) ** sum(exponents[i] for i in term.signs) if term.signs else sympy.Integer(1)


def _term_text(term: Term, a: sympy.Symbol, b: sympy.Symbol, x: Exponents, y: Exponents) -> str:
    if not term.signs:
        return f"{a} + {b}"
    chosen = y if term.twists_first else x
    exponent = " + ".join(str(chosen[i]) for i in term.signs)
    sign = f"(-1)^{exponent if len(term.signs) == 1 else f'({exponent})'}"
    return f"{sign} {a} + {b}" if term.twists_first else f"{a} + {sign} {b}"


def _parities(exponents: list[sympy.Symbol]) -> Iterator[dict[sympy.Symbol, sympy.Expr]]:
    """Every exponent as an even and as an odd number."""
    halves = [sympy.Symbol(f"k{i}", integer=True) for i in range(len(exponents))]
    for odd in itertools.product((0, 1), repeat=len(exponents)):
        yield {e: 2 * k + o for e, k, o in zip(exponents, halves, odd, strict=True)}


def _vanishes(matrix: sympy.ImmutableMatrix) -> bool:
    """Whether all entries expand to zero, sums of angles and of exponents included."""
    functions = matrix.applyfunc(sympy.expand).atoms(sympy.Function)
    if any(len(sympy.Add.make_args(a)) > LONGEST_SUM for f in functions for a in f.args):
        return False  # expanding would take ages
    expanded = matrix.applyfunc(lambda entry: sympy.expand(sympy.expand(entry), trig=True))
    return bool(expanded.applyfunc(sympy.expand).is_zero_matrix)


def _texts(expressions: tuple[sympy.Expr, ...]) -> str:
    return ", ".join(map(str, expressions))
