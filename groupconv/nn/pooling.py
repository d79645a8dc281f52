"""Spatial pooling that commutes with the group."""

from __future__ import annotations

import functools
import math
from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from groupconv.arguments import as_sizes, flag
from groupconv.errors import ArgumentError, ShapeError
from groupconv.nn.buffers import TableModule, as_tensor
from groupconv.nn.layer import Layer
from groupconv.nn.planes import (
    check_positions,
    flatten_planes,
    is_traced,
    of_dimension,
    unflatten_planes,
)
from groupconv.registry import as_group
from groupconv.transforms import Window, invariant_region, require_symmetric, support_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import ClassVar

    from groupconv.algebra import SplitGroup
    from groupconv.nn.planes import Planar

MAX_POOLS = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
AVG_POOLS = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)


class _Pool(Layer):
    """A pool that treats every plane alike, by one of torch's where boxes are its windows."""

    _planar_pools: ClassVar[tuple[Planar, ...]]

    def __init__(self, group: SplitGroup | str) -> None:
        super().__init__()
        self.group = as_group(group)
        of_dimension(self._planar_pools, self.group.name, self.group.dimension)  # or refuses it

    @property
    def _planar(self) -> Planar:
        return self._planar_pools[self.group.dimension - 1]


class _SpatialPool(_Pool):
    """What spatial poolings share: a window that is symmetric under the group.

    It is the box if the group keeps that, otherwise its symmetric part: 7 cells of a box of size 3
    on the hexagonal lattice.
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        *,
        group: SplitGroup | str,
        support: str = "group",
        strict: bool = False,
    ) -> None:
        super().__init__(group)
        self.strict = flag("strict", strict)
        S = self.group.stabilizer
        steps = kernel_size if stride is None else stride
        self.window = Window.read(S, kernel_size, steps, padding, dilation, group=self.group.name)
        self.kernel_size, self.stride = self.window.kernel_size, self.window.stride
        self.dilation = self.window.dilation
        self.padding = tuple(low for low, _ in self.window.padding)
        cells, _ = support_cells(S, self.kernel_size, support)
        is_box = cells.size == math.prod(self.kernel_size)
        places = np.stack(np.unravel_index(cells, self.kernel_size), axis=-1)
        self._cells = None if is_box else places.tolist()

    def extra_repr(self) -> str:
        """The window and the group."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            + (f"dilation={self.dilation}, " if max(self.dilation) > 1 else "")
            + f"group={self.group.name!r}"
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pool every plane in the same way."""
        planes = flatten_planes(x, self.group)
        check_positions(type(self).__name__, self.window, x, is_strict=self.strict)
        pooled = self._pool(planes) if self._cells is None else self._reduce(self._views(planes))
        return unflatten_planes(pooled, x)

    @abstractmethod
    def _pool(self, planes: Tensor) -> Tensor:
        """Pool over boxes."""

    @abstractmethod
    def _reduce(self, views: list[Tensor]) -> Tensor:
        """Pool over windows that are not boxes, given by their cells."""

    def _views(self, planes: Tensor) -> list[Tensor]:
        """What each cell of a window that is not a box reads, all of the output's shape."""
        if min(self.window.room(planes.shape[2:])) < 0:
            shape = tuple(planes.shape[2:])
            raise ShapeError(f"x has shape {shape} in space, too small for {self.kernel_size}")
        padded = F.pad(planes, self.window.flat_padding)
        views = []
        for cell in self._cells or ():
            index = [slice(None)] * 2
            for axis, offset in enumerate(cell):
                dilation, size = self.dilation[axis], self.kernel_size[axis]
                start = dilation * offset
                stop = start + padded.shape[2 + axis] - dilation * (size - 1)
                index.append(slice(start, stop, self.stride[axis]))
            views.append(padded[tuple(index)])
        return views


