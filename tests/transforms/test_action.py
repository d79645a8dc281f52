"""The action on arrays: `L_g L_h = L_gh`, and what it is on pictures."""

from __future__ import annotations

import itertools
from dataclasses import FrozenInstanceError, fields

import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupconv.errors import ArgumentError, ElementError, ShapeError
from groupconv.nn.functional import act
from groupconv.transforms import action, require_symmetric, sublattice_cells
from tests.algebra.test_split_group import elements
from tests.support.groups import CUBE, GROUPS, LINE_MIRROR, P4, P4M, P6M, PM

CASES = st.sampled_from([g for g in GROUPS if g.order < 48]).flatmap(
    lambda group: st.tuples(
        st.just(group), elements(group), elements(group), st.sampled_from(group.subgroups())
    )
)


@given(CASES)
def test_the_action_is_a_left_action(case):
    group, g, h, H = case
    f = torch.arange(H.index * 5**group.dimension).reshape(H.index, *[5] * group.dimension)
    f = f[0] if H.is_whole else f
    both = act(act(f, h, group, H, circular=True), g, group, H, circular=True)
    assert torch.equal(both, act(f, group.compose(g, h), group, H, circular=True))


def test_the_cube_acts():
    f = torch.randn(48, 3, 3, 3)
    for s, t in itertools.islice(itertools.product(range(0, 48, 5), range(1, 48, 7)), 40):
        g, h = (*CUBE.stabilizer_indices[s], 0, 0, 0), (*CUBE.stabilizer_indices[t], 0, 0, 0)
        both = act(act(f, h, CUBE, "group"), g, CUBE, "group")
        assert torch.equal(both, act(f, CUBE.compose(g, h), CUBE, "group"))


@pytest.mark.parametrize("shape", [(4, 4), (5, 5), (3, 6)])
def test_p4m_acts_on_images_by_rot90_and_flip(shape):
    x = torch.randn(2, *shape)
    for m, r in P4M.stabilizer_indices:
        expected = torch.rot90(x, r, (-2, -1))
        expected = expected.flip(-2) if m else expected
        assert torch.equal(act(x, (m, r, 0, 0), P4M), expected)


def test_translations_bring_zeros_in():
    x = torch.tensor([[1, 2], [3, 4]])
    assert act(x, (0, 1, 0), P4).tolist() == [[0, 0], [1, 2]]
    assert act(x, (0, 0, -1), P4).tolist() == [[2, 0], [4, 0]]
    assert act(x, (0, 1, 0), P4, circular=True).tolist() == [[3, 4], [1, 2]]


def test_planes_of_a_p4_map_shift_as_they_turn():
    f = torch.randn(4, 3, 3)
    moved = act(f, (1, 0, 0), P4, "group")
    for r in range(4):
        assert torch.equal(moved[r], torch.rot90(f[(r - 1) % 4], 1, (-2, -1)))


def test_hexagonal_arrays_lose_only_their_corners():
    x = torch.ones(5, 5)
    assert act(x, (0, 1, 0, 0), P6M).sum() == 19
    assert act(x, (0, 3, 0, 0), P6M).sum() == 25


@pytest.mark.parametrize("shift", [(5, 3), (-4, 6), (8, 2), (9, 2), (9, -9)])
def test_what_leaves_a_hexagonal_array_is_what_leaves_a_window_of_a_large_one(shift):
    x, large = torch.rand(7, 7) + 1, torch.zeros(61, 61)
    large[27:34, 27:34] = x
    for s in P6M.stabilizer_indices:
        moved = act(large, (*s, *shift), P6M)[27:34, 27:34]
        assert torch.equal(act(x, (*s, *shift), P6M), moved)


def test_axes_that_turn_in_a_circle_take_their_lengths_along():
    x = torch.rand(3, 5, 7)
    assert torch.equal(act(x, (0, 1, 0, 0, 0, 0, 0, 0), CUBE), x.permute(2, 0, 1))


def test_recipes_are_frozen_and_told_apart_as_objects():
    for recipe in (action(1, (0, 0), (3, 3), P4.stabilizer.whole), P4.stabilizer):
        assert hash(recipe) == hash(recipe)
        for field in fields(recipe):
            with pytest.raises(FrozenInstanceError):
                setattr(recipe, field.name, None)


def test_axes_of_unequal_length_move_along():
    assert act(torch.zeros(3, 4, 6), (1, 0, 0), P4).shape == (3, 6, 4)
    assert action(1, (0, 0), (3, 4), PM.stabilizer.whole).spatial_shape == (3, 4)


