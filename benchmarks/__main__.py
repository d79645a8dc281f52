"""Every figure of speed in one run: a JSON file, a table and a picture.

    python -m benchmarks [--device cuda] [--seconds N] [--out FILE]

The file is benchmarks/results/cpu.json (or cuda.json) unless another is given, and the picture
that of the docs. A GPU is measured in float32 with and without TF32, and in bfloat16, with CUDA
graphs and compiled as well.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from . import below, layers, networks, overhead
from .harness import Report, machine
from .pictures import draw

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "images"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each comparison")
    parser.add_argument("--out", type=Path)
    a = parser.parse_args()
    device = torch.device(a.device)
    report, settings = Report(machine(device)), layers.settings(device)
    for setting in settings:
        layers.measure(report, setting, 2 * a.seconds)
    overhead.measure_calls(report, device, a.seconds / 2)
    if device.type == "cpu":
        overhead.measure_starts(report)
    networks.measure(report, device, a.seconds / 2)
    for setting in settings[:2]:
        below.measure(report, setting, a.seconds / 2)
    out = a.out or ROOT / "benchmarks" / "results" / f"{device.type}.json"
    report.write(out)
    out.with_name(f"{out.stem}-means.md").write_text(layers.means(report, settings))
    shown = next((s for s in settings if s.has_graphs), settings[0])
    path = a.out.with_suffix(".png") if a.out else PICTURES / f"speed-{device.type}.png"
    draw(report, [shown.section(name) for name in ("training step", "inference")], path)


if __name__ == "__main__":
    main()
