"""Plugins: found through their entry points, listed, loaded, refused.

A distribution registers a group by an entry point in the group `groupconv.groups`; it resolves to
a `SplitGroup` subclass, an instance, or a function without arguments that returns one. Listing
imports no plugin; one that is broken never breaks the listing, and explains itself when asked for.
The environment variable `GROUPCONV_PLUGINS` limits what counts: names of groups or distributions,
with commas between them, and nothing at all if it is empty.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.machinery
import importlib.util
import os
import textwrap
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING

from groupconv.algebra.formulas import raised_at
from groupconv.algebra.split_group import SplitGroup
from groupconv.errors import (
    AmbiguousGroupError,
    ArgumentError,
    ExperimentalWarning,
    GroupConvError,
    PluginError,
    UnknownGroupError,
    warn,
)
from groupconv.registry.names import advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.metadata import Distribution

__all__ = ["ENTRY_POINT_GROUP", "GroupEntry", "as_group", "group", "groups", "registered"]

ENTRY_POINT_GROUP = "groupconv.groups"

VARIABLE = "GROUPCONV_PLUGINS"
"""The environment variable that limits which plugins count: names of groups or distributions,
with commas; none if it is empty."""

LONGEST_TEXT = 600
LONGEST_LIST = 12
"""Names that an error lists; there may be a hundred."""

_loaded: dict[str, SplitGroup] = {}
_registered: dict[str, SplitGroup] = {}
_failures: dict[tuple[str, str], str] = {}
_loading: set[str] = set()


@dataclass(frozen=True)
class GroupEntry:
    """One registered name.

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
    status: str
    error: str | None = None
    dimension: int | None = None
    order: int | None = None


def groups() -> Mapping[str, GroupEntry]:
    """The installed groups, by name; imports no plugin.

    Broken are those whose module does not exist, whose name is claimed twice, or that failed
    to load earlier in this process.

    Examples:
        >>> groups()["p4"].target
        'groupconv_plugins.p4:P4'
    """
    entries = {name: _entry(name, claims) for name, claims in _claims().items()}
    entries |= {name: _registered_entry(group) for name, group in _registered.items()}
    return MappingProxyType(entries)


def group(name: str | SplitGroup) -> SplitGroup:
    """Load one group by the name of its entry point (case-sensitive); a group is given back.

    Raises:
        UnknownGroupError: no installed distribution registers the name.
        AmbiguousGroupError: two distributions register it.
        PluginError: the plugin fails to import or is no group; the cause is chained.

    Examples:
        >>> group("p4m").stabilizer_shape
        (2, 4)
    """
    if not isinstance(name, str):
        return as_group(name)
    if name in _registered:
        return _registered[name]
    if name in _loaded and VARIABLE not in os.environ:  # layers ask often, and looking takes time
        return _loaded[name]
    claims = _claims().get(name)
    if claims is None:
        raise UnknownGroupError(_unknown(name))
    if len(claims) > 1:
        raise AmbiguousGroupError(
            f"name={name!r} is claimed by {_and(map(_origin, claims))}; uninstall one of them, or "
            f"set {VARIABLE} to the distributions to use"
        )
    if name not in _loaded:
        if name in _loading:
            raise PluginError(
                f"group {name!r} of {_origin(claims[0])} asks for itself while it is loaded; mend "
                f"what its entry point names"
            )
        _loading.add(name)
        try:
            _loaded[name] = _load(claims[0])
        finally:
            _loading.discard(name)
    return _loaded[name]


