"""Group convolution layers, with the signatures of torch's convolutions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groupconv.arguments import as_sizes, flag, positive
from groupconv.errors import ArgumentError, ShapeError
from groupconv.nn.bank import bank_tables, channels_last_tables, filter_bank
from groupconv.nn.buffers import TableModule, as_tensor
from groupconv.nn.evaluation import fourier_costs
from groupconv.nn.fourier import can_transform, fourier_convolution, row_width
from groupconv.nn.kept import KeptKernel, may_keep
from groupconv.nn.planes import (
    CONVOLUTIONS,
    PADDING_MODES,
    TRANSPOSED,
    check_positions,
    is_channels_last,
    is_traced,
    is_watched,
    merge_planes,
    object_to,
    of_dimension,
    planar_axes,
    require_padding_mode,
    split_planes,
)
from groupconv.nn.streamed import Lowered, streamed_convolution
from groupconv.registry import as_group
from groupconv.transforms import Window, filter_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from groupconv.algebra import Space, SplitGroup


class _Convolution(TableModule):
    """What a group convolution and its adjoint share: a bank of filters, and their parameters.

    A filter leads from the channels on the second axis of `weight` to those on the first; the
    adjoint goes the other way.
    """

    is_adjoint: ClassVar[bool] = False

    _buffers: dict[str, Any]  # read at a call without the search that attributes take
    bias: nn.Parameter | None
    _kept: KeptKernel | None = None  # of evaluation

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int],
        padding: int | Sequence[int] | str,
        dilation: int | Sequence[int],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
        *,
        group: SplitGroup | str,
        in_space: Space,
        out_space: Space,
        support: str,
        strict: bool,
    ) -> None:
        super().__init__()
        self.group = as_group(group)
        S, functions = self.group.stabilizer, TRANSPOSED if self.is_adjoint else CONVOLUTIONS
        self._convolve = of_dimension(functions, self.group.name, S.dimension)
        self.in_channels = positive("in_channels", in_channels)
        self.out_channels = positive("out_channels", out_channels)
        self.groups = positive("groups", groups)
        if in_channels % groups or out_channels % groups:
            raise ArgumentError(
                f"groups={groups} does not divide in_channels={in_channels} and "
                f"out_channels={out_channels}; change one of them"
            )
        spaces = (out_space, in_space) if self.is_adjoint else (in_space, out_space)
        self.transform = filter_transform(S, kernel_size, *spaces, support=support)
        self.window = Window.read(
            S,
            kernel_size,
            stride,
            padding,
            dilation,
            group=self.group.name,
            is_circular=padding_mode == "circular",
        )
        self.kernel_size, self.stride = self.window.kernel_size, self.window.stride
        self.padding, self.dilation = padding, self.window.dilation
        self.padding_mode, self.strict = padding_mode, flag("strict", strict)

        last, first = self.transform.in_space, self.transform.out_space
        self.in_space, self.out_space = (first, last) if self.is_adjoint else (last, first)
        self._in_axes = planar_axes(in_channels, self.in_space)
        self._out_axes = planar_axes(out_channels, self.out_space)
        channels = (in_channels, out_channels) if self.is_adjoint else (out_channels, in_channels)
        rows, columns = channels[0], channels[1] // groups
        self._kernel_shape = (rows * first.index, columns * last.index, *self.kernel_size)
        self._bank_shape = (-1, *self._kernel_shape[1:])  # of any number of its rows
        self._weight_shape = (rows, columns, self.transform.num_parameters)
        self.weight = nn.Parameter(torch.empty(self._weight_shape, device=device, dtype=dtype))
        if flag("bias", bias):
            self.bias = nn.Parameter(torch.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self._flags = self.transform.is_masked, self.transform.is_ragged
        self._register_tables(self.weight.device)
        self._is_small = self.bank_inverse is None
        self.reset_parameters()

    @property
    def fan_in(self) -> int:
        """The number of cells that `torch.nn.init` counts for an expanded filter.

        On a quotient space several cells share a parameter, so that `weight` has fewer.
        """
        return self.weight.shape[1] * self.transform.num_cells

    def reset_parameters(self) -> None:
        """Draw new parameters, as torch's layer does for the expanded bank."""
        bound = 1 / math.sqrt(self.fan_in)
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def filter_bank(self) -> Tensor:
        """The bank of transformed filters, `(C_out, S_out, C_in / groups, S_in, *kernel)`.

        Of the adjoint it is that of the convolution, `(C_in, S_in, C_out / groups, S_out, …)`.
        """
        last, first = self.transform.in_space.index, self.transform.out_space.index
        rows, columns, _ = self._weight_shape
        return self.planar_weight().view(rows, first, columns, last, *self.kernel_size)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *arguments: Any, **named: Any
    ) -> None:
        """Take weights with the planes and cells of a filter apart, as GrouPy stores them, too."""
        given = state_dict.get(f"{prefix}weight")
        planes = self.transform.in_space.index
        apart = (*self.weight.shape[:2], planes, *self.kernel_size)
        known = (apart, (*apart[:2], *self.kernel_size)) if planes == 1 else (apart,)
        has_all_cells = self.transform.num_parameters == math.prod(apart[2:])
        if has_all_cells and given is not None and tuple(given.shape) in known:
            state_dict[f"{prefix}weight"] = given.reshape(self.weight.shape)
        super()._load_from_state_dict(state_dict, prefix, *arguments, **named)

    def extra_repr(self) -> str:
        """The arguments that differ from their defaults, as torch's layers show them."""
        is_padded = self.padding == "same" or any(self.window.flat_padding)
        options = {
            "stride": self.stride if max(self.stride) > 1 else None,
            "padding": self.padding if is_padded else None,
            **self._more_options(),
            "dilation": self.dilation if max(self.dilation) > 1 else None,
            "groups": self.groups if self.groups > 1 else None,
            "bias": False if self.bias is None else None,
            "padding_mode": self.padding_mode if self.padding_mode != "zeros" else None,
            "support": self.transform.support if self.transform.support != "group" else None,
            "strict": self.strict or None,
            "group": self.group.name,
        }
        shown = [f"{key}={value!r}" for key, value in options.items() if value is not None]
        planes = f"planes={self.in_space.index}→{self.out_space.index}"
        first = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        return ", ".join([first, *shown, planes])

    def _more_options(self) -> Mapping[str, object]:
        return {}

    def planar_weight(self) -> Tensor:  # shape: (C_first·S_first, C_second / groups · S_second, …)
        """The bank as the kernel of torch's convolution of the flattened planes, channel-major."""
        return self._bank(self._placed_weight())

    def _bank(self, weight: Tensor) -> Tensor:
        """The bank of some rows of a weight; of all if it is small."""
        tables = self._buffers["bank_index"], self._buffers["bank_inverse"]
        return filter_bank(weight, *tables, self._bank_shape, *self._flags)

    def planar_bias(self) -> Tensor | None:
        """The bias of torch's convolution of the flattened planes, one entry per plane."""
        bias: Tensor | None = self.bias
        return bias if bias is None else bias.index_select(0, self._buffers["bias_index"])

    def _placed_weight(self) -> Tensor:
        """The weight, with the tables on its device; a weight of another shape is refused."""
        weight: Tensor = self.weight
        if weight.shape != self._weight_shape:
            raise ShapeError(
                f"weight has shape {tuple(weight.shape)}, and this layer {self._weight_shape}; "
                f"make a new layer for other channels"
            )
        if weight.device != self._buffers["bank_index"].device:
            self._place_tables(weight.device)
        return weight

    def _planar(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """The kernel and the bias of the planar convolution, kept while nothing is learned."""
        weight, bias = self._parameters.get("weight"), self._parameters.get("bias")
        if self.training or weight is None or not may_keep(weight, bias):
            return self._learned_weight(x), self.planar_bias()
        if self._kept is None or not self._kept.is_of(weight, bias):
            self._kept = KeptKernel.make(weight, bias, self.planar_weight, self.planar_bias)
        return self._kept.kernel_for(x), self._kept.planar_bias

    def _learned_weight(self, x: Tensor) -> Tensor:
        """The kernel in the memory format of the input; reordering would take it twice a step."""
        if self._is_small or is_traced() or not is_channels_last(x):
            return self.planar_weight()
        weight, (rows, columns, _) = self._placed_weight(), self._weight_shape
        tables = channels_last_tables(self.transform, columns, weight.device)
        first, channels, *kernel = self._kernel_shape
        entries, shape = weight.reshape(rows, 1, -1), (first, *kernel, channels)
        return filter_bank(entries, *tables, shape, *self._flags).movedim(-1, 1)

    def train(self, mode: bool = True) -> Self:
        """Set the mode, and drop the kernel that evaluation keeps."""
        self._kept = None
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        self._kept = None
        return super()._apply(fn, recurse)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_kept"}

    def _tables(self, device: torch.device) -> Mapping[str, Tensor | None]:
        rows, columns, _ = self._weight_shape
        index, inverse = bank_tables(self.transform, rows, columns, device)
        channel = as_tensor(np.arange(self.out_channels).repeat(self.out_space.index), device)
        return {"bias_index": channel, "bank_index": index, "bank_inverse": inverse}


class GroupConv(_Convolution):
    """A convolution from one space of a group to another, by default from `G` to `G` (eq. 11).

    The arguments are those of `torch.nn.Conv2d`; the group sets the number of dimensions. It
    equals one planar convolution with `S_out · C_out` output channels, whose filters are gathered
    from `weight`, shape `(C_out, C_in / groups, P)`; `bias` has one entry per channel. `P` counts
    the free parameters of one filter: `S k²` from the group to the group in the plane, `k²` from
    the lattice, fewer where the group leaves out cells of the box or a quotient shares them.

    Args:
        in_channels: `C_in`.
        out_channels: `C_out`.
        kernel_size: The size of the filter's box.
        stride: The step between outputs.
        padding: Cells added on both sides of each axis, or `"same"` or `"valid"`.
        dilation: The distance between filter cells.
        groups: Blocks of channels that do not mix; `in_channels` of them make it depthwise.
        bias: Whether to add a bias.
        padding_mode: `"zeros"`, `"reflect"`, `"replicate"` or `"circular"`.
        device: Where the parameters live.
        dtype: The parameters' type.
        group: A group, or the name of an installed one.
        in_space: Where the input lives: `"group"`, `"lattice"` or a subgroup `H` for `G/H`.
        out_space: Where the output lives; `"lattice"` for a planar map that turns with the input.
        support: The filter's cells: the largest part of its box that the `"group"` keeps, or the
            `"lattice"` with all its symmetries, such as 7 cells for any group on a hexagonal one.
        strict: Whether what would be an `EquivarianceWarning` is an error.
        evaluation: How it is computed: `"lowered"` to a planar convolution; by the `"fourier"`
            transform of the stabilizer, by which wide layers are faster; or lowered and
            `"streamed"`, with little memory. `"auto"` decides between the first two by measured
            figures. The results are equal to rounding.

    Shapes:
        Input `(B, C_in, S_in, *spatial)`, output `(B, C_out, S_out, *spatial)`; a map on the
        lattice has no stabilizer axis.

    Raises:
        ArgumentError: an argument does not fit the group, or would break equivariance.
        ShapeError: (at a call) the input does not lie on `in_space`.
        EquivarianceWarning: (at a call) the stride leaves cells over at one end of an axis, or
            circular padding changes the size.
        AxiomError: the group is broken.

    Examples:
        >>> layer = GroupConv(16, 32, 3, padding=1, group="p4m")
        >>> layer(torch.zeros(2, 16, 8, 9, 9)).shape
        torch.Size([2, 32, 8, 9, 9])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        group: SplitGroup | str,
        in_space: Space = "group",
        out_space: Space = "group",
        support: str = "group",
        strict: bool = False,
        evaluation: str = "auto",
    ) -> None:
        sizes = in_channels, out_channels, kernel_size, stride, padding, dilation, groups
        others = bias, padding_mode, device, dtype
        super().__init__(
            *sizes,
            *others,
            group=group,
            in_space=in_space,
            out_space=out_space,
            support=support,
            strict=strict,
        )
        self.evaluation = evaluation
        is_padded = any(self.window.flat_padding)
        require_padding_mode(padding_mode, self.group, is_used=is_padded)
        # Zeros, the same on both sides, are added by the convolution; all else is added before it.
        is_explicit = padding_mode != "zeros" or not self.window.is_padded_evenly
        self._pads = self.window.flat_padding if is_padded and is_explicit else ()
        implicit = tuple([0 if is_explicit else n for n, _ in self.window.padding])
        self._sizes = self.stride, implicit, self.dilation, self.groups

    def forward(
        self,
        x: Tensor,  # shape: (B, C_in, S_in, *spatial)
    ) -> Tensor:  # shape: (B, C_out, S_out, *spatial)
        """Convolve, adding the bias within the one call of the planar convolution."""
        x = self._merged(x)
        if self._prefers_fourier(x):
            return self._by_fourier(x)
        if self._evaluation == "streamed" and not self._is_small and _is_free():
            y = self._by_blocks(x)
        else:
            y = self._convolve(x, *self._planar(x), *self._sizes)
        return split_planes(y, self._out_axes)

    def _merged(self, x: Tensor) -> Tensor:
        """The planar input, with what the planar convolution does not add around it."""
        x = merge_planes(x, self._in_axes, len(self.stride), self.group.name)
        if not self.window.is_always_symmetric:
            check_positions(type(self).__name__, self.window, x, is_strict=self.strict)
        return F.pad(x, self._pads, mode=PADDING_MODES[self.padding_mode]) if self._pads else x

    def uses_fourier(self, x: Tensor) -> bool:
        """Whether the layer takes the Fourier transform for such an input, in the current mode.

        Shapes:
            Input as for a call: its size, format, device and type count, and whether gradients are
            recorded; its entries do not.

        Raises:
            ShapeError: the input does not lie on `in_space`.

        Examples:
            >>> layer = GroupConv(32, 32, 3, padding=1, group="p4m")
            >>> layer.uses_fourier(torch.zeros(8, 32, 8, 16, 16))
            True
            >>> layer.uses_fourier(torch.zeros(8, 32, 8, 16, 16, dtype=torch.bfloat16))
            False
        """
        return self._prefers_fourier(self._merged(x))

    @property
    def evaluation(self) -> str:
        """How the layer is computed, as for the argument; it can be set at any time."""
        return self._evaluation

    @evaluation.setter
    def evaluation(self, evaluation: str) -> None:
        channels = self.out_channels, self.in_channels
        self._costs = fourier_costs(evaluation, self.transform, channels, self.stride, self.groups)
        self._evaluation = evaluation

    def _more_options(self) -> Mapping[str, object]:
        return {"evaluation": self.evaluation if self.evaluation != "auto" else None}

    def _prefers_fourier(self, x: Tensor) -> bool:
        # Traced sizes are compared with nothing, or the graph would hold for some of them only.
        if self._costs is None or not _is_free() or x.shape[0] == 0:
            return False
        weight = self._parameters.get("weight")  # of a parametrized one, reading may change it
        is_learned = weight is None or weight.requires_grad or x.requires_grad
        learns = is_learned and torch.is_grad_enabled()
        places = x.numel() // x.shape[1]
        width = row_width(x.shape[2:], self.kernel_size)
        is_last = is_channels_last(x)
        is_wanted = self._evaluation == "fourier" or (
            x.is_cpu and self._costs.pays(places, width, learns=learns, is_last=is_last)
        )
        _, padding, dilation, _ = self._sizes
        return is_wanted and can_transform(x, self.kernel_size, padding, dilation)

    def _by_fourier(self, x: Tensor) -> Tensor:
        weight, lowered = self._placed_weight(), self._lowered()
        _, padding, dilation, _ = self._sizes

        def again(x: Tensor, weight: Tensor) -> Tensor:
            return split_planes(lowered(x.flatten(1, 2), weight), self._out_axes)

        args = weight, self.bias, self.transform, padding, dilation, again
        return fourier_convolution(split_planes(x, self._in_axes), *args)

    def _by_blocks(self, x: Tensor) -> Tensor:
        weight, bias = self._placed_weight(), self.planar_bias()
        size = weight.element_size() * math.prod(self._kernel_shape) // self.out_channels
        return streamed_convolution(x, weight, bias, size, self._lowered())

    def _lowered(self) -> Lowered:
        return Lowered(self._bank, self._convolve, self._sizes)


def _is_free() -> bool:
    """Whether a layer may use an autograd function of its own, with gradients of one type."""
    return not (is_watched() or torch._C._is_any_autocast_enabled())


class LiftingConv(GroupConv):
    """The first layer: a convolution from the lattice to another space, by default `G` (eq. 10).

    The arguments are those of `GroupConv`, but for the input space.

    Shapes:
        Input `(B, C_in, *spatial)`, output `(B, C_out, S_out, *spatial)`.

    Examples:
        >>> layer = LiftingConv(3, 16, 3, padding=1, group="p4m")
        >>> layer(torch.zeros(2, 3, 9, 9)).shape
        torch.Size([2, 16, 8, 9, 9])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        group: SplitGroup | str,
        out_space: Space = "group",
        support: str = "group",
        strict: bool = False,
    ) -> None:
        sizes = in_channels, out_channels, kernel_size, stride, padding, dilation, groups
        others = bias, padding_mode, device, dtype
        super().__init__(
            *sizes,
            *others,
            group=group,
            in_space="lattice",
            out_space=out_space,
            support=support,
            strict=strict,
        )


