"""`GeneratedGroup`: a group given by named generators and their orders."""

from __future__ import annotations

import functools
import math
import operator
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from groupconv.algebra.contract import LARGEST_ORDER
from groupconv.algebra.lattice import CUBIC, LINE, SQUARE, Lattice
from groupconv.algebra.rows import (
    Rows,
    closure,
    exact_rows,
    factors,
    identity,
    product,
    products,
)
from groupconv.algebra.split_group import SplitGroup
from groupconv.errors import ArgumentError, AxiomError, ElementError

if TYPE_CHECKING:
    import sympy

    from groupconv.algebra.contract import Element

__all__ = ["GeneratedGroup", "Generator"]

RESERVED = re.compile("t[0-9]+")

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
        lattice: The lattice; the standard one, `Z^d` with orthonormal axes, if none is given.
        status: `"stable"`, or `"experimental"` while its conventions may still change.

    Raises:
        AxiomError: a matrix is not integer, or its order is not the one stated.
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
        if not isinstance(name, str) or not name or not name.isprintable():
            raise ArgumentError(f"name={name!r} of a group: expected a text on one line")
        if lattice is not None and not isinstance(lattice, Lattice):
            raise ArgumentError(
                f"lattice={lattice!r} of group {name!r}: expected a groupconv.Lattice, such as "
                f"groupconv.HEXAGONAL"
            )
        if not isinstance(generators, Mapping) or not (generators or lattice):
            raise ArgumentError(
                f"generators={generators!r} of group {name!r}: expected a mapping from the name "
                f"of each coordinate to its generator's matrix and order; with none, give lattice="
            )
        parsed = tuple(_generator(name, key, value) for key, value in generators.items())
        dimension = lattice.dimension if lattice else len(parsed[0].matrix)
        if lattice is None and dimension not in _STANDARD:
            raise ArgumentError(
                f"generators of group {name!r} act in {dimension} dimensions, where there is no "
                f"standard lattice; give lattice="
            )
        lattice = lattice or _STANDARD[dimension]
        for generator in parsed:
            if len(generator.matrix) != lattice.dimension:
                raise ArgumentError(
                    f"generator {generator.name!r} of group {name!r} is a "
                    f"{len(generator.matrix)}×{len(generator.matrix)} matrix, and the lattice "
                    f"{lattice.name!r} has dimension {lattice.dimension}"
                )
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "generators", parsed)
        object.__setattr__(self, "lattice", lattice)
        object.__setattr__(self, "status", status)  # no field: it makes no other group
        object.__setattr__(self, "stabilizer_shape", tuple(g.order for g in parsed))

    @classmethod
    def from_matrices(
        cls, name: str, matrices: Mapping[str, Any], lattice: Lattice | None = None
    ) -> GeneratedGroup:
        """The group that some matrices generate, whatever their products.

        They become its generators, with their names, if the products `A^a B^b …` of their powers
        are each element once. Otherwise others do, found along a chain of subgroups and called
        `a`, `b`, ….

        Args:
            name: The name under which it is registered.
            matrices: Integer `(d, d)` matrices by their names.
            lattice: The lattice; the standard one if none is given.

        Raises:
            AxiomError: they generate no finite group of integer matrices.
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
        given = {key: exact_rows(name, key, value) for key, value in matrices.items()}
        dimension = len(next(iter(given.values())))
        if any(len(rows) != dimension for rows in given.values()):
            raise ArgumentError(f"matrices={matrices!r} of group {name!r} differ in size")
        elements = closure(name, list(given.values()))
        generators = [(rows, elements[rows]) for rows in given.values()]
        is_count = math.prod(order for _, order in generators) == len(elements)
        if not is_count or len(set(products(dimension, generators))) != len(elements):
            chosen = factors(elements, given.values())
            if chosen is None:
                raise ArgumentError(
                    f"matrices={matrices!r} of group {name!r} generate {len(elements)} elements "
                    f"that are no products A^a B^b … of powers, each once; write a SplitGroup with "
                    f"matrix and index"
                )
            given = dict(zip(string.ascii_lowercase, chosen, strict=False))
        return cls(name, {key: (rows, elements[rows]) for key, rows in given.items()}, lattice)

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """The names of the generators, then `t0, t1, …`."""
        return (*(g.name for g in self.generators), *(f"t{i}" for i in range(self.dimension)))

    def matrix(self, *index: Any) -> sympy.ImmutableMatrix:
        """The matrix `A^a B^b …` beside the translation; translations may be symbols."""
        import sympy

        split = len(self.generators)
        stabilizer, translation = index[:split], index[split:]
        if stabilizer not in _linear_parts(self):
            raise ElementError(
                f"index={index} of {self.name!r}: the stabilizer coordinates {stabilizer} are "
                f"exponents of generators, expected integers; only translations can be symbols"
            )
        rows = zip(_linear_parts(self)[stabilizer], translation, strict=True)
        bottom = [0] * self.dimension + [1]
        return sympy.ImmutableMatrix([*([*row, t] for row, t in rows), bottom])

    def index(self, matrix: sympy.ImmutableMatrix) -> Element:
        """The exponents of the generators and the translation, by looking the matrix up."""
        d = self.dimension
        linear = tuple(tuple(matrix[i, j] for j in range(d)) for i in range(d))
        found = _exponents(self).get(linear)
        if found is None:
            raise ElementError(f"no product of generators has the linear part {linear}")
        return (*found, *matrix[:d, d])

    def __repr__(self) -> str:
        generators = {g.name: (g.matrix, g.order) for g in self.generators}
        return (
            f"{type(self).__name__}(name={self.name!r}, generators={generators!r}, "
            f"lattice={self.lattice!r}"
            + ("" if self.status == "stable" else f", status={self.status!r}")
            + ")"
        )


def _generator(group: str, name: str, value: Any) -> Generator:
    """Read one generator and check that it has the order it claims."""
    if not isinstance(name, str) or not name.isidentifier() or RESERVED.fullmatch(name):
        raise ArgumentError(
            f"generator name {name!r} of group {group!r}: expected an identifier that is no "
            f"t0, t1, …, the names of the translations"
        )
    try:
        matrix, order = value
        if hasattr(order, "__len__"):
            raise TypeError("two rows of a matrix, without an order")
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"generator {name!r} of group {group!r} is {value!r}, expected a pair of an integer "
            f"matrix and its order"
        ) from error
    exact = exact_rows(group, name, matrix)
    if not isinstance(order, bool) and hasattr(order, "__index__"):
        order = operator.index(order)
    if type(order) is not int or not 1 <= order <= LARGEST_ORDER:
        raise ArgumentError(
            f"order={order!r} of generator {name!r} of group {group!r}: expected a positive "
            f"integer, at most {LARGEST_ORDER}"
        )
    _check_order(group, name, exact, order)
    return Generator(name, exact, order)


def _check_order(group: str, name: str, matrix: Rows, order: int) -> None:
    """`A^order = 1`, and no smaller power is."""
    power = one = identity(len(matrix))
    for exponent in range(1, order + 1):
        power = product(power, matrix)
        if (power == one) != (exponent == order):
            break
    else:
        return
    is_early = power == one
    raise AxiomError(
        group,
        "the declared order of a generator",
        f"{name}^{exponent} is {'already' if is_early else 'not'} the identity, and {name!r} is "
        f"declared of order {order}; {name} = {[list(row) for row in matrix]}",
        step="mend the matrix or the order",
    )


@functools.lru_cache(maxsize=512)
def _linear_parts(group: GeneratedGroup) -> dict[tuple[int, ...], Rows]:
    """`A^a B^b …` for all exponents."""
    generators = [(generator.matrix, generator.order) for generator in group.generators]
    parts = products(group.dimension, generators)
    return dict(zip(group.stabilizer_indices, parts, strict=True))


@functools.lru_cache(maxsize=512)
def _exponents(group: GeneratedGroup) -> dict[Rows, tuple[int, ...]]:
    """The exponents of every linear part."""
    return {linear: exponents for exponents, linear in _linear_parts(group).items()}
