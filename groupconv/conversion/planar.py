"""`to_planar`: a network of this package as one of torch alone, with its filters expanded."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from groupconv import nn as group_nn
from groupconv.conversion.building import exchanged
from groupconv.conversion.folding import fold_norms as fold
from groupconv.conversion.layers import (
    FlatLinear,
    LastNorm,
    OnePlane,
    OnPlanes,
    ProjectedOutputs,
    Repeated,
)
from groupconv.conversion.rules import (
    ADAPTIVE_AVG,
    ADAPTIVE_MAX,
    AVG_POOLS,
    BATCH_NORMS,
    CONVOLUTIONS,
    INSTANCE_NORMS,
    MAX_POOLS,
    TRANSPOSED,
)
from groupconv.errors import ConversionError
from groupconv.nn.norm import norm_cells
from groupconv.testing.examples import Example

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def to_planar(
    model: nn.Module,
    *,
    fold_norms: bool = False,
    example: Tensor | tuple[Any, ...] | Mapping[str, Any] | None = None,
) -> nn.Module:
    """A copy of a network with modules of torch in place of those of groupconv.

    Convolutions become torch's, with the expanded filters as weights; what else there is becomes a
    module of torch or a `torch.fx.GraphModule`. So it is loaded and run without groupconv, unless
    the network's own classes import it; and it computes the same.

    Args:
        model: The network.
        fold_norms: Whether batch norms directly behind convolutions are folded into them, as
            evaluation mode computes them. It needs an example.
        example: An input, which says what stands behind what.

    Raises:
        ConversionError: a module has no form in torch alone.

    Examples:
        >>> import groupconv as gc
        >>> p4 = gc.layers("p4")
        >>> net = nn.Sequential(p4.LiftingConv(1, 2, 3), nn.ReLU(), p4.CosetPool())
        >>> planar, x = to_planar(net), torch.randn(1, 1, 5, 5)
        >>> planar[0]
        Sequential(
          (0): Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1))
          (1): Unflatten(dim=1, unflattened_size=(2, 4))
        )
        >>> torch.allclose(planar(x), net(x), atol=1e-6)
        True
    """
    new = copy.deepcopy(model)
    if fold_norms:
        if example is None:
            raise ConversionError(
                "fold_norms=True needs an example=, which says what is behind what"
            )
        fold(new, Example.read(example))
    planar: dict[int, nn.Module] = {}
    inside: set[int] = set()
    for path, module in new.named_modules():
        if id(module) in inside:
            continue
        found = _planar(module, path)
        if found is not None:
            planar[id(module)] = found.train(module.training)
            inside |= {id(part) for part in module.modules()}
    return exchanged(new, planar)


def _planar(module: nn.Module, path: str) -> nn.Module | None:
    """The form of a module in torch alone; None for one that is torch's already."""
    _bake(module)
    for kind, form in FORMS.items():
        if isinstance(module, kind):
            return form(module)
    home = type(module).__module__
    if home.startswith(("groupconv.nn.", "groupconv.conversion.")):
        raise ConversionError(
            f"{path!r} ({type(module).__name__}) has no form in torch alone", path
        )
    return None


def _bake(module: nn.Module) -> None:
    """Put repeated parameters in the place of those that hooks repeat; refuse projected outputs."""
    for number, hook in list(module._forward_hooks.items()):
        if isinstance(hook, ProjectedOutputs):
            raise ConversionError(
                "the outputs of the network are projected from the group behind its own code, "
                "which has no form in torch alone; convert it with outputs='group'"
            )
        if not isinstance(repeated := getattr(hook, "__self__", None), Repeated):
            continue
        del module._forward_hooks[number]
        own, value = module.get_parameter(repeated.name), repeated.value(module).detach()
        setattr(module, repeated.name, nn.Parameter(value, own.requires_grad))
    for number, hook in list(module._forward_pre_hooks.items()):
        if isinstance(getattr(hook, "__self__", None), Repeated):
            del module._forward_pre_hooks[number]


def _traced(module: nn.Module) -> nn.Module:
    """A module as code of torch alone, which no class of groupconv is needed to load."""
    traced = fx.symbolic_trace(module)
    for node in traced.graph.nodes:
        node.type = None  # annotations are texts here, which do not pickle as types
    traced.recompile()
    code: nn.Module = traced
    return code


