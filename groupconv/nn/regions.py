"""Keeping a feature map to the part of its array, or to a sublattice, that a group keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupconv.arguments import as_sizes, positive
from groupconv.errors import ShapeError
from groupconv.nn.buffers import TableModule, as_tensor
from groupconv.registry import as_group
from groupconv.transforms import invariant_region, require_symmetric, sublattice_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from torch import Tensor

    from groupconv.algebra import SplitGroup


class Mask(TableModule):
    """Set a feature map to zero outside the part of its array that the group keeps.

    A square array on the hexagonal lattice is not a hexagon, so a turn moves its corners out. With
    a mask behind every layer that has a window or adds a constant, everything happens on the
    hexagon inside, and is exactly equivariant there.

    Args:
        size: The spatial size, one integer or one per axis; odd on the hexagonal lattice.
        group: A group, or the name of an installed one.

    Shapes:
        Input and output `(B, C, S, *spatial)` or `(B, C, *spatial)`.

    Raises:
        ArgumentError: the group keeps no cell of such an array, or mixes axes of unequal size.

    Examples:
        >>> import torch
        >>> from groupconv import HEXAGONAL, GeneratedGroup
        >>> thirds = GeneratedGroup("thirds", {"r": ([[0, -1], [1, -1]], 3)}, HEXAGONAL)
        >>> Mask(3, group=thirds)(torch.ones(1, 1, 3, 3)).sum().item()
        7.0
    """

    outside: Tensor  # shape: size, bool

    def __init__(self, size: int | Sequence[int], *, group: SplitGroup | str) -> None:
        super().__init__()
        self.group = as_group(group)
        self.size = as_sizes("size", size, self.group.dimension)
        require_symmetric(self.group.stabilizer, "size", self.size)
        self._register_tables()

    def forward(self, x: Tensor) -> Tensor:
        """Fill the rest with zeros."""
        _require_size(x, self.size)
        if self.outside.device != x.device:
            self._place_tables(x.device)
        return x.masked_fill(self.outside, 0)

    def extra_repr(self) -> str:
        """The size, how much of it is kept, and the group."""
        kept = invariant_region(self.group.stabilizer, self.size).sum()
        return f"{self.size}, cells={kept}, group={self.group.name!r}"

    def _tables(self, device: torch.device) -> Mapping[str, Tensor]:
        outside = ~invariant_region(self.group.stabilizer, self.size)
        return {"outside": as_tensor(outside, device)}


class Subsample(TableModule):
    """Read a feature map on a sublattice on which the group acts as on the lattice itself.

    Its stride need not be an integer: index 3 on the hexagonal lattice is a step of √3, turned by
    30 degrees. Which indices there are, from 2 to 16, depends on the group: 3, 4, 7, … for turns by
    60 or 120 degrees, 2, 4, 5, … for quarter turns, only squares for p4m and p6m.

    Args:
        index: How many times fewer points the sublattice has.
        size: The spatial size of the input, odd.
        group: A group of the plane, or the name of an installed one.

    Shapes:
        Input `(B, C, S, *spatial)` or `(B, C, *spatial)`; the output has `output_size`, with zeros
        where a point lies outside the part of the input that the group keeps (see `Mask`).

    Raises:
        ArgumentError: there is no such sublattice (the error lists those that there are), or the
            size is even.

    Examples:
        >>> import torch
        >>> layer = Subsample(2, 5, group="p4")
        >>> layer.output_size, layer(torch.ones(1, 1, 5, 5)).sum().item()
        ((5, 5), 13.0)
    """

    cells: Tensor  # shape: output_size, flattened
    outside: Tensor  # shape: output_size, bool

    def __init__(self, index: int, size: int | Sequence[int], *, group: SplitGroup | str) -> None:
        super().__init__()
        self.group = as_group(group)
        self.index = positive("index", index)
        self.size = as_sizes("size", size, self.group.dimension)
        require_symmetric(self.group.stabilizer, "size", self.size)
        self._register_tables()
        self.output_size = tuple(self.outside.shape)

    def forward(self, x: Tensor) -> Tensor:
        """Read at the points of the sublattice."""
        _require_size(x, self.size)
        if self.cells.device != x.device:
            self._place_tables(x.device)
        read = x.flatten(-2).index_select(-1, self.cells)
        result: Tensor = read.unflatten(-1, self.output_size).masked_fill(self.outside, 0)
        return result

    def extra_repr(self) -> str:
        """The index, the sizes and the group."""
        sizes = f"{self.size}→{self.output_size}"
        return f"index={self.index}, {sizes}, group={self.group.name!r}"

    def _tables(self, device: torch.device) -> Mapping[str, Tensor]:
        cells = sublattice_cells(self.group.stabilizer, self.index, self.size)
        inside = cells.ravel().clip(min=0)
        return {"cells": as_tensor(inside, device), "outside": as_tensor(cells < 0, device)}


def _require_size(x: Tensor, size: tuple[int, ...]) -> None:
    if tuple(x.shape[-len(size) :]) != size:
        raise ShapeError(
            f"x has shape {tuple(x.shape)}, expected its spatial axes to be {size}, the size that "
            f"the layer was made for"
        )
