"""The contract of a plugin's formulas, checked at every call.

A plugin writes `matrix` and `index` as on paper; `SplitGroup` wraps them in the functions of this
file, so that arguments and results are checked in one place and no formula has to.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from groupconv.errors import ElementError, GroupConvError, GroupError

if TYPE_CHECKING:
    import sympy

    from groupconv.algebra.split_group import SplitGroup

__all__ = ["Element", "checked_index", "checked_matrix", "checked_operation", "matrix_text"]

Element: TypeAlias = tuple[Any, ...]
"""An index `(s…, t…)`: integers, or symbols for the translations."""

Formula: TypeAlias = Callable[..., Any]


def matrix_text(matrix: sympy.MatrixBase) -> str:
    """A matrix on one line, for messages.

    Examples:
        >>> import sympy
        >>> matrix_text(sympy.eye(2))
        '[[1, 0], [0, 1]]'
    """
    return str(matrix.tolist())


def checked_matrix(formula: Formula) -> Formula:
    """Wrap a plugin's `matrix`: a checked index in, an exact homogeneous matrix out."""
    signature = inspect.signature(formula)

    @functools.wraps(formula)
    def matrix(self: SplitGroup, *index: Any, **named: Any) -> Any:
        if _is_super_call(self, matrix):
            return formula(self, *index, **named)
        if named:
            index = signature.bind(self, *index, **named).args[1:]
        import sympy

        element = _as_element(self, index)
        exact = map(sympy.sympify, element)  # so that no formula can divide integers to a float
        return _as_matrix(self, _call(self, "matrix", formula, *exact), f"matrix{element}")

    return matrix


def checked_index(formula: Formula) -> Formula:
    """Wrap a plugin's `index`: an exact matrix in, the index whose matrix it is out."""

    @functools.wraps(formula)
    def index(self: SplitGroup, matrix: Any) -> Any:
        if _is_super_call(self, index):
            return formula(self, matrix)
        import sympy

        given = _as_matrix(self, matrix, "the argument matrix")
        bottom = sympy.ImmutableMatrix([[0] * self.dimension + [1]])
        if given[-1, :] != bottom:
            raise ElementError(
                f"matrix={matrix_text(given)} is no element of {self.name!r}: its bottom row is "
                f"not {bottom.tolist()[0]}; give a homogeneous matrix [[A, t], [0, 1]]"
            )
        try:
            element = _as_element(self, _call(self, "index", formula, given))
            back = self.matrix(*element)
        except GroupConvError as error:
            raise ElementError(
                f"matrix={matrix_text(given)} is no element of {self.name!r}: {error}"
            ) from error
        if not (back - given).applyfunc(sympy.expand).is_zero_matrix:
            raise ElementError(
                f"matrix={matrix_text(given)} is no element of {self.name!r}: index gives "
                f"{element}, whose matrix is {matrix_text(back)}"
            )
        return element

    return index


def checked_operation(formula: Formula) -> Formula:
    """Wrap a plugin's own `compose` or `inverse`: elements in, an element out."""

    @functools.wraps(formula)
    def operation(self: SplitGroup, *elements: Any) -> Any:
        if _is_super_call(self, operation):
            return formula(self, *elements)
        checked = [_as_element(self, element) for element in elements]
        return _as_element(self, _call(self, formula.__name__, formula, *checked))

    return operation


def _is_super_call(group: SplitGroup, wrapper: Formula) -> bool:
    """Whether a subclass has a formula of its own, which called this one and is checked itself."""
    return getattr(type(group), wrapper.__name__) is not wrapper


def _call(group: SplitGroup, name: str, formula: Formula, *arguments: Any) -> Any:
    """Call a plugin's formula; whatever it raises comes out as an error of ours."""
    try:
        return formula(group, *arguments)
    except GroupConvError:
        raise
    except Exception as error:
        given = ", ".join(map(str, arguments))
        raise GroupError(
            f"{name}({given}) of group {group.name!r} raised {type(error).__name__}: {error}; "
            f"mend the plugin's {name}"
        ) from error


def _as_element(group: SplitGroup, index: Any) -> Element:
    """Check an index: the right number of exact coordinates, stabilizer ones in their range."""
    shape = group.stabilizer_shape
    expected = len(shape) + group.dimension
    if not isinstance(index, Sequence) or isinstance(index, str) or len(index) != expected:
        raise ElementError(
            f"index={index!r} is no element of {group.name!r}: expected {expected} coordinates, "
            f"{len(shape)} for the stabilizer and {group.dimension} for the translation"
        )
    element = tuple(_as_coordinate(group, index, value) for value in index)
    for position, (value, size) in enumerate(zip(element, shape, strict=False)):
        if isinstance(value, int) and not 0 <= value < size:
            raise ElementError(
                f"index={element} is no element of {group.name!r}: stabilizer coordinate "
                f"{position} is {value}, expected one of 0 … {size - 1}"
            )
    return element


def _as_coordinate(group: SplitGroup, index: Any, value: Any) -> Any:
    """An integer, or a symbolic expression as it is; no float, no fraction, no boolean."""
    if not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            pass
        import sympy

        if isinstance(value, sympy.Expr) and not value.is_number:
            return value
    raise ElementError(
        f"index={index!r} is no element of {group.name!r}: coordinate {value!r} is neither an "
        f"integer nor a symbol; everything about a group is exact"
    )


def _as_matrix(group: SplitGroup, value: Any, what: str) -> sympy.ImmutableMatrix:
    """Anything that sympy reads as a matrix of the group's size, as an immutable one."""
    import sympy

    size = group.dimension + 1
    try:
        matrix = sympy.ImmutableMatrix(value)
    except Exception as error:  # sympy raises many kinds for what it cannot read
        raise GroupError(
            f"{what} of group {group.name!r} is {value!r}, expected a {size}×{size} matrix"
        ) from error
    if matrix.shape != (size, size):
        raise GroupError(
            f"{what} of group {group.name!r} has shape {matrix.shape}, expected {(size, size)}: "
            f"a homogeneous matrix of a group in {group.dimension} dimensions"
        )
    return matrix
