"""The same layers in groupconv, in escnn, and as a planar convolution, in an environment with all.

    make bench-peers      (escnn builds a part of itself by a Fortran compiler, and needs numpy < 2)

escnn serves rotations by any angle from a basis of steerable filters, so its layers have other
parameters; its regular fields of the same group have the same maps, which is what is compared. It
runs as its documentation advises: evaluation mode keeps its expanded filter. All variants take
turns in one process; ratios are to the planar convolution in contiguous memory.
"""

from __future__ import annotations

import argparse
import functools
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from escnn import gspaces
from escnn import nn as escnn
from torch import Tensor, nn

import groupconv as gc

from .harness import Report, interleave, machine, peak_bytes, prepare
from .layers import CASES, Case, Indexed, Planar, Setting, inference, training_step

SPACES = {
    "p4": lambda: gspaces.rot2dOnR2(4),
    "p4m": lambda: gspaces.flipRot2dOnR2(4),
    "P432": gspaces.octaOnR3,
}


class OnTensors(nn.Module):
    """An escnn layer as a module of plain tensors, `(B, C·S, *spatial)`."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        space = SPACES[case.group]()
        self.type = escnn.FieldType(space, case.channels * [space.regular_repr])
        conv = escnn.R3Conv if case.group == "P432" else escnn.R2Conv
        padding = case.kernel // 2
        self.conv = conv(self.type, self.type, kernel_size=case.kernel, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(escnn.GeometricTensor(x, self.type)).tensor


def seconds_of(make: Any, *arguments: Any) -> tuple[float, nn.Module]:
    """How long a layer takes to make, the second time in a process, and the layer."""
    make(*arguments)
    start = time.perf_counter()
    module = make(*arguments)
    return time.perf_counter() - start, module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10, help="for each comparison")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "peers.json"
    )
    a = parser.parse_args()
    device = torch.device("cpu")
    prepare(device)
    warnings.simplefilter("ignore")
    report, setting = Report(machine(device) | {"escnn": version("escnn")}), Setting(device)
    for case in CASES:
        if case.group not in SPACES:
            continue
        options = {"padding": case.kernel // 2, "group": case.group}
        sizes = case.channels, case.channels, case.kernel
        ours_made, layer = seconds_of(functools.partial(gc.nn.GroupConv, *sizes, **options))
        theirs_made, theirs = seconds_of(OnTensors, case)
        group = gc.group(case.group)
        x = torch.randn(case.batch, case.channels, group.order, *(case.size,) * group.dimension)
        flat = x.flatten(1, 2)
        made = {
            "groupconv": (layer, x), "escnn": (theirs, flat), "naive": (Indexed(layer), x),
            "planar": (Planar(layer), flat),
        }  # fmt: skip
        inputs = {name: given.detach().requires_grad_() for name, (_, given) in made.items()}
        steps = {name: training_step(m, inputs[name], setting) for name, (m, _) in made.items()}
        training = interleave(steps, seconds=a.seconds)
        memory = {name: peak_bytes(steps[name], m, inputs[name]) for name, (m, _) in made.items()}
        runs = {name: inference(m, inputs[name], setting) for name, (m, _) in made.items()}
        evaluated = interleave(runs, seconds=a.seconds)
        built = {"groupconv": ours_made, "escnn": theirs_made}
        for name, (module, _) in made.items():
            report.add(
                "the same layers", str(case), library=name,
                construction_ms=1000 * built[name] if name in built else "",
                training=training.ratio(name, "planar")["ratio"],
                inference=evaluated.ratio(name, "planar")["ratio"],
                peak_MiB=memory[name] / 2**20,
                parameters=sum(p.numel() for p in module.parameters()),
            )  # fmt: skip
    report.write(a.out)


if __name__ == "__main__":
    main()
