"""The table of strides in the docs: each row is built and measured."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
import torch

import groupconv as gc

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "strides.md"
ROW = r"^\| (\d+) \| (\d+) \| (\d+) \| .*? \| ([\d, ]+) \| ([\d, ]*) \|"
ROWS = re.findall(ROW, PAGE.read_text("utf-8"), re.MULTILINE)
CASES = [
    (int(k), int(s), int(p), int(size), good)
    for k, s, p, exact, broken in ROWS
    for sizes, good in ((exact, True), (broken, False))
    for size in re.findall(r"\d+", sizes)
]


def test_the_table_is_read():
    assert len(ROWS) >= 10
    assert sum(good for *_, good in CASES) >= 20
    assert sum(not good for *_, good in CASES) > 15


@pytest.mark.parametrize(("kernel", "stride", "padding", "size", "good"), CASES)
def test_a_stride_keeps_equivariance_as_the_docs_say(kernel, stride, padding, size, good):
    layer = gc.nn.LiftingConv(1, 1, kernel, stride, padding, group="p4m")
    x = torch.randn(1, 1, size, size)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        error = gc.testing.equivariance_error(layer, x)
    assert (error.worst < 1e-4) == good
    assert any(w.category is gc.errors.EquivarianceWarning for w in caught) == (not good)
