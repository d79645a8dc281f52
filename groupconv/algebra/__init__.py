"""The mathematics: split groups, lattices, subgroups and cosets, graphs. Exact, and no torch."""

from groupconv.algebra.contract import Element
from groupconv.algebra.generated import GeneratedGroup, Generator
from groupconv.algebra.graphs import cayley_graph, subgroup_lattice
from groupconv.algebra.lattice import CUBIC, HEXAGONAL, LINE, SQUARE, Lattice
from groupconv.algebra.split_group import SplitGroup
from groupconv.algebra.structure import Structure
from groupconv.algebra.subgroup import Space, Subgroup, as_space
from groupconv.algebra.tables import StabilizerTables, stabilizer_tables

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
    "Structure",
    "Subgroup",
    "as_space",
    "cayley_graph",
    "stabilizer_tables",
    "subgroup_lattice",
]
