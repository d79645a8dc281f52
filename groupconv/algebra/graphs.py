"""Graphs of a group, as networkx objects."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import networkx as nx

    from groupconv.algebra.split_group import SplitGroup


def cayley_graph(
    group: SplitGroup, generators: Iterable[int | tuple[int, ...]] | None = None
) -> nx.MultiDiGraph:
    """The Cayley graph of the stabilizer: an edge `s → s g` for each element and generator.

    Args:
        group: The group.
        generators: Stabilizer elements, by their coordinates or their flat index; by default
            as few as generate the stabilizer.

    Returns:
        A directed multigraph on the flat indices; each edge has its `generator`, flat.

    Raises:
        ElementError: a generator is not a stabilizer element.

    Examples:
        >>> from groupconv import group
        >>> sorted(cayley_graph(group("p4"), [1]).edges())
        [(0, 1), (1, 2), (2, 3), (3, 0)]
    """
    import networkx as nx

    S = group.stabilizer
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(S.order))
    for generator in map(group.flat_index, S.generators if generators is None else generators):
        for s in range(S.order):
            graph.add_edge(s, int(S.composition[s, generator]), generator=generator)
    return graph


def subgroup_lattice(group: SplitGroup) -> nx.DiGraph:
    """The lattice of the stabilizer's subgroups up to conjugacy, as its Hasse diagram.

    A node is a representative of a class of conjugate subgroups; it has its abstract `name` and
    the number of its `conjugates`. An edge `H → K` says that `H` lies in a conjugate of `K`, and
    no class stands between.

    Examples:
        >>> from groupconv import group
        >>> lattice = subgroup_lattice(group("p4"))
        >>> [(H.abstract_name, K.abstract_name) for H, K in lattice.edges()]
        [('C1', 'C2'), ('C2', 'C4')]
    """
    import networkx as nx

    order = nx.DiGraph()
    classes = group.stabilizer.subgroup_classes
    for members in classes:
        order.add_node(members[0], name=members[0].abstract_name, conjugates=len(members))
    for lower, upper in itertools.combinations(classes, 2):  # the smaller come first
        if any(subgroup <= upper[0] for subgroup in lower):
            order.add_edge(lower[0], upper[0])
    reduced = nx.transitive_reduction(order)
    hasse = nx.DiGraph()  # in the order of the classes, which the reduction does not keep
    hasse.add_nodes_from(order.nodes(data=True))
    hasse.add_edges_from(edge for edge in order.edges() if reduced.has_edge(*edge))
    return hasse
