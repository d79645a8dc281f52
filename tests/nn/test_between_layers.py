"""The table of torch's modules in the docs: each row is tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn

import groupconv as gc

PAGE = Path(__file__).parents[2] / "docs" / "layers.md"
ROWS = re.findall(r"^\| `(nn\..*?)` \| (right|wrong) \|", PAGE.read_text("utf-8"), re.MULTILINE)


def test_the_table_is_read():
    verdicts = [verdict for _, verdict in ROWS]
    assert verdicts.count("right") >= 10
    assert verdicts.count("wrong") >= 6


@pytest.mark.parametrize(("expression", "verdict"), ROWS)
def test_a_module_may_stand_between_as_the_docs_say(expression, verdict):
    torch.manual_seed(0)
    module = eval(expression, {"nn": nn})
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.is_floating_point():  # neither parameters nor statistics are alike by chance
            tensor.data = torch.rand_like(tensor) + 0.5
    x = torch.randn(2, 4, 8, 16, 16)

    def as_map(x):
        y = module(x)
        return y.unflatten(1, (4, 8)) if y.ndim == 4 else y

    if verdict == "right":
        gc.testing.assert_equivariant(nn.Sequential(module), x, group="p4m")
    else:
        with pytest.raises((gc.errors.EquivarianceError, gc.errors.ArgumentError)):
            gc.testing.assert_equivariant(as_map, x, group="p4m")
