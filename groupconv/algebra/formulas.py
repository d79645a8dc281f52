"""A plugin's own formulas, called with exact arguments; what goes wrong names the plugin's line."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupconv.algebra.plugin import as_element, as_matrix
from groupconv.errors import GroupConvError, GroupError

if TYPE_CHECKING:
    import sympy

    from groupconv.algebra.exact import Element
    from groupconv.algebra.plugin import Plugin

PACKAGE = Path(__file__).parents[1]


class Formulas:
    """The formulas as their author wrote them: what the axioms are about.

    Args:
        group: The plugin.
        claims: Which of `compose` and `inverse` it states itself.
    """

    def __init__(self, group: Plugin, claims: frozenset[str]) -> None:
        self.group = group
        self.claims = claims

    def matrix(self, *index: Any) -> sympy.ImmutableMatrix:
        """The matrix of an index, of the group's size."""
        return as_matrix(self.group, self._call("matrix", *_exact(index)), "matrix", index)

    def index(self, matrix: sympy.ImmutableMatrix) -> Element:
        """What the formula gives for a matrix: an element in form, not compared with the matrix."""
        return as_element(self.group, self._call("index", matrix))

    def compose(self, g: Element, h: Element) -> Element:
        """The product as the plugin claims it, or else through the matrices (section 4.2)."""
        if "compose" in self.claims:
            return as_element(self.group, self._call("compose", _exact(g), _exact(h)))
        return self.index(self.matrix(*g) * self.matrix(*h))

    def inverse(self, g: Element) -> Element:
        """The inverse as the plugin claims it, or else through the matrix (section 4.2)."""
        if "inverse" in self.claims:
            return as_element(self.group, self._call("inverse", _exact(g)))
        return self.index(self.matrix(*g).inv())

    def _call(self, name: str, *arguments: Any) -> Any:
        formula = getattr(type(self.group), name)
        try:
            return formula(self.group, *arguments)
        except GroupConvError:
            raise
        except Exception as error:
            given = ", ".join(map(str, arguments))
            text = " ".join(str(error).split())
            what = ": ".join(filter(None, [type(error).__name__, text]))
            others = ", or the matrix that it does not know" if name == "index" else ""
            raise GroupError(
                f"{name}({given}) of group {self.group.name!r} raised {what}"
                f"{raised_at(error, formula)}; correct the plugin's {name}{others}"
            ) from error


def _exact(element: Element) -> Element:
    """The coordinates as sympy numbers, so that no formula can divide integers to a float."""
    import sympy

    return tuple(map(sympy.sympify, element))


def raised_at(error: BaseException, formula: Any = None) -> str:
    """Where a plugin raised an error, in brackets: in the file of its formula if that is known."""
    if isinstance(error, SyntaxError):
        return ""  # its text says where
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
