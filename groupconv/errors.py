"""Every error that groupconv raises on purpose, in one tree under `GroupConvError`; warnings."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AmbiguousGroupError",
    "ArgumentError",
    "AxiomError",
    "ConformanceError",
    "ConversionError",
    "DataError",
    "ElementError",
    "EquivarianceError",
    "EquivarianceWarning",
    "ExperimentalWarning",
    "GroupConvError",
    "GroupError",
    "MissingDependencyError",
    "PluginError",
    "ShapeError",
    "UnknownGroupError",
    "VerificationError",
]


class GroupConvError(Exception):
    """Any error raised by groupconv."""


class ArgumentError(GroupConvError, ValueError):
    """An argument has a value that the called function cannot use."""


class ShapeError(ArgumentError):
    """A tensor has another shape than the layer expects."""


class GroupError(GroupConvError, ValueError):
    """A group, or something said about one of its elements, is wrong."""


class ElementError(GroupError):
    """An index or a matrix is not an element of the group."""


class AxiomError(GroupError):
    """A group breaks one of its axioms, or leaves it unproved.

    Attributes:
        axiom: The name of the axiom.
        elements: The elements where it fails: integers, or symbols where it is not proved.
        is_proof: Whether it fails on symbols alone, so that it may hold for all integers.
    """

    def __init__(
        self,
        group: str,
        axiom: str,
        problem: str,
        elements: tuple[Any, ...] = (),
        step: str = "run groupconv.verify on it for all counterexamples",
        is_proof: bool = False,
    ) -> None:
        super().__init__(group, axiom, problem, elements, step, is_proof)
        self.group, self.axiom, self.problem = group, axiom, problem
        self.elements, self.step, self.is_proof = elements, step, is_proof

    def __str__(self) -> str:
        verb = "is not proved to satisfy" if self.is_proof else "breaks"
        return f"group {self.group!r} {verb} {self.axiom}: {self.problem}; {self.step}"


class PluginError(GroupConvError):
    """An installed plugin cannot be used."""


class UnknownGroupError(PluginError, LookupError):
    """No installed plugin bears the name."""


class AmbiguousGroupError(PluginError):
    """Two distributions claim one group name."""


class VerificationError(GroupConvError):
    """A group failed its verification."""


class EquivarianceError(GroupConvError, AssertionError):
    """A module does not commute with the action of its group."""


class EquivarianceWarning(UserWarning):
    """A layer runs, but is not equivariant on an input of this size."""


class ConformanceError(GroupConvError, AssertionError):
    """A group fails the conformance kit; `failures` maps each failed check to its error."""

    def __init__(self, message: str, failures: Mapping[str, Exception] | None = None) -> None:
        super().__init__(message)
        self.failures = dict(failures or {})


class ConversionError(GroupConvError, ValueError):
    """A network has a part that has no equivariant counterpart; `path` names the module."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class ExperimentalWarning(UserWarning):
    """A group was loaded whose author may still change its coordinates or its conventions."""


class DataError(GroupConvError, ValueError):
    """A data set is missing or is not what its format says."""


class MissingDependencyError(GroupConvError, ImportError):
    """An optional package that the called function needs is not installed."""


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line of the code that called into this package, past torch and the package."""
    level, frame = 0, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        ("torch.", "groupconv.")
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level + 2)
