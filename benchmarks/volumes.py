"""Time and memory of one layer on volumes, for groups of growing order at equal parameters.

    python -m benchmarks.volumes [--seconds N] [--out FILE]

A filter of a group convolution has S times the parameters of a planar one, so a width of C / √S
keeps the parameters of a planar layer of width C; its C · √S planes then cost S times the
arithmetic. Steps are forward and backward of 3×3×3 filters on 16³ voxels, batch 4, beside 48
planar channels.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch

import groupconv as gc

from .harness import Report, interleave, machine, peak_bytes, prepare
from .layers import settings, training_step

GROUPS = ("P1", "P222", "P432", "Pm-3m")
WIDTH, SIZE, BATCH = 48, 16, 4
OUT = Path(__file__).parent / "results" / "volumes.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30, help="for all groups together")
    parser.add_argument("--out", type=Path, default=OUT)
    a = parser.parse_args()
    device = torch.device("cpu")
    prepare(device)
    report, layers, inputs = Report(machine(device)), {}, {}
    for name in GROUPS:
        group = gc.group(name)
        C = max(1, round(WIDTH / math.sqrt(group.order)))
        planes = () if group.order == 1 else (group.order,)
        layers[name] = gc.nn.GroupConv(C, C, 3, padding=1, group=group)
        inputs[name] = torch.randn(BATCH, C, *planes, *(SIZE,) * 3, requires_grad=True)
    (setting,) = settings(device)
    tasks = {name: training_step(m, inputs[name], setting) for name, m in layers.items()}
    timing = interleave(tasks, seconds=a.seconds)
    for name, layer in layers.items():
        order = gc.group(name).order
        report.add(
            "a layer at equal parameters", f"`{name}`",
            order=order, channels=layer.in_channels, planes=layer.in_channels * order,
            parameters=sum(p.numel() for p in layer.parameters()),
            step_ms=1000 * timing.median(name),
            peak_MiB=peak_bytes(tasks[name], layer, inputs[name]) / 2**20,
        )  # fmt: skip
    report.write(a.out)


if __name__ == "__main__":
    main()
