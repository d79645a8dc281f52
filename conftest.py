"""Every example in a docstring, in the README and in the docs is a test."""

import contextlib
import doctest
import functools
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser
from xdist.scheduler import LoadScopeScheduling

FOLDER = tempfile.TemporaryDirectory()
"""Where examples write their files."""


class Python(PythonCodeBlockParser):
    """Blocks of Python, whose printed lines are kept."""

    def __call__(self, document):
        for region in super().__call__(document):
            region.evaluator = functools.partial(self.run, region.evaluator)
            yield region

    @staticmethod
    def run(evaluator, example):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.chdir(FOLDER.name):
            evaluator(example)
        example.namespace["printed"] = printed.getvalue()


class Output(CodeBlockParser):
    """Blocks that show what the block of Python before them prints; `...` stands for anything."""

    language = "output"

    def evaluate(self, example):
        printed = example.namespace.pop("printed")
        if not doctest.OutputChecker().check_output(example.parsed, printed, doctest.ELLIPSIS):
            raise AssertionError(f"the page shows\n{example.parsed}\nand it prints\n{printed}")


class Shell(CodeBlockParser):
    """Blocks of commands; those that need more than a folder are marked `bash`, and not run."""

    language = "sh"

    def evaluate(self, example):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        run = subprocess.run(
            ["bash", "-e", "-c", example.parsed],
            cwd=FOLDER.name, env=os.environ | {"PATH": path},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if run.returncode:
            raise AssertionError(f"exit code {run.returncode}: {run.stderr}")


pytest_collect_file = (
    Sybil(
        parsers=[DocTestParser()],
        patterns=["groupconv/*.py", "groupconv/**/*.py", "groupconv_plugins/*.py"],
    )
    + Sybil(
        parsers=[Python(), Output(), Shell(), SkipParser()],
        patterns=["README.md", "docs/*.md", "docs/how-to/*.md"],
    )
).pytest()


class OnePageOneProcess(LoadScopeScheduling):
    """Tests go to whichever process is free; examples of a page, which share names, go together."""

    def _split_scope(self, nodeid):
        path = nodeid.split("::")[0]
        return nodeid if path.startswith("tests/") and path not in TOGETHER else path


TOGETHER = {"tests/test_site.py", "tests/test_third_party.py", "tests/nn/test_distributed.py"}
"""Tests that share what takes long to make."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Use it, whichever way of distributing is asked for."""
    return OnePageOneProcess(config, log)
