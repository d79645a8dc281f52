"""Standard output may be closed, full, a pipe that nobody reads, or not UTF-8."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

COMMANDS = {
    "--version": [],
    "--help": [],
    "groups": [],
    "show": ["p4"],
    "verify": ["z1"],
    "indices": ["p4", "-o", "p4.npz"],
    "plot": ["p4", "-o", "p4.png"],
    "new": ["mirror"],
}
every_command = pytest.mark.parametrize("command", COMMANDS)


def run(redirection, command, *arguments, folder, **environment):
    script = f'"$@" {redirection}; exit ${{PIPESTATUS[0]}}'
    python = [sys.executable, "-W", "error", "-m", "groupconv"]
    return subprocess.run(
        ["bash", "-c", script, "bash", *python, command, *arguments],
        cwd=folder, env=os.environ | environment, capture_output=True, check=False,
        encoding=environment.get("PYTHONIOENCODING", "utf-8"),
    )  # fmt: skip


@every_command
def test_a_closed_stream_does_not_make_a_command_fail(command, tmp_path):
    result = run(">&-", command, *COMMANDS[command], folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(list(tmp_path.iterdir())) == (command in ("indices", "plot", "new"))


@every_command
def test_a_pipe_that_nobody_reads_ends_the_command_quietly(command, tmp_path):
    result = run("| true", command, *COMMANDS[command], folder=tmp_path)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("command", ["groups", "show", "verify"])
def test_what_a_stream_cannot_encode_is_escaped(command, encoding, tmp_path):
    result = run("", command, *COMMANDS[command], folder=tmp_path, PYTHONIOENCODING=encoding)
    assert (result.returncode, result.stderr) == (0, "")
    assert command != "verify" or r"\u2713" in result.stdout


def test_reports_are_json_in_any_encoding(tmp_path):
    result = run("", "verify", "z1", "--json", folder=tmp_path, PYTHONIOENCODING="ascii")
    assert json.loads(result.stdout)["passed"]
    assert "\\x" not in result.stdout


def test_a_full_disk_is_blamed_on_the_stream_that_is_full(tmp_path):
    result = run("> /dev/full", "verify", "z1", "--html", "page.html", folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr == "error: the output cannot be written: No space left on device\n"
