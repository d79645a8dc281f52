"""Translations and half turns of the square lattice, a group that is not part of groupconv."""

from groupconv import GeneratedGroup

halfturn = GeneratedGroup("halfturn", {"r": ([[-1, 0], [0, -1]], 2)})
