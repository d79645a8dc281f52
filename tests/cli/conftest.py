"""The command, run in the process of the tests: starting Python for each run takes seconds."""

from __future__ import annotations

import sys
import warnings
from subprocess import CompletedProcess

import pytest

from groupconv import cli
from groupconv.registry import plugins


@pytest.fixture
def command(monkeypatch, capfd):
    """What `groupconv ARGUMENTS` prints and how it ends, as if no group had been loaded before."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["groupconv", *map(str, arguments)])
        monkeypatch.setattr(plugins, "_loaded", {})
        monkeypatch.setattr(plugins, "_failures", {})
        capfd.readouterr()
        with warnings.catch_warnings(), pytest.raises(SystemExit) as end:
            cli.main()
        return CompletedProcess(arguments, end.value.code or 0, *capfd.readouterr())

    return run
