"""The 88 split crystallographic groups, against spglib's database and the classification."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import spglib
import spglib.error

import groupconv as gc
from groupconv_plugins import hexagonal, line, plane, space
from tests.support.groups import P4, P4M, Z2

LINE = (line.z1, line.z1m)
PLANE = (Z2, P4, P4M, *(getattr(plane, n) for n in plane.__all__),
         *(getattr(hexagonal, n) for n in hexagonal.__all__))  # fmt: skip

spglib.error.OLD_ERROR_HANDLING = False  # errors are raised, not returned as None
HALL_NUMBERS: dict[str, int] = {}
for hall in range(1, 531):
    found = spglib.get_spacegroup_type(hall)
    HALL_NUMBERS.setdefault(found.international_short, hall)  # the first setting is the standard
    if found.international_short.startswith("R") and found.choice == "H":
        HALL_NUMBERS[found.international_short] = hall


def is_symmorphic(hall):
    """Whether some point is kept by as many operations as the point group has elements."""
    data = spglib.get_symmetry_from_database(hall)
    shifts = [t for R, t in zip(data["rotations"], data["translations"], strict=True)]
    centrings = [
        t for R, t in zip(data["rotations"], shifts, strict=True) if (np.eye(3) == R).all()
    ]
    kept = {
        R.tobytes()
        for R, t in zip(data["rotations"], shifts, strict=True)
        if any(np.allclose((t - c) % 1 % 1, 0, atol=1e-6) for c in centrings)
    }
    return len(kept) == len({R.tobytes() for R in data["rotations"]})


def test_there_are_88_and_all_are_entry_points():
    names = {name for name, e in gc.groups().items() if e.distribution == "groupconv"}
    assert names == {group.name for group in (*LINE, *PLANE)} | set(space.SYMBOLS)
    assert (len(LINE), len(PLANE), len(space.SYMBOLS), len(names)) == (2, 13, 73, 88)


def test_the_73_are_the_symmorphic_ones():
    standard = {}
    for hall in range(1, 531):
        standard.setdefault(spglib.get_spacegroup_type(hall).number, hall)
    symbols = {
        spglib.get_spacegroup_type(hall).international_short.replace("_", "")
        for hall in standard.values()
        if is_symmorphic(hall)
    }
    assert set(space.SYMBOLS) == symbols


@pytest.mark.parametrize("symbol", space.SYMBOLS)
def test_a_space_group_is_that_of_the_database(symbol):
    data = spglib.get_symmetry_from_database(HALL_NUMBERS[symbol])
    group = space.space_group(symbol)
    denominator, columns = space.PRIMITIVE[symbol[0]]
    P = np.array(columns, dtype=float) / denominator
    # The primitive basis is that of the database's centring translations.
    centrings = [
        t for R, t in zip(data["rotations"], data["translations"], strict=True)
        if (np.eye(3) == R).all()
    ]  # fmt: skip
    assert round(1 / np.linalg.det(P)) == len(centrings)
    for translation in (*centrings, *np.eye(3)):
        coordinates = np.linalg.solve(P, translation)
        np.testing.assert_allclose(coordinates, coordinates.round(), atol=1e-6)
    expected = {
        tuple((np.linalg.inv(P) @ R @ P).round().astype(int).flat) for R in data["rotations"]
    }
    for R in data["rotations"]:
        exact = np.linalg.inv(P) @ R @ P
        np.testing.assert_allclose(exact, exact.round(), atol=1e-9)
    assert {tuple(A.flat) for A in group.stabilizer.matrices} == expected
    assert group.order == len(expected)


@pytest.mark.parametrize("symbol", space.SYMBOLS)
def test_the_stated_basis_is_that_of_the_cell(symbol):
    """Cell vectors, back from the primitive basis, have the lengths and angles of their system."""
    group = space.space_group(symbol)
    denominator, columns = space.PRIMITIVE[symbol[0]]
    P = np.array([[Fraction(n, denominator) for n in row] for row in columns], dtype=float)
    basis = np.array(group.lattice.basis.evalf().tolist(), dtype=float)
    a, b, c = (basis @ np.linalg.inv(P)).T
    angles = [x @ y / np.linalg.norm(x) / np.linalg.norm(y) for x, y in ((b, c), (c, a), (a, b))]
    is_hexagonal = spglib.get_spacegroup_type(HALL_NUMBERS[symbol]).number in range(143, 195)
    np.testing.assert_allclose(angles, [0, 0, -0.5 if is_hexagonal else 0], atol=1e-12)
    number = spglib.get_spacegroup_type(HALL_NUMBERS[symbol]).number
    if number >= 75:
        assert np.linalg.norm(a) == pytest.approx(np.linalg.norm(b))
    if number >= 195:
        assert np.linalg.norm(a) == pytest.approx(np.linalg.norm(c))


PLANE_FACTS = {
    # order, reflections, abstract group (International Tables)
    "z2": (1, 0, "C1"), "p2": (2, 0, "C2"), "pm": (2, 1, "C2"), "cm": (2, 1, "C2"),
    "pmm": (4, 2, "C2×C2"), "cmm": (4, 2, "C2×C2"), "p4": (4, 0, "C4"), "p4m": (8, 4, "D4"),
    "p3": (3, 0, "C3"), "p3m1": (6, 3, "D3"), "p31m": (6, 3, "D3"), "p6": (6, 0, "C6"),
    "p6m": (12, 6, "D6"),
}  # fmt: skip


@pytest.mark.parametrize("group", PLANE, ids=lambda group: group.name)
def test_plane_groups_have_the_known_kinds_of_elements(group):
    order, reflections, name = PLANE_FACTS[group.name]
    determinants = np.linalg.det(group.stabilizer.matrices).round()
    assert (group.order, (determinants < 0).sum(), group.stabilizer.name) == (
        order, reflections, name,
    )  # fmt: skip


def invariants(group):
    """What no change of basis changes: of how many elements, which trace, determinant and
    elementary divisors of A - 1."""
    d = group.dimension

    def of(A):
        from sympy import ZZ, Matrix
        from sympy.matrices.normalforms import smith_normal_form

        divisors = smith_normal_form(Matrix(A) - Matrix.eye(d), domain=ZZ)
        return (
            int(np.trace(A)),
            round(np.linalg.det(A)),
            tuple(sorted(map(abs, divisors.diagonal()))),
        )

    return tuple(sorted(Counter(of(A) for A in group.stabilizer.matrices).items()))


def equivalent(one, other, reach=2):
    """A change of basis of GL(d, Z) with small entries that takes one stabilizer to the other.

    Small ones are enough where the invariants agree, that is for p3m1 and p31m: a change of basis
    keeps their third turns, so it is one of the twelve elements of p6m.
    """
    d = one.dimension
    target = {A.tobytes() for A in other.stabilizer.matrices}
    for entries in itertools.product(range(-reach, reach + 1), repeat=d * d):
        B = np.array(entries).reshape(d, d)
        if round(np.linalg.det(B)) in (1, -1):
            inverse = np.linalg.inv(B).round().astype(np.int64)
            if {(B @ A @ inverse).tobytes() for A in one.stabilizer.matrices} == target:
                return True
    return False


@pytest.mark.parametrize("groups", [LINE, PLANE], ids=["line", "plane"])
def test_no_two_groups_are_one_in_another_basis(groups):
    for one, other in itertools.combinations(groups, 2):
        if one.order == other.order:
            assert invariants(one) != invariants(other) or not equivalent(one, other)
    assert all(equivalent(group, group) for group in groups)


def test_the_hexagonal_ones_are_experimental_and_ours():
    for name in hexagonal.__all__:
        assert getattr(hexagonal, name).status == "experimental"
        assert gc.groups()[name].target == f"groupconv_plugins.hexagonal:{name}"
    assert hexagonal.p6m.matrix(0, 1, 0, 0)[:2, :2].tolist() == [[1, -1], [1, 0]]
    assert hexagonal.p6m.matrix(1, 0, 0, 0)[:2, :2].tolist() == [[-1, 1], [0, 1]]
