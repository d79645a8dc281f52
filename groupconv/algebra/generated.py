"""`GeneratedGroup`: a group given by named generators and their orders."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from groupconv.algebra.contract import LARGEST_ORDER
from groupconv.algebra.lattice import CUBIC, LINE, SQUARE, Lattice
from groupconv.algebra.split_group import SplitGroup
from groupconv.errors import ArgumentError, AxiomError, ElementError

if TYPE_CHECKING:
    import sympy

    from groupconv.algebra.contract import Element

__all__ = ["GeneratedGroup", "Generator"]

Rows: TypeAlias = tuple[tuple[int, ...], ...]

RESERVED = re.compile("t[0-9]+")

_STANDARD = {lattice.dimension: lattice for lattice in (LINE, SQUARE, CUBIC)}


class Generator(NamedTuple):
    """One generator: the name of its coordinate, its integer matrix and its order."""

    name: str
    matrix: Rows
    order: int


@dataclass(frozen=True, init=False, repr=False)
class GeneratedGroup(SplitGroup):
    """The group whose index `(a, b, …, t…)` means `A^a B^b …`, translated by `t`.

    Every crystallographic point group has such a form, so a group is one expression.

    Args:
        name: The name under which it is registered.
        generators: For each stabilizer coordinate, in order, its name, and the integer `(d, d)`
            matrix and the order of its generator.
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
        if not isinstance(name, str) or not name:
            raise ArgumentError(f"name={name!r} of a group: expected a text")
        if lattice is not None and not isinstance(lattice, Lattice):
            raise ArgumentError(
                f"lattice={lattice!r} of group {name!r}: expected a groupconv.Lattice, such as "
                f"groupconv.HEXAGONAL"
            )
        if not isinstance(generators, Mapping) or not generators:
            raise ArgumentError(
                f"generators={generators!r} of group {name!r}: expected a mapping from the name "
                f"of each coordinate to its generator's matrix and order"
            )
        parsed = tuple(_generator(name, key, value) for key, value in generators.items())
        dimension = len(parsed[0].matrix)
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
            f"GeneratedGroup(name={self.name!r}, generators={generators!r}, "
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
        rows = [list(row) for row in matrix]
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"generator {name!r} of group {group!r} is {value!r}, expected a pair of an integer "
            f"matrix and its order"
        ) from error
    if not rows or any(len(row) != len(rows) for row in rows):
        raise ArgumentError(
            f"generator {name!r} of group {group!r} is {matrix!r}, expected a square matrix"
        )
    try:
        exact: Rows = tuple(tuple(operator.index(entry) for entry in row) for row in rows)
    except TypeError as error:
        raise AxiomError(
            group,
            "integrality",
            f"generator {name!r} has entries that are no integers: {rows}",
            step="write it in lattice coordinates, as integers",
        ) from error
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
    power = identity = _identity(len(matrix))
    for exponent in range(1, order + 1):
        power = _product(power, matrix)
        if (power == identity) != (exponent == order):
            break
    else:
        return
    is_early = power == identity
    raise AxiomError(
        group,
        "the declared order of a generator",
        f"{name}^{exponent} is {'already' if is_early else 'not'} the identity, and {name!r} is "
        f"declared of order {order}; {name} = {[list(row) for row in matrix]}",
        step="mend the matrix or the order",
    )


def _identity(d: int) -> Rows:
    return tuple(tuple(int(i == j) for j in range(d)) for i in range(d))


def _product(a: Rows, b: Rows) -> Rows:
    """The product of two small matrices in Python integers, which never overflow."""
    columns = tuple(zip(*b, strict=True))
    return tuple(tuple(sum(map(int.__mul__, row, column)) for column in columns) for row in a)


@functools.lru_cache(maxsize=512)
def _linear_parts(group: GeneratedGroup) -> dict[tuple[int, ...], Rows]:
    """`A^a B^b …` for all exponents."""
    powers = [_powers(generator) for generator in group.generators]
    return {
        exponents: functools.reduce(_product, (powers[k][e] for k, e in enumerate(exponents)))
        for exponents in group.stabilizer_indices
    }


def _powers(generator: Generator) -> list[Rows]:
    """`1, A, A², …`, as many as the order."""
    powers = [_identity(len(generator.matrix))]
    while len(powers) < generator.order:
        powers.append(_product(powers[-1], generator.matrix))
    return powers


@functools.lru_cache(maxsize=512)
def _exponents(group: GeneratedGroup) -> dict[Rows, tuple[int, ...]]:
    """The exponents of every linear part."""
    return {linear: exponents for exponents, linear in _linear_parts(group).items()}