class MaxPool(_SpatialPool):
    """Spatial max pooling, on the lattice or on any space of the group (section 6.3).

    Equivariance needs windows that reach both ends of the array: `n + 2 padding - kernel_size`
    divisible by `stride` (a warning says where it is not).

    Args:
        kernel_size: The size of the window's box; a group that does not keep the box takes its
            symmetric part, such as 7 cells for size 3 on the hexagonal lattice.
        stride: The step between windows; by default the window's size.
        padding: Cells added on both sides of each axis, never the maximum. Where the group does
            not keep the box they are zeros, as is what a `Mask` leaves next to them.
        dilation: The distance between the window's cells.
        return_indices: Always False; the positions of maxima do not turn with the map.
        ceil_mode: Always False; a window that hangs over one end alone breaks equivariance.
        group: A group, or the name of an installed one.
        support: Which symmetric part of the box: of the `"group"` or of the `"lattice"`.
        strict: Whether windows that do not reach both ends are an error.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Raises:
        ArgumentError: the window has no symmetric part of that size, or the group does not allow
            `return_indices` or `ceil_mode`.
        EquivarianceWarning: (at a call) the windows do not reach both ends of the array.

    Examples:
        >>> import torch
        >>> MaxPool(2, group="p4")(torch.zeros(2, 16, 4, 8, 8)).shape
        torch.Size([2, 16, 4, 4, 4])
    """

    _planar_pools = MAX_POOLS

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
        *,
        group: SplitGroup | str,
        support: str = "group",
        strict: bool = False,
    ) -> None:
        if return_indices:
            raise ArgumentError(
                "return_indices=True: positions in an array do not move with the map, so MaxUnpool "
                "cannot use them; enlarge with Upsample or GroupConvTranspose"
            )
        refuse_ceil_mode(ceil_mode)
        sizes = kernel_size, stride, padding, dilation
        super().__init__(*sizes, group=group, support=support, strict=strict)

    def _pool(self, planes: Tensor) -> Tensor:
        return self._planar_pools[self.group.dimension - 1](
            planes, self.kernel_size, self.stride, self.padding, self.dilation
        )

    def _reduce(self, views: list[Tensor]) -> Tensor:
        return functools.reduce(torch.maximum, views)


class AvgPool(_SpatialPool):
    """Spatial average pooling, on the lattice or on any space of the group.

    Args:
        kernel_size: The size of the window's box; a group that does not keep the box takes its
            symmetric part, such as 7 cells for size 3 on the hexagonal lattice.
        stride: The step between windows; by default the window's size.
        padding: Zeros added on both sides of each axis.
        ceil_mode: Always False; a window that hangs over one end alone breaks equivariance.
        count_include_pad: Whether those zeros count in the average; they have to where the group
            does not keep the box, since the zeros that a `Mask` leaves count as well.
        group: A group, or the name of an installed one.
        support: Which symmetric part of the box: of the `"group"` or of the `"lattice"`.
        strict: Whether windows that do not reach both ends are an error.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Raises:
        ArgumentError: the window has no symmetric part of that size, or the group does not allow
            `ceil_mode`.
        EquivarianceWarning: (at a call) the windows do not reach both ends of the array.

    Examples:
        >>> import torch
        >>> AvgPool(2, group="p4")(torch.zeros(2, 16, 4, 8, 8)).shape
        torch.Size([2, 16, 4, 4, 4])
    """

    _planar_pools = AVG_POOLS

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        *,
        group: SplitGroup | str,
        support: str = "group",
        strict: bool = False,
    ) -> None:
        refuse_ceil_mode(ceil_mode)
        sizes = kernel_size, stride, padding
        super().__init__(*sizes, group=group, support=support, strict=strict)
        self.count_include_pad = flag("count_include_pad", count_include_pad)
        if self._cells is not None and any(self.padding) and not count_include_pad:
            raise ArgumentError(
                f"count_include_pad=False with padding={self.padding}: {self.group.name!r} maps "
                f"the array's edges into the array, where cells count; leave it True"
            )

    def extra_repr(self) -> str:
        """The window, the group, and whether padding does not count."""
        counted = "" if self.count_include_pad else ", count_include_pad=False"
        return super().extra_repr() + counted

    def _pool(self, planes: Tensor) -> Tensor:
        options = {"count_include_pad": self.count_include_pad}
        return self._planar_pools[self.group.dimension - 1](
            planes, self.kernel_size, self.stride, self.padding, **options
        )

    def _reduce(self, views: list[Tensor]) -> Tensor:
        return functools.reduce(torch.add, views) / len(views)


def refuse_ceil_mode(ceil_mode: bool) -> None:
    """Refuse windows that hang over one end of the array."""
    if flag("ceil_mode", ceil_mode):
        raise ArgumentError(
            "ceil_mode=True adds a window that hangs over one end of the array, and the group "
            "exchanges its ends; choose a size, padding or stride with which nothing is left over"
        )


