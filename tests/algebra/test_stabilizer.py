"""The structure of stabilizers, against sympy's permutation groups."""

from __future__ import annotations

import copy
import itertools
import pickle
from dataclasses import FrozenInstanceError

import networkx as nx
import numpy as np
import pytest
from sympy.combinatorics import Permutation, PermutationGroup
from sympy.combinatorics.named_groups import (
    AlternatingGroup,
    CyclicGroup,
    DihedralGroup,
    SymmetricGroup,
)

import groupconv as gc
from groupconv.algebra.finite_groups import (
    abstract_name,
    conjugates,
    element_orders,
    minimal_generators,
    normal_subgroups,
)
from groupconv.errors import AxiomError
from tests.support.groups import CUBE, GROUPS, P4, P4M, P6M, P222, PM, Z2

QUATERNIONS = PermutationGroup(
    Permutation([1, 2, 3, 0, 5, 6, 7, 4]), Permutation([4, 7, 6, 5, 2, 1, 0, 3])
)
DICYCLIC_3 = PermutationGroup(
    Permutation([1, 2, 0, 3, 4, 5, 6]), Permutation([1, 0, 2, 4, 5, 6, 3])
)
FROBENIUS_20 = PermutationGroup(Permutation([1, 2, 3, 4, 0]), Permutation([0, 2, 4, 1, 3]))

SEMIDIHEDRAL = PermutationGroup(
    Permutation([1, 2, 3, 4, 5, 6, 7, 0]), Permutation([0, 3, 6, 1, 4, 7, 2, 5])
)

C, D = CyclicGroup, DihedralGroup
A4, S4, A5 = AlternatingGroup(4), SymmetricGroup(4), AlternatingGroup(5)
NAMES = {
    "C1": (),
    "C4": (C(4),),
    "C2×C2": (C(2), C(2)),
    "C6": (C(2), C(3)),
    "C12": (C(4), C(3)),
    "C12×C2": (C(2), C(4), C(3)),
    "C6×C6": (C(6), C(6)),
    "C4×C2×C2": (C(2), C(4), C(2)),
    "C4×C4": (C(4), C(4)),
    "C9": (C(9),),
    "C3×C3": (C(3), C(3)),
    "C8": (C(8),),
    "C4×C2": (C(2), C(4)),
    "C6×C2": (C(6), C(2)),
    "C2×C2×C2": (C(2), C(2), C(2)),
    "D3": (SymmetricGroup(3),),
    "D4": (D(4),),
    "D5": (D(5),),
    "D6": (D(3), C(2)),
    "D6×C2": (C(2), D(6)),
    "D6×C3": (D(3), C(6)),
    "D6×D3": (D(3), D(6)),
    "D4×C2": (C(2), D(4)),
    "D4×D3": (D(3), D(4)),
    "C27×C3": (C(3), C(27)),
    "D8": (D(8),),
    "D12": (D(12),),
    "Q8": (QUATERNIONS,),
    "Q8×C2": (QUATERNIONS, C(2)),
    "Dic3": (DICYCLIC_3,),
    "T": (A4,),
    "T×C2": (C(2), A4),
    "O": (S4,),
    "O×C2": (S4, C(2)),
    "T×C4": (C(4), A4),
    "I": (A5,),
    "G16": (SEMIDIHEDRAL,),
    "G20": (FROBENIUS_20,),
}


def product_table(factors, seed):
    """The composition table of a direct product, its elements in random order behind the first."""
    elements = list(itertools.product(*(list(factor.elements) for factor in factors)))
    identity = next(e for e in elements if all(p.is_Identity for p in e))
    rest = [e for e in elements if e != identity]
    shuffled = [identity, *(rest[i] for i in np.random.default_rng(seed).permutation(len(rest)))]
    number = {tuple(tuple(p.array_form) for p in e): i for i, e in enumerate(shuffled)}
    products = (
        [tuple(tuple((p * q).array_form) for p, q in zip(s, t, strict=True)) for t in shuffled]
        for s in shuffled
    )
    return np.array([[number[product] for product in row] for row in products])


def as_permutations(table):
    """The regular representation, as a sympy group."""
    return PermutationGroup([Permutation(row.tolist()) for row in table[1:]] or [Permutation([0])])


@pytest.mark.parametrize("name", NAMES)
def test_abstract_names_do_not_depend_on_how_elements_are_numbered(name):
    for seed in (1, 2):
        assert abstract_name(product_table(NAMES[name], seed)) == name


def test_groups_of_one_order_are_told_apart():
    # All five groups of order 8, all five of order 12, and their element orders differ too.
    for order, count in ((8, 5), (12, 5)):
        tables = [product_table(factors, 0) for factors in NAMES.values()]
        tables = [table for table in tables if len(table) == order]
        spectra = {tuple(sorted(element_orders(table))) for table in tables}
        assert len(spectra) == len(tables) == count


@pytest.mark.parametrize("name", ["C12×C2", "D4", "Q8", "T", "O", "D6×C2", "G20"])
def test_classes_centre_and_normal_subgroups_against_sympy(name):
    table = product_table(NAMES[name], 3)
    oracle = as_permutations(table)
    assert oracle.order() == len(table)
    orders = element_orders(table)
    assert sorted(orders) == sorted(p.order() for p in oracle.elements)
    classes = {frozenset(column) for column in conjugates(table).T.tolist()}
    assert sorted(map(len, classes)) == sorted(map(len, oracle.conjugacy_classes()))
    assert sum(len(members) == 1 for members in classes) == oracle.center().order()
    assert len(minimal_generators(table)) == rank(table)


