"""The tables of torch's modules in the docs: each row is tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn

import groupconv as gc

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "between.md"
WITH, WITHOUT = PAGE.read_text("utf-8").split("## On maps without planes")
ROWS = [
    (expression, verdict, shape)
    for part, shape in ((WITH, (2, 4, 8, 16, 16)), (WITHOUT, (2, 4, 16, 16)))
    for expression, verdict in re.findall(
        r"^\| `(nn\..*?)` \| (right|wrong) \|", part, re.MULTILINE
    )
]


def test_the_tables_are_read():
    verdicts = [verdict for _, verdict, _ in ROWS]
    assert verdicts.count("right") >= 25
    assert verdicts.count("wrong") >= 15


@pytest.mark.parametrize(("expression", "verdict", "shape"), ROWS)
def test_a_module_may_stand_between_as_the_docs_say(expression, verdict, shape):
    torch.manual_seed(0)
    module = eval(expression, {"nn": nn})
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.is_floating_point():  # neither parameters nor statistics are alike by chance
            tensor.data = torch.rand_like(tensor) + 0.5
    x = torch.randn(shape)

    def as_map(x):
        y = module(x)
        return y.unflatten(1, (4, 8)) if y.ndim == 4 and len(shape) == 5 else y

    if verdict == "right":
        gc.testing.assert_equivariant(nn.Sequential(module), x, group="p4m")
    else:
        with pytest.raises((gc.errors.EquivarianceError, gc.errors.ArgumentError)):
            gc.testing.assert_equivariant(as_map, x, group="p4m")
