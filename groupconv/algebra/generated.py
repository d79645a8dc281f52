"""`GeneratedGroup`: a group given by named generators and their orders."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from groupconv.algebra.finite_groups import factorization, factors_once, restricted
from groupconv.algebra.integer_matrices import (
    generated,
    identity,
    inverse,
    order_of,
    product,
    products,
)
from groupconv.algebra.lattice import CUBIC, LINE, SQUARE, Lattice
from groupconv.algebra.plugin import LARGEST_ORDER
from groupconv.algebra.split_group import SplitGroup
from groupconv.algebra.stabilizer import Stabilizer, Subgroup, require_isometries
from groupconv.algebra.triplets import read_triplet
from groupconv.errors import ArgumentError, AxiomError, ElementError

if TYPE_CHECKING:
    import sympy

    from groupconv.algebra.exact import Element, Rows

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
            raise _wrong(
                name,
                f"generators={generators!r}",
                "a mapping from names of coordinates to matrices and orders, or also lattice=",
            )
        parsed = tuple(_generator(name, key, value) for key, value in generators.items())
        stated = {
            "name": name,
            "generators": parsed,
            "lattice": _lattice(name, {g.name: g.matrix for g in parsed}, lattice),
            "status": status,
            "stabilizer_shape": tuple(g.order for g in parsed),
        }
        for attribute, value in stated.items():
            object.__setattr__(self, attribute, value)

    @classmethod
    def from_matrices(
        cls,
        name: str,
        matrices: Mapping[str, Any] | Sequence[Any],
        lattice: Lattice | None = None,
    ) -> GeneratedGroup:
        """The group that some matrices generate, whether or not each is needed.

        The matrices are kept as named generators if every element is a product `A^a B^b …` in
        exactly one way. Otherwise such generators are searched for along a chain of subgroups, and
        named `a`, `b`, ….

        Args:
            name: The name under which it is registered.
            matrices: Integer `(d, d)` matrices, or coordinate triplets such as `"-y,x,z"` as CIF
                files and the International Tables write them; by names, or a list.
            lattice: The lattice; by default the standard one.

        Raises:
            AxiomError: a matrix does not have integer entries, or does not keep the lattice.
            ArgumentError: the matrices or the lattice do not fit together, a triplet is not one of
                a split group, or the group has no generators of this form, as the quaternions.

        Examples:
            >>> GeneratedGroup.from_matrices("P432", ["x,-z,y", "-y,x,z"]).stabilizer_shape
            (4, 2, 3)
        """
        if isinstance(matrices, str):
            raise _wrong(name, f"matrices={matrices!r}", "a list of triplets, also of one")
        if not isinstance(matrices, Mapping):
            letters = [*string.ascii_lowercase, *(f"a{n}" for n in range(1, len(matrices)))]
            matrices = dict(zip(letters, matrices, strict=False))
        if not matrices:
            raise _wrong(name, f"matrices={matrices!r}", "at least one matrix")
        given = {key: _read_rows(name, key, value) for key, value in matrices.items()}
        lattice = _lattice(name, given, lattice)
        given = {key: rows for key, rows in given.items() if rows != identity(len(rows))} or given
        require_isometries(list(given.values()), lattice, group=name, labels=list(given))
        elements = generated(list(given.values()))
        table = Stabilizer.from_matrices(elements, lattice, group=name).composition
        own = tuple(map(elements.index, given.values()))
        keeps = factors_once(table, own)
        chosen = own if keeps else factorization(table, own)
        if chosen is None:
            raise _wrong(
                name,
                f"the {len(elements)} elements that matrices={matrices!r} generate",
                "products A^a B^b … of powers in exactly one way; write a SplitGroup with formulas",
            )
        names = list(given) if keeps else list(string.ascii_lowercase)
        rows = [elements[s] for s in chosen]
        orders = map(order_of, rows)
        return cls(name, dict(zip(names, zip(rows, orders, strict=True), strict=False)), lattice)

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """The names of the generators, then `t0, t1, …`."""
        return (*(g.name for g in self.generators), *(f"t{i}" for i in range(self.dimension)))

    def matrix(self, *index: Any) -> sympy.ImmutableMatrix:
        """The matrix `A^a B^b …` with the translation; translations may be symbols."""
        import sympy

        split = len(self.generators)
        stabilizer, translation = index[:split], index[split:]
        if stabilizer not in self._powers:
            raise ElementError(
                f"index={index} of {self.name!r}: the stabilizer coordinates {stabilizer} are "
                f"exponents of generators, expected integers; only translations can be symbols"
            )
        rows = zip(self._powers[stabilizer], translation, strict=True)
        bottom = [0] * self.dimension + [1]
        return sympy.ImmutableMatrix([*([*row, t] for row, t in rows), bottom])

    def index(self, matrix: sympy.ImmutableMatrix) -> Element:
        """The exponents of the generators and the translation, by looking the matrix up."""
        d = self.dimension
        linear = matrix[:d, :d].tolist()
        found = self._exponents.get(tuple(map(tuple, linear)))
        if found is None:
            raise ElementError(f"no product of generators has the linear part {linear}")
        return (*found, *matrix[:d, d])

    @functools.cached_property
    def _powers(self) -> dict[tuple[int, ...], Rows]:
        """`A^a B^b …` for all exponents."""
        parts = products(self.dimension, [(g.matrix, g.order) for g in self.generators])
        return dict(zip(self.stabilizer_indices, parts, strict=True))

    @functools.cached_property
    def _exponents(self) -> dict[Rows, tuple[int, ...]]:
        return {linear: exponents for exponents, linear in self._powers.items()}

    @functools.cached_property
    def _tables(self) -> Stabilizer:
        """Made of integers alone: products of generators are what the formulas look up."""
        parts = list(self._powers.values())
        names = self._coordinates
        return Stabilizer.from_matrices(parts, self.lattice, group=self.name, coordinates=names)

    def in_basis(self, P: Any, *, name: str = "") -> GeneratedGroup:
        """The same group in another basis of its lattice: `P⁻¹ A P` for every matrix `A`.

        Arguments and errors are those of `SplitGroup.in_basis`.
        """
        d = self.dimension
        expected = f"({d}, {d}) integers with determinant 1 or -1, a basis of the lattice"
        try:
            rows = _read_rows(self.name, "P", P)
        except (ArgumentError, AxiomError) as error:
            raise _wrong(self.name, f"P={P!r}", expected) from error
        back = inverse(rows)
        if back is None or len(rows) != d:
            raise _wrong(self.name, f"P={P!r}", expected)
        generators = {
            g.name: (product(product(back, g.matrix), rows), g.order) for g in self.generators
        }
        name = name or f"{self.name}.in_basis({rows})"
        return GeneratedGroup(name, generators, self.lattice.in_basis(rows), status=self.status)

    def __repr__(self) -> str:
        generators = {g.name: (g.matrix, g.order) for g in self.generators}
        status = "" if self.status == "stable" else f", status={self.status!r}"
        return (
            f"{type(self).__name__}(name={self.name!r}, generators={generators!r}, "
            f"lattice={self.lattice!r}{status})"
        )


def _subgroup_as_group(H: Subgroup, name: str) -> GeneratedGroup:
    """`Z^d ⋊ H`, generated by powers of the larger group's coordinates if they suffice."""
    S = H.stabilizer
    names, sizes = zip(*S.coordinates, strict=True) if S.coordinates else ((), ())
    indices = list(itertools.product(*map(range, sizes)))
    members = [dict(zip(names, indices[s], strict=True)) for s in H.elements]
    used = [tuple(i for i, c in enumerate(indices[s]) if c) for s in H.elements]
    table = restricted(S.composition, H.elements)
    # Powers of one coordinate come first, the smallest of each, then elements of few coordinates.
    by_use = sorted(range(1, H.order), key=lambda n: (len(used[n]), used[n]))
    chosen = factorization(table, by_use)
    if chosen is None:
        found = f"the elements {H.elements}"
        raise _wrong(S.group, found, "products A^a B^b … of powers in exactly one way")
    parts = [tuple(map(tuple, S.matrices[H.elements[n]].tolist())) for n in chosen]
    labels = [
        "".join(f"{c}{n if n > 1 else ''}" for c, n in members[m].items() if n) for m in chosen
    ]
    is_free = all(name.isidentifier() and not TRANSLATION_NAME.fullmatch(name) for name in labels)
    if not is_free or len(set(labels)) < len(labels):
        labels = list(string.ascii_lowercase)
    generators = dict(zip(labels, ((A, order_of(A)) for A in parts), strict=False))
    elements = ", ".join(str(indices[H.elements[n]]) for n in chosen)
    return GeneratedGroup(
        name or f"{S.group}.subgroup({elements}).as_group()", generators, S.lattice
    )


