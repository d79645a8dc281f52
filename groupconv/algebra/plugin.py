"""What a plugin owes, and what an index and a matrix have to look like."""

from __future__ import annotations

import inspect
import math
import operator
from typing import TYPE_CHECKING, Any, Protocol

from groupconv.algebra.exact import Element, is_concrete, matrix_text
from groupconv.algebra.lattice import Lattice
from groupconv.errors import ElementError, GroupError

if TYPE_CHECKING:
    import sympy

API_VERSION = 1
"""The version of this contract; it changes when plugins written for it need to."""

LARGEST_ORDER = 4096
"""Far above the 48 elements that a finite group of integer matrices can have in space."""

STATUSES = ("stable", "experimental")


class Plugin(Protocol):
    """What a plugin owes: three statements and two formulas. Everything else follows from them.

    It may also state `compose(g, h)` and `inverse(g)`: claims, which are proved and never needed.

    Attributes:
        name: The name under which the group is registered.
        lattice: The lattice it acts on.
        stabilizer_shape: The number of values of each stabilizer coordinate.
    """

    name: str
    lattice: Lattice
    stabilizer_shape: tuple[int, ...]

    def matrix(self, *index: Any) -> Any:
        """The homogeneous matrix `g(s…, t…)`; coordinates are sympy integers or symbols."""

    def index(self, matrix: sympy.ImmutableMatrix) -> Element:
        """The index of such a matrix: the inverse of `matrix`."""


def check_plugin(group: Plugin, status: str) -> None:
    """Check what a plugin states, and how many arguments its formulas take.

    Raises:
        GroupError: a statement is missing or malformed, or a formula takes another number of
            arguments.
    """
    cls = type(group).__name__

    def wrong(found: str, expected: str) -> GroupError:
        return GroupError(f"class {cls}: {found}, expected {expected}; correct the plugin")

    name, lattice, shape = group.name, group.lattice, group.stabilizer_shape
    if not isinstance(name, str) or not name or not name.isprintable():
        raise wrong(f"name={name!r}", "a text on one line")
    if status not in STATUSES:
        raise wrong(f"status={status!r}", " or ".join(map(repr, STATUSES)))
    if not isinstance(lattice, Lattice):
        raise wrong(f"lattice={lattice!r}", "a groupconv.Lattice such as groupconv.SQUARE")
    if not isinstance(shape, tuple) or not all(type(n) is int and n > 0 for n in shape):
        raise wrong(f"stabilizer_shape={shape!r}", "a tuple of positive integers")
    if math.prod(shape) > LARGEST_ORDER:
        raise wrong(f"stabilizer_shape={shape}", f"at most {LARGEST_ORDER} elements")
    d = lattice.dimension
    coordinates = f"{len(shape)} for stabilizer_shape and {d} for the lattice {lattice.name!r}"
    for formula, count, meaning in (
        ("matrix", len(shape) + d, f", {coordinates}"),
        ("index", 1, ""),
        ("compose", 2, ""),
        ("inverse", 1, ""),
    ):
        signature = inspect.signature(getattr(type(group), formula))
        try:
            signature.bind(group, *range(count))
        except TypeError as error:
            expected = f"self and {count} more by position{meaning}"
            raise wrong(f"{formula} takes {signature}", expected) from error


def as_element(group: Plugin, index: Any) -> Element:
    """Read an index: the right number of exact coordinates, stabilizer ones in their range.

    Raises:
        ElementError: `index` is not an element of the group.
    """
    shape, d = group.stabilizer_shape, group.lattice.dimension
    if not isinstance(index, tuple | list) or len(index) != len(shape) + d:
        raise ElementError(
            f"index={' '.join(repr(index).split())} of type {type(index).__name__} is not an "
            f"element of {group.name!r}: expected a tuple of length {len(shape) + d}, {len(shape)} "
            f"for the stabilizer and {d} for the translation"
        )
    element = tuple(index)
    if not is_concrete(element):
        element = tuple(_as_coordinate(group, index, c) for c in element)
    for position, size in enumerate(shape):
        c = element[position]
        if isinstance(c, int) and not 0 <= c < size:
            raise ElementError(
                f"index={element} is not an element of {group.name!r}: stabilizer coordinate "
                f"{position} is {c}, expected one of 0 … {size - 1}"
            )
    return element


def _as_coordinate(group: Plugin, index: Any, value: Any) -> Any:
    """An integer, or a symbolic expression as it is; not a float, a fraction or a boolean."""
    import sympy

    if isinstance(value, sympy.Expr) and not value.is_number and not value.has(sympy.Float):
        return value
    if not isinstance(value, bool) and hasattr(value, "__index__"):
        try:
            return operator.index(value)
        except TypeError:  # a number of sympy that is not an integer
            pass
    raise ElementError(
        f"index={index!r} is not an element of {group.name!r}: coordinate {value!r} is neither an "
        f"integer nor a formula in symbols; everything about a group is exact, without floats"
    )


def as_matrix(group: Plugin, value: Any, what: str, index: Element = ()) -> sympy.ImmutableMatrix:
    """Read a matrix of the group's size: of sympy, or rows of integers and expressions.

    An error calls it `what`, of an `index` if there is one.

    Raises:
        GroupError: `value` is not such a matrix; text is never evaluated.
    """
    import sympy

    d = group.lattice.dimension

    def wrong(found: str, expected: str) -> GroupError:
        size = f"a {d + 1}×{d + 1} matrix"
        return GroupError(
            f"{what}{index or ''} of group {group.name!r} is {found}, expected {size}{expected}"
        )

    if not isinstance(value, sympy.MatrixBase):
        try:
            rows = value.tolist() if hasattr(value, "tolist") else value
            value = [
                [e if isinstance(e, sympy.Expr) else operator.index(e) for e in row] for row in rows
            ]
        except TypeError as error:
            raise wrong(repr(value), " of integers or sympy expressions") from error
    matrix = sympy.ImmutableMatrix(value)
    if matrix.shape != (d + 1, d + 1):
        raise wrong(matrix_text(matrix), f", as a group in {d} dimensions has")
    return matrix
