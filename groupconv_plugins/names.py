"""Advice about names that are not installed, as crystallographers and others write them.

The entry point `groupconv.advice` offers `advice` to the registry, which asks it about a name that
it does not know.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import groupconv as gc
from groupconv_plugins.space import TABLE

Groups: TypeAlias = dict[str, list[str]]
"""Groups, by their crystal class or by where they act."""


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


def _groups(text: str) -> Groups:
    return {key: names.split(",") for key, names in _pairs(text).items()}


OTHER_NAMES = _pairs(
    "p1:z2 p211:p2 p1m1:pm p11m:pm c1m1:cm c11m:cm p2mm:pmm c2mm:cmm p4mm:p4m p6mm:p6m z3:P1 Z3:P1"
)
"""Full symbols of plane groups, and what they are called here."""

GLIDES = _pairs("pg:pm p1g1:pm p11g:pm pmg:pmm p2mg:pmm p2gm:pmm pgg:pmm p2gg:pmm p4g:p4m p4gm:p4m")
"""The plane groups that do not split, and the split group of the same crystal class."""

PLANE_NUMBERS = "z2 p2 pm pg cm pmm pmg pgg cmm p4 p4m p4g p3 p3m1 p31m p6 p6m"
"""The plane groups in the order of the International Tables."""

SPACE_NUMBERS = """
P1 P-1 P2 P21 C2 Pm Pc Cm Cc P2/m P21/m C2/m P2/c P21/c C2/c P222 P2221 P21212 P212121 C2221 C222
F222 I222 I212121 Pmm2 Pmc21 Pcc2 Pma2 Pca21 Pnc2 Pmn21 Pba2 Pna21 Pnn2 Cmm2 Cmc21 Ccc2 Amm2 Aem2
Ama2 Aea2 Fmm2 Fdd2 Imm2 Iba2 Ima2 Pmmm Pnnn Pccm Pban Pmma Pnna Pmna Pcca Pbam Pccn Pbcm Pnnm Pmmn
Pbcn Pbca Pnma Cmcm Cmce Cmmm Cccm Cmme Ccce Fmmm Fddd Immm Ibam Ibca Imma P4 P41 P42 P43 I4 I41 P-4
I-4 P4/m P42/m P4/n P42/n I4/m I41/a P422 P4212 P4122 P41212 P4222 P42212 P4322 P43212 I422 I4122
P4mm P4bm P42cm P42nm P4cc P4nc P42mc P42bc I4mm I4cm I41md I41cd P-42m P-42c P-421m P-421c P-4m2
P-4c2 P-4b2 P-4n2 I-4m2 I-4c2 I-42m I-42d P4/mmm P4/mcc P4/nbm P4/nnc P4/mbm P4/mnc P4/nmm P4/ncc
P42/mmc P42/mcm P42/nbc P42/nnm P42/mbc P42/mnm P42/nmc P42/ncm I4/mmm I4/mcm I41/amd I41/acd P3 P31
P32 R3 P-3 R-3 P312 P321 P3112 P3121 P3212 P3221 R32 P3m1 P31m P3c1 P31c R3m R3c P-31m P-31c P-3m1
P-3c1 R-3m R-3c P6 P61 P65 P62 P64 P63 P-6 P6/m P63/m P622 P6122 P6522 P6222 P6422 P6322 P6mm P6cc
P63cm P63mc P-6m2 P-6c2 P-62m P-62c P6/mmm P6/mcc P63/mcm P63/mmc P23 F23 I23 P213 I213 Pm-3 Pn-3
Fm-3 Fd-3 Im-3 Pa-3 Ia-3 P432 P4232 F432 F4132 I432 P4332 P4132 I4132 P-43m F-43m I-43m P-43n F-43c
I-43d Pm-3m Pn-3n Pm-3n Pn-3m Fm-3m Fm-3c Fd-3m Fd-3c Im-3m Ia-3d
"""
"""The space groups in the order of the International Tables."""

PLANE = _groups("1:z2 2:p2 3:p3 4:p4 6:p6 m:pm,cm mm2:pmm,cmm 3m:p3m1,p31m 4mm:p4m 6mm:p6m")
"""The split plane groups of each crystal class."""

SAME_CLASS = _pairs("312:32 321:32 3m1:3m 31m:3m -31m:-3m -3m1:-3m -4m2:-42m -62m:-6m2")
"""The crystal class of symbols that also say how the class stands on its lattice."""

SCHOENFLIES = _pairs("""
C1:1 Ci:-1 S2:-1 C2:2 D1:2 Cs:m C1h:m C1v:m C2h:2/m D2:222 V:222 C2v:mm2 D2h:mmm C4:4 S4:-4 C4h:4/m
D4:422 C4v:4mm D2d:-42m D4h:4/mmm C3:3 S6:-3 C3i:-3 D3:32 C3v:3m D3d:-3m C6:6 C3h:-6 C6h:6/m D6:622
C6v:6mm D3h:-6m2 D6h:6/mmm T:23 Th:m-3 O:432 Td:-43m Oh:m-3m
""")
"""The crystal classes in space, by the names that Schoenflies gave them."""

DIHEDRAL = _pairs("D1:m D2:mm2 V:mm2 D3:3m S3:3m D4:4mm D6:6mm")
"""The crystal classes of the plane that are these abstract groups."""

PERMUTATIONS = _pairs("S3:32 A4:23 S4:432")
"""The crystal classes of rotations in space that are these abstract groups."""

NO_LATTICE = re.compile("[CDS]([0-9]{1,2})[VHDI]?|P-?([5789]|1[0-9])(?:/?M{1,3})?|(IH?)")
"""Names that state the order of a turn, in upper case; those of the icosahedron have order 5."""

CONTINUOUS = _groups(
    "SO2:p4,p6 SE2:p4,p6 O2:p4m,p6m E2:p4m,p6m SO3:P432 SE3:P432 O3:Pm-3m E3:Pm-3m"
)

SPACE = re.compile("[PABCIFR][-/0-9abcdemn]+")
"""How the short symbol of a space group is written."""

AXIS = "(1|(?:21?/)?[mabcden]|21?)"
ALONG_AXES = re.compile(f"([PABCIF]){AXIS}{AXIS}{AXIS}")
"""A symbol of the monoclinic or orthorhombic system that says what is along each axis."""
ALONG_ONE = re.compile(f"([ABIF]){AXIS}")
"""A monoclinic symbol of a centred cell that is not the standard one."""

ON_OTHER_AXES = {
    "p11m": "gc.group('pm').transposed((1, 0))",
    "c11m": "gc.group('cm').in_basis([[1, 0], [0, -1]])",
}
"""The plane groups with the mirror that reverses the second axis."""

TWO_READINGS = _pairs("P4212:P422 P3121:P321 P3221:P321 P31c:P31m P312:P312 P321:P321 P31m:P31m")
"""Symbols in which two digits look like a screw axis that is not there."""

GLIDES_OR_SCREWS = (
    "has glides or screws that leave no point fixed by its whole class, so it does not split into "
    "translations and a stabilizer: use {!r}, the group of its class and lattice that does"
)


SPACE_GROUPS: Groups = {}
"""The split space groups of each crystal class."""
for _kind, _symbols in re.findall("(.*?) +: .*: (.*)", TABLE):
    SPACE_GROUPS.setdefault(SAME_CLASS.get(_kind, _kind), []).extend(_symbols.split())


def advice(name: str) -> str:
    """The group that may be meant by a name that is not installed, in one sentence; or nothing.

    Examples:
        >>> advice("C6h")
        "C6h is a stabilizer, and a group has a lattice too: use 'P6/m' in space"
    """
    name, known = name.strip(), list(gc.groups())
    said = _number(name, known) or _stabilizer(name, known) or _symbol(name, known)
    if said or name.lower() in map(str.lower, known):  # the registry knows about cases
        return said
    other_case = _symbol(name.lower(), known) or _symbol(name.capitalize(), known)
    return other_case or _without_lattice(name, known)


def _number(name: str, installed: list[str]) -> str:
    """The groups with a number in the International Tables; small ones count in the plane too."""
    if not re.fullmatch("[0-9]{1,3}", name) or not 1 <= (number := int(name)) <= 230:
        return ""
    start = f"number {number} of the International Tables is"
    space, planes = SPACE_NUMBERS.split()[number - 1], PLANE_NUMBERS.split()
    if number <= len(planes):
        plane, space = (_or_split(symbol, installed) for symbol in (planes[number - 1], space))
        return f"{start} {plane} in the plane and {space} in space"
    if space in installed:
        return f"{start} called {space!r} here"
    companion = split_companion(space)
    advised = f"{start} {space}, which {GLIDES_OR_SCREWS.format(companion)}"
    return advised if companion in installed else ""


def _or_split(symbol: str, installed: list[str]) -> str:
    """An installed symbol, or one that does not split and the group to use instead."""
    if symbol in installed:
        return repr(symbol)
    companion = split_companion(symbol)
    advised = f"{symbol} (it does not split; use {companion!r})"
    return advised if companion in installed else symbol


def _stabilizer(name: str, installed: list[str]) -> str:
    """The groups of a crystal class, or of an abstract group."""
    called = name.replace("_", "").capitalize()
    symbol = SCHOENFLIES.get(called, name)
    flat, rotations = DIHEDRAL.get(called, symbol), PERMUTATIONS.get(called, symbol)
    meant = [("in the plane", flat, PLANE)]
    meant += [("in space", kind, SPACE_GROUPS) for kind in dict.fromkeys([symbol, rotations])]
    found = [(where, kind, groups[kind]) for where, kind, groups in meant if kind in groups]
    classes = {kind for _, kind, _ in found}
    places = (f"{where} (class {kind})" if len(classes) > 1 else where for where, kind, _ in found)
    use = _use(dict(zip(places, (names for *_, names in found), strict=True)), installed)
    return f"{name} is a stabilizer, and a group has a lattice too: {use}" if use else ""


def _symbol(name: str, installed: list[str]) -> str:
    """The group of a symbol in another spelling or setting, or the split one of its class."""
    written, is_called = spellings(name), "that group is called {!r} here"
    found = [(OTHER_NAMES.get(symbol, symbol), is_called) for symbol in written]
    found[:0] = [
        (OTHER_NAMES[symbol], f"{is_called}, on other axes: {ON_OTHER_AXES[symbol]}")
        for symbol in written
        if symbol in ON_OTHER_AXES
    ]
    for symbol in written:
        setting, is_meant = axes_setting(symbol)
        if is_meant:
            parts = filter(None, [is_called, other_axes(symbol, setting)])
            found.append((setting, ", ".join(parts)))
    found += [(split_companion(symbol), f"{symbol} {GLIDES_OR_SCREWS}") for symbol in written]
    return next((text.format(group) for group, text in found if group in installed), "")


def _without_lattice(name: str, installed: list[str]) -> str:
    """A group with more turns than a lattice can have: the crystallographic restriction."""
    called = re.sub("[_()]", "", name).upper()
    if called in CONTINUOUS:
        use = _use({"": CONTINUOUS[called]}, installed)
        start = f"{name} is continuous, and the stabilizer of a lattice is finite"
        return f"{start}: {use}" if use else ""
    found = NO_LATTICE.fullmatch(called)
    order = int(found[1] or found[2] or 5) if found else 1
    use = _use({"in the plane": ["p4m", "p6m"], "in space": ["Pm-3m"]}, installed)
    if order in (1, 2, 3, 4, 6) or not use:
        return ""
    start = f"no lattice of the plane or of space has turns of order {order}"
    return f"{start}, only of orders 1, 2, 3, 4 and 6: {use}"


def _use(groups: Groups, installed: list[str]) -> str:
    """The next step: the installed ones of some groups, by where they act."""
    parts = []
    for where, names in groups.items():
        *first, last = [repr(name) for name in names if name in installed] or [""]
        if last:
            parts.append(f"{', '.join(first)} or {last} {where}" if first else f"{last} {where}")
    return f"use {', '.join(parts)}".rstrip() if parts else ""


def spellings(name: str) -> list[str]:
    """A symbol as written and in short: `Pmmm` for `P 2/m 2/m 2/m`, `Pm-3m` for `Pm3m`."""
    name = re.sub(r" ?: ?[HR12]$|_|\((?=\d\))|(?<=\(\d)\)", "", name)  # choices of cell; 2_1, 2(1)
    letter, *axes = name.split() or [""]
    plain = short = letter + "".join(axes)
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
    short = re.sub("(?<=.)([a-z])3", r"\1-3", short)  # the older way to write a cubic -3
    return list(dict.fromkeys([plain, short]))


def axes_setting(symbol: str) -> tuple[str, bool]:
    """The split group of a monoclinic or orthorhombic class, and whether the symbol means it.

    The group is in its standard setting: a monoclinic axis is b, a rotation along two mirrors is
    along c, and a cell with one centred face has it on C, or on A if the rotation lies in it.
    A symbol with screws or glides, such as `I2/a`, means another group. Empty in other systems.
    """
    if not (found := ALONG_ONE.fullmatch(symbol) or ALONG_AXES.fullmatch(symbol)):
        return "", False
    centring, *axes = found.groups()
    kinds = [re.sub("[abcden]", "m", axis.replace("21", "2")) for axis in axes]
    along = [i for i, kind in enumerate(kinds) if kind != "1"]
    rotations = [i for i, kind in enumerate(kinds) if kind == "2"]
    if len(along) == 1:  # a smaller cell needs no centred face across the axis
        (i,) = along
        is_primitive = centring == "P" or (len(kinds) > 1 and centring == "ABC"[i])
        setting = f"{'P' if is_primitive else 'C'}{kinds[i]}"
    elif len(along) == 3 and len(rotations) != 2:
        if centring in "ABC":
            centring = "A" if len(rotations) == 1 and centring != "ABC"[rotations[0]] else "C"
        setting = centring + {0: "mmm", 1: "mm2", 3: "222"}[len(rotations)]
    else:
        return "", False
    return setting, kinds == axes


def other_axes(symbol: str, setting: str) -> str:
    """How a group in its standard setting is brought to the axes of another symbol, if it must.

    The axes of the cell are permuted, and those of its primitive basis in the same way.

    Examples:
        >>> other_axes("P112", "P2")
        "with axis 1 (b) as its special one; with axis 2 (c): gc.group('P2').transposed((2, 0, 1))"
    """
    in_another_cell = "in its standard setting, which has another cell"
    if not (given := ALONG_AXES.fullmatch(symbol)):
        return in_another_cell
    kinds, centring = list(given.groups()[1:]), given[1]
    kinds = kinds if "1" in kinds else [kind.removeprefix("2/") for kind in kinds]
    own = re.findall("2/m|2|m", setting[1:])
    own = own if len(own) == 3 else ["1", *own, "1"]
    for axes in [(0, 1, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1), (1, 0, 2), (2, 1, 0)]:
        face = "ABC".find(setting[0])
        moved = "ABC"[axes.index(face)] if face >= 0 else setting[0]
        if [own[axis] for axis in axes] == kinds and moved == centring:
            if axes == (0, 1, 2):
                return ""
            special = next((i for i, kind in enumerate(own) if own.count(kind) == 1), face)
            line = f"gc.group({setting!r}).transposed({axes})"
            names = [f"axis {i} ({'abc'[i]})" for i in (special, axes.index(special))]
            return f"with {names[0]} as its special one; with {names[1]}: {line}"
    return in_another_cell


def split_companion(symbol: str) -> str:
    """The split group of the crystal class of one that does not split; empty for any other name.

    Screw axes become rotations and glide planes mirrors: `I4/mmm` for `I41/amd`.
    """
    if not SPACE.fullmatch(symbol):
        return GLIDES.get(symbol, "")
    if setting := axes_setting(symbol)[0]:
        return setting
    mirrors = re.sub("[abcden]", "m", symbol[1:])
    screws = "^(?:6[1-5]|4[123]|3[12])|21"
    rotations = re.sub(screws, lambda screw: screw[0][0], mirrors)
    split = TWO_READINGS.get(symbol, symbol[0] + rotations)
    return split if split != symbol else ""
