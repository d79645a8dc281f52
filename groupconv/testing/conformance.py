"""The conformance kit: whatever groupconv promises of a group, tried on yours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from groupconv.errors import ArgumentError, ConformanceError, MissingDependencyError
from groupconv.registry import as_group
from groupconv.testing.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.algebra import SplitGroup

__all__ = ["check_group", "parametrize_with_group_checks"]


def check_group(group: SplitGroup | str) -> None:
    """Certify a group: its axioms, its tables, its layers, and how it behaves as an object.

    Args:
        group: A group, or the name of an installed one.

    Raises:
        ConformanceError: a check fails; the error tells all that do, `failures` holds them.
        PluginError: there is no such plugin, or it does not load.
        ArgumentError: it is neither a group nor a name.

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
        lines = (f"{name}: {type(error).__name__}: {error}" for name, error in failures.items())
        raise ConformanceError(
            "\n".join(
                [f"group {group.name!r} fails {len(failures)} of {len(CHECKS)} checks", *lines]
            ),
            failures,
        ) from next(iter(failures.values()))


def parametrize_with_group_checks(
    groups: Iterable[SplitGroup | str], expected_failures: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A pytest decorator that runs a test once for every group and check.

    Args:
        groups: Groups, or names of installed ones, which are loaded when their test runs.
        expected_failures: For the name of a check, why it is known to fail; a test of it has to
            fail then.

    Raises:
        ArgumentError: the list of groups is none, or there is no check of that name.
        MissingDependencyError: pytest is not installed.

    Examples:
        >>> @parametrize_with_group_checks(["p4", "p4m"])
        ... def test_groups(group, check):
        ...     check(group)
    """
    try:
        import pytest
    except ImportError as error:
        raise MissingDependencyError(
            "parametrize_with_group_checks needs pytest; run: pip install pytest, or call "
            "groupconv.testing.check_group"
        ) from error
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise ArgumentError(f"groups={groups!r}: expected a list of groups or of their names")
    groups = list(groups)
    if not groups:
        raise ArgumentError("groups=[]: expected at least one group; no test would run")
    expected = {} if expected_failures is None else expected_failures
    if not isinstance(expected, Mapping) or not all(isinstance(w, str) for w in expected.values()):
        raise ArgumentError(
            f"expected_failures={expected_failures!r}: expected a mapping from names of checks to "
            f"reasons"
        )
    if unknown := sorted(set(expected) - set(CHECKS)):
        raise ArgumentError(
            f"expected_failures names {', '.join(unknown)}, and the checks are {', '.join(CHECKS)}"
        )
    parameters = []
    for group in groups:
        known = group if isinstance(group, str) else as_group(group).name
        for name, check in CHECKS.items():
            why = expected.get(name)
            marks = [] if why is None else [pytest.mark.xfail(reason=why, strict=True)]
            run, label = _by_name(check), f"{known}-{name}"
            parameters.append(pytest.param(group, run, id=label, marks=marks))
    return pytest.mark.parametrize(("group", "check"), parameters)


def _by_name(check: Callable[[SplitGroup], None]) -> Callable[[SplitGroup | str], None]:
    """A check that takes names as well."""

    def run(group: SplitGroup | str) -> None:
        check(as_group(group))

    return run
