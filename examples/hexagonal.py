"""Rotated digits on the hexagonal lattice: p6m against p4m and a planar network, equal parameters.

The same images, each turned by a random angle of its own, as they are and sampled onto the
hexagonal lattice. Without a folder scikit-learn's bundled digits serve; with one, MNIST as
regenerated rotated MNIST (12,000 to train, 50,000 to test).

    python examples/hexagonal.py [--data DIR] [--epochs N] [--quick]
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import torch
from compare import compare
from torch import nn

import groupconv as gc
from groupconv.data import to_lattice

warnings.simplefilter("ignore", gc.errors.ExperimentalWarning)


def square(group: str, width: int) -> nn.Module:
    """Six convolutions on 28×28 pixels, halved behind the first and the third."""
    layers, body = gc.layers(group), []
    for place, channels in enumerate([1, *[width] * 5]):
        conv = layers.GroupConv if place else layers.LiftingConv
        body += [conv(channels, width, 3, padding=1), layers.BatchNorm(width), nn.ReLU()]
        if place in (0, 2):
            body.append(layers.MaxPool(2))
    return nn.Sequential(*body, layers.CosetPool(), *head(width))


def hexagonal(group: str, width: int, size: int) -> nn.Module:
    """The same on hexagons of 31 cells across, with masks and windows of 7 cells."""
    layers = gc.layers(group)
    body: list[nn.Module] = [layers.Mask(size)]
    for place, channels in enumerate([1, *[width] * 5]):
        conv = layers.GroupConv if place else layers.LiftingConv
        body += [conv(channels, width, 3, padding=1), layers.BatchNorm(width), nn.ReLU()]
        if place in (0, 2):
            body.append(layers.MaxPool(3, 2, padding=0 if size % 4 == 3 else 1))
            size = (size - 1) // 2 if size % 4 == 3 else (size + 1) // 2
        body.append(layers.Mask(size))
    return nn.Sequential(*body, layers.CosetPool(), *head(width))


def head(width: int) -> tuple[nn.Module, ...]:
    """From planar maps, invariant by now, to scores."""
    return nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(width, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with MNIST")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--quick", action="store_true", help="few digits, one seed, one epoch")
    a = parser.parse_args()
    upright = gc.data.mnist_draw(a.data) if a.data else gc.data.bundled_digits()
    images = gc.data.rotated(upright)
    if a.quick:
        parts = (images.train_x, images.train_y, images.test_x, images.test_y)
        images = gc.data.ImageSet("few digits", *(part[:256] for part in parts))
    on_hexagons = gc.data.ImageSet(
        f"{images.name} on hexagons", to_lattice(images.train_x), images.train_y,
        to_lattice(images.test_x), images.test_y,
    )  # fmt: skip
    size = on_hexagons.train_x.shape[-1]
    networks = {
        "planar": lambda: square("z2", 25),
        "p4m": lambda: square("p4m", 9),
        "p6m": lambda: hexagonal("p6m", 8, size),
    }
    sets = {"planar": images, "p4m": images, "p6m": on_hexagons}
    torch.set_flush_denormal(True)
    compare(
        networks,
        sets,
        epochs=a.epochs or (1 if a.quick else 6),
        seeds=(0,) if a.quick else (0, 1, 2),
    )


if __name__ == "__main__":
    main()
