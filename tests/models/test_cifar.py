"""The networks of section 8.2: the paper's numbers of parameters, and what conversion makes."""

from __future__ import annotations

import pytest
import torch

import groupconv as gc
from groupconv.errors import ArgumentError
from groupconv.experiments import count_parameters
from groupconv.models import AllCNN, ResNet44, WideResNet26


@pytest.mark.parametrize(
    ("network", "group", "expected"),
    [
        (AllCNN, "z2", 1_369_738),  # 1.37 M in the paper
        (AllCNN, "p4", 1_369_738),  # 1.37 M
        (AllCNN, "p4m", 1_218_826),  # 1.22 M
        (ResNet44, "z2", 2_635_882),  # to the last parameter
        (ResNet44, "p4m", 2_618_475),
        (WideResNet26, "p4m", 7_164_385),  # 7.2 M
    ],
)
def test_parameters_are_those_of_the_paper(network, group, expected):
    assert count_parameters(network(group=group)) == expected


def test_layers_are_as_many_as_their_names_say():
    def convolutions(net):
        made = [m for m in net.modules() if isinstance(m, gc.nn.GroupConv)]
        return sum(m.kernel_size == (3, 3) for m in made) + 1  # and the head

    assert convolutions(ResNet44(widths=(1, 1, 2))) == 44
    assert convolutions(WideResNet26(widths=(1, 1, 2))) == 26


class Short(ResNet44):
    """The same with one block in each stage."""

    BLOCKS = 1


SMALL = {AllCNN: (2, 4), Short: (2, 3, 4)}


@pytest.mark.parametrize("network", SMALL, ids=lambda network: network.__name__)
@pytest.mark.parametrize("group", ["p4", "p4m"])
def test_they_are_invariant_and_equal_to_the_converted_planar_network(network, group):
    x = torch.randn(2, 3, 13, 13)
    net = network(widths=SMALL[network], group=group).eval()
    gc.testing.assert_equivariant(net, x, group=group)
    planar = gc.to_planar(network(widths=SMALL[network], group="z2"))
    pool = "max" if network is AllCNN else "mean"
    converted, report = gc.convert(planar, group, example=x, width="channels", pool=pool)
    assert report.new_parameters == count_parameters(net)
    for own, other in zip(net.parameters(), converted.parameters(), strict=True):
        other.data.copy_(own)
    torch.testing.assert_close(converted.eval()(x), net(x), atol=1e-5, rtol=1e-4)


def test_widths_of_other_groups_keep_the_parameters():
    assert abs(count_parameters(ResNet44(group="pmm")) / 2_635_882 - 1) < 0.02
    with pytest.raises(ArgumentError, match=r"widths=\(1, 2\): expected 3 of them"):
        ResNet44(widths=(1, 2))
    with pytest.raises(ArgumentError, match="expected 2: the network is for images"):
        AllCNN(group="P4")
