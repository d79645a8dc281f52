"""Between the spaces of a group and its subgroups: coset pooling, restriction, induction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra import as_space
from groupconv.errors import ShapeError
from groupconv.nn.buffers import TableModule, as_tensor
from groupconv.nn.planes import pool_planes, require_mode, require_space
from groupconv.registry import as_group
from groupconv.transforms import restriction

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Tensor

    from groupconv.algebra import Space, SplitGroup, Subgroup


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

    def _tables(self, device: torch.device) -> Mapping[str, Tensor]:
        return {"planes": as_tensor(self.in_space.planes_in(self.out_space), device)}


class _Restriction(TableModule):
    """What restriction and its adjoint share: which planes make up which map."""

    planes: Tensor  # shape: (orbits · H/L,)

    def __init__(self, subgroup: Subgroup, group: SplitGroup | str, space: Space) -> None:
        super().__init__()
        self.larger = as_group(group)
        S = self.larger.stabilizer
        self.subgroup = as_space(S, subgroup, "subgroup")
        self.group: SplitGroup = self.subgroup.as_group()
        self._space = as_space(S, space)
        self._table, self._part = restriction(self._space, self.subgroup, self.group.stabilizer)
        self._register_tables()

    def extra_repr(self) -> str:
        """The group, the subgroup and the planes of each."""
        return (
            f"group={self.larger.name!r}, subgroup={self.subgroup.elements}, "
            f"planes={self._space.index}, maps={len(self._table)} of {self._part.index} planes"
        )

    def _tables(self, device: torch.device) -> Mapping[str, Tensor]:
        return {"planes": as_tensor(self._table.ravel(), device)}

    def _read(self, x: Tensor) -> Tensor:  # shape: (B, C, planes, *spatial)
        if self.planes.device != x.device:
            self._place_tables(x.device)
        return x.index_select(2, self.planes)


class Restrict(_Restriction):
    """A map on `G/K` as several times as many channels on `Z^d ⋊ H`, for layers of a subgroup.

    Nothing is lost: a map on `G` has `|S/H|` times as many channels afterwards, one for each right
    coset `H s`, in the order of their representatives `s`, and plane `h` of it is plane `h s`.
    Cutting the planes into consecutive blocks is something else, and is not equivariant.

    Args:
        subgroup: `H`.
        group: The group of the map, or the name of an installed one.
        in_space: The space `G/K` of the map.

    Attributes:
        group: The group `Z^d ⋊ H`, which the result belongs to: `layers(restrict.group)`.
        out_space: The space of the result.

    Shapes:
        Input `(B, C, S/K, *spatial)`, output `(B, C · n, H/L, *spatial)`, channel `c n + i` being
        map `i` of channel `c`; `n = |S/H|` and `H/L = H` for a map on `G`.

    Raises:
        ArgumentError: `H` moves some planes of `G/K` more than others, or is not a subgroup.
        ShapeError: (at a call) the input does not lie on `G/K`.

    Examples:
        >>> import torch, groupconv as gc
        >>> p4m = gc.group("p4m")
        >>> restrict = Restrict(p4m.subgroup((0, 1)), group=p4m)
        >>> restrict(torch.zeros(2, 16, 8, 9, 9)).shape
        torch.Size([2, 32, 4, 9, 9])
        >>> restrict.group.coordinate_names
        ('r', 't0', 't1')
    """

    def __init__(
        self, subgroup: Subgroup, *, group: SplitGroup | str, in_space: Space = "group"
    ) -> None:
        super().__init__(subgroup, group, in_space)
        self.in_space, self.out_space = self._space, self._part

    def forward(
        self,
        x: Tensor,  # shape: (B, C, S/K, *spatial)
    ) -> Tensor:  # shape: (B, C · n, H/L, *spatial)
        """Sort the planes into maps."""
        require_space(x, self.in_space, self.larger.name)
        if self.in_space.is_whole:
            return x
        read: Tensor = self._read(x).unflatten(2, tuple(self._table.shape)).flatten(1, 2)
        return read.squeeze(2) if self.out_space.is_whole else read


class Induce(_Restriction):
    """The adjoint of `Restrict`, which is its inverse: maps on `Z^d ⋊ H` as one on `G/K`.

    It is equivariant under `H`, not under all of `G`.

    Args:
        subgroup: `H`.
        group: The group of the result, or the name of an installed one.
        out_space: The space `G/K` of the result.

    Attributes:
        group: The group `Z^d ⋊ H`, which the input belongs to.
        in_space: The space of the input.

    Shapes:
        Input `(B, C · n, H/L, *spatial)`, output `(B, C, S/K, *spatial)`, as for `Restrict`.

    Raises:
        ArgumentError: `H` moves some planes of `G/K` more than others, or is not a subgroup.
        ShapeError: (at a call) the input is not what `Restrict` gives.

    Examples:
        >>> import torch, groupconv as gc
        >>> p4m = gc.group("p4m")
        >>> turns = p4m.subgroup((0, 1))
        >>> x = torch.randn(2, 16, 8, 9, 9)
        >>> torch.equal(Induce(turns, group=p4m)(Restrict(turns, group=p4m)(x)), x)
        True
    """

    def __init__(
        self, subgroup: Subgroup, *, group: SplitGroup | str, out_space: Space = "group"
    ) -> None:
        super().__init__(subgroup, group, out_space)
        self.in_space, self.out_space = self._part, self._space

    def forward(
        self,
        x: Tensor,  # shape: (B, C · n, H/L, *spatial)
    ) -> Tensor:  # shape: (B, C, S/K, *spatial)
        """Put the planes back."""
        require_space(x, self.in_space, self.group.name)
        maps = len(self._table)
        if x.shape[1] % maps:
            raise ShapeError(
                f"x has {x.shape[1]} channels, expected a multiple of {maps}: a map on the larger "
                f"group is {maps} channels on the subgroup"
            )
        if self.out_space.is_whole:
            return x
        if self.in_space.is_whole:
            x = x.unsqueeze(2)
        return self._read(x.unflatten(1, (-1, maps)).flatten(2, 3))

    def _tables(self, device: torch.device) -> Mapping[str, Tensor]:
        return {"planes": as_tensor(np.argsort(self._table.ravel()), device)}
