"""What a verification finds: checks, counterexamples, and the report that holds them."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from groupconv.algebra.exact import is_concrete
from groupconv.errors import VerificationError

if TYPE_CHECKING:
    from groupconv.algebra import Element

Verdict = Literal["refuted", "not proved"]
Method = Literal["proved", "derived", "computed", "undecided"] | Verdict
"""`proved`: with symbols; `derived`: from other checks; `computed`: in exact integers; `undecided`:
with the reason; `refuted`: by a counterexample of integers; `not proved`: the sides differ only as
formulas."""

TextRows: TypeAlias = tuple[tuple[str, ...], ...]
"""A matrix, entry by entry, as text."""


@dataclass(frozen=True)
class Counterexample:
    """Where a statement fails; the smallest place, by the sum of all coordinates.

    Matrices and sides are empty where a formula of the plugin raises instead.

    Attributes:
        elements: The indices of the elements; integers, unless it fails on symbols alone.
        matrices: Their matrices.
        left: The left side of the statement there.
        right: The right side of the statement there.
        difference: Left minus right, where both are matrices or indices.
        cause: One sentence on what is likely wrong.
    """

    elements: tuple[Element, ...]
    matrices: tuple[TextRows, ...]
    left: str
    right: str
    difference: str
    cause: str

    def __str__(self) -> str:
        return "\n".join(self.lines())

    @property
    def verdict(self) -> Verdict:
        """What follows: refuted by integers, or not proved if there are only symbols."""
        return "refuted" if is_concrete(*self.elements) else "not proved"

    def lines(self) -> list[str]:
        """Everything about it, a line each: elements with their matrices, sides, cause."""
        lines = []
        for element, rows in itertools.zip_longest(self.elements, self.matrices):
            matrix = ", ".join(f"[{', '.join(row)}]" for row in rows or ())
            shown = f"at          ({', '.join(map(str, element))})"
            lines.append(f"{shown}  = [{matrix}]" if matrix else shown)
        if self.left or self.right:
            lines += [f"left side   {self.left}", f"right side  {self.right}"]
        if self.difference:
            lines.append(f"difference  {self.difference}")
        return [*lines, f"cause       {self.cause}"]


@dataclass(frozen=True)
class Check:
    """One statement and how it was established.

    Attributes:
        name: What the statement is called.
        statement: What holds, in symbols.
        latex: The same for typesetting.
        method: How it was established, or refuted.
        cases: The number of cases that were examined.
        seconds: The time it took.
        grounds: The checks that a derived one rests on, or why one is undecided.
        counterexample: Where it fails; None if it holds.
    """

    name: str
    statement: str
    latex: str
    method: Method
    cases: int
    seconds: float
    grounds: tuple[str, ...] = ()
    counterexample: Counterexample | None = None

    @property
    def passed(self) -> bool:
        """Whether no counterexample was found; an undecided statement passes."""
        return self.counterexample is None

    @property
    def compares(self) -> bool:
        """Whether its counterexample shows two sides that differ."""
        return self.counterexample is not None and bool(self.counterexample.right)

    @property
    def mark(self) -> str:
        """A sign for tables: holds, fails, or undecided."""
        return "✗" if not self.passed else "–" if self.method == "undecided" else "✓"

    @property
    def how(self) -> str:
        """The method and its extent, in words."""
        if self.method == "derived":
            *others, last = self.grounds
            return f"derived from {' and '.join([', '.join(others), last] if others else [last])}"
        if self.method == "undecided":
            return f"undecided: {'; '.join(self.grounds)}"
        return f"{self.method}, {self.cases:,} case{'s' if self.cases != 1 else ''}"


@dataclass(frozen=True)
class VerificationReport:
    """The outcome of `groupconv.verify`: the name of the group, and all checks in their order.

    Examples:
        >>> from groupconv import verify
        >>> verify("p4").passed
        True
    """

    group: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check fails."""
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that fail."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def roots(self) -> tuple[Check, ...]:
        """The failures to fix first: those that compare two sides; what raises may follow."""
        return tuple(check for check in self.failures if check.compares) or self.failures[:1]

    @property
    def verdict(self) -> str:
        """Whether all checks hold, in words."""
        if self.failures:
            return f"{len(self.failures)} of {len(self.checks)} checks fail"
        left_open = f"; not needed and left open: {self._undecided}" if self._undecided else ""
        return f"proved{left_open}"

    @property
    def _undecided(self) -> str:
        return ", ".join(check.name for check in self.checks if check.method == "undecided")

    @property
    def seconds(self) -> float:
        """The time of all checks together."""
        return sum(check.seconds for check in self.checks)

    def raise_if_failed(self) -> None:
        """Raise an error that shows every counterexample.

        Raises:
            VerificationError: a check failed.
        """
        if not self.passed:
            lines = [f"group {self.group!r}: {self.verdict}", *self.failure_lines()]
            raise VerificationError("\n  ".join(lines))

    def failure_lines(self) -> list[str]:
        """What fails, root by root with its smallest counterexample, then what follows."""
        lines = []
        for check in self.roots:
            lines.append(f"{check.name}: {check.statement}")
            if check.counterexample is not None:
                lines += [f"  {line}" for line in check.counterexample.lines()]
        rest = ", ".join(check.name for check in self.failures if check not in self.roots)
        if rest:
            lines.append(f"so these fail as well: {rest}")
        if lines and self._undecided:
            lines.append(f"so these are left undecided: {self._undecided}")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data that the json module can write.

        Examples:
            >>> from groupconv import verify
            >>> verify("z2").to_dict()["passed"]
            True
        """
        checks = []
        for check in self.checks:
            data = asdict(check) | {"passed": check.passed, "how": check.how}
            if found := data["counterexample"]:
                elements = found["elements"]
                found["elements"] = [
                    [c if isinstance(c, int) else str(c) for c in element] for element in elements
                ]
            checks.append(data)
        summary = {"group": self.group, "passed": self.passed, "seconds": self.seconds}
        return summary | {"checks": checks}

    def __str__(self) -> str:
        width = max(len(check.name) for check in self.checks)
        lines = [
            f"  {check.mark} {check.name:<{width}}  {check.statement}  [{check.how}]"
            for check in self.checks
        ]
        is_refuted = any(check.method == "refuted" for check in self.roots)
        word = self.verdict if self.passed else "BROKEN" if is_refuted else "NOT PROVED"
        return "\n".join([f"{self.group}: {word}", *lines, *self.failure_lines()])
