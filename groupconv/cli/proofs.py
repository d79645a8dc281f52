"""The command `groupconv verify`: proofs as tables, as JSON and as a page."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from groupconv import registry
from groupconv.algebra.formulas import raised_at
from groupconv.cli.console import plain_table, wide_console
from groupconv.cli.files import atomic_write, require_writable
from groupconv.cli.listing import why_there_is_none
from groupconv.errors import ArgumentError, GroupConvError
from groupconv.registry.doors import verify as prove
from groupconv.verification import VerificationReport, html_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 1.0
"""Seconds before a progress bar appears."""

COLOURS = {"✓": "green", "✗": "red", "–": "yellow"}


def verify(names: list[str], every: bool, as_json: bool, html: Path | None) -> int:
    """Print reports; returns 0 if all hold, 2 if a named group cannot be verified, else 1."""
    if every == bool(names):
        step = "give the names of groups, or --all alone"
        raise ArgumentError(f"names={names} and --all={every}: {step}")
    chosen = list(registry.groups()) if every else list(dict.fromkeys(names))
    if not chosen:
        raise ArgumentError(f"--all has nothing to prove: {why_there_is_none()}")
    console = wide_console()
    console.quiet = as_json
    reports: list[VerificationReport] = []
    errors: dict[str, str] = {}
    if html is not None:
        require_writable(html, "--html")
    for name in chosen:
        try:
            with _progress(name) as progress, contextlib.redirect_stdout(sys.stderr):
                report = prove(name, progress=progress)
        except Exception as error:  # a plugin may raise anything; the others are still verified
            errors[name] = _message(name, error)
            print(f"error: {errors[name]}", file=sys.stderr)
        else:
            reports.append(report)
            _print(console, report)
    if html is not None:
        atomic_write(html, html_page(reports, errors).encode(), "--html")
    held = sum(report.passed for report in reports)
    passed = held == len(chosen)
    if every:
        seconds = sum(report.seconds for report in reports)
        console.print(f"{held} of {len(chosen)} groups hold ({seconds:.2f} s)")
    if as_json:
        found = [report.to_dict() for report in reports]
        print(json.dumps({"passed": passed, "reports": found, "errors": errors}, indent=2))
    return 0 if passed else 2 if errors and not every else 1


def _message(name: str, error: Exception) -> str:
    """An error of groupconv as it is; for any other, its type and where it was raised."""
    if isinstance(error, GroupConvError):
        return str(error)
    raised = f"its proof raised {type(error).__name__}: {error}{raised_at(error)}"
    return f"name={name!r}: {raised}; call groupconv.verify({name!r}) in Python for the traceback"


def _print(console: Console, report: VerificationReport) -> None:
    table = plain_table("", "check", "statement", "how", "ms")
    table.columns[-1].justify = "right"
    for check in report.checks:
        mark = Text(check.mark, style=COLOURS[check.mark])
        table.add_row(mark, check.name, check.statement, check.how, f"{1000 * check.seconds:.0f}")
    console.print(table)
    for line in report.failure_lines():
        console.print(line, soft_wrap=True)
    console.print(f"{report.group}: {report.verdict} ({report.seconds:.2f} s)\n")


@contextlib.contextmanager
def _progress(name: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error, if it is a terminal, once a proof has taken a while."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    start = time.perf_counter()
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task(name)

    def report(check: str, done: int, total: int) -> None:
        if not bar.live.is_started and time.perf_counter() - start > PATIENCE:
            bar.start()
        bar.update(task, description=f"{name}: {check}", completed=done, total=total)

    try:
        yield report
    finally:
        bar.stop()
