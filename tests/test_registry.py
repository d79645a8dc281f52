"""The registry, against distributions that are really on the path."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import timeit
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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

    def add(distribution, entry_points, modules, version="1.0", kind="groupconv.groups"):
        folder = tmp_path / f"{distribution}-{version}"
        info = folder / f"{distribution}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        lines = "\n".join(f"{name} = {value}" for name, value in entry_points.items())
        (info / "entry_points.txt").write_text(f"[{kind}]\n{lines}\n")
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text)
            monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(folder)
        return info

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


@pytest.mark.parametrize("name", ["nothing-like-it", ""])
def test_unknown_names_are_refused(name):
    with pytest.raises(UnknownGroupError) as caught:
        gc.group(name)
    assert str(caught.value) == (
        f"no group named {name!r} is installed; `groupconv groups` lists the "
        f"{len(gc.groups())} that are"
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("p44", "did you mean 'p4' or 'p4m'? `groupconv groups` lists"),
        ("P4M", "names are case-sensitive: did you mean 'p4m'? `groupconv groups` lists"),
        ("FM-3M", "names are case-sensitive: did you mean 'Fm-3m'? `groupconv groups` lists"),
        ("Pm3m", "that group is called 'Pm-3m' here; `groupconv groups` lists"),
        ("p6mm", "that group is called 'p6m' here; "),
        ("p1", "that group is called 'z2' here; "),
        ("pg", "pg has glides or screws that leave no point fixed by its whole class, so it does "
               "not split into translations and a stabilizer: use 'pm', the group of its class "
               "and lattice that does; `groupconv groups` lists"),
        ("F d 3 m", "Fd-3m has glides or screws"),
        ("p5", "no lattice of the plane or of space has turns of order 5"),
    ],
)  # fmt: skip
def test_unknown_names_get_advice(name, hint):
    with pytest.raises(UnknownGroupError) as caught:
        gc.group(name)
    assert str(caught.value).startswith(f"no group named {name!r} is installed; {hint}")


ADVICE = r"""
def says(name):
    return f"{name} is a \x1b[31mtiling\nof mine." if name == "p5" else None

def number(name):
    return 7

1 / 0 if __name__ == "raising_advice" else None
"""


def test_any_distribution_may_advise(install, monkeypatch):
    modules = {"good_advice": ADVICE, "raising_advice": ADVICE}
    targets = ["good_advice:says", "raising_advice:says", "gone_advice:says", "good_advice:gone",
               "good_advice:number", "!!!", "builtins:int"]  # fmt: skip
    for i, target in enumerate(targets):
        # Each is put before the others on the path, so the good one is asked last.
        install(f"advice-{i}", {"mine": target}, modules if i == 0 else {}, kind="groupconv.advice")
    with pytest.raises(UnknownGroupError) as caught:
        gc.group("p5")
    assert "installed; p5 is a �[31mtiling of mine; `groupconv groups` lists" in str(caught.value)
    with pytest.raises(UnknownGroupError, match="did you mean 'p4'"):
        gc.group("p44")
    monkeypatch.setenv("GROUPCONV_PLUGINS", "z2")
    with pytest.raises(UnknownGroupError) as caught:
        gc.group("p5")
    assert str(caught.value) == (
        "no group named 'p5' is installed; `groupconv groups` lists those that are, limited by "
        "GROUPCONV_PLUGINS='z2'"
    )


def test_the_registry_knows_nothing_about_crystals():
    registry = Path(plugins.__file__).parent
    texts = [path.read_text() for path in registry.glob("*.py")]
    assert not re.findall("p4mm|glide|screw|crystal|mirror", "".join(texts))


def test_a_group_is_given_back_and_anything_else_refused():
    assert gc.group(gc.group("p4m")) is gc.group("p4m")
    with pytest.raises(ArgumentError, match="group=4: expected the name of an installed group"):
        gc.group(4)


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
        ("bad_plugin:no_lattice", "lattice"),
        ("bad_plugin:future", "api_version=2, and this groupconv knows api_version=1; install"),
        ("bad_plugin:past", "api_version=0, and this groupconv knows api_version=1; install"),
        ("bad_plugin:unsure", "status='unsure', expected 'stable' or 'experimental'"),
        ("recursive_plugin:wrong", "RecursionError: maximum recursion depth exceeded"),
        ("loud_plugin:x", "ValueError: a b �[31mred� xxx x x"),
        ("!!!", "!!!"),
    ],
)
def test_a_broken_plugin_spares_the_listing_and_explains_itself(install, target, problem):
    modules = {
        "bad_plugin": PLUGIN + "\nlist = list\n" + NO_LATTICE + API,
        "raising_plugin": "1 / 0",
        "needy_plugin": "import not_installed_dependency",
        "recursive_plugin": "import groupconv\ndef wrong(): return groupconv.group('wrong')",
        "loud_plugin": "raise ValueError('a\\nb \\x1b[31mred\\x07 xxx' + ' x' * 5000)",
    }
    install("broken-dist", {"wrong": target}, modules)
    assert gc.groups()["wrong"].status == "available"  # nothing is imported to know better
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


@pytest.mark.parametrize("file", ["METADATA", "entry_points.txt"])
@pytest.mark.parametrize("content", [
    b"Name: caf\xe9\nVersion: 1.0\n[groupconv.groups]\nturn = caf\xe9\n",
    b"[groupconv.groups]\nno equals sign\n", b"turn = before:any_section\n[groupconv.groups]", b"",
    None,
], ids=["not UTF-8", "malformed", "before", "empty", "missing"])  # fmt: skip
def test_a_distribution_that_cannot_be_read_spares_the_listing(install, file, content):
    info = install("half", {"turn": "half_plugin:turn"}, {"half_plugin": PLUGIN})
    (info / file).unlink()
    if content is not None:
        (info / file).write_bytes(content)
    assert gc.group("p4m").order == 8
    assert gc.groups()["p4m"].distribution == "groupconv"
    if file == "METADATA":
        entry = gc.groups()["turn"]
        assert (entry.distribution, entry.target) == ("unknown distribution", "half_plugin:turn")
        assert gc.group("turn").order == 2
    else:
        assert "turn" not in gc.groups()


def test_no_text_of_a_distribution_steers_the_terminal(install):
    info = install("loud", {}, {})
    red, bell = "\x1b[31m", "\x07"
    (info / "METADATA").write_text(f"Name: lo{red}ud\nVersion: 1{bell}.0\n")
    (info / "entry_points.txt").write_text(f"[groupconv.groups]\ntu{red}rn = module{bell}:x\n")
    entry = gc.groups()["tu�[31mrn"]
    assert (entry.name, entry.distribution) == ("tu�[31mrn", "lo�[31mud")
    assert (entry.version, entry.target) == ("1�.0", "module�:x")
    with pytest.raises(PluginError) as caught:
        gc.group(entry.name)
    assert str(caught.value).isprintable()
    assert gc.groups()[entry.name].error.isprintable()


def test_a_loaded_group_is_looked_up_without_a_listing(monkeypatch):
    p4m = gc.group("p4m")
    monkeypatch.setattr(plugins, "entry_points", None)
    assert gc.group("p4m") is p4m
    assert min(timeit.repeat(lambda: gc.group("p4m"), number=1000, repeat=3)) < 0.1


# -- threads and forks ----------------------------------------------------------------------------

SLOW = """
import threading
import time
from groupconv import GeneratedGroup

