"""Checks that hold for every sound group and layer; planted defects must make them fail."""

from __future__ import annotations

import numpy as np
import torch

import groupconv as gc
from tests.support.oracle import naive_table, torus_convolution


def check_table_equals_formula(group, size, in_space, out_space):
    transform = gc.filter_transform(group, size, in_space, out_space)
    expected, count = naive_table(
        group, size, transform.in_space.elements, transform.out_space.elements
    )
    assert transform.num_parameters == count
    np.testing.assert_array_equal(transform.index, expected)


def check_first_turn_is_rot90(group):
    transform = gc.filter_transform(group, 3, "lattice")
    image = torch.arange(9).reshape(3, 3)
    turned = image.flatten()[torch.tensor(transform.index[1, 0])]
    assert torch.equal(turned, torch.rot90(image, 1, (-2, -1)))


def check_layer_equals_sums(layer, n):
    """A layer with circular padding against the sums, in float64."""
    H_in, H_out = layer.transform.in_space, layer.transform.out_space
    spatial = (n,) * layer.group.dimension
    f = torch.randn(2, layer.in_channels, H_in.index, *spatial, dtype=torch.float64)
    expected = torus_convolution(
        layer.group, f, layer.weight, layer.kernel_size[0], H_in.elements, H_out.elements
    )
    if layer.bias is not None:
        expected += layer.bias.view(-1, *(1,) * (1 + layer.group.dimension))
    y = layer(f.squeeze(2) if H_in.index == 1 else f)
    y = y.unsqueeze(2) if H_out.index == 1 else y
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-10)
