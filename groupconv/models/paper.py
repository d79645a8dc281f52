"""The networks of section 8.1 for rotated MNIST, generic in the group.

All three have the same seven convolutions: 3×3, the last one 4×4, with batch normalisation and a
rectifier after each but the last, and max pooling after the second. Scores are averaged over the
cells of the last feature map, a single one on images of 28×28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from groupconv.arguments import number, positive
from groupconv.errors import ArgumentError, ShapeError
from groupconv.nn import layers
from groupconv.registry import as_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupconv.algebra import SplitGroup

KERNEL_SIZES = (3, 3, 3, 3, 3, 3, 4)
POOL_AFTER = 1
SMALLEST_IMAGE = 28


class _PaperNetwork(nn.Module):
    """Seven given convolutions with what stands between them, and averaged class scores."""

    def __init__(
        self,
        group: SplitGroup,
        in_channels: int,
        channels: int,
        dropout: float,
        convolutions: Sequence[nn.Module],
    ) -> None:
        super().__init__()
        self.group = group
        family = layers(self.group)
        dropout = number("dropout", dropout, 0, 1)
        self.in_channels = in_channels
        self.layers = nn.Sequential()
        for place, convolution in enumerate(convolutions):
            self.layers.append(convolution)
            if place < len(convolutions) - 1:
                self.layers.extend([family.BatchNorm(channels), nn.ReLU()])
                if dropout > 0:
                    self.layers.append(nn.Dropout(dropout))
            if place == POOL_AFTER:
                self.layers.append(family.MaxPool(2))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores `(B, num_classes)` of images `(B, in_channels, H, W)`."""
        _require_images(x, self.in_channels)
        scores: Tensor = self.layers(x)
        return scores.mean((-2, -1))


@torch.fx.wrap  # type: ignore[untyped-decorator]  # one node of a symbolic trace
def _require_images(x: Tensor, channels: int) -> None:
    """Refuse what the network cannot take, or cannot reduce to one cell."""
    shape = tuple(x.shape)
    if len(shape) != 4 or shape[1] != channels or min(shape[2:]) < SMALLEST_IMAGE:
        expected = f"(B, {channels}, H, W) with H and W at least {SMALLEST_IMAGE}"
        raise ShapeError(f"x has shape {shape}, expected {expected}; pad or enlarge images")


class P4CNN(_PaperNetwork):
    """P4CNN of section 8.1, for any group of square pixels: every layer is a group convolution.

    The scores are maxima over the stabilizer, so they are invariant under the group.

    `channels` is the width of every hidden layer; dividing that of a planar network by `√S` keeps
    the number of parameters. `dropout` is the share of activations to drop, none in the paper. The
    group is a plane group that permutes the axes of an image, or the name of an installed one.

    Raises:
        ArgumentError: the group does not act on square pixels.

    Examples:
        >>> net = P4CNN()
        >>> sum(p.numel() for p in net.parameters())
        24680
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 10,
        channels: int = 10,
        dropout: float = 0.0,
        *,
        group: SplitGroup | str = "p4",
    ) -> None:
        group = image_group(group)
        family = layers(group)
        first, *others = _widths(in_channels, channels, num_classes)
        convolutions = [family.LiftingConv(*first), *(family.GroupConv(*w) for w in others)]
        super().__init__(group, in_channels, channels, dropout, convolutions)
        self.layers.append(family.CosetPool())


class P4CNNRotationPooling(_PaperNetwork):
    """P4CNNRotationPooling of section 8.1: every convolution lifts, and is pooled at once.

    Each layer is a lifting convolution and a maximum over the stabilizer, so that all feature
    maps are planar. Arguments and errors are those of `P4CNN`.

    Examples:
        >>> net = P4CNNRotationPooling()
        >>> sum(p.numel() for p in net.parameters())
        21750
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 10,
        channels: int = 20,
        dropout: float = 0.0,
        *,
        group: SplitGroup | str = "p4",
    ) -> None:
        group = image_group(group)
        family = layers(group)
        convolutions = [
            nn.Sequential(family.LiftingConv(*w), family.CosetPool())
            for w in _widths(in_channels, channels, num_classes)
        ]
        super().__init__(group, in_channels, channels, dropout, convolutions)


class Z2CNN(P4CNN):
    """Z2CNN of section 8.1, the planar network that the others are compared with.

    Arguments are those of `P4CNN`, with the width and the dropout of the paper.

    Examples:
        >>> net = Z2CNN()
        >>> sum(p.numel() for p in net.parameters())
        21750
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 10,
        channels: int = 20,
        dropout: float = 0.3,
    ) -> None:
        super().__init__(in_channels, num_classes, channels, dropout, group="z2")


def image_group(group: SplitGroup | str) -> SplitGroup:
    """A group that acts on square pixels, as a filter of 4×4 cells needs it."""
    found = as_group(group)
    if found.dimension != 2:
        expected = "expected 2: the network is for images"
        raise ArgumentError(f"group={found.name!r} has dimension {found.dimension}, {expected}")
    if not found.stabilizer.permutes_axes:
        raise ArgumentError(
            f"group={found.name!r} acts on the lattice {found.lattice.name!r}, expected square "
            f"pixels; use groupconv.data.to_lattice with a network of groupconv.layers"
        )
    return found


def _widths(in_channels: int, channels: int, num_classes: int) -> list[tuple[int, int, int]]:
    """The input channels, output channels and kernel size of each convolution."""
    named = {"in_channels": in_channels, "channels": channels, "num_classes": num_classes}
    in_channels, channels, num_classes = (positive(*item) for item in named.items())
    widths = [in_channels, *[channels] * (len(KERNEL_SIZES) - 1), num_classes]
    return list(zip(widths, widths[1:], KERNEL_SIZES, strict=False))
