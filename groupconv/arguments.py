"""Checks of plain arguments, for every room."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Sequence
from typing import Any

from groupconv.errors import ArgumentError


def positive(argument: str, value: Any) -> int:
    """A positive integer.

    Raises:
        ArgumentError: the value is not a positive integer.

    Examples:
        >>> positive("epochs", 3)
        3
    """
    if not isinstance(value, bool) and hasattr(value, "__index__") and operator.index(value) > 0:
        return operator.index(value)
    raise ArgumentError(f"{argument}={value!r}: expected a positive integer")


def as_sizes(argument: str, value: int | Sequence[int], d: int, least: int = 1) -> tuple[int, ...]:
    """One integer per axis, from one for all or a sequence.

    Raises:
        ArgumentError: the value is neither one integer nor `d` of them, or one is below `least`.

    Examples:
        >>> as_sizes("kernel_size", 3, 2)
        (3, 3)
    """
    values = value if isinstance(value, Sequence) else (value,) * d
    try:
        sizes = tuple(map(operator.index, values))
    except TypeError:
        sizes = ()
    if len(sizes) != d or bool in map(type, values) or min(sizes) < least:
        expected = "one integer" if d == 1 else f"one integer or {d} of them"
        raise ArgumentError(
            f"{argument}={value!r}: expected {expected}, at least {least}, for {d} spatial "
            f"ax{'i' if d == 1 else 'e'}s"
        )
    return sizes


def choice(argument: str, value: Any, options: Sequence[str]) -> str:
    """One of a few texts.

    Raises:
        ArgumentError: the value is another one.

    Examples:
        >>> choice("mode", "mean", ("max", "mean"))
        'mean'
    """
    if value not in options:
        raise ArgumentError(
            f"{argument}={value!r}: expected one of {', '.join(map(repr, options))}"
        )
    return str(value)


def flag(argument: str, value: Any) -> bool:
    """A boolean; any text would count as true.

    Raises:
        ArgumentError: the value is not a boolean.

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
        ArgumentError: the value is not a number within the bounds.

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
