"""The layers bound to one group."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from groupconv.nn.conv import GroupConv, LiftingConv
from groupconv.nn.norm import BatchNorm
from groupconv.nn.pooling import AvgPool, CosetPool, MaxPool
from groupconv.nn.regions import Mask, Subsample
from groupconv.registry import as_group

if TYPE_CHECKING:
    from groupconv.algebra import SplitGroup


class LayerFamily:
    """Every layer class, with its `group=` filled in.

    Attributes:
        group: The group.
        LiftingConv: `groupconv.nn.LiftingConv` for this group; so for the others.

    Examples:
        >>> p4 = layers("p4")
        >>> p4.GroupConv(8, 8, 3).group
        P4()
    """

    def __init__(self, group: SplitGroup | str) -> None:
        self.group = as_group(group)
        self.LiftingConv = partial(LiftingConv, group=self.group)
        self.GroupConv = partial(GroupConv, group=self.group)
        self.BatchNorm = BatchNorm
        self.CosetPool = partial(CosetPool, group=self.group)
        self.MaxPool = partial(MaxPool, group=self.group)
        self.AvgPool = partial(AvgPool, group=self.group)
        self.Mask = partial(Mask, group=self.group)
        self.Subsample = partial(Subsample, group=self.group)

    def __repr__(self) -> str:
        return f"layers({self.group!r})"


def layers(group: SplitGroup | str) -> LayerFamily:
    """The layer family of one group.

    Args:
        group: A group, or the name of an installed one.

    Raises:
        PluginError: there is no such plugin, or it does not load.

    Examples:
        >>> layers("p4m").LiftingConv(3, 16, 3).out_channels
        16
    """
    return LayerFamily(group)
