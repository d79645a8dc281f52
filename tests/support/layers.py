"""Every layer, made for any group, and inputs for it."""

from __future__ import annotations

import torch
from torch import nn

import groupconv as gc
from groupconv.transforms import invariant_region

SIZES = {1: 9, 2: 9, 3: 5}


SPATIAL = {
    "lifting": lambda L, G: (L.LiftingConv(2, 3, 3, padding=1), "lattice", "group"),
    "conv": lambda L, G: (L.GroupConv(2, 3, 3, padding=1), "group", "group"),
    "conv of stride 2": lambda L, G: (L.GroupConv(2, 3, 3, 2, padding=1), "group", "group"),
    "depthwise conv": lambda L, G: (L.GroupConv(2, 2, 3, padding=1, groups=2), "group", "group"),
    "pointwise conv": lambda L, G: (L.GroupConv(2, 3, 1), "group", "group"),
    "projection": lambda L, G: (
        L.GroupConv(2, 3, 3, padding=1, out_space="lattice"),
        "group",
        "lattice",
    ),
    "transposed": lambda L, G: (L.GroupConvTranspose(2, 3, 3, 2, padding=1), "group", "group"),
    "transposed from the lattice": lambda L, G: (
        L.GroupConvTranspose(2, 3, 3, in_space="lattice"),
        "lattice",
        "group",
    ),
    "max pool": lambda L, G: (L.MaxPool(3, 2, padding=1), "group", "group"),
    "average pool": lambda L, G: (L.AvgPool(3, 2, padding=1), "group", "group"),
    "blur pool": lambda L, G: (L.BlurPool(3, padding=1), "group", "group"),
    "upsample": lambda L, G: (
        L.Upsample(scale_factor=2, mode="linear", align_corners=None if even(G) else True),
        "group",
        "group",
    ),
    "upsample by the nearest": lambda L, G: (
        L.Upsample(scale_factor=2, mode="nearest" if even(G) else "linear"),
        "group",
        "group",
    ),
    "adaptive average": lambda L, G: (
        L.AdaptiveAvgPool(3 if even(G) else 1),
        "group",
        "group",
    ),
    "adaptive maximum": lambda L, G: (
        L.AdaptiveMaxPool(2 if even(G) else 1),
        "group",
        "group",
    ),
    "crop": lambda L, G: (L.CenterCrop(3), "group", "group"),
    "coset pool": lambda L, G: (L.CosetPool(mode="mean"), "group", "lattice"),
    "batch norm": lambda L, G: (trained(L.BatchNorm(2)), "group", "group"),
    "instance norm": lambda L, G: (trained(L.InstanceNorm(2, affine=True)), "group", "group"),
    "group norm": lambda L, G: (trained(L.GroupNorm(1, 2)), "group", "group"),
    "layer norm": lambda L, G: (trained(L.LayerNorm(2)), "group", "group"),
    "dropout": lambda L, G: (L.ChannelDropout(0.5), "group", "group"),
    "PReLU": lambda L, G: (nn.PReLU(2), "group", "group"),
}


def even(group):
    """Whether the group keeps boxes, so that torch's own windows serve it."""
    return group.stabilizer.permutes_axes


def trained(norm):
    """A norm whose parameters and statistics are not those that it starts with."""
    generator = torch.Generator().manual_seed(0)
    for tensor in [*norm.parameters(), *norm.buffers()]:
        if tensor.is_floating_point():
            tensor.data.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return norm


def sample(group, space, channels=2, size=None, dtype=torch.float64):
    """A map on a space, zero outside what the group keeps of its array."""
    planes = group.stabilizer.trivial.index if space == "group" else 1
    shape = (size or SIZES[group.dimension],) * group.dimension
    x = torch.randn(2, channels, *([planes] * (planes > 1)), *shape, dtype=dtype)
    return x * region(group, x)


def region(group, x):
    return torch.tensor(invariant_region(group.stabilizer, x.shape[-group.dimension :]))


class Everything(nn.Module):
    """Every layer at once, each on an input of its own."""

    def __init__(self, group):
        super().__init__()
        L = gc.layers(group)
        made = {name: make(L, group)[:2] for name, make in SPATIAL.items()}
        made |= {"restrict": (L.Restrict(group.subgroup(1)), "group")}
        made |= {"vectors": (L.VectorHead(2), "group")}
        inputs = [sample(group, space, dtype=torch.float32) for _, space in made.values()]
        self.names = [*made, "induce"]
        induce = L.Induce(group.subgroup(1))
        self.layers = nn.ModuleList([*(layer for layer, _ in made.values()), induce])
        self.inputs = [*inputs, L.Restrict(group.subgroup(1))(inputs[1])]

    def forward(self, inputs):
        return [layer(x) for layer, x in zip(self.layers, inputs, strict=True)]
