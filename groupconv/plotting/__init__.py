"""Pictures of groups and of what they make of images, drawn with matplotlib."""

from groupconv.plotting.feature_map import (
    draw_feature_map,
    equivariance_figure,
    feature_map_figure,
)
from groupconv.plotting.graphs import cayley_figure, subgroup_figure
from groupconv.plotting.layout import draw_cells, plane_positions, positions
from groupconv.plotting.patterns import point_group_figure, wallpaper_figure
from groupconv.plotting.reports import diagnosis_figure, training_figure
from groupconv.plotting.tables import filter_figure, table_figure

__all__ = [
    "cayley_figure",
    "diagnosis_figure",
    "draw_cells",
    "draw_feature_map",
    "equivariance_figure",
    "feature_map_figure",
    "filter_figure",
    "plane_positions",
    "point_group_figure",
    "positions",
    "subgroup_figure",
    "table_figure",
    "training_figure",
    "wallpaper_figure",
]
