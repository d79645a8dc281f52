"""The command `groupconv plot`: pictures of a group."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from groupconv import plotting, registry
from groupconv.cli.files import atomic_write
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.figure import Figure

FORMATS = (".svg", ".png", ".pdf")
DOTS_PER_INCH = 150


def plot(
    name: str, what: str, output: Path, kernel_size: int | None, generators: list[int] | None
) -> None:
    """Draw one picture of a group to a file."""
    suffix = output.suffix.lower()
    if suffix not in FORMATS:
        expected = "expected a name that ends in .svg, .png or .pdf"
        raise ArgumentError(f"--output={str(output)!r}: {expected}")
    if what != "cayley" and generators is not None:
        raise ArgumentError(f"--generator={generators} is for --what cayley, not {what}")
    if what != "filters" and kernel_size is not None:
        raise ArgumentError(f"--kernel-size={kernel_size} is for --what filters, not {what}")
    group = registry.group(name)
    draw: dict[str, Callable[[], Figure]] = {
        "cayley": lambda: plotting.cayley_figure(group, generators),
        "subgroups": lambda: plotting.subgroup_figure(group),
        "table": lambda: plotting.table_figure(group),
        "filters": lambda: plotting.filter_figure(group, 5 if kernel_size is None else kernel_size),
        "feature-map": lambda: plotting.feature_map_figure(group),
    }
    figure = draw[what]()
    import matplotlib

    # Nothing random and no date, so that the same picture is the same file.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "groupconv"}):
        figure.savefig(file, format=suffix[1:], dpi=DOTS_PER_INCH, metadata=metadata)
    atomic_write(output, file.getvalue(), "--output")
    print(f"{output}: {what} of {name}")
