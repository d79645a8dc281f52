"""What stands for each of torch's modules on a group: a rule for every class."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groupconv import nn as group_nn
from groupconv.conversion.layers import FlatLinear, LastNorm, OnePlane, OnPlanes
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.algebra import SplitGroup


@dataclass(frozen=True)
class Place:
    """Where a module stands in a converted network.

    Attributes:
        group: The group.
        planes: The planes of its input: those of the group, or 1 on the lattice.
        projects: Whether its output is on the lattice.
        pool: How it projects: `"mean"` or `"max"`.
        channels: The channels of its input, planes apart.
        width: The number of channels that stands for a planar one.
        keeps_channels: Whether that is the planar number itself.
        spatial: The spatial size of the map that its input is, or was flattened from.
        axis: The axis of its input that has the channels.
        is_planar: Whether it starts from the planar weights, every plane for itself.
    """

    group: SplitGroup
    planes: int
    projects: bool
    pool: str
    channels: int
    width: Callable[[int], int]
    keeps_channels: bool
    spatial: tuple[int, ...]
    axis: int
    is_planar: bool

    @property
    def on_group(self) -> bool:
        """Whether the input is a map on the group."""
        return self.planes > 1


Rule: TypeAlias = "Callable[[Any, Place], tuple[nn.Module, str]]"
"""From a planar module and its place to the module that stands for it, and a note."""

# Torch's classes for one, two and three spatial axes.
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
INSTANCE_NORMS = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
MAX_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
AVG_POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
ADAPTIVE_MAX = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)
ADAPTIVE_AVG = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)

MIXING = (*CONVOLUTIONS, *TRANSPOSED, nn.Linear)
"""Classes whose output is no longer their input, cell by cell: what can lift and project."""


def _convolution(old: Any, place: Place) -> tuple[nn.Module, str]:
    is_transposed = isinstance(old, TRANSPOSED)
    d = place.group.dimension
    if not isinstance(old, (CONVOLUTIONS[d - 1], TRANSPOSED[d - 1])):
        raise ArgumentError(
            f"{place.group.name!r} acts on {d} spatial axes, and it on another number; names of "
            f"groups of the plane are small, as p4, those of groups of space are not, as P4"
        )
    out = old.out_channels if place.projects else place.width(old.out_channels)
    groups = old.groups
    if 1 < groups == old.in_channels:  # depthwise
        groups = place.channels
        out = groups * (old.out_channels // old.in_channels)
    options: dict[str, Any] = {
        "dilation": old.dilation,
        "groups": groups,
        "bias": old.bias is not None,
    }
    if is_transposed:
        options["output_padding"] = old.output_padding
    else:
        options["padding_mode"] = old.padding_mode
    sizes = place.channels, out, old.kernel_size, old.stride, old.padding
    layer = _mixing(sizes, options, old, place, old.weight, is_transposed=is_transposed)
    if _is_pooled(place):
        layer = nn.Sequential(layer, group_nn.CosetPool(group=place.group))
    return OnPlanes(layer, place.planes), _what(place)


def _linear(old: nn.Linear, place: Place) -> tuple[nn.Module, str]:
    out = old.out_features if place.projects else place.width(old.out_features)
    weight = old.weight.unflatten(1, (-1, *place.spatial))
    sizes = place.channels, out, place.spatial
    layer: Any = _mixing(sizes, {"bias": old.bias is not None}, old, place, weight)
    is_whole = math.prod(place.spatial) > 1
    note = _what(place) + (f"; a kernel as large as the map, {place.spatial}" if is_whole else "")
    return FlatLinear(layer, is_pooled=_is_pooled(place)), note


def _is_pooled(place: Place) -> bool:
    """Whether a pool behind the convolution projects, and not the convolution."""
    return place.projects and place.pool == "max"


def _mixing(
    sizes: tuple[Any, ...],
    options: dict[str, Any],
    old: Any,
    place: Place,
    weight: Tensor,
    *,
    is_transposed: bool = False,
) -> nn.Module:
    """The convolution between the spaces of a place."""
    options |= {"group": place.group, "device": weight.device, "dtype": weight.dtype}
    options["out_space"] = "lattice" if place.projects and not _is_pooled(place) else "group"
    kind: Any = group_nn.GroupConvTranspose if is_transposed else group_nn.GroupConv
    if not place.on_group and not is_transposed:
        kind = group_nn.LiftingConv
    elif not place.on_group:
        options["in_space"] = "lattice"
    layer: nn.Module = kind(*sizes, **options)
    for name, parameter in layer.named_parameters():
        parameter.requires_grad_(getattr(old, name).requires_grad)
    _start(layer, old, place, weight)
    return layer


@torch.no_grad()
def _start(layer: Any, old: Any, place: Place, weight: Tensor) -> None:
    """Put the planar filter at the identity coset and zeros elsewhere, if that is asked for."""
    if not place.is_planar or (place.on_group and not place.keeps_channels):
        return
    rows, columns = layer.weight.shape[:2]
    index = torch.as_tensor(layer.transform.index[0, 0].copy()).flatten()
    inside = index >= 0
    values = weight.flatten(2)[:rows, :columns]
    if values.shape[:2] != (rows, columns):
        raise ArgumentError(
            f"init='planar': {columns} channels reach it where the planar layer has "
            f"{weight.shape[1]}, so the code in front of it has a fixed number of channels; read "
            f"it off the tensor"
        )
    if values[..., ~inside].any():
        raise ArgumentError(
            f"init='planar': {place.group.name!r} keeps {int(inside.sum())} cells of a filter of "
            f"{old.weight.shape[2:]}, and the planar filters use the others as well"
        )
    is_mean = place.on_group and layer.out_space.is_whole and not layer.in_space.is_whole
    layer.weight.zero_()
    layer.weight[..., index[inside]] = values[..., inside] / (place.planes if is_mean else 1)
    if old.bias is not None:
        layer.bias.copy_(old.bias[: len(layer.bias)])


def _what(place: Place) -> str:
    if place.projects:
        return f"projects to the lattice ({place.pool} over planes)"
    return "on the group" if place.on_group else "lifts"


def _copied(new: nn.Module, old: nn.Module) -> nn.Module:
    """The new module with the parameters and statistics of the old one, as many as it has."""
    state = {**dict(old.named_parameters()), **dict(old.named_buffers())}
    with torch.no_grad():
        for name, tensor in (*new.named_parameters(), *new.named_buffers()):
            tensor.copy_(state[name][: len(tensor)] if tensor.ndim else state[name])
            tensor.requires_grad_(state[name].requires_grad)
    return new


def _settings(old: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(old, name) for name in names}


def _like(old: nn.Module) -> dict[str, Any]:
    """The device and the type of a module's tensors, if it has any."""
    for tensor in (*old.parameters(), *old.buffers()):
        if tensor.is_floating_point():
            return {"device": tensor.device, "dtype": tensor.dtype}
    return {}


