"""The contract of a plugin's formulas, checked at every call.

A plugin writes `matrix` and `index` as on paper; `SplitGroup` wraps them in the functions of this
file, so that arguments and results are checked in one place and no formula has to.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import textwrap
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from groupconv.algebra.lattice import Lattice, vanishes
from groupconv.errors import ArgumentError, AxiomError, ElementError, GroupConvError, GroupError

if TYPE_CHECKING:
    import sympy

    from groupconv.algebra.split_group import SplitGroup

__all__ = [
    "API_VERSION",
    "WRAPPERS",
    "Element",
    "bare_index",
    "check_api",
    "check_element",
    "check_form",
    "is_checked",
    "is_concrete",
    "matrix_text",
    "raised_at",
    "require_group",
    "state",
]

API_VERSION = 1
"""The version of this contract; it changes when plugins written for it need to."""

PACKAGE = Path(__file__).parents[1]

STATUSES = ("stable", "experimental")

NO_PARAMETERS = {"stabilizer_shape", "status"}
"""Attributes of an object that make it no other group, or follow from what does."""

LARGEST_ORDER = 4096
"""Far above the 48 elements that a finite group of integer matrices can have in space."""

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

    @functools.wraps(formula)
    def matrix(self: SplitGroup, *index: Any, **named: Any) -> Any:
        if type(self).matrix is not matrix:  # called through super(); the outer call checks
            return formula(self, *index, **named)
        element = check_element(self, _with_named(self, index, named) if named else index)
        value = _call(self, "matrix", formula, *_exact(element))
        return _as_matrix(self, value, f"matrix{element}")

    return _marked(matrix)


def checked_index(formula: Formula) -> Formula:
    """Wrap a plugin's `index`: an exact matrix in, the index whose matrix it is out."""

    @functools.wraps(formula)
    def index(self: SplitGroup, matrix: Any) -> Any:
        if type(self).index is not index:
            return formula(self, matrix)
        import sympy

        given = _as_matrix(self, matrix, "the argument matrix")
        bottom = sympy.ImmutableMatrix([[0] * self.dimension + [1]])
        if given.has(sympy.Float):
            raise ElementError(
                f"matrix={matrix_text(given)} has floats; everything about a group is exact: "
                f"give integers or symbols"
            )
        if given[-1, :] != bottom:
            raise ElementError(
                f"matrix={matrix_text(given)} is no element of {self.name!r}: its bottom row is "
                f"not {bottom.tolist()[0]}; give a homogeneous matrix [[A, t], [0, 1]]"
            )
        try:
            element = check_element(self, _call(self, "index", formula, given))
            back = self.matrix(*element)
        except _EndlessError:
            raise
        except GroupConvError as error:
            reason = textwrap.shorten(str(error), 400)
            raise ElementError(
                f"matrix={matrix_text(given)} is no element of {self.name!r}: {reason}"
            ) from error
        if back != given and not all(map(vanishes, back - given)):
            raise ElementError(
                f"matrix={matrix_text(given)} is no element of {self.name!r}: index gives "
                f"{element}, whose matrix is {matrix_text(back)}"
            )
        return element

    return _marked(index)


def checked_compose(formula: Formula) -> Formula:
    """Wrap `compose`: two elements in, an element out."""

    @functools.wraps(formula)
    def compose(self: SplitGroup, g: Any, h: Any) -> Any:
        if type(self).compose is not compose:
            return formula(self, g, h)
        elements = _exact(check_element(self, g)), _exact(check_element(self, h))
        return check_element(self, _call(self, "compose", formula, *elements))

    return _marked(compose)


def checked_inverse(formula: Formula) -> Formula:
    """Wrap `inverse`: an element in, an element out."""

    @functools.wraps(formula)
    def inverse(self: SplitGroup, g: Any) -> Any:
        if type(self).inverse is not inverse:
            return formula(self, g)
        element = _exact(check_element(self, g))
        return check_element(self, _call(self, "inverse", formula, element))

    return _marked(inverse)


def bare_index(group: SplitGroup, matrix: sympy.ImmutableMatrix) -> Element:
    """What a plugin's `index` gives for a matrix, in form an element; not held to its matrix.

    Raises:
        GroupError: the formula raises, or gives no index of the group's form.
    """
    formula = type(group).index.__wrapped__  # type: ignore[attr-defined]
    return check_element(group, _call(group, "index", formula, matrix))


