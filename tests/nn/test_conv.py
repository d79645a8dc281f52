"""GroupConv as a torch module: signature, state, devices, compilation, errors."""

from __future__ import annotations

import copy
import inspect
import pickle
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses import FakeTensor, FakeTensorMode

import groupconv as gc
from groupconv.errors import ArgumentError, EquivarianceWarning, ShapeError
from tests.support.groups import LINE_MIRROR, P4, P4M, P6M, PM, Z2


def test_the_signature_is_that_of_conv2d():
    names = list(inspect.signature(nn.Conv2d).parameters)
    for layer in (gc.nn.GroupConv, gc.nn.LiftingConv):
        parameters = inspect.signature(layer).parameters
        assert list(parameters)[: len(names)] == names
        for name in names:
            assert parameters[name].default == inspect.signature(nn.Conv2d).parameters[name].default


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2},
        {"padding": 1},
        {"padding": (2, 1)},
        {"padding": "same"},
        {"padding": "valid"},
        {"padding": "same", "padding_mode": "reflect"},
        {"dilation": 2},
        {"groups": 2},
        {"bias": False},
        {"padding": 1, "padding_mode": "circular"},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [3, 4, (2, 3)], ids=str)
def test_z2_is_conv2d(options, size):
    ours = gc.nn.GroupConv(4, 6, size, **options, group=Z2)
    theirs = nn.Conv2d(4, 6, size, **options)
    with torch.no_grad():
        theirs.weight.copy_(ours.weight.view(theirs.weight.shape))
        if theirs.bias is not None:
            theirs.bias.copy_(ours.bias)
    x = torch.randn(2, 4, 11, 11)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Using padding='same' with even kernel")
        warnings.filterwarnings("ignore", message=".* with padding_mode='circular' .* produces")
        torch.testing.assert_close(ours(x), theirs(x))


def test_parameters_start_as_those_of_conv2d():
    ours = gc.nn.GroupConv(16, 400, 3, group=Z2)
    theirs = nn.Conv2d(16, 400, 3)
    assert ours.weight.abs().max() <= theirs.weight.abs().max() * 1.01
    torch.testing.assert_close(ours.weight.std(), theirs.weight.std(), rtol=0.02, atol=0)
    torch.testing.assert_close(ours.bias.std(), theirs.bias.std(), rtol=0.1, atol=0)


def test_shapes_and_planes():
    lifting = gc.nn.LiftingConv(3, 5, 3, group=P4M)
    assert lifting.weight.shape == (5, 3, 9)
    assert lifting(torch.zeros(2, 3, 6, 7)).shape == (2, 5, 8, 4, 5)
    conv = gc.nn.GroupConv(4, 6, 3, groups=2, group=P4M)
    assert conv.weight.shape == (6, 2, 72)
    assert conv.filter_bank().shape == (6, 8, 2, 8, 3, 3)
    assert conv(torch.zeros(2, 4, 8, 6, 7)).shape == (2, 6, 8, 4, 5)
    assert gc.nn.GroupConv(1, 1, 3, group=LINE_MIRROR)(torch.zeros(1, 1, 2, 9)).shape[-1] == 7


def test_functional_form_is_the_layer():
    conv = gc.nn.GroupConv(4, 6, 3, 2, 1, 1, 2, group=P4M)
    x = torch.randn(2, 4, 8, 7, 7)
    y = gc.nn.functional.group_conv(x, conv.weight, conv.bias, 2, 1, 1, 2, transform=conv.transform)
    assert torch.equal(y, conv(x))


def test_state_is_weight_and_bias_in_both_modes():
    conv = gc.nn.GroupConv(2, 2, 3, group=P4)
    assert list(conv.state_dict()) == ["weight", "bias"]
    assert list(conv.eval().state_dict()) == ["weight", "bias"]
    assert list(gc.nn.CosetPool(group=P4).state_dict()) == []
    other = gc.nn.GroupConv(2, 2, 3, group=P4)
    other.load_state_dict(conv.state_dict())
    x = torch.randn(1, 2, 4, 5, 5)
    assert torch.equal(other(x), conv(x))


