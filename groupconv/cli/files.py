"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from groupconv.errors import ArgumentError

__all__ = ["written_whole"]


@contextlib.contextmanager
def written_whole(path: Path, argument: str, *, make_folder: bool = False) -> Iterator[BinaryIO]:
    """A binary file that takes its place at `path` only when it is complete.

    Raises:
        ArgumentError: nothing can be written there.
    """
    if path.is_dir():
        raise ArgumentError(f"{argument}={str(path)!r} is a folder; name a file")
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except (FileExistsError, NotADirectoryError) as error:
        raise ArgumentError(
            f"{argument}={str(path)!r} cannot be written: {str(path.parent)!r} is no "
            f"folder, nor can one be made there; name another place"
        ) from error
    except OSError as error:
        raise _unwritable(path, argument, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(path, argument, error) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _unwritable(path: Path, argument: str, error: OSError) -> ArgumentError:
    return ArgumentError(
        f"{argument}={str(path)!r} cannot be written: {error.strerror}; name another place"
    )
