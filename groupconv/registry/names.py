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

AXIS = "(1|(?:21?/)?[mabcden]|21?)"
ALONG_AXES = re.compile(f"([PABCIF]){AXIS}{AXIS}{AXIS}")
"""A symbol of the monoclinic or orthorhombic system that tells what is along each axis."""
ALONG_ONE = re.compile(f"([ABIF]){AXIS}")
"""A monoclinic symbol of a centred cell that is not the standard one."""

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
    for spelling in written:
        setting, is_meant = axes_setting(spelling) or ("", False)
        if is_meant and setting in installed:
            return f"that group is called {setting!r} here, in its standard setting"
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
    name = re.sub(r" ?: ?[HR12]$|_|\((?=\d\))|(?<=\(\d)\)", "", name)  # choices of cell; 2_1, 2(1)
    letter, *axes = name.split() or [""]
    plain = letter + "".join(axes)
    short = re.sub("(?<=.)([a-z])3", r"\1-3", plain)  # the older way to write a cubic -3
    along = ALONG_AXES.fullmatch(plain)
    if along and "1" in along.groups():  # a monoclinic one; b is the axis of the standard setting
        is_standard = along[1] in "PC" and along[2] == along[4] == "1"
        short = along[1] + along[3] if is_standard else plain
    elif axes:
        is_cubic = len(axes) > 1 and "3" in axes[1]
        keeps_first = len(axes) == 1 or (axes[0][0] in "46" and not is_cubic)
        short = letter + "".join(
            axis if i == 0 and keeps_first else axis.split("/")[-1] for i, axis in enumerate(axes)
        )
    return list(dict.fromkeys([plain, short]))


def axes_setting(symbol: str) -> tuple[str, bool] | None:
    """The split group of a monoclinic or orthorhombic class, and whether the symbol means it.

    The group is in its standard setting: a monoclinic axis is b, a rotation beside two mirrors is
    along c, and a cell with one centred face has it on C (on A if that is beside the rotation).
    The symbol means another one if it has screws or glides. None for one of another kind.

    Examples:
        >>> axes_setting("P112"), axes_setting("I2/a"), axes_setting("Bm21b"), axes_setting("P4")
        (('P2', True), ('C2/m', False), ('Cmm2', False), None)
    """
    if not (found := ALONG_ONE.fullmatch(symbol) or ALONG_AXES.fullmatch(symbol)):
        return None
    centring, *axes = found.groups()
    kinds = [re.sub("[abcden]", "m", axis.replace("21", "2")) for axis in axes]
    along = [i for i, kind in enumerate(kinds) if kind != "1"]
    rotations = [i for i, kind in enumerate(kinds) if kind == "2"]
    if len(along) == 1:  # the face across the axis has no need to be centred, in a smaller cell
        (i,) = along
        is_primitive = centring == "P" or (len(kinds) > 1 and centring == "ABC"[i])
        setting = f"{'P' if is_primitive else 'C'}{kinds[i]}"
    elif len(along) == 3 and len(rotations) != 2:
        if centring in "ABC":
            centring = "A" if len(rotations) == 1 and centring != "ABC"[rotations[0]] else "C"
        setting = centring + {0: "mmm", 1: "mm2", 3: "222"}[len(rotations)]
    else:
        return None
    return setting, kinds == axes


def split_companion(symbol: str) -> str | None:
    """The split group of the crystal class of one that does not split; None for any other name.

    It has the same linear parts: screw axes become rotations, glide planes mirrors.

    Examples:
        >>> split_companion("p4g"), split_companion("I41/amd"), split_companion("p4m")
        ('p4m', 'I4/mmm', None)
    """
    if not SPACE.fullmatch(symbol):
        return PLANE.get(symbol)
    if found := axes_setting(symbol):
        return found[0]
    mirrors = re.sub("[abcden]", "m", symbol[1:])
    rotations = re.sub("^(6(?=[1-5])|4(?=[123])|3(?=[12]))[1-5]|21", _axis, mirrors)
    split = TWO_READINGS.get(symbol, symbol[0] + rotations)
    return None if split == symbol else split


def _axis(screw: re.Match[str]) -> str:
    return screw[0][0]
