"""Output goes where the user said, whole or not at all, and changes nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STDOUT, STDERR = 1, 2


def atomic_write(path: Path, data: bytes, argument: str) -> None:
    """Write a file whole or not at all; `argument` is the option that named it, for errors.

    A symbolic link is followed, and an existing file keeps its mode. A device, a pipe or
    `/dev/stdout` is written to directly.
    """
    require_writable(path, argument)
    with _blaming(path, argument):
        if (stream := _standard_stream(path)) is not None:
            sys.stdout.flush()
            with os.fdopen(stream, "wb", closefd=False) as file:
                file.write(data)
        elif path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            with _replacing(path.resolve()) as temporary:
                temporary.write_bytes(data)


def require_writable(path: Path, argument: str) -> None:
    """Refuse a place that cannot be written, before any work is done for it."""
    with _blaming(path, argument):
        if path.is_dir() or path.is_file():
            path.open("r+b").close()  # fails for a folder, and for a file that is write-protected
        if path.is_file() or not path.exists():
            tempfile.TemporaryFile(dir=path.resolve().parent).close()


def make_folder(path: Path, argument: str) -> None:
    """Make a folder, unless it exists; refuse a place that cannot become one."""
    with _blaming(path, argument):
        path.mkdir(parents=True, exist_ok=True)


def write_new_folder(path: Path, files: Mapping[str, str], argument: str) -> None:
    """Write a new folder of texts, by their places in it, whole or not at all."""
    with _blaming(path, argument):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _replacing(path) as temporary:
            for place, text in files.items():
                (temporary / place).parent.mkdir(parents=True, exist_ok=True)
                (temporary / place).write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A place to write that becomes `path` once everything is written."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".groupconv-") as folder:
        temporary = Path(folder, path.name)
        yield temporary
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)


def _standard_stream(path: Path) -> int | None:
    """The descriptor of standard output or standard error, if the path leads to one of them."""
    streams = (STDOUT, STDERR) if path.exists() else ()
    return next((fd for fd in streams if os.path.samestat(path.stat(), os.fstat(fd))), None)


@contextlib.contextmanager
def _blaming(path: Path, argument: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"{argument}={str(path)!r} cannot be written: {error.strerror}"
        raise ArgumentError(f"{problem}; name another place") from error
