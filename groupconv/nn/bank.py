"""The filter bank: a gather whose gradient is again a gather.

A small bank is read from all parameters at once, by one table of its entries, and torch adds up
the gradient. For a larger one such a table would weigh as much as the bank, so each filter
is read by the rows of a common table, and back by those of its inverse: expanding parameters and
collecting their gradients are adjoint linear maps, and each is the other's derivative, of any
order. Neither scatters, so both are deterministic on every device.
"""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from groupconv.nn.buffers import kept_tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.algebra.exact import IntArray
    from groupconv.nn.buffers import Table
    from groupconv.transforms import FilterTransform

SMALL_BANK = 2**17
"""The most entries of a bank that has a table of them all, which weighs as much as the bank."""

BLOCK_ENTRIES = 2**18
MOST_BLOCKS = 16


def bank_tables(
    transform: FilterTransform, rows: int, columns: int, device: torch.device
) -> tuple[Tensor, Tensor | None]:
    """What `filter_bank` reads for so many filters: their index, and its inverse of a large bank.

    Layers of the same kernel share them.
    """
    if rows * columns * transform.index.size <= SMALL_BANK:
        return kept_tensor(index_of_bank, transform, rows, columns, device=device), None
    index, inverse = (kept_tensor(t, transform, device=device) for t in (row_index, row_inverse))
    return index, inverse


