"""groupconv: symmetry groups as plugins, proved, and turned into equivariant convolution layers.

Examples:
    >>> import groupconv as gc
    >>> gc.group("p4").compose((1, 0, 0), (1, 2, 3))
    (2, -3, 2)
"""

from __future__ import annotations

import importlib
from typing import Any

# Where each public name lives; a room is imported when one of its names is first used (PEP 562),
# so that `import groupconv` loads neither torch nor sympy. Type checkers read `__init__.pyi`.
_HOMES = {
    "algebra": (
        *("CUBIC", "HEXAGONAL", "LINE", "SQUARE", "Element", "GeneratedGroup", "Lattice"),
        *("SplitGroup", "Stabilizer", "Subgroup", "cayley_graph", "subgroup_lattice"),
    ),
    "registry": ("GroupEntry", "group", "groups"),
    "registry.doors": ("filter_transform", "verify"),
    "verification": ("VerificationReport",),
    "transforms": ("FilterTransform",),
    "nn": ("LayerFamily", "layers"),
    "conversion.network": ("convert",),
    "conversion.planar": ("to_planar",),
    "conversion.report": ("ConversionReport",),
}
_HOME_OF = {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
_ROOMS = ("data", "errors", "experiments", "models", "nn", "plotting", "testing", "transforms")

__all__ = ["__version__", *sorted(_HOME_OF), *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version(__name__)
    if name in _HOME_OF:
        value = getattr(importlib.import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'groupconv' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
