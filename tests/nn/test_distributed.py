"""The training of the docs, in two processes: it learns what one process learns."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch.distributed import checkpoint

SCRIPT = Path(__file__).parents[2] / "examples" / "distributed" / "train.py"

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_gloo_available(), reason="torch was built without gloo"
)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The losses and the parameters of one process, on the joint batch."""
    return trained(tmp_path_factory.mktemp("alone"), processes=1)


def trained(folder, processes, *options):
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    run = subprocess.run(
        [*command, "--standalone", str(SCRIPT), *options], cwd=folder, text=True,
        capture_output=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    net = runpy.run_path(str(SCRIPT))["network"]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of loading in a single process, which is intended
        checkpoint.load(state := net.state_dict(), checkpoint_id=folder / "checkpoint")
    return list(map(float, run.stdout.split())), state


@pytest.mark.parametrize("options", [[], ["--shard"]], ids=["copies", "shards"])
def test_two_processes_learn_what_one_does(alone, options, tmp_path):
    """And what they save in parts is loaded as a whole."""
    losses, state = trained(tmp_path, 2, *options)
    assert len(losses) == 5
    assert losses[-1] < losses[0]
    torch.testing.assert_close(losses, alone[0], rtol=1e-5, atol=2e-6)
    torch.testing.assert_close(state, alone[1], rtol=1e-4, atol=1e-5)