class GroupConvTranspose(_Convolution):
    """The adjoint of `GroupConv`, which decoders use to enlarge a map; between any two spaces.

    The arguments are those of `torch.nn.ConvTranspose2d`. With the same `weight` it is the exact
    adjoint of the `GroupConv` from `out_channels` on `out_space` to `in_channels` on `in_space`:
    `⟨conv(x), y⟩ = ⟨x, conv_transpose(y)⟩`. Its `weight` has shape `(C_in, C_out / groups, P)`.

    Args:
        in_channels: `C_in`.
        out_channels: `C_out`.
        kernel_size: The size of the filter's box.
        stride: The step between the places where the filters of neighbouring inputs are added.
        padding: Cells cut off on both sides of each axis, or `"valid"`.
        output_padding: Cells added at the end of each axis; a group that exchanges the two ends
            is broken by them, so a kernel larger by as many is better.
        groups: Blocks of channels that do not mix.
        bias: Whether to add a bias.
        dilation: The distance between filter cells.
        padding_mode: `"zeros"`, as for torch's layer.
        device: Where the parameters live.
        dtype: The parameters' type.
        group: A group, or the name of an installed one.
        in_space: Where the input lives: `"group"`, `"lattice"` or a subgroup `H` for `G/H`.
        out_space: Where the output lives.
        support: The filter's cells, as for `GroupConv`.
        strict: Whether what would be an `EquivarianceWarning` is an error.

    Shapes:
        Input `(B, C_in, S_in, *spatial)`, output `(B, C_out, S_out, *spatial)` of size
        `(n - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1`.

    Raises:
        ArgumentError: an argument does not fit the group.
        ShapeError: (at a call) the input does not lie on `in_space`.
        EquivarianceWarning: `output_padding` adds cells at an end that the group exchanges with
            the other one; or (at a call) the group maps the centre of the output off its cells.

    Examples:
        >>> layer = GroupConvTranspose(32, 16, 4, stride=2, padding=1, group="p4m")
        >>> layer(torch.zeros(2, 32, 8, 5, 5)).shape
        torch.Size([2, 16, 8, 10, 10])
    """

    is_adjoint = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        group: SplitGroup | str,
        in_space: Space = "group",
        out_space: Space = "group",
        support: str = "group",
        strict: bool = False,
    ) -> None:
        for argument, value, only in (
            ("padding_mode", padding_mode, "zeros"),
            ("padding", padding, "valid"),
        ):
            if isinstance(value, str) and value != only:
                expected = f"expected {only!r}" + (" or integers" if only == "valid" else "")
                raise ArgumentError(f"{argument}={value!r} of a transposed convolution: {expected}")
        sizes = in_channels, out_channels, kernel_size, stride, padding, dilation, groups
        others = bias, padding_mode, device, dtype
        super().__init__(
            *sizes,
            *others,
            group=group,
            in_space=in_space,
            out_space=out_space,
            support=support,
            strict=strict,
        )
        S = self.group.stabilizer
        self.output_padding = as_sizes("output_padding", output_padding, S.dimension, least=0)
        cut = tuple(n for n, _ in self.window.padding)
        self._sizes = self.stride, cut, self.output_padding, self.groups, self.dilation
        if any(self.output_padding[axis] for axis in S.reversed_axes):
            larger = tuple(map(sum, zip(self.kernel_size, self.output_padding, strict=True)))
            object_to(
                f"GroupConvTranspose with output_padding={self.output_padding} adds cells at one "
                f"end of an axis, and {self.group.name!r} exchanges its ends, so it is not "
                f"equivariant; use kernel_size={larger} without it, for an output of the same size",
                is_strict=self.strict,
            )

    def forward(
        self,
        x: Tensor,  # shape: (B, C_in, S_in, *spatial)
    ) -> Tensor:  # shape: (B, C_out, S_out, *spatial)
        """Add the filters of every input cell, adding the bias within the one call."""
        x = merge_planes(x, self._in_axes, len(self.stride), self.group.name)
        y = self._convolve(x, *self._planar(x), *self._sizes)
        if not any(self.output_padding):
            check_positions(type(self).__name__, self.window, y, is_strict=self.strict)
        return split_planes(y, self._out_axes)

    def _more_options(self) -> Mapping[str, object]:
        return {"output_padding": self.output_padding if any(self.output_padding) else None}
