"""Torch modules and their functional forms."""

from groupconv.nn import functional
from groupconv.nn.conv import GroupConv, GroupConvTranspose, LiftingConv
from groupconv.nn.cosets import CosetPool, Induce, Restrict
from groupconv.nn.family import LayerFamily, layers
from groupconv.nn.norm import BatchNorm, ChannelDropout, GroupNorm, InstanceNorm, LayerNorm
from groupconv.nn.planes import strict
from groupconv.nn.pooling import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, MaxPool
from groupconv.nn.regions import Mask, Subsample
from groupconv.nn.resampling import BlurPool, CenterCrop, Upsample
from groupconv.nn.vectors import VectorHead

__all__ = [
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "AvgPool",
    "BatchNorm",
    "BlurPool",
    "CenterCrop",
    "ChannelDropout",
    "CosetPool",
    "GroupConv",
    "GroupConvTranspose",
    "GroupNorm",
    "Induce",
    "InstanceNorm",
    "LayerFamily",
    "LayerNorm",
    "LiftingConv",
    "Mask",
    "MaxPool",
    "Restrict",
    "Subsample",
    "Upsample",
    "VectorHead",
    "functional",
    "layers",
    "strict",
]