def channels_last_tables(
    transform: FilterTransform, columns: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """The same of a large bank whose `C_in · S_in` channels are its innermost axis."""
    tables = row_index_for_channels_last, row_inverse_for_channels_last
    index, inverse = (kept_tensor(table, transform, columns, device=device) for table in tables)
    return index, inverse


def index_of_bank(transform: FilterTransform, rows: int, columns: int) -> Table:
    """The parameter of each cell in a small bank of `(rows, columns)` filters.

    It has shape `(rows · S_out · columns · L,)`, and reads all parameters; 32 bits each, since
    it is as large as the bank. A zero stands behind the last parameter: there lead the -1 of the
    transform.
    """
    P, index = transform.num_parameters, _slices(transform)[:, None]  # shape: (S_out, 1, L)
    first = P * np.arange(rows * columns, dtype=np.int32).reshape(rows, 1, columns, 1)
    return np.where(index < 0, rows * columns * P, first + index.astype(np.int32)).ravel()


def row_index(transform: FilterTransform) -> Table:  # shape: (S_out, L)
    """The parameter of each cell in one filter; P, where a zero stands, for the -1."""
    index = _slices(transform)
    return np.where(index < 0, transform.num_parameters, index) if transform.is_masked else index


def row_inverse(transform: FilterTransform) -> Table:  # shape: (S_out, P, M)
    """The cells of each parameter in one filter; L, where a zero stands, fills up."""
    inverse, cells = transform.inverse, transform.index[0].size
    return np.where(inverse < 0, cells, inverse) if transform.is_ragged else inverse


def row_index_for_channels_last(transform: FilterTransform, columns: int) -> Table:
    """The parameter of an output channel in each of its cells, `(S_out, kernel · C_in · S_in)`."""
    S_out, S_in, *box = transform.index.shape
    index = transform.index.reshape(S_out, S_in, math.prod(box)).transpose(0, 2, 1)[:, :, None]
    P, column = transform.num_parameters, np.arange(columns)[:, None]
    return np.where(index < 0, columns * P, index + P * column).reshape(S_out, -1)


def row_inverse_for_channels_last(transform: FilterTransform, columns: int) -> Table:
    """The cells that read each parameter of an output channel, `(S_out, C_in · P, M)`."""
    S_out, S_in, *box = transform.index.shape
    inverse, cells = transform.inverse[:, None], math.prod(box)  # shape: (S_out, 1, P, M)
    plane, cell = inverse // cells, inverse % cells
    place = (cell * columns + np.arange(columns)[:, None, None]) * S_in + plane
    place = np.where(inverse < 0, cells * columns * S_in, place)
    table: Table = place.reshape(S_out, -1, place.shape[-1])
    return table


def _slices(transform: FilterTransform) -> IntArray:  # shape: (S_out, L)
    return transform.index.reshape(transform.out_space.index, -1)


def filter_bank(
    weight: Tensor,  # shape: (C_out, C_in, P)
    index: Tensor,
    inverse: Tensor | None,
    shape: tuple[int, ...],
    masked: bool,
    ragged: bool,
) -> Tensor:  # shape: (C_out · S_out, C_in · S_in, *kernel)
    """Expand parameters into the bank of all transformed filters, as a planar convolution has it.

    Args:
        weight: The parameters, `(C_out, C_in, P)`.
        index: The parameter of each cell, from `bank_tables`.
        inverse: The cells of each parameter, unless the bank is small.
        shape: The shape of the bank, `(C_out · S_out, C_in · S_in, *kernel)`.
        masked: Whether `index` reads a zero.
        ragged: Whether `inverse` reads a zero.

    Returns:
        The bank.
    """
    if inverse is None:
        entries = F.pad(weight.flatten(), (0, 1)) if masked else weight.flatten()
        return entries.index_select(0, index).view(shape)
    is_learned = weight.requires_grad and torch.is_grad_enabled()
    is_exported = torch.compiler.is_exporting() or torch.jit.is_tracing()  # type: ignore[attr-defined]
    if not is_learned or is_exported:
        return expand(weight.unsqueeze(1), index, masked).view(shape)
    function = _TracedExpand if torch.compiler.is_compiling() else _Expand
    bank: Tensor = function.apply(weight, index, inverse, masked, ragged)
    return bank.view(shape)


def expand(
    source: Tensor,  # shape: (A, S or 1, B, P)
    index: Tensor,  # shape: (S, L)
    padded: bool,
) -> Tensor:  # shape: (A, S, B, L)
    """Read the last axis of `(A, S or 1, B, P)` by a table `(S, L)`: `(A, S, B, L)`.

    With `padded`, the table may read a zero behind the last entry.
    """
    if padded:
        source = F.pad(source, (0, 1))
    A, _, B, P = source.shape
    S, L = index.shape
    # gather reads expanded tensors without making them
    return source.expand(A, S, B, P).gather(3, index.view(1, S, 1, L).expand(A, S, B, L))


def collect(
    bank: Tensor,  # shape: (C_out, S_out, C_in, L)
    inverse: Tensor,  # shape: (S_out, P, M)
    ragged: bool,
) -> Tensor:  # shape: (C_out, C_in, P)
    """For each parameter, the sum over the cells that read it: `(C_out, C_in, P)`.

    On a CPU it goes through the bank in blocks of output channels, few enough to launch and small
    enough to cache: gathering the whole bank at once would allocate it a second time, and touching
    that fresh memory costs more than the gather itself. A GPU keeps its memory, and waits for
    launches instead.
    """
    S, P, M = inverse.shape
    sums = []
    blocks = max(1, min(MOST_BLOCKS, bank.numel() // BLOCK_ENTRIES)) if bank.is_cpu else 1
    for block in bank.chunk(blocks):
        read = expand(block, inverse.view(S, P * M), ragged)  # (C, S_out, C_in, P · M)
        sums.append(read.sum(1) if M == 1 else read.view(*read.shape[:-1], P, M).sum((1, -1)))
    return torch.cat(sums) if len(sums) > 1 else sums[0]


class _Positional(inspect.Signature):
    """The signature of a function whose arguments are all given, and in order.

    torch binds the arguments of an autograd function at every call, which takes 50 µs with the
    signature that Python derives.
    """

    def bind(self, *args: Any, **kwargs: Any) -> Any:
        return _Bound(args, kwargs)


class _Bound(NamedTuple):
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def apply_defaults(self) -> None:
        pass


def _positional(forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    forward.__signature__ = _Positional()  # type: ignore[attr-defined]
    return forward


class _Reading(torch.autograd.Function):
    """What both directions keep for the other one, and for derivatives forward."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _, index, inverse, *ctx.options = inputs
        ctx.save_for_backward(index, inverse)
        ctx.save_for_forward(index, inverse)


class _TracedExpand(_Reading):
    """`(C_out, C_in, P)` → `(C_out, S_out, C_in, L)`, for `torch.compile`."""

    @staticmethod
    @_positional
    def forward(
        weight: Tensor, index: Tensor, inverse: Tensor, masked: bool, ragged: bool
    ) -> Tensor:
        return expand(weight.unsqueeze(1), index, masked)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        (_, inverse), (_, ragged) = ctx.saved_tensors, ctx.options
        return collect(grad, inverse, ragged), None, None, None, None


class _Expand(_TracedExpand):
    """The same with derivatives of every order, forward as well, which the compiler refuses."""

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        if not torch.is_grad_enabled():
            return _TracedExpand.backward(ctx, grad)
        collected: Tensor = _Collect.apply(grad, *ctx.saved_tensors, *ctx.options)
        return collected, None, None, None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_: None) -> Tensor:
        return _Expand.apply(tangent, *ctx.saved_tensors, *ctx.options)  # type: ignore[no-any-return]


class _Collect(_Reading):
    """`(C_out, S_out, C_in, L)` → `(C_out, C_in, P)`, the adjoint of `_Expand`."""

    @staticmethod
    @_positional
    def forward(bank: Tensor, index: Tensor, inverse: Tensor, masked: bool, ragged: bool) -> Tensor:
        return collect(bank, inverse, ragged)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        expanded: Tensor = _Expand.apply(grad, *ctx.saved_tensors, *ctx.options)
        return expanded, None, None, None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_: None) -> Tensor:
        return _Collect.apply(tangent, *ctx.saved_tensors, *ctx.options)  # type: ignore[no-any-return]
