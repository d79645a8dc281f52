"""Coset pooling: which stabilizer planes of a feature map fall together."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from groupconv.algebra import Subgroup
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["coset_table"]


@functools.lru_cache(maxsize=256)
def coset_table(in_space: Subgroup, out_space: Subgroup) -> IntArray:
    """The planes of `G/H` that make up each plane of `G/K`, for `H ≤ K` (section 6.3).

    Args:
        in_space: The subgroup `H`.
        out_space: The subgroup `K`.

    Returns:
        Plane numbers, shape `(S/K, K/H)`, int64, read-only.

    Raises:
        ArgumentError: `H` is not contained in `K`.

    Examples:
        >>> from groupconv import group
        >>> p4m = group("p4m")
        >>> coset_table(p4m.subgroup(), p4m.subgroup((1, 0))).tolist()
        [[0, 4], [1, 7], [2, 6], [3, 5]]
    """
    for argument, space in (("in_space", in_space), ("out_space", out_space)):
        if not isinstance(space, Subgroup):
            raise ArgumentError(f"{argument}={space!r}: expected a groupconv.Subgroup")
    if not in_space <= out_space:
        raise ArgumentError(
            f"subgroup={out_space.elements} does not contain the subgroup {in_space.elements} "
            f"on whose cosets the input lives; pool over a larger one"
        )
    coset_of = out_space.coset_of[list(in_space.representatives)]  # (S/H,) → number of sK
    table = np.argsort(coset_of, kind="stable").reshape(out_space.index, -1).astype(np.int64)
    table.setflags(write=False)
    return table