@pytest.mark.parametrize(
    ("shape", "circular"), [((4, 4), False), ((4, 4), True), ((3, 5), False), ((3, 5), True)]
)
def test_hexagonal_arrays_need_one_odd_size(shape, circular):
    if shape == (3, 5) and not circular:
        act(torch.zeros(shape), (0, 1, 0, 0), P6M)  # cells go to cells, corners are cut
        return
    with pytest.raises(ArgumentError, match="use one odd size for all axes"):
        act(torch.zeros(shape), (0, 1, 0, 0), P6M, circular=circular)


def test_bad_arguments_are_refused():
    with pytest.raises(ElementError, match="is not an element of 'p4'"):
        act(torch.zeros(3, 3), (4, 0, 0), P4)
    with pytest.raises(ShapeError, match="4 stabilizer planes and 2 spatial"):
        act(torch.zeros(3, 3, 3), (1, 0, 0), P4, "group")
    with pytest.raises(ArgumentError, match="with 2 spatial axes; give space="):
        act(torch.zeros(3), (1, 0, 0), P4)


def test_the_space_is_told_by_the_shape_or_asked_for():
    """The planes of a map on the group move along, also if nobody says what it is."""
    f = torch.randn(2, 3, 4, 5, 5)
    assert torch.equal(act(f, (1, 0, 0), P4), act(f, (1, 0, 0), P4, "group"))
    assert not torch.equal(act(f, (1, 0, 0), P4), act(f, (1, 0, 0), P4, "lattice"))
    images = torch.randn(2, 3, 5, 5)
    for x in (images, images[0], images[0, 0]):
        assert torch.equal(act(x, (1, 0, 0), P4), torch.rot90(x, 1, (-2, -1)))
    for shape in [(4, 5, 5), (2, 3, 2, 5, 5), (2, 2, 3, 4, 5, 5)]:
        with pytest.raises(ArgumentError, match="give space="):
            act(torch.zeros(shape), (1, 0, 0), P4)


def test_coset_tables_group_the_planes_of_a_coset():
    table = P4M.subgroup().planes_in(P4M.subgroup((0, 1)))
    assert table.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    half = P4M.subgroup((0, 2))
    table = half.planes_in(P4M.subgroup((0, 1)))
    assert [[half.representatives[i] for i in row] for row in table] == [[0, 1], [4, 5]]
    with pytest.raises(ArgumentError, match="does not contain the subgroup"):
        P4M.subgroup((0, 1)).planes_in(P4M.subgroup((1, 0)))


def test_symmetric_arguments():
    require_symmetric(PM.stabilizer, "stride", (1, 2))
    require_symmetric(LINE_MIRROR.stabilizer, "stride", (3,))
    with pytest.raises(
        ArgumentError, match=r"stride=\(1, 2\) is not symmetric: the group maps axis"
    ):
        require_symmetric(P4.stabilizer, "stride", (1, 2))


def test_cached_tables_cannot_be_spoiled():
    S = P4.stabilizer
    moved = action(1, (0, 0), (3, 3), S.trivial)
    pooled = S.trivial.planes_in(S.whole)
    for table in (moved.cells, moved.planes, pooled, sublattice_cells(S, 4, (5, 5))):
        with pytest.raises(ValueError, match="read-only"):
            table[:] = 0


def test_elements_of_an_action_are_integers():
    with pytest.raises(ElementError, match="holds symbols"):
        act(torch.zeros(3, 3), (1, sympy.Symbol("u"), 0), P4)
    with pytest.raises(ElementError, match="is not an element of 'p4'"):
        act(torch.zeros(3, 3), 1, P4)


@pytest.mark.parametrize("far", [2**31, 2**63 - 1, 10**30])
def test_translations_far_beyond_the_array_leave_nothing(far):
    plane = P4.stabilizer.whole
    assert (action(0, (far, -far), (3, 3), plane).cells == -1).all()
    near = action(1, (far % 3, -far % 3), (3, 3), plane, is_circular=True)
    far_away = action(1, (far, -far), (3, 3), plane, is_circular=True)
    assert (near.cells == far_away.cells).all()


def test_tables_of_many_translations_stay_within_their_bytes():
    group = type(P4)()
    x = torch.zeros(64, 64)
    for n in range(40):
        act(x, (0, n, 0), group)
    kept = group.stabilizer.memo.nbytes
    assert 0 < kept <= group.stabilizer.memo.limit
    group.stabilizer.memo.limit = kept
    for n in range(40, 80):
        assert act(x, (0, n, 0), group).shape == (64, 64)
    assert group.stabilizer.memo.nbytes <= kept


def test_flags_are_not_texts():
    with pytest.raises(ArgumentError, match="circular='false': expected True or False"):
        act(torch.zeros(3, 3), (0, 1, 0), P4, circular="false")