WRAPPERS: dict[str, Callable[[Formula], Formula]] = {
    "matrix": checked_matrix,
    "index": checked_index,
    "compose": checked_compose,
    "inverse": checked_inverse,
}
"""How each formula of a plugin is wrapped."""


def is_checked(formula: Any) -> bool:
    """Whether a method is abstract or wrapped already."""
    return getattr(formula, "is_checked", False) or getattr(formula, "__isabstractmethod__", False)


def check_api(plugin: str, version: Any) -> None:
    """Refuse a plugin that is written for another version of this contract.

    Raises:
        GroupError: its `api_version` is another one.
    """
    if version != API_VERSION:
        is_newer = type(version) is int and version > API_VERSION
        raise GroupError(
            f"class {plugin} has api_version={version!r}, and this groupconv knows "
            f"api_version={API_VERSION}; "
            + ("upgrade groupconv" if is_newer else "install a version of the plugin for it")
        )


def check_form(group: SplitGroup) -> None:
    """Check what a plugin states: its name, lattice and status, the shape of its stabilizer.

    Raises:
        AxiomError: one of them is missing or is not of its type, or the order is beyond reason.
    """
    shown = type(group).__name__

    def problem(what: str) -> AxiomError:
        return AxiomError(shown, "the form of a plugin", what, step="mend the plugin")

    try:
        name, lattice, shape = group.name, group.lattice, group.stabilizer_shape
        hash(group)
    except Exception as error:
        raise problem(
            f"its name, lattice, stabilizer_shape or hash raises {type(error).__name__}: {error}"
        ) from error
    if not isinstance(name, str) or not name or not name.isprintable():
        raise problem(f"name={name!r} is not a text on one line")
    if group.status not in STATUSES:
        raise problem(f"status={group.status!r} is not one of {', '.join(map(repr, STATUSES))}")
    if not isinstance(lattice, Lattice):
        raise problem(f"lattice={lattice!r} is not a groupconv.Lattice")
    if not isinstance(shape, tuple) or not all(type(n) is int and n > 0 for n in shape):
        raise problem(f"stabilizer_shape={shape!r} is not a tuple of positive integers")
    fields = getattr(group, "__dataclass_fields__", {})
    compared = {name for name, field in fields.items() if field.compare}
    if fields and (ignored := sorted({*fields, *state(group)} - compared - NO_PARAMETERS)):
        raise problem(
            f"its attributes {', '.join(ignored)} are not among the fields that are compared, so "
            f"groups that differ in them would share their tables; make them fields"
        )
    if math.prod(shape) > LARGEST_ORDER:
        raise problem(
            f"stabilizer_shape={shape} means {math.prod(shape)} elements, and the largest "
            f"supported order is {LARGEST_ORDER}"
        )


def state(group: SplitGroup) -> dict[str, Any]:
    """The attributes of an object, in slots too; without what it computes once and keeps."""
    slots, kept = _slots_and_caches(type(group))
    found = {name: value for name, value in vars(group).items() if name not in kept}
    return found | {name: getattr(group, name) for name in slots if hasattr(group, name)}


@functools.cache
def _slots_and_caches(cls: type) -> tuple[tuple[str, ...], frozenset[str]]:
    members = [(name, value) for base in cls.__mro__ for name, value in vars(base).items()]
    kept = (name for name, value in members if isinstance(value, functools.cached_property))
    return tuple(n for n, value in members if inspect.ismemberdescriptor(value)), frozenset(kept)


def require_group(group: Any) -> None:
    """Refuse what is no group, where a name cannot be looked up.

    Raises:
        ArgumentError: it is no SplitGroup.
    """
    # A group is what has checked formulas, so this file need not know the class that wraps them.
    if not is_checked(getattr(type(group), "matrix", None)):
        raise ArgumentError(
            f"group={group!r}: expected a groupconv.SplitGroup; groupconv.group(name) loads one"
        )


def raised_at(error: BaseException, formula: Formula | None = None) -> str:
    """Where a plugin raised an error, in brackets: in the file of its formula if it is known."""
    if isinstance(error, SyntaxError):
        return ""  # its text tells both
    code = getattr(formula, "__code__", None)
    theirs, own = [], []
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_file() and not path.is_relative_to(PACKAGE) and "importlib" not in path.parts:
            place = f" ({path.name}, line {frame.lineno})"
            theirs.append(place)
            if code is not None and frame.filename == code.co_filename:
                own.append(place)
    return next(iter(own or theirs), "")


