"""Checks of the integer tables that layers are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupconv.transforms import filter_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from groupconv.algebra import Stabilizer
    from groupconv.algebra.exact import IntArray


class Violation(NamedTuple):
    """Where a statement does not hold: the flat indices concerned, and both sides."""

    elements: tuple[int, ...]
    left: list[int]
    right: list[int]
    cause: str


class TableCheck(NamedTuple):
    """A statement about tables, and the function that finds its violations."""

    name: str
    statement: str
    latex: str
    cases: Callable[[Stabilizer], int]
    violations: Callable[[Stabilizer], Iterable[Violation]]


def _latin_square(S: Stabilizer) -> Iterable[Violation]:
    everything = list(range(S.order))
    for name, table in (("row", S.composition), ("column", S.composition.T)):
        for s, line in enumerate(table):
            if sorted(line) != everything:
                cause = f"this {name} of the composition table is not a permutation"
                yield Violation((s,), line.tolist(), everything, cause)


def _slices(S: Stabilizer) -> IntArray:
    """The filter transform from `G` to `G` as maps of the filter's cells, shape `(S, P)`."""
    box = 2 * np.abs(S.matrices).max(axis=(0, 2)) + 1  # it holds the images of all basis vectors
    index = filter_transform(S, tuple(box.tolist())).index.reshape(S.order, -1)
    # The identity's slice numbers the cells of the support; all slices have the same support.
    return index[:, index[0] >= 0]


def _slice_permutations(S: Stabilizer) -> Iterable[Violation]:
    slices = _slices(S)
    everything = list(range(slices.shape[1]))
    for s, line in enumerate(slices):
        if sorted(line) != everything:
            cause = "this slice of the filter transform is not a permutation of the parameters"
            yield Violation((s,), line.tolist(), everything, cause)


def _representation(S: Stabilizer) -> Iterable[Violation]:
    slices = _slices(S)
    for s, first in enumerate(slices):
        both = slices[:, first]  # (T(s) T(t) f)[c] = f[slice_t[slice_s[c]]]
        at_once = slices[S.composition[s]]
        for t in np.flatnonzero((both != at_once).any(axis=1)):
            cause = "the filter transform of a product is not the product of the transforms"
            yield Violation((s, int(t)), both[t].tolist(), at_once[t].tolist(), cause)


TABLE_CHECKS = (
    TableCheck(
        "composition table",
        "every row and every column of the composition table is a permutation",
        r"s \mapsto s t, \; t \mapsto s t \text{ are bijections of } S",
        lambda S: 2 * S.order,
        _latin_square,
    ),
    TableCheck(
        "filter transform",
        "every slice T(s) of the filter transform is a permutation of the parameters",
        r"T(s) \in \mathrm{Sym}(P)",
        lambda S: S.order,
        _slice_permutations,
    ),
    TableCheck(
        "representation",
        "T(s) T(s') = T(s s') for the filter transform T",
        r"T(s) \, T(s') = T(s s')",
        lambda S: S.order**2,
        _representation,
    ),
)