def test_tables_survive_the_meta_device():
    reference = gc.nn.GroupConv(2, 3, 3, group=P4M)
    with torch.device("meta"):
        conv = gc.nn.GroupConv(2, 3, 3, group=P4M)
    assert conv.bank_index.is_meta
    conv.to_empty(device="cpu")
    conv.load_state_dict(reference.state_dict())
    x = torch.randn(1, 2, 8, 5, 5)
    assert torch.equal(conv(x), reference(x))
    pool = gc.nn.CosetPool(P4M.subgroup((0, 1)), group=P4M).to("meta").to_empty(device="cpu")
    assert pool.planes.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_tables_stay_integers_when_the_type_changes():
    conv = gc.nn.GroupConv(2, 3, 3, group=P4).to(torch.bfloat16)
    assert conv.bank_index.dtype == torch.int32
    assert conv(torch.zeros(1, 2, 4, 5, 5, dtype=torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.usefixtures("any_bank")
def test_layers_of_one_kernel_share_their_tables():
    one, other = (gc.nn.GroupConv(2, 3, 3, group=P4) for _ in range(2))
    assert one.bank_index.data_ptr() == other.bank_index.data_ptr()
    one.bank_index.data = one.bank_index.new_empty(0)  # as a sharded module is moved
    x = torch.randn(1, 2, 4, 5, 5)
    for layer in (other, gc.nn.GroupConv(2, 3, 3, group=P4)):
        layer(x).sum().backward()


@pytest.mark.usefixtures("any_bank")
def test_fake_layers_leave_nothing_behind():
    x = torch.randn(1, 2, 3, 7, 7)
    group = gc.GeneratedGroup("p3 of this test", {"r": ([[0, -1], [1, -1]], 3)}, gc.HEXAGONAL)
    with FakeTensorMode():
        assert type(gc.nn.GroupConv(2, 2, 3, group=group)(torch.empty(x.shape))) is FakeTensor
    y = gc.nn.GroupConv(2, 2, 3, group=group)(x)
    assert type(gc.nn.functional.coset_pool(y, group)) is torch.Tensor


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_layers_can_be_copied_and_pickled(duplicate):
    net = gc.models.P4CNN(group=P4M, channels=2)
    x = torch.randn(1, 1, 28, 28)
    assert torch.equal(duplicate(net).eval()(x), net.eval()(x))


def test_layers_compile_in_one_graph():
    torch.compiler.reset()  # other sizes, seen before, would count as sizes that change
    family = gc.layers(P4)
    net = nn.Sequential(
        family.LiftingConv(1, 2, 3),
        family.BatchNorm(2),
        nn.ReLU(),
        family.MaxPool(2),
        family.GroupConv(2, 2, 3, padding="same"),
        family.CosetPool(),
    ).double()
    x = torch.randn(2, 1, 10, 10, dtype=torch.float64)
    results = []
    for module in (net, torch.compile(net, fullgraph=True)):
        net.zero_grad()
        y = module(x)
        y.square().sum().backward()
        results.append([y.detach(), *(p.grad.clone() for p in net.parameters())])
    for eager, compiled in zip(*results, strict=True):
        torch.testing.assert_close(compiled, eager)


@pytest.mark.parametrize(
    ("make", "planes"),
    [
        (lambda g: gc.nn.LiftingConv(2, 2, 3, 2, group=g), ()),
        (lambda g: gc.nn.GroupConv(2, 2, 3, padding="same", group=g, in_space=g.subgroup(1)), ()),
        (lambda g: gc.nn.GroupConv(2, 2, 3, group=g, out_space=g.subgroup(2)), (4,)),
        (lambda g: gc.nn.MaxPool(3, 2, 1, group=g), (4,)),
        (lambda g: gc.nn.AvgPool(3, group=g), ()),
        (lambda g: gc.nn.CosetPool(group=g), (4,)),
        (lambda g: gc.nn.CosetPool(g.subgroup(2), "mean", group=g), (4,)),
        (lambda g: gc.nn.Mask(9, group=g), (4,)),
        (lambda g: gc.nn.Subsample(5, 9, group=g), (4,)),
        (lambda g: gc.nn.BatchNorm(2), (4,)),
    ],
)
def test_a_layer_compiles_before_it_ever_ran(make, planes):
    torch.compiler.reset()
    fresh = gc.GeneratedGroup("fresh", {"r": ([[0, -1], [1, 0]], 4)})  # nothing of it is computed
    layer, x = make(fresh), torch.randn(2, 2, *planes, 9, 9)
    compiled = torch.compile(layer, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), layer(x))


def test_windows_of_hexagons_compile_before_they_ever_ran():
    torch.compiler.reset()
    fresh = gc.GeneratedGroup("fresh", {"r": ([[0, -1], [1, -1]], 3)}, gc.HEXAGONAL)
    layer, x = gc.nn.MaxPool(3, 2, 1, group=fresh), torch.randn(2, 2, 3, 9, 9)
    compiled = torch.compile(layer, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), layer(x))


