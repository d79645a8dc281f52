"""What to say of a name that no plugin bears: near ones, other conventions, no such group."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["advice"]

PLANE = {
    "pg": "pm", "p1g1": "pm", "pmg": "pmm", "p2mg": "pmm", "pgg": "pmm", "p2gg": "pmm",
    "p4g": "p4m", "p4gm": "p4m",
}  # fmt: skip
"""The plane groups with glides, and the split group of the same crystal class."""

TWO_READINGS = {"P4212": "P422", "P31c": "P31m", "P3121": "P321", "P3221": "P321"}
"""Symbols in which two digits side by side look like another screw than there is."""

OTHER_NAMES = {"p1": "z2", "p2mm": "pmm", "c2mm": "cmm", "p4mm": "p4m", "p6mm": "p6m"}
"""Full symbols of plane groups, and what they are called here."""

NOT_SPLIT = frozenset(
    """
    P21 Pc Cc P21/m P2/c P21/c C2/c P2221 P21212 P212121
    C2221 I212121 Pmc21 Pcc2 Pma2 Pca21 Pnc2 Pmn21 Pba2 Pna21 Pnn2 Cmc21 Ccc2 Aem2 Ama2 Aea2
    Fdd2 Iba2 Ima2 Pnnn Pccm Pban Pmma Pnna Pmna Pcca Pbam Pccn Pbcm Pnnm Pmmn Pbcn Pbca Pnma
    Cmcm Cmce Cccm Cmme Ccce Fddd Ibam Ibca Imma P41 P42 P43 I41 P42/m P4/n P42/n I41/a P4212
    P4122 P41212 P4222 P42212 P4322 P43212 I4122 P4bm P42cm P42nm P4cc P4nc P42mc P42bc I4cm
    I41md I41cd P-42c P-421m P-421c P-4c2 P-4b2 P-4n2 I-4c2 I-42d P4/mcc P4/nbm P4/nnc P4/mbm
    P4/mnc P4/nmm P4/ncc P42/mmc P42/mcm P42/nbc P42/nnm P42/mbc P42/mnm P42/nmc P42/ncm I4/mcm
    I41/amd I41/acd P31 P32 P3112 P3121 P3212 P3221 P3c1 P31c R3c P-31c P-3c1 R-3c P61 P65 P62
    P64 P63 P63/m P6122 P6522 P6222 P6422 P6322 P6cc P63cm P63mc P-6c2 P-62c P6/mcc P63/mcm
    P63/mmc P213 I213 Pn-3 Fd-3 Pa-3 Ia-3 P4232 F4132 P4332 P4132 I4132 P-43n F-43c I-43d Pn-3n
    Pm-3n Pn-3m Fm-3c Fd-3m Fd-3c Ia-3d Abm2 Aba2 Cmca Cmma Ccca
    """.split()  # noqa: SIM905  # a list that a person can read
)
"""The space groups with glides or screws, which are no `Z^3 ⋊ S` (International Tables; the last
five symbols are older ones)."""


def split_companion(symbol: str) -> str | None:
    """The split group of the crystal class of one that does not split; None for any other name.

    It has the same linear parts: screw axes become rotations, glide planes mirrors.

    Examples:
        >>> split_companion("p4g"), split_companion("I41/amd"), split_companion("p4m")
        ('p4m', 'I4/mmm', None)
    """
    if symbol not in NOT_SPLIT:
        return PLANE.get(symbol)
    mirrors = re.sub("[abcden]", "m", symbol[1:])
    rotations = re.sub("^(6(?=[1-5])|4(?=[123])|3(?=[12]))[1-5]|21", _axis, mirrors)
    return TWO_READINGS.get(symbol, symbol[0] + rotations)


def _axis(screw: re.Match[str]) -> str:
    return screw[0][0]


def advice(name: str, installed: Iterable[str]) -> str:
    """What may have been meant by an unknown name, or why there is no such group.

    Examples:
        >>> advice("P4M", ["p4", "p4m"])
        "it is no installed group; did you mean 'p4m'? Names are case-sensitive"
        >>> advice("p4mm", ["p4", "p4m"])
        "that group is called 'p4m' here"
    """
    plain = name.replace("_", "").replace(" ", "")
    installed = list(installed)
    companion = split_companion(plain)
    if companion is not None:
        return (
            "it has glides or screws, so it does not split into translations and a stabilizer; "
            f"the group with its rotations and reflections that does is {companion!r}"
        )
    other = OTHER_NAMES.get(plain)
    if other in installed:
        return f"that group is called {other!r} here"
    folded = plain.lower()
    same = [known for known in installed if known.lower() == folded]
    near = same or difflib.get_close_matches(plain, installed)
    if not near:
        return "it is no installed group"
    listed = " or ".join(map(repr, near))
    return f"it is no installed group; did you mean {listed}?" + (
        " Names are case-sensitive" if same else ""
    )