Subgroup._make_group = _subgroup_as_group


def _wrong(group: str, found: str, expected: str) -> ArgumentError:
    return ArgumentError(f"{found} of group {group!r}: expected {expected}")


def _lattice(name: str, matrices: Mapping[str, Rows], lattice: Lattice | None) -> Lattice:
    """The lattice of some matrices, by default the standard one of their size."""
    size = len(next(iter(matrices.values()), ()))
    chosen = _STANDARD.get(size) if lattice is None else lattice
    if not isinstance(chosen, Lattice):
        raise _wrong(name, f"lattice={lattice!r}", f"a groupconv.Lattice of dimension {size}")
    for key, rows in matrices.items():
        if len(rows) != chosen.dimension:
            found = f"generator {key!r}, a {len(rows)}×{len(rows)} matrix,"
            raise _wrong(name, found, f"dimension {chosen.dimension} of {chosen.name!r}")
    return chosen


def _generator(group: str, name: str, value: Any) -> Generator:
    """Read one generator and check that it has the order it claims."""
    if not str(name).isidentifier() or TRANSLATION_NAME.fullmatch(name):
        expected = "an identifier other than t0, t1, …, the names of the translations"
        raise _wrong(group, f"generator name {name!r}", expected)
    try:
        matrix, order = value
        order = operator.index(order)
    except (TypeError, ValueError) as error:
        expected = "a pair of an integer matrix and its order"
        raise _wrong(group, f"generator {name!r} = {value!r}", expected) from error
    if not 1 <= order <= LARGEST_ORDER:
        expected = f"a positive integer, at most {LARGEST_ORDER}"
        raise _wrong(group, f"order={order} of generator {name!r}", expected)
    rows = power = _read_rows(group, name, matrix)
    exponent = 1
    while power != identity(len(rows)) and exponent <= order:
        power, exponent = product(power, rows), exponent + 1
    if exponent != order:
        n, verb = (exponent, "already") if exponent < order else (order, "not")
        problem = f"{name}^{n} is {verb} the identity, and {name!r} is declared of order {order}"
        problem += f"; {name} = {[list(row) for row in rows]}"
        raise AxiomError(group, "finite order", problem, step="correct the matrix or the order")
    return Generator(name, rows, order)


