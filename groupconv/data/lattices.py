"""Images on lattices that are not square: sampling onto them and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from groupconv.algebra import HEXAGONAL
from groupconv.arguments import positive
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from groupconv.algebra import Lattice


def to_lattice(images: Tensor, lattice: Lattice = HEXAGONAL, size: int | None = None) -> Tensor:
    """Sample images `(N, C, H, W)` at the points of a plane lattice: `(N, C, size, size)`.

    The lattice is scaled so that its cells are as large as pixels: the density of points stays, and
    so does the sum over what lies within the array. Centres agree; beyond the image it is zero. It
    interpolates bilinearly. By default `size` is the least odd one whose array holds all points
    within the largest disc in the image.

    Raises:
        ArgumentError: `images` is not a floating-point `(N, C, H, W)`, or `size` is not positive.

    Examples:
        >>> to_lattice(torch.ones(1, 1, 28, 28)).shape
        torch.Size([1, 1, 31, 31])
    """
    basis = _scaled_basis(lattice)
    if size is None:
        # In each coordinate a disc of radius r reaches to r times the length of a row of the
        # inverse.
        reach = min(images.shape[-2:]) / 2 * torch.linalg.inv(basis).norm(dim=1).max()
        size = 2 * math.floor(float(reach) + 1e-9) + 1
    return _read("images", images, _centred(positive("size", size)) @ basis.T)


def from_lattice(maps: Tensor, size: int, lattice: Lattice = HEXAGONAL) -> Tensor:
    """Sample maps `(N, C, H, W)` on a plane lattice at pixels: `(N, C, size, size)`, the way back.

    It interpolates linearly on the triangles of the lattice, bilinearly if its axes are at right
    angles, so that it commutes with every symmetry that the lattice and pixels share.

    Raises:
        ArgumentError: `maps` is not a floating-point `(N, C, H, W)`, or `size` is not positive.

    Examples:
        >>> from_lattice(torch.ones(1, 1, 31, 31), 28)[0, 0, 14, 14].item()
        1.0
    """
    basis = _scaled_basis(lattice)
    points = _centred(positive("size", size)) @ torch.linalg.inv(basis).T
    angle = float((basis[:, 0] * basis[:, 1]).sum())
    if abs(angle) < 1e-9:
        return _read("maps", maps, points)
    if angle > 0:  # the short diagonals run the other way
        maps, points = maps.flip(-1), points * torch.tensor([1, -1])
    return _read_triangles("maps", maps, points)


def _scaled_basis(lattice: Lattice) -> Tensor:
    """The basis vectors as columns, (down, right), scaled to cells of area 1; float64."""
    basis = torch.tensor(lattice.cartesian_basis, dtype=torch.float64)
    scaled: Tensor = basis / torch.linalg.det(basis).abs().sqrt()
    return scaled


def _centred(size: int) -> Tensor:
    """The coordinates of a square array's cells from its centre, `(size, size, 2)`."""
    axis = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    return torch.stack(torch.meshgrid(axis, axis, indexing="ij"), dim=-1)


def _require_images(argument: str, images: Tensor) -> None:
    if images.dim() != 4 or not images.is_floating_point():
        found = f"{argument} has shape {tuple(images.shape)} and type {images.dtype}"
        raise ArgumentError(f"{found}, expected (N, C, H, W) in floating point")


def _read_triangles(argument: str, maps: Tensor, points: Tensor) -> Tensor:
    """Values at points from the centre, linear on triangles whose long sides are (1, 1)."""
    _require_images(argument, maps)
    size = torch.tensor(maps.shape[-2:])
    places = points + (size - 1) / 2
    corner = places.floor().long()
    down, right = (places - corner).unbind(-1)
    least, most = torch.minimum(down, right), torch.maximum(down, right)
    side = torch.stack([down >= right, down < right], dim=-1).long()  # of the larger coordinate
    padded = F.pad(maps, (1, 1, 1, 1))  # zeros, for all that lies beyond

    def read(cell: Tensor, weight: Tensor) -> Tensor:
        i, j = (cell + 1).clamp(torch.zeros_like(size), size + 1).to(maps.device).unbind(-1)
        values: Tensor = padded[..., i, j] * weight.to(maps)
        return values

    return read(corner, 1 - most) + read(corner + side, most - least) + read(corner + 1, least)


def _read(argument: str, images: Tensor, points: Tensor) -> Tensor:
    """Bilinear values at points from the centre, (down, right), in steps of the array."""
    _require_images(argument, images)
    H, W = images.shape[-2:]
    # grid_sample reads at (column, row), both scaled to [-1, 1] at the array's outer edges.
    grid = torch.stack([2 * points[..., 1] / W, 2 * points[..., 0] / H], dim=-1)
    exact = torch.promote_types(images.dtype, torch.float32)  # half precision misses the places
    grid = grid.to(images.device, exact).expand(len(images), *grid.shape)
    return F.grid_sample(images.to(exact), grid, align_corners=False).to(images.dtype)
