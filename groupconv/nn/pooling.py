"""Pooling over cosets of a subgroup, and over space."""

from __future__ import annotations

import functools
import math
from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groupconv.algebra import as_space
from groupconv.arguments import flag
from groupconv.errors import ArgumentError, ShapeError
from groupconv.nn.buffers import TableModule
from groupconv.nn.planes import (
    planar_convolution,
    pool_planes,
    require_mode,
    warn_if_uneven,
    wrong_input,
)
from groupconv.registry import as_group
from groupconv.transforms import Window, support_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groupconv.algebra import Space, SplitGroup
    from groupconv.nn.buffers import Table


class CosetPool(TableModule):
    """Pool over the cosets of a subgroup, from `G/H` to `G/K` with `H ≤ K` (section 6.3).

    Args:
        subgroup: `K`; by default the whole stabilizer, so that the result is a planar map.
        mode: `"max"`, `"mean"` or `"sum"`.
        group: A group, or the name of an installed one.
        in_space: The space `G/H` of the input.

    Shapes:
        Input `(B, C, S/H, *spatial)`, output `(B, C, S/K, *spatial)`; a map on the lattice has
        no stabilizer axis.

    Raises:
        ArgumentError: `K` does not contain `H`, or the mode is unknown.
        ShapeError: (at a call) the input does not lie on `in_space`.

    Examples:
        >>> import torch
        >>> CosetPool(group="p4m")(torch.zeros(2, 16, 8, 9, 9)).shape
        torch.Size([2, 16, 9, 9])
    """

    planes: Tensor  # shape: (S/K, K/H)

    def __init__(
        self,
        subgroup: Space = "lattice",
        mode: str = "max",
        *,
        group: SplitGroup | str,
        in_space: Space = "group",
    ) -> None:
        super().__init__()
        require_mode(mode)
        self.group = as_group(group)
        self.in_space = as_space(self.group.stabilizer, in_space, "in_space")
        self.out_space = as_space(self.group.stabilizer, subgroup, "subgroup")
        self.mode = mode
        self._register_tables()

    def forward(self, x: Tensor) -> Tensor:
        """Pool the planes of each coset."""
        if self.planes.device != x.device:
            self._place_tables(x.device)
        return pool_planes(x, self.planes, self.in_space, self.mode, self.group.name)

    def extra_repr(self) -> str:
        """The group, the planes before and after, and the mode."""
        return (
            f"group={self.group.name!r}, planes={self.in_space.index}→{self.out_space.index}, "
            f"mode={self.mode!r}"
        )

    def _tables(self) -> Mapping[str, Table]:
        return {"planes": self.in_space.planes_in(self.out_space)}


class _SpatialPool(nn.Module):
    """What both spatial poolings share: a window that is symmetric under the group.

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
    ) -> None:
        super().__init__()
        self.group = as_group(group)
        S = self.group.stabilizer
        planar_convolution(self.group.name, S.dimension)  # refuses other dimensions
        steps = kernel_size if stride is None else stride
        self.window = Window.read(S, kernel_size, steps, padding, dilation, group=self.group.name)
        self.kernel_size, self.stride = self.window.kernel_size, self.window.stride
        self.dilation = self.window.dilation
        self.padding = tuple(low for low, _ in self.window.padding)
        cells, _ = support_cells(S, self.kernel_size)
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
        """Pool every plane in the same way; any axes may stand between batch and space."""
        d = self.group.dimension
        if not isinstance(x, Tensor) or x.ndim < d + 2:
            raise wrong_input(x, ("C",), d, self.group.name)
        warn_if_uneven(type(self).__name__, self.window, x)
        planes = x.flatten(1, -d - 1)  # shape: (B, C·S, *spatial)
        pooled = self._pool(planes) if self._cells is None else self._reduce(self._views(planes))
        return pooled.view(*x.shape[:-d], *pooled.shape[-d:])

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
        group: A group, or the name of an installed one.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Raises:
        ArgumentError: the window has no symmetric part of that size.

    Examples:
        >>> import torch
        >>> MaxPool(2, group="p4")(torch.zeros(2, 16, 4, 8, 8)).shape
        torch.Size([2, 16, 4, 4, 4])
    """

    def _pool(self, planes: Tensor) -> Tensor:
        pool = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[self.group.dimension]
        return pool(planes, self.kernel_size, self.stride, self.padding, self.dilation)

    def _reduce(self, views: list[Tensor]) -> Tensor:
        return functools.reduce(torch.maximum, views)


class AvgPool(_SpatialPool):
    """Spatial average pooling, on the lattice or on any space of the group.

    Args:
        kernel_size: The size of the window's box; a group that does not keep the box takes its
            symmetric part, such as 7 cells for size 3 on the hexagonal lattice.
        stride: The step between windows; by default the window's size.
        padding: Zeros added on both sides of each axis.
        count_include_pad: Whether those zeros count in the average; they have to where the group
            does not keep the box, since the zeros that a `Mask` leaves count as well.
        group: A group, or the name of an installed one.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Raises:
        ArgumentError: the window has no symmetric part of that size.

    Examples:
        >>> import torch
        >>> AvgPool(2, group="p4")(torch.zeros(2, 16, 4, 8, 8)).shape
        torch.Size([2, 16, 4, 4, 4])
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        *,
        count_include_pad: bool = True,
        group: SplitGroup | str,
    ) -> None:
        super().__init__(kernel_size, stride, padding, group=group)
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
        pool = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[self.group.dimension]
        options = {"count_include_pad": self.count_include_pad}
        return pool(planes, self.kernel_size, self.stride, self.padding, **options)

    def _reduce(self, views: list[Tensor]) -> Tensor:
        return functools.reduce(torch.add, views) / len(views)
