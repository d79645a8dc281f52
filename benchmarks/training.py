"""Training steps of a whole network, lowered and as its layers choose, beside a data loader.

    python -m benchmarks.training [--seconds N] [--out FILE]

The network is ResNet44 of Cohen & Welling (2016) for p4m, on images of CIFAR's size that two
workers turn and crop.
"""

from __future__ import annotations

import argparse
import math
import random
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

import groupconv as gc

from .harness import Report, interleave, machine, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .harness import Task

BATCH, WORKERS = 8, 2
OUT = Path(__file__).parent / "results" / "training.json"


class Images(Dataset[tuple[Tensor, int]]):
    """Random images, turned and cropped anew each time."""

    def __len__(self) -> int:
        return 1_000_000

    def __getitem__(self, n: int) -> tuple[Tensor, int]:
        image = torch.randn(3, 40, 40, generator=torch.Generator().manual_seed(n))
        angle = random.uniform(0, 2 * math.pi)
        turn = torch.tensor(
            [[math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0]]
        )
        grid = F.affine_grid(turn[None], [1, 3, 40, 40], align_corners=False)
        turned = F.grid_sample(image[None], grid, align_corners=False)[0]
        i, j = random.randrange(9), random.randrange(9)
        return turned[:, i : i + 32, j : j + 32], n % 10


def steps(net: nn.Module, batches: Iterator[list[Tensor]]) -> Task:
    """One step of SGD."""
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)

    def run() -> None:
        x, y = next(batches)
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=25)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    cpu = torch.device("cpu")
    prepare(cpu)
    warnings.simplefilter("ignore")  # of strides on arrays of 32 cells
    nets = {
        "lowered": gc.models.ResNet44(group="p4m"),
        "as chosen": gc.models.ResNet44(group="p4m"),
    }
    wide = 0
    for layer in nets["lowered"].modules():
        if isinstance(layer, gc.nn.GroupConv):
            wide += layer._costs is not None
            layer.evaluation = "lowered"
    loader = DataLoader(Images(), BATCH, num_workers=WORKERS)
    batches = iter(loader)
    timing = interleave(
        {name: steps(net, batches) for name, net in nets.items()}, seconds=arguments.seconds
    )
    report = Report(machine(cpu))
    report.add(
        "training steps", f"ResNet44 of p4m, batch {BATCH}, {WORKERS} workers", wide_layers=wide,
        lowered_ms=1000 * timing.median("lowered"), **timing.ratio("as chosen", "lowered"),
    )  # fmt: skip
    report.write(arguments.out)


if __name__ == "__main__":
    main()
