"""Time and memory of one layer on volumes, for groups of growing order at equal parameters.

A filter of a group convolution has S times the parameters of a planar one, so a width of C / √S
keeps the parameters of a planar layer of width C; its C · √S planes then cost S times the
arithmetic. Each case runs in a process of its own; memory is the peak of the process beyond what
the data and the imports take, forward and backward.

    python benchmarks/volumes.py [--width 48] [--size 16] [--batch 4] [--repeats 9]
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import subprocess
import sys
import time

import torch

import groupconv as gc

GROUPS = ("P1", "P222", "P432", "Pm-3m")


def peak() -> float:
    """The largest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, width: int, size: int, batch: int, repeats: int) -> str:
    group = gc.group(name)
    channels = max(1, round(width / math.sqrt(group.order)))
    layer = gc.nn.GroupConv(channels, channels, 3, padding=1, group=group)
    planes = () if group.order == 1 else (group.order,)
    x = torch.randn(batch, channels, *planes, *(size,) * 3, requires_grad=True)
    before = peak()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        layer(x).sum().backward()
        times.append(time.perf_counter() - start)
    parameters = sum(p.numel() for p in layer.parameters())
    return (
        f"{name:6} {group.order:5} {channels:8} {channels * group.order:7} {parameters:11,} "
        f"{1e3 * statistics.median(times):10.0f} {peak() - before:10.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=48, help="of the planar layer")
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--only", help="one group, in this process")
    a = parser.parse_args()
    if a.only:
        print(measure(a.only, a.width, a.size, a.batch, a.repeats))
        return
    print(
        f"3×3×3, {a.size}³ voxels, batch {a.batch}, planar width {a.width}; "
        f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    )
    print("group  order channels  planes  parameters  step in ms  peak in MiB")
    options = [f"--{key}={getattr(a, key)}" for key in ("width", "size", "batch", "repeats")]
    for name in GROUPS:
        command = [sys.executable, __file__, *options, f"--only={name}"]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")


if __name__ == "__main__":
    main()
