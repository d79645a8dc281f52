"""Entry points: what the installed distributions offer, found without importing any of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.metadata import Distribution

ENTRY_POINT_GROUP = "groupconv.groups"

ADVICE = "groupconv.advice"
"""The entry points that resolve to a function from an unknown name to a sentence, or to None."""

VARIABLE = "GROUPCONV_PLUGINS"
"""The environment variable that limits which plugins count: names of entry points or
distributions, with commas between them. If it is empty, no plugin counts."""

UNREADABLE = (AttributeError, KeyError, OSError, TypeError, ValueError)
"""What importlib raises for metadata that are malformed, incomplete or not UTF-8."""


@dataclass(frozen=True)
class GroupEntry:
    """One registered name, in texts that any terminal can show.

    Attributes:
        name: The name of the entry point.
        distribution: The distribution that registers it; all of them if there are several.
        version: The version of that distribution.
        target: What the entry point points to, `module:attribute`.
        status: `"available"` before it is loaded, then what the group says, `"stable"` or
            `"experimental"`; or `"broken"`.
        error: What is wrong with a broken one, else None.
        dimension: The dimension of a loaded group's lattice, else None.
        order: The order of a loaded group's stabilizer, else None.
    """

    name: str
    distribution: str
    version: str
    target: str
    status: str = "available"
    error: str | None = None
    dimension: int | None = None
    order: int | None = None


def entry_points(kind: str) -> Iterator[GroupEntry]:
    """The entry points of a kind; a distribution that cannot be read offers none."""
    seen = set()
    for distribution in distributions():
        try:
            if kind not in (distribution.read_text("entry_points.txt") or ""):
                continue  # parsing takes longer than reading
            points = [point for point in distribution.entry_points if point.group == kind]
        except UNREADABLE:
            continue
        name, version = _name_and_version(distribution)
        if points and name not in seen:  # the first on the path is the one that is imported
            seen.add(name)
            for point in points:
                yield GroupEntry(printable(point.name), name, version, printable(point.value))


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    try:
        name, version = distribution.name, distribution.version
    except UNREADABLE:
        name, version = "", ""
    return printable(name or "unknown distribution"), printable(version or "unknown version")


def is_allowed(entry: GroupEntry) -> bool:
    """Whether the environment variable, if it is set, names the entry point or its distribution."""
    setting = os.environ.get(VARIABLE)
    if setting is None:
        return True
    return not {entry.name, entry.distribution}.isdisjoint(map(str.strip, setting.split(",")))


def resolve(entry: GroupEntry) -> Any:
    """What an entry point points to; imports its module."""
    point = EntryPoint(entry.name, entry.target, "")
    if not point.pattern.match(point.value):  # such as a module's name with a hyphen
        raise ValueError(f"the target {point.value!r} is not of the form module:attribute")
    return point.load()


def origins(entries: Iterable[GroupEntry]) -> str:
    """Where entries come from: distributions, versions and targets."""
    return " and ".join(f"{e.distribution} {e.version} ({e.target})" for e in entries)


def printable(text: str) -> str:
    """A text in which nothing steers a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)