def test_sync_batch_norm_conversion_finds_the_norm():
    net = nn.Sequential(gc.nn.BatchNorm(3))
    assert isinstance(nn.SyncBatchNorm.convert_sync_batchnorm(net)[0].norm, nn.SyncBatchNorm)


def test_autocast_and_channels_last_work():
    conv = gc.nn.LiftingConv(3, 4, 3, group=P4)
    x = torch.randn(2, 3, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = conv(x)
    assert y.dtype == torch.bfloat16
    y.float().sum().backward()
    assert conv.weight.grad.dtype == torch.float32
    last = nn.Sequential(conv, gc.nn.BatchNorm(4), gc.nn.MaxPool(2, group=P4))
    channels_last = x.to(memory_format=torch.channels_last)
    torch.testing.assert_close(last(channels_last), last(x))


def test_repr_tells_what_matters():
    conv = gc.nn.GroupConv(2, 3, 3, 2, 1, group=P4, out_space=P4.subgroup(2), bias=False)
    assert repr(conv) == (
        "GroupConv(2, 3, kernel_size=(3, 3), stride=(2, 2), padding=1, bias=False, "
        "group='p4', planes=4→2)"
    )
    assert repr(gc.layers("p4")) == "layers(P4())"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 0}, "in_channels=0: expected a positive integer"),
        ({"out_channels": 2.0}, r"out_channels=2\.0: expected a positive integer"),
        ({"groups": 0}, "groups=0: expected a positive integer"),
        ({"groups": 3}, "groups=3 does not divide in_channels=4"),
        (
            {"in_channels": 3, "groups": 3},
            "groups=3 does not divide in_channels=3 and out_channels=4",
        ),
        ({"kernel_size": 0}, "kernel_size=0"),
        ({"stride": 0}, "stride=0: .* at least 1"),
        ({"padding": -1}, "padding=-1: .* at least 0"),
        ({"dilation": 0}, "dilation=0"),
        ({"stride": (1, 2)}, r"stride=\(1, 2\) is not symmetric: the group maps axis"),
        ({"padding": (1, 2)}, r"padding=\(1, 2\) is not symmetric"),
        ({"dilation": (1, 2)}, r"dilation=\(1, 2\) is not symmetric"),
        ({"padding": "full"}, "padding='full': expected integers, 'same' or 'valid'"),
        ({"padding": "same", "stride": 2}, "padding='same' needs stride 1"),
        ({"padding": "same", "kernel_size": 4}, "the group maps these sides to each other"),
        ({"padding_mode": "mirror"}, "padding_mode='mirror': expected one of 'zeros'"),
        ({"group": 4}, "group=4: expected the name of an installed group"),
        ({"in_space": "plane"}, "in_space='plane' is not a space"),
        ({"bias": "no"}, "bias='no': expected True or False"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused(options, message):
    defaults = {"in_channels": 4, "out_channels": 4, "kernel_size": 3, "group": P4}
    with pytest.raises((ArgumentError, gc.errors.PluginError), match=message):
        gc.nn.GroupConv(**(defaults | options))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (1, 2, 5, 5),
            r"expected \(B, 2, 4, N0, N1\), 4 stabilizer planes of 'p4'; .*; an image, or",
        ),
        ((1, 3, 4, 5, 5), r"expected \(B, 2, 4, N0, N1\)"),
        (
            (1, 2, 8, 5, 5),
            "4 stabilizer planes of 'p4'; a map of a larger group goes on by Restrict, and a",
        ),
        ((2, 4, 5, 5), r"; x\[None\] adds a batch axis"),
        ((5, 5), "'p4' acts on 2 spatial axes$"),
        (
            (1, 2, 4, 5, 5, 5),
            "'p4' acts on 2 spatial axes, and 'P4' on 3: names are case-sensitive",
        ),
    ],
)
def test_wrong_shapes_are_refused(shape, message):
    with pytest.raises(ShapeError, match=message):
        gc.nn.GroupConv(2, 2, 3, group=P4)(torch.zeros(shape))


