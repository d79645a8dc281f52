"""A group from somebody else's wheel, in an environment of its own."""

from __future__ import annotations

import os
import re
import shutil
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

OFFLINE = ["--no-index", "--no-build-isolation", "--no-deps"]


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
    venv.create(place)
    site = next((place / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install(place, "--force-reinstall", *wheels)
    return place


def install(environment, *what):
    """Install with the shared pip, which works on the environment of the Python that runs it."""
    pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *OFFLINE, *what], check=True)


def run(environment, *command):
    return subprocess.run(
        [environment / "bin" / command[0], *command[1:]],
        cwd=environment, capture_output=True, text=True, check=False,
        env=os.environ | {"COLUMNS": "120"},
    )  # fmt: skip


NEW = {
    "P4/mmm-x": ["[[0,-1,0],[1,0,0],[0,0,1]]", "[[-1,0,0],[0,1,0],[0,0,1]]"],
    "hex": ["m=[[-1,1],[0,1]]", "r=[[1,-1],[1,0]]"],
    "class": [],
    "gc": ["[[-1,0],[0,1]]"],
}
"""Names that are awkward as those of modules, and their generators."""


def test_new_packages_and_the_example_pass_their_own_tests(environment, tmp_path):
    folders = []
    for name, matrices in NEW.items():
        folders.append(tmp_path / f"new{len(folders)}")
        generators = [part for text in matrices for part in ("--from-generators", text)]
        lattice = ["--lattice", "hexagonal"] if name == "hex" else []
        made = run(environment, "groupconv", "new", name, *generators, *lattice, "-o", folders[-1])
        assert made.returncode == 0, made.stderr
    install(environment, *folders)
    halfturn = shutil.copytree(ROOT / "examples" / "halfturn" / "tests", tmp_path / "halfturn")
    tests = [*(folder / "tests" for folder in folders), halfturn]
    tested = run(environment, "python", "-m", "pytest", "-q", "-W", "error", *tests)
    assert tested.returncode == 0, tested.stdout
    assert f"{8 * len(tests)} passed" in tested.stdout
    verified = run(environment, "groupconv", "verify", *NEW, "halfturn")
    assert verified.returncode == 0, verified.stderr
    assert all(f"{name}: proved" in verified.stdout for name in (*NEW, "halfturn"))


def test_five_commands_from_nothing_to_a_trained_group(environment, tmp_path):
    # The commands of the README, in a clone, but for pip's downloads and the number of epochs.
    text = (ROOT / "README.md").read_text()
    (block,) = re.findall(r"^In five commands.*?```bash\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    commands = re.sub(r"\\\n +", "", block).splitlines()
    assert len(commands) == 5
    for part in ("groupconv", "groupconv_plugins"):
        shutil.copytree(ROOT / part, tmp_path / part)
    for part in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / part, tmp_path)
    path = f"{environment / 'bin'}:{os.environ['PATH']}"
    for command in commands:
        pip = f"python -m pip install {' '.join(OFFLINE)}"  # the shared one
        command = re.sub("^pip install", pip, command)
        command += " --epochs 1" if " demo " in command else ""
        ran = subprocess.run(
            command,
            shell=True, cwd=tmp_path, capture_output=True, text=True, check=False,
            env=os.environ | {"PATH": path, "COLUMNS": "120", "PYTHONIOENCODING": "ascii"},
        )  # fmt: skip
        assert ran.returncode == 0, (command, ran.stderr)
    for text in ("checks hold for all its elements", "1,200 training", "epoch 1 of 1",
                 "planar CNN", "rectangle CNN", r"upright \u2192 rotated"):  # fmt: skip
        assert text in ran.stdout  # the demo, with all that it does
    picture = tmp_path / "groupconv-demo" / "feature-maps.png"
    assert picture.read_bytes()[1:4] == b"PNG"


def test_it_is_listed(environment):
    listed = run(environment, "groupconv", "groups")
    assert listed.returncode == 0, listed.stderr
    assert "halfturn (2, groupconv-halfturn)" in listed.stdout
    assert "p4m (8)" in listed.stdout


def test_it_trains(environment):
    trained = run(environment, "python", "-c", TRAIN_ONE_STEP.format(prefix=str(environment)))
    assert trained.returncode == 0, trained.stderr


def test_the_wheel_says_that_it_is_typed(environment):
    site = next((environment / "lib").glob("python*/site-packages"))
    assert (site / "groupconv" / "py.typed").is_file()
    assert (site / "groupconv_plugins" / "p4m.py").is_file()
    assert not (site / "tests").exists()
