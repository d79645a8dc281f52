"""Curves of training and the doctor's report: by what is drawn."""

from __future__ import annotations

import warnings

import torch
from matplotlib.colors import to_hex
from torch import nn

import groupconv as gc
from groupconv.plotting import diagnosis_figure, training_figure
from groupconv.plotting.graphs import REFLECTION, ROTATION


def test_a_curve_for_each_network():
    (axes,) = training_figure({"planar": [2.0, 1.5, 1.2], "p4": [1.8, 1.0, 0.7]}).axes
    assert [line.get_label() for line in axes.lines] == ["planar", "p4"]
    assert [list(line.get_ydata()) for line in axes.lines] == [[2.0, 1.5, 1.2], [1.8, 1.0, 0.7]]
    assert list(axes.lines[0].get_xdata()) == [1, 2, 3]
    assert len({line.get_color() for line in axes.lines}) == 2


def test_stages_are_red_from_the_culprit_on():
    L = gc.layers("p4")
    net = nn.Sequential(L.LiftingConv(1, 2, 3), nn.ReLU(), L.MaxPool(2), nn.ReLU())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = gc.testing.diagnose(net, torch.randn(1, 1, 9, 9))
    (axes,) = diagnosis_figure(found).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        f"{n} ({name})" for n, name in enumerate(["LiftingConv", "ReLU", "MaxPool", "ReLU"])
    ]
    blue, red = REFLECTION[0], ROTATION[0]
    assert [to_hex(line.get_color()) for line in axes.lines] == [blue, blue, red, red]
    ends = [line.get_xdata()[1] for line in axes.lines]
    assert max(ends[:2]) < 1e-9 < 1e-3 < min(ends[2:])
    assert axes.get_title() == "p4: the network stops commuting at 2 (MaxPool)"