def test_lifting_a_group_map_is_refused():
    with pytest.raises(
        ShapeError, match="a map on the lattice of 'p4'; 'p4' acts on 2 spatial axes"
    ):
        gc.nn.LiftingConv(2, 2, 3, group=P4)(torch.zeros(1, 2, 4, 4, 5, 5))


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        (gc.nn.GroupConv(1, 1, 3, 2, group=P4), 6),
        (gc.nn.MaxPool(2, group=P4), 7),
        (gc.nn.AvgPool(3, 2, 1, group=P4), 6),
        (gc.nn.MaxPool(2, 2, dilation=2, group=P4), 6),
    ],
    ids=repr,
)
def test_an_uneven_stride_warns_because_it_is_not_equivariant(layer, size):
    x = torch.randn(1, 1, 4, size, size)
    with pytest.warns(EquivarianceWarning, match="not exactly equivariant under 'p4'"):
        layer(x)
    with (
        pytest.warns(EquivarianceWarning),
        pytest.raises(gc.errors.EquivarianceError, match="strides that leave cells over"),
    ):
        gc.testing.assert_equivariant(layer, x)


def test_axes_that_no_element_reverses_never_warn():
    conv = gc.nn.GroupConv(1, 1, 3, stride=(1, 2), group=PM)
    gc.testing.assert_equivariant(conv, torch.randn(1, 1, 2, 5, 6))
    gc.nn.GroupConv(1, 1, 3, stride=2, group=Z2)(torch.zeros(1, 1, 6, 6))


def test_the_functional_form_is_guarded_like_the_layer():
    transform = gc.filter_transform(P4, 2, "lattice")
    x, weight = torch.zeros(1, 1, 9, 9), torch.zeros(1, 1, 4)
    conv = gc.nn.functional.group_conv
    with pytest.warns(EquivarianceWarning, match="group_conv places its windows"):
        conv(x, weight, stride=2, transform=transform)
    for options in ({"padding": "same"}, {"padding": (1, 0)}, {"stride": 0}, {"stride": (1, 2)}):
        with pytest.raises(ArgumentError, match=next(iter(options))):
            conv(x, weight, **options, transform=transform)
    with pytest.raises(ArgumentError, match="num_features=0"):
        gc.nn.BatchNorm(0)


@pytest.mark.parametrize(
    "call",
    [
        gc.nn.LiftingConv(1, 1, 3, group=P4),
        gc.nn.CosetPool(group=P4),
        gc.nn.MaxPool(2, group=P4),
        lambda x: gc.nn.functional.act(x, (1, 0, 0), P4),
        lambda x: gc.nn.functional.coset_pool(x, P4),
        lambda x: gc.nn.functional.group_conv(
            x, torch.zeros(1, 1, 9), transform=gc.filter_transform(P4, 3, in_space="lattice")
        ),
    ],
    ids=["conv", "coset", "pool", "act", "coset_pool", "group_conv"],
)
def test_arrays_are_refused_where_tensors_are_expected(call):
    with pytest.raises(ArgumentError, match=r"x is of type ndarray, expected a torch\.Tensor"):
        call(np.zeros((1, 1, 4, 4), dtype=np.float32))


@pytest.mark.parametrize(
    "layer",
    [
        gc.nn.LiftingConv(1, 1, 5, padding=1, group=P4),
        gc.nn.LiftingConv(1, 1, 3, 2, dilation=2, padding=1, group=P4),
        gc.nn.MaxPool(5, padding=1, group=P4),
        gc.nn.MaxPool(3, 1, padding=0, group=P6M),
    ],
    ids=str,
)
def test_an_array_smaller_than_the_window_is_refused_by_torch_or_by_us(layer):
    layer(torch.zeros(1, 1, 3, 3))
    with pytest.raises((RuntimeError, ShapeError), match=r"too small|greater than actual input"):
        layer(torch.zeros(1, 1, 3, 2))


