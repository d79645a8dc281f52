"""From a group to integer tables: filter transform, action on arrays, coset pooling."""

from groupconv.transforms.actions import Action, action
from groupconv.transforms.domains import domain, sublattice, sublattice_cells
from groupconv.transforms.filters import FilterTransform, filter_transform
from groupconv.transforms.pooling import coset_table
from groupconv.transforms.support import (
    as_sizes,
    centred_cells,
    permutes_axes,
    require_symmetric,
    support_cells,
)

__all__ = [
    "Action",
    "FilterTransform",
    "action",
    "as_sizes",
    "centred_cells",
    "coset_table",
    "domain",
    "filter_transform",
    "permutes_axes",
    "require_symmetric",
    "sublattice",
    "sublattice_cells",
    "support_cells",
]