@contextlib.contextmanager
def registered(*groups: SplitGroup) -> Iterator[None]:
    """Register groups by their names for the duration of a `with` block, as tests need it.

    Args:
        groups: The groups; none may bear the name of an installed one.

    Raises:
        ArgumentError: one of them is no group.
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
            owners = _and(map(_origin, taken)) if taken else "another registered group"
            raise AmbiguousGroupError(
                f"groups={groups!r}: the name {new.name!r} belongs to {owners}; give it another"
            )
        found[new.name] = new
    _registered.update(found)
    try:
        yield
    finally:
        for name in found:
            del _registered[name]


def as_group(group_or_name: SplitGroup | str) -> SplitGroup:
    """The group itself, or the installed one with that name.

    Raises:
        PluginError: as `group` does.
        ArgumentError: it is neither a group nor a name.

    Examples:
        >>> as_group("p4")
        P4()
    """
    if isinstance(group_or_name, SplitGroup):
        return group_or_name
    if isinstance(group_or_name, str):
        return group(group_or_name)
    if isinstance(group_or_name, type) and issubclass(group_or_name, SplitGroup):
        raise ArgumentError(
            f"group={group_or_name.__name__} is a class; give an object, {group_or_name.__name__}()"
        )
    raise ArgumentError(
        f"group={group_or_name!r}: expected the name of an installed group or a SplitGroup"
    )


def _claims(*, every: bool = False) -> dict[str, list[EntryPoint]]:
    """The entry points of each name; the same one found twice on the path counts once.

    Args:
        every: Also those that the environment variable leaves out.
    """
    claims: dict[str, list[EntryPoint]] = {}
    for found in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        if not every and not _is_allowed(found):
            continue
        rivals = claims.setdefault(found.name, [])
        if _origin(found) not in map(_origin, rivals):
            rivals.append(found)
    return claims


def _is_allowed(entry: EntryPoint) -> bool:
    """Whether the environment variable, if it is set, names the group or its distribution."""
    setting = os.environ.get(VARIABLE)
    if setting is None:
        return True
    return not {entry.name, _distribution(entry)}.isdisjoint(map(str.strip, setting.split(",")))


def _registered_entry(group: SplitGroup) -> GroupEntry:
    """What the listing says of a group that is registered for a `with` block."""
    place = "this process", "", f"{type(group).__module__}:{type(group).__qualname__}"
    return GroupEntry(group.name, *place, group.status, None, group.dimension, group.order)


def _entry(name: str, claims: list[EntryPoint]) -> GroupEntry:
    error: str | None
    if len(claims) > 1:
        error = f"claimed by {_and(map(_origin, claims))}"
    else:
        error = _failures.get((name, claims[0].value)) or _missing_module(claims[0])
    group = None if error else _loaded.get(name)
    status = "broken" if error else group.status if group else "available"
    return GroupEntry(
        name,
        distribution=", ".join(_distribution(claim) for claim in claims),
        version=", ".join(_version(claim) for claim in claims),
        target=", ".join(claim.value for claim in claims),
        status=status,
        error=error,
        dimension=group.dimension if group else None,
        order=group.order if group else None,
    )


def _load(entry: EntryPoint) -> SplitGroup:
    """Import a plugin; a failure is remembered for the listing and raised with its cause."""
    try:
        if not _is_well_formed(entry):
            raise ValueError(f"the target {entry.value!r} is not of the form module:attribute")
        target = entry.load()
        is_recipe = callable(target) and not isinstance(target, SplitGroup)
        loaded = target() if is_recipe else target
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # some libraries raise what is no Exception
        is_ours = isinstance(error, GroupConvError)  # such errors tell the next step themselves
        problem = _line(f"{type(error).__name__}: {error}") + ("" if is_ours else raised_at(error))
        _failures[entry.name, entry.value] = problem
        step = "" if is_ours else "; reinstall or mend that distribution"
        raise PluginError(
            f"group {entry.name!r} of {_origin(entry)} failed to load: {problem}{step}"
        ) from error
    if not isinstance(loaded, SplitGroup):
        problem = (
            f"the target gives an object of type {type(loaded).__name__}, expected a SplitGroup "
            f"subclass, an instance, or a function without arguments that returns one"
        )
    elif loaded.name != entry.name:
        problem = (
            f"the group calls itself {loaded.name!r}; give the entry point and the group one name"
        )
    else:
        _failures.pop((entry.name, entry.value), None)
        if loaded.status == "experimental":
            warn(
                f"group {entry.name!r} of {_distribution(entry)} is experimental: its coordinates "
                f"and conventions may still change between versions",
                ExperimentalWarning,
            )
        return loaded
    _failures[entry.name, entry.value] = problem
    raise PluginError(f"group {entry.name!r} of {_origin(entry)} cannot be used: {problem}")


def _line(text: str) -> str:
    """A plugin's text on one line that any terminal can show; the chained error has all of it."""
    shown = "".join(c if c.isprintable() or c.isspace() else "�" for c in text)
    return textwrap.shorten(shown, LONGEST_TEXT)


def _is_well_formed(entry: EntryPoint) -> bool:
    return entry.pattern.match(entry.value) is not None


def _missing_module(entry: EntryPoint) -> str | None:
    """Say if the entry point's module does not exist, without importing any part of it."""
    if not _is_well_formed(entry):
        return f"the target {entry.value!r} is not of the form module:attribute"
    path: Iterable[str] | None = None
    module = ""
    for part in entry.module.split("."):
        module = f"{module}.{part}" if module else part
        try:
            if path is None:
                spec = importlib.util.find_spec(module)
            else:
                spec = importlib.machinery.PathFinder.find_spec(module, list(path))
        except (ImportError, ValueError):
            spec = None
        if spec is None:
            return f"ModuleNotFoundError: No module named {module!r}"
        if spec.submodule_search_locations is None:
            break
        path = spec.submodule_search_locations
    return None


def _unknown(name: object) -> str:
    installed = [*_claims(), *_registered]
    hidden = _claims(every=True).get(str(name))
    if hidden is not None:
        return (
            f"name={name!r} is a group of {_and(map(_origin, hidden))}, which the environment "
            f"variable {VARIABLE}={os.environ[VARIABLE]!r} leaves out; add {name} to it"
        )
    return (
        f"name={name!r}: {advice(str(name), installed)}. "
        f"Installed: {_shortened(installed)}. A distribution adds groups through the entry-point "
        f"group {ENTRY_POINT_GROUP!r}"
    ).replace("?.", "?")


def _shortened(names: list[str]) -> str:
    """A list of names, or its beginning and where to find the rest."""
    if len(names) <= LONGEST_LIST:
        return ", ".join(names) or "none"
    return f"{len(names)} groups, listed by the command groupconv groups"


def _distribution(entry: EntryPoint) -> str:
    return _name_and_version(entry.dist)[0]


def _version(entry: EntryPoint) -> str:
    return _name_and_version(entry.dist)[1]


@functools.lru_cache(maxsize=64)
def _name_and_version(distribution: Distribution | None) -> tuple[str, str]:
    """Read once for all entry points of a distribution, since its metadata are parsed anew."""
    name, version = (distribution.name, distribution.version) if distribution else (None, None)
    return name or "unknown distribution", version or "unknown version"


def _origin(entry: EntryPoint) -> str:
    return f"{_distribution(entry)} {_version(entry)} ({entry.value})"


def _and(parts: Iterable[str], word: str = "and") -> str:
    return f" {word} ".join(parts)
