"""The mathematics: split groups, lattices, subgroups and cosets, graphs. Exact, and no torch."""

from groupconv.groups.contract import Element
from groupconv.groups.generated import GeneratedGroup, Generator
from groupconv.groups.graphs import cayley_graph
from groupconv.groups.lattice import CUBIC, HEXAGONAL, LINE, SQUARE, Lattice
from groupconv.groups.split_group import SplitGroup
from groupconv.groups.subgroup import Space, Subgroup, as_space
from groupconv.groups.tables import StabilizerTables, stabilizer_tables

__all__ = [
    "CUBIC",
    "HEXAGONAL",
    "LINE",
    "SQUARE",
    "Element",
    "GeneratedGroup",
    "Generator",
    "Lattice",
    "Space",
    "SplitGroup",
    "StabilizerTables",
    "Subgroup",
    "as_space",
    "cayley_graph",
    "stabilizer_tables",
]
