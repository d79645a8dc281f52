"""The examples run, in their quick mode, without a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path for path in EXAMPLES.glob("*.py") if path.name != "compare.py")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_runs(script, tmp_path):
    command = [sys.executable, "-W", "error", script, "--quick"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "parameters" in ran.stdout
    assert not ran.stderr


def test_there_are_examples_in_one_two_and_three_dimensions():
    assert [script.stem for script in SCRIPTS] == ["hexagonal", "shapes", "signals"]
