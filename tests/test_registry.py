"""The registry, against distributions that are really on the path."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import groupconv as gc
from groupconv.errors import (
    AmbiguousGroupError,
    ArgumentError,
    ExperimentalWarning,
    PluginError,
    UnknownGroupError,
)
from groupconv.registry import plugins
from groupconv.testing import registered
from tests.support.groups import P4

PLUGIN = """
from groupconv import GeneratedGroup, SQUARE, SplitGroup

turn = GeneratedGroup("turn", {"r": ([[-1, 0], [0, -1]], 2)})

def made():
    return GeneratedGroup("made", {"r": ([[-1, 0], [0, -1]], 2)})

number = 7

class NeedsArguments(SplitGroup):
    def __init__(self, n): ...
    def matrix(self, u, v): ...
    def index(self, matrix): ...
"""


NO_LATTICE = """
class no_lattice(SplitGroup):
    name, stabilizer_shape = "wrong", ()
    def matrix(self, u, v): ...
    def index(self, matrix): ...
"""


API = """
class future(SplitGroup):
    name, lattice, stabilizer_shape, api_version = "wrong", SQUARE, (), 2

class past(NeedsArguments):
    api_version = 0

class unsure(SplitGroup):
    name, lattice, stabilizer_shape, status = "wrong", SQUARE, (), "unsure"
    def matrix(self, u, v): ...
    def index(self, matrix): ...
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution with entry points on the path, as an installer would."""

    def add(distribution, entry_points, modules, version="1.0"):
        folder = tmp_path / f"{distribution}-{version}"
        info = folder / f"{distribution}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        lines = "\n".join(f"{name} = {value}" for name, value in entry_points.items())
        (info / "entry_points.txt").write_text(f"[groupconv.groups]\n{lines}\n")
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text)
            monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(folder)

    monkeypatch.setattr(plugins, "_loaded", {})
    monkeypatch.setattr(plugins, "_failures", {})
    return add


def test_ours_are_listed_as_entry_points_of_the_distribution():
    entries = gc.groups()
    assert {"z2", "p4", "p4m"} <= set(entries)
    entry = entries["p4"]
    assert (entry.distribution, entry.version) == ("groupconv", gc.__version__)
    assert entry.target == "groupconv_plugins.p4:P4"
    assert entry.status in ("available", "stable")
    assert entry.error is None
    with pytest.raises(TypeError):
        entries["p5"] = entry


def test_listing_imports_no_plugin_no_torch_no_sympy():
    code = (
        "import groupconv, sys; assert not {'torch', 'sympy'} & set(sys.modules); "
        "assert set(groupconv.groups()) >= {'z2', 'p4', 'p4m'}; "
        "assert not {'torch', 'sympy', 'groupconv_plugins'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_kind_of_target_loads(install):
    install(
        "kinds",
        {"turn": "kinds_plugin:turn", "made": "kinds_plugin:made"},
        {"kinds_plugin": PLUGIN},
    )
    assert gc.groups()["turn"].status == "available"
    assert gc.group("turn").order == 2
    assert gc.group("made").order == 2
    assert gc.group("turn") is gc.group("turn")
    entry = gc.groups()["turn"]
    assert (entry.status, entry.dimension, entry.order) == ("stable", 2, 2)
    assert gc.nn.LiftingConv(1, 1, 3, group="made").group.name == "made"


@pytest.mark.parametrize("name", ["p44", "nothing-like-it", ""])
def test_unknown_names_are_refused(name):
    with pytest.raises(UnknownGroupError, match="it is no installed group") as caught:
        gc.group(name)
    assert re.search(r"Installed: \d\d groups, listed by the command", str(caught.value))
    assert "groupconv.groups" in str(caught.value)


def test_few_names_are_listed(monkeypatch):
    monkeypatch.setenv("GROUPCONV_PLUGINS", "p4, p4m")
    with pytest.raises(UnknownGroupError, match=r"Installed: p4, p4m\. A distribution"):
        gc.group("nothing-like-it")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("p4M", "did you mean 'p4m'.* Names are case-sensitive"),
        ("FM-3M", "did you mean 'Fm-3m'.* Names are case-sensitive"),
        ("Pm-3", None),
        ("Pm3m", "that group is called 'Pm-3m' here"),
        ("p6mm", "that group is called 'p6m' here"),
        ("p1", "that group is called 'z2' here"),
        ("pg", "name='pg': it has glides or screws.* so it does not split.* is 'pm'"),
        ("P2_1/c", "it has glides or screws .* is 'P2/m'"),
        ("Fd-3m", "it has glides or screws .* is 'Fm-3m'"),
    ],
)
def test_names_of_other_conventions_and_groups_that_do_not_split(name, message):
    if message is None:
        assert gc.group(name).order == 24
        return
    with pytest.raises(UnknownGroupError, match=message):
        gc.group(name)


def test_a_group_is_given_back_and_anything_else_refused():
    assert gc.group(gc.group("p4m")) is gc.group("p4m")
    with pytest.raises(ArgumentError, match="group=4: expected the name of an installed group"):
        gc.group(4)


def test_unknown_names_suggest_near_ones():
    with pytest.raises(UnknownGroupError, match="did you mean 'p4m'"):
        gc.group("P4M")


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("gone_module:thing", "ModuleNotFoundError: No module named 'gone_module'"),
        ("groupconv_plugins.gone:thing", "No module named 'groupconv_plugins.gone'"),
        ("bad_plugin:missing", "AttributeError"),
        (
            "bad_plugin:number",
            "the target gives an object of type int, expected a SplitGroup",
        ),
        ("bad_plugin:NeedsArguments", "TypeError"),
        ("bad_plugin:turn", "the group calls itself 'turn'"),
        ("bad_plugin:list", "the target gives an object of type list"),
        ("raising_plugin:x", "ZeroDivisionError"),
        ("needy_plugin:x", "No module named 'not_installed_dependency'"),
        ("exiting_plugin:x", "SystemExit: no licence"),
        ("bad_plugin:no_lattice", "lattice"),
        ("bad_plugin:future", "api_version=2, and this groupconv knows api_version=1; upgrade"),
        ("bad_plugin:past", "api_version=0, and this groupconv knows api_version=1; install"),
        ("bad_plugin:unsure", "status='unsure' is not one of 'stable', 'experimental'"),
        ("recursive_plugin:wrong", "asks for itself while it is loaded; mend what its entry"),
        ("odd_plugin:x", "Odd: what is no Exception (odd_plugin.py, line 3)"),
        ("loud_plugin:x", "ValueError: a b �[31mred� xxx"),
        ("!!!", "!!!"),
    ],
)
def test_a_broken_plugin_spares_the_listing_and_explains_itself(install, target, problem):
    modules = {
        "bad_plugin": PLUGIN + "\nlist = list\n" + NO_LATTICE + API,
        "raising_plugin": "1 / 0",
        "needy_plugin": "import not_installed_dependency",
        "exiting_plugin": "raise SystemExit('no licence')",
        "recursive_plugin": "import groupconv\ndef wrong(): return groupconv.group('wrong')",
        "loud_plugin": "raise ValueError('a\\nb \\x1b[31mred\\x07 xxx' + ' x' * 5000)",
        "odd_plugin": "class Odd(BaseException):\n    pass\nraise Odd('what is no Exception')",
    }
    install("broken-dist", {"wrong": target}, modules)
    assert "wrong" in gc.groups()
    with pytest.raises(PluginError) as caught:
        gc.group("wrong")
    message = str(caught.value)
    assert "broken-dist 1.0" in message
    assert len(message) < 1000
    assert target in message
    assert problem in message
    entry = gc.groups()["wrong"]
    assert entry.status == "broken"
    assert problem.split(": ")[-1] in entry.error
    assert gc.group("p4").order == 4


def test_a_missing_module_is_seen_without_importing(install):
    install("gone", {"wrong": "gone_module.part:thing"}, {})
    assert gc.groups()["wrong"].status == "broken"
    assert gc.groups()["wrong"].error == "ModuleNotFoundError: No module named 'gone_module'"


def test_the_cause_is_chained(install):
    install("broken", {"wrong": "raising_plugin:x"}, {"raising_plugin": "1 / 0"})
    with pytest.raises(PluginError) as caught:
        gc.group("wrong")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_two_distributions_with_one_name_are_both_named(install):
    install("first", {"turn": "one_plugin:turn"}, {"one_plugin": PLUGIN})
    install("second", {"turn": "two_plugin:turn"}, {"two_plugin": PLUGIN}, version="2.0")
    entry = gc.groups()["turn"]
    assert entry.status == "broken"
    for text in ("first 1.0 (one_plugin:turn)", "second 2.0 (two_plugin:turn)"):
        assert text in entry.error
        with pytest.raises(AmbiguousGroupError) as caught:
            gc.group("turn")
        assert text in str(caught.value)


def test_names_of_ours_are_not_overridden_silently(install):
    install("rival", {"p4": "rival_plugin:turn"}, {"rival_plugin": PLUGIN})
    with pytest.raises(AmbiguousGroupError, match="groupconv"):
        gc.group("p4")
    assert gc.group("p4m").order == 8


def test_one_distribution_found_twice_is_one(install, tmp_path, monkeypatch):
    install("same", {"turn": "same_plugin:turn"}, {"same_plugin": PLUGIN})
    monkeypatch.syspath_prepend(tmp_path / "same-1.0" / ".")
    assert gc.group("turn").order == 2


def test_a_distribution_without_metadata_spares_the_listing(install, tmp_path):
    install("half", {"turn": "half_plugin:turn"}, {"half_plugin": PLUGIN})
    (tmp_path / "half-1.0" / "half-1.0.dist-info" / "METADATA").unlink()
    assert gc.groups()["turn"].target == "half_plugin:turn"
    assert gc.group("turn").order == 2


def test_a_class_in_place_of_a_group_is_refused():
    with pytest.raises(gc.errors.ArgumentError, match=r"give an object, P4\(\)"):
        gc.layers(type(gc.group("p4")))


HALF = gc.GeneratedGroup("half", {"r": ([[-1, 0], [0, -1]], 2)})
MIRROR = gc.GeneratedGroup("mirror", {"m": ([[-1, 0], [0, 1]], 2)})
EXPERIMENT = """
from groupconv import GeneratedGroup

