"""Data sets: bundled digits, MNIST from a folder, and turning images."""

from groupconv.data.digits import bundled_digits
from groupconv.data.images import ImageSet, rotate, rotated, turned
from groupconv.data.lattices import from_lattice, to_lattice
from groupconv.data.mnist import load_mnist, mnist_draw

__all__ = [
    "ImageSet",
    "bundled_digits",
    "from_lattice",
    "load_mnist",
    "mnist_draw",
    "rotate",
    "rotated",
    "to_lattice",
    "turned",
]
