"""Networks as people write them, converted in one call; what cannot be converted is refused."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import groupconv as gc
from groupconv.conversion import network
from groupconv.conversion.layers import OnPlanes
from groupconv.errors import ArgumentError, ConversionError, EquivarianceError
from groupconv.nn.functional import act
from groupconv.testing import diagnose
from groupconv.testing.examples import Example
from tests.support.architectures import ARCHITECTURES, BasicBlock, ConvNeXt, Shared, UNet

every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)


def made(name):
    make, group, example = ARCHITECTURES[name]
    model, x = make(), example()
    for part in model.modules():
        if getattr(part, "running_mean", None) is not None:  # statistics that are not alike
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return model, gc.group(group), x


@every_architecture
def test_it_converts_and_trains(name):
    model, group, x = made(name)
    before = copy.deepcopy(model.state_dict())
    net, report = gc.convert(model, group, example=x)
    assert 0 < report.error < 1e-5  # none at all would be that of a constant
    assert not diagnose(model, x, group=group).passed
    assert report.new_parameters == sum(p.numel() for p in net.parameters())
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])
    net.train()
    y = Example.read(x).run(net)
    assert y.shape == Example.read(x).run(model).shape
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    y.square().mean().backward()
    missing = [key for key, p in net.named_parameters() if p.grad is None]
    assert missing == (
        ["residuals.2.layer.weight", "residuals.2.layer.bias"] if name == "WaveNet" else []
    )
    optimizer.step()
    diagnose(net, x, group=group).raise_if_broken()


@every_architecture
@pytest.mark.parametrize("pool", ["mean", "max"])
def test_a_planar_start_computes_the_planar_network_over_the_group(name, pool):
    model, group, x = made(name)
    if name == "GAN generator":  # its last layer, that is, and tanh stands behind it
        model.main = model.main[:-1]
    model.eval()
    net, _ = gc.convert(
        model, group, example=x, width="channels", init="planar", pool=pool, check=False
    )
    net.eval()
    x, answers = Example.read(x), []
    with torch.no_grad():
        for g in map(group.element, range(group.order)):
            y = x.moved(group.inverse(g), group).run(model)
            answers.append(act(y, g, group, "lattice") if y.ndim > 2 else y)
        answers = torch.stack(answers)
        expected = answers.mean(0) if pool == "mean" else answers.amax(0)
        torch.testing.assert_close(x.run(net), expected, atol=1e-5, rtol=1e-5)


def test_widths_and_what_the_report_says():
    model, group, x = made("ResNet-18")
    net, report = gc.convert(model, group, example=x)
    assert net.layers[1][0].conv1.layer.out_channels == round(16 / 8**0.5)
    by_path = {row.path: row for row in report.rows}
    stem = by_path["conv1"]
    assert (stem.before, stem.after, stem.note) == ("Conv2d", "LiftingConv", "lifts")
    assert (stem.shape, stem.new_shape) == ((2, 8, 17, 17), (2, 3 * 8, 17, 17))
    assert (stem.parameters, stem.new_parameters) == (8 * 3 * 49, 3 * 3 * 49)
    assert by_path["fc"].note == "projects to the lattice (mean over planes)"
    assert by_path["layers.0.0.shortcut"].note == "left alone"
    assert report.to_dict()["rows"][0]["path"] == "conv1"
    text = str(report)
    assert "rounded: 8 → 3, 16 → 6, 32 → 11, 64 → 23\n" in text
    assert report.widths[64] == 23
    assert "equivariance error under p4m" in text
    assert f"{report.parameters:,}" in text
    wide, _ = gc.convert(model, group, example=x, width="channels", check=False)
    assert wide.layers[1][0].conv1.layer.out_channels == 16


def test_what_was_shared_is_shared():
    model = Shared()
    net, _ = gc.convert(model, "p4m", example=torch.randn(1, 3, 9, 9))
    assert net.block is net.again
    assert net.one.layer.weight is net.two.layer.weight
    assert net.one.layer.bias is not net.two.layer.bias


def test_frozen_parameters_modes_and_types_stay():
    model = UNet().double()
    model.inc.requires_grad_(False)
    model.down1.eval()
    net, _ = gc.convert(model, "p4", example=torch.randn(1, 1, 16, 16, dtype=torch.float64))
    assert not any(p.requires_grad for p in net.inc.parameters())
    assert all(p.requires_grad for p in net.outc.parameters())
    assert {p.dtype for p in net.parameters()} == {torch.float64}
    assert net.training
    assert net.inc[1].layer.norm.training
    assert not net.down1[0].training
    assert not net.inc[1].layer.norm.running_mean.any()  # nothing ran in training mode
    assert pickle.loads(pickle.dumps(net)).outc.layer.out_channels == 4


def test_inputs_by_name_and_a_module_that_is_a_layer_itself():
    _, group, (image, depth) = made("inception")
    model = ARCHITECTURES["inception"][0]()
    net, _ = gc.convert(model, group, example={"image": image, "depth": depth})
    assert net(image=image, depth=depth).shape == (2, 10)
    conv, report = gc.convert(nn.Conv2d(1, 4, 3), "p4", example=torch.randn(1, 1, 5, 5))
    assert conv.layer.out_space.is_whole
    assert len(report.rows) == 1


class Features(nn.Module):
    """Maps of two levels, a feature vector and scores."""

    def __init__(self):
        super().__init__()
        self.stem, self.block = nn.Conv2d(3, 8, 3, padding=1), BasicBlock(8, 16, 2)
        self.last, self.fc = nn.Conv2d(16, 12, 1), nn.Linear(16, 5)

    def forward(self, x):
        one = F.relu(self.stem(x))
        two = self.block(one)
        vector = two.mean((2, 3))
        tokens = two.flatten(2).transpose(1, 2)
        return {
            "maps": [one, two, self.last(two)],
            "vector": vector,
            "scores": self.fc(vector),
            "t": tokens,
        }


@pytest.mark.parametrize("pool", ["mean", "max"])
@pytest.mark.parametrize("width", ["parameters", "channels"])
def test_what_the_code_returns_from_the_middle_is_projected(width, pool):
    model, x = Features(), torch.randn(2, 3, 9, 9)
    net, report = gc.convert(model, "p4", example=x, width=width, pool=pool)
    y, turned = net(x), net(x.rot90(1, (-2, -1)))
    eight, sixteen = (4, 8) if width == "parameters" else (8, 16)
    assert [tuple(m.shape[1:]) for m in y["maps"]] == [(eight, 9, 9), (sixteen, 5, 5), (12, 5, 5)]
    for name in ("vector", "scores"):
        torch.testing.assert_close(y[name], turned[name], atol=1e-5, rtol=1e-5)
    for one, other in zip(y["maps"], turned["maps"], strict=True):
        torch.testing.assert_close(one.rot90(1, (-2, -1)), other, atol=1e-5, rtol=1e-5)
    assert y["t"].shape == (2, 25, sixteen)
    middle = {}
    handle = net.block.register_forward_hook(lambda *call: middle.update(two=call[-1]))
    vector, two = net(x)["vector"], middle["two"].unflatten(1, (-1, 4)).mean((3, 4))
    torch.testing.assert_close(vector, two.amax(2) if pool == "max" else two.mean(2))
    handle.remove()
    rows = {row.path: row for row in report.rows}
    assert rows["(output 3)"].note == f"projected to the lattice ({pool} over planes)"
    assert "(output 2)" not in rows
    assert pickle.loads(pickle.dumps(net))(x)["vector"].shape == y["vector"].shape
    with pytest.raises(ConversionError, match="convert it with outputs='group'"):
        gc.to_planar(net)


class Gated(nn.Module):
    """Weights of two branches, a running mean, a gate of zero, and a stashed map."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.a, self.b = kind, nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 1)
        self.w, self.gate = nn.Parameter(torch.tensor([0.7, -0.3])), nn.Parameter(torch.zeros(1))
        self.register_buffer("ema", torch.zeros(8))
        self.prior = nn.Parameter(torch.tensor([[[0.5]], [[-0.5]]]))
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        h = self.a(x)
        if self.kind == "weights":
            w = F.softplus(self.w)
            h = w[0] * h + w[1] / w.sum() * self.b(F.relu(h))
        if self.kind == "mean":
            h = h - self.ema.view(1, -1, 1, 1)
        if self.kind == "gate":
            h = h + self.gate * self.b(F.pad(h, (2, 0, 2, 0))[..., :-2, :-2])
        if self.kind == "stash":
            self.last = h
        if self.kind == "mutating":
            self.b.weight.data *= 0.5
        y = self.head(h)
        if self.kind == "boxes":
            return y.permute(0, 2, 3, 1).reshape(len(y), -1, 1), y[:, None].permute(0, 1, 3, 4, 2)
        if self.kind == "prior":
            return y + self.prior  # on the lattice
        if self.kind == "norm":
            return y, h.norm(dim=1).mean((1, 2))
        if self.kind == "order":
            return (h, y) if self.training else (y, h)
        return y


