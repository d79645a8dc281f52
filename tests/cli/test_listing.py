"""The command `groupconv groups`."""

from __future__ import annotations

import json
import sys

import pytest

import groupconv as gc

PLUGIN = """
import warnings
from groupconv import GeneratedGroup, SQUARE

print("a plugin may print")
half = GeneratedGroup("half", {"r": ([[-1, 0], [0, -1]], 2)}, status="experimental")

def unlicensed():
    raise RuntimeError("no licence found")
"""
ENTRY_POINTS = """
[groupconv.groups]
half = odd_plugin:half
unlicensed = odd_plugin:unlicensed
gone = nowhere_to_be_found:gone
p4 = odd_plugin:half
"""


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """A distribution with a good group, two broken ones, and a name that is taken."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "odd_plugin", raising=False)
    (tmp_path / "odd_plugin.py").write_text(PLUGIN)
    metadata = tmp_path / "odd-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)


def test_groups_are_listed_by_dimension_and_lattice(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = command("groups")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert "  line                z1 (1)  z1m (2)" in lines[lines.index("dimension 1") :]
    plane = lines[lines.index("dimension 2") : lines.index("dimension 3")]
    square = "z2 (1)  cm (2)  p2 (2)  pm (2)  cmm (4)  p4 (4)  pmm (4)"
    assert plane[1] == f"  square              {square}"
    assert plane[2].strip() == "p4m (8)"
    assert plane[3].startswith("  hexagonal           p3 (3, experimental)")
    assert all(len(line) <= 80 for line in lines)
    for name, entry in gc.groups().items():
        assert f" {name} (" in result.stdout
        assert entry.target not in result.stdout


def test_broken_plugins_never_break_the_listing(command, plugins):
    result = command("groups")
    assert result.returncode == 0
    assert result.stderr == "a plugin may print\n"
    listed, broken = result.stdout.split("\nbroken\n")
    assert "cm (2)  half (2, experimental, odd)  p2 (2)" in listed
    assert "  unlicensed (odd): RuntimeError: no licence found" in broken
    assert "  gone (odd): ModuleNotFoundError: No module named 'nowhere_to_be_found'" in broken
    assert "  p4 (odd, groupconv): claimed by" in broken
    assert " p4 (" not in listed


def test_no_load_loads_no_plugin(command, plugins):
    result = command("groups", "--no-load")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("not loaded\n")
    assert " half " in result.stdout
    assert "dimension" not in result.stdout


def test_json_holds_every_field(command, plugins):
    result = command("groups", "--json")
    assert result.stderr == ""
    listed = {entry["name"]: entry for entry in json.loads(result.stdout)}
    assert set(listed) == {*gc.groups(), "half", "unlicensed", "gone"}
    assert listed["half"] == {
        "name": "half", "distribution": "odd", "version": "1.0", "target": "odd_plugin:half",
        "status": "available", "error": None, "dimension": None, "order": None,
    }  # fmt: skip
    loaded = {e["name"]: e for e in json.loads(command("groups", "--json", "--load").stdout)}
    orders = [loaded[name]["order"] for name in ("z2", "half", "p4m", "Fm-3m", "unlicensed")]
    assert orders == [1, 2, 8, 48, None]
    assert [loaded[name]["status"] for name in ("z2", "half", "unlicensed")] == [
        "stable", "experimental", "broken"
    ]  # fmt: skip


def test_an_empty_listing_says_why(command, monkeypatch):
    monkeypatch.setenv("GROUPCONV_PLUGINS", "")
    shown = command("groups").stdout
    assert shown == "GROUPCONV_PLUGINS='' leaves every installed group out\n"
