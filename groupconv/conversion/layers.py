"""Layers of a group between tensors whose planes lie in the channels: `(B, C·S, *spatial)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten

from groupconv.errors import ShapeError
from groupconv.nn.norm import norm_cells

if TYPE_CHECKING:
    from groupconv.nn import GroupConv


class OnPlanes(nn.Module):
    """A layer of a group whose maps lie flattened, channel-major, on the channel axis.

    Args:
        layer: A layer that takes `(B, C, S, *spatial)`.
        planes: The number of planes `S` of its input; 1 on the lattice.

    Shapes:
        Input `(B, C_in · S_in, *spatial)`, output `(B, C_out · S_out, *spatial)`.

    Examples:
        >>> import torch, groupconv as gc
        >>> conv = OnPlanes(gc.nn.GroupConv(2, 3, 3, group="p4"), 4)
        >>> conv(torch.zeros(1, 8, 5, 5)).shape
        torch.Size([1, 12, 3, 3])
    """

    def __init__(self, layer: nn.Module, planes: int) -> None:
        super().__init__()
        self.layer, self.planes = layer, planes

    def forward(self, x: Tensor) -> Tensor:
        """Split the planes off, and put those of the output back."""
        y: Tensor = self.layer(x if self.planes == 1 else x.unflatten(1, (-1, self.planes)))
        return y.flatten(1, 2) if y.ndim > x.ndim else y

    def extra_repr(self) -> str:
        """The planes."""
        return f"planes={self.planes}"


class FlatLinear(nn.Module):
    """A linear layer on the last axis, which holds a map of the group: a convolution that fits it.

    The axis holds the channels and planes of one place, or a map that was flattened whole: then the
    layer's kernel is as large as the map.

    Args:
        layer: The convolution.
        is_pooled: Whether to take the maximum over the planes of its output.

    Shapes:
        Input `(…, C_in · S_in · cells)`, output `(…, C_out · S_out)`, or `(…, C_out)` if pooled.

    Examples:
        >>> import torch, groupconv as gc
        >>> linear = FlatLinear(gc.nn.GroupConv(2, 3, 5, group="p4", out_space="lattice"))
        >>> linear(torch.zeros(1, 2 * 4 * 5 * 5)).shape
        torch.Size([1, 3])
    """

    def __init__(self, layer: GroupConv, *, is_pooled: bool = False) -> None:
        super().__init__()
        self.layer, self.is_pooled = layer, is_pooled

    def forward(self, x: Tensor) -> Tensor:
        """Multiply with the expanded bank."""
        y = F.linear(x, self.layer.planar_weight().flatten(1), self.layer.planar_bias())
        return y.unflatten(-1, (self.layer.out_channels, -1)).amax(-1) if self.is_pooled else y

    def extra_repr(self) -> str:
        """Whether it pools."""
        return "is_pooled=True" if self.is_pooled else ""


class OnePlane(nn.Module):
    """A planar module applied to every plane for itself, as a batch of planar maps.

    Args:
        layer: The module.
        planes: The number of planes `S`.
        axis: The axis of the channels.

    Examples:
        >>> import torch
        >>> OnePlane(nn.GroupNorm(1, 6), 4)(torch.zeros(2, 24, 5, 5)).shape
        torch.Size([2, 24, 5, 5])
    """

    def __init__(self, layer: nn.Module, planes: int, axis: int = 1) -> None:
        super().__init__()
        self.layer, self.planes, self.axis = layer, planes, axis

    def forward(self, x: Tensor) -> Tensor:
        """Take the planes for images."""
        axis = self.axis % x.ndim
        planes = x.unflatten(axis, (-1, self.planes)).movedim(axis + 1, 0)
        y: Tensor = self.layer(planes.flatten(0, 1)).unflatten(0, planes.shape[:2])
        return y.movedim(0, axis + 1).flatten(axis, axis + 1)

    def extra_repr(self) -> str:
        """The planes."""
        return f"planes={self.planes}"


class LastNorm(nn.Module):
    """`nn.LayerNorm` of the last axis, which holds channels and planes, by parameters per channel.

    Args:
        channels: The number of channels.
        eps: Added to the variance.
        affine: Whether there is a scale per channel.
        bias: Whether there is a shift per channel.

    Examples:
        >>> import torch
        >>> LastNorm(6)(torch.randn(2, 5, 5, 24)).shape
        torch.Size([2, 5, 5, 24])
    """

    def __init__(
        self,
        channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.channels, self.eps = channels, eps
        self.weight: Tensor | None
        self.bias: Tensor | None
        for name, value in (("weight", 1.0), ("bias", 0.0)):
            values = torch.full((channels,), value, device=device, dtype=dtype)
            is_learned = affine and (name == "weight" or bias)
            self.register_parameter(name, nn.Parameter(values) if is_learned else None)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each cell over its channels and planes."""
        return norm_cells(x, self.channels, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The channels."""
        return f"{self.channels}, eps={self.eps}"


class Repeated:
    """Lets the code of a module see a parameter with one entry per channel repeated over planes.

    A forward hook in front of the module and one behind it; the parameter keeps its name and its
    number of entries.

    Args:
        name: The name of the parameter.
        planes: The number of planes `S`.
        axis: The axis of the channels.
    """

    def __init__(self, name: str, planes: int, axis: int) -> None:
        self.name, self.planes, self.axis = name, planes, axis

    @classmethod
    def register(cls, module: nn.Module, name: str, planes: int, axis: int) -> None:
        """Put the hooks on a module."""
        repeated = cls(name, planes, axis)
        module.register_forward_pre_hook(repeated.before)
        module.register_forward_hook(repeated.behind, always_call=True)

    def value(self, module: nn.Module) -> Tensor:
        """The repeated parameter."""
        own = module._parameters[self.name]
        assert own is not None
        return own.repeat_interleave(self.planes, self.axis)

    def before(self, module: nn.Module, _: Any) -> None:
        """Put it where the module's code finds it first."""
        vars(module)[self.name] = self.value(module)

    def behind(self, module: nn.Module, *_: Any) -> None:
        """Take it away again, so that the parameter is found."""
        vars(module).pop(self.name, None)


class ProjectedOutputs:
    """A forward hook that projects outputs of a network from the group to the lattice.

    Args:
        forms: For each form of the outputs, such as a tuple of two: the axis of the channels of
            each output on the group, and how many there are with their planes, by its place.
        planes: The number of planes `S`.
        mode: `"mean"` or `"max"`.
    """

    def __init__(
        self, forms: dict[str, dict[int, tuple[int, int]]], planes: int, mode: str
    ) -> None:
        self.forms, self.planes, self.mode = forms, planes, mode

    def __call__(self, _: nn.Module, __: Any, output: Any) -> Any:
        """Project."""
        leaves, spec = tree_flatten(output)
        axes = self.forms.get(str(spec))
        if axes is None or any(leaves[n].shape[axis] != size for n, (axis, size) in axes.items()):
            raise ShapeError(
                "the outputs of the network are others than on the example that it was converted "
                "with, so it is not known which are on the group; convert it in the mode in which "
                "it is used, or with outputs='group'"
            )
        for place, (axis, _size) in axes.items():
            y = leaves[place].unflatten(axis, (-1, self.planes))
            leaves[place] = y.amax(axis + 1) if self.mode == "max" else y.mean(axis + 1)
        return tree_unflatten(leaves, spec)
