"""The command `groupconv`."""

from groupconv.cli.app import app, main

__all__ = ["app", "main"]
