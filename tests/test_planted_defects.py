"""Planted defects: each must make a check of this suite fail, or the check is worth nothing."""

from __future__ import annotations

import dataclasses
import functools

import pytest
import torch
from sympy import Matrix, cos, pi, sin

import groupconv as gc
from groupconv.errors import AxiomError, EquivarianceError
from groupconv.testing import assert_equivariant
from groupconv_plugins.p4 import P4
from groupconv_plugins.p4m import P4M
from tests.support.checks import (
    check_first_turn_is_rot90,
    check_layer_equals_sums,
    check_table_equals_formula,
)


def circular_layer(group, **options):
    return gc.nn.GroupConv(
        1, 2, 3, padding=1, padding_mode="circular", group=group, dtype=torch.float64, **options
    )


class TurnsTheOtherWay(P4):
    """A sound group, but not p4: both signs of the sine are swapped."""

    def matrix(self, r, u, v):
        return super().matrix(-r % 4, u, v)

    def index(self, matrix):
        r, u, v = super().index(matrix)
        return -r % 4, u, v


class OneWrongSign(P4):
    """One sign of the sine is wrong, and `index` is still that of p4."""

    def matrix(self, r, u, v):
        angle = r * pi / 2
        return Matrix([[cos(angle), sin(angle), u], [sin(angle), cos(angle), v], [0, 0, 1]])

    def index(self, matrix):
        return P4().index(matrix)


class MissingElement(P4M):
    stabilizer_shape = (2, 3)


def test_a_wrong_turning_sense_fails_the_rot90_check():
    check_first_turn_is_rot90(P4())
    with pytest.raises(AssertionError):
        check_first_turn_is_rot90(TurnsTheOtherWay())


def test_a_wrong_sign_fails_verification_and_building():
    assert not gc.verify(OneWrongSign()).passed
    with pytest.raises(AxiomError, match="index of matrix"):
        gc.nn.LiftingConv(1, 1, 3, group=OneWrongSign())


def test_a_missing_element_fails_verification_and_building():
    failed = {failure.name for failure in gc.verify(MissingElement()).failures}
    assert "closure" in failed
    with pytest.raises(AxiomError, match="closure") as caught:
        gc.filter_transform(MissingElement(), 3)
    assert caught.value.elements == ((0, 1, 0, 0), (0, 2, 0, 0))


class Transposed(P4M):
    """p4m with the transposed composition table."""

    @functools.cached_property
    def stabilizer(self):
        sound = P4M().stabilizer
        composition = sound.composition.T.copy()
        return dataclasses.replace(sound, composition=composition)


def test_a_transposed_table_fails_the_formula_and_the_sums():
    check_table_equals_formula(P4M(), 3, "group", "group")
    check_layer_equals_sums(circular_layer(P4M()), n=3)
    with pytest.raises(AssertionError):
        check_table_equals_formula(Transposed(), 3, "group", "group")
    with pytest.raises(AssertionError):
        check_layer_equals_sums(circular_layer(Transposed()), n=3)


class BiasPerPlane(gc.nn.GroupConv):
    def forward(self, x):
        return super().forward(x) + torch.arange(self.transform.out_space.index).view(-1, 1, 1)


def test_a_bias_per_plane_fails_the_equivariance_check():
    x = torch.randn(1, 1, 4, 5, 5)
    assert_equivariant(gc.nn.GroupConv(1, 1, 3, group="p4"), x)
    with pytest.raises(EquivarianceError):
        assert_equivariant(BiasPerPlane(1, 1, 3, group="p4"), x)


def test_a_norm_per_plane_fails_the_equivariance_check():
    class NormPerPlane(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = torch.nn.BatchNorm2d(4)
            torch.nn.init.uniform_(self.norm.weight)

        def forward(self, x):
            return self.norm(x.flatten(1, 2)).view(x.shape)

    x = torch.randn(2, 1, 4, 5, 5)
    assert_equivariant(gc.nn.BatchNorm(1), x, group="p4")
    with pytest.raises(EquivarianceError):
        assert_equivariant(NormPerPlane(), x, group="p4")


def test_shifted_parameters_fail_the_sums(any_bank):
    layer = circular_layer(P4())
    check_layer_equals_sums(layer, n=3)
    layer.bank_index = layer.bank_index.roll(1, dims=0)
    with pytest.raises(AssertionError):
        check_layer_equals_sums(layer, n=3)


def test_a_gradient_with_a_wrong_inverse_table_fails_gradcheck(monkeypatch):
    monkeypatch.setattr("groupconv.nn.bank.SMALL_BANK", 0)
    layer = gc.nn.LiftingConv(1, 1, 3, group="p4", dtype=torch.float64)
    run = lambda w: torch.func.functional_call(layer, {"weight": w}, (x,))  # noqa: E731
    x = torch.randn(1, 1, 4, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(run, layer.weight)
    layer.bank_inverse = layer.bank_inverse.roll(1, dims=1)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(run, layer.weight)
