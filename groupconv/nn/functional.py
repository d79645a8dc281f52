"""The functional forms: group convolution, coset pooling, and the group's action on tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from groupconv.algebra import Subgroup, as_space
from groupconv.arguments import flag, positive
from groupconv.errors import ShapeError
from groupconv.nn.bank import bank_tables, filter_bank
from groupconv.nn.buffers import as_tensor, keep, kept_tensor
from groupconv.nn.planes import (
    CONVOLUTIONS,
    check_positions,
    merge_planes,
    not_a_tensor,
    of_dimension,
    planar_axes,
    pool_planes,
    require_mode,
    space_by_shape,
    split_planes,
)
from groupconv.registry import as_group
from groupconv.transforms import Window, action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupconv.algebra import Element, Space, SplitGroup
    from groupconv.transforms import Action, FilterTransform

__all__ = ["act", "coset_pool", "group_conv"]


def group_conv(
    x: Tensor,  # shape: (B, C_in, S_in, *spatial)
    weight: Tensor,  # shape: (C_out, C_in / groups, P)
    bias: Tensor | None = None,  # shape: (C_out,)
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    transform: FilterTransform,
) -> Tensor:  # shape: (B, C_out, S_out, *spatial)
    """Group convolution of a feature map on `G/H_in`, giving one on `G/H_out` (eq. 10 and 11).

    Args:
        x: `(B, C_in, S_in, *spatial)`; without an `S_in` axis on the lattice.
        weight: The parameters, `(C_out, C_in / groups, P)`.
        bias: One per channel, `(C_out,)`.
        stride: This and the next three are as for `torch.nn.functional.conv2d`.
        padding: The cells added on both sides of each axis.
        dilation: The distance between filter cells.
        groups: Blocks of channels that do not mix.
        transform: The filter transform, from `groupconv.filter_transform`.

    Returns:
        `(B, C_out, S_out, *spatial)`; without an `S_out` axis on the lattice.

    Raises:
        ArgumentError: a size is not symmetric under the group.
        ShapeError: `x` does not lie on the transform's input space, or `weight` does not fit.

    Examples:
        >>> import torch
        >>> from groupconv import filter_transform
        >>> transform = filter_transform("p4", 3, in_space="lattice")
        >>> x, weight = torch.ones(2, 1, 5, 5), torch.ones(7, 1, 9)
        >>> group_conv(x, weight, transform=transform).shape
        torch.Size([2, 7, 4, 3, 3])
    """
    S, groups = transform.stabilizer, positive("groups", groups)
    convolve = of_dimension(CONVOLUTIONS, S.group, S.dimension)
    window = Window.read(S, transform.kernel_size, stride, padding, dilation)
    if weight.ndim != 3 or weight.shape[2] != transform.num_parameters:
        raise ShapeError(
            f"weight has shape {tuple(weight.shape)}, expected (C_out, C_in / groups, "
            f"{transform.num_parameters}): the last axis has the parameters of the transform"
        )
    in_axes = planar_axes(weight.shape[1] * groups, transform.in_space)
    x = merge_planes(x, in_axes, S.dimension, S.group)
    check_positions("group_conv", window, x)
    C_out, columns, _ = weight.shape
    S_out, S_in = transform.out_space.index, transform.in_space.index
    tables = bank_tables(transform, C_out, columns, weight.device)
    shape = (C_out * S_out, columns * S_in, *transform.kernel_size)
    kernel = filter_bank(weight, *tables, shape, transform.is_masked, transform.is_ragged)
    bias = bias if bias is None else bias.repeat_interleave(S_out)
    x = F.pad(x, window.flat_padding)
    y = convolve(x, kernel, bias, window.stride, 0, window.dilation, groups)
    return split_planes(y, planar_axes(C_out, transform.out_space))


def coset_pool(
    x: Tensor,  # shape: (B, C, S/H, *spatial)
    group: SplitGroup | str,
    subgroup: Space = "lattice",
    mode: str = "max",
    *,
    in_space: Space = "group",
) -> Tensor:  # shape: (B, C, S/K, *spatial)
    """Pool a feature map on `G/H` over the cosets of a larger subgroup `K` (section 6.3).

    Args:
        x: `(B, C, S/H, *spatial)`.
        group: A group, or the name of an installed one.
        subgroup: `K`; by default the whole stabilizer, so that the result is a planar map.
        mode: `"max"`, `"mean"` or `"sum"`.
        in_space: The space `G/H` that `x` lives on.

    Returns:
        `(B, C, S/K, *spatial)`; without a stabilizer axis on the lattice.

    Raises:
        ArgumentError: `K` does not contain `H`, or the mode is unknown.
        ShapeError: `x` does not lie on `G/H`.

    Examples:
        >>> import torch
        >>> coset_pool(torch.ones(2, 3, 4, 5, 5), "p4").shape
        torch.Size([2, 3, 5, 5])
    """
    group = as_group(group)
    S = group.stabilizer
    H, K = as_space(S, in_space, "in_space"), as_space(S, subgroup, "subgroup")
    require_mode(mode)
    planes = kept_tensor(Subgroup.planes_in, H, K, device=x.device)
    return pool_planes(x, planes, H, mode, group.name)


def act(
    x: Tensor,  # shape: (…, S/H, *spatial)
    element: Element,
    group: SplitGroup | str,
    space: Space | None = None,
    *,
    circular: bool = False,
) -> Tensor:  # shape: (…, S/H, *spatial)
    """The left action `(L_g f)(y) = f(g⁻¹ y)` on a feature map, about the centre of its array.

    Args:
        x: `(…, *spatial)` on the lattice, `(…, S/H, *spatial)` on another space.
        element: The index of `g`, translations included.
        group: A group, or the name of an installed one.
        space: The space `G/H` that `x` lives on; by default as its shape says: the lattice for
            `(B, C, *spatial)`, `(C, *spatial)` and `(*spatial)`, `G` for `(B, C, S, *spatial)`.
            Any other shape needs it, as do `S` channels without a batch. `"vector"` is for fields
            `(…, d, *spatial)` whose components turn as well, such as those of `VectorHead`.
        circular: Whether the array is a torus; otherwise zeros come in from outside.

    Returns:
        The moved feature map; its spatial axes are permuted with the group's.

    Raises:
        ElementError: there is no such element.
        ArgumentError: the element does not map the array's cells to cells, or the shape does not
            say on which space `x` lives.
        ShapeError: `x` does not have the space's number of planes.

    Examples:
        >>> import torch
        >>> act(torch.tensor([[1, 2], [3, 4]]), (1, 0, 0), "p4")
        tensor([[2, 4],
                [1, 3]])
    """
    group = as_group(group)
    s, t = group.split(element)
    S, d = group.stabilizer, group.dimension
    if not isinstance(x, Tensor):
        raise not_a_tensor(x)
    # Without a batch axis, `S` leading entries may be planes or channels; others are channels.
    is_bare = space is None and (x.ndim == d or (x.ndim == d + 1 and len(x) != S.order))
    is_field = space == "vector"
    H = S.whole if is_bare or is_field else space_by_shape(group, x, space)
    if is_field:
        x = _turned(x, s, group)
    rank = d if H.is_whole else d + 1
    if x.ndim < rank or (not H.is_whole and x.shape[-d - 1] != H.index):
        raise ShapeError(
            f"x has shape {tuple(x.shape)}, expected its last {rank} axes to be "
            f"{'' if H.is_whole else f'{H.index} stabilizer planes and '}{d} spatial ones"
        )
    shape = tuple(x.shape[-d:])
    key = ("action", s, t, shape, H.elements, flag("circular", circular), x.device)
    table = keep(S, key, lambda: _ActionTensors(action(s, t, shape, H, is_circular=circular), x))
    if not H.is_whole:
        x = x.index_select(-d - 1, table.planes)
    read = x.flatten(-d).index_select(-1, table.cells).masked_fill(table.outside, 0)
    moved: Tensor = read.unflatten(-1, table.spatial_shape)
    return moved


def _turned(field: Tensor, s: int, group: SplitGroup) -> Tensor:
    """Each vector of a field turned by a stabilizer element; `(…, d, *spatial)`."""
    basis, d = group.lattice.cartesian_basis, group.dimension
    if field.ndim <= d or field.shape[-d - 1] != d:
        raise ShapeError(
            f"x has shape {tuple(field.shape)}, expected a field of vectors (…, {d}, *spatial)"
        )
    turn = basis @ group.stabilizer.matrices[s] @ np.linalg.inv(basis)
    vectors = field.movedim(-d - 1, -1) @ as_tensor(turn).to(field).T
    return vectors.movedim(-1, -d - 1)


class _ActionTensors:
    """The tables of an action as tensors on the device of an input."""

    def __init__(self, moved: Action, x: Tensor) -> None:
        self.planes = as_tensor(moved.planes, x.device)
        self.cells = as_tensor(moved.cells.clip(min=0), x.device)
        self.outside = as_tensor(moved.cells < 0, x.device)
        self.spatial_shape = moved.spatial_shape
        self.nbytes = self.planes.nbytes + self.cells.nbytes + self.outside.nbytes
