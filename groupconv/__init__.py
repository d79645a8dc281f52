"""groupconv: symmetry groups as plugins, proved, and turned into equivariant convolution layers.

Examples:
    >>> import groupconv as gc
    >>> gc.group("p4").compose((1, 0, 0), (1, 2, 3))
    (2, -3, 2)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groupconv import data, errors, experiments, models, nn, plotting, testing, transforms
    from groupconv.algebra import (
        CUBIC,
        HEXAGONAL,
        LINE,
        SQUARE,
        Element,
        GeneratedGroup,
        Lattice,
        SplitGroup,
        Stabilizer,
        Subgroup,
        cayley_graph,
        subgroup_lattice,
    )
    from groupconv.nn import LayerFamily, layers
    from groupconv.registry import GroupEntry, group, groups
    from groupconv.registry.doors import filter_transform, verify
    from groupconv.transforms import FilterTransform
    from groupconv.verification import VerificationReport

__version__ = "0.1.0"

# Where each public name lives; a room is imported when one of its names is first used (PEP 562),
# so that `import groupconv` loads neither torch nor sympy.
_HOMES = {
    "groupconv.algebra": (
        "CUBIC",
        "HEXAGONAL",
        "LINE",
        "SQUARE",
        "Element",
        "GeneratedGroup",
        "Lattice",
        "SplitGroup",
        "Stabilizer",
        "Subgroup",
        "cayley_graph",
        "subgroup_lattice",
    ),
    "groupconv.registry": ("GroupEntry", "group", "groups"),
    "groupconv.registry.doors": ("filter_transform", "verify"),
    "groupconv.verification": ("VerificationReport",),
    "groupconv.transforms": ("FilterTransform",),
    "groupconv.nn": ("LayerFamily", "layers"),
}
_ROOMS = ("data", "errors", "experiments", "models", "nn", "plotting", "testing", "transforms")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CUBIC",
    "HEXAGONAL",
    "LINE",
    "SQUARE",
    "Element",
    "FilterTransform",
    "GeneratedGroup",
    "GroupEntry",
    "Lattice",
    "LayerFamily",
    "SplitGroup",
    "Stabilizer",
    "Subgroup",
    "VerificationReport",
    "__version__",
    "cayley_graph",
    "data",
    "errors",
    "experiments",
    "filter_transform",
    "group",
    "groups",
    "layers",
    "models",
    "nn",
    "plotting",
    "subgroup_lattice",
    "testing",
    "transforms",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"groupconv.{name}")
    if name in _HOME_OF:
        value = getattr(importlib.import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'groupconv' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
