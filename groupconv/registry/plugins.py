"""Plugins: found through their entry points, listed, loaded, refused.

An entry point in the group `groupconv.groups` resolves to a `SplitGroup` subclass, an instance, or
a function without arguments that returns one. Listing imports no plugin; one that is broken never
breaks the listing, and explains itself when asked for. An entry point in `groupconv.advice` is a
function that says, in one sentence, which group may be meant by a name that is not installed.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import textwrap
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from groupconv.algebra import SplitGroup, Subgroup
from groupconv.algebra.formulas import raised_at
from groupconv.errors import (
    AmbiguousGroupError,
    ArgumentError,
    ExperimentalWarning,
    GroupConvError,
    PluginError,
    UnknownGroupError,
    warn,
)
from groupconv.registry.entries import (
    ADVICE,
    ENTRY_POINT_GROUP,
    VARIABLE,
    GroupEntry,
    entry_points,
    is_allowed,
    origins,
    printable,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_TEXT = 600
TARGETS = "a SplitGroup subclass, an instance, or a function without arguments that returns one"

# Threads share these without a lock: the first to load a group publishes it, in one step. A lock
# that is held while a plugin is imported could wait for a thread that imports the plugin and waits
# for the lock; and a forked child could inherit it locked.
_loaded: dict[str, SplitGroup] = {}
_registered: dict[str, SplitGroup] = {}
_failures: dict[GroupEntry, str] = {}


def groups() -> Mapping[str, GroupEntry]:
    """The installed groups, by name; imports no plugin.

    One is listed as broken if its name is claimed twice, or if it failed to load in this process.

    Examples:
        >>> groups()["p4"].target
        'groupconv_plugins.p4:P4'
    """
    entries = {name: _listed(claims) for name, claims in _claims().items()}
    for group in list(_registered.values()):
        target = f"{type(group).__module__}:{type(group).__qualname__}"
        entries[group.name] = _about(group, GroupEntry(group.name, "this process", "", target))
    return MappingProxyType(entries)


def group(name: str | SplitGroup) -> SplitGroup:
    """Load one group by the name of its entry point (case-sensitive); a group is returned as it is.

    Raises:
        UnknownGroupError: no installed distribution registers the name.
        AmbiguousGroupError: two distributions register the name.
        PluginError: the plugin fails to load, which is the cause, or its target is not a group.
        ArgumentError: the argument is neither a name nor a group.

    Examples:
        >>> group("p4m").stabilizer_shape
        (2, 4)
    """
    if isinstance(name, SplitGroup):
        return name
    if not isinstance(name, str):
        found, expected = repr(name), "expected the name of an installed group or a SplitGroup"
        if isinstance(name, type) and issubclass(name, SplitGroup):
            found, expected = f"{name.__name__} is a class", f"give an object, {name.__name__}()"
        if isinstance(name, Subgroup):
            found = f"the subgroup {name.elements} of {name.stabilizer.group!r}"
            expected = "its as_group() is the group that layers and proofs take"
        raise ArgumentError(f"group={found}: {expected}")
    if name in _registered:
        return _registered[name]
    if name in _loaded and VARIABLE not in os.environ:  # layers ask often, and looking takes time
        return _loaded[name]
    claims = _claims().get(name)
    if claims is None:
        raise UnknownGroupError(_unknown(name))
    return _claimed(name, claims)


as_group = group
"""The same, for functions that have an argument `group`."""


def load_all() -> dict[str, SplitGroup]:
    """Every installed group that loads, by name; `groups()` says what is wrong with the others."""
    loaded = dict(_registered)
    for name, claims in _claims().items():
        with contextlib.suppress(AmbiguousGroupError, PluginError):
            loaded[name] = _claimed(name, claims)
    return loaded


@contextlib.contextmanager
def registered(*groups: SplitGroup) -> Iterator[None]:
    """Register groups by their names for the duration of a `with` block, as tests need it.

    Raises:
        ArgumentError: an argument is not a group.
        AmbiguousGroupError: a name is taken.

    Examples:
        >>> from groupconv import GeneratedGroup
        >>> with registered(GeneratedGroup("half", {"r": ([[-1, 0], [0, -1]], 2)})):
        ...     group("half").order
        2
    """
    found = {}
    for new in map(as_group, groups):
        taken = _claims().get(new.name, [])
        if taken or new.name in _registered or new.name in found:
            owners = origins(taken) or "another registered group"
            problem = f"the name {new.name!r} belongs to {owners}; give it another"
            raise AmbiguousGroupError(f"groups={groups!r}: {problem}")
        found[new.name] = new
    _registered.update(found)
    try:
        yield
    finally:
        for name in found:
            del _registered[name]


def _claims(*, every: bool = False) -> dict[str, list[GroupEntry]]:
    """The entry points of each name; `every` counts those that the variable leaves out as well."""
    claims: dict[str, list[GroupEntry]] = {}
    for entry in sorted(entry_points(ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        if every or is_allowed(entry):
            claims.setdefault(entry.name, []).append(entry)
    return claims


def _claimed(name: str, claims: list[GroupEntry]) -> SplitGroup:
    """The group of a name, loaded once; two distributions may not both have it."""
    if len(claims) > 1:
        step = f"uninstall one of them, or set {VARIABLE} to the distributions to use"
        raise AmbiguousGroupError(f"name={name!r} is claimed by {origins(claims)}; {step}")
    return _loaded.get(name) or _loaded.setdefault(name, _load(claims[0]))


def _listed(claims: list[GroupEntry]) -> GroupEntry:
    """What the listing says of a name: who claims it, and what is known of its group."""
    entry = claims[0]
    if len(claims) > 1:
        names = ", ".join(claim.distribution for claim in claims)
        versions = ", ".join(claim.version for claim in claims)
        targets = ", ".join(claim.target for claim in claims)
        error = f"claimed by {origins(claims)}"
        return GroupEntry(entry.name, names, versions, targets, "broken", error)
    if entry in _failures:
        return replace(entry, status="broken", error=_failures[entry])
    return _about(_loaded[entry.name], entry) if entry.name in _loaded else entry


def _about(group: SplitGroup, entry: GroupEntry) -> GroupEntry:
    return replace(entry, status=group.status, dimension=group.dimension, order=group.order)


def _load(entry: GroupEntry) -> SplitGroup:
    """Import a plugin; a failure is remembered for the listing and raised with its cause."""
    try:
        target = resolve(entry)
        loaded = target() if callable(target) and not isinstance(target, SplitGroup) else target
    except Exception as error:
        if isinstance(error, PluginError) and isinstance(error.__cause__, RecursionError):
            raise  # by a plugin that asks for itself; every level would wrap it once more
        problem = _line(f"{type(error).__name__}: {error}")
        step = ""  # our own errors end in the next step themselves
        if not isinstance(error, GroupConvError):
            problem, step = problem + raised_at(error), "; fix or reinstall that distribution"
        raise _failed(entry, "failed to load", problem, step) from error
    if not isinstance(loaded, SplitGroup):
        given = f"the target gives an object of type {type(loaded).__name__}"
        raise _failed(entry, "cannot be used", f"{given}, expected {TARGETS}")
    if loaded.name != entry.name:
        given = f"the group calls itself {loaded.name!r}"
        step = "give the entry point and the group one name"
        raise _failed(entry, "cannot be used", f"{given}; {step}")
    _failures.pop(entry, None)
    if loaded.status == "experimental":
        origin = f"group {entry.name!r} of {entry.distribution} is experimental"
        change = "its coordinates and conventions may still change between versions"
        warn(f"{origin}: {change}", ExperimentalWarning)
    return loaded


def _failed(entry: GroupEntry, verdict: str, problem: str, step: str = "") -> PluginError:
    """The error of a plugin, whose problem the listing shows from now on."""
    _failures[entry] = problem
    return PluginError(f"group {entry.name!r} of {origins([entry])} {verdict}: {problem}{step}")


def _unknown(name: str) -> str:
    """Why there is no group of a name, what may have been meant, and where to find the others."""
    limit = os.environ.get(VARIABLE)
    if hidden := _claims(every=True).get(name):
        variable = f"the environment variable {VARIABLE}={limit!r} leaves it out; add {name} to it"
        return f"group {name!r} of {origins(hidden)} is installed, but {variable}"
    installed = [*_claims(), *_registered]
    hint = _advice(name) or _near(name, installed)
    hint += "" if not hint else " " if hint.endswith("?") else "; "
    limited = "" if limit is None else f", limited by {VARIABLE}={limit!r}"
    those = f"the {len(installed)}" if len(installed) > 1 else "those"
    listing = f"`groupconv groups` lists {those} that are{limited}"
    return f"no group named {name!r} is installed; {hint}{listing}"


def _advice(name: str) -> str:
    """The first sentence that an installed hook has about an unknown name."""
    for entry in filter(is_allowed, entry_points(ADVICE)):
        with contextlib.suppress(Exception):  # a broken hook has nothing to say
            if sentence := resolve(entry)(name):
                return _line(sentence).rstrip(".")
    return ""


def _near(name: str, installed: list[str]) -> str:
    same = [known for known in installed if known.casefold() == name.casefold()]
    near = " or ".join(map(repr, same or difflib.get_close_matches(name, installed)))
    return f"{'names are case-sensitive: ' * bool(same)}did you mean {near}?" if near else ""


def _line(text: str) -> str:
    """A plugin's text on one line; the chained error has all of it."""
    return textwrap.shorten(printable(" ".join(text.split())), LONGEST_TEXT)