def test_weights_of_branches_are_not_taken_for_channels():
    x = torch.randn(2, 3, 9, 9)
    model = Gated("weights")
    net, report = gc.convert(model, "p4", example=x, width="channels", init="planar")
    assert net.w.shape == (2,)
    assert report.deviation < 1e-5
    net(x).sum().backward()
    assert (net.w.grad != 0).all()


def test_the_check_fills_gates_of_zero_and_no_biases():
    """A shift of zero hides nothing, and another one could leave rectifiers dead."""
    model, zeros = Gated("gate"), nn.BatchNorm2d(8)
    nn.init.zeros_(zeros.weight)
    stirred = network._without_zeros(nn.Sequential(model, zeros))
    assert stirred[0].gate.item() > 0
    assert (stirred[1].weight > 0).all()
    assert not stirred[1].bias.any()
    assert not model.gate.any()


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("mean", ConversionError, "'ema', of shape .* and buffers in modules of your own"),
        ("gate", EquivarianceError, "adds 2 cells in front of axis 0 and 0 behind it"),
    ],
)
def test_what_hides_is_found(kind, error, message):
    with pytest.raises(error, match=message):
        gc.convert(Gated(kind), "p4", example=torch.randn(2, 3, 9, 9))


def test_boxes_and_reduced_outputs_are_understood():
    x = torch.randn(2, 3, 9, 9)
    alone = {"overrides": {"b": "keep"}}  # which does not run here
    net, _ = gc.convert(Gated("boxes"), "p4m", example=x, **alone)
    assert [tuple(y.shape) for y in net(x)] == [(2, 162, 1), (2, 1, 9, 9, 2)]
    assert gc.convert(Gated("norm"), "p4", example=x, **alone)[0](x)[1].shape == (2,)


