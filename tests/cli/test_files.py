"""Output goes where the user said, whole or not at all, and changes nothing else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading

import pytest

from groupconv.cli.files import atomic_write, require_writable, write_new_folder
from groupconv.errors import ArgumentError


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask():
    old = os.umask(0o027)
    yield
    os.umask(old)


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path, umask):
    atomic_write(tmp_path / "page", b"new", "--html")
    write_new_folder(tmp_path / "package", {"tests/test_it.py": "new"}, "--output")
    assert mode(tmp_path / "page") == 0o640
    assert mode(tmp_path / "package") == 0o750
    assert mode(tmp_path / "package" / "tests" / "test_it.py") == 0o640


def test_an_existing_file_keeps_its_mode(tmp_path):
    path = tmp_path / "page"
    path.write_bytes(b"old")
    path.chmod(0o600)
    atomic_write(path, b"new", "--html")
    assert path.read_bytes() == b"new"
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_is_followed(tmp_path, exists):
    target, link = tmp_path / "elsewhere" / "page", tmp_path / "link"
    target.parent.mkdir()
    if exists:
        target.write_bytes(b"old")
    link.symlink_to(target)
    atomic_write(link, b"new", "--html")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_device_stays_a_device(tmp_path):
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        device.write_bytes(b"")
    except PermissionError:
        pytest.skip("only root makes devices, and not everywhere")
    atomic_write(device, b"new", "--html")
    assert stat.S_ISCHR(device.stat().st_mode)


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe.npz"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    require_writable(pipe, "--output")
    atomic_write(pipe, b"new", "--output")
    reader.join(timeout=10)
    assert received == [b"new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("place", ["a pipe", "a file"])
def test_standard_output_is_written_to(tmp_path, place):
    link = tmp_path / "stdout"  # like /dev/stdout, which a mistake must not replace here
    link.symlink_to("/proc/self/fd/1")
    code = """
import sys
from pathlib import Path
from groupconv.cli.files import atomic_write
print("before")
atomic_write(Path(sys.argv[1]), b"page\\n", "--html")
print("after")
"""
    command = [sys.executable, "-c", code, link]
    if place == "a pipe":
        printed = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    else:
        with (tmp_path / "printed").open("wb") as file:
            subprocess.run(command, stdout=file, check=True)
        printed = (tmp_path / "printed").read_bytes()
    assert printed == b"before\npage\nafter\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_protected_file_is_not_replaced(tmp_path):
    path = tmp_path / "page"
    path.write_bytes(b"old")
    path.chmod(0o400)
    with pytest.raises(ArgumentError, match="cannot be written: Permission denied"):
        atomic_write(path, b"new", "--html")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("place", "reason"),
    [("folder", "Is a directory"), ("nowhere/page", "No such file"), ("file/page", "Not a dir")],
)
def test_what_cannot_be_written_is_refused_early_and_late(tmp_path, place, reason):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    path = tmp_path / place
    with pytest.raises(ArgumentError, match=f"--html='.*{place}' cannot be written: {reason}"):
        require_writable(path, "--html")
    with pytest.raises(ArgumentError, match=f"--html='.*{place}' cannot be written: {reason}"):
        atomic_write(path, b"new", "--html")


def test_what_cannot_be_finished_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "page").write_bytes(b"old")

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    for method in ("write_bytes", "write_text"):
        monkeypatch.setattr("pathlib.Path." + method, full)
    with pytest.raises(ArgumentError, match="No space left on device; name another place"):
        atomic_write(tmp_path / "page", b"new", "--html")
    with pytest.raises(ArgumentError, match="No space left on device; name another place"):
        write_new_folder(tmp_path / "package", {"README.md": "new"}, "--output")
    assert list(tmp_path.iterdir()) == [tmp_path / "page"]
    assert (tmp_path / "page").read_bytes() == b"old"
