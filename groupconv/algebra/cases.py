"""The elements over which axioms are examined: symbolic ones, and integer ones as well."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, TypeAlias

import sympy

from groupconv.algebra.exact import Element
from groupconv.algebra.translations import translation_pairs, translations

if TYPE_CHECKING:
    from groupconv.algebra.formulas import Formulas
    from groupconv.algebra.translations import Translation

MOST_PAIRS = 20_000
"""About how many pairs of elements are tried as integers; those of `FEW` translations always."""

FEW = 7
"""How many translations, or pairs of them, suffice before a table is trusted."""

Elements: TypeAlias = tuple[Element, ...]
"""The elements that one case of a statement is about."""


class Cases:
    """A group with the elements that speak for all of it; what its formulas give is kept.

    A translation stands as symbols, so that what holds for an element holds for all translations
    of it. Since code can distinguish symbols from numbers, a few integer translations are tried as
    well.
    """

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas
        self.name = formulas.group.name
        self.lattice = formulas.group.lattice
        self.shape = formulas.group.stabilizer_shape
        self.claims = formulas.claims
        self.dimension = self.lattice.dimension
        self.origin = (0,) * self.dimension
        self.indices = list(itertools.product(*map(range, self.shape)))
        self.matrix = functools.cache(formulas.matrix)
        self.compose = functools.cache(formulas.compose)
        self.inverse = functools.cache(formulas.inverse)

    def split(self, g: Element) -> tuple[Element, Element]:
        """The stabilizer coordinates and the translation of an element."""
        return g[: len(self.shape)], g[len(self.shape) :]

    def translated(self, *shifts: Element) -> list[Elements]:
        """Every stabilizer element with each of some translations."""
        return [((*s, *t),) for t in shifts for s in self.indices]

    def fixed(self) -> list[Elements]:
        """The stabilizer elements, untranslated."""
        return self.translated(self.origin)

    def symbols(self, letter: str = "t") -> Element:
        """The translation `(t0, t1, …)`."""
        return tuple(sympy.symbols(f"{letter}0:{self.dimension}", integer=True))

    def symbolic(self) -> list[Elements]:
        """Every stabilizer element, with that translation."""
        return self.translated(self.symbols())

    def integer(self, number: int | None = None) -> list[Elements]:
        """Every stabilizer element with a few translations, the most revealing ones first."""
        return self.translated(*translations(self.dimension)[:number])

    def symbolic_pairs(self) -> list[Elements]:
        """All pairs of stabilizer elements, with different symbols as translations."""
        return self._pairs([(self.symbols(), self.symbols("x"))])

    def integer_pairs(self, number: int | None = None) -> list[Elements]:
        """All pairs of stabilizer elements, with a few pairs of translations."""
        number = max(FEW, MOST_PAIRS // len(self.indices) ** 2) if number is None else number
        return self._pairs(translation_pairs(self.dimension)[:number])

    def _pairs(self, shifts: list[tuple[Translation, Translation]]) -> list[Elements]:
        return [
            ((*s, *t), (*r, *x))
            for t, x in shifts
            for s, r in itertools.product(self.indices, repeat=2)
        ]

    def product(self, g: Element, h: Element) -> sympy.ImmutableMatrix:
        """The product of two matrices."""
        return self.matrix(*g) * self.matrix(*h)

    def first_twin(self, g: Element) -> Element:
        """The first element that has the matrix of `g`."""
        _, t = self.split(g)
        wanted = self.matrix(*g)
        twins = ((*s, *t) for s in self.indices)
        return next(h for h in twins if self.matrix(*h) == wanted)