class _AdaptivePool(_Pool, TableModule):
    """What both adaptive poolings share: an output of a given size, whatever the input's size.

    Torch's windows are symmetric about the centre at any size. On a lattice that the group shears,
    only the pool over everything that the group keeps is left.
    """

    matrices: Tensor  # shape: (S, d, d)

    def __init__(self, output_size: int | Sequence[int], *, group: SplitGroup | str) -> None:
        super().__init__(group)
        self._register_tables()
        S = self.group.stabilizer
        self.output_size = as_sizes("output_size", output_size, S.dimension)
        require_symmetric(S, "output_size", self.output_size)
        if not S.permutes_axes and max(self.output_size) > 1:
            raise ArgumentError(
                f"output_size={self.output_size}: {self.group.name!r} shears the axes, so no boxes "
                f"of an array are its windows; use output_size=1, or a pool with a kernel_size"
            )

    def extra_repr(self) -> str:
        """The size and the group."""
        return f"{self.output_size}, group={self.group.name!r}"

    def forward(self, x: Tensor) -> Tensor:
        """Pool every plane in the same way."""
        planes, S = flatten_planes(x, self.group), self.group.stabilizer
        if S.permutes_axes:
            return unflatten_planes(self._planar(planes, self.output_size), x)
        if self.matrices.device != x.device:
            self._place_tables(x.device)
        shape = tuple(planes.shape[2:])
        if not is_traced():  # refuses an array of which nothing is kept
            S.memo.get(("region", shape), lambda: invariant_region(S, shape))
        kept = _kept_cells(self.matrices, shape)
        pooled = self._reduce(planes.flatten(2), kept)
        return unflatten_planes(pooled.view(*pooled.shape, *self.output_size), x)

    def _tables(self, device: torch.device) -> Mapping[str, Tensor]:
        return {"matrices": as_tensor(self.group.stabilizer.matrices, device)}

    @abstractmethod
    def _reduce(
        self,
        cells: Tensor,  # shape: (B, C·S, cells)
        kept: Tensor,  # shape: (cells,), bool
    ) -> Tensor:  # shape: (B, C·S)
        """Reduce those cells that the group keeps."""


def _kept_cells(
    matrices: Tensor,  # shape: (S, d, d)
    shape: Sequence[int],
) -> Tensor:  # shape: (cells,), bool
    """`invariant_region` in torch, so that it can be traced for any size."""
    axes = [2 * torch.arange(n, device=matrices.device) - (n - 1) for n in shape]
    cells = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, -2)
    moved = (matrices.unsqueeze(1) * cells.unsqueeze(-2)).sum(-1)  # shape: (S, cells, d)
    sizes = torch.stack([axis[-1] + 1 for axis in axes])
    is_inside = (moved.abs() < sizes) & ((moved + sizes) % 2 == 1)
    return is_inside.all(-1).all(0)


class AdaptiveAvgPool(_AdaptivePool):
    """The average over windows that divide the array evenly into a given number of cells.

    Args:
        output_size: The spatial size of the output; 1 for the average over all cells. On a lattice
            that the group shears, only 1, over the cells that the group keeps.
        group: A group, or the name of an installed one.

    Shapes:
        Input `(B, C, S, *spatial)` or `(B, C, *spatial)`, output the same with `output_size`.

    Raises:
        ArgumentError: the size is not symmetric under the group.

    Examples:
        >>> import torch
        >>> AdaptiveAvgPool(1, group="p4")(torch.ones(2, 16, 4, 7, 7)).shape
        torch.Size([2, 16, 4, 1, 1])
    """

    _planar_pools = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)

    def _reduce(self, cells: Tensor, kept: Tensor) -> Tensor:
        return (cells * kept).sum(-1) / kept.sum()


class AdaptiveMaxPool(_AdaptivePool):
    """The maximum over windows that divide the array evenly into a given number of cells.

    Arguments, shapes and errors are those of `AdaptiveAvgPool`.

    Examples:
        >>> import torch
        >>> AdaptiveMaxPool(2, group="p4m")(torch.ones(2, 16, 8, 7, 7)).shape
        torch.Size([2, 16, 8, 2, 2])
    """

    _planar_pools = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)

    def _reduce(self, cells: Tensor, kept: Tensor) -> Tensor:
        return cells.masked_fill(~kept, -math.inf).amax(-1)
