"""Upsampling, antialiased and adaptive pooling, crops: what they compute and what they refuse."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import groupconv as gc
from groupconv.errors import ArgumentError, EquivarianceWarning, ShapeError
from groupconv.nn.functional import act
from groupconv.transforms import binomial_stencil, invariant_region, linear_stencil
from tests.support.groups import CUBE, LINE_MIRROR, P4, P4M, P6M, Z2


@pytest.mark.parametrize("space", ["lattice", "group"])
@pytest.mark.parametrize(
    "options",
    [
        {"scale_factor": 2},
        {"scale_factor": 3, "mode": "nearest-exact"},
        {"size": 9, "mode": "linear"},
        {"size": 9, "mode": "bilinear", "align_corners": True},
        {"scale_factor": (1.5, 1.5), "mode": "bicubic"},
        {"size": (3, 3), "mode": "area"},
    ],
    ids=str,
)
def test_it_is_torchs_on_every_plane_and_keeps_the_planes(options, space):
    planes = [8] if space == "group" else []
    x = torch.randn(2, 3, *planes, 6, 6, dtype=torch.float64)
    layer = gc.nn.Upsample(**options, group=P4M)
    own = options | {"mode": {"linear": "bilinear"}.get(options.get("mode"), options.get("mode"))}
    own = {key: value for key, value in own.items() if value is not None}
    expected = nn.Upsample(**own)(x.flatten(1, -3))
    torch.testing.assert_close(layer(x).flatten(1, -3), expected)
    gc.testing.assert_equivariant(layer, x, group=P4M)


def test_stock_upsampling_multiplies_the_planes():
    x = torch.randn(1, 2, 4, 5, 5)
    assert nn.Upsample(scale_factor=2)(x).shape == (1, 2, 8, 10, 10)
    assert gc.nn.Upsample(scale_factor=2, group=P4)(x).shape == (1, 2, 4, 10, 10)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_sizes_that_are_read_unevenly_are_refused_and_no_others(mode):
    for n, m in itertools.product(range(1, 9), range(1, 13)):
        x = torch.randn(1, 1, n, n, dtype=torch.float64)
        read = F.interpolate(x, (m, m), mode=mode)
        is_even = torch.equal(F.interpolate(x.flip(-1), (m, m), mode=mode), read.flip(-1))
        layer = gc.nn.Upsample(m, mode=mode, group=P4)
        if is_even:
            assert torch.equal(layer(x), read)
        else:
            with pytest.raises(
                ShapeError, match=f"{n} cells along axis ., and .* reads them unevenly"
            ):
                layer(x)
        assert torch.equal(gc.nn.Upsample(m, mode=mode, group=Z2)(x), read)


def test_hexagonal_maps_are_enlarged_on_triangles():
    """The points stay, and each new one between two neighbours is their mean."""
    x = torch.randn(1, 2, 12, 5, 5, dtype=torch.float64)
    y = gc.nn.Upsample(scale_factor=2, mode="linear", group=P6M)(x)
    assert y.shape[-2:] == (9, 9)
    assert torch.equal(y[..., ::2, ::2], x)
    torch.testing.assert_close(y[..., 1::2, ::2], (x[..., 1:, :] + x[..., :-1, :]) / 2)
    torch.testing.assert_close(y[..., 1::2, 1::2], (x[..., 1:, 1:] + x[..., :-1, :-1]) / 2)
    assert torch.equal(gc.nn.Upsample(scale_factor=1, mode="linear", group=P6M)(x), x)


@pytest.mark.parametrize("name", ["P6/mmm", "R-3m", "Im-3m", "Fm-3m", "p6m", "P432", "p31m"])
@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")
def test_stencils_of_every_lattice(name, factor):
    """Kept by the group, 1 at the point, 0 at others of its lattice, and adding up to 1."""
    S = gc.group(name).stabilizer
    stencil = torch.tensor(linear_stencil(S, factor))
    reach = len(stencil) // 2
    middle = (reach,) * S.dimension
    for s in range(S.order):
        moved = act(stencil, gc.group(name).element(s), name)
        torch.testing.assert_close(moved, stencil)
    assert stencil[middle] == 1
    for residue in itertools.product(range(factor), repeat=S.dimension):
        start = [(n + reach) % factor for n in residue]
        part = stencil[tuple(slice(n, None, factor) for n in start)]
        torch.testing.assert_close(part.sum(), torch.ones(()).double())
        assert any(residue) or (part != 0).sum() == 1


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("group", [LINE_MIRROR, P4, P6M, CUBE], ids=lambda group: group.name)
def test_blurs_are_kept_and_add_up_to_one(group, size):
    stencil = torch.tensor(binomial_stencil(group.stabilizer, size))
    assert stencil.shape == (size,) * group.dimension
    torch.testing.assert_close(stencil.sum(), torch.ones(()).double())
    for s in range(group.order):
        torch.testing.assert_close(act(stencil, group.element(s), group), stencil)


def test_blurring_pools_less_noise_than_a_stride():
    """A wave of the shortest length is gone, which a stride alone takes for a constant."""
    wave = torch.ones(1, 1, 9, 9)
    wave[..., 1::2] = -1
    blurred = gc.nn.BlurPool(3, padding=1, padding_mode="reflect", group=P4)(wave)
    assert blurred.abs().max() < 1e-6
    assert torch.equal(wave[..., ::2, ::2], torch.ones(1, 1, 5, 5))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gc.nn.Upsample(group=P4), "size=None and scale_factor=None: expected one"),
        (lambda: gc.nn.Upsample(2, 2, group=P4), "size=2 and scale_factor=2: expected one"),
        (lambda: gc.nn.Upsample((4, 5), group=P4), r"size=\(4, 5\) is not symmetric"),
        (lambda: gc.nn.Upsample(scale_factor=(2, 3), group=P4), r"scale_factor=\(2.0, 3.0\) is"),
        (lambda: gc.nn.Upsample(scale_factor=(2, 2, 2), group=P4), "expected one number or 2 of"),
        (lambda: gc.nn.Upsample(2, mode="cubic", group=P4), "'linear', 'area', 'bicubic'"),
        (lambda: gc.nn.Upsample(2, mode="bicubic", group=CUBE), "'linear', 'area'$"),
        (lambda: gc.nn.Upsample(2, align_corners=True, group=P4), "only 'linear' and 'bicubic'"),
        (lambda: gc.nn.Upsample(scale_factor=2, group=P6M), "only mode='linear' with aligned"),
        (lambda: gc.nn.Upsample(9, mode="linear", group=P6M), "give an integer scale_factor f"),
        (
            lambda: gc.nn.Upsample(scale_factor=1.5, mode="linear", group=P6M),
            "scale_factor=1.5: 'p6m' shears the axes, so points have to stay points",
        ),
        (lambda: gc.nn.BlurPool(4, group=P6M), "kernel_size=4: the group shears the axes"),
        (
            lambda: gc.nn.BlurPool(3, padding=1, padding_mode="reflect", group=P6M),
            "continues an array beyond its edges",
        ),
        (lambda: gc.nn.AdaptiveAvgPool(2, group=P6M), "use output_size=1, or a pool with"),
        (lambda: gc.nn.AdaptiveAvgPool((2, 3), group=P4), r"output_size=\(2, 3\) is not symmetric"),
        (lambda: gc.nn.CenterCrop((2, 3), group=P4), r"size=\(2, 3\) is not symmetric"),
        (lambda: gc.nn.MaxPool(2, ceil_mode=True, group=P4), "ceil_mode=True adds a window"),
        (lambda: gc.nn.AvgPool(2, ceil_mode=True, group=P4), "ceil_mode=True adds a window"),
        (lambda: gc.nn.MaxPool(2, return_indices=True, group=P4), "enlarge with Upsample"),
        (
            lambda: gc.nn.GroupConvTranspose(1, 1, 3, padding="same", group=P4),
            "padding='same' of a transposed convolution: expected 'valid' or integers",
        ),
        (
            lambda: gc.nn.GroupConvTranspose(1, 1, 3, padding_mode="circular", group=P4),
            "padding_mode='circular' of a transposed convolution: expected 'zeros'",
        ),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_made(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_what_does_not_fit_is_refused_when_it_is_called():
    with pytest.raises(ShapeError, match=r"5 cannot be cut out of its middle.*use size 4 or 6"):
        gc.nn.CenterCrop(5, group=P4)(torch.zeros(1, 1, 8, 8))
    with pytest.raises(ShapeError, match="smaller than size"):
        gc.nn.CenterCrop(9, group=P4)(torch.zeros(1, 1, 8, 8))
    for layer in (gc.nn.MaxPool(2, group=P4), gc.nn.AdaptiveAvgPool(1, group=P4)):
        with pytest.raises(ShapeError, match="expected"):
            layer(torch.zeros(1, 1, 2, 4, 8, 8))


def test_crops_of_arrays_that_nobody_reverses_are_torchs():
    x = torch.arange(8.0).view(1, 1, 1, 8)
    assert gc.nn.CenterCrop((1, 5), group=Z2)(x).flatten().tolist() == [1, 2, 3, 4, 5]


def test_output_padding_breaks_what_exchanges_the_ends():
    with pytest.warns(EquivarianceWarning, match=r"use kernel_size=\(4, 4\) without it"):
        padded = gc.nn.GroupConvTranspose(1, 1, 3, 2, 1, output_padding=1, group=P4)
    better = gc.nn.GroupConvTranspose(1, 1, 4, 2, 1, group=P4)
    x = torch.randn(1, 1, 4, 6, 6)
    assert padded(x).shape == better(x).shape
    gc.testing.assert_equivariant(better, x)
    assert gc.testing.equivariance_error(padded, x).worst > 0.1
    gc.nn.GroupConvTranspose(1, 1, 3, 2, 1, output_padding=1, group=Z2)


@pytest.mark.parametrize(
    ("options", "size", "advice"),
    [
        (
            {"kernel_size": 3, "stride": 2, "padding": 1},
            32,
            "use size 31 or 33, or kernel_size=4 at this stride",
        ),
        ({"kernel_size": 3, "stride": 2}, 8, "use size 7 or 9, or kernel_size=4 at this stride"),
        (
            {"kernel_size": 3, "stride": 3},
            7,
            "use size 6 or 9, or kernel_size=4 at this stride, or padding=1",
        ),
    ],
)
def test_warnings_of_strides_name_sizes_that_work(options, size, advice):
    layer = gc.nn.LiftingConv(1, 2, **options, group=P4M)
    with pytest.warns(EquivarianceWarning, match=advice):
        layer(torch.zeros(1, 1, size, size))
    step, *others = advice.removeprefix("use ").split(", or ")
    for n in map(int, step.removeprefix("size ").split(" or ")):
        gc.testing.assert_equivariant(layer, torch.randn(1, 1, n, n))
    for other in others:
        key, value = other.removesuffix(" at this stride").split("=")
        changed = gc.nn.LiftingConv(1, 2, **options | {key: int(value)}, group=P4M)
        gc.testing.assert_equivariant(changed, torch.randn(1, 1, size, size))


def test_hexagonal_strides_name_sizes_that_work():
    layer = gc.nn.MaxPool(3, 2, group=P6M)
    with pytest.warns(EquivarianceWarning, match="use size 7 or 11"):
        layer(torch.zeros(1, 1, 9, 9))


def test_adaptive_pools_of_hexagons_read_what_the_group_keeps():
    x = torch.randn(2, 3, 12, 7, 7)
    kept = torch.tensor(invariant_region(P6M.stabilizer, (7, 7)))
    mean = gc.nn.AdaptiveAvgPool(1, group=P6M)(x)
    torch.testing.assert_close(mean[..., 0, 0], x[..., kept].mean(-1))
    assert torch.equal(gc.nn.AdaptiveMaxPool(1, group=P6M)(x)[..., 0, 0], x[..., kept].amax(-1))
    for layer in (gc.nn.AdaptiveAvgPool(1, group=P6M), gc.nn.AdaptiveMaxPool(1, group=P6M)):
        with pytest.raises(ArgumentError, match="no cell that the whole stabilizer keeps"):
            layer(torch.randn(2, 3, 12, 6, 6))
