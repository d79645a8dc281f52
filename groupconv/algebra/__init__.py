"""The mathematics: split groups, lattices, stabilizers, cosets, graphs. Exact, without torch."""

from groupconv.algebra.exact import Element
from groupconv.algebra.generated import GeneratedGroup, Generator
from groupconv.algebra.graphs import cayley_graph, subgroup_lattice
from groupconv.algebra.lattice import CUBIC, HEXAGONAL, LINE, SQUARE, Lattice
from groupconv.algebra.plugin import Plugin
from groupconv.algebra.representations import Irrep
from groupconv.algebra.spaces import Space, as_space
from groupconv.algebra.split_group import SplitGroup
from groupconv.algebra.stabilizer import Stabilizer, Subgroup

__all__ = [
    "CUBIC",
    "HEXAGONAL",
    "LINE",
    "SQUARE",
    "Element",
    "GeneratedGroup",
    "Generator",
    "Irrep",
    "Lattice",
    "Plugin",
    "Space",
    "SplitGroup",
    "Stabilizer",
    "Subgroup",
    "as_space",
    "cayley_graph",
    "subgroup_lattice",
]
