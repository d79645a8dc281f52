"""Facts about the integer tables that layers are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupconv.transforms import filter_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from groupconv.algebra import SplitGroup

    IntArray = npt.NDArray[np.int64]

__all__ = ["FACTS", "Fact", "Violation"]

KERNEL_SIZE = 3


class Violation(NamedTuple):
    """Where a fact does not hold: the flat indices concerned, and both sides."""

    elements: tuple[int, ...]
    left: list[int]
    right: list[int]
    cause: str


class Fact(NamedTuple):
    """A statement about tables, and the function that finds its violations."""

    name: str
    statement: str
    latex: str
    cases: Callable[[SplitGroup], int]
    violations: Callable[[SplitGroup], Iterable[Violation]]


def _latin_square(group: SplitGroup) -> Iterable[Violation]:
    everything = list(range(group.order))
    for name, table in (("row", group.composition_table), ("column", group.composition_table.T)):
        for s, line in enumerate(table):
            if sorted(line) != everything:
                cause = f"this {name} of the composition table is no permutation"
                yield Violation((s,), line.tolist(), everything, cause)


def _slices(group: SplitGroup) -> IntArray:
    """The filter transform from `G` to `G` as maps of the filter's cells, shape `(S, P)`."""
    index = filter_transform(group, KERNEL_SIZE).index.reshape(group.order, -1)
    # The identity's slice numbers the cells of the support; all slices have the same support.
    return index[:, index[0] >= 0]


def _slice_permutations(group: SplitGroup) -> Iterable[Violation]:
    slices = _slices(group)
    everything = list(range(slices.shape[1]))
    for s, line in enumerate(slices):
        if sorted(line) != everything:
            cause = "this slice of the filter transform is no permutation of the parameters"
            yield Violation((s,), line.tolist(), everything, cause)


def _representation(group: SplitGroup) -> Iterable[Violation]:
    slices = _slices(group)
    for s, first in enumerate(slices):
        both = slices[:, first]  # (T(s) T(t) f)[c] = f[slice_t[slice_s[c]]]
        at_once = slices[group.composition_table[s]]
        for t in np.flatnonzero((both != at_once).any(axis=1)):
            cause = "the filter transform of a product is not the product of the transforms"
            yield Violation((s, int(t)), both[t].tolist(), at_once[t].tolist(), cause)


FACTS = (
    Fact(
        "composition table",
        "every row and every column of the composition table is a permutation",
        r"s \mapsto s t, \; t \mapsto s t \text{ are bijections of } S",
        lambda group: 2 * group.order,
        _latin_square,
    ),
    Fact(
        "filter transform",
        "every slice T(s) of the filter transform is a permutation of the parameters",
        r"T(s) \in \mathrm{Sym}(P)",
        lambda group: group.order,
        _slice_permutations,
    ),
    Fact(
        "representation",
        "T(s) T(s') = T(s s') for the filter transform T",
        r"T(s) \, T(s') = T(s s')",
        lambda group: group.order**2,
        _representation,
    ),
)
