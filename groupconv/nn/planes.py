"""Feature maps as planar channels and back; the one look at an input that helps a user."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from groupconv import registry
from groupconv.algebra import as_space
from groupconv.errors import (
    ArgumentError,
    EquivarianceError,
    EquivarianceWarning,
    ShapeError,
    warn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groupconv.algebra import Space, SplitGroup, Subgroup
    from groupconv.transforms import Window

POOLING_MODES = ("max", "mean", "sum")

Planar: TypeAlias = "Callable[..., Tensor]"

PADDING_MODES = {"zeros": "constant"} | {m: m for m in ("reflect", "replicate", "circular")}
"""The names of torch's layers, and those of `torch.nn.functional.pad`."""

CONVOLUTIONS: tuple[Planar, ...] = (F.conv1d, F.conv2d, F.conv3d)
TRANSPOSED: tuple[Planar, ...] = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)

_is_strict = ContextVar("strict", default=False)


@contextlib.contextmanager
def strict() -> Iterator[None]:
    """Within it, what would be an `EquivarianceWarning` of any layer is an `EquivarianceError`.

    A layer's own argument `strict=True` does the same for that layer.

    Examples:
        >>> import groupconv as gc
        >>> layer = gc.nn.LiftingConv(1, 1, 3, stride=2, padding=1, group="p4")
        >>> with strict():
        ...     layer(torch.zeros(1, 1, 9, 9)).shape  # it fits
        torch.Size([1, 1, 4, 5, 5])
    """
    before = _is_strict.set(True)
    try:
        yield
    finally:
        _is_strict.reset(before)


def of_dimension(functions: tuple[Planar, ...], group: str, dimension: int) -> Planar:
    """The one of torch's functions for 1, 2 and 3 dimensions that serves a group."""
    if dimension > len(functions):
        raise ArgumentError(
            f"group={group!r} has dimension {dimension}; layers exist for 1, 2 and 3 dimensions"
        )
    return functions[dimension - 1]


def require_padding_mode(padding_mode: str, group: SplitGroup, *, is_used: bool) -> str:
    """Refuse an unknown way of padding, or one that a group does not allow."""
    if padding_mode not in PADDING_MODES:
        raise ArgumentError(
            f"padding_mode={padding_mode!r}: expected one of {', '.join(map(repr, PADDING_MODES))}"
        )
    if is_used and padding_mode in ("reflect", "replicate") and not group.stabilizer.permutes_axes:
        raise ArgumentError(
            f"padding_mode={padding_mode!r} continues an array beyond its edges, and "
            f"{group.name!r} maps these into the array; use 'zeros' with a Mask, or 'circular'"
        )
    return padding_mode


def planar_axes(channels: int, space: Subgroup) -> tuple[int, ...]:
    """The axes of a map that become planar channels: `(C, S)`, without S if there is one plane."""
    return (channels,) if space.index == 1 else (channels, space.index)


def merge_planes(
    x: Tensor,  # shape: (B, *axes, *spatial)
    axes: tuple[int, ...],
    dimension: int,
    group: str,
) -> Tensor:  # shape: (B, C·S, *spatial)
    """Planes as planar channels, channel-major."""
    if not isinstance(x, Tensor) or x.shape[1:-dimension] != axes:
        raise wrong_input(x, axes, dimension, group)
    return x if len(axes) == 1 else x.flatten(1, 2)


def is_channels_last(x: Tensor) -> bool:
    """Whether planar channels are the innermost axis, as `torch.channels_last` has them."""
    return not x.is_contiguous() and x.shape[1] > 1 and x.stride(1) == 1


def split_planes(
    x: Tensor,  # shape: (B, C·S, *spatial)
    axes: tuple[int, ...],
) -> Tensor:  # shape: (B, *axes, *spatial)
    """Planar channels as planes: `merge_planes` undone."""
    return x if len(axes) == 1 else torch.unflatten(x, 1, axes)


def flatten_planes(x: Tensor, group: SplitGroup) -> Tensor:  # shape: (B, C·S, *spatial)
    """A map on any space of a group as planar channels, for what treats every plane alike."""
    d = group.dimension
    if not isinstance(x, Tensor) or x.ndim not in (d + 2, d + 3):
        raise wrong_input(x, ("C",), d, group.name)
    if x.ndim == d + 2:
        return x
    if group.order % x.shape[2]:
        raise ShapeError(
            f"x has shape {tuple(x.shape)}, with {x.shape[2]} stabilizer planes, and maps of "
            f"{group.name!r} have {group.order} or a divisor of it; a module of torch that takes "
            f"planes for space, such as nn.Upsample, may have changed them"
        )
    return x.flatten(1, 2)


