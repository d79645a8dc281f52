"""Bad arguments of every room come back as one error of ours."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import groupconv as gc
from groupconv import arguments
from groupconv.errors import ArgumentError, GroupConvError

X = torch.zeros(2, 1, 28, 28)
MAPS = torch.zeros(2, 1, 4, 8, 8)
FEW = gc.data.ImageSet("few", *[X, torch.tensor([0, 9])] * 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gc.nn.GroupConv(4, 4, 3, out_space=np.array([0, 1]), group="p4"), "out_space="),
        (lambda: gc.plotting.equivariance_figure([X[0, 0]], [X[0]], ["x"], "z1"), "z1"),
        (lambda: gc.models.P4CNN(channels=0), "^channels=0: expected a positive integer"),
        (lambda: gc.models.P4CNN(num_classes="10"), "^num_classes='10': expected a positive"),
        (lambda: gc.models.P4CNN(dropout=2.0), "dropout=2.0: expected a number from 0 to 1"),
        (lambda: gc.experiments.train(gc.models.P4CNN(), FEW, epochs=1.5), "epochs=1.5"),
        (
            lambda: gc.experiments.train(gc.models.P4CNN(), FEW, epochs=1, learning_rate=-1),
            "learning_rate=-1: expected a number above 0",
        ),
        (
            lambda: gc.experiments.train(gc.models.P4CNN(num_classes=3), FEW, epochs=1),
            r"scores of shape \(2, 3\), expected \(2, 10\) for 10 classes; correct its last layer",
        ),
        (lambda: gc.data.ImageSet("a", *[np.zeros(2)] * 4), "expected tensors"),
        (lambda: gc.nn.BatchNorm(1, affine="no"), "affine='no': expected True or False"),
    ],
)
def test_bad_arguments_are_told(call, message):
    with pytest.raises(GroupConvError, match=message):
        call()


def test_types_that_torch_mixes_are_let_through():
    norm, layer = gc.nn.BatchNorm(1), gc.nn.LiftingConv(1, 2, 3, group="p4")
    assert norm(X.bfloat16()).dtype == torch.bfloat16
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(X).dtype == layer(X.half()).dtype == torch.bfloat16
    assert gc.nn.functional.coset_pool(MAPS.int(), "p4").dtype == torch.int32


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1", None])
def test_positive_integers_only(value):
    with pytest.raises(ArgumentError, match="n="):
        arguments.positive("n", value)
    assert arguments.positive("n", np.int64(3)) == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", None, True, 1j, 0, 3])
def test_numbers_within_bounds_only(value):
    with pytest.raises(ArgumentError, match="expected a number above 0 to 2"):
        arguments.number("n", value, 0, 2, exclusive=True)
    assert arguments.number("n", np.float32(1), 0, 2) == 1