started = threading.Event()

def slow():
    started.set()
    time.sleep(0.2)
    return GeneratedGroup("slow", {"r": ([[-1, 0], [0, -1]], 2)})
"""


def test_threads_that_ask_at_once_all_get_the_same_group(install):
    install("slow", {"slow": "slow_plugin:slow"}, {"slow_plugin": SLOW})
    start = threading.Barrier(16)

    def ask(_):
        start.wait()
        return gc.group("slow")

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(16)))
    assert found[0].order == 2
    assert all(group is found[0] for group in found)


def test_threads_may_be_the_first_to_use_the_package():
    code = """
import threading
from concurrent.futures import ThreadPoolExecutor
import groupconv as gc

start = threading.Barrier(16)

def ask(_):
    start.wait()
    return gc.group("p4m")

with ThreadPoolExecutor(16) as pool:
    assert len(set(map(id, pool.map(ask, range(16))))) == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_plugin_may_ask_for_groups_while_another_thread_loads_it(install):
    """The one thread imports and then asks, the other asks and then imports."""
    asking = """
import threading
import time
imports = threading.Event()

def load():
    import groupconv as gc
    imports.set()
    time.sleep(0.2)
    return gc.group("made")
turn = load()
"""
    asking = PLUGIN + asking.replace("turn = load()", "load()")
    install("asking", {"turn": "asking_plugin:turn", "made": "plain_plugin:made"},
            {"asking_plugin": asking, "plain_plugin": PLUGIN})  # fmt: skip
    code = "import asking_plugin, groupconv as gc; assert gc.group('turn').order == 2"
    threads = [
        threading.Thread(target=exec, args=(code, {}), daemon=True),
        threading.Thread(target=gc.group, args=("turn",), daemon=True),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert gc.group("turn").order == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_loads_what_another_thread_was_loading_at_the_fork(install):
    install("slow", {"slow": "slow_plugin:slow"}, {"slow_plugin": SLOW})
    import slow_plugin

    thread = threading.Thread(target=gc.group, args=("slow",))
    thread.start()
    slow_plugin.started.wait(10)
    child = os.fork()
    if child == 0:
        code = 1
        signal.alarm(20)  # ends a child that waits for a thread it does not have
        try:
            code = 0 if gc.group("slow").order == 2 and gc.group("p4m").order == 8 else 1
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0


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
    with pytest.raises(UnknownGroupError, match="the 2 that are, limited by GROUPCONV_PLUGINS='z2"):
        gc.group("nothing-like-it")
    with pytest.raises(
        UnknownGroupError, match="GROUPCONV_PLUGINS='z2, p4m' leaves it out; add p4"
    ):
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
