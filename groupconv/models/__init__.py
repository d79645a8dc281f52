"""The networks of the paper, generic in the group."""

from groupconv.models.cifar import AllCNN, ResNet44, WideResNet26
from groupconv.models.paper import P4CNN, Z2CNN, P4CNNRotationPooling

__all__ = ["P4CNN", "Z2CNN", "AllCNN", "P4CNNRotationPooling", "ResNet44", "WideResNet26"]
