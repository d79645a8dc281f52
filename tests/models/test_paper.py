"""The networks of section 8.1."""

from __future__ import annotations

import pytest
import torch

from groupconv.errors import ArgumentError, EquivarianceWarning, ShapeError
from groupconv.models import P4CNN, Z2CNN, P4CNNRotationPooling
from groupconv.nn import GroupConv
from tests.support.groups import P6M, P222


def count(model):
    return sum(p.numel() for p in model.parameters())


def test_parameters_are_those_of_the_paper():
    """About 21.8 k for Z2CNN and 24.7 k for P4CNN; counted by hand in the comments."""
    # 1·20·9 + 20, five of 20·20·9 + 20, 20·10·16 + 10, six norms of 40
    assert count(Z2CNN()) == 200 + 5 * 3620 + 3210 + 240 == 21_750
    # 1·10·9 + 10, five of 10·10·4·9 + 10, 10·10·4·16 + 10, six norms of 20
    assert count(P4CNN()) == 100 + 5 * 3610 + 6410 + 120 == 24_680
    assert count(P4CNNRotationPooling()) == 21_750


@pytest.mark.parametrize("model", [Z2CNN, P4CNN, P4CNNRotationPooling])
def test_seven_convolutions_and_one_pooling(model):
    net = model()
    convolutions = [layer for layer in net.modules() if isinstance(layer, GroupConv)]
    assert [conv.kernel_size[0] for conv in convolutions] == [3] * 6 + [4]
    names = [type(layer).__name__ for layer in net.layers]
    assert names.count("MaxPool") == 1
    assert names.count("BatchNorm") == names.count("ReLU") == 6
    before_pool = names[: names.index("MaxPool")]
    assert before_pool.count("BatchNorm") == 2
    assert ("Dropout" in names) == (model is Z2CNN)
    assert net(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize("group", ["z2", "p4", "p4m"])
def test_networks_are_generic_in_the_group(group):
    net = P4CNN(in_channels=3, num_classes=7, channels=3, group=group)
    assert net(torch.zeros(2, 3, 30, 30)).shape == (2, 7)


def test_bad_input_is_refused():
    with pytest.raises(ShapeError, match=r"expected \(B, 1, H, W\) with H and W at least 28"):
        P4CNN()(torch.zeros(2, 1, 8, 8))
    with pytest.raises(ShapeError, match="B, 1, H, W"):
        P4CNN()(torch.zeros(2, 3, 28, 28))
    with pytest.raises(ArgumentError, match="'P222' has dimension 3, expected 2"):
        P4CNN(group=P222)
    for model in (P4CNN, P4CNNRotationPooling):
        with pytest.raises(ArgumentError, match="'p6m' acts on the lattice 'hexagonal'") as caught:
            model(group=P6M)
        assert "to_lattice" in str(caught.value)
    with pytest.warns(EquivarianceWarning, match="MaxPool places its windows"):
        P4CNN()(torch.zeros(2, 1, 29, 29))
