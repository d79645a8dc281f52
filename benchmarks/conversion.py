"""What conversion does to networks as people write them: parameters, symmetry, and time.

    python benchmarks/conversion.py

Each network is converted with about as many parameters. Equivariance errors are those of the
doctor, in float32, before and after. A step is forward and backward of a batch of 8; the two
networks take turns, and times are medians.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import groupconv as gc

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.architectures import ARCHITECTURES

REPEATS = 7


def batch(x: Any) -> tuple[Tensor, ...]:
    """The input of a step, with eight images."""
    given = x if isinstance(x, tuple) else (x,)
    return tuple(torch.randn(8, *tensor.shape[1:]) for tensor in given)


def step(net: nn.Module, x: tuple[Tensor, ...]) -> float:
    """The milliseconds of one forward and backward pass."""
    start = time.perf_counter()
    net(*x).square().mean().backward()
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    warnings.simplefilter("ignore")
    print("| network | group | parameters | converted | error | converted | step | converted |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (make, group, example) in ARCHITECTURES.items():
        torch.manual_seed(0)
        planar, x = make(), example()
        net, report = gc.convert(planar, group, example=x)
        before = gc.testing.diagnose(planar, x, group=group).error
        given = batch(x)
        times = [(step(planar, given), step(net, given)) for _ in range(REPEATS + 2)][2:]
        own, other = (statistics.median(column) for column in zip(*times, strict=True))
        counts = f"{report.parameters:,} | {report.new_parameters:,}"
        print(
            f"| {name} | `{group}` | {counts} | {before:.0e} | {report.error:.0e} "
            f"| {own:.0f} ms | {other:.0f} ms |",
            flush=True,
        )


if __name__ == "__main__":
    main()
