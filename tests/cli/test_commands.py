"""The command groupconv, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import groupconv as gc
from groupconv.cli import inspection, listing, pictures, proofs
from groupconv.experiments import count_parameters
from groupconv.registry import plugins
from tests.support import zoo
from tests.support.groups import CUBE


def test_show_explains_a_group(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    result = command("show", "p4m")
    assert result.returncode == 0
    for text in (
        "(m, r, u, v)",
        "order 8, m = 0 … 1, r = 0 … 3",
        "[[0, 1], [1, 0]]",
        "D4, centre C2",
        "(0, 1), (1, 0)",
        "{(1, 0), (1, 2)}",
        "10, 8 up to conjugacy, 6 normal: C1, 5 C2, C4, 2 C2×C2, D4",
        "groupconv_plugins.p4m:P4M",
    ):
        assert text in result.stdout
    assert ">>>" not in result.stdout
    assert "quarter turn from axis 0 to axis 1" in result.stdout
    assert "exchanges axes 0 and 1 and reverses both" in " ".join(result.stdout.split())


def test_show_of_generated_groups(monkeypatch, capsys):
    from groupconv.cli import inspection

    monkeypatch.setattr(plugins, "_loaded", {"Pm-3m": CUBE})
    inspection.show("Pm-3m")
    shown = capsys.readouterr().out
    assert "Translations, and what these generate: i of order 2, a of order 3" in shown
    assert "O×C2, centre C2" in shown
    assert "98, 33 up to conjugacy, 9 normal" in shown
    assert "s·t" not in shown
    assert "plot Pm-3m --what table" in shown


def test_verify_succeeds_and_says_how(command):
    result = command("verify", "p4")
    assert result.returncode == 0
    assert "p4: proved" in result.stdout
    assert "proved, " in result.stdout


def test_verify_fails_with_the_counterexample(monkeypatch, capsys):
    monkeypatch.setattr(plugins, "_loaded", {"broken": zoo.WrongCompose()})
    assert proofs.verify(["broken", "p4"], False, False, None) == 1
    shown = capsys.readouterr().out
    assert "broken: 1 of " in shown
    assert "difference  [[-1, 1, 0], [-1, -1, 0], [0, 0, 0]]" in shown
    assert "p4: proved" in shown


def test_a_proof_that_raises_does_not_stop_the_others(monkeypatch, capsys):
    def prove(name, progress):
        if name == "p2":
            raise ZeroDivisionError("in the plugin")
        return gc.verify(name, progress=progress)

    monkeypatch.setattr(proofs, "prove", prove)
    assert proofs.verify(["p2", "p4"], False, True, None) == 2
    data = json.loads(capsys.readouterr().out)
    line = prove.__code__.co_firstlineno + 2
    assert data["errors"] == {
        "p2": f"name='p2': its proof raised ZeroDivisionError: in the plugin (test_commands.py, "
        f"line {line}); call groupconv.verify('p2') in Python for the traceback"
    }
    assert [report["group"] for report in data["reports"]] == ["p4"]


def test_an_experimental_group_is_one_line_of_warning(command):
    result = command("show", "p6")
    assert result.returncode == 0
    assert "(1, 0), (-1/2, sqrt(3)/2)" in result.stdout  # the basis of the lattice
    assert result.stderr.startswith("warning: group 'p6' of groupconv is experimental: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_nothing_to_verify_is_an_error(command, monkeypatch, options):
    monkeypatch.setenv("GROUPCONV_PLUGINS", "typo")
    result = command("verify", "--all", *options)
    assert result.returncode == 2
    assert "GROUPCONV_PLUGINS='typo' leaves every installed group out" in result.stderr


def test_names_are_not_markup(capsys, monkeypatch):
    monkeypatch.setenv("GROUPCONV_PLUGINS", "[/x]")
    listing.list_groups(False, False)
    assert "GROUPCONV_PLUGINS='[/x]' leaves" in capsys.readouterr().out
    odd = gc.GeneratedGroup("odd[/x]", {"m": ([[-1]], 2)}, gc.Lattice("line[/b]", (("1",),)))
    with gc.testing.registered(odd):
        listing.list_groups(True, False)
        inspection.show("odd[/x]")
    shown = capsys.readouterr().out
    assert "odd[/x]" in shown
    assert "line[/b], dimension 1" in shown


def test_verify_all_as_json_and_as_a_page(command, tmp_path, monkeypatch):
    monkeypatch.setenv("GROUPCONV_PLUGINS", "z2, p4, p4m")
    result = command("verify", "--all", "--json", "--html", tmp_path / "proofs.html")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    assert data["passed"]
    assert not data["errors"]
    assert {"z2", "p4", "p4m"} == {report["group"] for report in data["reports"]}
    page = (tmp_path / "proofs.html").read_text()
    assert page.count("<section>") == len(data["reports"])


def test_verify_all_goes_on_past_a_plugin_that_does_not_load(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("GROUPCONV_PLUGINS", "z2, p4")
    entries = dict(gc.groups()) | {"gone": None}
    monkeypatch.setattr(proofs.registry, "groups", lambda: entries)
    assert proofs.verify([], True, False, tmp_path / "proofs.html") == 1
    shown = capsys.readouterr()
    assert "error: no group named 'gone' is installed" in shown.err
    assert f"{len(entries) - 1} of {len(entries)} groups hold" in shown.out
    assert "not loaded" in (tmp_path / "proofs.html").read_text()


def test_named_groups_are_all_verified_even_if_one_does_not_exist(command):
    result = command("verify", "p4", "nosuch", "z2", "--json")
    assert result.returncode == 2
    assert result.stderr.startswith("error: no group named 'nosuch' is installed")
    found = json.loads(result.stdout)
    assert [report["group"] for report in found["reports"]] == ["p4", "z2"]
    assert (found["passed"], list(found["errors"])) == (False, ["nosuch"])


def test_indices_writes_the_table(command, tmp_path):
    path = tmp_path / "table.npz"
    result = command("indices", "p4", "--kernel-size", 3, "--in-space", "lattice", "--output", path)
    assert result.returncode == 0, result.stderr
    with np.load(path) as file:
        np.testing.assert_array_equal(file["index"], gc.filter_transform("p4", 3, "lattice").index)
        assert file["num_parameters"] == 9
        assert str(file["group"]) == "p4"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "P4M"], "did you mean 'p4m'?"),
        (["indices", "p4", "-o", "t.txt"], "expected the name of an .npz file"),
        (["indices", "p4", "--kernel-size", "0", "-o", "t.npz"], "error: kernel_size=0"),
        (["indices", "p4", "-o", "/proc/nowhere/t.npz"], "cannot be written"),
        (["indices", "p4", "--in-space", "plane", "-o", "t.npz"], "--in-space"),
        (["indices", "p4", "-o", "nowhere/t.npz"], "No such file or directory"),
        (["demo", "--group", "z2"], "error: group='z2' has only translations"),
        (["demo", "--device", "meta"], "error: device='meta' cannot be used"),
        (["demo", "--data", "nowhere"], "error: folder='nowhere' is not a folder"),
        (["demo", "--device", "warp"], "error: device='warp' cannot be used"),
        (["demo", "--epochs", "0"], "--epochs"),
        (["verify", "p4", "--html", "/tmp"], "--html='/tmp' cannot be written: Is a directory"),
        (["new", "p4"], "name='p4' is already a group of groupconv"),
        (["new", "a b"], "name='a b': expected letters, digits"),
        (["new", "q", "-o", "."], "--output='.' exists already"),
        (["new", "q", "-o", "/proc/x/y"], "--output='/proc/x/y' cannot be written"),
        (["new", "q", "--lattice", "square"], "--lattice=square needs --from-generators"),
        (["new", "q", "--from-generators", "[[1,"], "'[[1,' is not a matrix; write rows"),
        (["new", "q", "--from-generators", "[[1,1],[0,1]]"], "isometry"),
        (["new", "q", "--from-generators", "r=-y,w"], "='r=-y,w': '-y,w' is not a coordinate trip"),
        (["new", "q", "--from-generators", "x+1/2,-y"], "that is a glide or a screw"),
        (
            ["new", "q", "--from-generators", "a=[[1]]", "--from-generators", "a=[[-1]]"],
            "names 'a' a second time",
        ),
        (
            ["new", "q", "--from-generators", "[[0,-1],[1,0]]", "--lattice", "hexagonal"],
            "isometry",
        ),
        (["plot", "p4", "-o", "x.jpg"], "--output='x.jpg': expected"),
        (["plot", "p4", "--generator", "4", "-o", "x.png"], "error: stabilizer=4 "),
        (["plot", "p4", "--what", "table", "--generator", "1", "-o", "x.png"], "--generator=[1]"),
        (["demo", "-o", "/proc/nowhere"], "error: --output="),
        (["demo", "-o", __file__], "cannot be written: File exists"),
        (["verify"], "error: names=[] and --all=False"),
        (["verify", "p4", "--all"], "error: names=['p4'] and --all=True"),
        (["nonsense"], "nonsense"),
    ],
    ids=lambda part: part if isinstance(part, str) else " ".join(part),
)
def test_bad_input_is_one_clear_line(command, monkeypatch, arguments, message, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = command(*arguments)
    assert result.returncode == 2
    assert not list(tmp_path.iterdir())
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_clear_line():
    code = "from groupconv.cli import main; main()"
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-c", code, "verify", "p4"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.strip() == ("error: the output cannot be written: No space left on device")


@pytest.mark.parametrize("what", ["cayley", "subgroups", "table", "filters", "feature-map"])
def test_plot_draws_the_same_file_twice(what, tmp_path):
    size = 3 if what == "filters" else None
    for suffix, start in ((".svg", b"<?xml"), (".png", b"\x89PNG")):
        drawn = []
        for name in ("one", "two"):
            pictures.plot("p4", what, tmp_path / (name + suffix), size, None)
            drawn.append((tmp_path / (name + suffix)).read_bytes())
        assert drawn[0] == drawn[1]
        assert drawn[0].startswith(start)


def test_plot_as_a_command(command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    arguments = ["plot", "p4m", "--generator", 4, "--generator", 5, "-o", "graph.PDF"]
    result = command(*arguments)
    assert result.stdout == "graph.PDF: cayley of p4m\n"
    assert (tmp_path / "graph.PDF").read_bytes().startswith(b"%PDF")


def test_a_long_path_stays_on_one_line(tmp_path, capsys):
    path = tmp_path / ("long " * 40) / "picture.png"
    path.parent.mkdir()
    pictures.plot("p4", "table", path, None, None)
    assert capsys.readouterr().out == f"{path}: table of p4\n"


def test_version_and_help(command):
    assert command("--version").stdout.strip() == f"groupconv {gc.__version__}"
    shown = command("--help").stdout
    assert shown.startswith("Usage: groupconv [OPTIONS] COMMAND")
    assert "verify" in shown


@pytest.mark.parametrize(
    ("argument", "loaded"), [("--version", set()), ("--help", set()), ("groups", {"numpy"})]
)
def test_what_is_asked_most_often_imports_nothing_heavy(argument, loaded):
    code = """
