"""From feature maps to fields of vectors that turn with the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from groupconv.algebra import as_space
from groupconv.arguments import positive
from groupconv.errors import ArgumentError
from groupconv.nn.buffers import TableModule, as_tensor
from groupconv.nn.planes import merge_planes, planar_axes
from groupconv.registry import as_group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupconv.algebra import Space, SplitGroup


class VectorHead(TableModule):
    """One vector per channel and cell, `Σ_s A_s e f(s)`, which turns with the image.

    For flow, forces and directions: if the input turns, the field turns and so does each vector.
    `e` is a learned direction of each channel; on a quotient space `G/H` it is made invariant
    under `H`.

    Args:
        channels: The number of channels `C`.
        device: Where the parameter lives.
        dtype: Its type.
        group: A group, or the name of an installed one.
        in_space: The space `G/H` of the input.

    Shapes:
        Input `(B, C, S/H, *spatial)`, output `(B, C, d, *spatial)`. The components are along the
        array's axes; on a lattice that is not square, along those of its Euclidean basis, for
        `HEXAGONAL` (down, right).

    Raises:
        ArgumentError: no direction is invariant under `H`, as on the lattice itself.
        ShapeError: (at a call) the input does not lie on `in_space`.

    Examples:
        >>> VectorHead(2, group="p4")(torch.randn(1, 2, 4, 9, 9)).shape
        torch.Size([1, 2, 2, 9, 9])
    """

    turns: Tensor  # shape: (S/H, d, d), float64; A_s in Euclidean coordinates, after the mean of H

    def __init__(
        self,
        channels: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        group: SplitGroup | str,
        in_space: Space = "group",
    ) -> None:
        super().__init__()
        self.group = as_group(group)
        S = self.group.stabilizer
        self.in_space = as_space(S, in_space, "in_space")
        self.channels = positive("channels", channels)
        if not S.matrices[list(self.in_space.elements)].sum(axis=0).any():
            raise ArgumentError(
                f"in_space is G/H with H={self.in_space.elements}, and no direction stays as it is "
                f"under every element of H, so a map on it has no vectors; use in_space='group'"
            )
        values = torch.randn(channels, S.dimension, device=device, dtype=dtype)
        self.direction = nn.Parameter(values)
        self._register_tables(self.direction.device)

    def forward(
        self,
        x: Tensor,  # shape: (B, C, S/H, *spatial)
    ) -> Tensor:  # shape: (B, C, d, *spatial)
        """Add the planes, each times its direction."""
        planes = self.in_space.index
        axes = planar_axes(self.channels, self.in_space)
        merged = merge_planes(x, axes, self.group.dimension, self.group.name)
        if self.turns.device != x.device:
            self._place_tables(x.device)
        vectors = torch.einsum("sij,cj->cis", self.turns.to(x.dtype), self.direction)
        maps = merged.unflatten(1, (self.channels, planes))
        field: Tensor = torch.einsum("cis,bcs...->bci...", vectors, maps)
        return field

    def extra_repr(self) -> str:
        """The channels and the group."""
        return f"{self.channels}, planes={self.in_space.index}, group={self.group.name!r}"

    def _tables(self, device: torch.device) -> Mapping[str, Tensor]:
        H, S = self.in_space, self.group.stabilizer
        basis = self.group.lattice.cartesian_basis
        mean = S.matrices[list(H.elements)].mean(axis=0)
        parts = S.matrices[list(H.representatives)] @ mean
        return {"turns": as_tensor(basis @ parts @ np.linalg.inv(basis), device)}
