"""Subgroups of a stabilizer, their cosets, and the spaces `G/H` that feature maps live on."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from groupconv.algebra.abstract import abstract_name, closure, restricted
from groupconv.algebra.contract import require_group
from groupconv.errors import ArgumentError, GroupError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from groupconv.algebra.split_group import SplitGroup

    IntArray = npt.NDArray[np.int64]

__all__ = ["Space", "Subgroup", "all_subgroups", "as_space", "generated_subgroup"]


@dataclass(frozen=True)
class Subgroup:
    """A subgroup `H` of a stabilizer `S`, which also names the space `G/H`.

    Args:
        group: The group whose stabilizer it lies in.
        elements: The flat indices of its elements, ascending.

    Raises:
        GroupError: the elements are not a subgroup.

    Examples:
        >>> from groupconv import group
        >>> rotations = group("p4m").subgroup((0, 1))
        >>> rotations.order, rotations.index
        (4, 2)
        >>> rotations.representatives
        (0, 4)
    """

    group: SplitGroup
    elements: tuple[int, ...]

    def __post_init__(self) -> None:
        require_group(self.group)
        if (
            not isinstance(self.elements, tuple)
            or not all(type(s) is int and 0 <= s < self.group.order for s in self.elements)
            or list(self.elements) != sorted({0, *self.elements})
        ):
            raise GroupError(
                f"elements={self.elements} of a subgroup of {self.group.name!r} are not ascending "
                f"flat indices from 0 to below {self.group.order}; "
                f"use {self.group.name}.subgroup(*generators)"
            )
        members = np.array(self.elements)
        products = self.group.composition_table[np.ix_(members, members)]
        if not np.isin(products, members).all():
            raise GroupError(
                f"elements={self.elements} of {self.group.name!r} are not closed under "
                f"composition; use {self.group.name}.subgroup(*generators)"
            )

    @property
    def order(self) -> int:
        """The number of elements of `H`."""
        return len(self.elements)

    @property
    def index(self) -> int:
        """The number of left cosets `sH`: the stabilizer planes of a feature map on `G/H`."""
        return self.group.order // self.order

    @property
    def is_whole(self) -> bool:
        """Whether `H = S`, so that `G/H` is the lattice."""
        return self.index == 1

    @property
    def abstract_name(self) -> str:
        """What group `H` is by itself, such as `C4` or `D3`; names as in `Structure.name`.

        Examples:
            >>> from groupconv import group
            >>> group("p4m").subgroup((0, 2), (1, 0)).abstract_name
            'C2×C2'
        """
        return _abstract_name(self)

    @property
    def coset_of(self) -> IntArray:
        """The number of the left coset `sH` at `[s]`, shape `(S,)`, read-only.

        Cosets are numbered by their smallest element, so `H` itself is number 0.
        """
        return _cosets(self)[1]

    @property
    def representatives(self) -> tuple[int, ...]:
        """The smallest flat index of each left coset, ascending."""
        return _cosets(self)[0]

    def __le__(self, other: Subgroup) -> bool:
        return self.group == other.group and set(self.elements) <= set(other.elements)


Space: TypeAlias = str | Subgroup
"""`"lattice"` is `G/S`, `"group"` is `G`, a subgroup `H` stands for `G/H`."""


def as_space(group: SplitGroup, space: Space, argument: str = "space") -> Subgroup:
    """The subgroup `H` of a space `G/H`.

    Raises:
        ArgumentError: it is no space of the group.

    Examples:
        >>> from groupconv import group
        >>> as_space(group("p4"), "lattice").elements
        (0, 1, 2, 3)
    """
    if isinstance(space, Subgroup) and space.group == group:
        return space
    if isinstance(space, str) and space == "group":
        return generated_subgroup(group, ())
    if isinstance(space, str) and space == "lattice":
        return Subgroup(group, tuple(range(group.order)))
    raise ArgumentError(
        f"{argument}={space!r} is no space of group {group.name!r}: expected 'lattice', 'group' "
        f"or a subgroup such as {group.name}.subgroup(...)"
    )


def generated_subgroup(group: SplitGroup, generators: Iterable[int]) -> Subgroup:
    """The smallest subgroup that contains the given flat indices."""
    return Subgroup(group, closure(group.composition_table, generators))


@functools.lru_cache(maxsize=128)
def all_subgroups(group: SplitGroup) -> tuple[Subgroup, ...]:
    """Every subgroup, by joining cyclic ones until nothing new appears; smallest first."""
    cyclic = {generated_subgroup(group, (s,)) for s in range(group.order)}
    found, frontier = set(cyclic), set(cyclic)
    while frontier:
        frontier = {
            generated_subgroup(group, {*one.elements, *other.elements})
            for one in frontier
            for other in cyclic
            if not other <= one
        } - found
        found |= frontier
    return tuple(sorted(found, key=lambda subgroup: (subgroup.order, subgroup.elements)))


@functools.lru_cache(maxsize=512)
def _abstract_name(subgroup: Subgroup) -> str:
    return abstract_name(restricted(subgroup.group.composition_table, subgroup.elements))


@functools.lru_cache(maxsize=512)
def _cosets(subgroup: Subgroup) -> tuple[tuple[int, ...], IntArray]:
    """The representatives of the left cosets, and the coset number of every element."""
    table = subgroup.group.composition_table
    smallest = table[:, list(subgroup.elements)].min(axis=1)  # the least element of sH
    representatives, coset_of = np.unique(smallest, return_inverse=True)
    coset_of = coset_of.astype(np.int64)
    coset_of.setflags(write=False)
    return tuple(map(int, representatives)), coset_of