def rank(table):
    """The least number of generators, by trying all sets."""
    oracle_orders = {}
    for k in range(5):
        for chosen in itertools.combinations(range(1, len(table)), k):
            rows = [Permutation(table[s].tolist()) for s in chosen] or [Permutation(len(table) - 1)]
            oracle_orders[chosen] = PermutationGroup(rows).order()
            if oracle_orders[chosen] == len(table):
                return k
    return None


@pytest.mark.parametrize("name", ["C4×C2×C2", "D4×C2", "O×C2", "I", "Q8"])
def test_normal_subgroups_are_closed_unions_of_classes(name):
    table = product_table(NAMES[name], 4)
    classes = {frozenset(column) for column in conjugates(table).T.tolist()}
    found = set()
    others = [members for members in classes if members != {0}]
    for k in range(len(others) + 1):
        for chosen in itertools.combinations(others, k):
            union = sorted({0}.union(*chosen))
            if {*union}.issuperset(table[np.ix_(union, union)].flat):
                found.add(tuple(union))
    assert set(normal_subgroups(table)) == found


@pytest.mark.parametrize(
    ("group", "name", "classes", "subgroup_classes"),
    [
        (Z2, "C1", 1, 1),
        (P4, "C4", 4, 3),
        (P4M, "D4", 5, 8),
        (P6M, "D6", 6, 10),
        (P222, "C2×C2", 4, 5),
        (CUBE, "O×C2", 10, 33),
    ],
)
def test_known_structures(group, name, classes, subgroup_classes):
    # Numbers of classes from the character tables; 33 classes of subgroups of m-3m.
    structure = group.stabilizer
    assert structure.name == name
    assert len(structure.conjugacy_classes) == classes
    assert len(structure.subgroup_classes) == subgroup_classes
    assert sum(map(len, structure.subgroup_classes)) == len(group.subgroups())
    assert group.subgroup(*structure.generators).is_whole
    assert structure.is_abelian == (classes == group.order)
    normal = [members[0] for members in structure.subgroup_classes if len(members) == 1]
    assert set(structure.normal_subgroups) == set(normal)
    assert pickle.loads(pickle.dumps(structure)) == structure


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_cayley_graphs_of_minimal_generators_are_connected_and_regular(group):
    graph = gc.cayley_graph(group)
    assert nx.is_strongly_connected(graph)
    degree = len(group.stabilizer.generators)
    assert {d for _, d in graph.out_degree()} == {d for _, d in graph.in_degree()} == {degree}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_the_subgroup_lattice_is_the_order_of_classes(group):
    lattice = gc.subgroup_lattice(group)
    assert lattice.number_of_nodes() == len(group.stabilizer.subgroup_classes)
    reachable = nx.transitive_closure(lattice)
    members = {klass[0]: klass for klass in group.stabilizer.subgroup_classes}
    for lower, upper in itertools.permutations(members, 2):
        holds = any(H <= K for H in members[lower] for K in members[upper])
        assert reachable.has_edge(lower, upper) == holds
    for lower, upper in lattice.edges():
        assert not any(
            reachable.has_edge(lower, between) and reachable.has_edge(between, upper)
            for between in lattice
        )
    assert sum(d["conjugates"] for _, d in lattice.nodes(data=True)) == len(group.subgroups())


def test_orders_of_elements_and_the_first_generators():
    assert P4M.stabilizer.element_orders == (1, 4, 2, 4, 2, 2, 2, 2)
    assert (P4.stabilizer.generators, P4M.stabilizer.generators) == ((1,), (1, 4))
    assert Z2.stabilizer.generators == ()


def test_structures_are_frozen():
    with pytest.raises(FrozenInstanceError):
        P4M.stabilizer.matrices = None


def test_no_group_no_structure():
    broken = gc.GeneratedGroup("bad", {"a": ([[0, 1], [1, 0]], 2), "b": ([[-1, 0], [0, 1]], 2)})
    with pytest.raises(AxiomError, match="closure"):
        _ = broken.stabilizer.name


def test_axes_that_are_mixed_and_reversed():
    facts = [
        (P4, True, {(0, 1), (1, 0)}, {0, 1}),
        (PM, True, set(), {0}),
        (P6M, False, {(0, 1), (1, 0)}, {0, 1}),
        (CUBE, True, set(itertools.permutations(range(3), 2)), {0, 1, 2}),
    ]
    for group, permutes, mixed, flipped in facts:
        S = group.stabilizer
        assert S.permutes_axes is permutes
        assert set(S.mixed_axes) == mixed
        assert S.reversed_axes == flipped
    sheared = gc.Stabilizer.from_matrices([np.eye(2), [[0, 1], [1, 0]]], gc.HEXAGONAL)
    assert (sheared.permutes_axes, sheared.reversed_axes) == (True, frozenset())


def test_stabilizers_are_values():
    S = P4.stabilizer
    assert copy.deepcopy(S) is S
    assert S.__eq__(3) is NotImplemented
    with pytest.raises(AxiomError, match="breaks identity: the matrix of 0 is"):
        gc.Stabilizer.from_matrices([-np.eye(2), np.eye(2)], gc.SQUARE)
