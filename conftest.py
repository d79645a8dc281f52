"""Every example in a docstring, in the README and in the docs is a test."""

import pytest
from sybil import Sybil
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

pytest_collect_file = (
    Sybil(
        parsers=[DocTestParser()],
        patterns=["groupconv/*.py", "groupconv/**/*.py", "groupconv_plugins/*.py"],
    )
    + Sybil(parsers=[PythonCodeBlockParser(), SkipParser()], patterns=["README.md", "docs/*.md"])
).pytest()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The examples of a page share names, so one process runs them all, in their order."""
    for item in items:
        if hasattr(item, "example"):
            item.add_marker(pytest.mark.xdist_group(item.path.name))
