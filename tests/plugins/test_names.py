"""Advice about names that are not installed, against spglib's database."""

from __future__ import annotations

import re

import numpy as np
import pytest
import spglib

import groupconv as gc
from groupconv.errors import UnknownGroupError
from groupconv_plugins import space
from groupconv_plugins.names import SCHOENFLIES, SPACE_GROUPS, advice
from tests.plugins.test_catalogue import HALL_NUMBERS, is_symmorphic

TYPES = {hall: spglib.get_spacegroup_type(hall) for hall in range(1, 531)}
STANDARD = {}
for found in TYPES.values():
    STANDARD.setdefault(found.number, found)

SPLIT = {TYPES[HALL_NUMBERS[s]].arithmetic_crystal_class_symbol: s for s in space.SYMBOLS}
"""The split group of each of the 73 arithmetic crystal classes."""


@pytest.fixture
def only_space_groups(monkeypatch):
    """As if no group of the plane were installed, whose names could be meant in lower case."""
    monkeypatch.setattr(gc, "groups", lambda: dict.fromkeys(space.SYMBOLS))


def does_not_split(sentence, companion):
    return re.search(
        rf" has glides or screws .*, so it does not split .*: use '{companion}', the group of its "
        rf"class and lattice that does$",
        sentence,
    )


def test_every_space_group_is_known_by_its_other_names_or_its_split_one(only_space_groups):
    assert len(STANDARD) == 230
    for found in STANDARD.values():
        short = found.international_short.replace("_", "")
        own = SPLIT[found.arithmetic_crystal_class_symbol]
        names = {short, found.international_short, found.international_full, short.lower()}
        names |= {found.international.split("=")[-1], short.replace("m-3", "m3")}
        for name in names - set(space.SYMBOLS):
            said = advice(name)
            if name.lower() in {known.lower() for known in space.SYMBOLS}:
                assert said == "" or name == "c2"  # the registry knows about cases
            elif short == own:
                assert said == f"that group is called {own!r} here", name
            else:
                assert does_not_split(said, own), name


def test_every_setting_is_one_of_its_group(only_space_groups):
    """All 530 of the database, by their full symbols; by shorter ones too, where axes differ."""
    for hall, found in TYPES.items():
        own = SPLIT[found.arithmetic_crystal_class_symbol]
        full = found.international_full
        names = {full}
        if 3 <= found.number <= 74:  # of the monoclinic and orthorhombic system
            names |= {full.replace(" ", "")}
        if 16 <= found.number <= 74:
            names |= {full.replace("2/", "").replace(" ", "")}
        for name in names - set(space.SYMBOLS):
            said = advice(name)
            if is_symmorphic(hall):
                called = f"that group is called {own!r} here"
                other = f"{called}, in its standard setting, which has another cell"
                assert said in (called, other) or is_line_to(hall, own, said), (name, said)
            else:
                assert does_not_split(said, own), (name, said)


def is_line_to(hall, own, said):
    """Whether advice ends with the line that makes exactly this setting of the database."""
    line = re.search(r": gc\.group\((.*)\)\.transposed\((.*)\)$", said)
    group, axes = gc.group(eval(line[1])), list(eval(line[2]))
    assert group.name == own
    # Primitive axes are permuted as those of the cell: in the new cell they are these columns.
    denominator, columns = space.PRIMITIVE[own[0]]
    P = np.array(columns)[np.ix_(axes, axes)] / denominator
    moved = P @ group.transposed(axes).stabilizer.matrices @ np.linalg.inv(P)
    expected = spglib.get_symmetry_from_database(hall)["rotations"]
    return {str(A) for A in moved.round().astype(int)} == {str(A) for A in expected}


def test_every_text_of_the_database_gets_a_sentence(monkeypatch):
    """Symbols with spaces, underscores and choices of cell, and the names of crystal classes."""
    installed = set(gc.groups())
    monkeypatch.setattr(gc, "groups", lambda: installed)  # listing them takes a while
    lower = {name.lower() for name in installed}
    for found in TYPES.values():
        texts = {found.international_short, found.international_full, found.pointgroup_schoenflies,
                 found.pointgroup_international, *found.international.split("=")}  # fmt: skip
        if found.choice in ("H", "R", "1", "2"):
            texts |= {f"{found.international_short}:{found.choice}"}
        for text in texts - installed:
            said = advice(text)
            assert re.search("'.+'", said) or text.lower() in lower, (text, said)
            assert "\n" not in said
            assert len(said) < 250


