"""Exact real numbers without computer algebra: sums of rational multiples of square roots."""

from __future__ import annotations

import ast
import math
import operator
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import sympy


class Surd:
    """A number `Σ c √n`, with different squarefree `n` and rational `c` that are not zero.

    Square roots of different squarefree numbers are linearly independent over the rationals, so
    two numbers are equal exactly if their coefficients are.

    Args:
        terms: The coefficient `c` of each `n`.
    """

    def __init__(self, terms: Mapping[int, Fraction]) -> None:
        self.terms = {n: c for n, c in terms.items() if c}

    def __add__(self, other: Surd) -> Surd:
        everything = {*self.terms, *other.terms}
        return Surd({n: self.terms.get(n, ZERO) + other.terms.get(n, ZERO) for n in everything})

    def __neg__(self) -> Surd:
        return Surd({n: -c for n, c in self.terms.items()})

    def __sub__(self, other: Surd) -> Surd:
        return self + -other

    def __mul__(self, other: Surd) -> Surd:
        total: dict[int, Fraction] = {}
        for n, c in self.terms.items():
            for m, e in other.terms.items():
                common = math.gcd(n, m)  # √n √m = common √(n m / common²)
                key = n * m // common**2
                total[key] = total.get(key, ZERO) + c * e * common
        return Surd(total)

    def __truediv__(self, other: Surd) -> Surd:
        irrational = max(other.terms, default=0)
        if irrational <= 1:
            return self * Surd({1: 1 / other.terms.get(1, ZERO)})
        # Multiplying by the number with another sign of √p removes the prime p from the divisor.
        p = next(k for k in range(2, irrational + 1) if irrational % k == 0)
        conjugate = Surd({n: -c if n % p == 0 else c for n, c in other.terms.items()})
        return self * conjugate / (other * conjugate)

    def sqrt(self) -> Surd:
        """The square root of a rational number that is not negative."""
        c = self.terms.get(1, ZERO)
        if self.terms.keys() - {1} or c < 0:
            raise ValueError("sqrt takes a rational number that is not negative")
        outside, inside, k = Fraction(1, c.denominator), c.numerator * c.denominator, 2
        while k * k <= inside:
            if inside % (k * k):
                k += 1
            else:
                outside, inside = outside * k, inside // (k * k)
        return Surd({inside: outside}) if inside else self

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __float__(self) -> float:
        return math.fsum(float(c) * math.sqrt(n) for n, c in self.terms.items())

    def __str__(self) -> str:
        """The number as `read_surd` reads it."""
        terms = [f"{c}" if n == 1 else f"{c}*sqrt({n})" for n, c in sorted(self.terms.items())]
        return "+".join(terms).replace("+-", "-") or "0"

    def as_sympy(self) -> sympy.Expr:
        """The same number in sympy."""
        import sympy

        terms = self.terms.items()
        return sympy.Add(*(sympy.Rational(*c.as_integer_ratio()) * sympy.sqrt(n) for n, c in terms))


ZERO = Fraction(0)

_OPERATIONS: dict[type[ast.operator], Callable[[Surd, Surd], Surd]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def read_surd(text: str) -> Surd:
    """Read integers, `+ - * / ( )` and `sqrt` of rational numbers; nothing is evaluated.

    Raises:
        ValueError: the text holds anything else, or is not a real number.

    Examples:
        >>> read_surd("sqrt(12) / 3").terms
        {3: Fraction(2, 3)}
    """
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except ZeroDivisionError:
        raise ValueError("division by zero") from None
    except (SyntaxError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _value(node: ast.expr) -> Surd:
    match node:
        case ast.Constant(value=int() as n) if not isinstance(n, bool):
            return Surd({1: Fraction(n)})
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id="sqrt"), args=[operand], keywords=[]):
            return _value(operand).sqrt()
    raise ValueError(f"{ast.unparse(node)!r} is not made of integers, + - * / ( ) and sqrt")
