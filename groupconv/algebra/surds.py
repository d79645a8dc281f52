"""Exact real numbers without computer algebra: sums of rational multiples of square roots."""

from __future__ import annotations

import ast
import math
import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import sympy

__all__ = ["Surd", "read_surd"]


@dataclass(frozen=True)
class Surd:
    """A number `Σ c √n`, with different squarefree `n` and rational `c` that are not zero.

    Square roots of different squarefree numbers are linearly independent over the rationals, so
    two numbers are equal exactly if their terms are.

    Args:
        terms: The pairs `(n, c)`, by ascending `n`.

    Examples:
        >>> root = read_surd("sqrt(12) / 2")
        >>> root * root == read_surd("3"), float(root - root)
        (True, 0.0)
    """

    terms: tuple[tuple[int, Fraction], ...] = ()

    @classmethod
    def of(cls, terms: Mapping[int, Fraction]) -> Surd:
        """The number with some coefficients, zeros left out."""
        return cls(tuple(sorted((n, c) for n, c in terms.items() if c)))

    def __add__(self, other: Surd) -> Surd:
        total = dict(self.terms)
        for n, c in other.terms:
            total[n] = total.get(n, Fraction(0)) + c
        return Surd.of(total)

    def __neg__(self) -> Surd:
        return Surd(tuple((n, -c) for n, c in self.terms))

    def __sub__(self, other: Surd) -> Surd:
        return self + -other

    def __mul__(self, other: Surd) -> Surd:
        total: dict[int, Fraction] = {}
        for n, c in self.terms:
            for m, e in other.terms:
                common = math.gcd(n, m)  # √n √m = common √(n m / common²)
                key = n * m // common**2
                total[key] = total.get(key, Fraction(0)) + c * e * common
        return Surd.of(total)

    def __truediv__(self, other: Surd) -> Surd:
        if not other:
            raise ZeroDivisionError("division by zero")
        irrational = next((n for n, _ in other.terms if n > 1), None)
        if irrational is None:
            return self * Surd(((1, 1 / other.terms[0][1]),))
        # Multiplying by the number with another sign of √p removes the prime p from the divisor.
        p = min(k for k in range(2, irrational + 1) if irrational % k == 0)
        conjugate = Surd(tuple((n, -c if n % p == 0 else c) for n, c in other.terms))
        return self * conjugate / (other * conjugate)

    def sqrt(self) -> Surd:
        """The square root of a rational number.

        Raises:
            ValueError: the number is negative or not rational.
        """
        if any(n != 1 for n, _ in self.terms):
            raise ValueError("sqrt takes a rational number")
        if not self:
            return self
        c = self.terms[0][1]
        if c < 0:
            raise ValueError(f"sqrt({c}) is not a real number")
        outside, inside = _split_square(c.numerator * c.denominator)
        return Surd.of({inside: Fraction(outside, c.denominator)})

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __float__(self) -> float:
        return math.fsum(float(c) * math.sqrt(n) for n, c in self.terms)

    def as_sympy(self) -> sympy.Expr:
        """The same number in sympy."""
        import sympy

        return sympy.Add(
            *(sympy.Rational(c.numerator, c.denominator) * sympy.sqrt(n) for n, c in self.terms)
        )


def _split_square(n: int) -> tuple[int, int]:
    """`(a, b)` with `n = a² b` and a squarefree `b`.

    Examples:
        >>> _split_square(72)
        (6, 2)
    """
    outside, inside, k = 1, n, 2
    while k * k <= inside:
        if inside % (k * k):
            k += 1
        else:
            outside, inside = outside * k, inside // (k * k)
    return outside, inside


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
        >>> read_surd("-1/2").terms
        ((1, Fraction(-1, 2)),)
    """
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ZeroDivisionError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _value(node: ast.expr) -> Surd:
    match node:
        case ast.Constant(value=int() as n) if not isinstance(n, bool):
            return Surd.of({1: Fraction(n)})
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id="sqrt"), args=[operand], keywords=[]):
            return _value(operand).sqrt()
    raise ValueError(f"{ast.unparse(node)!r} is not made of integers, + - * / ( ) and sqrt")
