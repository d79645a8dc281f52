"""Voxel shapes of ModelNet10: a group network against an ordinary one, equal parameters.

Trained on shapes as they stand, tested on these and on shapes turned by one of the 24 rotations
of the cube. The file holds occupancy grids of 30³, which are halved; 7 of the training shapes and
1 of the test shapes are empty, and 64 stand in both parts, so the figures compare networks and
are not those of a benchmark.

    python examples/shapes.py --data DIR [--group P432] [--epochs N] [--quick]

Without a folder, small solids that are made up serve instead: bars, plates and angles.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from compare import compare
from torch import Tensor, nn

import groupconv as gc

FILE = "modelnet10_vox30.npz"


def modelnet(folder: Path) -> gc.data.ImageSet:
    """ModelNet10 as `(N, 1, 15, 15, 15)` shares of occupied voxels."""
    with np.load(folder / FILE) as file:
        parts = [
            torch.from_numpy(file[name]) for name in ("X_train", "y_train", "X_test", "y_test")
        ]
    volumes = [F.avg_pool3d(part[:, None].float(), 2) for part in parts[::2]]
    labels = [part.flatten().long() for part in parts[1::2]]
    return gc.data.ImageSet("ModelNet10, 15³", volumes[0], labels[0], volumes[1], labels[1])


def solids(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Bars, plates, and two kinds of bent bars, `(count, 1, 15, 15, 15)`."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.zeros(count, 1, 15, 15, 15), torch.randint(4, (count,), generator=generator)
    for volume, label in zip(x[:, 0], y.tolist(), strict=True):
        a, b = (int(n) for n in torch.randint(4, 7, (2,), generator=generator))
        volume[7 - a : 7 + a, 6:9, 6:9] = 1.0  # a bar along the first axis
        if label == 1:
            volume[7 - a : 7 + a, 7 - b : 7 + b, 6:8] = 1.0
        if label == 2:
            volume[7 + a - 3 : 7 + a, 6 : 8 + b, 6:9] = 1.0
        if label == 3:
            volume[7 + a - 3 : 7 + a, 6 : 8 + b, 6:9] = 1.0
            volume[7 - a : 7 - a + 3, 6:9, 6 : 8 + b] = 1.0
        volume += 0.3 * torch.randn(15, 15, 15, generator=generator)
    return x, y


def turned(x: Tensor, seed: int) -> Tensor:
    """Each volume turned by one of the 24 rotations of the cube."""
    group = gc.group("P432")
    draws = torch.randint(group.order, (len(x),), generator=torch.Generator().manual_seed(seed))
    result = torch.empty_like(x)
    for s, index in enumerate(group.stabilizer_indices):
        chosen = draws == s
        result[chosen] = gc.nn.functional.act(x[chosen], (*index, 0, 0, 0), group)
    return result


def network(group: str, width: int, classes: int) -> nn.Module:
    """Four convolutions, two of them with a stride, pooled over the group and over space."""
    layers, body = gc.layers(group), []
    for place, (channels, stride) in enumerate([(1, 2), (width, 1), (width, 2), (width, 1)]):
        conv = layers.GroupConv if place else layers.LiftingConv
        padding = 0 if stride == 2 else 1
        body += [conv(channels, width, 3, stride, padding), layers.BatchNorm(width), nn.ReLU()]
    pooled = (layers.CosetPool(), nn.AdaptiveMaxPool3d(1), nn.Flatten())
    return nn.Sequential(*body, *pooled, nn.Linear(width, classes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help=f"a folder with {FILE}")
    parser.add_argument("--group", default="P432")
    parser.add_argument("--width", type=int, default=34, help="of the planar network")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--quick", action="store_true", help="few shapes, one seed, one epoch")
    a = parser.parse_args()
    if a.data:
        shapes = modelnet(a.data)
    else:
        shapes = gc.data.ImageSet("solids", *solids(800, 0), *solids(400, 1))
    if a.quick:
        parts = (shapes.train_x, shapes.train_y, shapes.test_x, shapes.test_y)
        shapes = gc.data.ImageSet(shapes.name, *(part[:96] for part in parts))
    classes = 1 + int(shapes.train_y.max())
    width = round(a.width / math.sqrt(gc.group(a.group).order))
    networks = {
        "planar": lambda: network("P1", a.width, classes),
        a.group: lambda: network(a.group, width, classes),
    }
    print(f"{shapes.name}: {len(shapes.train_x):,} to train, {len(shapes.test_x):,} to test")
    compare(
        networks,
        dict.fromkeys(networks, shapes),
        {"turned": (turned(shapes.test_x, 0), shapes.test_y)},
        epochs=a.epochs or (1 if a.quick else 6),
        seeds=(0,) if a.quick else (0, 1, 2),
        batch_size=32,
    )


if __name__ == "__main__":
    main()
