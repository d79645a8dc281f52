"""The filter transform: one integer table that expands free parameters into a filter bank."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra import Space, SplitGroup, Subgroup, as_space
from groupconv.errors import ArgumentError
from groupconv.registry import as_group
from groupconv.transforms.support import as_sizes, support_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["FilterTransform", "filter_transform"]

LARGEST_TABLE = 2**27


@dataclass(frozen=True)
class FilterTransform:
    """The recipe that turns the parameters of a filter into its transforms under a group.

    It is a value: two with the same arguments are equal, and its tables are shared.

    Attributes:
        group: The group.
        kernel_size: The size of the filter's box along each axis.
        in_space: The subgroup `H_in`; the layer's input lives on `G/H_in`.
        out_space: The subgroup `H_out`; its output lives on `G/H_out`.
    """

    group: SplitGroup
    kernel_size: tuple[int, ...]
    in_space: Subgroup
    out_space: Subgroup

    @property
    def index(self) -> IntArray:
        """The parameter of each cell of the bank, shape `(S_out, S_in, *kernel)`, int64.

        It is -1 where the cell lies outside the support and is always zero. Read-only.
        """
        return _index(self)[0]

    @property
    def num_parameters(self) -> int:
        """The number `P` of free parameters of one filter channel."""
        return _index(self)[1]

    @property
    def inverse(self) -> IntArray:
        """Where each parameter stands in each slice of the bank: `index` read backwards.

        Shape `(S_out, P, M)`, int64, read-only: positions in the flattened `(S_in, *kernel)`.
        `M` is the largest number of cells that share a parameter; -1 fills the others' rows.
        """
        return _inverse(self)

    @property
    def num_cells(self) -> int:
        """The number of nonzero cells of one filter: stabilizer planes times support."""
        return int((self.index[0] >= 0).sum())


def filter_transform(
    group: SplitGroup | str,
    kernel_size: int | Sequence[int],
    in_space: Space = "group",
    out_space: Space = "group",
) -> FilterTransform:
    """The filter transform of a convolution from `G/H_in` to `G/H_out`.

    A filter is a function on `(S/H_in) × support`, invariant under `H_out`; its parameters are
    the orbits of `H_out`, numbered by their first cell in row-major order. For a stabilizer
    element `s'` and a cell `(s, x)` the bank reads the parameter at
    `g⁻¹( g(s',0)⁻¹ · g(s,x) )` (Cohen & Welling 2016, sections 5.1, 5.2 and 7.1).

    Args:
        group: A group, or the name of an installed one.
        kernel_size: The size of the box, one integer or one per axis; even sizes turn about the
            point between the middle cells.
        in_space: Where the input lives: `"lattice"`, `"group"` or a subgroup.
        out_space: Where the output lives.

    Raises:
        ArgumentError: a size or a space does not fit the group.
        AxiomError: the group is broken.

    Examples:
        >>> transform = filter_transform("p4", 3, in_space="lattice")
        >>> transform.num_parameters
        9
        >>> transform.index[1, 0]
        array([[2, 5, 8],
               [1, 4, 7],
               [0, 3, 6]])
    """
    group = as_group(group)
    sizes = as_sizes(group, "kernel_size", kernel_size)
    if group.order**2 * math.prod(sizes) > LARGEST_TABLE:
        raise ArgumentError(
            f"kernel_size={kernel_size!r} of group {group.name!r} needs a table of "
            f"{group.order**2 * math.prod(sizes):,} entries, more than {LARGEST_TABLE:,}; "
            f"use a smaller kernel"
        )
    transform = FilterTransform(
        group,
        sizes,
        as_space(group, in_space, "in_space"),
        as_space(group, out_space, "out_space"),
    )
    _index(transform)  # whatever does not fit is said here, not at first use
    return transform


@functools.lru_cache(maxsize=256)
def _index(transform: FilterTransform) -> tuple[IntArray, int]:
    """The table and the number of parameters."""
    group, H_in, H_out = transform.group, transform.in_space, transform.out_space
    cells, permutation = support_cells(group, transform.kernel_size)
    planes = np.array(H_in.representatives)
    # s moves plane i, the coset of planes[i], to plane moved_plane[s, i], and cell n to
    # permutation[s, n]; points (i, n) are numbered row-major.
    moved_plane = H_in.coset_of[group.composition_table[:, planes]]  # (S, S_in)
    moved = moved_plane[:, :, None] * cells.size + permutation[:, None, :]  # (S, S_in, N)

    # Points in one orbit of H_out share a parameter, named after the orbit's first point.
    first_point = moved[list(H_out.elements)].min(axis=0)  # (S_in, N)
    orbits, parameter = np.unique(first_point, return_inverse=True)

    back = group.inverse_table[list(H_out.representatives)]
    bank = parameter.ravel()[moved[back]]  # (S_out, S_in, N): reads at s'⁻¹ (s, x)
    box = int(np.prod(transform.kernel_size))
    index = np.full((*bank.shape[:2], box), -1, dtype=np.int64)
    index[..., cells] = bank
    index = index.reshape(*bank.shape[:2], *transform.kernel_size)
    index.setflags(write=False)
    return index, orbits.size


@functools.lru_cache(maxsize=256)
def _inverse(transform: FilterTransform) -> IntArray:
    """For each slice and parameter, the positions that read it, in ascending order."""
    slices = transform.index.reshape(transform.out_space.index, -1)  # (S_out, S_in · box)
    P = transform.num_parameters
    count = np.bincount(slices[0][slices[0] >= 0], minlength=P)  # the same in every slice
    inverse = np.full((len(slices), P, count.max()), -1, dtype=np.int64)
    is_filled = np.arange(count.max()) < count[:, None]  # (P, M)
    for row, readers in zip(slices, inverse, strict=True):
        order = np.argsort(row, kind="stable")
        readers[is_filled] = order[len(row) - count.sum() :]  # the -1 come first
    inverse.setflags(write=False)
    return inverse
