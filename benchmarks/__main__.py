"""Every figure of speed in one run: a JSON file, a table and a picture.

    python -m benchmarks [--device cuda] [--dtype bfloat16] [--tf32] [--compiled] [--graphs]
                         [--seconds N] [--out FILE]

The file is benchmarks/results/cpu.json unless another is given, and the picture that of the docs.
On a GPU, `--graphs` replays CUDA graphs, and float32 has no TF32 unless that is asked for.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch

from . import below, layers, networks, overhead
from .harness import Report, machine, prepare
from .pictures import draw

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "images"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--graphs", action="store_true", help="CUDA graphs")
    parser.add_argument("--seconds", type=float, default=4, help="for each comparison")
    parser.add_argument("--out", type=Path)
    a = parser.parse_args()
    device = torch.device(a.device)
    prepare(device, tf32=a.tf32)
    setting = layers.Setting(device, getattr(torch, a.dtype), a.compiled, a.graphs)
    report = Report(
        machine(device) | {"dtype": a.dtype, "compiled": a.compiled, "graphs": a.graphs}
    )
    layers.measure(report, setting, a.seconds)
    for section in ("training step", "inference"):
        ratios = [row["ratio"] for row in report.sections[section]]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        report.add(section, "geometric mean", ratio=mean)
    overhead.measure_calls(report, device, a.seconds / 2)
    if device.type == "cpu":
        overhead.measure_starts(report)
        networks.measure(report, a.seconds / 2)
        below.measure(report, a.seconds / 2)
    out = a.out or ROOT / "benchmarks" / "results" / f"{device.type}.json"
    report.write(out)
    draw(report, a.out.with_suffix(".png") if a.out else PICTURES / f"speed-{device.type}.png")


if __name__ == "__main__":
    main()
