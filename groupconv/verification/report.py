"""What a verification finds: checks, counterexamples, and the report that holds them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from groupconv.errors import VerificationError

if TYPE_CHECKING:
    from groupconv.algebra import Element

__all__ = ["Check", "Counterexample", "Method", "VerificationReport"]

Method = Literal["proved", "derived", "computed"]
"""With symbolic translations over all stabilizer elements; from other checks; in integers."""


@dataclass(frozen=True)
class Counterexample:
    """Where a statement fails.

    Attributes:
        elements: The indices of the elements concerned, as text where they hold symbols.
        left: The left side of the statement there; empty where a formula raised instead.
        right: The right side of the statement there; empty where a formula raised instead.
        explanation: One sentence on what is wrong.
    """

    elements: tuple[Element, ...]
    left: str
    right: str
    explanation: str

    def __str__(self) -> str:
        elements = ", ".join(_element_text(element) for element in self.elements)
        sides = f"{self.left} ≠ {self.right}; " if self.left or self.right else ""
        return f"at {elements}: {sides}{self.explanation}"


@dataclass(frozen=True)
class Check:
    """One axiom and how it was established.

    Attributes:
        name: The axiom's name.
        statement: What holds, in symbols.
        method: How it was established: `"proved"`, `"derived"` or `"computed"`.
        cases: The number of cases that were examined.
        seconds: The time it took.
        derived_from: The checks that a derived one rests on.
        counterexample: Where it fails; None if it holds.
    """

    name: str
    statement: str
    method: Method
    cases: int
    seconds: float
    derived_from: tuple[str, ...] = ()
    counterexample: Counterexample | None = None

    @property
    def passed(self) -> bool:
        """Whether the statement holds."""
        return self.counterexample is None

    @property
    def how(self) -> str:
        """The method and its extent, in words."""
        if self.method == "derived":
            return f"derived from {' and '.join(self.derived_from)}"
        if not self.passed:
            return f"fails at case {self.cases}"
        return f"{self.method}, {self.cases} case{'s' if self.cases != 1 else ''}"


@dataclass(frozen=True)
class VerificationReport:
    """The outcome of `groupconv.verify`.

    Attributes:
        group: The group's name.
        checks: All checks, in the order in which they were made.

    Examples:
        >>> from groupconv import group, verify
        >>> verify(group("p4")).passed
        True
    """

    group: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check holds."""
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that do not hold."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def seconds(self) -> float:
        """The time of all checks together."""
        return sum(check.seconds for check in self.checks)

    def raise_if_failed(self) -> None:
        """Raise an error that tells every counterexample.

        Raises:
            VerificationError: a check failed.
        """
        if not self.passed:
            lines = [f"{check.name}: {check.counterexample}" for check in self.failures]
            raise VerificationError(
                f"group {self.group!r} fails {len(lines)} of {len(self.checks)} checks\n  "
                + "\n  ".join(lines)
            )

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data that the json module can write.

        Examples:
            >>> from groupconv import group, verify
            >>> verify(group("z2")).to_dict()["passed"]
            True
        """
        checks = []
        for check in self.checks:
            data = asdict(check) | {"passed": check.passed}
            if check.counterexample is not None:
                elements = [[_plain(c) for c in e] for e in check.counterexample.elements]
                data["counterexample"]["elements"] = elements
            checks.append(data)
        return {
            "group": self.group,
            "passed": self.passed,
            "seconds": self.seconds,
            "checks": checks,
        }

    def __str__(self) -> str:
        width = max(len(check.name) for check in self.checks)
        lines = [f"{self.group}: {'all checks hold' if self.passed else 'BROKEN'}"]
        for check in self.checks:
            mark = "✓" if check.passed else "✗"
            lines.append(f"  {mark} {check.name:<{width}}  {check.statement}  [{check.how}]")
            if check.counterexample is not None:
                lines.append(f"      {check.counterexample}")
        return "\n".join(lines)


def _plain(coordinate: Any) -> int | str:
    return coordinate if isinstance(coordinate, int) else str(coordinate)


def _element_text(element: Element) -> str:
    return f"({', '.join(str(coordinate) for coordinate in element)})"