class _EndlessError(GroupError):
    """A formula calls itself without end; told as such through however many wrappers."""


def _exact(element: Element) -> Element:
    """The coordinates as sympy numbers, so that no formula can divide integers to a float."""
    import sympy

    return tuple(map(sympy.sympify, element))


def _marked(wrapper: Formula) -> Formula:
    wrapper.is_checked = True  # type: ignore[attr-defined]
    return wrapper


def _with_named(group: SplitGroup, index: tuple[Any, ...], named: dict[str, Any]) -> Element:
    """The index, when some of its coordinates are given by name."""
    names = group.coordinate_names
    rest = names[len(index) :]
    if set(rest) != set(named):
        raise ElementError(
            f"matrix of {group.name!r} takes the coordinates {names}, not {index} and {named}"
        )
    return (*index, *(named[name] for name in rest))


def _call(group: SplitGroup, name: str, formula: Formula, *arguments: Any) -> Any:
    """Call a plugin's formula; whatever it raises comes out as an error of ours."""
    try:
        return formula(group, *arguments)
    except GroupConvError:
        raise
    except RecursionError:
        raise _EndlessError(
            f"{name} of group {group.name!r} calls itself without end; mend the plugin's {name}"
        ) from None
    except (Exception, SystemExit) as error:
        _explain_arity(group, name, formula, arguments, error)
        given = ", ".join(map(str, arguments))
        what = type(error).__name__ + (f": {' '.join(str(error).split())}" if str(error) else "")
        raise GroupError(
            f"{name}({given}) of group {group.name!r} raised {what}"
            f"{raised_at(error, formula)}; mend the plugin's {name}"
        ) from error


def _explain_arity(
    group: SplitGroup, name: str, formula: Formula, arguments: tuple[Any, ...], error: BaseException
) -> None:
    """Raise a better error if a formula takes another number of arguments than it is given."""
    signature = inspect.signature(formula)
    try:
        signature.bind(group, *arguments)
    except TypeError:
        expected, to_mend = f"self and {len(arguments)} more by position", name
        if name == "matrix":
            expected += (
                f", {len(group.stabilizer_shape)} for its stabilizer_shape and {group.dimension} "
                f"for the translation on the lattice {group.lattice.name!r}"
            )
            to_mend = "matrix, its stabilizer_shape or its lattice"
        raise GroupError(
            f"{name} of group {group.name!r} takes {signature}, expected {expected}; mend the "
            f"plugin's {to_mend}"
        ) from error


def is_concrete(*elements: Element) -> bool:
    """Whether all coordinates are integers, none a symbol."""
    return all(isinstance(c, int) for element in elements for c in element)


def check_element(group: SplitGroup, index: Any) -> Element:
    """Check an index: the right number of exact coordinates, stabilizer ones in their range.

    Raises:
        ElementError: it is no element of the group.
    """
    shape = group.stabilizer_shape
    expected = len(shape) + group.dimension
    if not isinstance(index, Sequence) or isinstance(index, str) or len(index) != expected:
        shown = " ".join(repr(index).split())
        if not isinstance(index, tuple | list):
            shown += f" of type {type(index).__name__}"
        raise ElementError(
            f"index={shown} is no element of {group.name!r}: expected a tuple of length "
            f"{expected}, {len(shape)} for the stabilizer and {group.dimension} for the translation"
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

        if isinstance(value, sympy.Expr) and not value.is_number and not value.has(sympy.Float):
            return value
    raise ElementError(
        f"index={index!r} is no element of {group.name!r}: coordinate {value!r} is neither an "
        f"integer nor a formula in symbols; everything about a group is exact, without floats"
    )


def _as_matrix(group: SplitGroup, value: Any, what: str) -> sympy.ImmutableMatrix:
    """Anything that sympy reads as a matrix of the group's size, as an immutable one."""
    import sympy

    size = group.dimension + 1
    try:
        is_read = isinstance(value, sympy.ImmutableMatrix)
        matrix = value if is_read else sympy.ImmutableMatrix(value)
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