import sys
from groupconv.cli import main
try:
    main()
finally:
    print("heavy:", {"networkx", "numpy", "rich", "sympy", "torch"} & set(sys.modules))
"""
    command = [sys.executable, "-c", code, argument]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.endswith(f"heavy: {loaded}\n")


def test_the_networks_of_the_demo_have_as_many_parameters():
    from groupconv.cli import demo

    networks = demo._twins(gc.group("p4"))
    counts = {name: count_parameters(build()) for name, build in networks.items()}
    assert counts == {"planar CNN": 25_904, "p4 CNN": 24_680}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--what", "table", "--kernel-size", "7"), "--kernel-size=7 is for --what filters, not"),
        (
            ("--what", "table", "--generator", "1"),
            "--generator=[1] is for --what cayley",
        ),
    ],
)
def test_options_of_another_picture_are_refused(command, tmp_path, options, message):
    result = command("plot", "p4m", "-o", str(tmp_path / "p.svg"), *options)
    assert result.returncode == 2
    assert message in result.stderr


def test_both_spellings_of_help(command):
    assert command("-h").stdout == command("--help").stdout


NETWORK = """
import groupconv as gc
from torch import nn

def build():
    L = gc.layers("p4")
    return nn.Sequential(L.LiftingConv(3, 4, 3, stride=2, padding=1), nn.ReLU(), L.CosetPool())

