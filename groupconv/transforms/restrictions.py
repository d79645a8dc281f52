"""What a feature map is to a subgroup: several maps, one for each of its orbits of planes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra import Stabilizer, Subgroup
from groupconv.algebra.exact import read_only
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from groupconv.algebra.exact import IntArray


def restriction(
    space: Subgroup, subgroup: Subgroup, smaller: Stabilizer
) -> tuple[IntArray, Subgroup]:
    """The planes of a map on `G/K` that make up each map on `(Z^d ⋊ H)/L`.

    `H` permutes the planes `sK` of `G/K`. Each of its orbits `H s K` looks like `H/L`, with
    `L = H ∩ s K s⁻¹`: plane `h L` of the smaller group is plane `h s K` of the larger one. On `G`
    itself these are the right cosets `H s`, and `L` is trivial.

    Args:
        space: The space `G/K` of the map, as a subgroup `K`.
        subgroup: The subgroup `H`.
        smaller: The stabilizer of `Z^d ⋊ H`, whose elements may be numbered in their own way.

    Returns:
        Plane numbers, shape `(orbits, H/L)`, int64, read-only, the orbits in the order of their
        first planes; and `L` as a subgroup of `smaller`.

    Raises:
        ArgumentError: the orbits do not all look alike, so that they are maps on different spaces.

    Examples:
        >>> from groupconv import group
        >>> p4m = group("p4m")
        >>> turns = p4m.subgroup((0, 1))
        >>> smaller = turns.as_group().stabilizer
        >>> restriction(p4m.stabilizer.trivial, turns, smaller)[0].tolist()
        [[0, 1, 2, 3], [4, 7, 6, 5]]
    """
    S = space.stabilizer
    flat = {A.tobytes(): s for s, A in enumerate(S.matrices)}
    elements = [flat[A.tobytes()] for A in smaller.matrices]  # those of H, as `smaller` has them
    planes = list(space.representatives)
    moved = space.coset_of[S.composition[np.ix_(elements, planes)]]  # shape: (H, S/K)
    alike: tuple[int, ...] = ()  # the elements L that keep the first plane of each orbit
    rows: list[IntArray] = []
    seen: set[int] = set()
    for plane in range(len(planes)):
        if plane in seen:
            continue
        orbit = moved[:, plane]
        seen.update(orbit.tolist())
        keeping = {
            first: tuple(np.flatnonzero(moved[:, first] == first).tolist())
            for first in np.unique(orbit).tolist()
        }
        alike = alike or keeping[plane]
        first = next((p for p, members in keeping.items() if members == alike), -1)
        if first < 0:
            raise ArgumentError(
                f"a map on G/{space.elements} is not restricted to {subgroup.elements}: the "
                f"subgroup moves some planes more than others, so that they are maps on different "
                f"spaces; start from in_space='group', or pool over a normal subgroup first"
            )
        rows.append(moved[:, first])
    L = Subgroup(smaller, alike)
    return read_only(np.stack(rows)[:, list(L.representatives)]), L
