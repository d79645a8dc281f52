"""Graphs of a group, as networkx objects."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import networkx as nx

from groupconv.algebra.contract import require_group
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from groupconv.algebra.split_group import SplitGroup

__all__ = ["cayley_graph", "subgroup_lattice"]


def cayley_graph(
    group: SplitGroup, generators: Iterable[int | tuple[int, ...]] | None = None
) -> nx.MultiDiGraph:
    """The Cayley graph of the stabilizer: an edge `s → s g` for each element and generator.

    Args:
        group: The group.
        generators: Stabilizer elements, by their coordinates or their flat index; by default
            as few as generate the stabilizer.

    Returns:
        A directed multigraph on the flat indices; each edge bears its `generator`, flat.

    Raises:
        ArgumentError: the group or the list of generators is none.
        ElementError: a generator is no stabilizer element.

    Examples:
        >>> from groupconv import group
        >>> sorted(cayley_graph(group("p4"), [1]).edges())
        [(0, 1), (1, 2), (2, 3), (3, 0)]
    """
    require_group(group)
    if generators is None:
        generators = group.structure.generators
    if not isinstance(generators, Iterable):
        raise ArgumentError(f"generators={generators!r}: expected a list of stabilizer elements")
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(group.order))
    for generator in map(group.flat_index, generators):
        for s in range(group.order):
            graph.add_edge(s, int(group.composition_table[s, generator]), generator=generator)
    return graph


def subgroup_lattice(group: SplitGroup) -> nx.DiGraph:
    """The lattice of the stabilizer's subgroups up to conjugacy, as its Hasse diagram.

    A node is a representative of a class of conjugate subgroups; it bears its abstract `name` and
    the number of its `conjugates`. An edge `H → K` says that `H` lies in a conjugate of `K`, and
    no class stands between.

    Raises:
        ArgumentError: the group is none.

    Examples:
        >>> from groupconv import group
        >>> lattice = subgroup_lattice(group("p4"))
        >>> [(H.abstract_name, K.abstract_name) for H, K in lattice.edges()]
        [('C1', 'C2'), ('C2', 'C4')]
    """
    require_group(group)
    order = nx.DiGraph()
    classes = group.structure.subgroup_classes
    for members in classes:
        order.add_node(members[0], name=members[0].abstract_name, conjugates=len(members))
    for lower, upper in itertools.combinations(classes, 2):  # the smaller come first
        if any(subgroup <= upper[0] for subgroup in lower):
            order.add_edge(lower[0], upper[0])
    hasse = nx.transitive_reduction(order)
    hasse.add_nodes_from(order.nodes(data=True))
    return hasse
