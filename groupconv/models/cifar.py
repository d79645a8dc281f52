"""The networks of section 8.2 for CIFAR-10, generic in the group, with the paper's widths."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from groupconv.arguments import number, positive
from groupconv.errors import ArgumentError
from groupconv.models.paper import image_group
from groupconv.nn import layers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groupconv.algebra import SplitGroup
    from groupconv.nn import LayerFamily


class AllCNN(nn.Module):
    """All-CNN-C of section 8.2: nine convolutions and nothing else, for any group of pixels.

    3×3 convolutions, two of them with a stride of 2 in place of pools, then two of size 1. Scores
    are maxima over the stabilizer and means over the cells. The network is that of Springenberg et
    al., *Striving for Simplicity* (2014).

    Args:
        in_channels: The channels of images.
        num_classes: The number of classes.
        widths: The channels before and after the first stride; by default the paper's (z2: 96 and
            192, p4: 48 and 96, p4m: 32 and 64), and for another group as many parameters.
        dropout: The share of activations that are dropped behind each stride; 0.4 of it in front.
        group: A plane group on square pixels, or the name of an installed one.

    Shapes:
        Input `(B, in_channels, H, W)`, output `(B, num_classes)`; exact on `4 k + 1` cells, such as
        33.

    Raises:
        ArgumentError: the group does not act on square pixels, or there are not two widths.

    Examples:
        >>> sum(p.numel() for p in AllCNN(group="p4m").parameters())
        1218826
    """

    WIDTHS: ClassVar[Mapping[str, Sequence[int]]] = {
        "z2": (96, 192),
        "p4": (48, 96),
        "p4m": (32, 64),
    }

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 10,
        widths: Sequence[int] | None = None,
        dropout: float = 0.5,
        *,
        group: SplitGroup | str = "p4m",
    ) -> None:
        super().__init__()
        self.group = image_group(group)
        L = layers(self.group)
        a, b = _widths(widths, self.WIDTHS, self.group)
        dropout = number("dropout", dropout, 0, 1)
        sizes = [(in_channels, a, 3, 1), (a, a, 3, 1), (a, a, 3, 2), (a, b, 3, 1), (b, b, 3, 1)]
        sizes += [(b, b, 3, 2), (b, b, 3, 1), (b, b, 1, 1), (b, num_classes, 1, 1)]
        self.layers = nn.Sequential(nn.Dropout(0.4 * dropout))
        for place, (before, after, size, stride) in enumerate(sizes):
            conv = L.GroupConv if place else L.LiftingConv
            self.layers.append(conv(before, after, size, stride, size // 2))
            if place < len(sizes) - 1:
                self.layers.append(nn.ReLU())
            if stride > 1:
                self.layers.append(nn.Dropout(dropout))
        self.layers.append(L.CosetPool())

    def forward(self, x: Tensor) -> Tensor:
        """Class scores of images."""
        scores: Tensor = self.layers(x)
        return scores.mean((-2, -1))


class _Block(nn.Module):
    """Two convolutions behind a norm and a rectifier each, and a shortcut (pre-activation).

    A block that changes the width reads its input as it is, and its shortcut is a convolution of
    size 1.
    """

    def __init__(self, L: LayerFamily, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.norm1: nn.Module | None = None
        self.shortcut: nn.Module | None = None
        if before == after:
            self.norm1 = L.BatchNorm(before)
        else:
            self.shortcut = L.GroupConv(before, after, 1, stride, bias=False)
        self.conv1 = L.GroupConv(before, after, 3, stride, 1, bias=False)
        self.norm2 = L.BatchNorm(after)
        self.conv2 = L.GroupConv(after, after, 3, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.norm1 is None else F.relu(self.norm1(x))
        y = self.conv2(F.relu(self.norm2(self.conv1(y))))
        added: Tensor = y + (x if self.shortcut is None else self.shortcut(x))
        return added


class _ResNet(nn.Module):
    """A residual network of three stages, the last two of which begin with a stride of 2."""

    WIDTHS: ClassVar[Mapping[str, Sequence[int]]]
    BLOCKS: ClassVar[int]

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 10,
        widths: Sequence[int] | None = None,
        *,
        group: SplitGroup | str = "p4m",
    ) -> None:
        super().__init__()
        self.group = image_group(group)
        L = layers(self.group)
        a, b, c = _widths(widths, self.WIDTHS, self.group)
        self.stem = L.LiftingConv(in_channels, a, 3, padding=1, bias=False)
        self.blocks = nn.Sequential()
        before = a
        for stage, width in enumerate((a, b, c)):
            for place in range(self.BLOCKS):
                stride = 2 if stage > 0 and place == 0 else 1
                self.blocks.append(_Block(L, before, width, stride))
                before = width
        self.norm = L.BatchNorm(c)
        self.pool = L.AdaptiveAvgPool(1)
        self.head = L.GroupConv(c, num_classes, 1, out_space="lattice")

    def forward(self, x: Tensor) -> Tensor:
        """Class scores of images."""
        y = F.relu(self.norm(self.blocks(self.stem(x))))
        scores: Tensor = self.head(self.pool(y))
        return scores.flatten(1)


class ResNet44(_ResNet):
    """The residual network of 44 layers of section 8.2, for any group of pixels.

    Three stages of seven blocks; scores are means over the stabilizer and over the cells.

    Args:
        in_channels: The channels of images.
        num_classes: The number of classes.
        widths: The channels of the three stages; by default the paper's (z2: 32, 64, 128; p4m: 11,
            23, 45), and for another group as many parameters.
        group: A plane group on square pixels, or the name of an installed one.

    Shapes:
        Input `(B, in_channels, H, W)`, output `(B, num_classes)`; exact on `4 k + 1` cells, such as
        33.

    Raises:
        ArgumentError: the group does not act on square pixels, or there are not three widths.

    Examples:
        >>> sum(p.numel() for p in ResNet44(group="z2").parameters())
        2635882
        >>> sum(p.numel() for p in ResNet44(group="p4m").parameters())
        2618475
    """

    WIDTHS: ClassVar[Mapping[str, Sequence[int]]] = {"z2": (32, 64, 128), "p4m": (11, 23, 45)}
    BLOCKS = 7


class WideResNet26(_ResNet):
    """The wide residual network of 26 layers of section 8.2, for any group of pixels.

    As `ResNet44`, with four blocks in each stage and more channels (z2: 71, 142, 284; p4m: 25, 50,
    100). The paper gives 7.2 million parameters.

    Examples:
        >>> sum(p.numel() for p in WideResNet26(group="p4m").parameters())
        7164385
    """

    WIDTHS: ClassVar[Mapping[str, Sequence[int]]] = {"z2": (71, 142, 284), "p4m": (25, 50, 100)}
    BLOCKS = 4


def _widths(
    widths: Sequence[int] | None, known: Mapping[str, Sequence[int]], group: SplitGroup
) -> Sequence[int]:
    """The widths of a network: as given, the paper's, or those of as many parameters."""
    planar = known["z2"]
    if widths is None:
        own = [max(1, round(width / math.sqrt(group.order))) for width in planar]
        return known.get(group.name, own)
    found = [positive("widths", width) for width in widths]
    if len(found) != len(planar):
        raise ArgumentError(f"widths={tuple(widths)}: expected {len(planar)} of them")
    return found