def _batch_norm(old: Any, place: Place) -> tuple[nn.Module, str]:
    options = _settings(old, "eps", "momentum", "affine", "track_running_stats") | _like(old)
    new = group_nn.BatchNorm(place.channels, **options)
    _copied(new.norm, old)
    return OnPlanes(new, place.planes), "one statistic for all planes"


def _instance_norm(old: Any, place: Place) -> tuple[nn.Module, str]:
    options = _settings(old, "eps", "momentum", "affine", "track_running_stats") | _like(old)
    if place.is_planar:
        return _alone(_copied(type(old)(place.channels, **options), old), place)
    new = group_nn.InstanceNorm(place.channels, **options)
    _copied(new.norm, old)
    return OnPlanes(new, place.planes), "one statistic for all planes"


def _group_norm(old: nn.GroupNorm, place: Place) -> tuple[nn.Module, str]:
    C = place.channels
    blocks = C if old.num_groups == old.num_channels else old.num_groups
    blocks = next(n for n in range(min(blocks, C), 0, -1) if C % n == 0)
    said = (
        ""
        if blocks == old.num_groups
        else f"; {blocks} blocks of channels, {old.num_groups} before"
    )
    options = _settings(old, "eps", "affine") | _like(old)
    if place.is_planar:
        new, note = _alone(_copied(nn.GroupNorm(blocks, C, **options), old), place)
        return new, note + said
    norm = group_nn.GroupNorm(blocks, C, **options)
    _copied(norm.norm, old)
    return OnPlanes(norm, place.planes), f"one statistic for all planes{said}"


def layer_norm(old: nn.LayerNorm, place: Place) -> tuple[nn.Module, str]:
    """The rule of `nn.LayerNorm`, which normalises the last axes."""
    shape = tuple(old.normalized_shape)
    options = {"eps": old.eps} | _like(old)
    if len(shape) > 1:
        if old.elementwise_affine:
            raise ArgumentError(
                f"it has a parameter for every place of {shape}, which does not turn with the "
                f"map; use nn.GroupNorm(1, channels), or elementwise_affine=False"
            )
        shape = (place.channels * place.planes, *shape[1:])
        return nn.LayerNorm(list(shape), elementwise_affine=False, **options), "over all planes"
    options |= {"elementwise_affine": old.elementwise_affine, "bias": old.bias is not None}
    if place.is_planar:
        return _alone(_copied(nn.LayerNorm(place.channels, **options), old), place)
    affine = options.pop("elementwise_affine")
    new = LastNorm(place.channels, affine=affine, **options)
    return _copied(new, old), "over channels and planes"


def _channel_norm(old: nn.LayerNorm, place: Place) -> tuple[nn.Module, str]:
    """A norm of the channels of maps that lie on the second axis, as ConvNeXt has one."""
    if place.is_planar:
        raise ArgumentError("init='planar' has no rule for a norm with a forward of its own")
    options = {"affine": old.elementwise_affine, "bias": old.bias is not None} | _like(old)
    new = group_nn.LayerNorm(place.channels, old.eps, **options, group=place.group)
    return OnPlanes(_copied(new, old), place.planes), "over channels and planes"


