"""Subgroups, cosets and spaces."""

from __future__ import annotations

import numpy as np
import pytest

from groupconv.algebra import Subgroup, as_space, cayley_graph
from groupconv.errors import ArgumentError, GroupError
from tests.support.groups import CUBE, P4, P4M, P6M, P222, Z2
from tests.support.oracle import NaiveGroup


@pytest.mark.parametrize(
    ("group", "count"), [(Z2, 1), (P4, 3), (P4M, 10), (P6M, 16), (P222, 5), (CUBE, 98)]
)
def test_all_subgroups_are_found(group, count):
    # Known numbers of subgroups of C1, C4, D4, D6, C2², O×C2.
    found = group.subgroups()
    assert len(found) == len(set(found)) == count
    orders = [subgroup.order for subgroup in found]
    assert orders == sorted(orders)
    assert all(group.order % order == 0 for order in orders)


def test_cosets_are_numbered_by_smallest_element(any_group):
    naive = NaiveGroup(any_group)
    for subgroup in any_group.subgroups()[:12]:
        expected = naive.cosets(subgroup.elements)
        assert subgroup.coset_of.tolist() == expected
        assert list(subgroup.representatives) == [expected.index(i) for i in range(subgroup.index)]
        assert subgroup.representatives[0] == 0


def test_left_cosets_not_right_ones():
    mirror = P4M.subgroup((1, 0))
    coset = [s for s in range(8) if mirror.coset_of[s] == mirror.coset_of[1]]
    assert coset == sorted(int(P4M.stabilizer.composition[1, h]) for h in mirror.elements)
    right = sorted(int(P4M.stabilizer.composition[h, 1]) for h in mirror.elements)
    assert coset != right


def test_spaces_by_name():
    assert as_space(P4.stabilizer, "group") == P4.subgroup()
    assert as_space(P4.stabilizer, "lattice").is_whole
    assert as_space(P4.stabilizer, P4.subgroup(2)).index == 2
    assert as_space(Z2.stabilizer, "group") == as_space(Z2.stabilizer, "lattice")


@pytest.mark.parametrize("space", ["G", None, 3])
def test_unknown_spaces_are_refused(space):
    with pytest.raises(ArgumentError, match=r"in_space=.* is not a space of this group"):
        as_space(P4.stabilizer, space, "in_space")


@pytest.mark.parametrize("elements", [(0, 1), (1,), (), (0, 4), (0, 9), (2, 0)])
def test_what_is_no_subgroup_is_refused(elements):
    with pytest.raises(
        GroupError, match=r"not the ascending flat indices of a subgroup of C4, of order 4"
    ):
        Subgroup(P4.stabilizer, elements)


def test_subgroups_are_ordered_by_inclusion():
    assert P4M.subgroup((0, 2)) <= P4M.subgroup((0, 1)) <= P4M.subgroup((0, 1))
    assert not P4M.subgroup((0, 1)) <= P4M.subgroup((0, 2))
    assert not P4.subgroup() <= P4M.subgroup()


def test_the_table_of_cosets_cannot_be_spoiled():
    with pytest.raises(ValueError, match="read-only"):
        P4M.subgroup((1, 0)).coset_of[:] = 0


def test_cayley_graph_is_a_right_regular_walk():
    graph = cayley_graph(P4M, [(1, 0), (0, 1)])
    assert set(graph) == set(range(8))
    assert np.all([degree == 2 for _, degree in graph.out_degree()])
    for s, t, data in graph.edges(data=True):
        assert t == P4M.stabilizer.composition[s, data["generator"]]
    assert sorted(cayley_graph(P4, [2]).edges()) == [(0, 2), (1, 3), (2, 0), (3, 1)]
