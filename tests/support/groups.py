"""Groups for tests: the installed ones, and others by generators."""

from __future__ import annotations

from groupconv import HEXAGONAL, GeneratedGroup, group

Z2, P4, P4M = group("z2"), group("p4"), group("p4m")

LINE_MIRROR = GeneratedGroup("z1m", {"m": ([[-1]], 2)})
P2 = GeneratedGroup("p2", {"r": ([[-1, 0], [0, -1]], 2)})
PM = GeneratedGroup("pm", {"m": ([[-1, 0], [0, 1]], 2)})
P6M = GeneratedGroup("p6m", {"m": ([[-1, 1], [0, 1]], 2), "r": ([[1, -1], [1, 0]], 6)}, HEXAGONAL)
P222 = GeneratedGroup(
    "P222",
    {"a": ([[-1, 0, 0], [0, -1, 0], [0, 0, 1]], 2), "b": ([[-1, 0, 0], [0, 1, 0], [0, 0, -1]], 2)},
)
CUBE = GeneratedGroup(
    "Pm-3m",
    {
        "i": ([[-1, 0, 0], [0, -1, 0], [0, 0, -1]], 2),
        "a": ([[0, 0, 1], [1, 0, 0], [0, 1, 0]], 3),
        "b": ([[-1, 0, 0], [0, -1, 0], [0, 0, 1]], 2),
        "c": ([[-1, 0, 0], [0, 1, 0], [0, 0, -1]], 2),
        "d": ([[0, -1, 0], [-1, 0, 0], [0, 0, 1]], 2),
    },
)

PLANE = (Z2, P4, P4M, P2, PM, P6M)
GROUPS = (*PLANE, LINE_MIRROR, P222, CUBE)