class Weighed(nn.Module):
    """A map that is weighed by one channel."""

    def __init__(self):
        super().__init__()
        self.conv, self.gate, self.last = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 1, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        h = F.relu(self.conv(x))
        return self.last(h * torch.sigmoid(self.gate(h)))


def test_one_channel_weighs_a_map_from_the_lattice():
    x = torch.randn(2, 3, 9, 9)
    with pytest.raises(ConversionError, match=r"'lattice'} for a layer whose one channel weighs"):
        gc.convert(Weighed(), "p4m", example=x)
    net, report = gc.convert(Weighed(), "p4m", example=x, overrides={"gate": "lattice"})
    assert net.gate.layer.out_space.is_whole
    assert report.error < 1e-5


def test_a_parameter_on_the_lattice_stays_as_it_is():
    x, options = torch.randn(2, 3, 9, 9), {"overrides": {"b": "keep"}}
    net, _ = gc.convert(Gated("prior"), "p4", example=x, **options)
    assert net.prior.shape == (2, 1, 1)
    assert not net._forward_pre_hooks


def test_outputs_in_another_order_are_refused_when_they_come():
    options = {"width": "channels", "overrides": {"b": "keep"}}
    net, _ = gc.convert(Gated("order"), "p4", example=torch.randn(2, 3, 9, 9), **options)
    assert net.eval()(torch.randn(2, 3, 9, 9))[1].shape == (2, 8, 9, 9)
    with pytest.raises(gc.errors.ShapeError, match="others than on the example"):
        net.train()(torch.randn(2, 3, 9, 9))


def test_a_network_that_keeps_something_is_left_alone():
    x, model = torch.randn(2, 3, 9, 9), Gated("mutating")
    before = model.b.weight.clone()
    gc.convert(model, "p4", example=x, overrides={"b": "keep"})
    assert torch.equal(model.b.weight, before)
    model = Gated("stash")
    model(x)
    with pytest.raises(ConversionError, match=r"cannot be copied: .*; delete what it keeps"):
        gc.convert(model, "p4", example=x)


