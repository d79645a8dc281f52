"""The composition law of a stabilizer given by formulas, for all its coordinates at once.

The law is read off the composition table as a twisted sum, such as p4m's
`(m, r)·(m', r') = (m + m', (-1)^m' r + r')`; then it is proved with integer symbols in place of
the coordinates, by trigonometric expansion, one case for each parity of the exponents of -1.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import sympy

from groupconv.errors import GroupConvError
from groupconv.verification.report import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupconv.algebra import SplitGroup

LONGEST_SUM = 8
"""Angles that are sums of more terms are not expanded."""

NEAR = range(-1, 2)
"""The integers that are tried where sympy does not settle a statement."""

NOT_SIMPLIFIED = "sympy does not simplify the difference to zero"

Symbols = tuple[sympy.Symbol, ...]


class Term(NamedTuple):
    """A coordinate of the law: a sum, one summand times -1 to some coordinates of the other."""

    twists_first: bool
    signs: tuple[int, ...]

    def product(self, i: int, x: Sequence[Any], y: Sequence[Any]) -> Any:
        """Coordinate `i` of the product of `x` and `y`, of arrays as of symbols."""
        a, b = x[i], y[i]
        sign = (-1) ** sum((y if self.twists_first else x)[j] for j in self.signs)
        return sign * a + b if self.twists_first else a + sign * b

    def text(self, i: int, x: Symbols, y: Symbols) -> str:
        """The same as a formula, such as `(-1)^m' r + r'`."""
        exponent = " + ".join(str((y if self.twists_first else x)[j]) for j in self.signs)
        exponent = f"({exponent})" if len(self.signs) > 1 else exponent
        sign = f"(-1)^{exponent} " if self.signs else ""
        return f"{sign}{x[i]} + {y[i]}" if self.twists_first else f"{x[i]} + {sign}{y[i]}"


def composition_law(group: SplitGroup) -> tuple[Check, ...]:
    """Periodicity and composition with symbolic stabilizer coordinates, if they are a formula.

    A statement that sympy cannot simplify is undecided, not wrong: the same was examined for
    every stabilizer element by itself.
    """
    names = group.coordinate_names[: len(group.stabilizer_shape)]
    x = tuple(sympy.Symbol(name, integer=True) for name in names)
    y = tuple(sympy.Symbol(f"{name}'", integer=True) for name in names)
    try:
        if not names or not set(x) <= _matrix(group, x).free_symbols:
            return ()
        return _periodicity(group, x), _composition(group, x, y)
    except GroupConvError:  # there is no formula in its coordinates
        return ()


def _matrix(group: SplitGroup, coordinates: tuple[sympy.Expr, ...]) -> sympy.ImmutableMatrix:
    return group.formulas.matrix(*coordinates, *(0,) * group.dimension)


def _periodicity(group: SplitGroup, x: Symbols) -> Check:
    start = time.perf_counter()
    turns = [(*x[:i], x[i] + n, *x[i + 1 :]) for i, n in enumerate(group.stabilizer_shape)]
    differences = [_matrix(group, turn) - _matrix(group, x) for turn in turns]
    holds = all(map(_vanishes, differences))
    equation = " = ".join(f"g({_texts(each)})" for each in (x, *turns))
    statement = f"{equation} for all integers {_texts(x)}"
    reason = "" if holds else _why_open(differences, x)
    return _check("periodicity", statement, equation, len(turns), start, reason)


def _why_open(differences: Sequence[sympy.ImmutableMatrix], x: Symbols) -> str:
    """Integers for which a statement fails, or that sympy could not settle it."""
    for values in sorted(itertools.product(NEAR, repeat=len(x)), key=lambda v: sum(map(abs, v))):
        place = dict(zip(x, values, strict=True))
        if any(D.subs(place).doit().is_zero_matrix is False for D in differences):
            shown = ", ".join(f"{name} = {value}" for name, value in place.items())
            return f"it fails at {shown}; only the coordinates' own range has to be right"
    return NOT_SIMPLIFIED


def _composition(group: SplitGroup, x: Symbols, y: Symbols) -> Check:
    start = time.perf_counter()
    name, statement = "composition law", f"g({_texts(x)})·g({_texts(y)})"
    latex = rf"g({_texts(x)}) \, g({_texts(y)})"
    law = _law(group)
    if law is None:
        statement += " as a formula in the coordinates"
        return _check(
            name, statement, latex, 0, start, "the composition table is not a twisted sum"
        )
    product = tuple(term.product(i, x, y) for i, term in enumerate(law))
    D = _matrix(group, x) * _matrix(group, y) - _matrix(group, product)
    cases = list(_parities(product))
    holds = all(_vanishes(D.subs(parity, simultaneous=True)) for parity in cases)
    texts = (term.text(i, x, y) for i, term in enumerate(law))
    statement += f" = g({', '.join(texts)}) for all integers"
    latex += f" = g({', '.join(map(sympy.latex, product))})"
    return _check(name, statement, latex, len(cases), start, "" if holds else NOT_SIMPLIFIED)


def _check(name: str, statement: str, latex: str, cases: int, start: float, reason: str) -> Check:
    seconds = time.perf_counter() - start
    if reason:
        return Check(name, statement, latex, "undecided", cases, seconds, (reason,))
    return Check(name, statement, latex, "proved", cases, seconds)


def _law(group: SplitGroup) -> tuple[Term, ...] | None:
    """The simplest twisted sums that give the composition table, exactly."""
    shape = group.stabilizer_shape
    a, b = np.indices((group.order, group.order)).reshape(2, -1)
    x, y = np.unravel_index(a, shape), np.unravel_index(b, shape)
    products = np.unravel_index(group.stabilizer.composition.reshape(-1), shape)
    law = []
    for i, n in enumerate(shape):
        fitting = (t for t in _terms(len(shape)) if (t.product(i, x, y) % n == products[i]).all())
        if (term := next(fitting, None)) is None:
            return None
        law.append(term)
    return tuple(law)


def _terms(coordinates: int) -> Iterator[Term]:
    for size in range(coordinates + 1):
        for signs in itertools.combinations(range(coordinates), size):
            yield from (Term(True, signs), Term(False, signs))


def _parities(product: tuple[sympy.Expr, ...]) -> Iterator[dict[sympy.Symbol, sympy.Expr]]:
    """Every symbol in an exponent as an even and as an odd number."""
    powers = itertools.chain.from_iterable(entry.atoms(sympy.Pow) for entry in product)
    symbols = sorted({s for power in powers for s in power.exp.free_symbols}, key=str)
    halves = [sympy.Symbol(f"k{i}", integer=True) for i in range(len(symbols))]
    for odd in itertools.product((0, 1), repeat=len(symbols)):
        yield {s: 2 * k + o for s, k, o in zip(symbols, halves, odd, strict=True)}


def _vanishes(matrix: sympy.ImmutableMatrix) -> bool:
    """Whether all entries expand to zero, sums of angles and of exponents included."""
    functions = matrix.applyfunc(sympy.expand).atoms(sympy.Function)
    if any(len(sympy.Add.make_args(a)) > LONGEST_SUM for f in functions for a in f.args):
        return False  # expanding would take ages
    expanded = matrix.applyfunc(lambda entry: sympy.expand(sympy.expand(entry), trig=True))
    return bool(expanded.applyfunc(sympy.expand).is_zero_matrix)


def _texts(expressions: tuple[sympy.Expr, ...]) -> str:
    return ", ".join(map(str, expressions))
