"""Weights of interpolation and blurring that a group keeps."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from groupconv.errors import ArgumentError
from groupconv.transforms.regions import centred_cells

if TYPE_CHECKING:
    from groupconv.algebra import Stabilizer
    from groupconv.algebra.exact import FloatArray


def linear_stencil(stabilizer: Stabilizer, factor: int) -> FloatArray:
    """The weights with which a lattice point enters the points of a lattice `factor` times finer.

    Where the group permutes the axes, they are those of multilinear interpolation. Elsewhere they
    are those of linear interpolation on simplices, on the hexagonal lattice on its triangles,
    averaged over the stabilizer. They are exact: 1 at the point and 0 at all others of its lattice,
    and add up to 1 at every point.

    Args:
        stabilizer: The stabilizer of a group.
        factor: How many times finer.

    Returns:
        The weights in a box of odd size about the point.

    Examples:
        >>> from groupconv import HEXAGONAL, GeneratedGroup
        >>> thirds = GeneratedGroup("thirds", {"r": ([[0, -1], [1, -1]], 3)}, HEXAGONAL)
        >>> linear_stencil(thirds.stabilizer, 2)
        array([[0.5, 0.5, 0. ],
               [0.5, 1. , 0.5],
               [0. , 0.5, 0.5]])
    """
    d = stabilizer.dimension
    if stabilizer.permutes_axes:
        hat = 1 - np.abs(np.arange(1 - factor, factor)) / factor
        return functools.reduce(np.multiply.outer, [hat] * d)
    reach = int(np.abs(stabilizer.matrices).sum(axis=2).max()) * (factor - 1)
    points = centred_cells((2 * reach + 1,) * d) // 2
    moved = np.einsum("sij,nj->sni", stabilizer.matrices, points) / factor
    # The hat on the simplices 0, e_i, e_i + e_j, … of every order of the axes (Freudenthal, Kuhn).
    spread = moved.max(axis=2).clip(min=0) - moved.min(axis=2).clip(max=0)
    weights = (1 - spread).clip(min=0).mean(axis=0).reshape((2 * reach + 1,) * d)
    used = np.abs(points[weights.ravel() > 0]).max()
    inner = slice(reach - used, reach + used + 1)
    cut: FloatArray = weights[(inner,) * d]
    return cut


def binomial_stencil(stabilizer: Stabilizer, size: int) -> FloatArray:
    """The weights of a binomial blur that a group keeps; they add up to 1.

    Where the group permutes the axes, they are products of binomial coefficients. Elsewhere they
    are repetitions of the linear stencil of factor 2.

    Raises:
        ArgumentError: the size is even, and the group shears the axes.

    Examples:
        >>> from groupconv import group
        >>> binomial_stencil(group("p4").stabilizer, 3) * 16
        array([[1., 2., 1.],
               [2., 4., 2.],
               [1., 2., 1.]])
    """
    d = stabilizer.dimension
    if stabilizer.permutes_axes:
        line = functools.reduce(np.convolve, [np.array([0.5, 0.5])] * (size - 1), np.ones(1))
        return functools.reduce(np.multiply.outer, [line] * d)
    if size % 2 == 0:
        raise ArgumentError(
            f"kernel_size={size}: the group shears the axes, and keeps blurs of odd sizes alone"
        )
    once = linear_stencil(stabilizer, 2) / 2**d
    weights = np.ones((1,) * d)
    for _ in range(size // 2):
        weights = _convolved(weights, once)
    return weights


def _convolved(a: FloatArray, b: FloatArray) -> FloatArray:
    """The full convolution of two arrays."""
    size = np.add(a.shape, b.shape) - 1
    result = np.zeros(size)
    for place in np.ndindex(*a.shape):
        window = tuple(slice(p, p + n) for p, n in zip(place, b.shape, strict=True))
        result[window] += a[place] * b
    return result
