"""Groups made of groups: of a subgroup, on transposed axes, in another basis; and in words."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch

import groupconv as gc
from groupconv import GeneratedGroup
from groupconv.algebra.words import in_words
from groupconv.errors import ArgumentError, AxiomError
from groupconv.nn.functional import act
from tests.support.groups import CUBE, GROUPS, P4, P4M, P6M, Z2

NAMESPACE = {"GeneratedGroup": GeneratedGroup, "Lattice": gc.Lattice}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_every_subgroup_is_a_group(group):
    for H in group.subgroups():
        small = H.as_group()
        matrices = group.stabilizer.matrices[list(H.elements)].tolist()
        assert sorted(small.stabilizer.matrices.tolist()) == sorted(matrices)
        assert small.stabilizer.name == H.abstract_name
        assert small.lattice == group.lattice
        assert eval(repr(small), NAMESPACE) == small
        assert small.name.startswith(f"{group.name}.subgroup(")
        assert f"{H.as_group('own').name}" == "own"


def test_subgroups_keep_the_coordinates_of_their_group():
    assert P4M.subgroup((0, 1)).as_group().coordinate_names == ("r", "t0", "t1")
    assert P4M.subgroup((1, 0)).as_group().coordinate_names == ("m", "t0", "t1")
    assert P4M.stabilizer.whole.as_group().coordinate_names == ("m", "r", "t0", "t1")
    np.testing.assert_array_equal(
        P4M.stabilizer.whole.as_group().stabilizer.matrices, P4M.stabilizer.matrices
    )
    assert P4M.subgroup((0, 2)).as_group().coordinate_names == ("r2", "t0", "t1")
    diagonal = P4M.subgroup((0, 2), (1, 1)).as_group()
    assert diagonal.coordinate_names == ("r2", "mr", "t0", "t1")
    assert P6M.subgroup((0, 2), (1, 1)).as_group().coordinate_names == ("r2", "mr", "t0", "t1")
    assert P4M.subgroup().as_group().coordinate_names == ("t0", "t1")
    assert P4.subgroup(1).as_group().stabilizer == P4.stabilizer
    # The coordinate a2, and the square of a: one name for two generators would lose one of them.
    inversion, turn = np.diag([-1, -1, -1]), [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    group = GeneratedGroup("P4/m", {"a2": (inversion, 2), "a": (turn, 4)})
    assert group.subgroup((1, 0), (0, 2)).as_group().coordinate_names == (*"ab", "t0", "t1", "t2")


@pytest.mark.parametrize(
    "group",
    [
        P4M.subgroup((0, 2), (1, 1)).as_group(),
        gc.group("P4").transposed((2, 0, 1)),
        P4M.transposed((1, 0)),
        P6M.in_basis([[1, 1], [0, 1]]),
        P4.in_basis(((1, 1), (0, 1))),
        CUBE.subgroup(1, 2).as_group().transposed((1, 2, 0)),
    ],
    ids=lambda group: group.name,
)
def test_they_are_proved_and_certified_as_any_other(group):
    gc.verify(group).raise_if_failed()
    assert eval(repr(group), NAMESPACE) == group
    box = 2 * np.abs(group.stabilizer.matrices).max(axis=(0, 2)) + 1
    options = {"padding": tuple(box // 2), "padding_mode": "circular", "group": group}
    layer = gc.nn.LiftingConv(1, 2, tuple(box), **options)
    x = torch.randn(1, 1, *[9] * group.dimension)
    gc.testing.assert_equivariant(layer, x, circular=True)


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (2, 1, 0)])
def test_transposed_groups_act_on_transposed_arrays(axes):
    group = gc.group("P4/mmm")
    moved = group.transposed(axes)
    assert moved.lattice == group.lattice
    x = torch.randn(3, 4, 5)
    for s in range(group.order):
        g = group.element(s)
        expected = act(x, g, group).permute(axes)
        assert torch.equal(act(x.permute(axes), g, moved), expected)


def test_slices_of_a_volume_are_turned_in_their_plane():
    """P4 turns D and H of (D, H, W); on a CT volume, H and W are meant."""
    volume = torch.randn(4, 6, 6)
    ct = gc.group("P4").transposed((2, 0, 1))
    assert torch.equal(act(volume, (1, 0, 0, 0), ct), torch.rot90(volume, 1, (1, 2)))
    flips = gc.group("pm").transposed((1, 0))
    image = torch.randn(5, 7)
    assert torch.equal(act(image, (1, 0, 0), gc.group("pm")), image.flip(0))
    assert torch.equal(act(image, (1, 0, 0), flips), image.flip(1))


def test_another_basis_takes_the_lattice_along():
    P = sympy.Matrix([[1, 1], [0, 1]])
    moved = P6M.in_basis(P.tolist())
    gram = P6M.lattice.gram
    assert moved.lattice.gram == P.T * gram * P
    for s in range(P6M.order):
        A = sympy.Matrix(P6M.stabilizer.matrices[s])
        assert sympy.Matrix(moved.stabilizer.matrices[s]) == P.inv() * A * P
    assert P4M.in_basis([[0, -1], [1, 0]]).lattice == P4M.lattice  # an isometry


@pytest.mark.parametrize(
    "P", [[[1, 0], [0, 2]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 1], [1, 1]]]
)
def test_what_is_not_a_basis_is_refused(P):
    with pytest.raises(ArgumentError, match="determinant 1 or -1, a basis of the lattice"):
        P4.in_basis(P)
    with pytest.raises(ArgumentError, match=r"axes=\(0, 0\) of group 'p4': expected each of 0, 1"):
        P4.transposed((0, 0))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1]], "identity"),
        ([[-1]], "reverses axis 0"),
        ([[-1, 0], [0, -1]], "half turn"),
        ([[0, 1], [-1, 0]], "quarter turn from axis 1 to axis 0"),
        ([[0, 1], [1, 0]], "exchanges axes 0 and 1"),
        ([[0, -1], [-1, 0]], "exchanges axes 0 and 1 and reverses both"),
        ([[1, 0], [0, -1]], "reverses axis 1"),
        ([[1, -1], [1, 0]], "turn by 60° from axis 0 towards axis 1"),
        ([[0, -1], [1, -1]], "turn by 120° from axis 0 towards axis 1"),
        ([[0, 1], [-1, 1]], "turn by 60° from axis 1 towards axis 0"),
        ([[-1, 1], [0, 1]], "mirror that reverses [1 0]"),
        ([[1, 0], [1, -1]], "mirror that reverses [0 1]"),
        (-np.eye(3, dtype=int), "inversion"),
        (np.diag([1, -1, -1]), "half turn about axis 0"),
        (np.diag([-1, -1, 1]), "half turn about axis 2"),
        (np.diag([-1, 1, 1]), "reverses axis 0"),
        (
            [[0, -1, 0], [1, 0, 0], [0, 0, -1]],
            "quarter turn from axis 0 to axis 1, reverses axis 2",
        ),
        ([[0, 1, 0], [1, 0, 0], [0, 0, -1]], "half turn about [1 1 0]"),
        ([[0, 0, 1], [1, 0, 0], [0, 1, 0]], "turn by 120° about [1 1 1]"),
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], "turn by 120° about [-1 -1 -1]"),
        ([[0, 0, -1], [-1, 0, 0], [0, -1, 0]], "turn by 120° about [1 1 1], and inversion"),
        ([[1, -1, 0], [1, 0, 0], [0, 0, 1]], "turn by 60° about [0 0 1]"),
        ([[0, 1, 0], [0, 1, -1], [-1, 1, 0]], "turn by 90° about [1 1 0]"),  # body-centred
        ([[-1, 1, 0], [0, 1, 0], [0, 0, 1]], "mirror that reverses [1 0 0]"),
        (-np.eye(4, dtype=int), "inversion"),
        (np.kron(np.eye(2, dtype=int), [[0, -1], [1, -1]]), "determinant 1"),
    ],
)
def test_words(rows, words):
    assert in_words(rows) == words


@pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")
def test_words_tell_all_elements_of_every_group_apart():
    for name in gc.groups():
        descriptions = gc.group(name).stabilizer.descriptions
        assert descriptions[0] == "identity"
        assert len(set(descriptions)) == len(descriptions), name


TETRAHEDRON = """
x,y,z -x,-y,z -x,y,-z x,-y,-z z,x,y z,-x,-y -z,-x,y -z,x,-y y,z,x -y,z,-x y,-z,-x -y,-z,x
y,x,z -y,-x,z y,-x,-z -y,x,-z x,z,y -x,z,-y -x,-z,y x,-z,-y z,y,x z,-y,-x -z,y,-x -z,-y,x
"""
"""The operations of P-43m, as CIF files list them."""


def test_groups_from_the_operations_of_a_cif():
    group = GeneratedGroup.from_matrices("P-43m", TETRAHEDRON.split())
    own = gc.group("P-43m").stabilizer
    assert sorted(group.stabilizer.matrices.tolist()) == sorted(own.matrices.tolist())
    gc.verify(group).raise_if_failed()


@pytest.mark.parametrize(
    ("matrices", "lattice"),
    [
        (["-y,x"], None),
        ({"turn": "'-Y, +X'"}, None),
        ([np.array([[0, -1], [1, 0]])], None),
        (["x-y, x"], gc.HEXAGONAL),
        (["x+1,y", "-y,x-2"], None),  # by whole cells
        (["−y,x,z"], None),  # a minus sign as typographers write it
        (["-x"], None),
    ],
    ids=str,
)
def test_groups_from_what_people_have(matrices, lattice):
    group = GeneratedGroup.from_matrices("made", matrices, lattice)
    assert group.order in (2, 4, 6)
    gc.verify(group).raise_if_failed()


def test_the_identity_among_generators_is_not_one():
    group = GeneratedGroup.from_matrices("made", ["x,y", "-y,x", "-x,y"])
    assert group.stabilizer_shape == (2, 4) or group.stabilizer_shape == (4, 2)
    assert GeneratedGroup.from_matrices("made", ["x,y,z"]).order == 1


def test_the_same_elements_in_another_order_are_recognised():
    catalogue = gc.group("P-43m").stabilizer
    own = GeneratedGroup.from_matrices("own", ["-y,x,-z", "z,x,y", "y,x,z"]).stabilizer
    assert own != catalogue
    assert own.contains(catalogue)
    assert catalogue.contains(own)
    assert not catalogue.contains(gc.group("P4").stabilizer)
    sheared = gc.group("p2").in_basis([[1, 1], [0, 1]])  # on another lattice
    assert not gc.group("p4").stabilizer.contains(sheared.stabilizer)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x+1/2,-y,z", r"moves by \(1/2, 0, 0\): that is a glide or a screw"),
        ("-y,x,z+0.25", r"moves by \(0, 0, 1/4\): that is a glide or a screw"),
        ("x,y+1/2,z+1/2", "is its centring; take the group of the same symbol"),
        ("x/2+y/2,y,z", "written in a basis that is not one of the lattice's"),
        ("x,y,w", "'w' is not a sum of x, y, z; write one such as '-y,x,z'"),
        ("x,y,", "'' is not a sum of x, y, z"),
        ("x y,x,z", "'x y' is not a sum"),
        ("x,z", "'z' is not a sum of x, y; write one such as '-y,x'"),
        ("w", "'w' is not a sum of x; write one such as '-x'"),
        ("[[0,-1],[1,0]]", "is not a coordinate triplet"),
        ("3 -y,x,z", "begins with a number that stands apart"),
        ("14 y,x,z", "begins with a number that stands apart"),
        ("x,y,z,x", "it has 4 parts, expected up to 3"),
    ],
)
def test_triplets_that_are_no_element_of_a_split_group(text, message):
    with pytest.raises(ArgumentError, match=message):
        GeneratedGroup.from_matrices("made", [text])


@pytest.mark.parametrize("degrees", [45, 30, 72, 360 / 7])
@pytest.mark.parametrize("d", [2, 3])
def test_turns_that_no_lattice_has_are_refused_as_such(degrees, d):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(d)
    matrix[:2, :2] = [[c, -s], [s, c]]
    with pytest.raises(AxiomError, match=f"turns by {degrees:.4g}°, and turns of a lattice have"):
        GeneratedGroup.from_matrices("made", [matrix])
    with pytest.raises(AxiomError, match=f"turns by {degrees:.4g}°, and turns of a lattice have"):
        GeneratedGroup("made", {"r": (matrix.round(5), 8)})


def test_turns_in_other_coordinates_are_to_be_written_as_integers():
    sixth = [[0.5, -(3**0.5) / 2], [3**0.5 / 2, 0.5]]
    with pytest.raises(AxiomError, match="write it in lattice coordinates, as integers, and name"):
        GeneratedGroup.from_matrices("made", [sixth])


@pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")
def test_symmetries_of_lattices_are_all_that_keep_the_gram_matrix():
    for lattice in {gc.group(name).lattice for name in gc.groups()}:
        found = lattice.symmetries
        gram = np.array(lattice.gram.tolist(), dtype=float)
        np.testing.assert_allclose(found.transpose(0, 2, 1) @ gram @ found, [gram] * len(found))
        assert (found[0] == np.eye(lattice.dimension)).all()
        assert len(np.unique(found, axis=0)) == len(found)
    assert len(gc.HEXAGONAL.in_basis(((1, 3), (0, 1))).symmetries) == 12
    assert len(Z2.lattice.symmetries) == 8


def test_natural_mistakes_with_lists_and_determinants():
    with pytest.raises(ArgumentError, match=r"matrices='-x,y' .*expected a list of triplets"):
        GeneratedGroup.from_matrices("made", "-x,y")
    with pytest.raises(AxiomError, match=r"whole, but of a floating-point type.*astype\(int\)"):
        GeneratedGroup.from_matrices("made", [np.array([[0.0, -1.0], [1.0, 0.0]])])
    with pytest.raises(AxiomError, match="its determinant is not 1 or -1, so no lattice has it"):
        GeneratedGroup.from_matrices("made", ["x-y,x+y"])
    with pytest.raises(ArgumentError, match=r"P=\[\[1, 0.5\], \[0, 1\]\] .* a basis of the lat"):
        P4.in_basis([[1, 0.5], [0, 1]])
    with pytest.raises(ArgumentError, match=r"'p4m'.*and this is 'p4'; make it of this group"):
        gc.nn.Restrict(P4M.subgroup(2), group=P4)
    with pytest.raises(gc.errors.ArgumentError, match=r"as_group\(\)"):
        gc.layers(P4M.subgroup(2))
