"""The registry of groups: installed plugins, found through their entry points."""

from groupconv.registry.entries import ADVICE, ENTRY_POINT_GROUP, VARIABLE, GroupEntry
from groupconv.registry.plugins import as_group, group, groups, load_all, registered

__all__ = [
    "ADVICE",
    "ENTRY_POINT_GROUP",
    "VARIABLE",
    "GroupEntry",
    "as_group",
    "group",
    "groups",
    "load_all",
    "registered",
]
