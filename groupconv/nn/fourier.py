"""A group convolution as one matrix product per irreducible representation of the stabilizer.

With cells written as `A_s q`, equation 11 of Cohen & Welling (2016) on a split group reads

    y[s'](p) = Σ_{s,q} X_p[s, q] Ψ[s'⁻¹ s, q],  X_p[s, q] = x[s](p + A_s q),  Ψ[u, q] = ψ[u, A_u q]:

at each place, a correlation over the stabilizer alone. Its Fourier transform makes that block
diagonal, so that `Σ D³/e` multiplications do the work of `|S|²`. The gradients are of the same
form, with windows of the gradient of `y` in place of those of `x`, so everything is gathered and
nothing scattered. Windows are made chunk by chunk, few enough to stay in the cache.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from groupconv.nn.higher_order import gradients_of
from groupconv.nn.planes import is_channels_last
from groupconv.nn.workers import run_all
from groupconv.transforms import support_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from groupconv.transforms import FilterTransform

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK_BYTES = {"cpu": 3 * 2**20, "cuda": 2**29}
"""How much of the windows is made at a time: what the cache holds, or enough to fill a GPU."""

SHARES = 2
"""How many sums of gradients there are for each thread: one that is held up makes fewer."""

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


def row_width(spatial: Sequence[int], kernel_size: tuple[int, ...]) -> float:
    """How many places are read at once: a row of an image, a plane of a volume, all by 1×1."""
    if max(kernel_size) == 1:
        return math.inf
    return math.prod(spatial[1:]) if len(spatial) == 3 else spatial[-1]


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
        """For each part of the kernel and block, matrices `(products, D C_out, D cells C_in)`."""
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
        found: list[list[Tensor]] = [[] for _ in parts]
        for block in self.blocks:
            k, D = block.irreps, block.size
            matrices = entries[block.entries].view(k, D, D, self.num_cells, C_out, C_in)
            matrices = torch.einsum(order, matrices)  # shape: (k, D, C, D, Q, C')
            for of_part, part in zip(found, parts, strict=True):
                rows = matrices[:, :, :, :, part].reshape(k, 1, D * matrices.shape[2], -1)
                of_part.append(rows.expand(-1, block.copies, -1, -1).flatten(0, 1))
        return found

    def weight_gradient(self, sums: list[list[Tensor]], C_out: int, C_in: int) -> Tensor:
        """From the gradients of `adjoint_filters` to that of the weight."""
        rows = []
        for block, *of_parts in zip(self.blocks, *sums, strict=True):
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
        if len(places) == 3:  # to where the next row starts, so that those of a plane are one
            places = (*places[:2], geometry.grid[2])
        sign = -1 if is_adjoint else 1
        Q, C = tables.num_cells, self.channels
        numbers = CHUNK_BYTES[x.device.type] // x.element_size()
        cells, count = Q, numbers // (S * Q * C)
        while count < LEAST_PLACES and cells > 1:
            cells = -(-cells // 2)
            count = numbers // (S * cells * C)
        self.parts = [slice(q, min(q + cells, Q)) for q in range(0, Q, cells)]
        self.threads = threads = torch.get_num_threads() if x.is_cpu else 1  # a GPU has one queue
        self.chunks = list(_chunks(B, places, max(count, 1), threads))
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

    def shares(self) -> list[Sequence[Chunk]]:
        """The chunks whose results are summed, in this order, whichever thread computes them."""
        count = min(SHARES * self.threads, len(self.chunks)) if self.threads > 1 else 1
        return [self.chunks[i::count] for i in range(count)]

    def for_all(
        self, items: Sequence[Item], compute: Callable[[list[Room], Item], Result], *channels: int
    ) -> list[Result]:
        """Compute something of all items, in rooms for windows and for maps of these channels."""
        cells = self.parts[0].stop

        def rooms() -> list[Room]:
            return [Room(self, self.channels, cells), *(Room(self, C) for C in channels)]

        return run_all(compute, items, rooms, self.threads)

    def read(self, chunk: Chunk, part: int, room: Room) -> list[Tensor]:
        """The transformed windows of a chunk and of some cells, by blocks of irreps."""
        geometry, cells = self.geometry, self.parts[part].stop - self.parts[part].start
        strides = (self.x.shape[2], geometry.image, *geometry.strides)
        first = chunk.images.start * geometry.image + chunk.first_axis.start * geometry.strides[0]
        sizes = (self.channels, *chunk.shape)
        last = first + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
        # What starts at each place of the row, of which that of the turned cells is read.
        everywhere = self.x.as_strided((self.x.numel() - last, *sizes), (1, *strides), first)
        views = room.views(chunk.shape, cells)
        torch.index_select(everywhere, 0, self.starts[part], out=views.box)
        torch.mm(self.tables.fourier, views.planes, out=views.rows)
        return views.blocks


class Views(NamedTuple):
    """A chunk before and behind the transform, as operations take it."""

    box: Tensor  # shape: (S · cells, C, *places)
    planes: Tensor  # shape: (S, cells · C · places), the same
    rows: Tensor  # shape: (S, cells · C · places), the transform of the planes
    blocks: list[Tensor]  # shape: (products, D · cells · C, places), parts of the rows


class Room:
    """Memory of one thread for a chunk of windows, or of a map, which has one cell.

    Threads wait for each other whenever they call torch: a view is made once for all chunks of
    one shape.
    """

    def __init__(self, windows: Windows, channels: int, cells: int = 1) -> None:
        self.tables, self.channels = windows.tables, channels
        entries = self.tables.order * cells * channels * windows.most_places
        self.memory = [windows.x.new_empty(entries) for _ in range(2)]
        self.made: dict[tuple[tuple[int, ...], int], Views] = {}

    def views(self, shape: tuple[int, ...], cells: int = 1) -> Views:
        """Those for chunks of this shape."""
        if (shape, cells) not in self.made:
            S, C, places = self.tables.order, self.channels, math.prod(shape)
            planes, rows = (m[: S * cells * C * places].view(S, -1) for m in self.memory)
            box = planes.view(S * cells, C, *shape)
            blocks = [
                rows[block.rows].view(block.products, block.size * cells * C, places)
                for block in self.tables.blocks
            ]
            self.made[shape, cells] = Views(box, planes, rows, blocks)
        return self.made[shape, cells]

    def read(self, x: Tensor, chunk: Chunk) -> list[Tensor]:
        """The Fourier transform of a chunk of a map, by blocks of irreps."""
        views = self.views(chunk.shape)
        part = x[chunk.images, :, :, chunk.first_axis].transpose(0, 2)
        views.box[..., : part.shape[-1]].copy_(part)
        views.box[..., part.shape[-1] :].zero_()
        torch.mm(self.tables.fourier, views.planes, out=views.rows)
        return views.blocks

    def write(self, y: Tensor, chunk: Chunk, bias: Tensor | None) -> None:
        """Transform the rows back into a chunk of a map."""
        views = self.views(chunk.shape)
        torch.mm(self.tables.inverse, views.rows, out=views.planes)
        target = y[chunk.images, :, :, chunk.first_axis].transpose(0, 2)
        found = views.box[..., : target.shape[-1]]
        if bias is None:
            target.copy_(found)
        else:
            torch.add(found, bias, out=target)


def _chunks(images: int, places: tuple[int, ...], count: int, threads: int) -> Iterator[Chunk]:
    """Chunks of about so many places, as many for each thread: whole images, or rows of one."""
    image, rows = math.prod(places), places[0]
    if count >= image:
        for part in _evenly(images, count // image, threads):
            yield Chunk(part, slice(0, rows), (part.stop - part.start, *places))
    else:
        per_image = threads // math.gcd(threads, images)
        for b in range(images):
            for part in _evenly(rows, max(1, count * rows // image), per_image):
                yield Chunk(slice(b, b + 1), part, (1, part.stop - part.start, *places[1:]))


def _evenly(n: int, most: int, multiple: int) -> Iterator[slice]:
    """Parts of `range(n)`, of at most so many and about the same size; if it can be, a multiple."""
    parts = min(n, -(-n // most // multiple) * multiple)
    ends = [n * i // parts for i in range(parts + 1)]
    return map(slice, ends, ends[1:])


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
    bias = None if bias is None else bias.view(-1, *[1] * (y.ndim - 2))

    def compute(rooms: list[Room], chunk: Chunk) -> None:
        room, results = rooms
        sums = results.views(chunk.shape).blocks
        for part, matrices in enumerate(filters):
            _add_products(sums, matrices, windows.read(chunk, part, room), is_first=part == 0)
        results.write(y, chunk, bias)

    windows.for_all(windows.chunks, compute, C)
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

    def compute(rooms: list[Room], chunks: Sequence[Chunk]) -> list[list[Tensor]]:
        room, results, inputs = rooms
        products: list[list[Tensor]] = [[] for _ in windows.parts]
        for chunk in chunks:
            sums = results.views(chunk.shape).blocks
            of_x = inputs.read(x, chunk) if needs[1] else []
            for part, found in enumerate(products):
                rows = windows.read(chunk, part, room)
                if dx is not None:
                    _add_products(sums, filters[part], rows, is_first=part == 0)
                pairs = [(left, right.mT) for left, right in zip(of_x, rows, strict=False)]
                if found:
                    for total, (left, right) in zip(found, pairs, strict=True):
                        torch.baddbmm(total, left, right, out=total)
                else:
                    found += [left @ right for left, right in pairs]
            if dx is not None:
                results.write(dx, chunk, None)
        return products

    shares = windows.for_all(windows.shares(), compute, C_in, C_in)
    if not needs[1]:
        return dx, None
    total = [
        [sum(rest, first) for first, *rest in zip(*blocks, strict=True)]
        for blocks in zip(*shares, strict=True)
    ]
    return dx, tables.weight_gradient(total, C_out, C_in)


def _add_products(
    sums: list[Tensor],  # shape: (products, D · C, places)
    matrices: list[Tensor],  # shape: (products, D · C, D · cells · C')
    rows: list[Tensor],  # shape: (products, D · cells · C', places)
    *,
    is_first: bool,
) -> None:
    """Add, or at first set, what some cells contribute, block by block of irreps."""
    for target, left, right in zip(sums, matrices, rows, strict=True):
        torch.baddbmm(target, left, right, beta=0 if is_first else 1, out=target)
