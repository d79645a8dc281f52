"""`GeneratedGroup`: a group given by named generators and their orders."""

from __future__ import annotations

import functools
import operator
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from groupconv.algebra.finite_groups import factorization, factors_once
from groupconv.algebra.integer_matrices import closure, identity, powers, product, products
from groupconv.algebra.lattice import CUBIC, LINE, SQUARE, Lattice
from groupconv.algebra.plugin import LARGEST_ORDER
from groupconv.algebra.split_group import SplitGroup
from groupconv.algebra.stabilizer import Stabilizer, require_isometries
from groupconv.errors import ArgumentError, AxiomError, ElementError

if TYPE_CHECKING:
    import sympy

    from groupconv.algebra.exact import Element, Rows

__all__ = ["GeneratedGroup", "Generator"]

TRANSLATION_NAME = re.compile("t[0-9]+")

_STANDARD = {lattice.dimension: lattice for lattice in (LINE, SQUARE, CUBIC)}


class Generator(NamedTuple):
    """One generator: the name of its coordinate, its integer matrix and its order."""

    name: str
    matrix: Rows
    order: int


@dataclass(frozen=True)
class GeneratedGroup(SplitGroup):
    """The group whose index `(a, b, …, t…)` means `A^a B^b …`, translated by `t`.

    Every crystallographic point group has such a form, so a group is one expression.

    Args:
        name: The name under which it is registered.
        generators: For each stabilizer coordinate, in order, its name, and the integer `(d, d)`
            matrix and the order of its generator; none for translations alone.
        lattice: The lattice; by default the standard one, `Z^d` with orthonormal axes.
        status: `"stable"`, or `"experimental"` while its conventions may still change.

    Raises:
        AxiomError: a matrix does not have integer entries, or its order is not the one stated.
        ArgumentError: the generators or the lattice do not fit together.

    Examples:
        >>> p2 = GeneratedGroup("p2", {"r": ([[-1, 0], [0, -1]], 2)})
        >>> p2.compose((1, 5, 0), (1, 2, 3))
        (0, 3, -3)
    """

    name: str
    generators: tuple[Generator, ...]
    lattice: Lattice

    def __init__(
        self,
        name: str,
        generators: Mapping[str, tuple[Any, int]],
        lattice: Lattice | None = None,
        *,
        status: str = "stable",
    ) -> None:
        if not isinstance(generators, Mapping) or not (generators or lattice):
            raise ArgumentError(
                f"generators={generators!r} of group {name!r}: expected a mapping from the name "
                f"of each coordinate to its generator's matrix and order; with none, give lattice="
            )
        parsed = tuple(_generator(name, key, value) for key, value in generators.items())
        lattice = _lattice(name, {g.name: g.matrix for g in parsed}, lattice)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "generators", parsed)
        object.__setattr__(self, "lattice", lattice)
        object.__setattr__(self, "status", status)
        object.__setattr__(self, "stabilizer_shape", tuple(g.order for g in parsed))

    @classmethod
    def from_matrices(
        cls, name: str, matrices: Mapping[str, Any], lattice: Lattice | None = None
    ) -> GeneratedGroup:
        """The group that some matrices generate, whatever their products.

        The matrices are kept as named generators if every element is a product `A^a B^b …` in
        exactly one way. Otherwise such generators are searched for along a chain of subgroups, and
        named `a`, `b`, ….

        Args:
            name: The name under which it is registered.
            matrices: Integer `(d, d)` matrices by their names.
            lattice: The lattice; by default the standard one.

        Raises:
            AxiomError: a matrix does not have integer entries, or does not keep the lattice.
            ArgumentError: the matrices or the lattice do not fit together, or there are no such
                generators, as for the quaternions.

        Examples:
            >>> turns = {"x": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
            ...          "z": [[0, -1, 0], [1, 0, 0], [0, 0, 1]]}
            >>> GeneratedGroup.from_matrices("P432", turns).stabilizer_shape
            (4, 2, 3)
        """
        if not isinstance(matrices, Mapping) or not matrices:
            raise ArgumentError(
                f"matrices={matrices!r} of group {name!r}: expected a mapping from names to "
                f"matrices"
            )
        given = {key: _read_rows(name, key, value) for key, value in matrices.items()}
        lattice = _lattice(name, given, lattice)
        require_isometries(list(given.values()), lattice, group=name, labels=list(given))
        elements = closure(list(given.values()))
        table = Stabilizer.from_matrices(elements, lattice, group=name, labels=elements).composition
        own = tuple(map(elements.index, given.values()))
        keeps = factors_once(table, own)
        chosen = own if keeps else factorization(table, own)
        names = list(given) if keeps else list(string.ascii_lowercase)
        if chosen is None:
            raise ArgumentError(
                f"matrices={matrices!r} of group {name!r} generate {len(elements)} elements that "
                f"are not products A^a B^b … of powers in exactly one way; write a SplitGroup with "
                f"matrix and index"
            )
        generators = {
            key: (elements[s], _order(elements[s])) for key, s in zip(names, chosen, strict=False)
        }
        return cls(name, generators, lattice)

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """The names of the generators, then `t0, t1, …`."""
        return (*(g.name for g in self.generators), *(f"t{i}" for i in range(self.dimension)))

    def matrix(self, *index: Any) -> sympy.ImmutableMatrix:
        """The matrix `A^a B^b …` with the translation; translations may be symbols."""
        import sympy

        split = len(self.generators)
        stabilizer, translation = index[:split], index[split:]
        if stabilizer not in self._parts:
            raise ElementError(
                f"index={index} of {self.name!r}: the stabilizer coordinates {stabilizer} are "
                f"exponents of generators, expected integers; only translations can be symbols"
            )
        rows = zip(self._parts[stabilizer], translation, strict=True)
        bottom = [0] * self.dimension + [1]
        return sympy.ImmutableMatrix([*([*row, t] for row, t in rows), bottom])

    def index(self, matrix: sympy.ImmutableMatrix) -> Element:
        """The exponents of the generators and the translation, by looking the matrix up."""
        d = self.dimension
        found = self._exponents.get(tuple(map(tuple, matrix[:d, :d].tolist())))
        if found is None:
            raise ElementError(
                f"no product of generators has the linear part {matrix[:d, :d].tolist()}"
            )
        return (*found, *matrix[:d, d])

    @functools.cached_property
    def _parts(self) -> dict[tuple[int, ...], Rows]:
        """`A^a B^b …` for all exponents."""
        parts = products(self.dimension, [(g.matrix, g.order) for g in self.generators])
        return dict(zip(self.stabilizer_indices, parts, strict=True))

    @functools.cached_property
    def _exponents(self) -> dict[Rows, tuple[int, ...]]:
        return {linear: exponents for exponents, linear in self._parts.items()}

    @functools.cached_property
    def _tables(self) -> Stabilizer:
        """Made of integers alone: products of generators are what the formulas look up."""
        elements = [self.element(s) for s in self._parts]
        parts = list(self._parts.values())
        return Stabilizer.from_matrices(parts, self.lattice, group=self.name, labels=elements)

    def __repr__(self) -> str:
        generators = {g.name: (g.matrix, g.order) for g in self.generators}
        return (
            f"{type(self).__name__}(name={self.name!r}, generators={generators!r}, "
            f"lattice={self.lattice!r}"
            + ("" if self.status == "stable" else f", status={self.status!r}")
            + ")"
        )


