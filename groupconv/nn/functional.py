"""The functional forms: group convolution, coset pooling, and the group's action on tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor

from groupconv.algebra import Element, Space, SplitGroup, Subgroup, as_space
from groupconv.arguments import positive
from groupconv.errors import ArgumentError, ShapeError
from groupconv.nn.bank import filter_bank
from groupconv.nn.tables import as_tensor
from groupconv.nn.tensors import require_real, require_tensor, require_type
from groupconv.nn.windows import check_windows
from groupconv.registry import as_group
from groupconv.transforms import FilterTransform, action, as_sizes, coset_table, require_symmetric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["act", "coset_pool", "group_conv"]

_CONV: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def group_conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    transform: FilterTransform,
) -> Tensor:
    """Group convolution of a feature map on `G/H_in`, giving one on `G/H_out` (eq. 10 and 11).

    Args:
        x: `(B, C_in, S_in, *spatial)`; no `S_in` axis on the lattice, `B` may be missing.
        weight: The parameters, `(C_out, C_in / groups, P)`.
        bias: One per channel, `(C_out,)`.
        stride: As for `torch.nn.functional.conv2d`.
        padding: As for `torch.nn.functional.conv2d`, a number per axis.
        dilation: As for `torch.nn.functional.conv2d`.
        groups: Blocks of channels that do not mix.
        transform: The filter transform, from `groupconv.filter_transform`.

    Returns:
        `(B, C_out, S_out, *spatial)`; no `S_out` axis on the lattice.

    Raises:
        ArgumentError: the transform is none, a number per axis is not symmetric, or the tensors
            have different types.
        ShapeError: `x` does not lie on the transform's input space, or a parameter does not fit.

    Examples:
        >>> import torch
        >>> from groupconv import filter_transform
        >>> transform = filter_transform("p4", 3, in_space="lattice")
        >>> group_conv(torch.ones(2, 1, 5, 5), torch.ones(7, 1, 9), transform=transform).shape
        torch.Size([2, 7, 4, 3, 3])
    """
    if not isinstance(transform, FilterTransform):
        raise ArgumentError(
            f"transform={transform!r}: expected what groupconv.filter_transform returns"
        )
    group = transform.group
    require_layers(group)
    require_tensor(weight, "weight")
    if bias is not None:
        require_tensor(bias, "bias")
    groups = positive("groups", groups)
    steps = {
        name: as_sizes(group, name, value, least)
        for name, value, least in (
            ("stride", stride, 1),
            ("padding", padding, 0),
            ("dilation", dilation, 1),
        )
    }
    for name, sizes in steps.items():
        require_symmetric(group, name, sizes)
    if weight.dim() != 3 or weight.shape[-1] != transform.num_parameters or not weight.numel():
        raise ShapeError(
            f"weight has shape {tuple(weight.shape)}, expected (C_out, C_in / groups, "
            f"{transform.num_parameters}): at least one channel each, and the parameters of the "
            f"transform"
        )
    if weight.shape[0] % groups:
        raise ArgumentError(
            f"weight has {weight.shape[0]} output channels, not a multiple of "
            f"groups={groups}; change either"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(
            f"bias has shape {tuple(bias.shape)}, expected ({weight.shape[0]},), one per channel"
        )
    if bias is not None:
        require_type(bias, weight, "bias")
    index = as_tensor(transform.index, weight.device).flatten(1)
    inverse = as_tensor(transform.inverse, weight.device)
    masked, ragged = bank_flags(transform)
    bank = filter_bank(weight, index, inverse, masked=masked, ragged=ragged)
    planar = flatten_planes(x, transform.in_space, weight.shape[1] * groups)
    require_type(planar, weight)
    pads = [2 * n for n in steps["padding"]]
    check_windows(
        "group_conv", group, planar, transform.kernel_size, steps["stride"], pads, steps["dilation"]
    )
    return convolve(
        planar,
        bank,
        bias,
        steps["stride"],
        steps["padding"],
        steps["dilation"],
        groups,
        transform,
    )


def convolve(
    planar: Tensor,
    bank: Tensor,
    bias: Tensor | None,
    stride: int | Sequence[int],
    padding: int | Sequence[int],
    dilation: int | Sequence[int],
    groups: int,
    transform: FilterTransform,
) -> Tensor:
    """One planar convolution with an expanded bank `(C_out, S_out, C_in / groups, L)`."""
    C_out, S_out, C_in, _ = bank.shape
    kernel = bank.reshape(
        C_out * S_out, C_in * transform.in_space.index, *transform.kernel_size
    )  # channel-major on both sides
    if bias is not None:
        bias = bias.view(C_out, 1).expand(C_out, S_out).reshape(-1)
    d = transform.group.dimension
    planes = _CONV[d](planar, kernel, bias, stride, padding, dilation, groups)
    return planes if S_out == 1 else planes.unflatten(-d - 1, (C_out, S_out))


def flatten_planes(x: Tensor, space: Subgroup, channels: int) -> Tensor:
    """`(B, C, S, *spatial)` → `(B, C·S, *spatial)`, after checking that it lies on the space."""
    require_tensor(x)
    d, S = space.group.dimension, space.index
    axes = (channels,) if S == 1 else (channels, S)
    rank = len(axes) + d
    if x.dim() not in (rank, rank + 1) or tuple(x.shape[-rank:-d]) != axes:
        spatial = ", ".join(f"N{i}" for i in range(d))
        raise ShapeError(
            f"x has shape {tuple(x.shape)}, expected ({', '.join(map(str, ('B', *axes)))}, "
            f"{spatial}): {channels} channels"
            + (
                f" with {S} stabilizer planes of group {space.group.name!r}"
                if S > 1
                else f" on the lattice of group {space.group.name!r}"
            )
        )
    return x if S == 1 else x.flatten(-d - 2, -d - 1)


def bank_flags(transform: FilterTransform) -> tuple[bool, bool]:
    """Whether the bank has cells without a parameter, and parameters with unequal cells."""
    return bool((transform.index < 0).any()), bool((transform.inverse < 0).any())


def require_layers(group: SplitGroup) -> None:
    """Refuse a group in a dimension that torch has no convolutions for."""
    if group.dimension not in _CONV:
        raise ArgumentError(
            f"group={group.name!r} has dimension {group.dimension}; layers exist for 1, 2 and 3 "
            f"dimensions"
        )


def coset_pool(
    x: Tensor,
    group: SplitGroup | str,
    subgroup: Space = "lattice",
    mode: str = "max",
    *,
    in_space: Space = "group",
) -> Tensor:
    """Pool a feature map on `G/H` over the cosets of a larger subgroup `K` (section 6.3).

    Args:
        x: `(B, C, S/H, *spatial)`.
        group: A group, or the name of an installed one.
        subgroup: `K`; the whole stabilizer if not given, so that the result is a planar map.
        mode: `"max"`, `"mean"` or `"sum"`.
        in_space: The space `G/H` that `x` lives on.

    Returns:
        `(B, C, S/K, *spatial)`; no stabilizer axis on the lattice.

    Raises:
        ArgumentError: `K` does not contain `H`, or the mode is unknown.
        ShapeError: `x` does not lie on `G/H`.

    Examples:
        >>> import torch
        >>> coset_pool(torch.ones(2, 3, 4, 5, 5), "p4").shape
        torch.Size([2, 3, 5, 5])
    """
    group = as_group(group)
    H, K = as_space(group, in_space, "in_space"), as_space(group, subgroup, "subgroup")
    require_tensor(x)
    table = as_tensor(coset_table(H, K), x.device)
    return pool_planes(x, table, H, mode)


POOLING_MODES = ("max", "mean", "sum")


def check_mode(mode: str) -> None:
    """Refuse an unknown way of pooling."""
    if mode not in POOLING_MODES:
        raise ArgumentError(f"mode={mode!r}: expected one of {', '.join(map(repr, POOLING_MODES))}")


def pool_planes(x: Tensor, table: Tensor, in_space: Subgroup, mode: str) -> Tensor:
    """Reduce the planes in each row of `table`, `(S/K, K/H)`."""
    check_mode(mode)
    require_tensor(x)
    d, S = in_space.group.dimension, in_space.index
    rank = d + 1 if S == 1 else d + 2
    if x.dim() not in (rank, rank + 1) or (S > 1 and x.shape[-d - 1] != S):
        raise ShapeError(
            f"x has shape {tuple(x.shape)}, expected (B, C, {f'{S}, ' if S > 1 else ''}"
            f"{', '.join(f'N{i}' for i in range(d))}): {S} stabilizer planes of group "
            f"{in_space.group.name!r}"
        )
    if S == 1:
        return x
    is_whole = table.shape[0] == 1
    if not is_whole:
        x = x.index_select(-d - 1, table.flatten()).unflatten(-d - 1, tuple(table.shape))
    if mode != "sum":
        require_real(x, f"mode={mode!r}", integers=mode == "max")
    if mode == "max":
        return x.amax(-d - 1)
    return x.mean(-d - 1) if mode == "mean" else x.sum(-d - 1)


def act(
    x: Tensor,
    element: Element,
    group: SplitGroup | str,
    space: Space = "lattice",
    *,
    circular: bool = False,
) -> Tensor:
    """The left action `(L_g f)(y) = f(g⁻¹ y)` on a feature map, about the centre of its array.

    Args:
        x: `(…, *spatial)` on the lattice, `(…, S/H, *spatial)` on another space.
        element: The index of `g`, translations included.
        group: A group, or the name of an installed one.
        space: The space `G/H` that `x` lives on.
        circular: Whether the array is a torus; else zeros come in from outside.

    Returns:
        The moved feature map; its spatial axes are permuted with the group's.

    Raises:
        ElementError: there is no such element.
        ArgumentError: the element does not map the array's cells to cells.
        ShapeError: `x` has not the space's number of planes.

    Examples:
        >>> import torch
        >>> act(torch.tensor([[1, 2], [3, 4]]), (1, 0, 0), "p4")
        tensor([[2, 4],
                [1, 3]])
    """
    group = as_group(group)
    H = as_space(group, space)
    require_tensor(x)
    d = group.dimension
    rank = d if H.is_whole else d + 1
    if x.dim() < rank or (not H.is_whole and x.shape[-d - 1] != H.index):
        raise ShapeError(
            f"x has shape {tuple(x.shape)}, expected its last {rank} axes to be "
            f"{'' if H.is_whole else f'{H.index} stabilizer planes and '}{d} spatial ones"
        )
    moved = action(group, element, tuple(x.shape[-d:]), H, circular=circular)
    if not H.is_whole:
        x = x.index_select(-d - 1, as_tensor(moved.planes, x.device))
    cells = as_tensor(moved.cells, x.device)
    read = x.flatten(-d).index_select(-1, cells.clamp(min=0))
    read = read.masked_fill(cells < 0, 0)
    result: Tensor = read.unflatten(-1, moved.spatial_shape)
    return result
