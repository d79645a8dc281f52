"""Data sets: bundled digits, MNIST from a folder, and their rotated forms."""

from groupconv.data.digits import bundled_digits, rotated
from groupconv.data.images import ImageSet, rotate, turned
from groupconv.data.mnist import load_mnist, rotated_mnist

__all__ = [
    "ImageSet",
    "bundled_digits",
    "load_mnist",
    "rotate",
    "rotated",
    "rotated_mnist",
    "turned",
]
