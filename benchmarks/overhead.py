"""What small operations cost: calls on one pixel, new layers, imports, and commands."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

import groupconv as gc

from .harness import interleave

if TYPE_CHECKING:
    from .harness import Report

RUNS = 500
FIRST = """
import time, torch, warnings
warnings.simplefilter("ignore")
start = time.perf_counter()
import groupconv as gc
gc.nn.LiftingConv(1, 1, 3, group={name!r})
print(1000 * (time.perf_counter() - start))
"""
IMPORT = """
import time
start = time.perf_counter()
import groupconv
print(1000 * (time.perf_counter() - start))
"""
COMMAND = """
import subprocess, sys, time
start = time.perf_counter()
subprocess.run([sys.executable, "-m", "groupconv", "groups"], check=True, capture_output=True)
print(1000 * (time.perf_counter() - start))
"""


def milliseconds(program: str, repeats: int = 5) -> float:
    """The median of what a program prints, each time in a process of its own."""
    found = []
    for _ in range(repeats):
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        found.append(float(run.stdout))
    return statistics.median(found)


def measure_calls(report: Report, device: torch.device, seconds: float) -> None:
    """A layer of size 1 on one pixel against `conv2d` of the same planes."""
    layer, x = gc.nn.GroupConv(1, 1, 1, group="p4", device=device), torch.randn(1, 1, 4, 1, 1)
    x = x.to(device)
    planar = torch.nn.Conv2d(4, 4, 1, device=device)
    weight, bias, planes = planar.weight, planar.bias, x[:, 0]
    for mode in ("eval", "training"):
        with torch.set_grad_enabled(mode == "training"):
            layer.train(mode == "training")
            timing = interleave(
                {
                    "layer": lambda: layer(x),
                    "conv2d": lambda: F.conv2d(planes, weight, bias),
                    "module": lambda: planar(planes),
                },
                seconds=seconds, device=device, runs=RUNS,
            )  # fmt: skip
        for kind, value in (("median", timing.median), ("least", timing.least)):
            micro = {name: 1e6 * value(name) for name in timing.seconds}
            over = micro["layer"] - micro["conv2d"]
            case = f"1×1 layer on one pixel, {mode}, {kind}"
            report.add("calls, in µs", case, **micro, over=over)


def measure_starts(report: Report) -> None:
    """Imports, commands, and first and second layers."""
    report.add("starts, in ms", "import groupconv", median=milliseconds(IMPORT))
    report.add("starts, in ms", "groupconv groups", median=milliseconds(COMMAND))
    for name in ("p4", "p6m", "Pm-3m"):
        median = milliseconds(FIRST.format(name=name))
        report.add("starts, in ms", f"first layer of {name}, without torch", median=median)
    for name in ("p4", "p4m", "P432", "Pm-3m"):
        group, found = gc.group(name), []
        for _ in range(50):
            start = time.perf_counter()
            gc.nn.GroupConv(8, 8, 3, padding=1, group=group)
            found.append(1000 * (time.perf_counter() - start))
        median = statistics.median(found[1:])
        report.add("starts, in ms", f"second layer of {name}, 8 channels", median=median)
