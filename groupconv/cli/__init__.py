"""The command `groupconv`."""

from groupconv.cli.commands import app, main

__all__ = ["app", "main"]
