"""The package that `groupconv new` writes; that it works, from a wheel, is tested elsewhere."""

from __future__ import annotations

import ast
import tomllib
from importlib import resources

import pytest

import groupconv as gc
from groupconv.cli import scaffold
from groupconv.errors import ArgumentError


def group_in(folder):
    (module,) = folder.glob("groupconv_*.py")
    names = {}
    exec(module.read_text(), names)
    (variable,) = names["__all__"]
    return names[variable]


@pytest.mark.parametrize("generators", [[], ["r=[[0,-1],[1,0]]"], ["-y,x"]])
def test_every_file_is_filled_in(tmp_path, capsys, generators):
    scaffold.new("odd", generators, None, tmp_path / "odd")
    shown = capsys.readouterr().out
    for place in ("pyproject.toml", "README.md", "groupconv_odd.py", "tests/test_odd.py"):
        text = (tmp_path / "odd" / place).read_text()
        assert "$" not in text
        assert str(tmp_path / "odd" / place) in shown
        if place.endswith(".py"):
            ast.parse(text)
    project = tomllib.loads((tmp_path / "odd" / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == [f"groupconv>={gc.__version__}"]
    assert list(project["entry-points"]["groupconv.groups"]) == ["odd"]


def test_templates_are_files():
    folder = resources.files("groupconv.cli") / "templates"
    names = {entry.name for entry in folder.iterdir()}
    assert names == {
        f"{name}.template"
        for name in ("pyproject.toml", "README.md", "generated.py", "formulas.py", "tests.py")
    }


@pytest.mark.parametrize("name", ["", "last="])
def test_no_generator_is_dropped(tmp_path, name):
    """The group has order 2 because of the 27th generator alone."""
    generators = ["[[1]]"] * 26 + [f"{name}[[-1]]"]
    scaffold.new("odd", generators, None, tmp_path / "odd")
    group = group_in(tmp_path / "odd")
    assert group.order == 2
    assert [g.name for g in group.generators] == [name.rstrip("=") or "a1"]


def test_unnamed_generators_take_free_names(tmp_path):
    generators = ["b=[[-1,0],[0,1]]", "[[1,0],[0,-1]]"]
    scaffold.new("odd", generators, None, tmp_path / "odd")
    assert [g.name for g in group_in(tmp_path / "odd").generators] == ["b", "a"]
    scaffold.new("even", ["[[-1,0],[0,1]]", "a=[[1,0],[0,-1]]"], None, tmp_path / "even")
    assert [g.name for g in group_in(tmp_path / "even").generators] == ["b", "a"]


def test_replaced_generators_are_mentioned(tmp_path, capsys):
    turn, inversion = "r=[[0,-1],[1,0]]", "i=[[-1,0],[0,-1]]"
    scaffold.new("odd", [turn], None, tmp_path / "odd")
    assert "note" not in capsys.readouterr().out
    scaffold.new("even", [turn, inversion], None, tmp_path / "even")
    assert "note: other generators, a, replace the given ones" in capsys.readouterr().out


def test_installed_packages_are_not_replaced(monkeypatch, tmp_path):
    entry = gc.registry.GroupEntry("my-group", "groupconv-my-group", "1.0", "m:g", "stable")
    monkeypatch.setattr(gc.registry, "groups", lambda: {"my-group": entry})
    with pytest.raises(ArgumentError, match="'groupconv-my-group', which is already installed"):
        scaffold.new("My_Group", [], None, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_triplets_are_generators_too(tmp_path):
    scaffold.new("rows", ["r=[[0,-1],[1,0]]"], None, tmp_path / "rows")
    scaffold.new("triplet", ["r=-y, x"], None, tmp_path / "triplet")
    by_rows, by_triplet = (group_in(tmp_path / name) for name in ("rows", "triplet"))
    assert by_rows.generators == by_triplet.generators
