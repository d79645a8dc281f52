"""From a stabilizer to integer tables: filter transform, action on arrays, regions, windows."""

from groupconv.transforms.actions import Action, action
from groupconv.transforms.filters import FilterTransform, filter_transform
from groupconv.transforms.regions import (
    centred_cells,
    invariant_cells,
    invariant_region,
    require_symmetric,
    support_cells,
)
from groupconv.transforms.restrictions import restriction
from groupconv.transforms.stencils import binomial_stencil, linear_stencil
from groupconv.transforms.sublattices import sublattice, sublattice_cells
from groupconv.transforms.windows import Window

__all__ = [
    "Action",
    "FilterTransform",
    "Window",
    "action",
    "binomial_stencil",
    "centred_cells",
    "filter_transform",
    "invariant_cells",
    "invariant_region",
    "linear_stencil",
    "require_symmetric",
    "restriction",
    "sublattice",
    "sublattice_cells",
    "support_cells",
]
