"""The left action of a group on arrays, `(L_g f)(x) = f(g⁻¹ x)`, as integer tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra.exact import read_only
from groupconv.errors import ArgumentError
from groupconv.transforms.regions import centred_cells

if TYPE_CHECKING:
    from groupconv.algebra import Subgroup
    from groupconv.algebra.exact import IntArray

FAR = 2**31
"""No array reaches as far."""


@dataclass(frozen=True, eq=False)
class Action:
    """How one element moves the entries of a feature map.

    Attributes:
        planes: The input plane that each output plane reads, shape `(S/H,)`.
        cells: The input cell, row-major, that each output cell reads; -1 where it lies outside
            the array. Shape `(prod(spatial_shape),)`.
        spatial_shape: The spatial shape of the output.
    """

    planes: IntArray
    cells: IntArray
    spatial_shape: tuple[int, ...]


def action(
    s: int,
    translation: tuple[int, ...],
    shape: tuple[int, ...],
    space: Subgroup,
    *,
    is_circular: bool = False,
) -> Action:
    """The action of one element on arrays over `G/H`, the origin in the centre of the array.

    Args:
        s: The flat index of the stabilizer element.
        translation: The translation that follows it.
        shape: The spatial shape of the array that is acted on.
        space: The subgroup `H` of the space that its planes stand for.
        is_circular: Whether the array is a torus; otherwise zeros come in from outside.

    Raises:
        ArgumentError: the element does not map the array's cells to cells.

    Examples:
        >>> from groupconv import group
        >>> action(1, (0, 0), (2, 2), group("p4").stabilizer.whole).cells.tolist()
        [1, 3, 0, 2]
    """
    S = space.stabilizer
    # Far beyond the array all translations are alike; on a torus, those that differ by its size.
    period = math.lcm(*shape)
    t = [n % period if is_circular else max(-FAR, min(n, FAR)) for n in translation]
    back = int(S.inverse[s])
    inverse = S.matrices[back]
    out_shape = _moved_shape(S.matrices[s], shape)
    size = np.array(shape, dtype=np.int64)
    # In doubled centred coordinates: the cell that x reads is A⁻¹ (x - t).
    source = (centred_cells(out_shape) - 2 * np.array(t)) @ inverse.T
    keeps_torus = not ((inverse * np.array(out_shape)) % size[:, None]).any()
    if ((source + size) % 2 == 0).any() or (is_circular and not keeps_torus):
        raise ArgumentError(
            f"shape={shape}: the element does not map the array's "
            f"{'torus' if is_circular else 'cells'} to itself about the centre; use one odd size "
            f"for all axes"
        )
    position = (source + size - 1) // 2
    is_inside = ((position >= 0) & (position < size)).all(axis=1)
    flat = np.ravel_multi_index(tuple((position % size).T), shape)
    cells = flat if is_circular else np.where(is_inside, flat, -1)
    planes = space.coset_of[S.composition[back, list(space.representatives)]]
    return Action(read_only(planes), read_only(cells), out_shape)


def _moved_shape(A: IntArray, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape after `A`: permuted with the axes; unchanged where `A` shears the axes."""
    if (np.abs(A).sum(axis=0) != 1).any():
        return shape
    return tuple((np.abs(A) @ np.array(shape)).tolist())
