"""A group convolution as one matrix product per irreducible representation of the stabilizer.

With cells written as `A_s q`, equation 11 of Cohen & Welling (2016) on a split group reads

    y[t](p) = Σ_{s,q} X_p[s, q] Ψ[t⁻¹ s, q],   X_p[s, q] = x[s](p + A_s q),   Ψ[u, q] = ψ[u, A_u q]:

at each place, a correlation over the stabilizer alone. Its Fourier transform makes that block
diagonal, so that `Σ D³/e` multiplications do the work of `|S|²`. The gradients are of the same
form, with windows of the gradient of `y` in place of those of `x`, so everything is gathered and
nothing scattered. Windows are made chunk by chunk, few enough to stay in the cache.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from groupconv.nn.higher_order import gradients_of
from groupconv.nn.planes import is_channels_last
from groupconv.nn.workers import run_all
from groupconv.transforms import support_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from groupconv.transforms import FilterTransform

CHUNK_BYTES = {"cpu": 3 * 2**20, "cuda": 2**29}
"""How much of the windows is made at a time: what the cache holds, or enough to fill a GPU."""

LEAST_PLACES = 192
"""The fewest places of a chunk; with fewer, a product takes only some cells of the kernel."""


class Block(NamedTuple):
    """Irreps of one size, whose products are computed together."""

    rows: slice  # of the Fourier transform
    entries: slice  # of the matrices of all irreps, row-major one after the other
    irreps: int
    copies: int
    size: int

    @property
    def products(self) -> int:
        """How many products of matrices there are, each with as many rows as an irrep."""
        return self.irreps * self.copies


class Chunk(NamedTuple):
    """Places of some images, or of some rows of one image."""

    images: slice
    first_axis: slice
    shape: tuple[int, ...]  # of the images and places

    @property
    def places(self) -> int:
        """Their number."""
        return math.prod(self.shape)


def can_transform(
    x: Tensor,  # shape: (B, C_in · S, *spatial)
    kernel_size: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> bool:
    """Whether a map is of a kind that this file computes with, and has room for the kernel."""
    is_known = x.device.type in CHUNK_BYTES and x.dtype in (torch.float32, torch.float64)
    return is_known and min(_out_shape(x.shape[2:], kernel_size, padding, dilation)) > 0


def _out_shape(
    spatial: Sequence[int],
    kernel_size: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[int, ...]:
    return tuple(
        n + 2 * p - (k - 1) * step
        for n, k, p, step in zip(spatial, kernel_size, padding, dilation, strict=True)
    )


def fourier_convolution(
    x: Tensor,  # shape: (B, C_in, S, *spatial)
    weight: Tensor,  # shape: (C_out, C_in, P)
    bias: Tensor | None,  # shape: (C_out,)
    transform: FilterTransform,
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    lowered: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:  # shape: (B, C_out, S, *out)
    """A convolution from the group to itself, of stride 1, with zeros around the array.

    Args:
        x: The input.
        weight: The parameters.
        bias: One entry per channel.
        transform: The filter transform of the layer.
        padding: Zeros on both sides of each axis.
        dilation: The distance between filter cells.
        lowered: The same function of `x` and `weight`, without bias, in operations of torch's,
            for derivatives of higher order.
    """
    key = ("Fourier", *transform.key, x.dtype, x.device)
    with torch.inference_mode(False):  # fit for training in any mode
        tables = transform.stabilizer.memo.get(key, lambda: FourierTables(transform, x))
    geometry = Geometry(tables, tuple(x.shape[3:]), padding, dilation)
    y: Tensor = _FourierConvolution.apply(x, weight, bias, tables, geometry, lowered)
    return y


class _FourierConvolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        tables: FourierTables,
        geometry: Geometry,
        lowered: Callable[[Tensor, Tensor], Tensor],
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.tables, ctx.geometry, ctx.lowered = tables, geometry, lowered
        return convolve(tables, geometry, x, weight, bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        needs = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled():
            dx, dw = gradients_of(ctx.lowered, x, weight, grad, needs)
        else:
            dx, dw = gradients(ctx.tables, ctx.geometry, x, weight, grad, needs)
        db = grad.sum((0, *range(2, grad.ndim))) if ctx.needs_input_grad[2] else None
        return dx, dw, db, None, None, None


class FourierTables:
    """What depends on the group, the kernel and the type of numbers alone."""

    def __init__(self, transform: FilterTransform, like: Tensor) -> None:
        S = transform.stabilizer
        options: Any = {"dtype": like.dtype, "device": like.device}
        self.kernel_size, self.order = transform.kernel_size, S.order
        cells, permutation = support_cells(S, transform.kernel_size, transform.support)
        self.num_cells = len(cells)
        # The cell A_s q of the kernel's box at [s, q].
        self.turned = np.stack(np.unravel_index(cells, self.kernel_size), -1)[permutation]
        parameters = np.arange(S.order)[:, None] * self.num_cells + permutation
        self.psi = torch.tensor(parameters.ravel(), device=like.device)
        self.fourier = torch.tensor(S.fourier, **options)
        self.inverse = self.fourier.T.contiguous()
        self.blocks = []
        row = entry = 0
        for (copies, size), found in itertools.groupby(
            S.irreps, lambda irrep: (len(irrep.rows), irrep.dimension)
        ):
            irreps = len(list(found))
            rows, entries = irreps * copies * size, irreps * size * size
            places = slice(row, row + rows), slice(entry, entry + entries)
            self.blocks.append(Block(*places, irreps, copies, size))
            row, entry = row + rows, entry + entries
        # ρ(u)ᵀ and ρ(u) of all irreps: they take Ψ, and ψ, to the matrices that act on rows.
        there = [irrep.matrices.transpose(2, 1, 0).reshape(-1, S.order) for irrep in S.irreps]
        back = [irrep.matrices.transpose(1, 2, 0).reshape(-1, S.order) for irrep in S.irreps]
        self.there, self.back = (torch.tensor(np.concatenate(m), **options) for m in (there, back))

    @property
    def nbytes(self) -> int:
        """The bytes of its larger tables."""
        return self.turned.nbytes + 8 * self.psi.numel() + 4 * self.fourier.nbytes

    def filters(self, weight: Tensor, parts: Sequence[slice]) -> list[list[Tensor]]:
        """For each block and part of the kernel, matrices `(products, D C_out, D cells C_in)`."""
        C_out, C_in, _ = weight.shape
        psi = weight.flatten(0, 1).T.index_select(0, self.psi).view(self.order, -1)
        return self._matrices(self.there @ psi, C_out, C_in, parts, "kabqoi->kboaqi")

    def adjoint_filters(self, weight: Tensor, parts: Sequence[slice]) -> list[list[Tensor]]:
        """The same of the gradient of the input, `(products, D C_in, D cells C_out)`."""
        C_out, C_in, _ = weight.shape
        psi = weight.flatten(0, 1).T.reshape(self.order, -1)
        return self._matrices(self.back @ psi, C_out, C_in, parts, "kabqoi->kbiaqo")

    def _matrices(
        self, entries: Tensor, C_out: int, C_in: int, parts: Sequence[slice], order: str
    ) -> list[list[Tensor]]:
        found = []
        for block in self.blocks:
            k, D = block.irreps, block.size
            matrices = entries[block.entries].view(k, D, D, self.num_cells, C_out, C_in)
            matrices = torch.einsum(order, matrices)  # shape: (k, D, C, D, Q, C')
            rows = D * matrices.shape[2]
            found.append(
                [
                    matrices[:, :, :, :, part]
                    .reshape(k, 1, rows, -1)
                    .expand(k, block.copies, rows, -1)
                    .flatten(0, 1)
                    for part in parts
                ]
            )
        return found

    def weight_gradient(self, sums: list[list[Tensor]], C_out: int, C_in: int) -> Tensor:
        """From the gradients of `adjoint_filters` to that of the weight."""
        rows = []
        for block, of_parts in zip(self.blocks, sums, strict=True):
            k, D = block.irreps, block.size
            apart = [part.view(k, block.copies, D, C_in, D, -1, C_out).sum(1) for part in of_parts]
            entries = torch.cat(apart, 4)  # shape: (k, D, C_in, D, Q, C_out)
            rows.append(torch.einsum("kbiaqo->kabqoi", entries).reshape(k * D * D, -1))
        of_psi = self.back.T @ torch.cat(rows)
        return of_psi.view(self.order * self.num_cells, -1).T.reshape(C_out, C_in, -1)


class Geometry:
    """Where the windows of an array lie when its images stand in one row, padded with zeros.

    One row of padding serves the end of a row and the start of the next.
    """

    def __init__(
        self,
        tables: FourierTables,
        spatial: tuple[int, ...],
        padding: tuple[int, ...],
        dilation: tuple[int, ...],
    ) -> None:
        self.spatial = spatial
        self.out = _out_shape(spatial, tables.kernel_size, padding, dilation)
        self.grid = tuple(max(n + p, m) for n, p, m in zip(spatial, padding, self.out, strict=True))
        self.strides = tuple(math.prod(self.grid[i + 1 :]) for i in range(len(self.grid)))
        self.image = math.prod(self.grid)
        self.steps = (tables.turned * np.array(dilation) - np.array(padding)) @ np.array(
            self.strides
        )  # shape: (S, Q)
        self.margins = int(max(0, -self.steps.min())), int(max(0, self.steps.max()))


class Windows:
    """The Fourier transforms of the windows of a map, one chunk of places at a time."""

    def __init__(
        self,
        tables: FourierTables,
        geometry: Geometry,
        x: Tensor,  # shape: (B, C, S, *spatial)
        places: tuple[int, ...],
        *,
        is_adjoint: bool,
    ) -> None:
        self.tables, self.geometry = tables, geometry
        B, self.channels, S, *_ = x.shape
        sign = -1 if is_adjoint else 1
        Q, C = tables.num_cells, self.channels
        numbers = CHUNK_BYTES[x.device.type] // x.element_size()
        cells, count = Q, numbers // (S * Q * C)
        while count < LEAST_PLACES and cells > 1:
            cells = -(-cells // 2)
            count = numbers // (S * cells * C)
        self.parts = [slice(q, min(q + cells, Q)) for q in range(0, Q, cells)]
        self.chunks = list(_chunks(B, places, max(count, 1)))
        self.most_places = max(chunk.places for chunk in self.chunks)
        before, after = geometry.margins[::sign]
        self.x = self._in_one_row(x, before, after)
        plane = C * self.x.shape[2]
        self.starts = [
            torch.tensor(
                (np.arange(S)[:, None] * plane + sign * geometry.steps[:, part] + before).ravel(),
                device=x.device,
            )
            for part in self.parts
        ]

    def _in_one_row(self, x: Tensor, before: int, after: int) -> Tensor:
        """`(B, C, S, *spatial)` as `(S, C, places)`, with zeros around every image."""
        B, C, S, *shape = x.shape
        geometry = self.geometry
        row = x.new_zeros(S, C, before + B * geometry.image + after)
        images = row[:, :, before : before + B * geometry.image].view(S, C, B, *geometry.grid)
        inside: Any = (..., *map(slice, shape))
        images[inside].copy_(x.transpose(0, 2))
        return row

    def buffers(self) -> tuple[Tensor, Tensor]:
        """Room for one chunk, before and behind the transform."""
        part = self.parts[0]
        entries = self.tables.order * (part.stop - part.start) * self.channels * self.most_places
        return self.x.new_empty(entries), self.x.new_empty(entries)

    def read(self, chunk: Chunk, part: int, buffers: tuple[Tensor, Tensor]) -> Tensor:
        """The transformed windows of a chunk and of some cells, `(S, cells · C · places)`."""
        geometry, tables = self.geometry, self.tables
        C, S, N = self.channels, tables.order, self.x.shape[2]
        cells = self.parts[part].stop - self.parts[part].start
        windows, transformed = (b[: S * cells * C * chunk.places].view(S, -1) for b in buffers)
        strides, sizes = (N, geometry.image, *geometry.strides), (C, *chunk.shape)
        last = sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
        # What starts at each place of the row, of which that of the turned cells is read.
        everywhere = self.x.as_strided((self.x.numel() - last, *sizes), (1, *strides))
        first = chunk.images.start * geometry.image + chunk.first_axis.start * geometry.strides[0]
        out = windows.view(-1, *sizes)
        torch.index_select(everywhere, 0, self.starts[part] + first, out=out)
        torch.mm(tables.fourier, windows, out=transformed)
        return transformed


def _chunks(images: int, places: tuple[int, ...], count: int) -> Iterator[Chunk]:
    """Chunks of about so many places: whole images, or rows of one."""
    image, rows = math.prod(places), places[0]
    if count >= image:
        for part in _evenly(images, count // image):
            yield Chunk(part, slice(0, rows), (part.stop - part.start, *places))
    else:
        for b in range(images):
            for part in _evenly(rows, max(1, count * rows // image)):
                yield Chunk(slice(b, b + 1), part, (1, part.stop - part.start, *places[1:]))


def _evenly(n: int, most: int) -> Iterator[slice]:
    """Parts of `range(n)`, of at most so many and about the same size."""
    step = -(-n // -(-n // most))
    return (slice(i, min(i + step, n)) for i in range(0, n, step))


def _shares(windows: Windows) -> list[Sequence[Chunk]]:
    """The chunks of each thread, the same ones whenever there are as many; a GPU has one queue."""
    threads = min(torch.get_num_threads(), len(windows.chunks)) if windows.x.is_cpu else 1
    return [windows.chunks[i::threads] for i in range(threads)]


def convolve(
    tables: FourierTables,
    geometry: Geometry,
    x: Tensor,  # shape: (B, C_in, S, *spatial)
    weight: Tensor,  # shape: (C_out, C_in, P)
    bias: Tensor | None,  # shape: (C_out,)
) -> Tensor:  # shape: (B, C_out, S, *out)
    """The convolution."""
    windows = Windows(tables, geometry, x, geometry.out, is_adjoint=False)
    filters, C = tables.filters(weight, windows.parts), len(weight)
    y = _empty_like(x, C, geometry.out)

    def compute(chunks: Iterable[Chunk]) -> None:
        buffers, room = windows.buffers(), _Room(tables, C, windows)
        for chunk in chunks:
            sums = room.of(chunk)
            for part in range(len(windows.parts)):
                rows = windows.read(chunk, part, buffers)
                for block, matrices in zip(tables.blocks, filters, strict=True):
                    _add_product(sums, matrices[part], rows, block, is_first=part == 0)
            room.write(sums, y, chunk, bias)

    run_all([functools.partial(compute, share) for share in _shares(windows)])
    return y


def _empty_like(x: Tensor, channels: int, places: tuple[int, ...]) -> Tensor:
    """Room for a map of other channels and places, in the memory format of a map."""
    B, _, S = x.shape[:3]
    if is_channels_last(x.flatten(1, 2)):
        planes = x.new_empty(B, *places, channels * S).movedim(-1, 1)
    else:
        planes = x.new_empty(B, channels * S, *places)
    return planes.view(B, channels, S, *places)


def gradients(
    tables: FourierTables,
    geometry: Geometry,
    x: Tensor,  # shape: (B, C_in, S, *spatial)
    weight: Tensor,  # shape: (C_out, C_in, P)
    grad: Tensor,  # shape: (B, C_out, S, *out)
    needs: tuple[bool, bool],
) -> tuple[Tensor | None, Tensor | None]:
    """The gradients of the input and of the weight, of those that are needed, in one pass."""
    if not any(needs):  # where the bias alone is learned
        return None, None
    windows = Windows(tables, geometry, grad, geometry.spatial, is_adjoint=True)
    C_out, C_in, _ = weight.shape
    filters = tables.adjoint_filters(weight, windows.parts) if needs[0] else []
    dx = _empty_like(x, C_in, geometry.spatial) if needs[0] else None

    def compute(chunks: Iterable[Chunk]) -> list[list[Tensor]]:
        buffers, room = windows.buffers(), _Room(tables, C_in, windows)
        inputs = _Room(tables, C_in, windows)
        products: list[list[Tensor]] = [[] for _ in tables.blocks]
        for n, chunk in enumerate(chunks):
            sums, of_x = room.of(chunk), inputs.read(x, chunk) if needs[1] else None
            for part in range(len(windows.parts)):
                rows = windows.read(chunk, part, buffers)
                for block, matrices in zip(tables.blocks, filters, strict=False):
                    _add_product(sums, matrices[part], rows, block, is_first=part == 0)
                if of_x is None:
                    continue
                for block, found in zip(tables.blocks, products, strict=True):
                    left = of_x[block.rows].view(block.products, block.size * C_in, -1)
                    right = rows[block.rows].view(block.products, -1, chunk.places).mT
                    if n == 0:
                        found.append(left @ right)
                    else:
                        torch.baddbmm(found[part], left, right, out=found[part])
            if dx is not None:
                room.write(sums, dx, chunk, None)
        return products

    shares = run_all([functools.partial(compute, share) for share in _shares(windows)])
    if not needs[1]:
        return dx, None
    total = [
        [sum(parts[1:], parts[0]) for parts in zip(*b, strict=True)]
        for b in zip(*shares, strict=True)
    ]
    return dx, tables.weight_gradient(total, C_out, C_in)


class _Room:
    """Room for one chunk of a map, before and behind the transform."""

    def __init__(self, tables: FourierTables, channels: int, windows: Windows) -> None:
        self.tables, self.channels = tables, channels
        entries = tables.order * channels * windows.most_places
        self.planes, self.rows = (windows.x.new_empty(entries) for _ in range(2))

    def _views(self, chunk: Chunk) -> tuple[Tensor, Tensor]:
        S, entries = self.tables.order, self.tables.order * self.channels * chunk.places
        planes, rows = (room[:entries].view(S, -1) for room in (self.planes, self.rows))
        return planes, rows

    def of(self, chunk: Chunk) -> Tensor:  # shape: (S, C · places)
        return self._views(chunk)[1]

    def read(self, x: Tensor, chunk: Chunk) -> Tensor:  # shape: (S, C · places)
        """The Fourier transform of a chunk of a map."""
        planes, rows = self._views(chunk)
        S = self.tables.order
        part = x[chunk.images, :, :, chunk.first_axis].transpose(0, 2)
        planes.view(S, self.channels, *chunk.shape).copy_(part)
        return torch.mm(self.tables.fourier, planes, out=rows)

    def write(self, rows: Tensor, y: Tensor, chunk: Chunk, bias: Tensor | None) -> None:
        """Transform back into a chunk of a map."""
        planes = torch.mm(self.tables.inverse, rows, out=self._views(chunk)[0])
        planes = planes.view(self.tables.order, self.channels, *chunk.shape).transpose(0, 2)
        target = y[chunk.images, :, :, chunk.first_axis]
        if bias is None:
            target.copy_(planes)
        else:
            torch.add(planes, bias.view(-1, 1, *[1] * (len(chunk.shape) - 1)), out=target)


def _add_product(
    sums: Tensor,  # shape: (S, C · places)
    matrices: Tensor,  # shape: (products, D · C, D · cells · C')
    rows: Tensor,  # shape: (S, cells · C' · places)
    block: Block,
    *,
    is_first: bool,
) -> None:
    """Add, or at first set, what one block of irreps contributes."""
    D_C, D_cells = matrices.shape[1:]
    target = sums[block.rows].view(block.products, D_C, -1)
    source = rows[block.rows].view(block.products, D_cells, -1)
    torch.baddbmm(target, matrices, source, beta=0 if is_first else 1, out=target)