def test_planar_mirrors_on_other_axes():
    for name in ("p11m", "c11m"):
        said = advice(name)
        (line,) = re.findall("on other axes: (.*)$", said)
        moved = eval(line, {"gc": gc}).stabilizer.descriptions[1]
        assert moved == {"p11m": "reverses axis 1", "c11m": "exchanges axes 0 and 1"}[name]


@pytest.mark.parametrize("number", range(1, 231))
def test_every_number_of_the_international_tables(number):
    found = STANDARD[number]
    symbol = found.international_short.replace("_", "")
    own = SPLIT[found.arithmetic_crystal_class_symbol]
    said = advice(str(number))
    assert said.startswith(f"number {number} of the International Tables is ")
    if number > 17:
        if symbol == own:
            assert said.endswith(f" is called {own!r} here")
        else:
            assert f"is {symbol}, which has glides or screws" in said
            assert does_not_split(said, own)
    elif symbol == own:
        assert said.endswith(f" in the plane and {own!r} in space")
    else:
        assert said.endswith(f" and {symbol} (it does not split; use {own!r}) in space")


def test_small_numbers_are_of_the_plane_too():
    plane = [re.search("is (.*) in the plane", advice(str(n)))[1] for n in range(1, 18)]
    split = [re.search("'(.*)'", text)[1] for text in plane]
    assert split == ["z2", "p2", "pm", "pm", "cm", "pmm", "pmm", "pmm", "cmm", "p4", "p4m", "p4m",
                     "p3", "p3m1", "p31m", "p6", "p6m"]  # fmt: skip
    assert plane[11] == "p4g (it does not split; use 'p4m')"


@pytest.mark.parametrize(("name", "known", "axes"), [
    ("P112", "P2", (2, 0, 1)), ("Bm2m", "Cmm2", (1, 2, 0)),
    ("C2mm", "Amm2", (2, 1, 0)), ("bm2m", "Cmm2", (1, 2, 0)),
    ("Bmmm", "Cmmm", (1, 2, 0)), ("A222", "C222", (2, 0, 1)), ("P m 1 1", "Pm", (1, 2, 0)),
    ("I2/m", "C2/m", None), ("Am", "Cm", None), ("B2", "C2", None),
])  # fmt: skip
def test_other_settings(name, known, axes):
    called, said = f"that group is called {known!r} here", advice(name)
    if axes:
        assert said.startswith(f"{called}, with axis ")
        assert said.endswith(f": gc.group({known!r}).transposed({axes})")
        assert gc.group(known).transposed(axes).order == gc.group(known).order
    else:
        assert said == f"{called}, in its standard setting, which has another cell"


@pytest.mark.parametrize(("name", "known"), [
    ("Fd3m", "Fm-3m"), ("F d 3 m", "Fm-3m"), ("I a 3 d", "Im-3m"), ("P a 3", "Pm-3"),
    ("P 2(1)/c", "P2/m"), ("P4(1)", "P4"), ("P21/n", "P2/m"), ("Pbnm", "Pmmm"), ("P 1 c 1", "Pm"),
    ("P4G", "p4m"), ("p11g", "pm"), ("PNMA", "Pmmm"), ("I2/a", "C2/m"), ("P21ma", "Pmm2"),
    ("Ia", "Cm"),
])  # fmt: skip
def test_glides_are_seen_in_other_settings_and_cases(name, known):
    assert does_not_split(advice(name), known)


@pytest.mark.parametrize(("name", "known"), [
    ("P121", "P2"), ("P1m1", "Pm"), ("p1m1", "pm"), (" p4", "p4"),
    ("P 2 3", "P23"), ("R32:H", "R32"), ("R 3 2 :R", "R32"), ("P 2/m : 1", "P2/m"),
    ("Fm3m", "Fm-3m"), ("F m 3 m", "Fm-3m"), ("FM3M", "Fm-3m"), ("P 4 M", "p4m"), ("p211", "p2"),
    ("Z3", "P1"),
])  # fmt: skip
def test_other_spellings(name, known):
    assert advice(name) == f"that group is called {known!r} here"