def test_even_kernels_pad_the_same_where_no_element_reverses_the_axis():
    swap = gc.GeneratedGroup("swap", {"m": ([[0, 1], [1, 0]], 2)})
    x = torch.randn(1, 1, 6, 6)
    for group, size in ((PM, (3, 2)), (swap, 2)):
        layer = gc.nn.LiftingConv(1, 2, size, padding="same", group=group)
        turned = gc.nn.functional.act(x, (1, 0, 0), group)
        expected = layer(x).flip(-2) if group is PM else layer(x).transpose(-1, -2)
        torch.testing.assert_close(layer(turned), expected[:, :, [1, 0]])
    with pytest.raises(ArgumentError, match="maps these sides to each other"):
        gc.nn.LiftingConv(1, 1, (2, 3), padding="same", group=PM)


def test_the_warning_points_at_the_line_that_called():
    layer = gc.nn.MaxPool(2, group=P4)
    with pytest.warns(EquivarianceWarning) as caught:
        nn.Sequential(layer)(torch.zeros(1, 1, 5, 5))
    assert caught[0].filename == __file__


def test_pooling_refuses_bad_arguments():
    with pytest.raises(ArgumentError, match="count_include_pad='no'"):
        gc.nn.AvgPool(2, count_include_pad="no", group=P4)
    with pytest.raises(ArgumentError, match="no symmetric part at all"):
        gc.nn.MaxPool(2, group=P6M)
    with pytest.raises(ArgumentError, match=r"kernel_size=\(2, 3\) is not symmetric"):
        gc.nn.AvgPool((2, 3), group=P4)
    with pytest.raises(ArgumentError, match="mode='median'"):
        gc.nn.CosetPool(mode="median", group=P4)
    with pytest.raises(ArgumentError, match="subgroup=5 is not a space"):
        gc.nn.CosetPool(5, group=P4)
    with pytest.raises(ShapeError, match="4 stabilizer planes of 'p4'"):
        gc.nn.CosetPool(group=P4)(torch.zeros(1, 2, 5, 5))
    with pytest.raises(
        ShapeError, match=r"expected \(B, C, N0, N1\), a map on the lattice of 'p4'"
    ):
        gc.nn.MaxPool(2, group=P4)(torch.zeros(4, 4))
    with pytest.raises(ShapeError, match=r"expected \(B, 3, …\)"):
        gc.nn.BatchNorm(3)(torch.zeros(2, 4, 4, 5, 5))


def test_a_state_can_be_assigned_to_a_module_on_the_meta_device():
    reference = nn.Sequential(gc.nn.LiftingConv(1, 2, 3, group=P4), gc.nn.CosetPool(group=P4))
    with torch.device("meta"):
        net = nn.Sequential(gc.nn.LiftingConv(1, 2, 3, group=P4), gc.nn.CosetPool(group=P4))
    net.load_state_dict(reference.state_dict(), assign=True)
    x = torch.randn(1, 1, 5, 5)
    assert torch.equal(net(x), reference(x))
    half = P4.subgroup(2)
    with torch.device("meta"):
        pool = gc.nn.CosetPool(half, group=P4)
    y = torch.randn(1, 1, 4, 3, 3)
    expected = gc.nn.CosetPool(half, group=P4)(y)
    assert torch.equal(pool(y), expected)
    assert torch.equal(pool.to("cpu")(y), expected)


def test_moving_under_inference_mode_leaves_a_module_trainable():
    conv = gc.nn.GroupConv(1, 1, 3, group=P4)
    with torch.inference_mode():
        conv.to("cpu")
        gc.nn.functional.group_conv(
            torch.zeros(1, 1, 4, 5, 5), conv.weight, transform=conv.transform
        )
    conv(torch.randn(1, 1, 4, 5, 5)).sum().backward()
    y = gc.nn.functional.group_conv(
        torch.randn(1, 1, 4, 5, 5), conv.weight, transform=conv.transform
    )
    y.sum().backward()