def test_outputs_may_stay_on_the_group():
    x = torch.randn(1, 3, 9, 9)
    stem, block = nn.Conv2d(3, 8, 3, padding=1), BasicBlock(8, 8)
    for tail in ([], [nn.AdaptiveAvgPool2d(1), nn.Flatten()]):
        backbone = nn.Sequential(stem, block, *tail)
        net, report = gc.convert(backbone, "p4", example=x, outputs="group")
        assert net(x).shape[1] == 4 * 4
        assert report.error < 1e-5
        assert report.rows[-1].note == "left on the group"
        torch.testing.assert_close(gc.to_planar(net).eval()(x), net.eval()(x))


def test_blocks_of_channels_divide_the_widths():
    model = nn.Sequential(
        nn.Conv2d(3, 64, 1),
        nn.Conv2d(64, 64, 3, groups=32),
        nn.GroupNorm(16, 64),
        nn.Conv2d(64, 5, 1),
    )
    net, report = gc.convert(model, "p4m", example=torch.randn(1, 3, 5, 5))
    assert (net[0].layer.out_channels, net[1].layer.groups) == (32, 32)
    assert "16 blocks" not in report.rows[2].note


def test_the_number_of_blocks_of_a_norm_is_said():
    model = nn.Sequential(nn.Conv2d(3, 32, 1), nn.GroupNorm(8, 32), nn.Conv2d(32, 5, 1))
    net, report = gc.convert(model, "p4m", example=torch.randn(1, 3, 5, 5))
    assert net[0].layer.out_channels == 11
    assert report.rows[1].note == "one statistic for all planes; 1 blocks of channels, 8 before"


def test_overrides():
    class Doubled(nn.Module):
        def forward(self, x):
            return 2 * x

    model, x = UNet(), torch.randn(1, 1, 16, 16)
    own = OnPlanes(gc.nn.GroupConv(6, 6, 3, padding=1, group="p4m"), 8)
    overrides = {"inc.2": Doubled(), "down1.3": own, "pool": "keep", "outc": "group"}
    net, report = gc.convert(model, "p4m", example=x, overrides=overrides, check=False)
    assert isinstance(net.inc[2], Doubled)
    assert net.down1[3] is own
    assert isinstance(net.pool, nn.MaxPool2d)
    assert net(x).shape == (1, 1, 16, 16)
    notes = {row.path: row.note for row in report.rows}
    assert notes["pool"] == notes["down1.3"] == "as overrides= says"
    assert notes["outc"] == "on the group"
    with pytest.raises(ArgumentError, match=r"overrides='inc.9': there is no such module"):
        gc.convert(model, "p4m", example=x, overrides={"inc.9": "keep"})
    with pytest.raises(ArgumentError, match="only the output of a convolution or of a linear"):
        gc.convert(model, "p4m", example=x, overrides={"inc.1": "group"})
    with pytest.raises(ArgumentError, match="expected 'keep', 'group', 'lattice' or a module"):
        gc.convert(model, "p4m", example=x, overrides={"inc": "kept"})


def test_a_network_that_is_not_equivariant_at_this_size_is_an_error():
    model, group, _ = made("MobileNetV2")
    x, cause = torch.randn(1, 3, 16, 16), r"'stem.0' \(LiftingConv\) breaks it.*use size 15 or 17"
    with pytest.raises(EquivarianceError, match=cause):
        gc.convert(model, group, example=x)
    net, report = gc.convert(model, group, example=x, check=False)
    assert report.error is None
    assert diagnose(net, torch.randn(1, 3, 17, 17), group=group).passed


class Positional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.place = nn.Conv2d(3, 8, 1), nn.Parameter(torch.zeros(1, 8, 9, 9))

    def forward(self, x):
        return self.conv(x) + self.place


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1)
        self.attention, self.place = (
            nn.MultiheadAttention(8, 2, batch_first=True),
            nn.Parameter(torch.randn(1, 81, 8)),
        )

    def forward(self, x):
        tokens = self.conv(x).flatten(2).transpose(1, 2) + self.place
        return self.attention(tokens, tokens, tokens)[0].mean(1)


