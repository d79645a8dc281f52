"""`verify`: prove that a plugin is a split group, or find where it is not."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

from groupconv.errors import ArgumentError, GroupConvError
from groupconv.registry import as_group
from groupconv.verification.axioms import AXIOMS, Axiom
from groupconv.verification.elements import Elements, GroupElements
from groupconv.verification.facts import FACTS, Fact
from groupconv.verification.law import law_checks
from groupconv.verification.report import Check, Counterexample, VerificationReport
from groupconv.verification.search import fails, smallest_counterexample

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.algebra import SplitGroup

__all__ = ["verify"]

STEP = 64
"""After how many cases progress is told."""


def verify(
    group: SplitGroup | str, *, progress: Callable[[str, int, int], None] | None = None
) -> VerificationReport:
    """Prove the axioms of a split group, over all stabilizer elements and symbolic translations.

    Nothing is sampled at random: what is proved is a theorem about the plugin's formulas, and
    integer translations beside the symbols find code that is no formula. Where a statement fails,
    the smallest counterexample is shown.

    Args:
        group: A group, or the name of an installed one.
        progress: Called now and then with the name of a check, the cases done, and all of them.

    Raises:
        PluginError: there is no such plugin, or it does not load.
        ArgumentError: it is neither a group nor a name, or `progress` is no function.

    Examples:
        >>> report = verify("p4")
        >>> report.passed, len(report.checks)
        (True, 26)
    """
    group = as_group(group)
    if progress is not None and not callable(progress):
        raise ArgumentError(f"progress={progress!r}: expected a function of three arguments")
    elements = GroupElements(group)
    work = [(axiom, axiom.domain(elements)) for axiom in AXIOMS]
    total, done = sum(len(domain) for _, domain in work), 0
    checks: list[Check] = []
    for axiom, domain in work:
        told = functools.partial(_tell, progress, axiom.name, done, total)
        if reason := _lacking(axiom.needs, checks):
            checks.append(_undecided(axiom.name, axiom.statement, axiom.latex, reason))
        else:
            checks.append(_examine(elements, axiom, domain, told))
        done += len(domain)
    checks += _derived(checks)
    if reason := _lacking(tuple(check.name for check in checks), checks):  # there are no tables
        checks += [_undecided(fact.name, fact.statement, fact.latex, reason) for fact in FACTS]
    else:
        checks += law_checks(group)
        checks += [_examine_fact(group, fact) for fact in FACTS]
    return VerificationReport(group.name, tuple(checks))


def _tell(
    progress: Callable[[str, int, int], None] | None, name: str, before: int, total: int, cases: int
) -> None:
    if progress is not None and cases % STEP == 0:
        progress(name, before + cases, total)


def _examine(
    group: GroupElements, axiom: Axiom, domain: list[Elements], tell: Callable[[int], None]
) -> Check:
    """Go through all cases of an axiom, and on to the smallest one that fails."""
    start = time.perf_counter()
    failing = []
    for count, elements in enumerate(domain):
        tell(count)
        if fails(group, axiom, elements):
            failing.append(elements)
    found = smallest_counterexample(group, axiom, failing) if failing else None
    seconds = time.perf_counter() - start
    method = found.verdict if found else axiom.method
    return Check(
        axiom.name,
        axiom.statement,
        axiom.latex,
        method,
        len(domain),
        seconds,
        counterexample=found,
    )


def _examine_fact(group: SplitGroup, fact: Fact) -> Check:
    start = time.perf_counter()
    found = None
    try:
        violation = next(iter(fact.violations(group)), None)
        if violation is not None:
            nowhere = (0,) * group.dimension
            elements = [(*group.stabilizer_indices[s], *nowhere) for s in violation.elements]
            found = Counterexample(
                tuple(elements),
                (),
                str(violation.left),
                str(violation.right),
                "",
                violation.cause,
            )
    except GroupConvError as error:
        found = Counterexample((group.identity,), (), "", "", "", str(error))
    seconds = time.perf_counter() - start
    method = found.verdict if found else "computed"
    cases = fact.cases(group)
    return Check(
        fact.name, fact.statement, fact.latex, method, cases, seconds, counterexample=found
    )


DERIVED = (
    (
        "associativity",
        "compose(compose(a, b), c) = compose(a, compose(b, c))",
        r"(a b) c = a (b c)",
        ("injectivity", "composition"),
    ),
    (
        "matrix of index",
        "g(g⁻¹(M)) = M for all matrices M = g(s, t)",
        r"g(g^{-1}(M)) = M, \quad M = g(s, t)",
        ("index of matrix",),
    ),
    (
        "action",
        "L_a L_b f = L_ab f for functions f, where (L_a f)(y) = f(a⁻¹ y)",
        r"L_a L_b f = L_{ab} f, \quad (L_a f)(y) = f(a^{-1} y)",
        ("composition", "left inverse", "right inverse"),
    ),
    (
        "faithful action",
        "distinct elements move some point of the lattice differently",
        r"a \neq b \Rightarrow \exists y \in \mathbb{Z}^d: a y \neq b y",
        ("homogeneity", "split", "injectivity"),
    ),
)
"""What follows: matrix products are associative; a function with an inverse is undone by it;
`b⁻¹ a⁻¹` is the inverse of `a b` for matrices; an affine map is known from the images of the origin
and of the basis vectors."""


def _derived(checks: list[Check]) -> list[Check]:
    derived = []
    for name, statement, latex, grounds in DERIVED:
        if reason := _lacking(grounds, checks):
            derived.append(_undecided(name, statement, latex, reason))
        else:
            derived.append(Check(name, statement, latex, "derived", 0, 0.0, grounds))
    return derived


def _lacking(grounds: tuple[str, ...], checks: list[Check]) -> str:
    """Why a statement that rests on others cannot be told; nothing if all of them hold."""
    by_name = {check.name: check for check in checks}
    for name in grounds:
        if not by_name[name].passed:
            return f"it rests on {name}, which fails"
        if by_name[name].method == "undecided":
            return f"it rests on {name}, which is undecided"
    return ""


def _undecided(name: str, statement: str, latex: str, reason: str) -> Check:
    return Check(name, statement, latex, "undecided", 0, 0.0, (reason,))
