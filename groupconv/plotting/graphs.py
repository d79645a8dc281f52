"""Graphs of a group, drawn: its Cayley graph and the lattice of its subgroups."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from groupconv.algebra import SplitGroup, subgroup_lattice
from groupconv.errors import ArgumentError
from groupconv.plotting.layout import element_label, new_figure, positions, readable_generators
from groupconv.registry import as_group

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from groupconv.algebra.exact import FloatArray

ROTATION, REFLECTION = ("#c1272d", "#f09a4a", "#7b3294"), ("#1f5fa8", "#4fb3bf", "#3b7d3b")
"""Reds for generators that rotate, blues for those that reflect, the first of each first."""

NORMAL, OTHER = "#dbe7f3", "#ffffff"
SWEEPS = 8


def draw_arrows(
    axes: Axes,
    group: SplitGroup,
    places: FloatArray,  # shape: (S, 2)
    room: float,
    generators: Sequence[int],
    *,
    acting: bool = False,
) -> None:
    """What generators make of elements: red arrows for rotations, blue ones for what reflects.

    Arrows lead from `s` to `s g`, the edges of the Cayley graph; if `acting`, from `s` to `g s`, as
    the group moves planes. `room` is the half width of what is drawn at each place.
    """
    colours = generator_colours(group, generators)
    table = group.stabilizer.composition
    for g, s in itertools.product(generators, range(group.order)):
        t = int(table[g, s] if acting else table[s, g])
        is_involution = table[g, g] == 0
        if is_involution and s > t:
            continue
        start, end = places[s], places[t]
        is_clockwise = start[0] * end[1] < start[1] * end[0]
        bend = 0.0 if reflects(group, g) else 0.25 if is_clockwise else -0.25  # to the centre
        bend = bend if group.dimension == 2 else bend / 3
        length = np.linalg.norm(end - start)
        gap = min(1.25 * room, 0.3 * length) * (end - start) / length
        style = {"arrowstyle": "-" if is_involution else "-|>", "color": colours[g], "lw": 1.6}
        style |= {"shrinkA": 0, "shrinkB": 0, "connectionstyle": f"arc3,rad={bend}"}
        axes.annotate("", xy=end - gap, xytext=start + gap, arrowprops=style, zorder=3)


def reflects(group: SplitGroup, s: int) -> bool:
    """Whether an element turns left hands into right ones."""
    return bool(np.linalg.det(group.stabilizer.matrices[s]) < 0)


def generator_colours(group: SplitGroup, generators: Iterable[int]) -> dict[int, str]:
    """A colour for each generator, of its kind."""
    palettes = {False: itertools.cycle(ROTATION), True: itertools.cycle(REFLECTION)}
    return {s: next(palettes[reflects(group, s)]) for s in dict.fromkeys(generators)}


def _draw_box(
    axes: Axes, text: str, place: Iterable[float], pad: float, face: str, edge: str, zorder: int
) -> None:
    box = {"boxstyle": f"round,pad={pad}", "facecolor": face, "edgecolor": edge}
    x, y = place
    axes.annotate(text, (x, y), ha="center", va="center", fontsize=8, bbox=box, zorder=zorder)


def cayley_figure(
    group: SplitGroup | str, generators: Iterable[int | tuple[int, ...]] | None = None
) -> Figure:
    """The Cayley graph of the stabilizer, each element where it takes a point of space.

    Red arrows follow proper rotations, blue ones what reflects, in a shade for each generator; an
    involution has no arrow head. By default there are as few generators as suffice, and in space
    those that move points least.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        ElementError: a generator is not a stabilizer element.
        ArgumentError: a generator is the identity, which leads nowhere.
    """
    group = as_group(group)
    generators = readable_generators(group) if generators is None else generators
    flat = [group.flat_index(generator) for generator in generators]
    if 0 in flat:
        wrong = "0 is the identity, which leads nowhere; give other elements"
        raise ArgumentError(f"generators={flat}: {wrong}")
    side = 4 + group.order / 16
    figure = new_figure(side, side)
    from matplotlib.lines import Line2D  # after new_figure, which reports a missing matplotlib

    axes = figure.subplots()
    places = positions(group)
    is_small = group.order <= 12  # coordinates fit; else elements are their flat index
    for s, place in enumerate(places):
        label = element_label(group, s).replace(", ", "\n") or "1"
        _draw_box(axes, label if is_small else str(s), place, 0.25, "white", "#888888", zorder=4)
    draw_arrows(axes, group, places, (0.4 if is_small else 0.22) / side, flat)
    colours = generator_colours(group, flat)
    keys = [
        Line2D([], [], color=colours[s], label=f"{s}: {element_label(group, s)}") for s in colours
    ]
    low, high = places.min(0) - 0.8 / side, places.max(0) + 0.8 / side
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    reached = group.subgroup(*flat)
    whole = "" if reached.is_whole else f", as far as they generate it: {reached.abstract_name}"
    axes.set_title(f"{group.name}: Cayley graph of {group.stabilizer.name}{whole}", fontsize=10)
    if keys:
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), fontsize=8)
    axes.axis("off")
    return figure


def subgroup_figure(group: SplitGroup | str) -> Figure:
    """The Hasse diagram of the stabilizer's subgroups up to conjugacy; normal ones are filled.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    group = as_group(group)
    lattice = subgroup_lattice(group)
    rows, paths = _layers(lattice)
    place = _untangled(rows, paths)
    widest = max(map(len, rows))
    figure = new_figure(max(4.0, 1.15 * widest), max(3.0, 1.3 * len(rows)))
    axes = figure.subplots()
    for path in paths:
        xs, ys = zip(*(place[node] for node in path), strict=True)
        axes.plot(xs, ys, color="#999999", lw=0.8, zorder=1)
    for H, data in lattice.nodes(data=True):
        text, face = data["name"], NORMAL
        if (count := data["conjugates"]) > 1:
            text, face = f"{text}\n{count} conjugate", OTHER
        _draw_box(axes, text, place[H], 0.3, face, "#555555", zorder=2)
    axes.set(xlim=(-widest / 2, widest / 2), ylim=(-0.5, len(rows) - 0.5))
    orders = [sorted({H.order for H in row if H in lattice}) for row in rows]
    axes.set_yticks(range(len(rows)), ["order " + ", ".join(map(str, row)) for row in orders])
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    title = f"{group.name}: subgroups of {group.stabilizer.name} up to conjugacy"
    axes.set_title(title, fontsize=10)
    return figure