def _prelu(old: nn.PReLU, place: Place) -> tuple[nn.Module, str]:
    if old.num_parameters == 1:
        return copy.deepcopy(old), "one slope for all channels"
    new = _copied(nn.PReLU(place.channels, **_like(old)), old)
    return OnPlanes(new, place.planes), "one slope per channel"


def _alone(module: nn.Module, place: Place) -> tuple[nn.Module, str]:
    return OnePlane(module, place.planes, place.axis), "every plane for itself"


def _channel_dropout(old: Any, place: Place) -> tuple[nn.Module, str]:
    return OnPlanes(group_nn.ChannelDropout(old.p), place.planes), "drops whole channels"


def _pool(old: Any, place: Place) -> tuple[nn.Module, str]:
    options = _settings(old, "kernel_size", "stride", "padding")
    if isinstance(old, MAX_POOLS):
        options |= _settings(old, "dilation", "return_indices", "ceil_mode")
        return group_nn.MaxPool(**options, group=place.group), "every plane alike"
    if getattr(old, "divisor_override", None):
        raise ArgumentError("divisor_override has no counterpart; scale the map by itself")
    options |= _settings(old, "ceil_mode", "count_include_pad")
    return group_nn.AvgPool(**options, group=place.group), "every plane alike"


def _adaptive_pool(old: Any, place: Place) -> tuple[nn.Module, str]:
    kind: Any = group_nn.AdaptiveAvgPool
    if isinstance(old, ADAPTIVE_MAX):
        kind = group_nn.AdaptiveMaxPool
    size = old.output_size
    if size is None or (isinstance(size, tuple) and None in size):
        return copy.deepcopy(old), "every plane alike"
    return kind(size, group=place.group), "every plane alike"


def _upsample(old: nn.Upsample, place: Place) -> tuple[nn.Module, str]:
    options = _settings(old, "size", "scale_factor", "mode", "align_corners")
    return group_nn.Upsample(**options, group=place.group), "every plane alike"


def _pixel_shuffle(_: nn.Module, place: Place) -> tuple[nn.Module, str]:
    raise ArgumentError(
        f"it takes channels for the places within a cell, and {place.group.name!r} moves these: "
        f"use nn.Upsample or nn.ConvTranspose{place.group.dimension}d"
    )


def _neighbours(*_: Any) -> tuple[nn.Module, str]:
    raise ArgumentError("it mixes neighbouring channels, planes among them; use a norm of channels")


RULES: dict[type[nn.Module], Rule] = {
    **dict.fromkeys((*CONVOLUTIONS, *TRANSPOSED), _convolution),
    nn.Linear: _linear,
    **dict.fromkeys((*BATCH_NORMS, nn.SyncBatchNorm), _batch_norm),
    **dict.fromkeys(INSTANCE_NORMS, _instance_norm),
    nn.GroupNorm: _group_norm,
    nn.LayerNorm: layer_norm,
    nn.PReLU: _prelu,
    **dict.fromkeys((nn.Dropout1d, nn.Dropout2d, nn.Dropout3d), _channel_dropout),
    **dict.fromkeys((*MAX_POOLS, *AVG_POOLS), _pool),
    **dict.fromkeys((*ADAPTIVE_AVG, *ADAPTIVE_MAX), _adaptive_pool),
    nn.Upsample: _upsample,
    nn.PixelShuffle: _pixel_shuffle,
    nn.PixelUnshuffle: _pixel_shuffle,
    nn.LocalResponseNorm: _neighbours,
    nn.CrossMapLRN2d: _neighbours,
}
"""The rule of each class; a subclass that computes something else has none."""

SPATIAL_RULES: tuple[Rule, ...] = (_pool, _adaptive_pool, _upsample, _pixel_shuffle)
"""Rules that apply to maps on the lattice as well, whose symmetry they keep."""


def rule_of(module: nn.Module) -> Rule | None:
    """The rule of a module's class, or of the class that it inherits its computation from."""
    for kind in type(module).__mro__:
        if kind in RULES:
            if _computes_as(module, kind):
                return RULES[kind]
            return _channel_norm if _normalises_channels(module) else None
    return None


def _computes_as(module: nn.Module, kind: Any) -> bool:
    names = ("forward", "_conv_forward")
    return all(getattr(type(module), n, None) is getattr(kind, n, None) for n in names)


@torch.no_grad()
def _normalises_channels(module: nn.Module) -> bool:
    """Whether a layer norm with a forward of its own normalises the second axis of images."""
    if not isinstance(module, nn.LayerNorm) or len(module.normalized_shape) != 1:
        return False
    x = torch.randn(2, *module.normalized_shape, 3, 4, **_like(module))
    options = module.normalized_shape, module.weight, module.bias, module.eps
    try:
        expected = F.layer_norm(x.movedim(1, -1), *options).movedim(-1, 1)
        return torch.allclose(module(x), expected, atol=1e-5)
    except RuntimeError:
        return False
