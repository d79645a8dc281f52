"""Images on lattices that are not square: sampling onto them and back."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from groupconv.algebra import HEXAGONAL, Lattice
from groupconv.arguments import positive
from groupconv.errors import ArgumentError

__all__ = ["from_lattice", "to_lattice"]


def to_lattice(images: Tensor, lattice: Lattice = HEXAGONAL, size: int | None = None) -> Tensor:
    """Sample square images at the points of a plane lattice, bilinearly, differentiably.

    The lattice is scaled so that its cells are as large as pixels: the density of points stays, and
    so does the sum over what lies within the array. Centres agree; beyond the image it is zero.

    Args:
        images: `(N, C, H, W)`, floating point.
        lattice: A lattice of the plane.
        size: The side of the array on the lattice; by default the least odd one that holds all
            points within the largest disc in the image.

    Returns:
        `(N, C, size, size)`, in coordinates of the lattice.

    Raises:
        ArgumentError: the images, the lattice or the size are none.

    Examples:
        >>> to_lattice(torch.ones(1, 1, 28, 28)).shape
        torch.Size([1, 1, 31, 31])
    """
    _require_images("images", images)
    H, W = images.shape[-2:]
    basis = _scaled_basis(lattice)
    if size is None:
        # A disc of radius r reaches to r times the length of a row of the inverse in that
        # coordinate.
        reach = min(H, W) / 2 * torch.linalg.inv(basis).norm(dim=1).max()
        size = 2 * math.floor(float(reach) + 1e-9) + 1
    size = positive("size", size)
    points = _centred((size, size)) @ basis.T  # (size, size, 2), down and right
    return _read(images, points)


def from_lattice(maps: Tensor, size: int, lattice: Lattice = HEXAGONAL) -> Tensor:
    """Sample arrays on a plane lattice at the pixels of a square image: the way back.

    Between points of the lattice it interpolates bilinearly in the lattice's coordinates, within
    parallelograms. These have no mirrors, so neither has this function: it serves to look at maps,
    and a network that has to commute with mirrors ends before it.

    Args:
        maps: `(N, C, n, n)`, floating point, in coordinates of the lattice.
        size: The side of the image.
        lattice: The lattice.

    Returns:
        `(N, C, size, size)`.

    Raises:
        ArgumentError: the maps, the lattice or the size are none.

    Examples:
        >>> from_lattice(torch.ones(1, 1, 31, 31), 28)[0, 0, 14, 14].item()
        1.0
    """
    _require_images("maps", maps)
    if maps.shape[-1] != maps.shape[-2]:
        raise ArgumentError(
            f"maps have shape {tuple(maps.shape)}, expected a square array (N, C, n, n), such as "
            f"to_lattice gives"
        )
    size = positive("size", size)
    points = _centred((size, size)) @ torch.linalg.inv(_scaled_basis(lattice)).T
    return _read(maps, points)


def _scaled_basis(lattice: Lattice) -> Tensor:
    """The basis vectors as columns, (down, right), scaled to cells of area 1; float64."""
    if not isinstance(lattice, Lattice) or lattice.dimension != 2:
        raise ArgumentError(f"lattice={lattice!r}: expected a groupconv.Lattice of the plane")
    basis = torch.tensor(lattice.cartesian_basis, dtype=torch.float64)
    scaled: Tensor = basis / torch.linalg.det(basis).abs().sqrt()
    return scaled


def _centred(shape: tuple[int, int]) -> Tensor:
    """The coordinates of an array's cells from its centre, `(*shape, 2)`."""
    axes = [torch.arange(n, dtype=torch.float64) - (n - 1) / 2 for n in shape]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)


def _read(images: Tensor, points: Tensor) -> Tensor:
    """Bilinear values at points from the centre, (down, right), in steps of the array."""
    H, W = images.shape[-2:]
    # grid_sample reads at (column, row), both scaled to [-1, 1] at the array's outer edges.
    grid = torch.stack([2 * points[..., 1] / W, 2 * points[..., 0] / H], dim=-1)
    exact = torch.promote_types(images.dtype, torch.float32)  # half precision misses the places
    grid = grid.to(images.device, exact).expand(len(images), *grid.shape)
    return F.grid_sample(images.to(exact), grid, align_corners=False).to(images.dtype)


def _require_images(argument: str, images: Tensor) -> None:
    is_tensor = isinstance(images, Tensor) and images.is_floating_point()
    if not is_tensor or images.dim() != 4 or not min(images.shape[-2:]):
        shown = (
            f"{images.dtype} {tuple(images.shape)}"
            if isinstance(images, Tensor)
            else type(images).__name__
        )
        raise ArgumentError(
            f"{argument} is a {shown}, expected a floating-point tensor (N, C, H, W) that is not "
            f"empty in space"
        )
