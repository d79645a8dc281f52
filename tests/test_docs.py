"""What the docs say of the groups and of the paper; no line of code is too long for a page."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np

import groupconv as gc
from groupconv.errors import ExperimentalWarning

ROOT = Path(__file__).parents[1]
GROUPS = ROOT / "docs" / "groups.md"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
WIDEST = 76
"""How many characters of a line of code fit a page."""


def too_wide(text):
    """The lines of code that do not fit a page."""
    blocks = re.findall(r"^ *```.*?\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if len(line) > WIDEST]


def test_lines_of_code_fit_a_page():
    assert len(PAGES) > 15
    found = {page.name: too_wide(page.read_text()) for page in PAGES}
    assert {page: lines for page, lines in found.items() if lines} == {}


def test_a_long_line_of_code_is_found_and_long_prose_is_not():
    prose, fits, wide = "word " * 40, "x" * WIDEST, "x" * (WIDEST + 1)
    assert too_wide(f"{prose}\n```python\n{fits}\n{wide}\n```\n{prose}") == [wide]


def test_the_table_of_groups_tells_the_truth():
    rows = re.findall(
        r"^\| `(\S+)` \| ([a-z][^|]+) \| (\d+) \| (\S+) \| (.*) \|$",
        GROUPS.read_text(),
        re.MULTILINE,
    )
    assert {name for name, *_ in rows} == set(gc.groups())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        for name, lattice, order, stabilizer, words in rows:
            group = gc.group(name)
            found = (group.lattice.name, str(group.order), group.stabilizer.name)
            assert found == (lattice, order, stabilizer), name
            ones = np.eye(len(group.stabilizer_shape), dtype=int)  # each coordinate by itself
            elements = [group.flat_index(tuple(one)) for one in ones.tolist()]
            parts = [group.stabilizer.descriptions[s] for s in elements]
            named = zip(group.coordinate_names, parts, strict=False)
            assert words == "; ".join(f"{c}: {what}" for c, what in named), name


def test_every_equation_of_the_paper_has_its_tests():
    text = (ROOT / "docs" / "paper.md").read_text()
    rows = re.findall(r"^\|[^(|]*\((\d+(?:, \d+)*)\) ", text, re.MULTILINE)
    equations = [int(number) for row in rows for number in row.split(", ")]
    assert sorted(equations) == list(range(1, 25))
    named = re.findall(r"`([a-z_/]*test_[a-z_]+\.py)(?:::(test_[a-z0-9_]+))?`", text)
    assert len(named) > 30
    for file, test in named:
        assert f"def {test or 'test_'}" in (ROOT / "tests" / file).read_text(), (file, test)