class Shuffled(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 3)

    def forward(self, x):
        x = self.conv(x)
        b, c, h, w = x.shape
        x = x.view(b, 2, c // 2, h, w).transpose(1, 2).reshape(b, c, h, w)
        return self.last(x)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 16, 5), nn.Linear(16 * 5 * 5, 10)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).view(-1, 16 * 5 * 5))


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.places = nn.Conv2d(3, 8, 1), nn.Linear(81, 81)

    def forward(self, x):
        return self.places(self.conv(x).flatten(2))


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.weight = nn.Conv2d(3, 8, 1), nn.Parameter(torch.randn(8, 8, 3, 3))

    def forward(self, x):
        return F.conv2d(self.conv(x), self.weight)


class Joined(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 8, 1), nn.Conv2d(11, 4, 1)

    def forward(self, x):
        return self.last(torch.cat([self.conv(x), x], 1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.rnn = nn.Conv2d(3, 8, 1), nn.GRU(8, 8, batch_first=True)

    def forward(self, x):
        return self.rnn(self.conv(x).flatten(2).transpose(1, 2))[0]


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.one, self.two = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)

    def forward(self, x):
        y = self.conv(x)
        return self.one(y) if y.shape[1] == 8 else self.two(y)


class Unreached(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.extra = nn.Conv2d(3, 8, 1), nn.Conv2d(3, 8, 1)

    def forward(self, x):
        return self.extra(x) if x.shape[-1] > 100 else self.conv(x)


class Auxiliary(nn.Module):
    """A head behind the first layer that only helps to train, as GoogLeNet has."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm, self.body = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3)
        self.aux = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = F.relu(self.norm(self.stem(x)))
        scores = self.head(F.relu(self.body(x)).mean((2, 3)))
        return (scores, self.aux(x)) if self.training else scores


def test_heads_that_only_help_to_train_are_converted_as_well():
    model, x = Auxiliary(), torch.randn(2, 3, 9, 9)
    net, report = gc.convert(model, "p4m", example=x)
    assert "projects to the lattice" in {row.path: row.note for row in report.rows}["aux.2"]
    assert not net.norm.layer.norm.running_mean.any()
    assert net.training
    with torch.no_grad():
        net.norm.layer.norm.eval()
        one, two = net(x), net(x.flip(-1))
    torch.testing.assert_close(one[1], two[1], atol=1e-5, rtol=1e-5)
    with pytest.raises(ConversionError, match="a model in training mode if it runs only there"):
        gc.convert(model.eval(), "p4m", example=x)


def sequential(*layers):
    return lambda: nn.Sequential(nn.Conv2d(3, 8, 1), *layers, nn.LazyConv2d(2, 1))


@pytest.mark.parametrize(
    ("make", "path", "message"),
    [
        (Positional, "place", r"'place', of shape \(1, 8, 9, 9\).*positional embeddings"),
        (Attention, "place", r"'place', of shape \(1, 81, 8\).*positional embeddings"),
        (sequential(nn.Conv2d(8, 8, (1, 3))), "1", r"kernel_size=\(1, 3\) does not fit the group"),
        (sequential(nn.Conv2d(8, 8, 3, padding=(1, 0))), "1", "padding=.* is not symmetric"),
        (sequential(nn.PixelShuffle(2)), "1", "takes channels for the places within a cell"),
        (sequential(nn.LocalResponseNorm(3)), "1", "mixes neighbouring channels"),
        (sequential(nn.LayerNorm((8, 9, 9))), "1", "a parameter for every place"),
        (sequential(nn.MaxPool2d(3, 2, ceil_mode=True)), "1", "ceil_mode=True"),
        (
            sequential(nn.Flatten(2), nn.Conv1d(8, 8, 1), nn.Unflatten(2, (9, 9))),
            "2",
            "acts on 2 spatial axes, and it on",
        ),
        (LeNet, "fc", r"'fc' gets a tensor of shape .* write|read it off the tensor"),
        (Mixer, "places", "gets .* channels|fixed number"),
        (Functional, "weight", r"'weight', of shape \(8, 8, 3, 3\), meets .*functional.conv2d"),
        (Joined, "last", "a map on the lattice was joined to them, such as the image"),
        (Recurrent, "rnn", r"'rnn' \(GRU\) has parameters, and there is no rule"),
        (
            sequential(
                nn.Conv2d(8, 8, 3), nn.Flatten(), nn.BatchNorm1d(8 * 49), nn.Unflatten(1, (8, 7, 7))
            ),
            "3",
            "treats every place of a flattened map by itself",
        ),
        (Unreached, "extra", "'extra' did not run on the example, so nothing is known"),
        (sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(8, 8, 1))), "1", "weight norm"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_has_no_counterpart_is_refused_by_name(make, path, message):
    model = make()
    x = torch.randn(2, 1 if make is LeNet else 3, 9, 9)
    model(x)  # which gives a lazy layer its channels
    before, modules = copy.deepcopy(model.state_dict()), list(model.modules())
    with pytest.raises(ConversionError, match=message) as caught:
        gc.convert(model, "p4m", example=x)
    assert caught.value.path == path
    assert list(model.modules()) == modules
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not any(hasattr(p, "_groupconv_flow") for p in model.parameters())


class Cut(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 16, 3), nn.LazyConv2d(8, 1), nn.Conv2d(16, 3, 1)

    def forward(self, x):
        x = self.a(x)
        return self.c(torch.cat([x[:, :8], self.b(x[:, 8:])], 1))


class Halves(Cut):
    def forward(self, x):
        one, two = self.a(x).chunk(2, 1)
        return self.c(torch.cat([one, self.b(two)], 1))


def test_a_cut_of_a_fixed_number_of_channels_is_refused():
    x = torch.randn(2, 3, 9, 9)
    for width in ("parameters", "channels"):
        model = Cut()
        model(x)
        with pytest.raises(
            ConversionError, match=r"line \d+: .* keeps 8 of .* planar network keeps 8 of 16"
        ):
            gc.convert(model, "p4", example=x, width=width)
    model = Halves()
    model(x)
    gc.convert(model, "p4", example=x, width="channels", init="planar")


class Conditioned(nn.Module):
    """An embedding of a class shifts the map, and so does a vector."""

    def __init__(self):
        super().__init__()
        self.conv, self.emb, self.lin = nn.Conv2d(1, 8, 3), nn.Embedding(4, 6), nn.Linear(6, 8)
        self.vec, self.out = nn.Linear(3, 8), nn.Conv2d(8, 2, 1)

    def forward(self, x, label, vector):
        shift = self.lin(self.emb(label)) + self.vec(vector)
        return self.out(F.relu(self.conv(x) + shift[:, :, None, None]))


def test_vectors_and_embeddings_condition_a_map():
    example = torch.randn(2, 1, 9, 9), torch.tensor([0, 3]), torch.randn(2, 3)
    net, report = gc.convert(Conditioned(), "p4m", example=example)
    assert report.error < 1e-5
    assert isinstance(net.emb, nn.Embedding)
    assert {row.path: row.note for row in report.rows}["emb"] == "left alone: on the lattice"


class ChannelsFirstNorm(nn.LayerNorm):
    """The norm of torchvision's ConvNeXt."""

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps).permute(
            0, 3, 1, 2
        )


def test_a_layer_norm_of_channels_is_known_by_what_it_computes():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), ChannelsFirstNorm(8), nn.PReLU(8), nn.Conv2d(8, 2, 1))
    x = torch.randn(2, 3, 9, 9)
    net, report = gc.convert(model, "p4m", example=x)
    assert report.rows[1].note == "over channels and planes"
    assert [row.new_parameters for row in report.rows[1:3]] == [2 * 3, 3]
    assert pickle.loads(pickle.dumps(net))(x).shape == (2, 2, 7, 7)
    torch.testing.assert_close(gc.to_planar(net)(x), net(x))
    model[1] = ChannelsFirstNorm(8, bias=False)
    assert gc.convert(model, "p4m", example=x)[0][1].layer.bias is None


