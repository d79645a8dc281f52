"""`verify`: prove that a plugin is a split group, or find where it is not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from groupconv.algebra.axioms import AXIOMS
from groupconv.algebra.cases import Cases
from groupconv.errors import GroupConvError
from groupconv.verification.composition_law import composition_law
from groupconv.verification.counterexamples import fails, smallest_counterexample
from groupconv.verification.report import Check, Counterexample, VerificationReport
from groupconv.verification.table_checks import TABLE_CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.algebra import SplitGroup
    from groupconv.algebra.axioms import Axiom
    from groupconv.algebra.cases import Elements
    from groupconv.verification.report import Method
    from groupconv.verification.table_checks import TableCheck

    Progress = Callable[[str, int, int], None]

STEP = 64
"""After how many cases progress is reported."""


def verify(group: SplitGroup, *, progress: Progress | None = None) -> VerificationReport:
    """Prove the axioms of a split group, over all stabilizer elements and symbolic translations.

    Nothing is sampled at random: what is proved is a theorem about the plugin's formulas, and
    integer translations, tried as well, find code that is not a formula. Where a statement fails,
    the smallest counterexample is shown.

    Args:
        group: The group.
        progress: Called now and then with the name of a check, the cases done, and all of them.

    Examples:
        >>> from groupconv import group
        >>> report = verify(group("p4"))
        >>> report.passed, len(report.checks)
        (True, 26)
    """
    G = Cases(group.formulas)
    work = [(axiom, axiom.domain(G) if axiom.claim in {"", *G.claims} else []) for axiom in AXIOMS]
    total, done = sum(len(domain) for _, domain in work), 0
    checks: list[Check] = []
    for axiom, domain in work:

        def report(cases: int, name: str = axiom.name, before: int = done) -> None:
            if progress is not None and cases % STEP == 0:
                progress(name, before + cases, total)

        if domain and not _lacking(axiom.needs, checks):
            checks.append(_examine(G, axiom, domain, report))
        else:
            checks.append(_derived(axiom, axiom.needs, checks))
        done += len(domain)
    for statement in DERIVED:
        checks.append(_derived(statement, statement.premises, checks))
    everything = tuple(check.name for check in checks)
    if _lacking(everything, checks):  # so its tables cannot be trusted
        checks += [_derived(check, everything, checks) for check in TABLE_CHECKS]
    else:
        checks += composition_law(group)
        checks += [_examine_tables(group, check) for check in TABLE_CHECKS]
    return VerificationReport(group.name, tuple(checks))


def _examine(
    G: Cases, axiom: Axiom, domain: list[Elements], report: Callable[[int], None]
) -> Check:
    """Go through all cases of an axiom, and on to the smallest one that fails."""
    start = time.perf_counter()
    failing = []
    for count, elements in enumerate(domain):
        report(count)
        if fails(G, axiom, elements):
            failing.append(elements)
    found = smallest_counterexample(G, axiom, failing) if failing else None
    return Check(
        axiom.name,
        axiom.statement,
        axiom.latex,
        found.verdict if found else axiom.method,
        len(domain),
        time.perf_counter() - start,
        counterexample=found,
    )


def _examine_tables(group: SplitGroup, check: TableCheck) -> Check:
    start = time.perf_counter()
    found = None
    try:
        violation = next(iter(check.violations(group.stabilizer)), None)
        if violation is not None:
            elements = tuple(map(group.element, violation.elements))
            sides = str(violation.left), str(violation.right)
            found = Counterexample(elements, (), *sides, "", violation.cause)
    except GroupConvError as error:
        found = Counterexample((group.identity,), (), "", "", "", str(error))
    return Check(
        check.name,
        check.statement,
        check.latex,
        found.verdict if found else "computed",
        0 if found else check.cases(group.stabilizer),
        time.perf_counter() - start,
        counterexample=found,
    )


class Derived(NamedTuple):
    """A statement that follows from others."""

    name: str
    statement: str
    latex: str
    premises: tuple[str, ...]


DERIVED = (
    Derived(
        "unimodularity", "|det g(s, 0)| = 1", r"\left| \det g(s, 0) \right| = 1", ("isometry",)
    ),
    Derived(
        "normality",
        "g(s, 0) · g(0, t) = g(0, A t) · g(s, 0), A the linear part of g(s, 0)",
        r"g(s, 0) \, g(0, t) \, g(s, 0)^{-1} = g(0, A_s t)",
        ("homogeneity", "stabilizer", "identity", "split"),
    ),
    Derived(
        "finite order",
        "g(s, 0)^|S| = 1",
        r"g(s, 0)^{|S|} = 1",
        ("identity", "injectivity", "closure"),
    ),
    Derived(
        "right inverse",
        "g(a) · g(inverse(a)) = 1",
        r"g(a) \, g(\mathrm{inverse}(a)) = 1",
        ("left inverse",),
    ),
    Derived(
        "associativity",
        "compose(compose(a, b), c) = compose(a, compose(b, c))",
        r"(a b) c = a (b c)",
        ("injectivity", "composition"),
    ),
    Derived(
        "matrix of index",
        "g(g⁻¹(M)) = M for all matrices M = g(s, t)",
        r"g(g^{-1}(M)) = M, \quad M = g(s, t)",
        ("index of matrix",),
    ),
    Derived(
        "action",
        "L_a L_b f = L_ab f for functions f, where (L_a f)(y) = f(a⁻¹ y)",
        r"L_a L_b f = L_{ab} f, \quad (L_a f)(y) = f(a^{-1} y)",
        ("composition", "left inverse"),
    ),
    Derived(
        "faithful action",
        "distinct elements move some point of the lattice differently",
        r"a \neq b \Rightarrow \exists y \in \mathbb{Z}^d: a y \neq b y",
        ("homogeneity", "split", "injectivity"),
    ),
)
"""What follows: the determinants of both sides of an isometry are equal, so its own is 1 or -1; a
translation is moved by a linear part as its formula says; in a finite group the order of an element
divides that of the group (Lagrange); a left inverse of a square matrix is a right one; matrix
products are associative; a function with an inverse is undone by it; `b⁻¹ a⁻¹` is the inverse of
`a b` for matrices; an affine map is known from the images of the origin and the basis vectors."""


def _lacking(premises: tuple[str, ...], checks: list[Check]) -> str:
    """Why a statement that rests on others cannot be decided; nothing if all of them hold."""
    by_name = {check.name: check for check in checks}
    for name in premises:
        if not by_name[name].passed:
            return f"it rests on {name}, which fails"
        if by_name[name].method == "undecided":
            return f"it rests on {name}, which is undecided"
    return ""


def _derived(
    statement: Axiom | Derived | TableCheck, premises: tuple[str, ...], checks: list[Check]
) -> Check:
    """A statement that follows from others, or is undecided if one of them does not hold."""
    reason = _lacking(premises, checks)
    method: Method = "undecided" if reason else "derived"
    grounds = (reason,) if reason else premises
    return Check(statement.name, statement.statement, statement.latex, method, 0, 0.0, grounds)
