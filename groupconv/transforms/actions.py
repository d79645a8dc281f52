"""The left action of a group on arrays, `(L_g f)(x) = f(g⁻¹ x)`, as integer tables."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra import Element, Space, SplitGroup, Subgroup, as_space
from groupconv.algebra.contract import check_element
from groupconv.arguments import LARGEST
from groupconv.errors import ArgumentError, ElementError
from groupconv.registry import as_group
from groupconv.transforms.support import as_sizes, centred_cells

if TYPE_CHECKING:
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["Action", "action"]


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

    def __post_init__(self) -> None:
        for table in (self.planes, self.cells):
            table.setflags(write=False)


def action(
    group: SplitGroup | str,
    element: Element,
    spatial_shape: Sequence[int],
    space: Space = "lattice",
    *,
    circular: bool = False,
) -> Action:
    """The action `L_g` of one element on arrays over `G/H`.

    The origin is the centre of the array: a cell, or the point between the middle ones.

    Args:
        group: A group, or the name of an installed one.
        element: The index of `g`, translations included.
        spatial_shape: The spatial shape of the array that is acted on.
        space: The space `G/H` that its planes stand for.
        circular: Whether the array is a torus; else zeros come in from outside.

    Raises:
        ElementError: there is no such element.
        ArgumentError: the element does not map the array's cells to cells.

    Examples:
        >>> from groupconv import group
        >>> action(group("p4"), (1, 0, 0), (2, 2)).cells.tolist()
        [1, 3, 0, 2]
    """
    group = as_group(group)
    element = check_element(group, element)
    if not isinstance(spatial_shape, Sequence):
        raise ArgumentError(f"spatial_shape={spatial_shape!r}: expected a tuple of integers")
    shape = as_sizes(group, "spatial_shape", spatial_shape)
    if not all(isinstance(coordinate, int) for coordinate in element):
        raise ElementError(
            f"element={element} of {group.name!r} holds symbols; an array is moved by integers"
        )
    matrix = group.matrix(*element)
    split = len(group.stabilizer_shape)
    s = group.flat_index(tuple(element[:split]))
    # Far beyond the array all translations are alike; on a torus, those that differ by its size.
    reach = LARGEST if not circular else math.lcm(*shape)
    translation = tuple(
        int(t) % reach if circular else max(-reach, min(int(t), reach))
        for t in matrix[: group.dimension, group.dimension]
    )
    H = as_space(group, space)
    return _action(group, s, translation, shape, H, circular)


@functools.lru_cache(maxsize=1024)
def _action(
    group: SplitGroup,
    s: int,
    translation: tuple[int, ...],
    shape: tuple[int, ...],
    H: Subgroup,
    circular: bool,
) -> Action:
    back = int(group.inverse_table[s])
    inverse = group.stabilizer_matrices[back]
    out_shape = _moved_shape(group.stabilizer_matrices[s], shape)
    size = np.array(shape, dtype=np.int64)
    # In doubled centred coordinates: the cell that x reads is A⁻¹ (x - t).
    source = (centred_cells(out_shape) - 2 * np.array(translation)) @ inverse.T
    keeps_torus = not ((inverse * np.array(out_shape)) % size[:, None]).any()
    if ((source + size) % 2 == 0).any() or (circular and not keeps_torus):
        raise ArgumentError(
            f"spatial_shape={shape} does not fit group {group.name!r}: its stabilizer does not "
            f"map the array's {'torus' if circular else 'cells'} to itself about the centre; "
            f"use one odd size for all axes"
        )
    position = (source + size - 1) // 2
    is_inside = ((position >= 0) & (position < size)).all(axis=1)
    flat = np.ravel_multi_index(tuple((position % size).T), shape)
    cells = flat if circular else np.where(is_inside, flat, -1)
    planes = H.coset_of[group.composition_table[back, list(H.representatives)]]
    return Action(planes, cells.astype(np.int64), out_shape)


def _moved_shape(A: IntArray, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape after `A`: permuted with the axes; unchanged where `A` shears the axes."""
    if (np.abs(A).sum(axis=0) != 1).any():
        return shape
    return tuple(int(n) for n in np.abs(A) @ np.array(shape))
