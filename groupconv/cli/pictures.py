"""The command `groupconv plot`: pictures of a group."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from groupconv import plotting, registry
from groupconv.cli.console import wide_console
from groupconv.cli.files import atomic_write
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from groupconv.algebra import SplitGroup

__all__ = ["plot"]

FORMATS = (".svg", ".png", ".pdf")
RESOLUTION = 150
"""Dots per inch of a raster picture."""


def plot(
    name: str, what: str, output: Path, kernel_size: int | None, generators: list[int] | None
) -> None:
    """Draw one picture of a group into a file."""
    suffix = output.suffix.lower()
    if suffix not in FORMATS:
        raise ArgumentError(
            f"--output={str(output)!r}: expected the name of a file ending in "
            f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        )
    figure = _figure(registry.group(name), what, kernel_size, generators)
    import matplotlib

    # Nothing random and no date, so that the same picture is the same file.
    metadata = {"Date": None} if suffix == ".svg" else {}
    metadata |= {"CreationDate": None} if suffix == ".pdf" else {}
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "groupconv"}):
        figure.savefig(file, format=suffix[1:], dpi=RESOLUTION, metadata=metadata)
    atomic_write(output, file.getvalue(), "--output")
    wide_console().print(f"{output}: {what} of {name}")


def _figure(
    group: SplitGroup, what: str, kernel_size: int | None, generators: list[int] | None
) -> Figure:
    if what != "cayley" and generators is not None:
        raise ArgumentError(f"--generator={generators} is for --what cayley, not {what}")
    if what != "filters" and kernel_size is not None:
        raise ArgumentError(f"--kernel-size={kernel_size} is for --what filters, not {what}")
    if what == "cayley":
        return plotting.cayley_figure(group, generators)
    if what == "filters" and kernel_size is not None:
        return plotting.filter_figure(group, kernel_size)
    draw = {
        "filters": plotting.filter_figure,
        "subgroups": plotting.subgroup_figure,
        "table": plotting.table_figure,
        "feature-map": plotting.feature_map_figure,
    }
    return draw[what](group)
