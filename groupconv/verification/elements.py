"""The elements over which statements are examined: symbolic ones, and integer ones beside them."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, TypeAlias

import sympy

from groupconv.algebra.samples import translation_pairs, translations
from groupconv.errors import GroupConvError

if TYPE_CHECKING:
    from groupconv.algebra import Element, SplitGroup

__all__ = ["Elements", "GroupElements", "weight"]

MOST_PAIRS = 20_000
"""About how many pairs of elements are tried as integers; those of seven translations in any case.
"""

Elements: TypeAlias = tuple["Element", ...]
"""The elements that one case of a statement is about."""


class GroupElements:
    """A group with the elements that speak for all of it; what they give is computed once.

    A translation stands as symbols, so that what holds for an element holds for all translations
    of it. Since code can tell a symbol from a number, a few integer translations stand beside.
    """

    def __init__(self, group: SplitGroup) -> None:
        self.group = group
        self.dimension = group.dimension
        self.nowhere = (0,) * group.dimension
        self.still = (0,) * len(group.stabilizer_shape)
        self.matrix = functools.cache(group.matrix)
        self.compose = functools.cache(group.compose)
        self.inverse = functools.cache(group.inverse)

    def split(self, g: Element) -> tuple[Element, Element]:
        """The stabilizer coordinates and the translation of an element."""
        return g[: len(self.still)], g[len(self.still) :]

    def fixed(self) -> list[Elements]:
        """The stabilizer elements, untranslated."""
        return [((*s, *self.nowhere),) for s in self.group.stabilizer_indices]

    def symbols(self, letter: str = "t") -> Element:
        """The translation `(t0, t1, …)`."""
        return tuple(sympy.symbols(f"{letter}0:{self.dimension}", integer=True))

    def symbolic(self, letter: str = "t") -> list[Elements]:
        """Every stabilizer element, with that translation."""
        t = self.symbols(letter)
        return [((*s, *t),) for s in self.group.stabilizer_indices]

    def integer(self) -> list[Elements]:
        """Every stabilizer element with a few translations."""
        return [
            ((*s, *t),) for t in translations(self.dimension) for s in self.group.stabilizer_indices
        ]

    def symbolic_pairs(self) -> list[Elements]:
        """All pairs of stabilizer elements, with different symbols as translations."""
        return [(g, h) for (g,), (h,) in itertools.product(self.symbolic(), self.symbolic("x"))]

    def integer_pairs(self) -> list[Elements]:
        """All pairs of stabilizer elements, with a few pairs of translations."""
        number = max(7, MOST_PAIRS // self.group.order**2)
        return [
            ((*s, *t), (*r, *x))
            for t, x in translation_pairs(self.dimension)[:number]
            for s, r in itertools.product(self.group.stabilizer_indices, repeat=2)
        ]

    def product(self, g: Element, h: Element) -> sympy.ImmutableMatrix:
        """The product of two matrices."""
        return self.matrix(*g) * self.matrix(*h)

    def first_twin(self, g: Element) -> Element:
        """The first element that has the matrix of `g`."""
        _, t = self.split(g)
        wanted = self.matrix(*g)
        twins = ((*s, *t) for s in self.group.stabilizer_indices)
        return next(h for h in twins if self.matrix(*h) == wanted)

    def matrix_or_none(self, g: Element) -> sympy.ImmutableMatrix | None:
        """An element's matrix, or None where the plugin cannot give one."""
        try:
            return self.matrix(*g)
        except GroupConvError:
            return None


def weight(elements: Elements) -> int:
    """The size of a case: the sum of all coordinates, symbols aside."""
    return sum(abs(c) for element in elements for c in element if isinstance(c, int))
