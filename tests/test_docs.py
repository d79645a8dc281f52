"""The site builds strictly, and asks no other host for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import groupconv as gc
from groupconv.errors import ExperimentalWarning

ROOT = Path(__file__).parents[1]
GROUPS = ROOT / "docs" / "groups.md"
LOADED = re.compile(r"<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=[\"']?([^\"' >]+)")


def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path):
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 10
    loaded = {address for page in pages for address in LOADED.findall(page.read_text())}
    assert loaded
    assert not [address for address in loaded if "//" in address]
    styles = "".join(sheet.read_text() for sheet in tmp_path.rglob("*.css"))
    assert not re.search(r"url\(\s*[\"']?(?:https?:)?//", styles)


def test_the_table_of_groups_tells_the_truth():
    rows = re.findall(
        r"^\| `(\S+)` \| (.+) \| (\d+) \| (\S+) \|$", GROUPS.read_text(), re.MULTILINE
    )
    assert {name for name, *_ in rows} == set(gc.groups())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        for name, lattice, order, stabilizer in rows:
            group = gc.group(name)
            found = (group.lattice.name, str(group.order), group.stabilizer.name)
            assert found == (lattice, order, stabilizer), name
