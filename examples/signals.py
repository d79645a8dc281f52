"""One-dimensional signals whose class does not depend on the direction they are read in.

Noisy pulses of five asymmetric shapes, at a random place; trained on signals that run forward,
tested on such signals and on reversed ones. An ordinary network has never seen a reversed pulse;
one on `z1m`, translations and the mirror of the line, treats both alike.

    python examples/signals.py [--quick]
"""

from __future__ import annotations

import argparse
import math

import torch
from compare import compare
from torch import Tensor, nn

import groupconv as gc

LENGTH, PULSE = 128, 32


def pulses(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Signals `(count, 1, LENGTH)` and the class of the pulse in each."""
    generator = torch.Generator().manual_seed(seed)
    t = torch.linspace(0, 1, PULSE)
    shapes = torch.stack([
        t,                                              # a ramp
        (-5 * t).exp(),                                 # a decay
        torch.sin(2 * math.pi * (t + 1.5 * t**2)),      # a chirp
        (t < 0.3).float() - 0.5 * (t > 0.6).float(),    # two unequal steps
        torch.sin(4 * math.pi * t) * t,                 # a growing wave
    ])  # fmt: skip
    labels = torch.randint(len(shapes), (count,), generator=generator)
    starts = torch.randint(LENGTH - PULSE, (count,), generator=generator)
    x = 0.35 * torch.randn(count, 1, LENGTH, generator=generator)
    place = starts[:, None] + torch.arange(PULSE)
    x[torch.arange(count)[:, None], 0, place] += shapes[labels]
    return x, labels


def network(group: str, width: int) -> nn.Module:
    """Three convolutions, pooled over the group and over the signal."""
    layers = gc.layers(group)
    return nn.Sequential(
        layers.LiftingConv(1, width, 9, padding=4), layers.BatchNorm(width), nn.ReLU(),
        layers.GroupConv(width, width, 9, padding=4), layers.BatchNorm(width), nn.ReLU(),
        layers.GroupConv(width, 5, 9, padding=4), layers.CosetPool(),
        nn.AdaptiveMaxPool1d(1), nn.Flatten(),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less data, one seed, few epochs")
    quick = parser.parse_args().quick
    train, test = pulses(400 if quick else 2000, 0), pulses(400 if quick else 2000, 1)
    signals = gc.data.ImageSet("pulses", *train, *test)
    networks = {"planar": lambda: network("z1", 17), "z1m": lambda: network("z1m", 12)}
    compare(
        networks,
        dict.fromkeys(networks, signals),
        {"reversed": (test[0].flip(-1), test[1])},
        epochs=3 if quick else 15,
        seeds=(0,) if quick else (0, 1, 2),
    )


if __name__ == "__main__":
    main()