def _lattice(name: str, matrices: Mapping[str, Rows], lattice: Lattice | None) -> Lattice:
    """The lattice of some matrices, by default the standard one of their size."""
    size = len(next(iter(matrices.values()), ()))
    if lattice is None and size not in _STANDARD:
        raise ArgumentError(
            f"generators of group {name!r} act in {size} dimensions, where there is no standard "
            f"lattice; give lattice="
        )
    chosen = _STANDARD[size] if lattice is None else lattice
    if not isinstance(chosen, Lattice):
        raise ArgumentError(
            f"lattice={lattice!r} of group {name!r}: expected a groupconv.Lattice, such as "
            f"groupconv.HEXAGONAL"
        )
    for key, rows in matrices.items():
        if len(rows) != chosen.dimension:
            raise ArgumentError(
                f"generator {key!r} of group {name!r} is a {len(rows)}×{len(rows)} matrix, and the "
                f"lattice {chosen.name!r} has dimension {chosen.dimension}"
            )
    return chosen


def _generator(group: str, name: str, value: Any) -> Generator:
    """Read one generator and check that it has the order it claims."""
    if not isinstance(name, str) or not name.isidentifier() or TRANSLATION_NAME.fullmatch(name):
        raise ArgumentError(
            f"generator name {name!r} of group {group!r}: expected an identifier other than "
            f"t0, t1, …, the names of the translations"
        )
    try:
        matrix, order = value
        order = operator.index(order)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"generator {name!r} of group {group!r} is {value!r}, expected a pair of an integer "
            f"matrix and its order"
        ) from error
    if not 1 <= order <= LARGEST_ORDER:
        raise ArgumentError(
            f"order={order!r} of generator {name!r} of group {group!r}: expected a positive "
            f"integer, at most {LARGEST_ORDER}"
        )
    generator = Generator(name, _read_rows(group, name, matrix), order)
    one = identity(len(generator.matrix))
    found = powers(generator.matrix, order)
    is_early = one in found[1:]
    if is_early or product(found[-1], generator.matrix) != one:
        exponent = found.index(one, 1) if is_early else order
        raise AxiomError(
            group,
            "finite order",
            f"{name}^{exponent} is {'already' if is_early else 'not'} the identity, and {name!r} "
            f"is declared of order {order}; {name} = {[list(row) for row in generator.matrix]}",
            step="correct the matrix or the order",
        )
    return generator


def _order(matrix: Rows) -> int:
    """The least `n > 0` with `A^n = 1`, for an element of a finite group."""
    one, power, n = identity(len(matrix)), matrix, 1
    while power != one:
        power, n = product(power, matrix), n + 1
    return n


def _read_rows(group: str, name: str, matrix: Any) -> Rows:
    """A square matrix of integers, from anything that has rows."""
    try:
        rows = [list(row) for row in (matrix.tolist() if hasattr(matrix, "tolist") else matrix)]
    except TypeError:
        rows = []
    if not rows or any(len(row) != len(rows) for row in rows):
        raise ArgumentError(
            f"generator {name!r} of group {group!r} is {matrix!r}, expected a square matrix"
        )
    try:
        return tuple(tuple(operator.index(entry) for entry in row) for row in rows)
    except TypeError as error:
        raise AxiomError(
            group,
            "integrality",
            f"generator {name!r} has entries that are not integers: {rows}",
            step="write it in lattice coordinates, as integers",
        ) from error
