"""The examples run, in their quick mode, without a warning."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path for path in EXAMPLES.glob("*.py") if path.name != "compare.py")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_runs(script, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr(sys, "argv", [str(script), "--quick"])
    runpy.run_path(str(script), run_name="__main__")
    shown = capfd.readouterr()
    assert "parameters" in shown.out
    assert not shown.err


def test_there_are_examples_in_one_two_and_three_dimensions():
    assert [script.stem for script in SCRIPTS] == [
        "conversion",
        "hexagonal",
        "segmentation",
        "shapes",
        "signals",
    ]
