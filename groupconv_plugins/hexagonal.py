"""The groups of the hexagonal lattice, in the basis of the International Tables (γ = 120°).

Experimental: layers are exact, and what surrounds them (sampling, masks) may still change.
"""

from groupconv import HEXAGONAL, GeneratedGroup

__all__ = ["p3", "p3m1", "p6", "p6m", "p31m"]

_SIXTH = ([[1, -1], [1, 0]], 6)
_THIRD = ([[0, -1], [1, -1]], 3)
_MIRROR = ([[-1, 1], [0, 1]], 2)  # it negates the first axis, as the mirror of p4m does
_EXCHANGE = ([[0, 1], [1, 0]], 2)  # it exchanges the axes


def _group(name: str, **generators: tuple[list[list[int]], int]) -> GeneratedGroup:
    return GeneratedGroup(name, generators, HEXAGONAL, status="experimental")


p3 = _group("p3", r=_THIRD)
p3m1 = _group("p3m1", m=_MIRROR, r=_THIRD)
p31m = _group("p31m", m=_EXCHANGE, r=_THIRD)
p6 = _group("p6", r=_SIXTH)
p6m = _group("p6m", m=_MIRROR, r=_SIXTH)
