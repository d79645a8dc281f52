"""Coordinate triplets such as `-y,x,z`, the matrices of CIF files and International Tables."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from groupconv.algebra.exact import Rows

AXES = "xyz"
TERM = re.compile(
    r"(?P<sign>[+-]?)(?P<number>[0-9]*(?:\.[0-9]+)?)\*?(?P<axis>[xyz]?)(?P<over>/[0-9]+)?"
)


def read_triplet(text: str) -> Rows:
    """The linear part of a triplet: of `x'` in terms of `x, y, z`, and so on.

    Args:
        text: One expression for each axis, up to three, separated by commas.

    Raises:
        ArgumentError: the text is not a triplet, or its operation is not one of a split group in
            this basis.

    Examples:
        >>> read_triplet("x-y, x, z")
        ((1, -1, 0), (1, 0, 0), (0, 0, 1))
    """
    if re.match(r"\s*[0-9]+\s+\S", text):
        raise ArgumentError(
            f"{text!r} begins with a number that stands apart, as the lines of a list do; leave "
            f"it out"
        )
    parts = text.strip(" '\"").replace("−", "-").lower().split(",")
    axes = AXES[: len(parts)]
    rows, shifts = [], []
    for part in parts:
        row, shift = dict.fromkeys(axes, Fraction(0)), Fraction(0)
        for sign, number, axis, over in _terms(text, part, axes):
            value = Fraction(number or 1) / Fraction(over[1:] or 1) * (-1 if sign == "-" else 1)
            if axis:
                row[axis] += value
            else:
                shift += value
        rows.append(tuple(row.values()))
        shifts.append(shift)
    if any(entry.denominator > 1 for row in rows for entry in row):
        raise ArgumentError(
            f"{text!r} has fractions of coordinates, so it is written in a basis that is not one "
            f"of the lattice's; write it in a primitive basis, where all entries are integers"
        )
    matrix = tuple(tuple(map(int, row)) for row in rows)
    if any(shift.denominator > 1 for shift in shifts):
        moves = f"{text!r} moves by ({', '.join(map(str, shifts))})"
        is_one = all(matrix[i][j] == (i == j) for i in range(len(axes)) for j in range(len(axes)))
        why = (
            "a translation by part of a cell is its centring; take the group of the same symbol, "
            "such as 'I432', 'F432' or 'C222', whose coordinates are those of a primitive basis"
        )
        if not is_one:
            why = (
                "that is a glide or a screw, or a turn about a point off the origin; a split "
                "group fixes the origin: move the origin, or leave the fractions out to get the "
                "split group of the same class"
            )
        raise ArgumentError(f"{moves}: {why}")
    return matrix


def _terms(text: str, part: str, axes: str) -> list[tuple[str, str, str, str]]:
    """The terms of one expression: sign, number, axis, denominator."""
    compact = part.replace(" ", "")
    terms = re.findall("[+-]?[^+-]+", compact)
    found = [match for term in terms if (match := TERM.fullmatch(term))]
    named = "".join(match["axis"] for match in found)
    if (
        text.count(",") >= len(AXES)
        or not terms
        or "".join(terms) != compact
        or len(found) != len(terms)
        or not set(named) <= set(axes)
        or not all(match["number"] or match["axis"] for match in found)
    ):
        if text.count(",") >= len(AXES):
            parts = f"it has {text.count(',') + 1} parts, expected up to 3"
            raise ArgumentError(f"{text!r} is not a coordinate triplet: {parts}")
        example = {1: "-x", 2: "-y,x"}.get(len(axes), "-y,x,z")
        raise ArgumentError(
            f"{text!r} is not a coordinate triplet: {part.strip()!r} is not a sum of "
            f"{', '.join(axes[:3])}; write one such as {example!r}"
        )
    return [(match["sign"], match["number"], match["axis"], match["over"] or "") for match in found]
