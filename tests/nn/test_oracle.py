"""The layers against eq. 10 and eq. 11 as sums over group elements on a torus."""

from __future__ import annotations

import pytest

from groupconv.nn import GroupConv
from groupconv_plugins.space import space_group
from tests.support.checks import check_layer_equals_sums
from tests.support.groups import CUBE, LINE_MIRROR, P4, P4M, P6M, PM, Z2

pytestmark = pytest.mark.usefixtures("any_bank")


def layer(group, size, in_space, out_space, groups=1):
    return GroupConv(
        2, 2, size, padding=size // 2, padding_mode="circular", group=group,
        in_space=in_space, out_space=out_space, groups=groups,
    ).double()  # fmt: skip


@pytest.mark.parametrize(
    "spaces",
    [("lattice", "group"), ("group", "group"), ("group", "lattice"), ("lattice", "lattice")],
    ids="→".join,
)
@pytest.mark.parametrize("group", [Z2, P4, P4M, PM, P6M], ids=lambda group: group.name)
def test_plane_layers_equal_the_sums(group, spaces):
    check_layer_equals_sums(layer(group, 3, *spaces), n=5)


@pytest.mark.parametrize("group", [P4, P4M, P6M], ids=lambda group: group.name)
def test_quotient_spaces_equal_the_sums(group):
    H = group.subgroup(group.flat_index(group.stabilizer_indices[2]))
    assert 1 < H.index < group.order
    check_layer_equals_sums(layer(group, 3, "lattice", H), n=5)
    check_layer_equals_sums(layer(group, 3, H, "group"), n=5)
    check_layer_equals_sums(layer(group, 3, H, H), n=5)


def test_quotient_by_a_mirror_which_is_not_normal_equals_the_sums():
    mirror, other = P4M.subgroup((1, 0)), P4M.subgroup((1, 1))
    check_layer_equals_sums(layer(P4M, 3, mirror, other), n=5)


def test_a_wider_kernel_equals_the_sums():
    check_layer_equals_sums(layer(P4, 5, "group", "group"), n=7)


def test_one_and_three_dimensions_equal_the_sums():
    check_layer_equals_sums(layer(LINE_MIRROR, 3, "group", "group"), n=7)
    rotations = CUBE.subgroup(*range(1, 24))
    check_layer_equals_sums(layer(CUBE, 3, "lattice", rotations), n=3)


@pytest.mark.parametrize("symbol", ["P222", "F222", "R3", "P-4"])
def test_layers_of_space_groups_equal_the_sums(symbol):
    group = space_group(symbol)
    check_layer_equals_sums(layer(group, 3, "lattice", "group"), n=3)
    check_layer_equals_sums(layer(group, 3, "group", "group"), n=3)
