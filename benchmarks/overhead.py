"""What small operations cost: products, the first layer of a process, one layer on one pixel.

    python benchmarks/overhead.py [--repeats 30]

The layer is measured in turn with the planar convolution that it contains, and so is the first
layer of a process with the import of torch alone, in processes of their own.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

import groupconv as gc

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 2000
FIRST = """
import time, torch, warnings
warnings.simplefilter("ignore")
start = time.perf_counter()
import groupconv as gc
gc.nn.LiftingConv(1, 1, 3, group={name!r})
print(1000 * (time.perf_counter() - start))
"""


def microseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(RUNS):
        call()
    return 1e6 * (time.perf_counter() - start) / RUNS


def first_layer(name: str) -> float:
    code = [sys.executable, "-c", FIRST.format(name=name)]
    return float(subprocess.run(code, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    p4 = gc.group("p4")
    layer, x = gc.nn.GroupConv(1, 1, 1, group=p4), torch.randn(1, 1, 4, 1, 1)
    kernel, bias, planes = torch.randn(4, 4, 1, 1), torch.randn(4), x[:, 0]
    calls: dict[str, Callable[[], object]] = {
        "p4.compose of integers": lambda: p4.compose((1, 0, 0), (1, 2, 3)),
        "1×1 layer, one channel": lambda: layer(x),
        "conv2d of its 4 planes": lambda: F.conv2d(planes, kernel, bias),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    with torch.no_grad():
        for _ in range(repeats):
            for name, call in calls.items():
                times[name].append(microseconds(call))
    for name, found in times.items():
        print(f"{name:24} {statistics.median(found):7.1f} µs")
    for name in ("p6m", "Pm-3m", "p4"):
        found = [first_layer(name) for _ in range(max(3, repeats // 5))]
        print(f"{'first layer, ' + name:24} {statistics.median(found):7.0f} ms")


if __name__ == "__main__":
    main()
