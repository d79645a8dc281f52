"""The command `groupconv doctor`: a network of one's own, examined."""

from __future__ import annotations

import importlib
import json
import sys
import traceback

import torch
from torch import nn

from groupconv.errors import ArgumentError
from groupconv.testing import diagnose
from groupconv.testing.recording import own_line


def examine(
    model: str, shapes: list[str], group: str | None, is_circular: bool, as_json: bool
) -> int:
    """Print a diagnosis of a network on random input; returns 0 if it commutes, else 1."""
    torch.manual_seed(0)
    found = _network(model)
    inputs = tuple(torch.randn(_shape(text)) for text in shapes)
    try:
        diagnosis = diagnose(found, inputs, group=group, circular=is_circular)
    except (RuntimeError, TypeError) as error:  # torch's own, of a shape that does not fit
        shown = ", ".join(shapes)
        raise ArgumentError(f"--input={shown}: the network raised {_said(error)}") from error
    print(json.dumps(diagnosis.to_dict(), indent=2) if as_json else diagnosis)
    return 0 if diagnosis.passed else 1


def _network(text: str) -> nn.Module:
    """What `module:name` stands for, called if it is a class or a function."""
    module, _, name = text.partition(":")
    if not name:
        raise ArgumentError(f"model={text!r}: expected MODULE:NAME, such as my_module:build")
    sys.path.insert(0, "")  # the current folder, as for python -m
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ArgumentError(f"model={text!r} cannot be imported: {error}") from error
    try:
        made = found if isinstance(found, nn.Module) else found()
    except Exception as error:
        raise ArgumentError(f"model={text!r} raised {_said(error)}") from error
    if not isinstance(made, nn.Module):
        raise ArgumentError(f"model={text!r} gives {type(made).__name__}, expected a torch module")
    return made


def _said(error: Exception) -> str:
    """An error, and the line of the network's own code where it arose."""
    text = str(error).splitlines()[0] if str(error) else ""
    place = own_line(traceback.extract_tb(error.__traceback__))
    return f"{type(error).__name__}: {text} ({place})"


def _shape(text: str) -> tuple[int, ...]:
    try:
        return tuple(map(int, text.split(",")))
    except ValueError as error:
        raise ArgumentError(f"--input={text!r}: expected integers, such as 1,3,33,33") from error