@torch.no_grad()
def _convolution(layer: Any) -> nn.Module:
    """A planar convolution between flattened planes."""
    S_in, S_out = layer.in_space.index, layer.out_space.index
    is_transposed = isinstance(layer, group_nn.GroupConvTranspose)
    kind = (TRANSPOSED if is_transposed else CONVOLUTIONS)[layer.group.dimension - 1]
    more = {"output_padding": layer.output_padding} if is_transposed else {}
    conv: Any = kind(
        layer.in_channels * S_in,
        layer.out_channels * S_out,
        layer.kernel_size,
        layer.stride,
        layer.padding if layer.padding != "valid" else 0,
        dilation=layer.dilation,
        groups=layer.groups,
        bias=layer.bias is not None,
        padding_mode=layer.padding_mode,
        device=layer.weight.device,
        dtype=layer.weight.dtype,
        **more,
    )
    conv.weight.copy_(layer.planar_weight())
    if layer.bias is not None:
        conv.bias.copy_(layer.planar_bias())
    planar: nn.Module = conv
    return planar


def _apart(layer: Any) -> nn.Module:
    """The same between maps with their planes apart."""
    before = [nn.Flatten(1, 2)] if layer.in_space.index > 1 else []
    planes = layer.out_space.index
    behind = [nn.Unflatten(1, (layer.out_channels, planes))] if planes > 1 else []
    conv = _convolution(layer)
    return nn.Sequential(*before, conv, *behind) if before or behind else conv


def _on_planes(wrapper: OnPlanes) -> nn.Module:
    layer: Any = wrapper.layer
    if isinstance(layer, nn.Sequential):  # a convolution, and a pool over its planes
        conv: Any = layer[0]
        pool: Any = layer[1]
        planes = (conv.out_channels, conv.out_space.index)
        return nn.Sequential(_convolution(conv), nn.Unflatten(1, planes), _coset_pool(pool))
    if isinstance(layer, (group_nn.GroupConv, group_nn.GroupConvTranspose)):
        return _convolution(layer)
    if isinstance(layer, nn.PReLU):
        weight = nn.Parameter(layer.weight.detach().repeat_interleave(wrapper.planes))
        planar = nn.PReLU(len(weight))
        planar.weight = weight
        return planar
    if isinstance(layer, group_nn.LayerNorm):
        return _traced(_CellNorm(layer))
    channels = None if isinstance(layer, group_nn.ChannelDropout) else layer._channels
    return _traced(_Blocks(_of_channels(layer), channels, wrapper.planes))


@torch.no_grad()
def _linear(wrapper: FlatLinear) -> nn.Module:
    weight, bias = wrapper.layer.planar_weight().flatten(1), wrapper.layer.planar_bias()
    out, given = weight.shape
    options: dict[str, Any] = {"device": weight.device, "dtype": weight.dtype}
    linear = nn.Linear(given, out, bias is not None, **options)
    linear.weight.copy_(weight)
    if bias is not None:
        linear.bias.copy_(bias)
    if not wrapper.is_pooled:
        return linear
    planes = nn.Unflatten(-1, (wrapper.layer.out_channels, -1))
    return nn.Sequential(linear, planes, _traced(_Reduced("max", -1)))


class _Reduced(nn.Module):
    """A reduction of one axis."""

    def __init__(self, mode: str, axis: int) -> None:
        super().__init__()
        self.mode, self.axis = mode, axis

    def forward(self, x: Tensor) -> Tensor:
        if self.mode == "max":
            return x.amax(self.axis)
        return x.mean(self.axis) if self.mode == "mean" else x.sum(self.axis)


class _Blocks(nn.Module):
    """A module that takes `(B, C, …)`, on channels with their planes and places behind them."""

    def __init__(self, module: nn.Module, channels: int | None, planes: int = 1) -> None:
        super().__init__()
        self.module, self.channels, self.planes = module, channels, planes

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1] // self.planes if self.channels is None else self.channels
        y: Tensor = self.module(x.reshape(x.shape[0], channels, -1))
        return y.reshape(x.shape)


def _of_channels(layer: Any) -> nn.Module:
    """The norm that a layer holds, or torch's dropout of channels."""
    if isinstance(layer, group_nn.ChannelDropout):
        return nn.Dropout1d(layer.p)
    norm: nn.Module = layer.norm
    return norm


class _CellNorm(nn.Module):
    """`LayerNorm` over the channels and planes of every cell."""

    def __init__(self, layer: group_nn.LayerNorm) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self.channels, self.eps, self.d = layer.num_channels, layer.eps, layer.group.dimension

    def forward(self, x: Tensor) -> Tensor:
        cells = x.flatten(1, -self.d - 1).movedim(1, -1)
        normal = norm_cells(cells, self.channels, self.weight, self.bias, self.eps)
        return normal.movedim(-1, 1).reshape(x.shape)


