"""The networks of the paper, generic in the group."""

from groupconv.models.paper import P4CNN, Z2CNN, P4CNNRotationPooling

__all__ = ["P4CNN", "Z2CNN", "P4CNNRotationPooling"]