@pytest.mark.parametrize("make", [torch.zeros, torch.ones])
def test_an_example_that_no_element_moves_is_checked_on_noise(make):
    model = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 2, 1))
    with pytest.raises(EquivarianceError, match="places its windows unevenly"):
        gc.convert(model, "p4m", example=make(1, 3, 16, 16))
    assert gc.convert(model, "p4m", example=make(1, 3, 17, 17))[1].error < 1e-5


def test_the_report_says_how_far_a_planar_start_is_from_the_average():
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 2, 1)

        def forward(self, x):
            return self.two(F.normalize(self.one(x), dim=1))  # over all planes together

    x, options = torch.randn(1, 3, 9, 9), {"width": "channels", "init": "planar"}
    exact = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 2, 1))
    assert gc.convert(exact, "p4", example=x, **options)[1].deviation < 1e-5
    report = gc.convert(Mixed(), "p4", example=x, **options)[1]
    assert report.deviation > 0.01
    assert "from the planar network over the group: " in str(report)


def test_a_scale_per_channel_keeps_its_name_and_pickles():
    model, x = ConvNeXt(), torch.randn(1, 3, 32, 32)
    net, _ = gc.convert(model, "p4", example=x)
    assert net.state_dict()["blocks.0.gamma"].shape == (8,)
    assert sorted(key for key, _ in net.named_parameters()) == sorted(
        set(dict(net.named_parameters()))
    )
    other = pickle.loads(pickle.dumps(copy.deepcopy(net)))
    torch.testing.assert_close(other(x), net(x))
    net(x).sum().backward()
    assert net.blocks[0].gamma.grad.shape == (8,)
    copy.deepcopy(net)