class _Cosets(nn.Module):
    """The planes of each coset, reduced."""

    planes: Tensor

    def __init__(self, pool: group_nn.CosetPool) -> None:
        super().__init__()
        self.register_buffer("planes", pool.planes.flatten(), persistent=False)
        self.shape, self.d = tuple(pool.planes.shape), pool.group.dimension
        self.reduced = _Reduced(pool.mode, -self.d - 1)

    def forward(self, x: Tensor) -> Tensor:
        if self.shape[0] > 1:  # otherwise all planes are pooled
            x = x.index_select(2, self.planes).unflatten(2, self.shape)
        reduced: Tensor = self.reduced(x)
        return reduced


def _coset_pool(pool: group_nn.CosetPool) -> nn.Module:
    return nn.Identity() if pool.in_space.is_whole else _traced(_Cosets(pool))


class _EveryMap(nn.Module):
    """A module of planar maps, on every plane alike."""

    def __init__(self, module: nn.Module, d: int) -> None:
        super().__init__()
        self.module, self.d = module, d

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.module(x.flatten(1, -self.d - 1))
        return y.reshape(x.shape[: -self.d] + y.shape[-self.d :])


class _Windows(nn.Module):
    """A pool over windows that are not boxes, by views of their cells."""

    def __init__(self, pool: Any) -> None:
        super().__init__()
        self.is_max = isinstance(pool, group_nn.MaxPool)
        self.padding = pool.window.flat_padding
        self.slices = []
        for cell in pool._cells:
            index = [slice(None)] * 2
            for axis, offset in enumerate(cell):
                rest = pool.dilation[axis] * (pool.kernel_size[axis] - 1 - offset)
                start = pool.dilation[axis] * offset
                index.append(slice(start, -rest or None, pool.stride[axis]))
            self.slices.append(tuple(index))

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, self.padding)
        result = x[self.slices[0]]
        for index in self.slices[1:]:
            result = torch.maximum(result, x[index]) if self.is_max else result + x[index]
        return result if self.is_max else result / len(self.slices)


def _pool(pool: Any) -> nn.Module:
    d = pool.group.dimension
    sizes: dict[str, Any] = {"kernel_size": pool.kernel_size, "stride": pool.stride}
    sizes["padding"] = pool.padding
    planar: nn.Module
    if pool._cells is not None:
        planar = _Windows(pool)
    elif isinstance(pool, group_nn.MaxPool):
        planar = MAX_POOLS[d - 1](**sizes, dilation=pool.dilation)
    else:
        planar = AVG_POOLS[d - 1](**sizes, count_include_pad=pool.count_include_pad)
    return _traced(_EveryMap(planar, d))


def _adaptive_pool(pool: Any) -> nn.Module:
    d = pool.group.dimension
    if not pool.group.stabilizer.permutes_axes:
        raise ConversionError(
            f"{type(pool).__name__} on {pool.group.name!r} pools over a part of the array that "
            f"depends on its size, which has no form in torch alone; use AvgPool or MaxPool"
        )
    kinds = ADAPTIVE_MAX if isinstance(pool, group_nn.AdaptiveMaxPool) else ADAPTIVE_AVG
    return _traced(_EveryMap(kinds[d - 1](pool.output_size), d))


class _Stencil(nn.Module):
    """A fixed filter on every map: a blur with a stride, or the points of a finer lattice."""

    stencil: Tensor

    def __init__(
        self, layer: Any, function: Callable[..., Tensor], options: dict[str, Any]
    ) -> None:
        super().__init__()
        self.register_buffer("stencil", layer.stencil, persistent=False)
        self.function, self.options, self.d = function, options, layer.group.dimension
        self.pads = options.pop("pads", None)

    def forward(self, x: Tensor) -> Tensor:
        alone = x.flatten(0, -self.d - 1).unsqueeze(1)
        if self.pads is not None:
            alone = F.pad(alone, self.pads[0], mode=self.pads[1])
        kernel = self.stencil.to(x.dtype)[None, None]
        y = self.function(alone, kernel, **self.options)
        return y.reshape(x.shape[: -self.d] + y.shape[-self.d :])


def _blur_pool(layer: group_nn.BlurPool) -> nn.Module:
    mode = {"zeros": "constant"}.get(layer.padding_mode, layer.padding_mode)
    options = {"stride": layer.window.stride, "pads": (layer.window.flat_padding, mode)}
    return _traced(_Stencil(layer, layer._convolve, options))


def _upsample(layer: group_nn.Upsample) -> nn.Module:
    d = layer.group.dimension
    if not layer.group.stabilizer.permutes_axes:
        factor, reach = layer._fineness, len(layer.stencil) // 2
        return _traced(_Stencil(layer, layer._transposed, {"stride": factor, "padding": reach}))
    linear = ("linear", "bilinear", "trilinear")[d - 1]
    planar = nn.Upsample(
        layer.size,
        layer.scale_factor,
        linear if layer.mode == "linear" else layer.mode,
        layer.align_corners,
        recompute_scale_factor=None if layer.scale_factor is None else True,
    )
    return _traced(_EveryMap(planar, d))


