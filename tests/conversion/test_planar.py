"""A network of this package as one of torch alone: it computes the same, and needs nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

import groupconv as gc
from groupconv.errors import ConversionError
from groupconv.testing.examples import Example
from tests.support.architectures import ARCHITECTURES
from tests.support.groups import P4, P4M

pytestmark = pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")


def shake(model):
    for part in model.modules():
        if getattr(part, "running_mean", None) is not None:
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return model.eval()


def require_plain(model):
    for part in model.modules():
        assert "groupconv" not in type(part).__module__, part
        if isinstance(part, torch.fx.GraphModule):
            assert "groupconv" not in part.code
        hooks = *part._forward_hooks.values(), *part._forward_pre_hooks.values()
        assert not any("groupconv" in str(hook) for hook in hooks)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("style", ["parameters", "planar"])
def test_converted_networks(name, style):
    make, group, example = ARCHITECTURES[name]
    x = example()
    options = {"width": "channels", "init": "planar", "pool": "max"} if style == "planar" else {}
    net, _ = gc.convert(make(), group, example=x, check=False, **options)
    shake(net)
    x, given = Example.read(x), x
    expected = x.run(net)
    for folded in (False, True):
        planar = gc.to_planar(net, fold_norms=folded, example=given)
        require_plain(planar)
        scale = expected.abs().max().item()
        assert (x.run(planar) - expected).abs().max().item() < 1e-6 * scale
    if name in ("ResNet-18", "U-Net", "VGG", "GAN generator"):
        left = [
            part for part in planar.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)
        ]
        assert not left


def layers():
    """Layers by name, each with the group and an input."""
    q = gc.group("p4m").subgroup((0, 1))
    L, p4, p6 = gc.layers(P4M), gc.layers(P4), gc.layers("p6")
    L3, one = gc.layers("P4"), gc.layers("z1m")
    f, lattice, hexes = (
        torch.randn(2, 4, 8, 9, 9),
        torch.randn(2, 4, 9, 9),
        torch.randn(2, 4, 6, 9, 9),
    )
    volume, signal = torch.randn(2, 4, 4, 5, 5, 5), torch.randn(2, 4, 2, 9)
    return {
        "conv": (L.GroupConv(4, 6, 3, 2, 1, groups=2), f),
        "circular conv": (L.GroupConv(4, 6, 3, padding=1, padding_mode="circular"), f),
        "same conv": (L.GroupConv(4, 6, 3, padding="same", dilation=2), f),
        "valid conv": (L.GroupConv(4, 6, 3, padding="valid"), f),
        "projection": (L.GroupConv(4, 6, 1, out_space="lattice"), f),
        "quotient": (L.GroupConv(4, 6, 3, out_space=q), f),
        "lifting": (L.LiftingConv(4, 6, 3, bias=False), lattice),
        "transposed": (L.GroupConvTranspose(4, 6, 4, 2, 1, groups=2), f),
        "hexagonal conv": (p6.GroupConv(4, 6, 3), hexes),
        "volume": (L3.GroupConv(4, 6, 3, padding=1), volume),
        "signal": (one.GroupConv(4, 6, 3, padding=1), signal),
        "batch norm": (L.BatchNorm(4), f),
        "batch norm of a volume": (L3.BatchNorm(4), volume),
        "batch norm on the lattice": (L.BatchNorm(4), lattice),
        "instance norm": (L.InstanceNorm(4, affine=True), f),
        "group norm": (L.GroupNorm(2, 4), f),
        "layer norm": (L.LayerNorm(4), f),
        "layer norm without parameters": (L.LayerNorm(4, affine=False), lattice),
        "dropout": (gc.nn.ChannelDropout(0.5), f),
        "coset max": (L.CosetPool(), f),
        "coset mean to a quotient": (L.CosetPool(q, "mean"), f),
        "coset sum": (L3.CosetPool(mode="sum"), volume),
        "pool of nothing": (L.CosetPool(in_space="lattice"), lattice),
        "max pool": (L.MaxPool(3, 2, 1), f),
        "max pool on the lattice": (L.MaxPool(3, 2), lattice),
        "average pool": (L.AvgPool(3, 2, 1, count_include_pad=False), f),
        "hexagonal max pool": (p6.MaxPool(3, 2, 1), hexes),
        "hexagonal average pool": (p6.AvgPool(5, 2, 2), hexes),
        "adaptive average": (L.AdaptiveAvgPool(3), f),
        "adaptive max": (L3.AdaptiveMaxPool(1), volume),
        "blur": (L.BlurPool(3, padding=1, padding_mode="reflect"), f),
        "upsample": (L.Upsample(scale_factor=2), f),
        "upsample to a size": (L.Upsample(size=17, mode="linear", align_corners=True), f),
        "hexagonal upsample": (p6.Upsample(scale_factor=2, mode="linear"), hexes),
        "mask": (p6.Mask(9), hexes),
        "subsample": (p6.Subsample(3, 9), hexes),
        "crop": (L.CenterCrop(5), f),
        "restrict": (gc.nn.Restrict(q, group=P4M), f),
        "induce": (gc.nn.Induce(q, group=P4M), torch.randn(2, 8, 4, 5, 5)),
        "vectors": (L.VectorHead(4), f),
        "quotient vectors": (p4.VectorHead(4), torch.randn(2, 4, 4, 5, 5)),
    }


LAYERS = (
    "conv",
    "circular conv",
    "same conv",
    "valid conv",
    "projection",
    "quotient",
    "lifting",
    "transposed",
    "hexagonal conv",
    "volume",
    "signal",
    "batch norm",
    "batch norm of a volume",
    "batch norm on the lattice",
    "instance norm",
    "group norm",
    "layer norm",
    "layer norm without parameters",
    "dropout",
    "coset max",
    "coset mean to a quotient",
    "coset sum",
    "pool of nothing",
    "max pool",
    "max pool on the lattice",
    "average pool",
    "hexagonal max pool",
    "hexagonal average pool",
    "adaptive average",
    "adaptive max",
    "blur",
    "upsample",
    "upsample to a size",
    "hexagonal upsample",
    "mask",
    "subsample",
    "crop",
    "restrict",
    "induce",
    "vectors",
    "quotient vectors",
)


def test_every_layer_is_named():
    assert tuple(layers()) == LAYERS


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer(name):
    torch.manual_seed(0)
    layer, x = layers()[name]
    shake(layer)
    planar = gc.to_planar(layer)
    require_plain(planar)
    torch.testing.assert_close(planar(x), layer(x), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(planar(x[:1]), layer(x[:1]), atol=1e-6, rtol=1e-5)


def test_every_layer_of_a_family_is_tried():
    tried = {type(layer).__name__ for layer, _ in layers().values()}
    assert tried == set(gc.nn.family.LAYERS)


def test_what_has_no_form_is_refused():
    with pytest.raises(
        ConversionError, match="depends on its size, which has no form in torch alone"
    ):
        gc.to_planar(gc.nn.AdaptiveAvgPool(1, group="p6"))
    with pytest.raises(ConversionError, match="fold_norms=True needs an example"):
        gc.to_planar(nn.Sequential(), fold_norms=True)


class Both(nn.Module):
    """A convolution that is read by its norm, and returned as well."""

    def __init__(self, *, is_returned):
        super().__init__()
        self.conv, self.norm = gc.nn.LiftingConv(1, 2, 3, group=P4M), gc.nn.BatchNorm(2)
        self.is_returned = is_returned

    def forward(self, x):
        y = self.conv(x)
        return (y, self.norm(y)) if self.is_returned else self.norm(y)


@pytest.mark.parametrize("is_returned", [False, True])
def test_a_norm_is_folded_if_nothing_else_reads_its_convolution(is_returned):
    net, x = shake(Both(is_returned=is_returned)), torch.randn(2, 1, 5, 5)
    net.norm.norm.running_var.mul_(1e-4)  # so that its epsilon counts
    planar = gc.to_planar(net, fold_norms=True, example=x)
    assert isinstance(planar.norm, nn.Identity) == (not is_returned)
    torch.testing.assert_close(planar(x), net(x), atol=1e-4, rtol=1e-5)


RUN = """
import sys, torch
net, x, y = torch.load(sys.argv[1], weights_only=False)
assert not any(name.startswith("groupconv") for name in sys.modules)
torch.testing.assert_close(net(x), y, atol=1e-5, rtol=1e-5)
"""


def test_it_runs_where_groupconv_is_not(tmp_path):
    L = gc.layers("p4m")
    net = nn.Sequential(
        L.LiftingConv(1, 4, 3), L.BatchNorm(4), nn.ReLU(), L.MaxPool(3, 2), L.GroupConv(4, 4, 3),
        L.GroupNorm(2, 4), L.CosetPool(), nn.Flatten(),
    )  # fmt: skip
    shake(net)
    x = torch.randn(2, 1, 11, 11)
    planar = gc.to_planar(net, fold_norms=True, example=x)
    torch.save((planar, x, net(x)), tmp_path / "net.pt")
    subprocess.run([sys.executable, "-c", RUN, str(tmp_path / "net.pt")], check=True)


def test_the_network_is_left_alone_and_the_planar_one_trains():
    net = nn.Sequential(gc.nn.LiftingConv(1, 2, 3, group=P4M), gc.nn.BatchNorm(2)).train()
    before = [p.clone() for p in net.parameters()]
    planar = gc.to_planar(net)
    assert planar[1].training
    planar(torch.randn(2, 1, 5, 5)).square().sum().backward()
    assert all(p.grad is not None for p in planar.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    assert isinstance(net[1], gc.nn.BatchNorm)
