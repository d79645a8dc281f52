"""The conformance kit: all that groupconv promises of a group, tried on yours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from groupconv.errors import ArgumentError, ConformanceError, MissingDependencyError
from groupconv.registry import as_group
from groupconv.testing.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from groupconv.algebra import SplitGroup

__tracebackhide__ = True  # so that pytest ends at the line of the test


def check_group(group: SplitGroup | str) -> None:
    """Certify a group, or an installed one: its axioms, tables and layers, and it as an object.

    Raises:
        ConformanceError: a check fails; `failures` holds the error of each that does.
        PluginError: there is no such plugin, or it does not load.

    Examples:
        >>> check_group("p4")
    """
    group = as_group(group)
    failures: dict[str, Exception] = {}
    for name, check in CHECKS.items():
        try:
            check(group)
        except Exception as error:
            failures[name] = error
    if failures:
        lines = [f"group {group.name!r} fails {len(failures)} of {len(CHECKS)} checks"]
        lines += (f"{name}: {type(error).__name__}: {error}" for name, error in failures.items())
        raise ConformanceError("\n".join(lines), failures) from next(iter(failures.values()))


def parametrize_with_group_checks(
    groups: Iterable[SplitGroup | str], expected_failures: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A pytest decorator that runs a test once for every group and check.

    Groups that are given by their names are loaded when their test runs. Tests of the checks that
    `expected_failures` names, each with the reason, have to fail.

    Raises:
        ArgumentError: `groups` is one name, or there is no check of a name.
        MissingDependencyError: pytest is not installed.

    Examples:
        >>> @parametrize_with_group_checks(["p4", "p4m"])
        ... def test_groups(group, check):
        ...     check(group)
    """
    try:
        import pytest
    except ImportError as error:
        step = "run: pip install pytest, or call groupconv.testing.check_group"
        raise MissingDependencyError(
            f"parametrize_with_group_checks needs pytest; {step}"
        ) from error
    if isinstance(groups, str):
        raise ArgumentError(f"groups={groups!r}: expected a list of groups or of their names")
    expected = dict(expected_failures or {})
    if unknown := ", ".join(sorted(set(expected) - set(CHECKS))):
        known = f"the checks are {', '.join(CHECKS)}"
        raise ArgumentError(f"expected_failures names {unknown}, and {known}")
    parameters = []
    for group in groups:
        label = group if isinstance(group, str) else as_group(group).name
        for name in CHECKS:
            fails = name in expected
            marks = [pytest.mark.xfail(reason=expected[name], strict=True)] if fails else []
            run = partial(_run, name)
            parameters.append(pytest.param(group, run, id=f"{label}-{name}", marks=marks))
    return pytest.mark.parametrize(("group", "check"), parameters)


def _run(check: str, group: SplitGroup | str) -> None:
    CHECKS[check](as_group(group))
