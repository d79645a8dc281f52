"""What conversion does to networks as people write them: parameters, symmetry, and time.

    python -m benchmarks.conversion [--seconds N] [--out FILE]

Each network is converted with about as many parameters. Equivariance errors are those of the
doctor, in float32, before and after. A step is forward and backward of a batch of 8.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

import groupconv as gc

from .harness import Report, interleave, machine, prepare

if TYPE_CHECKING:
    from .harness import Task

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.architectures import ARCHITECTURES

OUT = Path(__file__).parent / "results" / "conversion.json"


def step(net: nn.Module, x: Any) -> Task:
    """Forward and backward, with eight images of the example's size."""
    given = x if isinstance(x, tuple) else (x,)
    batch = tuple(torch.randn(8, *tensor.shape[1:]) for tensor in given)
    return lambda: net(*batch).square().mean().backward()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3, help="for each network")
    parser.add_argument("--out", type=Path, default=OUT)
    a = parser.parse_args()
    warnings.simplefilter("ignore")
    device = torch.device("cpu")
    prepare(device)
    report = Report(machine(device))
    for name, (make, group, example) in ARCHITECTURES.items():
        torch.manual_seed(0)
        planar, x = make(), example()
        net, found = gc.convert(planar, group, example=x)
        before = gc.testing.diagnose(planar, x, group=group).error
        timing = interleave({"was": step(planar, x), "is": step(net, x)}, seconds=a.seconds)
        report.add(
            "networks", name, group=f"`{group}`",
            parameters_before=found.parameters, parameters_after=found.new_parameters,
            error_before=f"{before:.0e}", error_after=f"{found.error:.0e}",
            step_ms_before=1000 * timing.median("was"), step_ms_after=1000 * timing.median("is"),
        )  # fmt: skip
    report.write(a.out)


if __name__ == "__main__":
    main()
