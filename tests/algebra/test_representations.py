"""Real irreducible representations and the Fourier transform: every axiom, for every group."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import groupconv as gc
from groupconv.algebra.representations import fourier_matrix, real_irreps

pytestmark = pytest.mark.filterwarnings("ignore::groupconv.errors.ExperimentalWarning")

UNITS = [sign * unit for unit in np.eye(4, dtype=int) for sign in (1, -1)]
"""The quaternions 1, -1, i, -i, j, -j, k, -k."""


def product(a, b):
    a0, a1, a2, a3 = a
    left = np.array([[a0, -a1, -a2, -a3], [a1, a0, -a3, a2], [a2, a3, a0, -a1], [a3, -a2, a1, a0]])
    return left @ b


def number(x):
    return next(n for n, unit in enumerate(UNITS) if (unit == x).all())


def tables(name):
    if name == "quaternions":
        composition = np.array([[number(product(a, b)) for b in UNITS] for a in UNITS])
    elif name == "C7":
        composition = np.add.outer(np.arange(7), np.arange(7)) % 7
    else:
        stabilizer = gc.group(name).stabilizer
        return stabilizer.composition, stabilizer.inverse
    return composition, (composition == 0).argmax(1)


@pytest.fixture(params=[*gc.groups(), "C7", "quaternions"])
def found(request):
    composition, inverse = tables(request.param)
    return composition, inverse, real_irreps(composition, inverse)


def test_they_are_all_irreducible_representations(found):
    composition, inverse, irreps = found
    S = len(composition)
    for irrep in irreps:
        rho, D, e = irrep.matrices, irrep.dimension, irrep.dimension // len(irrep.rows)
        np.testing.assert_allclose(rho[composition], rho[:, None] @ rho, atol=1e-12)
        np.testing.assert_allclose(rho[inverse], rho.transpose(0, 2, 1), atol=1e-12)
        np.testing.assert_allclose(irrep.character @ irrep.character / S, e, atol=1e-12)
        squares = irrep.character[np.diag(composition)].mean()  # of Frobenius and Schur
        assert round(squares, 9) == {"real": 1, "complex": 0, "quaternionic": -2}[irrep.kind]
        assert D % e == 0
    for one, other in itertools.combinations(irreps, 2):
        np.testing.assert_allclose(one.character @ other.character, 0, atol=1e-11)
    assert sum(irrep.dimension * len(irrep.rows) for irrep in irreps) == S
    np.testing.assert_allclose(irreps[0].matrices, 1, atol=1e-12)


def test_the_transform_makes_correlations_block_diagonal(found):
    composition, inverse, irreps = found
    S, F = len(composition), fourier_matrix(irreps)
    np.testing.assert_allclose(F @ F.T, np.eye(S), atol=1e-12)
    x, psi = np.random.default_rng(0).standard_normal((2, S))
    y = [x @ psi[composition[inverse[s]]] for s in range(S)]
    blocks = [(irrep.fourier @ x) @ np.einsum("u,ujk->kj", psi, irrep.matrices) for irrep in irreps]
    np.testing.assert_allclose(F.T @ np.concatenate([b.ravel() for b in blocks]), y, atol=1e-11)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("p4m", ["real"] * 5),
        ("p4", ["real", "real", "complex"]),
        ("P23", ["real", "complex", "real"]),
        ("C7", ["real", *["complex"] * 3]),
        ("quaternions", [*["real"] * 4, "quaternionic"]),
    ],
)
def test_kinds(name, kinds):
    assert [irrep.kind for irrep in real_irreps(*tables(name))] == kinds


@pytest.mark.parametrize(
    ("name", "products"), [("p4m", 12), ("p6m", 20), ("P432", 64), ("Pm-3m", 128)]
)
def test_how_many_multiplications_a_correlation_needs(name, products):
    assert gc.group(name).stabilizer.fourier_products == products


def test_they_are_kept_with_the_stabilizer_and_cannot_be_changed():
    stabilizer = gc.group("p4m").stabilizer
    assert stabilizer.irreps is stabilizer.irreps
    with pytest.raises(ValueError, match="read-only"):
        stabilizer.fourier[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        stabilizer.irreps[-1].matrices[0] = 0
