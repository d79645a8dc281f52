"""Integer translations that are tried as well as symbols, since code can distinguish them."""

from __future__ import annotations

from typing import TypeAlias

FAR = 10**6
"""How far the farthest ones go."""

Translation: TypeAlias = tuple[int, ...]


def translations(d: int) -> list[Translation]:
    """The most revealing ones first: uneven ones near and far, none, then those along an axis."""
    ramp = tuple(range(2, 2 + d))  # coordinates that differ from one another, from 0 and from 1
    far = tuple(FAR + 1 + n for n in ramp)
    along = [tuple(n * (i == j) for j in range(d)) for n in (1, -1, 5, -5) for i in range(d)]
    even = [(n,) * d for n in (3, -3)]
    near = [ramp, _negative(ramp[::-1])]
    first = [_alternating(ramp, -1), _alternating(far, 1), (0,) * d]
    return list(dict.fromkeys([*first, *along, *even, *near, far, _negative(far[::-1])]))


def translation_pairs(d: int) -> list[tuple[Translation, Translation]]:
    """Pairs, the most revealing first: uneven ones, then those that a short cut may single out."""
    near, far, nowhere, *rest = translations(d)
    ramp = tuple(range(2, 2 + d))
    uneven = [(ramp, _negative(ramp[::-1])), (far, near), (_negative(far), near)]
    short = [(nowhere, nowhere), (ramp, nowhere), (nowhere, ramp), (ramp, ramp)]
    others = [
        pair
        for t in (near, far, *rest)
        for pair in ((t, nowhere), (nowhere, t), (t, t), (t, _negative(t)))
    ]
    return list(dict.fromkeys([*uneven, *short, *others]))


def _alternating(translation: Translation, sign: int) -> Translation:
    return tuple(sign * n * (-1) ** i for i, n in enumerate(translation))


def _negative(translation: Translation) -> Translation:
    return tuple(-n for n in translation)
