"""The command `groupconv groups`, which loads neither rich nor sympy: it is asked most often."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from groupconv import registry
from groupconv.errors import ExperimentalWarning

if TYPE_CHECKING:
    from groupconv.algebra import SplitGroup

WIDTH_OF_A_PIPE = 160
INDENT = 22
"""Where the names of groups begin in the listing."""


def list_groups(load: bool, as_json: bool) -> None:
    """Print every registered name, by dimension and lattice, and what is wrong with broken ones."""
    groups = _load_all() if load else {}
    entries = registry.groups()
    if as_json:
        print(json.dumps([asdict(entry) for entry in entries.values()], indent=2))
        return
    if not entries:
        click.echo(why_there_is_none())
        return
    sections: dict[str, dict[str, list[str]]] = {}
    for group in sorted(groups.values(), key=lambda g: (g.dimension, g.order, g.name)):
        lattices = sections.setdefault(f"dimension {group.dimension}", {})
        lattices.setdefault(group.lattice.name, []).append(_brief(group, entries[group.name]))
    if others := [e.name for e in entries.values() if not e.error and e.name not in groups]:
        sections["not loaded"] = {"": others}
    width = terminal_width()
    for title, lattices in sections.items():
        click.secho(title, bold=True)
        for lattice, briefs in sorted(lattices.items(), key=lambda item: -len(item[1])):
            click.echo(_wrapped(lattice, briefs, width))
    if groups:
        click.echo("Each name is followed by the order of the stabilizer.")
    if broken := [entry for entry in entries.values() if entry.error]:
        click.secho("broken", bold=True)
    for entry in broken:
        click.echo(f"  {entry.name} ({entry.distribution}): {entry.error}")


def _load_all() -> dict[str, SplitGroup]:
    """The groups that load; what plugins print goes to standard error."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore", ExperimentalWarning)  # the listing says it
        return registry.load_all()


def _brief(group: SplitGroup, entry: registry.GroupEntry) -> str:
    """A group as the listing shows it, such as `p4 (4)`."""
    facts = [str(group.order)]
    if group.status != "stable":
        facts.append(group.status)
    if entry.distribution != "groupconv":
        facts.append(entry.distribution)
    return f"{entry.name} ({', '.join(facts)})"


def _wrapped(label: str, parts: list[str], width: int) -> str:
    """A label followed by parts, on as many lines as they need; no part is split."""
    lines = [f"  {label:{INDENT - 4}}  "]
    for part in parts:
        if len(lines[-1]) > INDENT and len(lines[-1]) + len(part) > width:
            lines.append(" " * INDENT)
        lines[-1] += f"{part}  "
    return "\n".join(map(str.rstrip, lines))


def terminal_width() -> int:
    """The width of the terminal, or one wide enough for most tables in a pipe."""
    return shutil.get_terminal_size((WIDTH_OF_A_PIPE, 24)).columns


def why_there_is_none() -> str:
    """Why no group is listed: no package registers one, or the variable excludes them."""
    limit = os.environ.get(registry.VARIABLE)
    if limit is None:
        return "no groups are installed; pip install a package that registers some"
    return f"{registry.VARIABLE}={limit!r} leaves every installed group out"
