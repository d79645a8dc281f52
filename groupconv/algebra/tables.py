"""The stabilizer's exact integer tables, and the check that they are those of a group."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra.contract import bare_index, check_element, is_concrete, matrix_text
from groupconv.algebra.lattice import vanishes
from groupconv.algebra.samples import translation_pairs, translations
from groupconv.errors import AxiomError, GroupError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import sympy

    from groupconv.algebra.contract import Element
    from groupconv.algebra.split_group import SplitGroup

    IntArray = npt.NDArray[np.int64]
    Matrices = list[tuple[Element, sympy.ImmutableMatrix]]

__all__ = ["StabilizerTables", "stabilizer_tables"]

LARGEST_ENTRY = 2**24
"""Products of two matrices with entries up to here cannot overflow int64."""

PAIRS = 7
"""How many pairs of translations are tried as integers beside the symbols."""


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


@functools.lru_cache(maxsize=512)
def stabilizer_tables(group: SplitGroup) -> StabilizerTables:
    """A group's tables; the first call builds them, checking every axiom exactly on the way.

    Raises:
        AxiomError: the group is none; the error names the axiom and the elements.
    """
    matrices, translated = _linear_parts(group)
    composition = _composition(group, matrices)
    inverse = _inverse(group, composition)
    _check_isometry(group, matrices)
    _check_index(group, translated)
    _check_overrides(group, matrices, composition, inverse)
    return StabilizerTables(matrices, composition, inverse)


def _linear_parts(group: SplitGroup) -> tuple[IntArray, Matrices]:
    """The integer matrices `A_s`, and the whole ones of each with an integer and a symbolic `t`."""
    import sympy

    d = group.dimension
    t = sympy.symbols(f"t0:{d}", integer=True)
    parts = np.empty((group.order, d, d), dtype=np.int64)
    translated = []
    near, far = translations(d)[:2]
    shifts = {shift: sympy.Matrix(shift) for shift in (near, far, t)}
    for flat, s in enumerate(group.stabilizer_indices):
        element = (*s, *(0,) * d)
        with _blaming(group, "the form of matrix", element):
            expected = group.matrix(*element).as_mutable()
        if any(entry != 0 for entry in expected[:d, d]):
            raise AxiomError(
                group.name,
                "the split g = t s",
                f"{element} moves the origin, by {list(expected[:d, d])}, as a glide or screw does",
                (element,),
            )
        still = _integers(group, s, expected)
        for shift, column in shifts.items():  # code can tell a number from a symbol
            with _blaming(group, "the form of matrix", (*s, *shift)):
                moved = group.matrix(*s, *shift)
            expected[:d, d] = column
            if not _same(moved, expected):
                raise AxiomError(
                    group.name,
                    _claim("the split g = t s", (*s, *shift)),
                    f"the matrix of {(*s, *shift)} is {matrix_text(moved)}, expected the linear "
                    f"part of {element} beside the translation: {matrix_text(expected)}",
                    ((*s, *shift),),
                    step="run groupconv.verify for the smallest place and the likely cause",
                )
            if shift in (near, t):
                translated.append(((*s, *shift), moved))
        parts[flat] = still[:d, :d]
    return parts, translated


def _same(matrix: sympy.ImmutableMatrix, expected: sympy.MatrixBase) -> bool:
    """Whether two matrices are equal as polynomials, without floats, which are never exact."""
    import sympy

    if matrix.has(sympy.Float):
        return False
    return matrix == expected or all(map(vanishes, matrix - expected))


def _claim(axiom: str, *elements: Element) -> str:
    """What is broken at some elements: an axiom at integers, no more than its proof at symbols."""
    return axiom if is_concrete(*elements) else f"the proof of {axiom}"


@contextlib.contextmanager
def _blaming(group: SplitGroup, axiom: str, *elements: Element) -> Iterator[None]:
    """Whatever a formula raises is a broken axiom at some elements."""
    try:
        yield
    except GroupError as error:
        raise AxiomError(group.name, axiom, str(error), elements) from error


def _integers(group: SplitGroup, s: tuple[int, ...], matrix: sympy.ImmutableMatrix) -> IntArray:
    """An exact matrix as int64, if it is an integer homogeneous one."""
    import sympy

    d = group.dimension
    for entry in matrix:
        if not entry.is_Integer or abs(entry) > LARGEST_ENTRY:
            kind = "too large" if entry.is_Integer else "no exact integer"
            if entry.has(sympy.Float):
                advice = "write integers, without floats"
            else:
                advice = "write matrices in lattice coordinates, in a reduced basis"
            raise AxiomError(
                group.name,
                "integrality",
                f"entry {entry} in the matrix {matrix_text(matrix)} of {s} is {kind}",
                (s,),
                step=advice,
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
    """The inverse of every element; one from the right is one from the left, as of all matrices."""
    is_inverse = composition == 0
    lonely = np.flatnonzero(~is_inverse.any(axis=1))
    if lonely.size:
        s = group.stabilizer_indices[lonely[0]]
        raise AxiomError(group.name, "inverses", f"{s} has no inverse", (s,))
    inverse: IntArray = is_inverse.argmax(axis=1).astype(np.int64)
    return inverse


def _check_isometry(group: SplitGroup, matrices: IntArray) -> None:
    """`Aᵀ G A = G` for the Gram matrix `G`: the stabilizer keeps lengths and angles."""
    gram = np.array(group.lattice.gram.tolist(), dtype=object)
    for s, A in zip(group.stabilizer_indices, matrices.astype(object), strict=True):
        if not all(entry == 0 or vanishes(entry) for entry in (A.T @ gram @ A - gram).flat):
            raise AxiomError(
                group.name,
                "isometry",
                f"{s} = {A.tolist()} changes lengths or angles of the lattice "
                f"{group.lattice.name!r}; its Gram matrix is {gram.tolist()}",
                (s,),
                step="name the lattice that these matrices belong to",
            )


def _check_index(group: SplitGroup, translated: Matrices) -> None:
    """`index` finds every stabilizer element back from its matrix, whatever its translation."""
    for element, matrix in translated:
        axiom = _claim("the bijection of index and matrix", element)
        with _blaming(group, axiom, element):
            found = bare_index(group, matrix)
        if not _agree(found, element):
            raise AxiomError(
                group.name, axiom, f"index of the matrix of {element} is {found}", (element,)
            )


def _check_overrides(
    group: SplitGroup, matrices: IntArray, composition: IntArray, inverse: IntArray
) -> None:
    """A plugin's own `compose` and `inverse` agree with the matrices, symbols or integers."""
    if not group.overrides:
        return
    import sympy

    d, indices = group.dimension, group.stabilizer_indices
    letters = tuple(sympy.symbols(f"{letter}0:{d}", integer=True) for letter in "tx")
    for pair in (*translation_pairs(d)[:PAIRS], letters):
        t, x = map(sympy.Matrix, pair)
        for s, A in enumerate(map(sympy.Matrix, matrices)):
            g = (*indices[s], *t)
            if "inverse" in group.overrides:
                back = sympy.Matrix(matrices[inverse[s]])
                _compare(group, "inverse", (g,), (*indices[inverse[s]], *(-back * t)))
            if "compose" in group.overrides:
                for r, product in enumerate(composition[s]):
                    expected = (*indices[product], *(A * x + t))
                    _compare(group, "compose", (g, (*indices[r], *x)), expected)


def _agree(found: Element, expected: Element) -> bool:
    """Whether two indices are equal as polynomials."""
    return found == expected or all(vanishes(a - b) for a, b in zip(found, expected, strict=True))


def _compare(
    group: SplitGroup, name: str, elements: tuple[Element, ...], expected: Element
) -> None:
    elements = tuple(check_element(group, element) for element in elements)
    axiom = _claim(f"{name} = the matrices", *elements)
    with _blaming(group, axiom, *elements):
        found = getattr(group, name)(*elements)
    if not _agree(found, expected):
        given = ", ".join(map(str, elements))
        raise AxiomError(
            group.name,
            axiom,
            f"{name}({given}) is {found}, and the matrices give {expected}",
            elements,
        )
