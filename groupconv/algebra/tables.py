"""The stabilizer's exact integer tables, and the check that they are those of a group."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra.contract import check_form, matrix_text
from groupconv.errors import AxiomError, ElementError

if TYPE_CHECKING:
    import numpy.typing as npt
    import sympy

    from groupconv.algebra.split_group import SplitGroup

    IntArray = npt.NDArray[np.int64]

__all__ = ["StabilizerTables", "stabilizer_tables"]

LARGEST_ENTRY = 2**24
"""Products of two matrices with entries up to here cannot overflow int64."""


@dataclass(frozen=True, eq=False)
class StabilizerTables:
    """What the engine knows about a stabilizer `S`; all arrays are int64 and read-only.

    Attributes:
        matrices: The linear parts `A_s`, shape `(S, d, d)`.
        composition: The flat index of `s·t` at `[s, t]`, shape `(S, S)`.
        inverse: The flat index of `s⁻¹` at `[s]`, shape `(S,)`.
    """

    matrices: IntArray
    composition: IntArray
    inverse: IntArray

    def __post_init__(self) -> None:
        for table in (self.matrices, self.composition, self.inverse):
            table.setflags(write=False)


def stabilizer_tables(group: SplitGroup) -> StabilizerTables:
    """A group's tables; the first call builds them, checking every axiom exactly on the way.

    Raises:
        AxiomError: the group is none; the error names the axiom and the elements.
    """
    check_form(group)
    return _built(group)


@functools.lru_cache(maxsize=512)
def _built(group: SplitGroup) -> StabilizerTables:
    matrices = _linear_parts(group)
    composition = _composition(group, matrices)
    inverse = _inverse(group, composition)
    _check_associativity(group, composition)
    _check_isometry(group, matrices)
    _check_index(group)
    _check_overrides(group, matrices, composition, inverse)
    return StabilizerTables(matrices, composition, inverse)


def _linear_parts(group: SplitGroup) -> IntArray:
    """The integer matrices `A_s`; a symbolic translation must stand beside them, and only there."""
    import sympy

    d = group.dimension
    t = sympy.symbols(f"t0:{d}", integer=True)
    parts = np.empty((group.order, d, d), dtype=np.int64)
    for flat, s in enumerate(group.stabilizer_indices):
        element = (*s, *(0,) * d)
        still = _integers(group, s, group.matrix(*element))
        if still[:d, d].any():
            raise AxiomError(
                group.name,
                "the split g = t s",
                f"{element} moves the origin, by {still[:d, d].tolist()}, as a glide or screw does",
                (element,),
            )
        moved, expected = group.matrix(*s, *t).as_mutable(), group.matrix(*element).as_mutable()
        expected[:d, d] = sympy.Matrix(t)
        if not (moved - expected).applyfunc(sympy.expand).is_zero_matrix:
            raise AxiomError(
                group.name,
                "the split g = t s",
                f"the matrix of {(*s, *t)} is {matrix_text(moved)}, expected the linear part of "
                f"{element} beside the translation",
                ((*s, *t),),
            )
        parts[flat] = still[:d, :d]
    return parts


def _probe(group: SplitGroup) -> tuple[int, ...]:
    """A translation whose coordinates differ from one another, from zero and from one."""
    return tuple(range(2, 2 + group.dimension))


def _integers(group: SplitGroup, s: tuple[int, ...], matrix: sympy.ImmutableMatrix) -> IntArray:
    """An exact matrix as int64, if it is an integer homogeneous one."""
    d = group.dimension
    for entry in matrix:
        if not entry.is_Integer or abs(entry) > LARGEST_ENTRY:
            kind = "too large" if entry.is_Integer else "no exact integer"
            raise AxiomError(
                group.name,
                "integrality",
                f"entry {entry} in the matrix {matrix_text(matrix)} of {s} is {kind}; write "
                f"matrices in lattice coordinates, in a reduced basis",
                (s,),
            )
    array = np.array(matrix.tolist(), dtype=np.int64)
    if array[d].tolist() != [0] * d + [1]:
        raise AxiomError(
            group.name,
            "homogeneity",
            f"the bottom row of the matrix {matrix_text(matrix)} of {s} is not {[0] * d + [1]}",
            (s,),
        )
    return array


def _composition(group: SplitGroup, matrices: IntArray) -> IntArray:
    """The composition table, by looking every product up among the matrices."""
    indices = group.stabilizer_indices
    flat_of: dict[bytes, int] = {}
    for flat, part in enumerate(matrices):
        first = flat_of.setdefault(part.tobytes(), flat)
        if first != flat:
            raise AxiomError(
                group.name,
                "injectivity",
                f"{indices[first]} and {indices[flat]} have the same matrix {part.tolist()}",
                (indices[first], indices[flat]),
            )
    if (matrices[0] != np.eye(group.dimension, dtype=np.int64)).any():
        raise AxiomError(
            group.name,
            "the identity",
            f"the matrix of {indices[0]} is {matrices[0].tolist()}, expected the identity",
            (indices[0],),
        )
    products = np.einsum("sij,tjk->stik", matrices, matrices)
    table = np.empty(products.shape[:2], dtype=np.int64)
    for s, row in enumerate(products):
        for t, product in enumerate(row):
            flat = flat_of.get(product.tobytes(), -1)
            if flat < 0:
                raise AxiomError(
                    group.name,
                    "closure",
                    f"the product of {indices[s]} and {indices[t]} is {product.tolist()}, "
                    f"the matrix of no element",
                    (indices[s], indices[t]),
                )
            table[s, t] = flat
    return table


def _inverse(group: SplitGroup, composition: IntArray) -> IntArray:
    """The two-sided inverse of every element."""
    is_inverse = (composition == 0) & (composition == 0).T
    lonely = np.flatnonzero(~is_inverse.any(axis=1))
    if lonely.size:
        s = group.stabilizer_indices[lonely[0]]
        raise AxiomError(group.name, "inverses", f"{s} has no inverse", (s,))
    inverse: IntArray = is_inverse.argmax(axis=1).astype(np.int64)
    return inverse


def _check_associativity(group: SplitGroup, composition: IntArray) -> None:
    """`(s t) u = s (t u)` for all triples, one `s` at a time to stay small in memory."""
    for s, row in enumerate(composition):
        wrong = np.argwhere(composition[row] != row[composition])
        if wrong.size:
            witnesses = tuple(group.stabilizer_indices[i] for i in (s, *wrong[0]))
            raise AxiomError(
                group.name, "associativity", f"(s t) u ≠ s (t u) for {witnesses}", witnesses
            )


def _check_isometry(group: SplitGroup, matrices: IntArray) -> None:
    """`Aᵀ G A = G` for the Gram matrix `G`: the stabilizer keeps lengths and angles."""
    import sympy

    gram = np.array(group.lattice.gram.tolist(), dtype=object)
    for s, A in zip(group.stabilizer_indices, matrices.astype(object), strict=True):
        if any(sympy.expand(entry) != 0 for entry in (A.T @ gram @ A - gram).flat):
            raise AxiomError(
                group.name,
                "isometry",
                f"{s} = {A.tolist()} changes lengths or angles of the lattice "
                f"{group.lattice.name!r}; its Gram matrix is {gram.tolist()}",
                (s,),
                step="name the lattice that these matrices belong to",
            )


def _check_index(group: SplitGroup) -> None:
    """`index` finds every stabilizer element back from its matrix, whatever its translation."""
    import sympy

    t = sympy.symbols(f"t0:{group.dimension}", integer=True)
    for s in group.stabilizer_indices:
        element = (*s, *t)
        try:
            found = group.index(group.matrix(*element))
        except ElementError as error:
            raise AxiomError(
                group.name, "the bijection of index and matrix", str(error), (element,)
            ) from error
        if found != element:
            raise AxiomError(
                group.name,
                "the bijection of index and matrix",
                f"the index of the matrix of {element} is {found}",
                (element,),
            )


def _check_overrides(
    group: SplitGroup, matrices: IntArray, composition: IntArray, inverse: IntArray
) -> None:
    """A plugin's own `compose` and `inverse` agree with the matrices."""
    indices = group.stabilizer_indices
    probe = np.array(_probe(group))
    if "compose" in group.overrides:
        for s, A in enumerate(matrices):
            for t in range(group.order):
                g, h = (*indices[s], *map(int, probe)), (*indices[t], *map(int, probe[::-1]))
                expected = (*indices[composition[s, t]], *map(int, A @ probe[::-1] + probe))
                _compare(group, "compose", group.compose(g, h), expected, (g, h))
    if "inverse" in group.overrides:
        for s in range(group.order):
            g = (*indices[s], *map(int, probe))
            expected = (*indices[inverse[s]], *map(int, -matrices[inverse[s]] @ probe))
            _compare(group, "inverse", group.inverse(g), expected, (g,))


def _compare(
    group: SplitGroup,
    name: str,
    found: tuple[int, ...],
    expected: tuple[int, ...],
    elements: tuple[tuple[int, ...], ...],
) -> None:
    if found != expected:
        given = ", ".join(map(str, elements))
        raise AxiomError(
            group.name,
            f"{name} = the matrices",
            f"{name}({given}) is {found}, and the matrices give {expected}",
            elements,
        )