made = nn.Conv2d(3, 4, 3)

def broken():
    return nn.Conv2d(3, 4)
nothing = dict
"""


@pytest.fixture
def network(tmp_path, monkeypatch):
    (tmp_path / "own_network.py").write_text(NETWORK)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("network")
def test_doctor_examines_a_network_of_ones_own(command):
    good = command("doctor", "own_network:build", "--input", "1,3,33,33")
    assert good.returncode == 0
    assert "equivariant under p4" in good.stdout.splitlines()[-1]
    bad = command("doctor", "own_network:build", "--input", "1,3,32,32", "--group", "p4")
    assert bad.returncode == 1
    assert "'0' (LiftingConv) breaks it" in bad.stdout
    planar = command("doctor", "own_network:made", "--input", "1,3,9,9", "--group", "p4m", "--json")
    assert planar.returncode == 1
    assert json.loads(planar.stdout)["cause"].startswith("it is an ordinary convolution")


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["own_network", "--input", "1"], "expected MODULE:NAME, such as my_module:build"),
        (["own_networks:build", "--input", "1"], "cannot be imported: No module named"),
        (["own_network:biuld", "--input", "1"], "cannot be imported: module 'own_network' has no"),
        (["own_network:nothing", "--input", "1"], "gives dict, expected a torch module"),
        (["own_network:broken", "--input", "1"], "raised TypeError: "),
        (
            ["own_network:broken", "--input", "1"],
            "(own_network.py, line 12: return nn.Conv2d(3, 4))",
        ),
        (
            ["own_network:made", "--input", "1,4,9,9", "--group", "p4"],
            "--input=1,4,9,9: the network raised RuntimeError: Given groups=1, weight of size",
        ),
        (["own_network:build", "--input", "1x3"], "--input='1x3': expected integers"),
        (["own_network:build", "--input", "1,3"], "'p4' acts on maps (B, C, *spatial)"),
    ],
)
def test_doctor_says_what_is_wrong_with_its_arguments(command, arguments, message):
    result = command("doctor", *arguments)
    assert result.returncode == 2
    assert message in result.stderr
