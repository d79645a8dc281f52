"""The integer translations that are tried: every kind that code may treat apart is among them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from groupconv.algebra.translations import FAR, translation_pairs, translations

DIMENSIONS = pytest.mark.parametrize("d", [1, 2, 3, 4])


@DIMENSIONS
def test_translations_are_of_every_kind(d):
    found = translations(d)
    assert len(found) == len(set(found))
    assert all(len(t) == d for t in found)
    assert (0,) * d in found
    for i in range(d):
        along = [t[i] for t in found if np.count_nonzero(t) == 1 and t[i]]
        assert {1, -1} < set(along)
        assert min(along) < -1
        assert max(along) > 1
    even = [t[0] for t in found if len(set(t)) == 1 and abs(t[0]) > 1]
    assert min(even) < 0 < max(even)
    for is_near in (True, False):
        uneven = [
            t
            for t in found
            if all(abs(n) > 1 and (abs(n) < 10) == is_near for n in t)
            and len(set(map(abs, t))) == d
        ]
        assert any(min(t) > 0 for t in uneven)
        assert any(max(t) < 0 for t in uneven)
        assert any(min(t) < 0 < max(t) for t in uneven) or d == 1
    assert max(map(max, found)) > FAR
    assert min(map(min, found)) < -FAR


@DIMENSIONS
def test_the_first_two_are_uneven_with_mixed_signs_near_and_far(d):
    near, far = translations(d)[:2]
    for t in (near, far):
        assert len(set(map(abs, t))) == d
        assert all((a > 0) != (b > 0) for a, b in itertools.pairwise(t))
    assert max(map(abs, near)) < 10 < FAR < min(map(abs, far))
    assert (near[0] > 0) != (far[0] > 0)


@DIMENSIONS
def test_pairs_are_of_every_kind(d):
    pairs = translation_pairs(d)
    nowhere = (0,) * d
    assert len(pairs) == len(set(pairs))
    first = pairs[:7]
    assert sum(nowhere not in pair and pair[0] != pair[1] for pair in first) == 3
    assert [max(map(abs, (*t, *x))) > FAR for t, x in first[:3]] == [False, True, True]
    assert {t[0] > 0 for t, x in first[1:3]} == {True, False}
    assert (nowhere, nowhere) in first
    assert any(x == nowhere != t for t, x in first)
    assert any(t == nowhere != x for t, x in first)
    assert any(t == x != nowhere for t, x in first)
    for t in translations(d):
        back = tuple(-n for n in t)
        assert {(t, nowhere), (nowhere, t), (t, t), (t, back)} <= set(pairs)
