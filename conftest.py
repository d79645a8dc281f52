"""Every example in a docstring, in the README and in the docs is a test."""

import pytest
from sybil import Sybil
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from xdist.scheduler import LoadScopeScheduling

pytest_collect_file = (
    Sybil(
        parsers=[DocTestParser()],
        patterns=["groupconv/*.py", "groupconv/**/*.py", "groupconv_plugins/*.py"],
    )
    + Sybil(parsers=[PythonCodeBlockParser(), SkipParser()], patterns=["README.md", "docs/*.md"])
).pytest()


class OnePageOneProcess(LoadScopeScheduling):
    """Tests go to whichever process is free; examples of a page, which share names, go together."""

    def _split_scope(self, nodeid):
        path = nodeid.split("::")[0]
        return nodeid if path.startswith("tests/") and path not in TOGETHER else path


TOGETHER = {"tests/test_third_party.py", "tests/nn/test_distributed.py"}
"""Tests that share what takes long to make."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Use it, whichever way of distributing is asked for."""
    return OnePageOneProcess(config, log)
