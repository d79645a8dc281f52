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
from groupconv.nn.functional import bank_flags, convolve, flatten_planes, require_layers
from groupconv.nn.tables import TableModule
from groupconv.nn.tensors import placement, require_type
from groupconv.nn.windows import check_padding, check_windows, needs_centre
from groupconv.registry import as_group
from groupconv.transforms import as_sizes, filter_transform, permutes_axes, require_symmetric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from groupconv.algebra import Space, SplitGroup

__all__ = ["GroupConv", "LiftingConv"]

PADDING_MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "replicate",
    "circular": "circular",
}


class GroupConv(TableModule):
    """A convolution from one space of a group to another, by default from `G` to `G` (eq. 11).

    The arguments are those of `torch.nn.Conv2d`; the group tells the number of dimensions. It
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
        lattice has no stabilizer axis, and `B` may be missing.

    Raises:
        ArgumentError: an argument does not fit the group, or would break equivariance.
        EquivarianceWarning: (at a call) the stride leaves cells over at one end of an axis.
        AxiomError: the group is broken.

    Examples:
        >>> layer = GroupConv(16, 32, 3, padding=1, group="p4m")
        >>> layer(torch.zeros(2, 16, 8, 9, 9)).shape
        torch.Size([2, 32, 8, 9, 9])
    """

    bank_index: Tensor
    bank_inverse: Tensor

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
        factory = placement(device, dtype)
        self.group = as_group(group)
        require_layers(self.group)
        in_channels, out_channels, groups = _channels(in_channels, out_channels, groups)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.transform = filter_transform(self.group, kernel_size, in_space, out_space)
        self.kernel_size = self.transform.kernel_size
        self.stride = self._sizes("stride", stride)
        self.dilation = self._sizes("dilation", dilation)
        self.padding = padding
        self._pads = self._resolve_padding(padding)
        if not isinstance(padding_mode, str) or padding_mode not in PADDING_MODES:
            raise ArgumentError(
                f"padding_mode={padding_mode!r}: expected one of "
                f"{', '.join(map(repr, PADDING_MODES))}"
            )
        is_continued = padding_mode in ("reflect", "replicate") and any(map(any, self._pads))
        if is_continued and not permutes_axes(self.group):
            raise ArgumentError(
                f"padding_mode={padding_mode!r} continues an array beyond its edges, and "
                f"{self.group.name!r} maps these into the array; use 'zeros' with a Mask, or "
                f"'circular'"
            )
        self.padding_mode = padding_mode
        self._masked, self._ragged = bank_flags(self.transform)

        shape = (out_channels, in_channels // groups, self.transform.num_parameters)
        self.weight = nn.Parameter(torch.empty(shape, **factory))
        self.bias: nn.Parameter | None
        if flag("bias", bias):
            self.bias = nn.Parameter(torch.empty(out_channels, **factory))
        else:
            self.register_parameter("bias", None)
        self._register_tables(device)
        self.reset_parameters()

    @property
    def in_space(self) -> Space:
        """The space of the input, as a subgroup."""
        return self.transform.in_space

    @property
    def out_space(self) -> Space:
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
        planes = (self.transform.in_space.index, *self.kernel_size)
        bank: Tensor = self._bank().unflatten(-1, planes)
        return bank

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, adding the bias within the one call of the planar convolution."""
        x = flatten_planes(x, self.transform.in_space, self.in_channels)
        require_type(x, self.weight)
        window = (self.kernel_size, self.stride, [a + b for a, b in self._pads], self.dilation)
        is_torus = self.padding_mode == "circular"
        check_windows(type(self).__name__, self.group, x, *window, circular=is_torus)
        padding: tuple[int, ...] = tuple(low for low, _ in self._pads)
        if self.padding_mode != "zeros":
            check_padding(type(self).__name__, x, self.padding_mode, self._pads)
        if self.padding_mode != "zeros" or any(low != high for low, high in self._pads):
            reversed_pads = [n for pair in reversed(self._pads) for n in pair]
            x = F.pad(x, reversed_pads, mode=PADDING_MODES[self.padding_mode])
            padding = (0,) * len(padding)
        return convolve(
            x,
            self._bank(),
            self.bias,
            self.stride,
            padding,
            self.dilation,
            self.groups,
            self.transform,
        )

    def extra_repr(self) -> str:
        """The arguments that differ from their defaults, as torch's layers show them."""
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        ones = (1,) * self.group.dimension
        if self.stride != ones:
            parts.append(f"stride={self.stride}")
        if any(pair != (0, 0) for pair in self._pads):
            parts.append(f"padding={self.padding!r}")
        if self.dilation != ones:
            parts.append(f"dilation={self.dilation}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode!r}")
        parts.append(f"group={self.group.name!r}")
        parts.append(f"planes={self.transform.in_space.index}→{self.transform.out_space.index}")
        return ", ".join(parts)

    def _bank(self) -> Tensor:
        return filter_bank(
            self.weight,
            self._table("bank_index", self.weight.device),
            self._table("bank_inverse", self.weight.device),
            masked=self._masked,
            ragged=self._ragged,
        )

    def _tables(self) -> Mapping[str, npt.NDArray[np.int64]]:
        index = self.transform.index
        return {
            "bank_index": index.reshape(len(index), -1),
            "bank_inverse": self.transform.inverse,
        }

    def _sizes(self, argument: str, value: int | Sequence[int], least: int = 1) -> tuple[int, ...]:
        sizes = as_sizes(self.group, argument, value, least)
        require_symmetric(self.group, argument, sizes)
        return sizes

    def _resolve_padding(self, padding: int | Sequence[int] | str) -> tuple[tuple[int, int], ...]:
        """The cells added before and after each axis."""
        if not isinstance(padding, str):
            return tuple((n, n) for n in self._sizes("padding", padding, least=0))
        if padding == "valid":
            return ((0, 0),) * self.group.dimension
        if padding != "same":
            raise ArgumentError(f"padding={padding!r}: expected integers, 'same' or 'valid'")
        if any(n != 1 for n in self.stride):
            raise ArgumentError(
                f"padding='same' needs stride 1, not stride={self.stride}; give a number, such as "
                f"padding=kernel_size // 2"
            )
        totals = [n * (k - 1) for n, k in zip(self.dilation, self.kernel_size, strict=True)]
        centred = needs_centre(self.group)
        if any(n % 2 and axis in centred for axis, n in enumerate(totals)):
            raise ArgumentError(
                f"padding='same' with kernel_size={self.kernel_size} would pad one side of an "
                f"axis more than the other, and {self.group.name!r} maps these sides to each "
                f"other; use an odd kernel_size or a number"
            )
        return tuple((n // 2, n - n // 2) for n in totals)


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
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
            group=group,
            in_space="lattice",
            out_space=out_space,
        )


def _channels(in_channels: int, out_channels: int, groups: int) -> tuple[int, int, int]:
    named = {"in_channels": in_channels, "out_channels": out_channels, "groups": groups}
    in_channels, out_channels, groups = (positive(*item) for item in named.items())
    for argument in ("in_channels", "out_channels"):
        if named[argument] % groups:
            raise ArgumentError(
                f"{argument}={named[argument]} is not divisible by groups={groups}; change either"
            )
    return in_channels, out_channels, groups
