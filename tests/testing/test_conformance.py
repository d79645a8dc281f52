"""The conformance kit: sound groups pass all of it, and every check fails on its own defect."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest
import torch

import groupconv as gc
from groupconv.algebra import SplitGroup
from groupconv.errors import ArgumentError, ConformanceError, MissingDependencyError
from groupconv.testing import check_group, checks, parametrize_with_group_checks
from groupconv.testing.checks import CHECKS
from tests.support import zoo
from tests.support.groups import GROUPS, P4

pytestmark = pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")

ALL = {group.name: group for group in GROUPS} | dict.fromkeys(gc.groups())
"""Installed groups by their names, which are loaded where they are used, and others."""


@pytest.mark.parametrize("check", [name for name in CHECKS if name != "compile"])
@pytest.mark.parametrize("name", ALL)
def test_groups(name, check):
    CHECKS[check](ALL[name] or gc.group(name))


ORDERS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 48)


@pytest.mark.parametrize("order", ORDERS)
def test_networks_compile(order):
    """Each is compiled, once for all groups that have the same graph, with tables of their own."""
    torch.compiler.reset()
    graphs = {}
    for group in _groups():
        if group.order != order or group.dimension > 3:
            continue
        net = checks._layers(group)["lattice"]
        tensors = [*net.parameters(), *net.buffers()]
        flags = [layer._flags for layer in net if hasattr(layer, "_flags")]
        graph = (repr(net).replace(repr(group.name), ""), str(flags), *(t.shape for t in tensors))
        if graph not in graphs:
            options = {"fullgraph": True, "dynamic": False, "backend": "aot_eager"}
            graphs[graph] = tensors, torch.compile(net, **options)
        shared, compiled = graphs[graph]
        with torch.no_grad():
            for old, new in zip(shared, tensors, strict=True):
                old.copy_(new)
        checks.compare_compiled(net, compiled, group)


def _groups():
    return [group or gc.group(name) for name, group in ALL.items()]


def test_networks_of_every_order_are_compiled():
    assert {group.order for group in _groups() if group.dimension <= 3} == set(ORDERS)


def test_the_check_of_compiled_networks():
    CHECKS["compile"](P4)


class Mutable(type(P4)):
    """A p4 that lets itself be changed."""

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)


class Forgetful(type(P4)):
    """A p4 whose copies differ from it."""

    def __eq__(self, other):
        return self is other

    __hash__ = SplitGroup.__hash__


@dataclass(frozen=True, eq=False)
class Misnamed(type(P4)):
    """A p4 whose repr does not evaluate."""

    def __repr__(self):
        return "P4(?)"


@pytest.mark.parametrize(
    ("group", "problem"),
    [
        (Mutable(), "can be changed"),
        (Forgetful(), "gives Forgetful.* another group"),
        (Misnamed(), "eval of its repr does not give P4.* back: SyntaxError"),
        (type("Local", (type(P4),), {})(), "pickle does not give Local.* back: .*PicklingError"),
    ],
)
def test_objects_that_do_not_behave_are_told(group, problem):
    with pytest.raises(ConformanceError, match=problem):
        CHECKS["object"](group)
    with pytest.raises(ConformanceError, match=r"fails [12] of 7 checks\nobject: Conf") as caught:
        check_group(group)
    assert {"object"} <= set(caught.value.failures) <= {"object", "state"}  # layers pickle as well


@pytest.mark.parametrize("specimen", zoo.SPECIMENS[::4], ids=lambda specimen: specimen.name)
def test_no_broken_group_is_certified(specimen):
    try:
        group = specimen.make()
    except gc.errors.GroupConvError:
        return
    with pytest.raises(ConformanceError) as caught:
        check_group(group)
    assert "axioms" in caught.value.failures
    assert all(isinstance(e, gc.errors.GroupConvError) for e in caught.value.failures.values())


def test_a_wrong_table_is_told(monkeypatch):
    real = checks.filter_transform

    def exchanged(*arguments):
        found = real(*arguments)
        index = found.index.copy()
        index[[1, 2]] = index[[2, 1]]
        return _Table(found, index)

    monkeypatch.setattr(checks, "filter_transform", exchanged)
    with pytest.raises(
        ConformanceError, match=r"from the lattice reads parameter \d+ at \([12], 0"
    ):
        CHECKS["tables"](P4)


class _Table:
    """A filter transform with another index."""

    def __init__(self, transform, index):
        self.num_parameters, self.index = transform.num_parameters, index


class Biased(torch.nn.Module):
    """A layer with a bias per plane, which no group keeps."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.group = layer.group

    def forward(self, x):
        return self.layer(x) + torch.arange(4, dtype=x.dtype).view(4, 1, 1)


@pytest.mark.parametrize("name", ["layers_float32", "layers_float64"])
def test_a_layer_that_breaks_the_symmetry_is_told(monkeypatch, name):
    real = checks._layers

    def biased(group):
        return {"lattice": torch.nn.Sequential(Biased(real(group)["lattice"][0]))}

    monkeypatch.setattr(checks, "_layers", biased)
    with pytest.raises(gc.errors.EquivarianceError, match="not equivariant under 6 of 8 elements"):
        CHECKS[name](P4)


def test_a_state_that_is_lost_is_told(monkeypatch):
    def forget(layer, memo):
        torch.manual_seed(7)
        return gc.nn.LiftingConv(2, 3, 3, padding=1, padding_mode="circular", group=P4)

    monkeypatch.setattr(gc.nn.LiftingConv, "__deepcopy__", forget, raising=False)
    with pytest.raises(ConformanceError, match=r"copy\.deepcopy changes what LiftingConv"):
        CHECKS["state"](P4)


def test_a_layer_that_does_not_trace_is_told(monkeypatch):
    real = checks._layers

    class Breaking(torch.nn.Module):
        def forward(self, x):
            torch._dynamo.graph_break()
            return x

    def breaking(group):
        return {"lattice": torch.nn.Sequential(real(group)["lattice"], Breaking())}

    monkeypatch.setattr(checks, "_layers", breaking)
    with pytest.raises(torch._dynamo.exc.Unsupported):
        CHECKS["compile"](P4)


def test_expected_failures(tmp_path):
    (tmp_path / "test_kit.py").write_text(
        "from groupconv.testing import parametrize_with_group_checks\n"
        "@parametrize_with_group_checks(['p4', 'no-such'], {'axioms': 'not yet', 'state': 'no'})\n"
        "def test_it(group, check):\n    check(group)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k"]
    ran = subprocess.run(
        [*command, "axioms or state or tables", "-rxXfE", "--noconftest", "test_kit.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    # p4 passes what is expected to fail; the unknown one fails as expected, and where not.
    assert "1 passed" in ran
    assert "XFAIL test_kit.py::test_it[no-such-axioms] - not yet" in ran
    assert "FAILED test_kit.py::test_it[no-such-tables]" in ran
    assert "FAILED test_kit.py::test_it[p4-axioms]" in ran


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["p4"], "groups='p4': expected a list"),
        ([["p4"], {"axiom": "?"}], "expected_failures names axiom, and the checks are object, ax"),
        ([[7]], "group=7: expected"),
    ],
)
def test_bad_arguments_are_told(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        parametrize_with_group_checks(*arguments)


def test_the_kit_needs_no_pytest(monkeypatch):
    code = "import sys, groupconv.testing; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    monkeypatch.setitem(sys.modules, "pytest", None)
    check_group("z2")
    with pytest.raises(MissingDependencyError, match="pip install pytest"):
        parametrize_with_group_checks(["z2"])