class _Masked(nn.Module):
    outside: Tensor

    def __init__(self, mask: group_nn.Mask) -> None:
        super().__init__()
        self.register_buffer("outside", mask.outside, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(self.outside, 0)


class _Read(nn.Module):
    """A map read at the points of a sublattice."""

    cells: Tensor
    outside: Tensor

    def __init__(self, layer: group_nn.Subsample) -> None:
        super().__init__()
        self.register_buffer("cells", layer.cells, persistent=False)
        self.register_buffer("outside", layer.outside, persistent=False)
        self.size = layer.output_size

    def forward(self, x: Tensor) -> Tensor:
        read: Tensor = x.flatten(-2).index_select(-1, self.cells).unflatten(-1, self.size)
        return read.masked_fill(self.outside, 0)


class _Sorted(nn.Module):
    """The planes of `Restrict` or `Induce` in their order."""

    planes: Tensor

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.register_buffer("planes", layer.planes, persistent=False)
        self.is_split = isinstance(layer, group_nn.Restrict)
        self.shape = tuple(layer._table.shape)
        part = layer.out_space if self.is_split else layer.in_space
        self.is_bare = part.is_whole

    def forward(self, x: Tensor) -> Tensor:
        if self.is_split:
            y: Tensor = x.index_select(2, self.planes).unflatten(2, self.shape).flatten(1, 2)
            return y.squeeze(2) if self.is_bare else y
        x = x.unsqueeze(2) if self.is_bare else x
        both: Tensor = x.unflatten(1, (-1, self.shape[0])).flatten(2, 3)
        return both.index_select(2, self.planes)


def _restriction(layer: Any) -> nn.Module:
    whole = layer.in_space if isinstance(layer, group_nn.Restrict) else layer.out_space
    return nn.Identity() if whole.is_whole else _traced(_Sorted(layer))


class _Cropped(nn.Module):
    def __init__(self, layer: group_nn.CenterCrop) -> None:
        super().__init__()
        self.size = layer.size

    def forward(self, x: Tensor) -> Tensor:
        for axis, m in enumerate(self.size):
            place = axis - len(self.size)
            x = x.narrow(place, (x.shape[place] - m) // 2, m)
        return x


class _Vectors(nn.Module):
    vectors: Tensor

    def __init__(self, head: group_nn.VectorHead) -> None:
        super().__init__()
        turns = head.turns.to(head.direction)
        self.vectors = nn.Parameter(torch.einsum("sij,cj->cis", turns, head.direction).detach())
        self.is_bare, self.d = head.in_space.is_whole, head.group.dimension

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(2) if self.is_bare else x
        return torch.einsum("cis,bcs...->bci...", self.vectors, x)


def _norm(layer: Any) -> nn.Module:
    norm, group = getattr(layer, "norm", None), getattr(layer, "group", None)
    if isinstance(norm, nn.GroupNorm):
        return norm  # it takes what is behind the channels, as many axes as there are
    if norm is not None and group is not None and group.order == 1:
        kinds = BATCH_NORMS if isinstance(norm, nn.BatchNorm1d) else INSTANCE_NORMS
        options = norm.eps, norm.momentum, norm.affine, norm.track_running_stats
        planar: nn.Module = kinds[group.dimension - 1](norm.num_features, *options)
        planar.load_state_dict(norm.state_dict())
        return planar
    return _traced(_Blocks(_of_channels(layer), getattr(layer, "_channels", None)))


FORMS: dict[Any, Callable[[Any], nn.Module]] = {
    (group_nn.GroupConv, group_nn.GroupConvTranspose): _apart,
    OnPlanes: _on_planes,
    FlatLinear: _linear,
    (OnePlane, LastNorm): _traced,
    (group_nn.BatchNorm, group_nn.InstanceNorm, group_nn.GroupNorm, group_nn.ChannelDropout): _norm,
    group_nn.LayerNorm: lambda layer: _traced(_CellNorm(layer)),
    group_nn.CosetPool: _coset_pool,
    (group_nn.Restrict, group_nn.Induce): _restriction,
    (group_nn.MaxPool, group_nn.AvgPool): _pool,
    (group_nn.AdaptiveMaxPool, group_nn.AdaptiveAvgPool): _adaptive_pool,
    group_nn.BlurPool: _blur_pool,
    group_nn.Upsample: _upsample,
    group_nn.Mask: lambda layer: _traced(_Masked(layer)),
    group_nn.Subsample: lambda layer: _traced(_Read(layer)),
    group_nn.CenterCrop: lambda layer: _traced(_Cropped(layer)),
    group_nn.VectorHead: lambda layer: _traced(_Vectors(layer)),
}
"""The form in torch alone of every class of layers."""
