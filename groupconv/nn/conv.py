"""Group convolution layers, with the signature of `torch.nn.Conv2d`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groupconv.arguments import flag, positive
from groupconv.errors import ArgumentError
from groupconv.nn.bank import filter_bank
from groupconv.nn.buffers import TableModule
from groupconv.nn.planes import merge_planes, planar_convolution, split_planes, warn_if_uneven
from groupconv.registry import as_group
from groupconv.transforms import Window, filter_transform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groupconv.algebra import Space, SplitGroup, Subgroup
    from groupconv.nn.buffers import Table

PADDING_MODES = {"zeros": "constant"} | {m: m for m in ("reflect", "replicate", "circular")}
"""The names of torch's layers, and those of `torch.nn.functional.pad`."""


class GroupConv(TableModule):
    """A convolution from one space of a group to another, by default from `G` to `G` (eq. 11).

    The arguments are those of `torch.nn.Conv2d`; the group sets the number of dimensions. It
    computes one planar convolution with `S_out · C_out` output channels, whose filters are
    gathered from `weight`, shape `(C_out, C_in / groups, P)`; `bias` has one entry per channel.

    Args:
        in_channels: `C_in`.
        out_channels: `C_out`.
        kernel_size: The size of the filter's box.
        stride: The step between outputs.
        padding: Cells added on both sides of each axis, or `"same"` or `"valid"`.
        dilation: The distance between filter cells.
        groups: Blocks of channels that do not mix.
        bias: Whether to add a bias.
        padding_mode: `"zeros"`, `"reflect"`, `"replicate"` or `"circular"`.
        device: Where the parameters live.
        dtype: The parameters' type.
        group: A group, or the name of an installed one.
        in_space: Where the input lives: `"group"`, `"lattice"` or a subgroup `H` for `G/H`.
        out_space: Where the output lives.

    Shapes:
        Input `(B, C_in, S_in, *spatial)`, output `(B, C_out, S_out, *spatial)`; a map on the
        lattice has no stabilizer axis.

    Raises:
        ArgumentError: an argument does not fit the group, or would break equivariance.
        ShapeError: (at a call) the input does not lie on `in_space`.
        EquivarianceWarning: (at a call) the stride leaves cells over at one end of an axis.
        AxiomError: the group is broken.

    Examples:
        >>> layer = GroupConv(16, 32, 3, padding=1, group="p4m")
        >>> layer(torch.zeros(2, 16, 8, 9, 9)).shape
        torch.Size([2, 32, 8, 9, 9])
    """

    bank_index: Tensor  # shape: (S_out, L)
    bank_inverse: Tensor  # shape: (S_out, P, M)

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
    ) -> None:
        super().__init__()
        self.group = as_group(group)
        self._convolve = planar_convolution(self.group.name, self.group.dimension)
        self.in_channels = positive("in_channels", in_channels)
        self.out_channels = positive("out_channels", out_channels)
        self.groups = positive("groups", groups)
        if in_channels % groups or out_channels % groups:
            raise ArgumentError(
                f"groups={groups} does not divide in_channels={in_channels} and "
                f"out_channels={out_channels}; change one of them"
            )
        if padding_mode not in PADDING_MODES:
            raise ArgumentError(
                f"padding_mode={padding_mode!r}: expected one of "
                f"{', '.join(map(repr, PADDING_MODES))}"
            )
        S, is_circular = self.group.stabilizer, padding_mode == "circular"
        self.transform = filter_transform(S, kernel_size, in_space, out_space)
        sizes = kernel_size, stride, padding, dilation
        self.window = Window.read(S, *sizes, group=self.group.name, is_circular=is_circular)
        self.kernel_size, self.stride = self.window.kernel_size, self.window.stride
        self.padding, self.dilation = padding, self.window.dilation
        self.padding_mode = padding_mode
        is_padded = any(self.window.flat_padding)
        if padding_mode in ("reflect", "replicate") and is_padded and not S.permutes_axes:
            raise ArgumentError(
                f"padding_mode={padding_mode!r} continues an array beyond its edges, and "
                f"{self.group.name!r} maps these into the array; use 'zeros' with a Mask, or "
                f"'circular'"
            )
        # Zeros, the same on both sides, are added by the convolution; all else is added before it.
        is_explicit = padding_mode != "zeros" or not self.window.is_padded_evenly
        self._pads = self.window.flat_padding if is_padded and is_explicit else ()
        self._conv_padding = tuple(0 if is_explicit else n for n, _ in self.window.padding)

        S_in, S_out = self.in_space.index, self.out_space.index
        planar_channels = out_channels * S_out, in_channels // groups * S_in
        self._kernel_shape = (*planar_channels, *self.kernel_size)
        shape = (out_channels, in_channels // groups, self.transform.num_parameters)
        self.weight = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        self.bias: nn.Parameter | None
        if flag("bias", bias):
            self.bias = nn.Parameter(torch.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self._flags = self.transform.is_masked, self.transform.is_ragged
        self._register_tables(device)
        self.reset_parameters()

    @property
    def in_space(self) -> Subgroup:
        """The space of the input, as a subgroup."""
        return self.transform.in_space

    @property
    def out_space(self) -> Subgroup:
        """The space of the output, as a subgroup."""
        return self.transform.out_space

    def reset_parameters(self) -> None:
        """Draw new parameters, as `torch.nn.Conv2d` does for the expanded bank."""
        bound = 1 / math.sqrt(self.weight.shape[1] * self.transform.num_cells)
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def filter_bank(self) -> Tensor:
        """The bank of transformed filters, `(C_out, S_out, C_in / groups, S_in, *kernel)`."""
        bank: Tensor = self._bank().unflatten(-1, (self.in_space.index, *self.kernel_size))
        return bank

    def forward(
        self,
        x: Tensor,  # shape: (B, C_in, S_in, *spatial)
    ) -> Tensor:  # shape: (B, C_out, S_out, *spatial)
        """Convolve, adding the bias within the one call of the planar convolution."""
        x = merge_planes(x, self.transform.in_space, self.in_channels, self.group.name)
        warn_if_uneven(type(self).__name__, self.window, x)
        if self._pads:
            x = F.pad(x, self._pads, mode=PADDING_MODES[self.padding_mode])
        kernel = self._bank().view(self._kernel_shape)  # channel-major
        bias: Tensor | None = self.bias
        if bias is not None:
            bias = bias.view(-1, 1).expand(-1, self.out_space.index).reshape(-1)
        padding = self._conv_padding
        y = self._convolve(x, kernel, bias, self.stride, padding, self.dilation, self.groups)
        return split_planes(y, self.out_channels, self.out_space.index)

    def extra_repr(self) -> str:
        """The arguments that differ from their defaults, as torch's layers show them."""
        options = {
            "stride": self.stride if max(self.stride) > 1 else None,
            "padding": self.padding if any(self.window.flat_padding) else None,
            "dilation": self.dilation if max(self.dilation) > 1 else None,
            "groups": self.groups if self.groups > 1 else None,
            "bias": False if self.bias is None else None,
            "padding_mode": self.padding_mode if self.padding_mode != "zeros" else None,
            "group": self.group.name,
        }
        shown = [f"{key}={value!r}" for key, value in options.items() if value is not None]
        planes = f"planes={self.in_space.index}→{self.out_space.index}"
        first = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        return ", ".join([first, *shown, planes])

    def _bank(self) -> Tensor:  # shape: (C_out, S_out, C_in / groups, S_in · box)
        weight, index = self.weight, self.bank_index
        if index.device != weight.device:
            self._place_tables(weight.device)
            index = self.bank_index
        return filter_bank(weight, index, self.bank_inverse, *self._flags)

    def _tables(self) -> Mapping[str, Table]:
        index = self.transform.index
        flat = index.reshape(len(index), -1)
        return {"bank_index": flat, "bank_inverse": self.transform.inverse}


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
    ) -> None:
        sizes = in_channels, out_channels, kernel_size, stride, padding, dilation, groups
        others = bias, padding_mode, device, dtype
        super().__init__(*sizes, *others, group=group, in_space="lattice", out_space=out_space)
