"""The two groups of the line, for signals."""

from groupconv import LINE, GeneratedGroup

__all__ = ["z1", "z1m"]

z1 = GeneratedGroup("z1", {}, LINE)
z1m = GeneratedGroup("z1m", {"m": ([[-1]], 2)}, LINE)