def test_crystal_classes_are_those_of_the_database():
    split = {}
    for symbol in space.SYMBOLS:
        found = TYPES[HALL_NUMBERS[symbol]]
        split.setdefault(found.pointgroup_schoenflies, []).append(symbol)
    assert len(split) == 32
    for name, symbols in split.items():
        assert sorted(SPACE_GROUPS[SCHOENFLIES[name]]) == sorted(symbols), name
        if name not in gc.groups():
            assert set(symbols) <= set(re.findall("'(.*?)'", advice(name))), name


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("C4", "use 'p4' in the plane, 'P4' or 'I4' in space"),
        ("c_4", "use 'p4' in the plane, 'P4' or 'I4' in space"),
        ("C4v", "use 'p4m' in the plane, 'P4mm' or 'I4mm' in space"),
        ("4mm", "use 'p4m' in the plane, 'P4mm' or 'I4mm' in space"),
        ("D4", "use 'p4m' in the plane (class 4mm), 'P422' or 'I422' in space (class 422)"),
        ("D6", "use 'p6m' in the plane (class 6mm), 'P622' in space (class 622)"),
        ("D1", "use 'pm' or 'cm' in the plane (class m), 'P2' or 'C2' in space (class 2)"),
        ("D6h", "use 'P6/mmm' in space"),
        ("Oh", "use 'Pm-3m', 'Fm-3m' or 'Im-3m' in space"),
        ("m-3m", "use 'Pm-3m', 'Fm-3m' or 'Im-3m' in space"),
        ("Td", "use 'P-43m', 'F-43m' or 'I-43m' in space"),
        ("O", "use 'P432', 'F432' or 'I432' in space"),
        ("A4", "use 'P23', 'F23' or 'I23' in space"),
        ("S4", "use 'P-4' or 'I-4' in space (class -4), "
               "'P432', 'F432' or 'I432' in space (class 432)"),
    ],
)  # fmt: skip
def test_stabilizers(name, use):
    assert advice(name) == f"{name} is a stabilizer, and a group has a lattice too: {use}"


@pytest.mark.parametrize(("name", "order"), [
    ("p5", 5), ("p8", 8), ("p12", 12), ("p8m", 8), ("P5", 5), ("C5", 5), ("C8", 8), ("D8", 8),
    ("c16", 16), ("D5h", 5), ("Ih", 5),
])  # fmt: skip
def test_turns_that_no_lattice_has(name, order):
    assert advice(name) == (
        f"no lattice of the plane or of space has turns of order {order}, only of orders 1, 2, 3, "
        f"4 and 6: use 'p4m' or 'p6m' in the plane, 'Pm-3m' in space"
    )


@pytest.mark.parametrize(("name", "use"), [
    ("SO(2)", "'p4' or 'p6'"), ("SE(2)", "'p4' or 'p6'"), ("O(2)", "'p4m' or 'p6m'"),
    ("E(2)", "'p4m' or 'p6m'"), ("SO(3)", "'P432'"), ("O(3)", "'Pm-3m'"), ("SE3", "'P432'"),
])  # fmt: skip
def test_continuous_groups(name, use):
    start = f"{name} is continuous, and the stabilizer of a lattice is finite"
    assert advice(name) == f"{start}: use {use}"


@pytest.mark.parametrize(
    "name", ["", "P4M", "p44", "0", "231", "nothing-like-it", "D4x", "²", "9" * 5000]
)
def test_of_other_names_there_is_nothing_to_say(name):
    assert advice(name) == ""


@pytest.mark.parametrize("name", ["C4", "221", "12", "p8", "SO(2)", "Fd3m"])
def test_only_installed_groups_are_advised(name, monkeypatch):
    monkeypatch.setenv("GROUPCONV_PLUGINS", "groupconv-other, z2")
    assert "'" not in advice(name)


def test_the_registry_asks_for_it():
    with pytest.raises(UnknownGroupError, match=r"^no group named 'C6h' is installed; C6h is"):
        gc.group("C6h")
