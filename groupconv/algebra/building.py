"""From a plugin's formulas to its stabilizer: evaluated once, the axioms examined on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupconv.algebra.axioms import MATRIX_AXIOMS, PRODUCT_AXIOMS, require_axioms
from groupconv.algebra.cases import Cases
from groupconv.algebra.stabilizer import Stabilizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupconv.algebra.formulas import Formulas


def build_stabilizer(formulas: Formulas, coordinates: Sequence[tuple[str, int]]) -> Stabilizer:
    """The stabilizer of a group that is given by formulas; its coordinates by name and range."""
    G = Cases(formulas)
    require_axioms(G, MATRIX_AXIOMS)
    matrices = [G.matrix(*g)[:-1, :-1].tolist() for (g,) in G.fixed()]
    parts = [[[int(entry) for entry in row] for row in A] for A in matrices]
    stabilizer = Stabilizer.from_matrices(parts, G.lattice, group=G.name, coordinates=coordinates)
    require_axioms(G, [axiom for axiom in PRODUCT_AXIOMS if not axiom.claim])
    return stabilizer


def require_claims(formulas: Formulas) -> None:
    """Examine a plugin's own `compose` and `inverse`."""
    require_axioms(Cases(formulas), [axiom for axiom in PRODUCT_AXIOMS if axiom.claim])
