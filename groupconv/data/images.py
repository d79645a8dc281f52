"""Labelled images, and turning them."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from groupconv.errors import ArgumentError, DataError

__all__ = ["ImageSet", "rotate", "rotated", "turned"]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images, signals or volumes, split into a training and a test part.

    Attributes:
        name: What the set is called in tables.
        train_x: Training images, `(N, C, H, W)`, float32; signals `(N, C, L)`, volumes
            `(N, C, D, H, W)`.
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
        for x, y, part in (
            (self.train_x, self.train_y, "training"),
            (self.test_x, self.test_y, "test"),
        ):
            if not isinstance(x, Tensor) or not isinstance(y, Tensor):
                raise DataError(
                    f"the {part} part of {self.name!r} has a {type(x).__name__} and a "
                    f"{type(y).__name__}, expected tensors; torch.as_tensor makes them"
                )
            if not 3 <= x.dim() <= 5 or y.shape != x.shape[:1] or not len(x):
                raise DataError(
                    f"the {part} part of {self.name!r} has images {tuple(x.shape)} and labels "
                    f"{tuple(y.shape)}, expected (N, C, *spatial) and (N,)"
                )


def rotate(images: Tensor, angles: Tensor) -> Tensor:
    """Turn each image about its centre, bilinearly, zeros coming in from outside.

    A quarter turn agrees with `torch.rot90(x, 1, (-2, -1))`.

    Args:
        images: `(N, C, H, W)`, floating point.
        angles: `(N,)`, in radians, from the first axis towards the second.

    Raises:
        ArgumentError: the shapes do not fit together.

    Examples:
        >>> image = torch.arange(9.0).reshape(1, 1, 3, 3)
        >>> quarter = rotate(image, torch.tensor([math.pi / 2]))
        >>> torch.allclose(quarter, torch.rot90(image, 1, (-2, -1)), atol=1e-5)
        True
    """
    for argument, value in (("images", images), ("angles", angles)):
        if not isinstance(value, Tensor) or not value.is_floating_point():
            raise ArgumentError(
                f"{argument} is a {getattr(value, 'dtype', type(value).__name__)}, expected a "
                f"tensor of floating-point numbers"
            )
    if images.dim() != 4 or angles.shape != images.shape[:1]:
        raise ArgumentError(
            f"images have shape {tuple(images.shape)} and angles {tuple(angles.shape)}, "
            f"expected (N, C, H, W) and (N,)"
        )
    N, _, H, W = images.shape
    cos, sin = angles.cos(), angles.sin()
    # grid_sample reads at (column, row), both scaled to [-1, 1]; the output at (u, v) reads the
    # input at A⁻¹ (u, v) with A = [[cos, -sin], [sin, cos]] on (row, column).
    to_source = torch.stack(
        [
            torch.stack([cos, -sin * H / W, torch.zeros_like(cos)], dim=-1),
            torch.stack([sin * W / H, cos, torch.zeros_like(cos)], dim=-1),
        ],
        dim=-2,
    ).to(images.dtype)  # (N, 2, 3)
    grid = F.affine_grid(to_source, [N, 1, H, W], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def turned(images: Tensor, seed: int) -> Tensor:
    """Turn each image by an angle of its own, uniform in [0, 2π), drawn with a seed.

    Examples:
        >>> turned(torch.ones(2, 1, 5, 5), seed=0).shape
        torch.Size([2, 1, 5, 5])
    """
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise ArgumentError(f"seed={seed!r}: expected an integer")
    generator = torch.Generator().manual_seed(operator.index(seed))
    angles = 2 * math.pi * torch.rand(len(images), generator=generator)
    return rotate(images, angles)


def rotated(images: ImageSet, seed: int = 0, *, train: bool = True) -> ImageSet:
    """The same images, each turned by a random angle of its own.

    Args:
        images: An image set.
        seed: The seed of the angles; the test part uses the next one.
        train: Whether to turn the training part too.

    Examples:
        >>> dots = ImageSet("dots", *[torch.ones(2, 1, 3, 3), torch.ones(2)] * 2)
        >>> rotated(dots, train=False).name
        'upright dots → rotated'
    """
    if not isinstance(images, ImageSet):
        raise ArgumentError(f"images={images!r}: expected a groupconv.data.ImageSet")
    return ImageSet(
        f"rotated {images.name}" if train else f"upright {images.name} → rotated",
        turned(images.train_x, seed) if train else images.train_x,
        images.train_y,
        turned(images.test_x, seed + 1),
        images.test_y,
    )
