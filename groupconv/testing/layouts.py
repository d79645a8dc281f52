"""How a tensor may hold a map, and how an element of the group moves it then."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from groupconv.errors import GroupConvError
from groupconv.nn.functional import act

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from groupconv.algebra import Element, SplitGroup, Subgroup


@dataclass(frozen=True)
class Layout:
    """One way in which a tensor holds a map.

    Attributes:
        name: What it is called in a table.
        as_map: The tensor as `(B, C·planes, *spatial)`.
        space: The space of the map; `"vector"` for vectors that turn as well, and None for numbers
            that no element moves.
        group: The group of that space: the one that is tried, or one that contains it.
    """

    name: str
    as_map: Callable[[Tensor], Tensor]
    space: Subgroup | str | None
    group: SplitGroup

    def error(
        self, y: Tensor, moved: Tensor, g: Element, group: SplitGroup, *, circular: bool
    ) -> float:
        """How far the tensor of a moved input is from the moved tensor; infinite if unlike it."""
        if self.space is None and moved.shape != y.shape:
            return math.inf
        if self.space is None:
            return (moved - y).abs().max().item()
        x, found = self.as_map(y), self.as_map(moved)
        planes = group.dimension if isinstance(self.space, str) else self.space.index
        if planes > 1 or isinstance(self.space, str):
            x = x.reshape(len(x), -1, planes, *x.shape[2:])
        try:
            expected = act(x, self._element(g, group), self.group, self.space, circular=circular)
        except GroupConvError:  # no such map on an array of this size
            return math.inf
        expected = expected.reshape(found.shape[0], -1, *expected.shape[-group.dimension :])
        if found.shape != expected.shape:
            return math.inf
        return (found - expected).abs().max().item()

    def _element(self, g: Element, group: SplitGroup) -> Element:
        """The same element in the coordinates of the layout's group."""
        s, t = group.split(g)
        own, wanted = self.group.stabilizer.matrices, group.stabilizer.matrices[s]
        return self.group.element(int((own == wanted).all(axis=(1, 2)).argmax()), t)


def layouts(
    y: Tensor, spaces: Sequence[tuple[SplitGroup, Subgroup]], sizes: Iterable[tuple[int, ...]]
) -> Iterator[Layout]:
    """All ways in which a tensor may hold a map, the most likely ones first.

    Args:
        y: The tensor; its first axis is the batch.
        spaces: The spaces of maps in the network, each with its group; the lattice comes first.
        sizes: The spatial sizes of maps in the network, for tensors that were flattened.
    """
    first, _ = spaces[0]
    d = first.dimension
    if y.ndim <= 2:
        yield invariant(first)
    for ending, as_map in _as_maps(y, d, sizes):
        apart = y.shape[2] if y.ndim == d + 3 and not ending else 0  # planes on their own axis
        for group, space in sorted(spaces, key=lambda pair: pair[1].index != apart):
            planes, channels = space.index, as_map(y).shape[1]
            is_apart = planes == apart
            if channels % planes or (planes > 1 and y.ndim == d + 3 and not is_apart):
                continue
            name = "group" if space.order == 1 else f"{planes} planes"
            name += "" if group == first else f" of {group.name}"
            name = "lattice" if planes == 1 else name if is_apart else f"{name}, flat"
            yield Layout(name + ending, as_map, space, group)
    if y.ndim in (d + 2, d + 3) and y.shape[-d - 1] % d == 0 and d > 1:
        yield Layout("vectors", _merged(d), "vector", first)


def invariant(group: SplitGroup) -> Layout:
    """The layout of numbers that no element moves."""
    return Layout("invariant", Tensor.clone, None, group)


def _merged(d: int) -> Callable[[Tensor], Tensor]:
    return lambda y: y.flatten(1, -d - 1)


def _as_maps(
    y: Tensor, d: int, sizes: Iterable[tuple[int, ...]]
) -> Iterator[tuple[str, Callable[[Tensor], Tensor]]]:
    """The ways to see a tensor as `(B, C, *spatial)`, each with words for it."""
    if y.ndim in (d + 2, d + 3):
        yield "", _merged(d)
    if y.ndim == d + 3:
        yield ", channels last", lambda y: y.movedim(-1, 1).flatten(1, 2)
    if y.ndim == d + 2:
        yield ", channels last", lambda y: y.movedim(-1, 1)
    if y.ndim == 2:
        yield "", lambda y: y.reshape(*y.shape, *(1,) * d)
    for size in sizes:
        cells = math.prod(size)
        if cells > 1 and y.ndim == 2 and y.shape[1] % cells == 0:
            yield ", places too", _unflattened(size)
        if cells > 1 and y.ndim == 3 and y.shape[1] % cells == 0:
            yield ", tokens", _tokens(size)
        if cells > 1 and y.ndim == 3 and y.shape[2] == cells:
            yield ", tokens last", _unflattened(size)


def _tokens(size: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    """Of `(B, places and perhaps boxes at each, channels)`."""
    return lambda y: y.reshape(len(y), *size, -1).movedim(-1, 1)


def _unflattened(size: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    return lambda y: y.reshape(len(y), -1, *size)
