"""The console, the tables and the messages that the commands share."""

from __future__ import annotations

import os
import shutil

from rich import box
from rich.console import Console
from rich.table import Table

from groupconv import registry

WIDTH_OF_A_PIPE = 160


def wide_console() -> Console:
    """A console as wide as the terminal, or wide enough for most tables in a pipe."""
    width = shutil.get_terminal_size((WIDTH_OF_A_PIPE, 24)).columns
    # Names are not markup, and numbers in them are not special.
    return Console(width=width, markup=False, emoji=False, highlight=False)


def plain_table(*columns: str) -> Table:
    """A table with a rule below its head and no others."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def why_there_is_none() -> str:
    """Why no group is listed: no package registers one, or the variable excludes them."""
    limit = os.environ.get(registry.VARIABLE)
    if limit is None:
        return "no groups are installed; pip install a package that registers some"
    return f"{registry.VARIABLE}={limit!r} leaves every installed group out"