def _layers(lattice: nx.DiGraph) -> tuple[list[list[Any]], list[tuple[Any, ...]]]:
    """The rows of a Hasse diagram from the bottom, and the path of each edge through them."""
    # A subgroup's row is the number of primes in its order. An edge that skips rows has a point of
    # its own in each, so that no edge runs through a subgroup that it does not touch.
    height = {H: sum(sympy.factorint(H.order).values()) for H in lattice}
    rows: list[list[Any]] = [[] for _ in range(1 + max(height.values()))]
    for H in lattice:
        rows[height[H]].append(H)
    paths = []
    for H, K in lattice.edges():
        passed = [(H, K, row) for row in range(height[H] + 1, height[K])]
        for point in passed:
            rows[point[-1]].append(point)
        paths.append((H, *passed, K))
    return rows, paths


def _untangled(
    rows: list[list[Any]], paths: Iterable[tuple[Any, ...]]
) -> dict[Any, tuple[float, float]]:
    """A place for every node; rows follow the mean place of neighbours, to cross fewer edges."""
    below: defaultdict[Any, list[Any]] = defaultdict(list)
    above: defaultdict[Any, list[Any]] = defaultdict(list)
    for lower, upper in itertools.chain.from_iterable(map(itertools.pairwise, paths)):
        above[lower].append(upper)
        below[upper].append(lower)
    x = {node: i - (len(row) - 1) / 2 for row in rows for i, node in enumerate(row)}
    for sweep in range(SWEEPS):
        upward = sweep % 2 == 0
        neighbours = below if upward else above
        for row in rows if upward else reversed(rows):
            row.sort(key=lambda node: float(np.mean([x[n] for n in neighbours[node] or [node]])))
            x.update({node: i - (len(row) - 1) / 2 for i, node in enumerate(row)})
    return {node: (x[node], float(y)) for y, row in enumerate(rows) for node in row}