trial = GeneratedGroup("trial", {"r": ([[-1, 0], [0, -1]], 2)}, status="experimental")
"""


def test_an_experimental_group_warns_once_where_it_is_asked_for(install):
    install("trials", {"trial": "trial_plugin:trial"}, {"trial_plugin": EXPERIMENT})
    with pytest.warns(ExperimentalWarning, match="'trial' of trials is experimental") as caught:
        layer = gc.nn.LiftingConv(1, 1, 3, group="trial")
    assert [warning.filename for warning in caught] == [__file__]
    assert gc.group("trial") == layer.group  # warnings are errors in these tests
    assert gc.groups()["trial"].status == "experimental"
    assert repr(layer.group).endswith(", status='experimental')")


def test_the_variable_limits_what_counts(install, monkeypatch):
    install("first", {"turn": "one_plugin:turn"}, {"one_plugin": PLUGIN})
    install("second", {"turn": "two_plugin:turn"}, {"two_plugin": PLUGIN})
    every = set(gc.groups())
    assert gc.group("p4").order == 4
    monkeypatch.setenv("GROUPCONV_PLUGINS", "z2, p4m")
    assert set(gc.groups()) == {"z2", "p4m"}
    with pytest.raises(UnknownGroupError, match="GROUPCONV_PLUGINS='z2, p4m' leaves out; add p4"):
        gc.group("p4")
    monkeypatch.setenv("GROUPCONV_PLUGINS", "second,p4")
    assert set(gc.groups()) == {"turn", "p4"}
    assert gc.group("turn").order == 2  # so a clash of names is settled
    monkeypatch.setenv("GROUPCONV_PLUGINS", "")
    assert not gc.groups()
    monkeypatch.delenv("GROUPCONV_PLUGINS")
    assert set(gc.groups()) == every


def test_groups_registered_for_a_test():
    with registered(HALF, MIRROR):
        assert gc.group("half") is HALF
        entry = gc.groups()["mirror"]
        assert (entry.distribution, entry.order, entry.status) == ("this process", 2, "stable")
        assert gc.nn.LiftingConv(1, 1, 3, group="mirror").group is MIRROR
        with (
            pytest.raises(AmbiguousGroupError, match="'half' belongs to another registered group"),
            registered(HALF),
        ):
            pass
    assert not {"half", "mirror"} & set(gc.groups())
    with pytest.raises(UnknownGroupError):
        gc.group("half")
    with pytest.raises(ZeroDivisionError), registered(HALF):
        _ = 1 / 0
    assert "half" not in gc.groups()


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ((P4,), AmbiguousGroupError, "'p4' belongs to groupconv"),
        ((HALF, HALF), AmbiguousGroupError, "'half' belongs to another"),
        ((7,), ArgumentError, "group=7: expected"),
    ],
)
def test_what_cannot_be_registered(groups, error, message):
    with pytest.raises(error, match=message), registered(*groups):
        pass
    assert "half" not in gc.groups()
