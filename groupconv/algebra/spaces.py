"""The spaces `G/H` that feature maps live on, each named by a subgroup of the stabilizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from groupconv.algebra.stabilizer import Subgroup
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from groupconv.algebra.stabilizer import Stabilizer

Space: TypeAlias = str | Subgroup
"""`"lattice"` is `G/S`, `"group"` is `G`, a subgroup `H` stands for `G/H`."""


def as_space(stabilizer: Stabilizer, space: Space, argument: str = "space") -> Subgroup:
    """The subgroup `H` of a space `G/H`.

    Raises:
        ArgumentError: `space` is not a space of a group with this stabilizer.

    Examples:
        >>> from groupconv import group
        >>> as_space(group("p4").stabilizer, "lattice").elements
        (0, 1, 2, 3)
    """
    if isinstance(space, Subgroup) and space.stabilizer == stabilizer:
        return space
    if isinstance(space, str) and space == "group":
        return stabilizer.trivial
    if isinstance(space, str) and space == "lattice":
        return stabilizer.whole
    if isinstance(space, Subgroup):
        raise ArgumentError(
            f"{argument} is a subgroup of {space.stabilizer.group!r}, with the elements "
            f"{space.elements}, and this is {stabilizer.group!r}; make it of this group, by "
            f"group.subgroup(...)"
        )
    raise ArgumentError(
        f"{argument}={space!r} is not a space of this group: expected 'lattice', 'group' or a "
        f"subgroup of its stabilizer, such as group.subgroup(...)"
    )
