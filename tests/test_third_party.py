"""A group from somebody else's wheel, in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

TRAIN_ONE_STEP = """
import torch, groupconv as gc
torch.manual_seed(0)
assert gc.__file__.startswith({prefix!r}), gc.__file__
assert gc.groups()["halfturn"].distribution == "groupconv-halfturn"
family = gc.layers("halfturn")
net = torch.nn.Sequential(family.LiftingConv(1, 4, 3), family.BatchNorm(4), torch.nn.ReLU(),
                          family.GroupConv(4, 2, 3), family.CosetPool())
x, y = torch.randn(8, 1, 5, 5), torch.arange(8) % 2
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
losses = []
for _ in range(2):
    loss = torch.nn.functional.cross_entropy(net(x).mean((-2, -1)), y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    losses.append(loss.item())
assert losses[1] < losses[0], losses
gc.testing.assert_equivariant(net, x)
"""


def build_wheel(source, folder):
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source],
        check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """groupconv and the plugin installed from wheels; their dependencies are shared, not copied."""
    folder = tmp_path_factory.mktemp("third-party")
    build_wheel(ROOT, folder)
    build_wheel(ROOT / "examples" / "halfturn", folder)
    wheels = sorted(folder.glob("*.whl"))
    assert [wheel.name.split("-")[0] for wheel in wheels] == ["groupconv", "groupconv_halfturn"]
    place = folder / "environment"
    venv.create(place, with_pip=True)
    site = next((place / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--force-reinstall", *wheels], check=True)
    return place


def run(environment, *command):
    return subprocess.run(
        [environment / "bin" / command[0], *command[1:]],
        cwd=environment, capture_output=True, text=True, check=False,
        env=os.environ | {"COLUMNS": "120"},
    )  # fmt: skip


def test_it_is_listed(environment):
    listed = run(environment, "groupconv", "groups")
    assert listed.returncode == 0, listed.stderr
    assert "groupconv_halfturn:halfturn" in listed.stdout
    assert "groupconv_plugins.p4m:P4M" in listed.stdout


def test_it_is_verified(environment):
    verified = run(environment, "groupconv", "verify", "halfturn")
    assert verified.returncode == 0, verified.stderr
    assert "halfturn: all checks hold" in verified.stdout


def test_it_trains(environment):
    trained = run(environment, "python", "-c", TRAIN_ONE_STEP.format(prefix=str(environment)))
    assert trained.returncode == 0, trained.stderr


def test_the_wheel_says_that_it_is_typed(environment):
    site = next((environment / "lib").glob("python*/site-packages"))
    assert (site / "groupconv" / "py.typed").is_file()
    assert (site / "groupconv_plugins" / "p4m.py").is_file()
    assert not (site / "tests").exists()
