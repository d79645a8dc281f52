"""How many functions of the package the common operations call, once everything is warm."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

import groupconv as gc

PACKAGE = str(Path(gc.__file__).parent)


def calls(operation):
    """The functions of groupconv that one run calls, the second time."""
    operation()
    found = Counter()

    def count(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            found[frame.f_code.co_qualname] += 1

    found.clear()
    sys.setprofile(count)
    try:
        operation()
    finally:
        sys.setprofile(None)
    return found


@pytest.mark.parametrize(
    ("operation", "most"),
    [
        (lambda p4: lambda: p4.compose((1, 0, 0), (1, 2, 3)), 12),
        (lambda p4: lambda: p4.inverse((1, 2, 3)), 8),
        (lambda p4: lambda: gc.nn.GroupConv(4, 4, 3, padding=1, group="p4"), 60),
    ],
    ids=["compose", "inverse", "construction"],
)
def test_common_operations_call_few_functions(operation, most):
    found = calls(operation(gc.group("p4")))
    assert 0 < found.total() <= most, found
    assert not any(name.endswith(("__hash__", "__eq__")) for name in found)


def test_a_forward_calls_few_functions():
    layer, x = gc.nn.GroupConv(4, 4, 3, padding=1, group="p4"), torch.randn(1, 4, 4, 9, 9)
    found = calls(lambda: layer(x))
    assert 0 < found.total() <= 14, found
