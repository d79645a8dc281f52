"""`verify`: prove that a plugin is a split group, or find where it is not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from groupconv.algebra.contract import check_form
from groupconv.errors import GroupConvError
from groupconv.registry import as_group
from groupconv.verification.axioms import (
    AXIOMS,
    Axiom,
    SymbolicGroup,
    side_text,
    sides_agree,
)
from groupconv.verification.report import Check, Counterexample, VerificationReport

if TYPE_CHECKING:
    from groupconv.algebra import Element, SplitGroup

__all__ = ["verify"]


def verify(group: SplitGroup | str) -> VerificationReport:
    """Prove the axioms of a split group, over all stabilizer elements and symbolic translations.

    A check stops at its first counterexample. Nothing is sampled, so what holds is a theorem
    about the whole infinite group; it is one about the plugin's formulas, and Python code that
    branches on the value of a translation shows symbols only one of its branches.

    Args:
        group: A group, or the name of an installed one.

    Raises:
        PluginError: there is no such plugin, or it does not load.
        AxiomError: its name, its lattice or the shape of its stabilizer cannot be read.

    Examples:
        >>> report = verify("p4")
        >>> report.passed, len(report.checks)
        (True, 14)
    """
    group = as_group(group)
    check_form(group)
    symbolic = SymbolicGroup(group)
    checks = [_examine(symbolic, axiom) for axiom in AXIOMS]
    return VerificationReport(group.name, (*checks, _associativity(checks)))


def _examine(group: SymbolicGroup, axiom: Axiom) -> Check:
    """Go through an axiom's cases up to its first counterexample."""
    start, count = time.perf_counter(), 0
    found: Counterexample | None = None
    for elements in axiom.domain(group):
        count += 1
        found = _counterexample(group, axiom, elements)
        if found is not None:
            break
    seconds = time.perf_counter() - start
    return Check(axiom.name, axiom.statement, axiom.method, count, seconds, counterexample=found)


def _counterexample(
    group: SymbolicGroup, axiom: Axiom, elements: tuple[Element, ...]
) -> Counterexample | None:
    """One case; a plugin's error is a counterexample as well."""
    try:
        left, right = axiom.sides(group, *elements)
    except GroupConvError as error:
        return Counterexample(elements, "", "", str(error))
    if sides_agree(left, right):
        return None
    return Counterexample(elements, side_text(left), side_text(right), axiom.explanation)


def _associativity(checks: list[Check]) -> Check:
    """Matrix products are associative, so what composes as they do, injectively, is too."""
    grounds = ("injectivity", "composition")
    found = None
    for check in checks:
        if check.name in grounds and check.counterexample is not None:
            found = Counterexample(
                check.counterexample.elements,
                "",
                "",
                f"it cannot be derived where {check.name} fails",
            )
            break
    return Check(
        "associativity",
        "compose(compose(a, b), c) = compose(a, compose(b, c))",
        "derived",
        cases=0,
        seconds=0.0,
        derived_from=grounds,
        counterexample=found,
    )