def _read_rows(group: str, name: str, matrix: Any) -> Rows:
    """A square matrix of integers, from a triplet or from anything that has rows."""
    if isinstance(matrix, str):
        return read_triplet(matrix)
    try:
        rows = [list(row) for row in (matrix.tolist() if hasattr(matrix, "tolist") else matrix)]
    except TypeError:
        rows = []
    if {len(rows)} != set(map(len, rows)):
        raise _wrong(group, f"generator {name!r} = {matrix!r}", "a square matrix")
    try:
        return tuple(tuple(map(operator.index, row)) for row in rows)
    except TypeError as error:
        problem = f"generator {name!r} has entries that are not integers: {rows}"
        raise AxiomError(group, "integrality", problem, step=_step_to_integers(rows)) from error


def _step_to_integers(rows: list[list[Any]]) -> str:
    """What to do about a matrix that is not one of integers, by the angle of a turn."""
    try:
        A = np.array(rows, dtype=float)
    except (TypeError, ValueError):
        A = np.empty(0)
    d = len(A)
    if d and (A.round() == A).all():
        return (
            "they are whole, but of a floating-point type; convert them, as array.astype(int) does"
        )
    if d in (2, 3) and np.allclose(A @ A.T, np.eye(d), atol=1e-3):
        sign = 1 if np.linalg.det(A) > 0 else -1
        angle = math.degrees(math.acos(np.clip((sign * A.trace() - (d - 2)) / 2, -1, 1)))
        if (sign > 0 or d == 3) and min(abs(angle - turn) for turn in LATTICE_ANGLES) > 0.1:
            return (
                f"it turns by {angle:.4g}°, and turns of a lattice have order 1, 2, 3, 4 or 6, so "
                f"that no group has it; use turns by 60° or 90°"
            )
    return "write it in lattice coordinates, as integers, and name the lattice"


LATTICE_ANGLES = (0, 60, 90, 120, 180)
"""Between a direction and its image under an element that turns a lattice, in degrees."""