def unflatten_planes(
    planes: Tensor,  # shape: (B, C·S, *spatial)
    x: Tensor,  # shape: (B, C, S, *spatial), without S on the lattice
) -> Tensor:
    """Planar channels as the planes of `x` that they come from, at another size."""
    return planes if planes.ndim == x.ndim else planes.unflatten(1, x.shape[1:3])


def pool_planes(
    x: Tensor,  # shape: (B, C, S/H, *spatial)
    table: Tensor,  # shape: (S/K, K/H)
    space: Subgroup,
    mode: str,
    group: str,
) -> Tensor:  # shape: (B, C, S/K, *spatial)
    """Reduce the planes in each row of a table."""
    require_space(x, space, group)
    if space.is_whole:
        return x
    d = space.stabilizer.dimension
    if len(table) > 1:  # otherwise all planes are pooled
        x = x.index_select(2, table.flatten()).unflatten(2, tuple(table.shape))
    if mode == "max":
        return x.amax(-d - 1)
    return x.mean(-d - 1) if mode == "mean" else x.sum(-d - 1)


def require_space(x: Tensor, space: Subgroup, group: str) -> None:
    """Refuse an input that does not lie on a space, with any number of channels."""
    d, S = space.stabilizer.dimension, space.index
    axes = ("C",) if S == 1 else ("C", S)
    if not isinstance(x, Tensor) or x.ndim != len(axes) + d + 1 or (S > 1 and x.shape[2] != S):
        raise wrong_input(x, axes, d, group)


def require_mode(mode: str) -> None:
    """Refuse an unknown way of pooling."""
    if mode not in POOLING_MODES:
        raise ArgumentError(f"mode={mode!r}: expected one of {', '.join(map(repr, POOLING_MODES))}")


def check_positions(layer: str, window: Window, x: Tensor, *, is_strict: bool = False) -> None:
    """Warn if the group does not permute the positions of a window on an array of this size.

    Nothing is examined while torch compiles or traces.
    """
    if window.is_always_symmetric or is_traced():
        return
    if problem := window.problem(x.shape[-len(window.stride) :]):
        object_to(f"{layer} {problem}", is_strict=is_strict)


def is_traced() -> bool:
    """Whether torch compiles, exports or traces, so that sizes and entries stand for others."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined]


def is_watched() -> bool:
    """Whether torch traces, transforms or counts operations, and so has to see those it knows.

    Layers with an autograd function of their own go without it then.
    """
    return (
        is_traced()
        or torch._C._are_functorch_transforms_active()
        or torch.autograd.forward_ad._current_level >= 0
        or torch._C._len_torch_dispatch_stack() > 0
    )


def object_to(problem: str, *, is_strict: bool) -> None:
    """Warn of what breaks equivariance, or raise if that was asked for."""
    if is_strict or _is_strict.get():
        raise EquivarianceError(problem)
    warn(problem, EquivarianceWarning)


def space_by_shape(
    group: SplitGroup, x: Tensor, space: Space | None, argument: str = "space"
) -> Subgroup:
    """The space that a tensor lives on, as given or by its number of axes."""
    S, d = group.stabilizer, group.dimension
    if space is not None:
        return as_space(S, space, argument)
    if x.dim() == d + 2:
        return S.whole
    if x.dim() == d + 3 and x.shape[2] == S.order:
        return S.trivial
    expected = f"(B, C, *spatial) or (B, C, {S.order}, *spatial) with {d} spatial axes"
    raise ArgumentError(
        f"{argument}=None: the shape {tuple(x.shape)} is not {expected}; give {argument}="
    )


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
        if len(axes) > 1 and axes[0] in (shape[1], "C") and shape[2] != axes[1]:
            text += "; a map of a larger group goes on by Restrict, and a module of torch that"
            text += " takes planes for space, such as nn.Upsample, may have changed their number"
        return ShapeError(text)
    text += f"; {group!r} acts on {d} spatial axes"
    for name in registry.groups():
        if name != group and name.lower() == group.lower():
            others = registry.group(name).dimension
            if rank - d + others == len(shape):
                text += f", and {name!r} on {others}: names are case-sensitive"
    if len(shape) == rank - 1 and shape[: len(axes)] == axes:
        text += "; x[None] adds a batch axis"
    elif len(shape) == rank - 1 and len(axes) > 1:
        text += "; an image, or another map on the lattice, enters by a LiftingConv: start with it"
    elif len(shape) == rank + 1 and len(axes) == 1 and axes[0] != "C":
        text += "; a map on the group goes on with a GroupConv"
    return ShapeError(text)
