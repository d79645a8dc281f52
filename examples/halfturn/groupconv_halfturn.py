"""halfturn: C2 on the square lattice."""

from groupconv import SQUARE, GeneratedGroup

__all__ = ["halfturn"]

# Its index (r, t0, t1) means R^r, then the translation.
halfturn = GeneratedGroup(
    "halfturn",
    {  # each generator's matrix, in lattice coordinates, and its order
        "r": ([[-1, 0], [0, -1]], 2),
    },
    SQUARE,
)
