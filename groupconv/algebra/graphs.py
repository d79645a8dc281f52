"""Graphs of a group, as networkx objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import networkx as nx

from groupconv.algebra.contract import require_group
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from groupconv.algebra.split_group import SplitGroup

__all__ = ["cayley_graph"]


def cayley_graph(group: SplitGroup, generators: Iterable[int | tuple[int, ...]]) -> nx.MultiDiGraph:
    """The Cayley graph of the stabilizer: an edge `s → s g` for each element and generator.

    Args:
        group: The group.
        generators: Stabilizer elements, by their coordinates or their flat index.

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
    if not isinstance(generators, Iterable):
        raise ArgumentError(f"generators={generators!r}: expected a list of stabilizer elements")
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(group.order))
    for generator in map(group.flat_index, generators):
        for s in range(group.order):
            graph.add_edge(s, int(group.composition_table[s, generator]), generator=generator)
    return graph
