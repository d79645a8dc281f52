"""The window of a layer: its four sizes, and how its positions lie on an array."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from groupconv.arguments import as_sizes
from groupconv.errors import ArgumentError
from groupconv.transforms.regions import require_symmetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupconv.algebra import Stabilizer


@dataclass(frozen=True)
class Window:
    """A window that slides over an array, with sizes that are symmetric under a group.

    Attributes:
        group: The name of the group, for messages.
        stabilizer: Its stabilizer.
        kernel_size: The size of the window's box along each axis.
        stride: The step between positions.
        padding: The cells added before and after each axis.
        dilation: The distance between the window's cells.
        is_circular: Whether the array is a torus.
        is_always_symmetric: Whether its positions are symmetric on every array, so that none
            needs to be examined.
    """

    group: str
    stabilizer: Stabilizer
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    is_circular: bool = False
    is_always_symmetric: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        is_steady = max(self.stride) == 1 and not (self.is_circular and self._grows)
        always = self.stabilizer.permutes_axes and is_steady
        object.__setattr__(self, "is_always_symmetric", always)

    @classmethod
    def read(
        cls,
        stabilizer: Stabilizer,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        *,
        group: str = "",
        is_circular: bool = False,
    ) -> Window:
        """Read the sizes as torch's layers take them; `group` is the name for messages.

        Raises:
            ArgumentError: a size is not one integer or one per axis, or not symmetric under the
                group, or the padding would be unequal on two sides that the group exchanges.

        Examples:
            >>> from groupconv import group
            >>> Window.read(group("p4").stabilizer, 3, padding="same").padding
            ((1, 1), (1, 1))
        """
        S = stabilizer

        def sizes(argument: str, value: Any, least: int = 1) -> tuple[int, ...]:
            found = as_sizes(argument, value, S.dimension, least)
            # Where the axes are sheared, the symmetric part of a box need not be as long on each.
            if S.permutes_axes or argument in ("stride", "dilation"):
                require_symmetric(S, argument, found)
            return found

        box, steps = sizes("kernel_size", kernel_size), sizes("stride", stride)
        gaps = sizes("dilation", dilation)
        if padding == "same":
            pads = _same_padding(S, box, steps, gaps)
        elif isinstance(padding, str) and padding != "valid":
            raise ArgumentError(f"padding={padding!r}: expected integers, 'same' or 'valid'")
        else:
            either = 0 if padding == "valid" else padding
            pads = tuple((n, n) for n in sizes("padding", either, least=0))
        return cls(group or S.name, S, box, steps, pads, gaps, is_circular)

    @property
    def _grows(self) -> bool:
        """Whether the output has another size than the input, at stride 1."""
        return any(n != -1 for n in self.room((0,) * len(self.stride)))

    @property
    def is_padded_evenly(self) -> bool:
        """Whether both sides of every axis get the same padding, as a convolution can add it."""
        return all(low == high for low, high in self.padding)

    @property
    def flat_padding(self) -> tuple[int, ...]:
        """The padding as `torch.nn.functional.pad` takes it, the last axis first."""
        return sum(reversed(self.padding), ())

    def room(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The cells that the window can move by along each axis; negative if it is too large."""
        sizes = zip(shape, self.padding, self.dilation, self.kernel_size, strict=True)
        return tuple(n + sum(pads) - gap * (k - 1) - 1 for n, pads, gap, k in sizes)

    def problem(self, shape: Sequence[int]) -> str:
        """Why a layer with this window need not be equivariant on an array; nothing if it is.

        The group's centre is that of the array. On it the positions lie symmetrically only if they
        reach both ends, so that the stride divides the room; and on a lattice that the group
        shears, only if the middle one stands on the centre. A torus has no ends, but has to stay
        one: the output has to have the period of the input.
        """
        shape = tuple(shape)
        room, has_steps = self.room(shape), max(self.stride) > 1
        if min(room) < 0:  # it does not fit at all, as torch says
            return ""
        if self.is_circular and (found := self._torus_problem(shape, room)):
            return found
        if (self.is_circular and not has_steps) or self._is_even(room):
            return ""
        if not has_steps:
            return (
                f"on an array of {shape} cells: {self.group!r} shears the axes and maps the centre "
                f"of such an array to a point that is not a centre, so nothing on it is "
                f"equivariant; give odd sizes"
            )
        cells = ", ".join(map(str, dict.fromkeys(room)))
        return (
            f"places its windows unevenly about the centre, with stride {self.stride} on an array "
            f"of {shape} cells: from the first to the last position there are {cells} cells, "
            f"which the stride does not divide"
            + ("" if self.stabilizer.permutes_axes else " into an even number of steps")
            + f", so it is not exactly equivariant under {self.group!r}; use {self.advice(shape)}"
        )

    def advice(self, shape: tuple[int, ...]) -> str:
        """The nearest sizes, and other arguments, whose positions lie evenly."""

        def moved(sizes: tuple[int, ...], by: int) -> tuple[int, ...]:
            room, S = self.room(shape), self.stabilizer
            wrong = [i for i in S.reversed_axes if room[i] % self.stride[i] or not S.permutes_axes]
            return tuple(n + by * (i in wrong) for i, n in enumerate(sizes))

        def short(sizes: tuple[int, ...]) -> str:
            return str(sizes[0] if len(set(sizes)) == 1 else sizes)

        def is_good(window: Window, sizes: tuple[int, ...]) -> bool:
            return min(window.room(sizes)) >= 0 and window._is_even(window.room(sizes))

        farthest = 2 * max(self.stride)
        sizes = []
        for sign in (-1, 1):
            near = (moved(shape, sign * n) for n in range(1, farthest + 1))
            sizes += [short(other) for other in near if is_good(self, other)][:1]
        options = [f"size {' or '.join(sizes)}"] if sizes else []
        for by in (1, -1) if self.stabilizer.permutes_axes else (2, -2):
            box = moved(self.kernel_size, by)
            if min(box) > 0 and is_good(replace(self, kernel_size=box), shape):
                options.append(f"kernel_size={short(box)} at this stride")
                break
        for by in (1, -1):
            pads = tuple((low + by, high + by) for low, high in self.padding)
            if min(min(pads)) >= 0 and is_good(replace(self, padding=pads), shape):
                options.append(f"padding={short(tuple(low for low, _ in pads))}")
                break
        return ", or ".join(options) or "another size, kernel_size or stride"

    def _is_even(self, room: tuple[int, ...]) -> bool:
        """Whether the stabilizer maps the centres of the windows to such centres.

        Their middle has to be that of the array, so the stride has to divide the room. In doubled
        centred coordinates the centres then are `2 stride z - room` for integers `z`; on a lattice
        that is sheared, these have to be mapped to each other as well.
        """
        if any(room[axis] % self.stride[axis] for axis in self.stabilizer.reversed_axes):
            return False
        if self.stabilizer.permutes_axes:  # axes of unequal size may change places
            return True
        origin = -np.array(room)
        moved = self.stabilizer.matrices @ origin
        return not ((moved - origin) % (2 * np.array(self.stride))).any()

    def _torus_problem(self, shape: tuple[int, ...], room: tuple[int, ...]) -> str:
        out = tuple(n // step + 1 for n, step in zip(room, self.stride, strict=True))
        size = np.array(shape)
        if any(m * step != n for m, step, n in zip(out, self.stride, shape, strict=True)):
            problem = f"produces {out} cells where the input size divided by the stride is expected"
        elif (
            not self.stabilizer.permutes_axes
            and (self.stabilizer.matrices * size % size[:, None]).any()
        ):
            problem = "is on a torus that the group does not map to itself (give one size for all)"
        else:
            return ""
        return (
            f"with padding_mode='circular' on {shape} cells {problem}, so equivariance under "
            f"{self.group!r} is not guaranteed"
        )


def _same_padding(
    S: Stabilizer,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """The cells added before and after each axis by `padding="same"`."""
    if max(stride) > 1:
        raise ArgumentError(
            f"padding='same' needs stride 1, not stride={stride}; give a number, such as "
            f"padding=kernel_size // 2"
        )
    totals = [gap * (k - 1) for gap, k in zip(dilation, kernel_size, strict=True)]
    if any(totals[axis] % 2 for axis in S.reversed_axes):
        raise ArgumentError(
            f"padding='same' with kernel_size={kernel_size} pads two sides unequally, and the "
            f"group maps these sides to each other; use an odd kernel_size or a number"
        )
    return tuple((n // 2, n - n // 2) for n in totals)
