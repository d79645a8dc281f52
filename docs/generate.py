"""What the site shows and the library knows: the catalogue, its pictures, and the explorer's data.

    python -m docs.generate

writes docs/generated, which `make docs` reads. Nothing is drawn again until the package or this
file has changed; what comes from measurements is written each time.
"""

from __future__ import annotations

import io
import json
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import torch
from torch import nn

import groupconv as gc
from benchmarks.figures import RESULTS, figures
from groupconv.errors import ExperimentalWarning
from groupconv.plotting.graphs import generator_colours, reflects
from groupconv.plotting.layout import (
    element_label,
    new_figure,
    readable_generators,
    voronoi_cell,
)
from groupconv.plotting.patterns import draw_axis, draw_point
from groupconv_plugins import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from groupconv.algebra import SplitGroup
    from groupconv.algebra.exact import FloatArray

DOCS = Path(__file__).parent
OUT = DOCS / "generated"
STAMP = OUT / ".complete"
SOURCES = [Path(__file__), DOCS / "catalogue-head.md"]
for folder in ("groupconv", "groupconv_plugins"):
    SOURCES += (DOCS.parent / folder).rglob("*.py")

DARK = {
    "#000000": "#e2e4e9", "#ffffff": "#1e2129", "#888888": "#9a9da6", "#dbe7f3": "#2d4560",
    "#c1272d": "#f0686e", "#1f5fa8": "#6ea8e6", "#3b7d3b": "#79c279", "#7b3294": "#c28ad8",
}  # fmt: skip
"""The colours of pictures on a dark page."""

SIZES = (3, 5, 7)
"""The filters that the explorer shows."""

STRUCTURE = "../../structure.md#subgroups-and-the-spaces-they-name"
PLACES = {1: "line", 2: "plane", 3: "space"}
ARRAYS = {
    "line": "equidistant samples", "square": "square pixels", "hexagonal": "hexagonal pixels",
    "cubic": "cubic voxels",
}  # fmt: skip
"""What stands on a lattice; the others are named as they are."""

TITLES = {1: "Signals: 2 groups of the line", 2: "Images: 13 groups of the plane",
          3: "Volumes: 73 groups of space"}  # fmt: skip
NUMBERS = {1: ["z1", "z1m"], 2: names.PLANE_NUMBERS.split(), 3: names.SPACE_NUMBERS.split()}
"""The groups of each dimension, in the order of the International Tables."""

SYSTEMS = {
    1: {"": 2},
    2: {"Oblique": 2, "Rectangular": 9, "Square": 12, "Hexagonal": 17},
    3: {"Triclinic": 2, "Monoclinic": 15, "Orthorhombic": 74, "Tetragonal": 142, "Trigonal": 167,
        "Hexagonal": 194, "Cubic": 230},
}  # fmt: skip
"""Crystal systems, and the number of the last group of each."""


def slug(group: SplitGroup) -> str:
    """The name of a page: file systems may not tell `p4` from `P4`, and `/` is a folder."""
    return f"{PLACES[group.dimension]}-{group.name.replace('/', '-over-')}"


def save(figure: Figure, name: str) -> None:
    """Write a picture twice, for light pages and for dark ones."""
    text = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    light = text.getvalue()
    dark = light.replace("<svg ", f'<svg fill="{DARK["#000000"]}" ', 1)
    for colour, other in DARK.items():
        dark = dark.replace(colour, other)
    (OUT / f"{name}.svg").write_text(light)
    (OUT / f"{name}-dark.svg").write_text(dark)


def picture(name: str, words: str, above: str = "") -> str:
    """The Markdown of a picture that follows the colours of the page."""
    return (
        f"![{words}]({above}{name}.svg#only-light)\n![{words}]({above}{name}-dark.svg#only-dark)\n"
    )


def number(group: SplitGroup) -> int:
    """The number of a group in the International Tables; groups of the line follow each other."""
    return NUMBERS[group.dimension].index(group.name) + 1


def draw_mirror(axes: Axes, place: FloatArray) -> None:
    """A piece of a mirror's circle."""
    axes.plot(place[0] + [-0.07, 0.07], [place[1]] * 2, color="black", lw=1.4)


