"""The console and the tables that the commands share."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from groupconv.cli.listing import terminal_width


def wide_console() -> Console:
    """A console as wide as the terminal, or wide enough for most tables in a pipe."""
    # Names are not markup, and numbers in them are not special.
    return Console(width=terminal_width(), markup=False, emoji=False, highlight=False)


def plain_table(*columns: str) -> Table:
    """A table with a rule below its head and no others."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
