"""What to say of a name that no plugin bears: other spellings, near names, no such group."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["advice"]

OTHER_NAMES = {
    "p1": "z2", "p211": "p2", "p1m1": "pm", "p11m": "pm", "c1m1": "cm", "c11m": "cm",
    "p2mm": "pmm", "c2mm": "cmm", "p4mm": "p4m", "p6mm": "p6m",
}  # fmt: skip
"""Full symbols of plane groups, and what they are called here."""

PLANE = {
    "pg": "pm", "p1g1": "pm", "p11g": "pm", "pmg": "pmm", "p2mg": "pmm", "p2gm": "pmm",
    "pgg": "pmm", "p2gg": "pmm", "p4g": "p4m", "p4gm": "p4m",
}  # fmt: skip
"""The plane groups with glides, and the split group of the same crystal class."""

SPACE = re.compile("[PABCIFR][-/0-9abcdemn]+")
"""How the short symbol of a space group is written."""

TWO_READINGS = {
    "P4212": "P422", "P3121": "P321", "P3221": "P321", "P31c": "P31m",
    "P312": "P312", "P321": "P321", "P31m": "P31m",
}  # fmt: skip
"""Symbols in which two digits side by side look like another screw than there is."""


def advice(name: str, installed: Iterable[str]) -> str:
    """What may have been meant by an unknown name, or why there is no such group.

    Examples:
        >>> advice("P4M", ["p4", "p4m"])
        "it is no installed group; did you mean 'p4m'? Names are case-sensitive"
        >>> advice("p4mm", ["p4", "p4m"])
        "that group is called 'p4m' here"
    """
    installed, written = list(installed), spellings(name)
    for spelling in written:
        called = OTHER_NAMES.get(spelling, spelling)
        if called in installed:
            return f"that group is called {called!r} here"
    folded = {spelling.lower() for spelling in written}
    near = [known for known in installed if known.lower() in folded]
    hint = " Names are case-sensitive" if near else ""
    if not near:
        for spelling in written:
            for cased in (spelling, spelling.lower(), spelling.capitalize()):
                companion = split_companion(cased)
                if companion in installed:
                    return (
                        f"it has glides or screws that leave no point fixed by its whole crystal "
                        f"class, so it does not split into translations and a stabilizer; the "
                        f"group of that class and lattice that does is {companion!r}"
                    )
        near = difflib.get_close_matches(written[0], installed)
    if not near:
        return "it is no installed group"
    return f"it is no installed group; did you mean {' or '.join(map(repr, near))}?{hint}"


def spellings(name: str) -> list[str]:
    """A symbol in short, as it may be listed: `Pmmm` for `P 2/m 2/m 2/m`, `Pm-3m` for `Pm3m`.

    Examples:
        >>> spellings("F 4/m -3 2/m"), spellings("P 1 2_1 1")
        (['F4/m-32/m', 'Fm-3m'], ['P1211', 'P21'])
    """
    letter, *axes = name.replace("_", "").split() or [""]
    plain = letter + "".join(axes)
    short = re.sub("(?<=.)([a-z])3", r"\1-3", plain)  # the older way to write a cubic -3
    if axes:
        is_cubic = len(axes) > 1 and "3" in axes[1]
        if "3" not in "".join(axes):  # elsewhere a 1 tells on which side of the 3 a mirror is
            axes = [axis for axis in axes if axis != "1"] or axes[:1]
        keeps_first = len(axes) == 1 or (axes[0][0] in "46" and not is_cubic)
        short = letter + "".join(
            axis if i == 0 and keeps_first else axis.split("/")[-1] for i, axis in enumerate(axes)
        )
    elif along := re.fullmatch("([PABCI])(?:1(.+)1|11(.+)|(.+)11)", plain):
        short = along[1] + (along[2] or along[3] or along[4])
    return list(dict.fromkeys([plain, short]))


def split_companion(symbol: str) -> str | None:
    """The split group of the crystal class of one that does not split; None for any other name.

    It has the same linear parts: screw axes become rotations, glide planes mirrors.

    Examples:
        >>> split_companion("p4g"), split_companion("I41/amd"), split_companion("p4m")
        ('p4m', 'I4/mmm', None)
    """
    if not SPACE.fullmatch(symbol):
        return PLANE.get(symbol)
    mirrors = re.sub("[abcden]", "m", symbol[1:])
    rotations = re.sub("^(6(?=[1-5])|4(?=[123])|3(?=[12]))[1-5]|21", _axis, mirrors)
    split = TWO_READINGS.get(symbol, symbol[0] + rotations)
    return None if split == symbol else split


def _axis(screw: re.Match[str]) -> str:
    return screw[0][0]
