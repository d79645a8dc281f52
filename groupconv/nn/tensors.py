"""Checks of tensors, and of where parameters are to live."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from groupconv.errors import ArgumentError

__all__ = ["placement", "require_tensor", "require_type"]


def placement(device: Any, dtype: Any) -> dict[str, Any]:
    """Where parameters live and of which type, as torch's factories take it.

    Raises:
        ArgumentError: the device does not exist, or the type is none for parameters.

    Examples:
        >>> placement("cpu", None)
        {'device': device(type='cpu'), 'dtype': None}
    """
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
    """Refuse what torch cannot compute with, such as a numpy array.

    Raises:
        ArgumentError: it is no tensor.
    """
    if not isinstance(x, Tensor):
        raise ArgumentError(
            f"{argument} is a {type(x).__name__}, expected a torch.Tensor; torch.as_tensor makes "
            f"one of an array or a list"
        )


def require_type(x: Tensor, weight: Tensor) -> None:
    """Refuse an input of another type than the parameters, unless autocast converts both.

    Raises:
        ArgumentError: the types differ.
    """
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        name = str(weight.dtype)
        raise ArgumentError(
            f"x has type {x.dtype}, and the parameters have {name}; convert one of them, for "
            f"instance x.to({name})"
        )
