"""What an integer matrix does to an array, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupconv.algebra.exact import IntArray

ANGLES = {-2: 180, -1: 120, 0: 90, 1: 60}
"""The angle of a turn by `2 cos θ`, which is an integer on every lattice."""


def in_words(matrix: Sequence[Sequence[int]]) -> str:
    """What an element of a stabilizer does to an array, by the array's axes.

    Directions are in lattice coordinates, one for each axis. A turn about a direction is counter-
    clockwise for one who looks against it, if the axes are right-handed.

    Examples:
        >>> in_words([[0, -1], [1, 0]])
        'quarter turn from axis 0 to axis 1'
        >>> in_words([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
        'turn by 120° about [1 1 1]'
        >>> in_words([[-1, 1], [0, 1]])
        'mirror that reverses [1 0]'
    """
    A = np.array(matrix)
    d, one = len(A), np.eye(len(A), dtype=int)
    if (one == A).all():
        return "identity"
    if d > 1 and (-one == A).all():
        return "half turn" if d == 2 else "inversion"
    if (np.abs(A).sum(axis=1) == 1).all() and (words := _along_axes(A)):
        return words
    is_turn = np.linalg.det(A) > 0
    if d == 2 and is_turn:
        first, second = (0, 1) if A[1, 0] > 0 else (1, 0)
        return f"turn by {ANGLES[int(A.trace())]}° from axis {first} towards axis {second}"
    turn = A if is_turn else -A
    if d == 2 or (d == 3 and not is_turn and (one == A @ A).all()):
        return f"mirror that reverses {_listed(_fixed_direction(-A))}"
    if d != 3:
        return f"determinant {'1' if is_turn else '-1'}"
    axis, angle = _fixed_direction(turn), ANGLES[int(turn.trace()) - 1]
    start = next(x for x in one if np.cross(axis, x).any())
    if angle < 180 and np.linalg.det([axis, start, turn @ start]) < 0:
        axis = -axis
    words = "half turn" if angle == 180 else f"turn by {angle}°"
    return f"{words} about {_listed(axis)}" + ("" if is_turn else ", and inversion")


def _along_axes(A: IntArray) -> str:
    """The words of a matrix that keeps all axes, or exchanges two; nothing for another one."""
    images, signs = np.abs(A).argmax(axis=0).tolist(), A.sum(axis=0).tolist()
    moved = [axis for axis, image in enumerate(images) if image != axis]
    reversed_axes = [i for i, n in enumerate(signs) if n < 0 and i not in moved]
    others = f"reverses {_axes(reversed_axes)}" if reversed_axes else ""
    if not moved:
        is_half_turn = len(A) == 3 and len(reversed_axes) == 2
        kept = ({0, 1, 2} - set(reversed_axes)).pop() if is_half_turn else 0
        return f"half turn about axis {kept}" if is_half_turn else others
    if len(moved) != 2:
        return ""
    i, j = moved
    if signs[i] == signs[j]:
        if others:  # half a turn about a diagonal
            return ""
        both = " and reverses both" if signs[i] < 0 else ""
        return f"exchanges {_axes(moved)}{both}"
    first, second = (i, j) if signs[i] > 0 else (j, i)
    turn = f"quarter turn from axis {first} to axis {second}"
    return ", ".join(filter(None, [turn, others]))


def _axes(axes: list[int]) -> str:
    *first, last = map(str, axes)
    return f"axes {', '.join(first)} and {last}" if first else f"axis {last}"


def _fixed_direction(A: IntArray) -> IntArray:
    """The smallest integer vector that a matrix of finite order fixes, up to multiples."""
    power, total = A, np.eye(len(A), dtype=int)
    while (power != np.eye(len(A), dtype=int)).any():
        total, power = total + power, power @ A
    column = next(c for c in total.T if c.any())  # every image of 1 + A + A² + … is fixed
    column = column // math.gcd(*column.tolist())
    return -column if column[np.flatnonzero(column)[0]] < 0 else column


def _listed(direction: IntArray) -> str:
    return f"[{' '.join(map(str, direction.tolist()))}]"
