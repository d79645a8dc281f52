"""Real irreducible representations of a finite group, and its Fourier transform, from one table.

They are found by splitting the regular representation, so that no group needs a table of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from groupconv.algebra.exact import FloatArray, IntArray

DIGITS = 6
"""Characters and eigenvalues that agree to so many decimals are the same."""


@dataclass(frozen=True, eq=False, repr=False)
class Irrep:
    """A real irreducible representation `ρ` of a finite group, by orthogonal matrices.

    Attributes:
        matrices: `ρ(s)` at `[s]`, `(S, D, D)`, float64, read-only.
        rows: Rows `v` of unit length, `(D / e, D)`, float64: the functions `s ↦ v ρ(s)` are
            copies of `ρ` within the functions on the group, each orthogonal to the others.

    Examples:
        >>> from groupconv import group
        >>> [(irrep.dimension, irrep.kind) for irrep in group("p4").stabilizer.irreps]
        [(1, 'real'), (1, 'real'), (2, 'complex')]
    """

    matrices: FloatArray  # shape: (S, D, D)
    rows: FloatArray  # shape: (D / e, D)

    @property
    def dimension(self) -> int:
        """The number `D` of its real dimensions."""
        return len(self.matrices[0])

    @property
    def character(self) -> FloatArray:
        """The trace of each matrix, shape `(S,)`."""
        traces: FloatArray = np.trace(self.matrices, axis1=1, axis2=2)
        return traces

    @property
    def kind(self) -> str:
        """What commutes with it: the `"real"`, `"complex"` or `"quaternionic"` numbers.

        Of these there are `e` = 1, 2 or 4 real dimensions.
        """
        return {1: "real", 2: "complex", 4: "quaternionic"}[self.dimension // len(self.rows)]

    @property
    def fourier(self) -> FloatArray:
        """The functions `√(D/S) v ρ(s)`, orthonormal, `(D / e, D, S)`: rows of the transform."""
        scale = np.sqrt(self.dimension / len(self.matrices))
        rows: FloatArray = scale * np.einsum("ij,sjk->iks", self.rows, self.matrices)
        return rows

    def __repr__(self) -> str:
        return f"<{self.kind} irrep of dimension {self.dimension}>"


def real_irreps(composition: IntArray, inverse: IntArray) -> tuple[Irrep, ...]:
    """All real irreducible representations up to equivalence, the smallest first.

    Args:
        composition: The flat index of `s·t` at `[s, t]`.
        inverse: The flat index of `s⁻¹` at `[s]`.

    Returns:
        The trivial one first; `Σ D²/e` over all of them is the order of the group.
    """
    # Functions h ↦ f(h) are moved by g to h ↦ f(g⁻¹ h). What commutes with that is convolution;
    # a symmetric one with random entries has a different eigenvalue on every irreducible part.
    entries = np.random.default_rng(0).standard_normal(len(inverse))
    eigenvalues, vectors = np.linalg.eigh((entries + entries[inverse])[composition[inverse]])
    cuts = np.flatnonzero(np.diff(eigenvalues) > 10.0**-DIGITS) + 1
    found: dict[tuple[float, ...], Irrep] = {}
    for basis in np.split(vectors, cuts, axis=1):  # shape: (S, D)
        matrices = np.einsum("shi,hj->sij", basis[composition], basis)
        character = np.trace(matrices, axis1=1, axis2=2).round(DIGITS)
        if (key := tuple(character + 0.0)) not in found:
            found[key] = Irrep(_frozen(matrices), _frozen(_independent_rows(matrices)))
    order = sorted(found, key=lambda key: (key[0], [-value for value in key]))
    return tuple(map(found.__getitem__, order))


def fourier_matrix(irreps: tuple[Irrep, ...]) -> FloatArray:  # shape: (S, S)
    """The Fourier transform of functions on a group, from all its irreps."""
    return _frozen(
        np.concatenate([irrep.fourier.reshape(-1, len(irrep.matrices)) for irrep in irreps])
    )


def _independent_rows(matrices: FloatArray) -> FloatArray:
    """Unit rows `v` whose images under all that commutes with `ρ` are orthogonal to each other."""
    S, D, _ = matrices.shape
    rows, left = [], np.eye(D)  # an orthonormal basis of what is orthogonal to all images
    while len(left):
        v = left[0]
        rows.append(v)
        # Σ ρ(s) E ρ(s)⁻¹ commutes with ρ; these are its images of v, one for each matrix unit E.
        images = np.einsum("sia,sjb,j->abi", matrices, matrices, v).reshape(-1, D) / S
        taken = _row_space(images)
        left = _row_space(left - left @ taken.T @ taken)
    return np.array(rows)


def _row_space(rows: FloatArray) -> FloatArray:
    """An orthonormal basis of what some rows span, by rows."""
    _, sizes, basis = np.linalg.svd(rows, full_matrices=False)
    return basis[sizes > 10.0**-DIGITS]


def _frozen(values: FloatArray) -> FloatArray:
    values = np.ascontiguousarray(values)
    values.setflags(write=False)
    return values
