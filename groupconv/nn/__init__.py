"""Torch modules and their functional forms."""

from groupconv.nn import functional
from groupconv.nn.conv import GroupConv, LiftingConv
from groupconv.nn.family import LayerFamily, layers
from groupconv.nn.norm import BatchNorm
from groupconv.nn.pooling import AvgPool, CosetPool, MaxPool
from groupconv.nn.regions import Mask, Subsample

__all__ = [
    "AvgPool",
    "BatchNorm",
    "CosetPool",
    "GroupConv",
    "LayerFamily",
    "LiftingConv",
    "Mask",
    "MaxPool",
    "Subsample",
    "functional",
    "layers",
]