@pytest.mark.parametrize("group", [LINE_MIRROR, P4], ids=lambda group: group.name)
def test_empty_batches_pass_through(group):
    d = group.dimension
    x = torch.zeros(0, 2, group.order, *[8] * d)
    family = gc.layers(group)
    for layer in (
        family.GroupConv(2, 2, 3, padding=1),
        family.MaxPool(2),
        family.AvgPool(2),
        family.CosetPool(),
    ):
        assert layer(x).shape[0] == 0


def test_hexagonal_strides_warn_unless_the_windows_stay_on_the_lattice():
    conv = gc.nn.LiftingConv(1, 1, 3, stride=2, bias=False, group=P6M, dtype=torch.float64)
    x = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    x[..., 3:6, 3:6] = torch.randn(3, 3, dtype=torch.float64)
    with pytest.warns(EquivarianceWarning, match="into an even number of steps"):
        conv(x)
    gc.testing.assert_equivariant(conv, nn.functional.pad(x, (1, 1, 1, 1)))
    sheared = gc.GeneratedGroup("cmh", {"m": ([[-1, 1], [0, 1]], 2)}, gc.HEXAGONAL)
    with pytest.warns(EquivarianceWarning, match="not exactly equivariant under 'cmh'"):
        gc.nn.LiftingConv(1, 1, 1, stride=4, group=sheared)(torch.zeros(1, 1, 9, 11))


def test_numpy_integers_serve_as_integers():
    conv = gc.nn.GroupConv(np.int64(2), np.int64(4), np.int64(3), groups=np.int64(2), group=P4)
    assert conv(torch.zeros(1, 2, 4, 5, 5)).shape == (1, 4, 4, 3, 3)


@pytest.mark.parametrize("shape", [(3, 1, 10), (3, 1, 3, 3)])
def test_functional_parameters_are_checked(shape):
    transform = gc.filter_transform(P4, 3, "lattice")
    with pytest.raises(ShapeError, match=r"expected \(C_out, C_in / groups, 9\)"):
        gc.nn.functional.group_conv(
            torch.zeros(1, 1, 5, 5), torch.zeros(shape), transform=transform
        )


def test_images_do_not_pass_for_one_volume():
    """With `B = C_in` a batch of images has the shape of a volume without its batch axis."""
    images = torch.zeros(3, 3, 9, 9)
    layer = gc.nn.LiftingConv(3, 4, 3, group="P4")
    with pytest.raises(ShapeError, match=r"x\[None\] adds a batch axis"):
        layer(images)
    assert layer(images[None]).shape == (1, 4, 4, 1, 7, 7)
    with pytest.raises(ShapeError, match="'P4' acts on 3 spatial axes, and 'p4' on 2: names are"):
        layer(torch.zeros(2, 3, 9, 9))


@pytest.mark.parametrize("group", ["p4", "p4m"])
def test_weights_load_from_the_layout_of_groupy(group):
    """`(C_out, C_in, S_in, k, k)`, and `(C_out, C_in, k, k)` on the lattice: a reshape away."""
    S = gc.group(group).order
    net = nn.Sequential(
        gc.nn.LiftingConv(2, 3, 3, group=group), gc.nn.GroupConv(3, 4, 3, group=group)
    )
    first, second = torch.randn(3, 2, 3, 3), torch.randn(4, 3, S, 3, 3)
    state = net.state_dict() | {"0.weight": first, "1.weight": second}
    net.load_state_dict(state)
    assert torch.equal(net[0].filter_bank()[:, 0, :, 0], first)
    assert torch.equal(net[1].filter_bank()[:, 0], second)
    assert state["1.weight"] is second
    net[0].load_state_dict({"weight": first[:, :, None], "bias": torch.zeros(3)})
    assert torch.equal(net[0].filter_bank()[:, 0, :, 0], first)
    with pytest.raises(RuntimeError, match="size mismatch"):
        net[1].load_state_dict({"weight": second.transpose(2, 3), "bias": torch.zeros(4)})
    masked = gc.nn.GroupConv(2, 2, 3, group=P6M)  # 7 of 9 cells
    with pytest.raises(RuntimeError, match="size mismatch"):
        masked.load_state_dict({"weight": torch.randn(2, 2, 12, 3, 3), "bias": torch.zeros(2)})
