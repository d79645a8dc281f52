"""The registry of groups: installed plugins, found through their entry points."""

from groupconv.registry.plugins import (
    ENTRY_POINT_GROUP,
    VARIABLE,
    GroupEntry,
    as_group,
    group,
    groups,
    registered,
)

__all__ = [
    "ENTRY_POINT_GROUP",
    "VARIABLE",
    "GroupEntry",
    "as_group",
    "group",
    "groups",
    "registered",
]
