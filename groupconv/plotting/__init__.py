"""Pictures, drawn with matplotlib."""

from groupconv.plotting.feature_map import (
    draw_feature_map,
    equivariance_figure,
    plane_positions,
)

__all__ = ["draw_feature_map", "equivariance_figure", "plane_positions"]