def key() -> Figure:
    """What the symbols of point groups in space mean."""
    figure = new_figure(6.4, 1.7)
    axes = figure.subplots()
    marks: dict[str, Callable[..., None]] = {
        "turned, above the page": partial(draw_point, is_above=True, reflects=False),
        "turned, below it": partial(draw_point, is_above=False, reflects=False),
        "mirrored or inverted, above": partial(draw_point, is_above=True, reflects=True),
        "mirrored or inverted, below": partial(draw_point, is_above=False, reflects=True),
        "mirror": draw_mirror,
        "2-fold axis": partial(draw_axis, order=2, inverts=False),
    }
    for order in (3, 4, 6):
        marks[f"{order}-fold axis"] = partial(draw_axis, order=order, inverts=False)
        marks[f"{order}-fold axis, with inversion"] = partial(draw_axis, order=order, inverts=True)
    for n, (text, draw) in enumerate(marks.items()):
        place = np.array([2.3 * (n % 3), -(n // 3)])
        draw(axes, place)
        axes.text(place[0] + 0.15, place[1], text, fontsize=8, va="center")
    axes.set(xlim=(-0.2, 6.8), ylim=(-3.6, 0.6))
    axes.axis("off")
    return figure


def other_names(group: SplitGroup) -> str:
    """What others call a group."""
    name, found = group.name, []
    found += [f"`{other}`" for other, here in names.OTHER_NAMES.items() if here == name]
    return ", ".join(found) or "none"


def page(group: SplitGroup, before: SplitGroup, after: SplitGroup) -> str:
    """The catalogue's page of one group, with the ways to its neighbours."""
    S, name = group.stabilizer, slug(group)
    motif = (
        "A letter F repeated by the group" if group.dimension < 3
        else "A general point of the sphere and its images, with axes and mirrors"
    )  # fmt: skip
    generators = readable_generators(group)
    lines = [
        "---", f"title: {group.name}", f"description: The split group {group.name}", "---", "",
        f"# {group.name}", "",
        f"[The catalogue](index.md) · previous: [{before.name}]({slug(before)}.md)"
        f" · next: [{after.name}]({slug(after)}.md)", "",
        f"| group | `{group.name}` |", "|---|---|",
        f"| other names | {other_names(group)} |",
        f"| number | {number(group)} of the {PLACES[group.dimension]} groups |",
        f"| its array | {ARRAYS.get(group.lattice.name, group.lattice.name)} |",
        f"| planes of a feature map | {S.order} |",
        f"| stabilizer | {S.name}{', abelian' if len(S.center.elements) == S.order else ''} |",
        f"| an element | `({', '.join(group.coordinate_names)})` |",
        f"| subgroups | {len(S.subgroups)}, {len(S.subgroup_classes)} up to conjugacy |",
        "", f'<div class="group-pictures{" large" * (S.order > 24)}" markdown>', "",
        picture(f"{name}-motif", motif, "../"),
        picture(f"{name}-cayley", f"The Cayley graph of {S.name}", "../"),
        "</div>", "",
        f"*{motif} ([key](index.md)), and the Cayley graph of {S.name}: an edge leads from `a` to "
        f"`a·g` for each generator `g` ([more]({STRUCTURE})).*", "",
    ]  # fmt: skip
    if generators:
        lines += ["It is generated by the translations and by", ""]
        lines += [f"- `{element_label(group, s)}`: {S.descriptions[s]}" for s in generators]
        lines.append("")
    if group.dimension == 2:
        address = f"../../explorer.html#group={group.name}"
        lines += [f'<a href="{address}">Explore {group.name}</a>.', ""]
    size = {1: "9", 2: "9, 9", 3: "5, 5, 5"}[group.dimension]
    planes = "" if S.order == 1 else f"{S.order}, "
    lines += [
        "```python", "import torch", "import groupconv as gc", "",
        f'layer = gc.nn.LiftingConv(1, 4, 3, padding=1, group="{group.name}")',
        f"assert layer(torch.zeros(2, 1, {size})).shape == (2, 4, {planes}{size})", "```", "",
        "## Elements { data-search-exclude }", "",
        "| flat | index | matrix | order | on an array |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for s in range(S.order):
        index = ", ".join(map(str, group.stabilizer_indices[s]))
        matrix = S.matrices[s].tolist()
        cells = s, f"`({index})`", f"`{matrix}`", S.element_orders[s], S.descriptions[s]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def index(groups: list[SplitGroup]) -> str:
    """The page that shows all groups at once."""
    lines = ["# The catalogue", "", (OUT.parent / "catalogue-head.md").read_text()]
    for dimension, title in TITLES.items():
        lines += [f"## {title}", ""]
        if dimension == 3:
            lines += [picture("catalogue-key", "The symbols of axes, mirrors and points", "../")]
        shown = [group for group in groups if group.dimension == dimension]
        for system, last in SYSTEMS[dimension].items():
            lines += [f"### {system}", ""] if system else []
            lines += ['<div class="thumbnails" markdown>', ""]
            while shown and number(shown[0]) <= last:
                lines += [thumbnail(shown.pop(0)), ""]
            lines += ["</div>", ""]
    return "\n".join(lines)


def thumbnail(group: SplitGroup) -> str:
    """A group's picture, name and number of planes."""
    name, planes = slug(group), "plane" if group.order == 1 else "planes"
    motif = "".join(
        f"![](../{name}-motif{dark}.svg#only-{kind}){{ loading=lazy }}"
        for kind, dark in (("light", ""), ("dark", "-dark"))
    )
    return f"[{motif}<br>{group.name}]({name}.md)<br><small>{group.order} {planes}</small>"


def experiments() -> str:
    """The record of the examples' runs: a table for each, as a section that pages include."""
    found = []
    for run in json.loads((RESULTS / "experiments.json").read_text()):
        rows = [run["columns"], ["---"] * len(run["columns"]), *run["rows"]]
        lines = [""]
        for row in rows:
            cells = (f"{cell:,}" if isinstance(cell, int) else cell for cell in row)
            lines.append(f"| {' | '.join(cells)} |")
        lines += ["", f"*`{run['command']}`, {run['date']}, {run['machine']}.*", ""]
        found.append(section(run["name"], "\n".join(lines)))
    return "".join(found)


def prose() -> str:
    """The figures that stand in sentences."""
    return "".join(section(name, text) for name, text in figures().items())


def section(name: str, text: str) -> str:
    """A part of a file that pages include by its name."""
    return f"<!-- --8<-- [start:{name}] -->\n{text}\n<!-- --8<-- [end:{name}] -->\n"


def checks() -> str:
    """Every check of `verify`, as a table."""
    lines = ["| check | statement | for p4m |", "|---|---|---|"]
    for check in gc.verify("p4m").checks:
        statement = check.statement.replace("|", "\\|")
        lines.append(f"| {check.name} | {statement} | {check.method} |")
    return "\n".join(lines) + "\n"


def explorer(groups: list[SplitGroup]) -> dict[str, Any]:
    """Tables of the plane groups, as the engine has them."""
    found = {}
    for group in groups:
        if group.dimension == 2:
            S, generators = group.stabilizer, group.stabilizer.generators
            colours = generator_colours(group, generators)
            found[group.name] = {
                "basis": group.lattice.cartesian_basis.round(9).tolist(),
                "cell": voronoi_cell(group.lattice).round(9).tolist(),
                "matrices": S.matrices.tolist(),
                "composition": S.composition.tolist(),
                "labels": [element_label(group, s) or "identity" for s in range(S.order)],
                "words": list(S.descriptions),
                "reflects": [reflects(group, s) for s in range(S.order)],
                "places": gc.plotting.plane_positions(group).round(6).tolist(),
                "generators": list(generators),
                "colours": [colours[g] for g in generators],
                "darkColours": [DARK.get(colours[g], colours[g]) for g in generators],
                "filters": {
                    str(k): gc.filter_transform(group, k, "lattice").index[:, 0].tolist()
                    for k in SIZES
                },
            }
    return found


def broken() -> Any:
    """The diagnosis of a network with a stride that does not fit its input."""
    torch.manual_seed(0)
    L = gc.layers("p4m")
    net = nn.Sequential(
        L.LiftingConv(1, 4, 3, padding=1), nn.ReLU(),
        L.GroupConv(4, 4, 3, stride=2, padding=1), nn.ReLU(),
        L.GroupConv(4, 4, 3, padding=1), L.CosetPool(),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gc.testing.diagnose(net, torch.randn(1, 1, 32, 32))


def concepts() -> None:
    """The pictures of the other pages."""
    for name, figure in {
        "p4m-cayley": gc.plotting.cayley_figure("p4m"),
        "p4m-subgroups": gc.plotting.subgroup_figure("p4m"),
        "p4m-filters": gc.plotting.filter_figure("p4m", 5),
        "p6m-filters": gc.plotting.filter_figure("p6m", 5),
        "p4-filters": gc.plotting.filter_figure("p4", 3),
        "p4m-table": gc.plotting.table_figure("p4m"),
        "p4-feature-map": gc.plotting.feature_map_figure("p4"),
        "p4m-feature-map": gc.plotting.feature_map_figure("p4m"),
        "diagnosis": gc.plotting.diagnosis_figure(broken()),
    }.items():
        save(figure, name)


def main() -> None:
    """Write everything, unless it is there."""
    (OUT / "catalogue").mkdir(parents=True, exist_ok=True)
    (OUT / "experiments.md").write_text(experiments())
    (OUT / "figures.md").write_text(prose())
    newest = max(path.stat().st_mtime for path in SOURCES)
    if STAMP.exists() and STAMP.stat().st_mtime > newest:
        return
    warnings.simplefilter("ignore", ExperimentalWarning)
    groups = [gc.group(name) for name in gc.groups()]
    groups.sort(key=lambda group: (group.dimension, number(group)))
    for n, group in enumerate(groups):
        name, neighbours = slug(group), (groups[n - 1], groups[(n + 1) % len(groups)])
        (OUT / "catalogue" / f"{name}.md").write_text(page(group, *neighbours))
        draw = (
            gc.plotting.point_group_figure if group.dimension == 3 else gc.plotting.wallpaper_figure
        )
        save(draw(group), f"{name}-motif")
        save(gc.plotting.cayley_figure(group), f"{name}-cayley")
    save(key(), "catalogue-key")
    (OUT / "catalogue" / "index.md").write_text(index(groups))
    data = json.dumps(explorer(groups), separators=(",", ":"))
    (OUT / "explorer-data.js").write_text(f"const GROUPS = {data};\n")
    (OUT / "checks.md").write_text(checks())
    concepts()
    STAMP.touch()


if __name__ == "__main__":
    sys.exit(main())
