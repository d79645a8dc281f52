"""The filter transform against the paper's formula, written down naively."""

from __future__ import annotations

import pickle
import time

import numpy as np
import pytest
import torch

import groupconv as gc
from groupconv.errors import ArgumentError, AxiomError
from tests.support.checks import check_first_turn_is_rot90, check_table_equals_formula
from tests.support.groups import CUBE, GROUPS, LINE_MIRROR, P2, P4, P4M, P6M, P222, PM, Z2
from tests.support.zoo import Missing


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "spaces", [("lattice", "group"), ("group", "group"), ("group", "lattice")], ids="→".join
)
@pytest.mark.parametrize(
    "group", [Z2, P4, P4M, P2, PM, LINE_MIRROR, P222], ids=lambda group: group.name
)
def test_tables_equal_the_formula(group, size, spaces):
    if group.dimension == 3 and size > 3:
        pytest.skip("slow in the naive formula, and nothing new")
    check_table_equals_formula(group, size, *spaces)


@pytest.mark.parametrize("size", [3, 5])
def test_hexagonal_tables_equal_the_formula(size):
    check_table_equals_formula(P6M, size, "group", "group")
    check_table_equals_formula(P6M, size, "group", "lattice")


@pytest.mark.parametrize("group", [P4, P4M, PM, P222], ids=lambda group: group.name)
def test_tables_of_all_pairs_of_spaces_equal_the_formula(group):
    for H_in in group.subgroups():
        for H_out in group.subgroups():
            check_table_equals_formula(group, 3 if group.dimension == 2 else 2, H_in, H_out)


def test_first_turn_is_rot90():
    check_first_turn_is_rot90(P4)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_turns_and_mirrors_of_a_filter_are_those_of_an_image(size):
    """Even kernels turn about the point between their middle cells."""
    image = torch.randn(size, size)
    index = torch.tensor(gc.filter_transform(P4M, size, "lattice").index[:, 0])
    for flat, (m, r) in enumerate(P4M.stabilizer_indices):
        expected = torch.rot90(image, r, (-2, -1))
        expected = expected.flip(-2) if m else expected
        assert torch.equal(image.flatten()[index[flat]], expected)


def test_turning_a_p4_filter_turns_its_planes_and_shifts_them():
    index = gc.filter_transform(P4, 3).index
    for r in range(4):
        for plane in range(4):
            expected = np.rot90(index[0, (plane - r) % 4], r)
            np.testing.assert_array_equal(index[r, plane], expected)


@pytest.mark.parametrize(("size", "cells"), [(1, 1), (3, 7), (5, 19), (7, 37), (9, 61)])
def test_hexagonal_supports(size, cells):
    transform = gc.filter_transform(P6M, size, "lattice")
    assert transform.num_parameters == transform.num_cells == cells
    assert ((transform.index < 0).sum(axis=(1, 2, 3)) == size * size - cells).all()


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
@pytest.mark.parametrize(
    "spaces", [("group", "group"), ("group", "lattice"), ("lattice", "lattice")], ids="→".join
)
def test_inverse_reads_the_index_backwards(group, spaces):
    transform = gc.filter_transform(group, 3, *spaces)
    slices = transform.index.reshape(len(transform.index), -1)
    for row, readers in zip(slices, transform.inverse, strict=True):
        for parameter, positions in enumerate(readers):
            expected = np.flatnonzero(row == parameter)
            assert np.array_equal(positions[: expected.size], expected)
            assert (positions[expected.size :] == -1).all()


def test_parameters_of_an_unmasked_filter_are_numbered_row_major():
    transform = gc.filter_transform(P4M, 3)
    np.testing.assert_array_equal(transform.index[0].ravel(), np.arange(8 * 9))


def test_a_wide_box_needs_symmetric_axes_only():
    assert gc.filter_transform(PM, (3, 4), "lattice").num_parameters == 12
    assert gc.filter_transform(Z2, (2, 5), "lattice").num_parameters == 10
    assert gc.filter_transform(LINE_MIRROR, (4,), "lattice").num_parameters == 4


def test_transforms_are_values():
    transform = gc.filter_transform("p4", 3)
    assert transform == gc.filter_transform(P4, (3, 3), "group", P4.subgroup())
    copy = pickle.loads(pickle.dumps(transform))
    assert copy == transform
    np.testing.assert_array_equal(copy.index, transform.index)
    assert gc.filter_transform(P4, 3) is gc.filter_transform(P4, (3, 3))
    for table in (transform.index, transform.inverse):
        assert table.dtype == np.int64
        assert not table.flags.writeable


def test_masks_and_ragged_rows_are_known():
    quotient = gc.filter_transform(P4, 3, P4.subgroup(2), P4.subgroup(2))
    for transform, is_masked, is_ragged in (
        (gc.filter_transform(P4, 3), False, False),
        (gc.filter_transform(P6M, 3), True, False),
        (quotient, False, True),
    ):
        assert transform.is_masked is is_masked
        assert transform.is_ragged is is_ragged
    assert quotient.inverse.min() == -1


def test_the_cube_is_fast_enough_to_wait_for():
    """Under 100 ms is promised; the bound here only catches a lost vectorisation."""
    start = time.perf_counter()
    transform = gc.filter_transform(CUBE, 3, "group", CUBE.subgroup(1))
    assert transform.index.shape == (24, 48, 3, 3, 3)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("p4", 0), r"kernel_size=0: .* at least 1"),
        (("p4", -3), r"kernel_size=-3"),
        (("p4", 3.0), r"kernel_size=3\.0"),
        (("p4", True), r"kernel_size=True"),
        (("p4", "3"), r"kernel_size='3'"),
        (("p4", (3, 3, 3)), r"expected one integer or 2 of them, at least 1, for 2 spatial axes"),
        (("p4", (3, 5)), r"its largest symmetric part has size \(3, 3\)"),
        (("p4", (3, 4)), r"no symmetric part at all"),
        ((P6M, 2), r"no symmetric part at all; use one odd size"),
        ((P6M, (3, 5)), r"its largest symmetric part"),
        (("p4", 3, "plane"), r"in_space='plane' is not a space of this group"),
        (("p4", 3, "group", "plane"), r"out_space='plane'"),
        (("p4", 3, P4M.subgroup()), r"in_space is a subgroup of 'p4m'.* and this is 'p4'"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        gc.filter_transform(*arguments)


def test_no_table_is_built_on_a_broken_group():
    with pytest.raises(AxiomError, match="closure"):
        gc.filter_transform(Missing(), 3)
