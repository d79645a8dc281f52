"""Every example in a docstring, in the README and in the docs is a test."""

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
