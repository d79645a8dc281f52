"""Checks of plain arguments, for every room."""

from __future__ import annotations

import math
import numbers
import operator
from typing import Any

from groupconv.errors import ArgumentError

__all__ = ["LARGEST", "flag", "number", "positive"]

LARGEST = 2**31
"""No size of anything that fits into a memory is beyond this."""


def positive(argument: str, value: Any) -> int:
    """A positive integer.

    Raises:
        ArgumentError: it is none.

    Examples:
        >>> positive("epochs", 3)
        3
    """
    if not isinstance(value, bool) and hasattr(value, "__index__"):
        integer = operator.index(value)
        if 0 < integer < LARGEST:
            return integer
    raise ArgumentError(f"{argument}={value!r}: expected a positive integer")


def flag(argument: str, value: Any) -> bool:
    """A boolean; any text would count as true.

    Raises:
        ArgumentError: it is none.

    Examples:
        >>> flag("bias", True)
        True
    """
    if not isinstance(value, bool):
        raise ArgumentError(f"{argument}={value!r}: expected True or False")
    return value


def number(
    argument: str,
    value: Any,
    least: float = -math.inf,
    most: float = math.inf,
    *,
    exclusive: bool = False,
) -> float:
    """A finite number between two bounds, the lower one excluded if `exclusive`.

    Raises:
        ArgumentError: it is none.

    Examples:
        >>> number("dropout", 0.3, 0, 1)
        0.3
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        real = float(value)
        if math.isfinite(real) and least <= real <= most and not (exclusive and real == least):
            return real
    bounds = f" {'above' if exclusive else 'from'} {least}" if least > -math.inf else ""
    bounds += f" to {most}" if most < math.inf else ""
    raise ArgumentError(f"{argument}={value!r}: expected a number{bounds}")
