"""Feature maps as planar channels and back; the one look at an input that helps a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from groupconv import registry
from groupconv.errors import ArgumentError, EquivarianceWarning, ShapeError, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.algebra import Subgroup
    from groupconv.transforms import Window

POOLING_MODES = ("max", "mean", "sum")

_CONVOLUTIONS: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def planar_convolution(group: str, dimension: int) -> Callable[..., Tensor]:
    """The planar convolution of a dimension."""
    if dimension not in _CONVOLUTIONS:
        raise ArgumentError(
            f"group={group!r} has dimension {dimension}; layers exist for 1, 2 and 3 dimensions"
        )
    return _CONVOLUTIONS[dimension]


def merge_planes(
    x: Tensor,  # shape: (B, C, S, *spatial), without S on the lattice
    space: Subgroup,
    channels: int,
    group: str,
) -> Tensor:  # shape: (B, C·S, *spatial)
    """Planes as planar channels, channel-major."""
    d, S = space.stabilizer.dimension, space.index
    axes = (channels,) if S == 1 else (channels, S)
    if not isinstance(x, Tensor) or x.ndim != len(axes) + d + 1 or x.shape[1:-d] != axes:
        raise wrong_input(x, axes, d, group)
    return x if S == 1 else x.reshape(x.shape[0], channels * S, *x.shape[-d:])


def split_planes(
    x: Tensor,  # shape: (B, C·S, *spatial)
    channels: int,
    planes: int,
) -> Tensor:  # shape: (B, C, S, *spatial), without S if there is one plane
    """Planar channels as planes: `merge_planes` undone."""
    return x if planes == 1 else x.view(x.shape[0], channels, planes, *x.shape[2:])


def pool_planes(
    x: Tensor,  # shape: (B, C, S/H, *spatial)
    table: Tensor,  # shape: (S/K, K/H)
    space: Subgroup,
    mode: str,
    group: str,
) -> Tensor:  # shape: (B, C, S/K, *spatial)
    """Reduce the planes in each row of a table."""
    d, S = space.stabilizer.dimension, space.index
    axes = ("C",) if S == 1 else ("C", S)
    if not isinstance(x, Tensor) or x.ndim != len(axes) + d + 1 or (S > 1 and x.shape[2] != S):
        raise wrong_input(x, axes, d, group)
    if S == 1:
        return x
    if len(table) > 1:  # otherwise all planes are pooled
        x = x.index_select(2, table.flatten()).unflatten(2, tuple(table.shape))
    if mode == "max":
        return x.amax(-d - 1)
    return x.mean(-d - 1) if mode == "mean" else x.sum(-d - 1)


def require_mode(mode: str) -> None:
    """Refuse an unknown way of pooling."""
    if mode not in POOLING_MODES:
        raise ArgumentError(f"mode={mode!r}: expected one of {', '.join(map(repr, POOLING_MODES))}")


def warn_if_uneven(layer: str, window: Window, x: Tensor) -> None:
    """Warn if the group does not permute the positions of a window on an array of this size."""
    if torch.compiler.is_compiling() or window.is_always_symmetric:
        return
    if problem := window.problem(x.shape[-len(window.stride) :]):
        warn(f"{layer} {problem}", EquivarianceWarning)


def not_a_tensor(x: object) -> ArgumentError:
    """What is said of an array, or of anything else that is not a tensor."""
    return ArgumentError(
        f"x is of type {type(x).__name__}, expected a torch.Tensor; torch.as_tensor makes one of "
        f"an array or a list"
    )


def wrong_input(x: Tensor, axes: tuple[int | str, ...], d: int, group: str) -> ArgumentError:
    """What a layer expects of its input, and the next step."""
    if not isinstance(x, Tensor):
        return not_a_tensor(x)
    shape, rank = tuple(x.shape), len(axes) + d + 1
    expected = ", ".join(map(str, ("B", *axes, *(f"N{i}" for i in range(d)))))
    planes = f"{axes[1]} stabilizer planes" if len(axes) > 1 else "a map on the lattice"
    text = f"x has shape {shape}, expected ({expected}), {planes} of {group!r}"
    if len(shape) == rank:
        return ShapeError(text)
    if len(shape) == rank - 1 and shape[: len(axes)] == axes:
        text += "; x[None] adds a batch axis"
    elif len(shape) == rank - 1 and len(axes) > 1:
        text += "; a map on the lattice, such as an image, enters through a LiftingConv"
    text += f"; {group!r} acts on {d} spatial axes"
    for name in registry.groups():
        if name != group and name.lower() == group.lower():
            text += f", and {name!r} on {registry.group(name).dimension}: names are case-sensitive"
    return ShapeError(text)
