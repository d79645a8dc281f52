"""The filter transform: one integer table that expands free parameters into a filter bank."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from groupconv.algebra import Space, Stabilizer, Subgroup, as_space
from groupconv.algebra.exact import read_only
from groupconv.arguments import as_sizes
from groupconv.transforms.regions import support_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupconv.algebra.exact import IntArray


@dataclass(frozen=True)
class FilterTransform:
    """The recipe that turns the parameters of a filter into its transforms under a group.

    A filter is a function on `(S/H_in) × support`, invariant under `H_out`; its parameters are
    the orbits of `H_out`, numbered by their first cell in row-major order. For a stabilizer
    element `s'` and a cell `(s, x)` the bank reads the parameter at
    `g⁻¹( g(s',0)⁻¹ · g(s,x) )` (Cohen & Welling 2016, sections 5.1, 5.2 and 7.1).

    Attributes:
        kernel_size: The size of the filter's box along each axis.
        in_space: The subgroup `H_in`; the layer's input lives on `G/H_in`.
        out_space: The subgroup `H_out`; its output lives on `G/H_out`.
        support: Whose symmetries the support has, `"group"` or `"lattice"`.
    """

    kernel_size: tuple[int, ...]
    in_space: Subgroup
    out_space: Subgroup
    support: str = "group"

    @property
    def stabilizer(self) -> Stabilizer:
        """The stabilizer of the group."""
        return self.in_space.stabilizer

    @functools.cached_property
    def _bank(self) -> tuple[IntArray, int]:
        """The index table and the number of parameters."""
        S, H_in, H_out = self.stabilizer, self.in_space, self.out_space
        cells, permutation = support_cells(S, self.kernel_size, self.support)
        planes = np.array(H_in.representatives)
        # s moves plane i, the coset of planes[i], to plane moved_plane[s, i], and cell n to
        # permutation[s, n]; points (i, n) are numbered row-major.
        moved_plane = H_in.coset_of[S.composition[:, planes]]  # shape: (S, S_in)
        moved = moved_plane[:, :, None] * cells.size + permutation[:, None, :]  # (S, S_in, N)

        # Points in one orbit of H_out share a parameter, named after the orbit's first point.
        first_point = moved[list(H_out.elements)].min(axis=0)  # shape: (S_in, N)
        orbits, parameter = np.unique(first_point, return_inverse=True)

        back = S.inverse[list(H_out.representatives)]
        bank = parameter.ravel()[moved[back]]  # shape: (S_out, S_in, N); reads at s'⁻¹ (s, x)
        index = np.full((*bank.shape[:2], np.prod(self.kernel_size)), -1)
        index[..., cells] = bank
        return read_only(index.reshape(*bank.shape[:2], *self.kernel_size)), orbits.size

    @property
    def index(self) -> IntArray:
        """The parameter of each cell of the bank, shape `(S_out, S_in, *kernel)`, int64.

        It is -1 where the cell lies outside the support and is always zero. Read-only.
        """
        return self._bank[0]

    @property
    def num_parameters(self) -> int:
        """The number `P` of free parameters of one filter channel."""
        return self._bank[1]

    @functools.cached_property
    def inverse(self) -> IntArray:
        """Where each parameter stands in each slice of the bank: `index` read backwards.

        Shape `(S_out, P, M)`, int64, read-only: positions in the flattened `(S_in, *kernel)`, in
        ascending order. `M` is the largest number of cells that share a parameter; -1 fills the
        others' rows.
        """
        slices = self.index.reshape(self.out_space.index, -1)  # shape: (S_out, S_in · box)
        P = self.num_parameters
        count = np.bincount(slices[0][slices[0] >= 0], minlength=P)  # the same in every slice
        inverse = np.full((len(slices), P, count.max()), -1)
        is_filled = np.arange(count.max()) < count[:, None]  # shape: (P, M)
        for row, readers in zip(slices, inverse, strict=True):
            order = np.argsort(row, kind="stable")
            readers[is_filled] = order[len(row) - count.sum() :]  # the -1 come first
        return read_only(inverse)

    @functools.cached_property
    def is_masked(self) -> bool:
        """Whether some cells of the bank are always zero."""
        return bool((self.index < 0).any())

    @functools.cached_property
    def is_ragged(self) -> bool:
        """Whether some parameters have fewer cells than others, as on quotient spaces."""
        return bool((self.inverse < 0).any())

    @functools.cached_property
    def num_cells(self) -> int:
        """The number of nonzero cells of one filter: stabilizer planes times support."""
        return int((self.index[0] >= 0).sum())

    @property
    def key(self) -> tuple[Any, ...]:
        """What distinguishes it from others of the same stabilizer."""
        return self.kernel_size, self.in_space.elements, self.out_space.elements, self.support

    @property
    def nbytes(self) -> int:
        """The bytes of both tables, at most."""
        return 2 * self.index.nbytes

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.kernel_size, self.in_space, self.out_space, self.support)


def filter_transform(
    stabilizer: Stabilizer,
    kernel_size: int | Sequence[int],
    in_space: Space = "group",
    out_space: Space = "group",
    *,
    support: str = "group",
) -> FilterTransform:
    """The filter transform of a convolution from `G/H_in` to `G/H_out`.

    Args:
        stabilizer: The stabilizer of the group.
        kernel_size: The size of the box, one integer or one per axis; even sizes turn about the
            point between the middle cells.
        in_space: Where the input lives: `"lattice"`, `"group"` or a subgroup.
        out_space: Where the output lives.
        support: The filter's cells: the largest part of the box that the `"group"` keeps, or the
            `"lattice"` with all its symmetries, such as 7 cells for any group on a hexagonal one.

    Raises:
        ArgumentError: a size or a space does not fit the group.

    Examples:
        >>> from groupconv import group
        >>> transform = filter_transform(group("p4").stabilizer, 3, in_space="lattice")
        >>> transform.num_parameters
        9
        >>> transform.index[1, 0]
        array([[2, 5, 8],
               [1, 4, 7],
               [0, 3, 6]])
    """
    transform = FilterTransform(
        as_sizes("kernel_size", kernel_size, stabilizer.dimension),
        as_space(stabilizer, in_space, "in_space"),
        as_space(stabilizer, out_space, "out_space"),
        support,
    )
    return stabilizer.memo.get(transform.key, lambda: transform)
