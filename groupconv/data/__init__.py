"""Data sets, turning images, and data on lattices that are not square."""

from groupconv.data.digits import bundled_digits
from groupconv.data.hexagonal import from_axial, from_offset, to_axial, to_offset
from groupconv.data.images import ImageSet, rotate, rotated, turned
from groupconv.data.lattices import from_lattice, to_lattice
from groupconv.data.mnist import load_mnist, mnist_draw

__all__ = [
    "ImageSet",
    "bundled_digits",
    "from_axial",
    "from_lattice",
    "from_offset",
    "load_mnist",
    "mnist_draw",
    "rotate",
    "rotated",
    "to_axial",
    "to_lattice",
    "to_offset",
    "turned",
]
