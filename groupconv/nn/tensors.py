"""Checks of tensors, and of where parameters are to live."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from groupconv.errors import ArgumentError

__all__ = ["placement", "require_real", "require_tensor", "require_type"]


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
    if dtype is not None:
        try:
            # A generator of its own: a check must not change what is drawn afterwards.
            torch.empty(1, dtype=dtype, device="cpu").uniform_(generator=torch.Generator())
        except RuntimeError as error:  # NotImplementedError is one
            raise ArgumentError(
                f"dtype={dtype}: torch cannot compute with it; take torch.float32, or another type "
                f"of 16 bits at least"
            ) from error
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
    if isinstance(x, Tensor) and x.layout is not torch.strided:
        raise ArgumentError(
            f"{argument} has layout {x.layout}, expected a dense tensor; call {argument}.to_dense()"
        )
    if not isinstance(x, Tensor):
        raise ArgumentError(
            f"{argument} is a {type(x).__name__}, expected a torch.Tensor; torch.as_tensor makes "
            f"one of an array or a list"
        )


MIXED = (torch.float16, torch.bfloat16, torch.float32)
"""The types that autocast converts to each other."""


def require_type(x: Tensor, parameter: Tensor, argument: str = "x", *, mixed: bool = False) -> None:
    """Refuse a tensor of another type or device than the parameters, unless torch converts it.

    Args:
        x: The tensor.
        parameter: Any parameter.
        argument: The tensor's name.
        mixed: Whether the function itself mixes float32 parameters with half-precision input.

    Raises:
        ArgumentError: the types or the devices differ.
    """
    if x.device != parameter.device:
        raise ArgumentError(
            f"{argument} lies on {x.device}, and the parameters on {parameter.device}; move one of "
            f"them, for instance {argument}.to({str(parameter.device)!r}) or module.to_empty"
        )
    if x.dtype == parameter.dtype:
        return
    converts = x.dtype in MIXED and (
        (mixed and parameter.dtype == torch.float32)
        or (parameter.dtype in MIXED and torch.is_autocast_enabled(x.device.type))
    )
    if not converts:
        name = str(parameter.dtype)
        raise ArgumentError(
            f"{argument} has type {x.dtype}, and the parameters have {name}; convert one of them, "
            f"for instance {argument}.to({name})"
        )


def require_real(x: Tensor, use: str, *, integers: bool = False) -> None:
    """Refuse a type of numbers that cannot be pooled.

    Raises:
        ArgumentError: the tensor is complex, or of integers where these do not serve.
    """
    if x.is_complex() or not (integers or x.is_floating_point()):
        raise ArgumentError(
            f"x has type {x.dtype}, and {use} needs real numbers"
            + ("" if integers else " of a floating-point type")
            + ", for instance "
            + ("x.abs()" if x.is_complex() else "x.float()")
        )
