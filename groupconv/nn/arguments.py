"""Checks of the arguments that every layer takes."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor

from groupconv.errors import ArgumentError

__all__ = ["flag", "placement", "positive", "require_tensor"]


def positive(argument: str, value: Any) -> int:
    """A positive integer."""
    if not isinstance(value, bool) and hasattr(value, "__index__"):
        number = operator.index(value)
        if number > 0:
            return number
    raise ArgumentError(f"{argument}={value!r}: expected a positive integer")


def flag(argument: str, value: Any) -> bool:
    """A boolean; any text would count as true."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{argument}={value!r}: expected True or False")
    return value


def placement(device: Any, dtype: Any) -> dict[str, Any]:
    """Where parameters live and of which type, as torch's factories take it."""
    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise ArgumentError(f"dtype={dtype!r}: expected a torch.dtype such as torch.float32")
    if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
        raise ArgumentError(f"dtype={dtype}: expected a floating-point type, for parameters")
    try:
        place = None if device is None else torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, TypeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ArgumentError(
            f"device={device!r} cannot be used: {reason}; try 'cpu' or 'cuda:0'"
        ) from error
    return {"device": place, "dtype": dtype}


def require_tensor(x: Any, argument: str = "x") -> None:
    """Refuse what torch cannot compute with, such as a numpy array."""
    if not isinstance(x, Tensor):
        raise ArgumentError(
            f"{argument} is a {type(x).__name__}, expected a torch.Tensor; torch.as_tensor makes "
            f"one of an array or a list"
        )
