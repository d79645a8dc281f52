"""Labelled images, and turning them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from groupconv.arguments import flag
from groupconv.errors import ArgumentError, DataError


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images, signals or volumes, split into a training and a test part.

    Attributes:
        name: What the set is called in tables.
        train_x: Training images `(N, C, H, W)`, signals `(N, C, L)`, volumes `(N, C, D, H, W)`.
        train_y: Their classes, `(N,)`, int64.
        test_x: Test images.
        test_y: Their classes.
    """

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor

    def __post_init__(self) -> None:
        parts = {"training": (self.train_x, self.train_y), "test": (self.test_x, self.test_y)}
        for part, (x, y) in parts.items():
            are_tensors = isinstance(x, Tensor) and isinstance(y, Tensor)
            if not are_tensors or x.dim() < 3 or y.shape != x.shape[:1]:
                found = " and ".join(f"{type(z).__name__} {tuple(z.shape)}" for z in (x, y))
                expected = "expected tensors (N, C, *spatial) and (N,)"
                raise DataError(f"the {part} part of {self.name!r} has {found}, {expected}")


def rotate(images: Tensor, angles: Tensor) -> Tensor:
    """Turn images `(N, C, H, W)` about their centres by angles `(N,)` in radians, bilinearly.

    Zeros come in from outside; a quarter turn agrees with `torch.rot90(x, 1, (-2, -1))`.

    Raises:
        ArgumentError: `images` is not `(N, C, H, W)`, or there is not one angle per image.

    Examples:
        >>> image = torch.arange(9.0).reshape(1, 1, 3, 3)
        >>> quarter = rotate(image, torch.tensor([math.pi / 2]))
        >>> torch.allclose(quarter, torch.rot90(image, 1, (-2, -1)), atol=1e-5)
        True
    """
    if images.dim() != 4 or angles.shape != images.shape[:1]:
        shapes = f"images have shape {tuple(images.shape)} and angles {tuple(angles.shape)}"
        raise ArgumentError(f"{shapes}, expected (N, C, H, W) and (N,)")
    N, _, H, W = images.shape
    cos, sin = angles.cos(), angles.sin()
    # grid_sample reads at (column, row), both scaled to [-1, 1]; the output at (u, v) reads the
    # input at A⁻¹ (u, v) with A = [[cos, -sin], [sin, cos]] on (row, column).
    zero = torch.zeros_like(cos)
    entries = torch.stack([cos, -sin * H / W, zero, sin * W / H, cos, zero], dim=-1)
    to_source = entries.to(images.dtype).reshape(N, 2, 3)
    grid = F.affine_grid(to_source, [N, 1, H, W], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def turned(images: Tensor, seed: int) -> Tensor:
    """Turn each image by an angle of its own, uniform in [0, 2π), drawn with a seed.

    Examples:
        >>> turned(torch.ones(2, 1, 5, 5), seed=0).shape
        torch.Size([2, 1, 5, 5])
    """
    generator = torch.Generator().manual_seed(seed)
    angles = 2 * math.pi * torch.rand(len(images), generator=generator)
    return rotate(images, angles)


def rotated(images: ImageSet, seed: int = 0, *, train: bool = True) -> ImageSet:
    """The same images, each turned by a random angle of its own; without `train`, test ones alone.

    Raises:
        ArgumentError: `train` is not a boolean.

    Examples:
        >>> dots = ImageSet("dots", *[torch.ones(2, 1, 3, 3), torch.ones(2)] * 2)
        >>> rotated(dots, train=False).name
        'upright dots → rotated'
    """
    name, train_x = f"upright {images.name} → rotated", images.train_x
    if flag("train", train):
        name, train_x = f"rotated {images.name}", turned(train_x, seed)
    test_x = turned(images.test_x, seed + 1)
    return ImageSet(name, train_x, images.train_y, test_x, images.test_y)