def test_a_network_of_a_group_is_not_converted_again():
    net, _ = gc.convert(UNet(), "p4", example=torch.randn(1, 1, 16, 16))
    with pytest.raises(
        ConversionError, match=r"'inc.0' \(OnPlanes\) is a layer of a group already"
    ):
        gc.convert(net, "p4", example=torch.randn(1, 1, 16, 16))


def test_a_branch_that_the_converted_network_does_not_take():
    model = Branching()
    model.two = nn.Identity()
    with pytest.raises(ConversionError, match="'one' ran in the planar network and not in the"):
        gc.convert(model, "p4", example=torch.randn(1, 3, 5, 5), width="channels")


def test_a_shuffle_that_splits_maps_is_found_by_the_check():
    with pytest.raises(EquivarianceError, match=r"\(view at test_conversion.py.*it reshapes"):
        gc.convert(Shuffled(), "p4", example=torch.randn(2, 3, 9, 9))


@pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")
def test_a_planar_start_needs_the_cells_that_a_hexagon_has():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 1))
    options = {"width": "channels", "init": "planar", "check": False}
    with pytest.raises(
        ConversionError, match=r"keeps 7 cells of a filter .* use the others as well"
    ):
        gc.convert(model, "p6", example=torch.randn(1, 1, 9, 9), **options)
    with torch.no_grad():
        model[0].weight[..., [0, 2], [2, 0]] = 0
    net, _ = gc.convert(model, "p6", example=torch.randn(1, 1, 9, 9), **options)
    assert torch.equal(net[0].layer.filter_bank()[:, 0, :, 0], model[0].weight)


def test_with_fewer_channels_only_the_lifting_layer_starts_from_the_planar_one():
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 2, 1))
    torch.manual_seed(0)
    net, report = gc.convert(model, "p4", example=torch.randn(1, 1, 9, 9), init="planar")
    assert torch.equal(net[0].layer.filter_bank()[:, 0, :, 0], model[0].weight[:4])
    assert torch.equal(net[0].layer.bias, model[0].bias[:4])
    assert (net[1].layer.weight != 0).all()
    assert report.widths == {8: 4}


def test_arguments_are_one_of_a_few():
    for argument in ("width", "pool", "init"):
        with pytest.raises(ArgumentError, match=f"{argument}='many': expected one of"):
            gc.convert(
                nn.Conv2d(1, 1, 1), "p4", example=torch.randn(1, 1, 5, 5), **{argument: "many"}
            )
    with pytest.raises(ArgumentError, match=r"p4' acts on maps .* 2 spatial axes; give one"):
        gc.convert(nn.Linear(3, 3), "p4", example=torch.randn(1, 3))


def test_the_group_of_one_element_changes_nothing():
    model, x = ConvNeXt().eval(), torch.randn(1, 3, 32, 32)
    net, _ = gc.convert(model, "z2", example=x, width="channels", init="planar")
    torch.testing.assert_close(net.eval()(x), model(x))
