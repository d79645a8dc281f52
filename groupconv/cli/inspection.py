"""The commands that look at one group: show, indices."""

from __future__ import annotations

import inspect
import io
import itertools
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from groupconv import registry
from groupconv.algebra import GeneratedGroup, SplitGroup
from groupconv.cli.console import plain_table, wide_console
from groupconv.cli.files import atomic_write
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LARGEST_PRINTED_ORDER = 12


def show(name: str) -> None:
    """Print a group's structure and its stabilizer elements."""
    console = wide_console()
    group, entry = registry.group(name), registry.groups().get(name)
    S = group.stabilizer  # a broken group is refused before anything is printed
    names, shape = group.coordinate_names, group.stabilizer_shape
    summary = inspect.cleandoc(vars(type(group)).get("__doc__") or "").splitlines()[:1]
    if isinstance(group, GeneratedGroup):
        orders = ", ".join(f"{g.name} of order {g.order}" for g in group.generators)
        summary = [f"Translations, and what these generate: {orders}."]
    console.print(Text.assemble((group.name, "bold"), "  ", *summary))
    ranges = [f"{name} = 0 … {size - 1}" for name, size in zip(names, shape, strict=False)]
    center = "abelian" if S.is_abelian else f"centre {S.center.abstract_name}"
    facts = {
        "lattice": f"{group.lattice.name}, dimension {group.dimension}",
        "basis": ", ".join(map(_tuple, group.lattice.vectors)),
        "index": _tuple(names),
        "stabilizer": ", ".join([f"order {group.order}", *ranges]),
        "structure": f"{S.name}, {center}",
        "generators": _listed(group, S.generators) or "none",
        "classes": _classes(group),
        "subgroups": _subgroups(group),
    }
    if entry is not None:
        facts["from"] = f"{entry.distribution} {entry.version}, {entry.target}"
    table = plain_table("", "")
    table.show_header = False
    for fact in facts.items():
        table.add_row(*fact)
    console.print(table)
    coordinates = _tuple(names[: len(shape)])
    elements = plain_table("flat", coordinates, "matrix", "order", "inverse", "on an array")
    for flat, s in enumerate(group.stabilizer_indices):
        inverse = _tuple(group.stabilizer_indices[S.inverse[flat]])
        order, rows = str(S.element_orders[flat]), str(S.matrices[flat].tolist())
        words = S.descriptions[flat]
        elements.add_row(str(flat), _tuple(s), rows, order, inverse, words)
    console.print(elements)
    if group.order <= LARGEST_PRINTED_ORDER:
        console.print("Composition, in flat indices:")
        table = plain_table("s·t", *map(str, range(group.order)))
        for flat, row in enumerate(S.composition):
            table.add_row(str(flat), *map(str, row))
        console.print(table)
    else:
        console.print(f"Composition: groupconv plot {name} --what table -o table.svg draws it")


def indices(name: str, output: Path, kernel_size: int, in_space: str, out_space: str) -> None:
    """Write a filter transform's tables to an npz file."""
    from groupconv.registry.doors import filter_transform

    if output.suffix.lower() != ".npz":
        raise ArgumentError(f"--output={str(output)!r}: expected the name of an .npz file")
    transform = filter_transform(name, kernel_size, in_space, out_space)
    tables = {key: getattr(transform, key) for key in ("index", "inverse", "num_parameters")}
    file = io.BytesIO()
    np.savez(file, **tables, group=name, in_space=in_space, out_space=out_space)
    atomic_write(output, file.getvalue(), "--output")
    print(f"{output}: index {transform.index.shape} into {transform.num_parameters} parameters")


def _listed(group: SplitGroup, elements: Sequence[int]) -> str:
    """Elements by their coordinates."""
    return ", ".join(_tuple(group.stabilizer_indices[s]) for s in elements)


def _classes(group: SplitGroup) -> str:
    """The conjugacy classes; only their sizes if the group is large."""
    classes = group.stabilizer.conjugacy_classes
    if group.order <= LARGEST_PRINTED_ORDER:
        return "  ".join(f"{{{_listed(group, members)}}}" for members in classes)
    return f"{len(classes)}, of sizes {', '.join(str(len(members)) for members in classes)}"


def _subgroups(group: SplitGroup) -> str:
    """The number of subgroups, and their names by increasing order."""
    classes = group.stabilizer.subgroup_classes
    by_order: dict[int, Counter[str]] = {}
    for members in classes:
        by_order.setdefault(members[0].order, Counter())[members[0].abstract_name] += len(members)
    counts = itertools.chain.from_iterable(names.items() for names in by_order.values())
    shown = ", ".join(f"{count} {name}" if count > 1 else name for name, count in counts)
    total, normal = len(group.subgroups()), len(group.stabilizer.normal_subgroups)
    return f"{total}, {len(classes)} up to conjugacy, {normal} normal: {shown}"


def _tuple(values: tuple[object, ...]) -> str:
    return f"({', '.join(map(str, values))})"
