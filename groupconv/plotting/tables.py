"""A group's tables, drawn: its composition table and the orbit of one filter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra import Lattice, SplitGroup
from groupconv.errors import ArgumentError
from groupconv.plotting.layout import draw_cells, element_label, extent, new_figure
from groupconv.registry import as_group
from groupconv.transforms import filter_transform

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST_LABELLED = 48


def table_figure(group: SplitGroup | str) -> Figure:
    """The composition table of the stabilizer: `s·t` in row `s`, column `t`, a colour each.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    group = as_group(group)
    side = 3 + group.order / 5
    figure = new_figure(side, side)
    axes = figure.subplots()
    table = group.stabilizer.composition
    axes.imshow(table, cmap="viridis", vmin=-0.3 * group.order)
    if group.order <= LARGEST_LABELLED:
        labels = [element_label(group, s) or "1" for s in range(group.order)]
        axes.set_xticks(range(group.order), labels, rotation=90, fontsize=8)
        axes.set_yticks(range(group.order), labels, fontsize=8)
        for (s, t), product in np.ndenumerate(table):
            colour = "white" if product < group.order / 2 else "black"
            axes.text(t, s, str(product), ha="center", va="center", color=colour, fontsize=8)
    axes.set(xlabel="t", ylabel="s")
    axes.set_title(f"{group.name}: s·t in flat indices")
    return figure


def filter_figure(group: SplitGroup | str, kernel_size: int = 5) -> Figure:
    """One filter on the lattice, and what each stabilizer element makes of it (section 7.1).

    Every value stands in its true cell: a square, a hexagon; cells outside the support are empty.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        ArgumentError: the group acts in space, or the size does not fit the group.
    """
    group = as_group(group)
    if group.dimension > 2:
        expected = "expected 1 or 2: a page is a plane; draw its Cayley graph or its table"
        raise ArgumentError(f"group={group.name!r} has dimension {group.dimension}, {expected}")
    transform = filter_transform(group.stabilizer, kernel_size, "lattice")
    values = np.random.default_rng(3).normal(size=transform.num_parameters)
    values = np.append(values, np.nan)[transform.index[:, 0]]  # a cell with index -1 is empty
    lattice: Lattice = group.lattice
    if group.dimension == 1:  # a row of unit cells along the page
        values = values[:, None]
        lattice = Lattice(lattice.name, (("1", "0"), ("0", *lattice.vectors[0])))
    limit = float(np.nanmax(np.abs(values)))
    columns = group.stabilizer_shape[-1] if group.order > 1 else 1
    columns = columns if 2 < columns <= 8 else math.ceil(math.sqrt(group.order))
    rows = math.ceil(group.order / columns)
    half = extent(lattice, values[0])
    width = 1.7
    figure = new_figure(width * columns, rows * (width * half[1] / half[0] + 0.35))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for s, axes in zip(range(group.order), grid.flat, strict=False):
        draw_cells(axes, values[s], lattice, limit, edgecolors="white", linewidths=0.6)
        axes.set(xlim=(-half[0], half[0]), ylim=(-half[1], half[1]), aspect="equal")
        axes.set_title(element_label(group, s) or group.name, fontsize=9)
    return figure
