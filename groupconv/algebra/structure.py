"""The structure of a stabilizer as a finite group: generators, classes, subgroups, its name."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra.abstract import (
    abstract_name,
    conjugates,
    element_orders,
    minimal_generators,
    normal_subgroups,
)
from groupconv.algebra.subgroup import Subgroup, all_subgroups

if TYPE_CHECKING:
    from groupconv.algebra.split_group import SplitGroup

__all__ = ["Structure"]


@dataclass(frozen=True)
class Structure:
    """What kind of finite group a stabilizer is; elements are flat indices, all of it exact.

    Args:
        group: The group.

    Raises:
        AxiomError: (at the first question) the stabilizer is not a group of integer matrices.

    Examples:
        >>> from groupconv import group
        >>> structure = group("p4m").structure
        >>> structure.name, structure.is_abelian, structure.center.elements
        ('D4', False, (0, 2))
        >>> structure.conjugacy_classes
        ((0,), (1, 3), (2,), (4, 6), (5, 7))
    """

    group: SplitGroup

    @functools.cached_property
    def name(self) -> str:
        """The abstract group, such as `C4`, `D6` (order 12), `O×C2`; found by isomorphism.

        `C` is cyclic, `D` dihedral, `Q8` and `Dic` dicyclic, `T`, `O`, `I` are the rotations of
        tetrahedron, cube, icosahedron; `G20` is one of order 20 without such a name.
        """
        return abstract_name(self.group.composition_table)

    @functools.cached_property
    def generators(self) -> tuple[int, ...]:
        """As few elements as generate the stabilizer."""
        return minimal_generators(self.group.composition_table)

    @functools.cached_property
    def element_orders(self) -> tuple[int, ...]:
        """The order of each element: the least `n > 0` with `sⁿ = 1`."""
        return tuple(element_orders(self.group.composition_table).tolist())

    @functools.cached_property
    def conjugacy_classes(self) -> tuple[tuple[int, ...], ...]:
        """The sets `{g s g⁻¹}`, by their smallest element."""
        conjugacy = conjugates(self.group.composition_table)
        return tuple(sorted({tuple(np.unique(column).tolist()) for column in conjugacy.T}))

    @functools.cached_property
    def center(self) -> Subgroup:
        """The elements that commute with all."""
        alone = (members[0] for members in self.conjugacy_classes if len(members) == 1)
        return Subgroup(self.group, tuple(alone))

    @property
    def is_abelian(self) -> bool:
        """Whether all elements commute."""
        return self.center.is_whole

    @functools.cached_property
    def normal_subgroups(self) -> tuple[Subgroup, ...]:
        """The subgroups that every conjugation keeps, the smallest first."""
        found = normal_subgroups(self.group.composition_table)
        return tuple(Subgroup(self.group, elements) for elements in found)

    @functools.cached_property
    def subgroup_classes(self) -> tuple[tuple[Subgroup, ...], ...]:
        """All subgroups, those that are conjugate to each other together; the smallest first."""
        conjugacy = conjugates(self.group.composition_table)
        classes: dict[tuple[int, ...], list[Subgroup]] = {}
        for subgroup in all_subgroups(self.group):
            images = np.sort(conjugacy[:, list(subgroup.elements)], axis=1)
            classes.setdefault(tuple(min(images.tolist())), []).append(subgroup)
        return tuple(map(tuple, classes.values()))
