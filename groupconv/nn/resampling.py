"""Larger and smaller maps: upsampling, antialiased pooling, crops about the centre."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from groupconv.arguments import as_sizes, flag, number, positive
from groupconv.errors import ArgumentError, ShapeError
from groupconv.nn.buffers import TableModule, as_tensor
from groupconv.nn.layer import Layer
from groupconv.nn.planes import (
    CONVOLUTIONS,
    PADDING_MODES,
    TRANSPOSED,
    check_positions,
    flatten_planes,
    is_traced,
    of_dimension,
    require_padding_mode,
    unflatten_planes,
)
from groupconv.registry import as_group
from groupconv.transforms import Window, binomial_stencil, linear_stencil, require_symmetric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupconv.algebra import SplitGroup

MODES = ("nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area")
LINEAR = ("linear", "bilinear", "trilinear")
"""What torch calls linear interpolation in 1, 2 and 3 dimensions."""


class Upsample(TableModule):
    """Enlarge a map in space, on any space of the group; its planes stay as many.

    The arguments are those of `torch.nn.Upsample`. Positions are symmetric about the centre of the
    array; modes and sizes that torch reads unevenly are refused. Where the group shears the axes,
    as on the hexagonal lattice, `"linear"` interpolates on triangles, and `n` points become
    `scale_factor (n - 1) + 1`, so that the points of the input are points of the output.

    Args:
        size: The spatial size of the output.
        scale_factor: Or how many times larger it is; the size is rounded down.
        mode: `"nearest"`, `"nearest-exact"`, `"linear"` in any dimension (`"bilinear"` and
            `"trilinear"` are the same), `"bicubic"` or `"area"`.
        align_corners: Whether the centres of the outermost cells stay where they are; otherwise
            the edges of the array do. Only for linear and cubic modes.
        group: A group, or the name of an installed one.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Raises:
        ArgumentError: the mode or a size does not fit the group.
        ShapeError: (at a call) a `"nearest"` mode does not read an array of this size evenly.

    Examples:
        >>> import torch
        >>> Upsample(scale_factor=2, group="p4m")(torch.zeros(1, 16, 8, 5, 5)).shape
        torch.Size([1, 16, 8, 10, 10])
    """

    stencil: Tensor  # shape: a box of odd size, where the group shears the axes

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        *,
        group: SplitGroup | str,
    ) -> None:
        super().__init__()
        self.group = as_group(group)
        S, d = self.group.stabilizer, self.group.dimension
        self._transposed = of_dimension(TRANSPOSED, self.group.name, self.group.dimension)
        if (size is None) == (scale_factor is None):
            found = f"size={size!r} and scale_factor={scale_factor!r}"
            raise ArgumentError(f"{found}: expected one of the two")
        self.size = None if size is None else as_sizes("size", size, d)
        self.scale_factor = None if scale_factor is None else _factors(scale_factor, d)
        for argument, values in (("size", self.size), ("scale_factor", self.scale_factor)):
            if values is not None:
                require_symmetric(S, argument, values)
        if mode not in MODES or (mode == "bicubic" and d != 2):
            known = ["nearest", "nearest-exact", "linear", "area"] + ["bicubic"] * (d == 2)
            raise ArgumentError(f"mode={mode!r}: expected one of {', '.join(map(repr, known))}")
        self.mode = "linear" if mode in LINEAR else mode
        if align_corners is not None and self.mode not in ("linear", "bicubic"):
            raise ArgumentError(
                f"align_corners={align_corners}: only 'linear' and 'bicubic' have a choice, and "
                f"mode={mode!r} was given"
            )
        self.align_corners = align_corners
        if not S.permutes_axes and (self.mode != "linear" or align_corners is False):
            raise ArgumentError(
                f"mode={mode!r} with align_corners={align_corners}: {self.group.name!r} shears the "
                f"axes, and only mode='linear' with aligned corners commutes with it"
            )
        factors = self.scale_factor or (0,)
        self._fineness = int(factors[0])  # how many times finer the lattice of the output is
        if not S.permutes_axes and (self._fineness < 1 or set(factors) != {self._fineness}):
            raise ArgumentError(
                f"size={size}, scale_factor={scale_factor}: {self.group.name!r} shears the axes, "
                f"so points have to stay points of a finer lattice; give an integer scale_factor "
                f"f, which makes f·(n - 1) + 1 of n"
            )
        self._register_tables()

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge every plane in the same way."""
        planes, S = flatten_planes(x, self.group), self.group.stabilizer
        if not S.permutes_axes:
            return unflatten_planes(self._on_simplices(planes), x)
        if self.mode.startswith("nearest") and not is_traced():
            self._require_even_reading(tuple(planes.shape[2:]))
        larger = F.interpolate(
            planes,
            self.size,
            self.scale_factor,
            mode=LINEAR[S.dimension - 1] if self.mode == "linear" else self.mode,
            align_corners=self.align_corners,
            recompute_scale_factor=None if self.size else True,
        )
        return unflatten_planes(larger, x)

    def _require_even_reading(self, shape: tuple[int, ...]) -> None:
        """Refuse sizes at which the cells that are read do not lie symmetrically."""
        factors = self.scale_factor or ()
        size = self.size or tuple(
            math.floor(n * factor) for n, factor in zip(shape, factors, strict=True)
        )

        def is_even(n: int, m: int, mode: str) -> bool:
            read = [(2 * i + (mode == "nearest-exact")) * n // (2 * m) for i in range(m)]
            return read == [n - 1 - cell for cell in reversed(read)]

        for axis in self.group.stabilizer.reversed_axes:
            n, m = shape[axis], size[axis]
            if not is_even(n, m, self.mode):
                others = "'nearest-exact', " if is_even(n, m, "nearest-exact") else ""
                raise ShapeError(
                    f"x has {n} cells along axis {axis}, and mode={self.mode!r} reads them "
                    f"unevenly for a size of {m}, so it is not equivariant under "
                    f"{self.group.name!r}; use mode={others}'linear' or 'area', or a multiple of "
                    f"{n}"
                )

    def _on_simplices(self, planes: Tensor) -> Tensor:
        """Spread every point over its neighbours on the finer lattice."""
        if self.stencil.device != planes.device:
            self._place_tables(planes.device)
        alone = planes.flatten(0, 1).unsqueeze(1)  # shape: (B·C·S, 1, *spatial)
        factor, reach = self._fineness, len(self.stencil) // 2
        kernel = self.stencil.to(planes.dtype)[None, None]
        spread = self._transposed(alone, kernel, stride=factor, padding=reach)
        return spread.view(*planes.shape[:2], *spread.shape[2:])

    def _tables(self, device: torch.device) -> Mapping[str, Tensor]:
        S = self.group.stabilizer
        if S.permutes_axes:
            return {}
        return {"stencil": as_tensor(linear_stencil(S, self._fineness), device)}

    def extra_repr(self) -> str:
        """The arguments that were given, and the group."""
        given: dict[str, object] = {"size": self.size, "scale_factor": self.scale_factor}
        given |= {"mode": self.mode, "align_corners": self.align_corners, "group": self.group.name}
        return ", ".join(f"{key}={value!r}" for key, value in given.items() if value is not None)


class BlurPool(TableModule):
    """Antialiased pooling: a binomial blur that the group keeps, then every `stride`-th cell.

    A stride alone folds high frequencies into low ones, which spoils the invariance to
    translations; see Zhang, *Making Convolutional Networks Shift-Invariant Again* (ICML 2019).

    Args:
        kernel_size: The size of the blur, 2 for a plain average, 3 for `[1, 2, 1] / 4`, and so on;
            odd where the group shears the axes.
        stride: The step between outputs.
        padding: Cells added on both sides of each axis.
        padding_mode: `"zeros"`, `"reflect"`, `"replicate"` or `"circular"`.
        group: A group, or the name of an installed one.
        strict: Whether positions that do not reach both ends are an error.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Raises:
        ArgumentError: an argument does not fit the group.
        EquivarianceWarning: (at a call) the positions do not reach both ends of the array.

    Examples:
        >>> import torch
        >>> BlurPool(3, padding=1, group="p4m")(torch.zeros(1, 16, 8, 9, 9)).shape
        torch.Size([1, 16, 8, 5, 5])
    """

    stencil: Tensor  # shape: kernel_size along each axis

    def __init__(
        self,
        kernel_size: int = 3,
        stride: int | Sequence[int] = 2,
        padding: int | Sequence[int] = 0,
        padding_mode: str = "zeros",
        *,
        group: SplitGroup | str,
        strict: bool = False,
    ) -> None:
        super().__init__()
        self.group, self.strict = as_group(group), flag("strict", strict)
        S = self.group.stabilizer
        self._convolve = of_dimension(CONVOLUTIONS, self.group.name, self.group.dimension)
        self.kernel_size = positive("kernel_size", kernel_size)
        self._register_tables()  # refuses sizes that the group does not keep
        self.padding_mode = require_padding_mode(padding_mode, self.group, is_used=padding != 0)
        name, is_circular = self.group.name, padding_mode == "circular"
        self.window = Window.read(
            S, kernel_size, stride, padding, group=name, is_circular=is_circular
        )

    def forward(self, x: Tensor) -> Tensor:
        """Blur every plane in the same way."""
        planes = flatten_planes(x, self.group)
        check_positions(type(self).__name__, self.window, x, is_strict=self.strict)
        if self.stencil.device != x.device:
            self._place_tables(x.device)
        alone = planes.flatten(0, 1).unsqueeze(1)  # shape: (B·C·S, 1, *spatial)
        mode = PADDING_MODES[self.padding_mode]
        padded = F.pad(alone, self.window.flat_padding, mode=mode)
        kernel = self.stencil.to(x.dtype)[None, None]
        pooled = self._convolve(padded, kernel, stride=self.window.stride)
        return unflatten_planes(pooled.view(*planes.shape[:2], *pooled.shape[2:]), x)

    def _tables(self, device: torch.device) -> Mapping[str, Tensor]:
        stencil = binomial_stencil(self.group.stabilizer, self.kernel_size)
        return {"stencil": as_tensor(stencil, device)}

    def extra_repr(self) -> str:
        """The arguments and the group."""
        padding = tuple(low for low, _ in self.window.padding)
        return (
            f"{self.kernel_size}, stride={self.window.stride}, padding={padding}, "
            f"padding_mode={self.padding_mode!r}, group={self.group.name!r}"
        )


class CenterCrop(Layer):
    """Cut the middle out of a map, as a skip connection of a U-Net without padding does.

    Args:
        size: The spatial size to keep, one integer or one per axis.
        group: A group, or the name of an installed one.

    Shapes:
        Input `(B, C, S, *spatial)` or `(B, C, *spatial)`, output the same with `size`.

    Raises:
        ArgumentError: the size is not symmetric under the group.
        ShapeError: (at a call) the input is smaller, or cannot be cut evenly on both sides.

    Examples:
        >>> import torch
        >>> CenterCrop(5, group="p4")(torch.zeros(1, 16, 4, 9, 9)).shape
        torch.Size([1, 16, 4, 5, 5])
    """

    def __init__(self, size: int | Sequence[int], *, group: SplitGroup | str) -> None:
        super().__init__()
        self.group = as_group(group)
        self.size = as_sizes("size", size, self.group.dimension)
        require_symmetric(self.group.stabilizer, "size", self.size)

    def forward(self, x: Tensor) -> Tensor:
        """Cut the same number of cells off both sides."""
        flatten_planes(x, self.group)  # refuses what is not a map
        shape, S = tuple(x.shape[-len(self.size) :]), self.group.stabilizer
        if any(n < m for n, m in zip(shape, self.size, strict=True)):
            raise ShapeError(f"x has shape {shape} in space, smaller than size={self.size}")
        for axis in S.reversed_axes:
            n, m = shape[axis], self.size[axis]
            if (n - m) % 2:
                raise ShapeError(
                    f"x has {n} cells along axis {axis}, and size={m} cannot be cut out of its "
                    f"middle, since {n - m} cells are to go; use size {m - 1} or {m + 1}"
                )
        for axis, (n, m) in enumerate(zip(shape, self.size, strict=True)):
            x = x.narrow(axis - len(shape), (n - m) // 2, m)
        return x

    def extra_repr(self) -> str:
        """The size and the group."""
        return f"{self.size}, group={self.group.name!r}"


def _factors(scale_factor: float | Sequence[float], d: int) -> tuple[float, ...]:
    """One factor per axis."""
    given = scale_factor if isinstance(scale_factor, Sequence) else (scale_factor,) * d
    if len(given) != d:
        raise ArgumentError(f"scale_factor={scale_factor!r}: expected one number or {d} of them")
    return tuple(number("scale_factor", factor, 0, exclusive=True) for factor in given)
