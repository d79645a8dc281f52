"""The ratios of a run as a picture: medians as dots, quartiles as lines, the limit at 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .harness import Report


def draw(report: Report, sections: Sequence[str], path: Path) -> None:
    """Draw two sections side by side."""
    figure, axes = plt.subplots(
        1, 2, figsize=(10, 4), sharex=True, sharey=True, layout="constrained"
    )
    for axis, section in zip(axes, sections, strict=True):
        rows = [row for row in report.sections[section] if "first_quartile" in row][::-1]
        for place, row in enumerate(rows):
            axis.plot([row["first_quartile"], row["third_quartile"]], [place] * 2, color="tab:blue")
            axis.plot(row["ratio"], place, "o", color="tab:blue")
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set_yticks(range(len(rows)), [row["case"] for row in rows])
        axis.set_title(section)
        axis.set_xlabel("time divided by that of the planar convolution")
    figure.savefig(path, dpi=120)
    plt.close(figure)
