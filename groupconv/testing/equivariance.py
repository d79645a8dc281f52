"""Equivariance of a module, measured element by element: `Φ(L_g x) = L_g Φ(x)`."""

from __future__ import annotations

import contextlib
import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from groupconv.algebra import Element, Space, SplitGroup
from groupconv.arguments import number
from groupconv.errors import ArgumentError, EquivarianceError, GroupConvError, ShapeError
from groupconv.nn.functional import act
from groupconv.nn.planes import not_a_tensor, space_by_shape
from groupconv.registry import as_group
from groupconv.transforms import invariant_region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__tracebackhide__ = True  # so that pytest ends at the line of the test

TOLERANCES = {torch.float64: 1e-10, torch.float16: 2e-2, torch.bfloat16: 1e-1}
FLOAT32_TOLERANCE = 1e-4


def tolerance_of(dtype: torch.dtype) -> float:
    """The relative error that is put down to rounding."""
    return TOLERANCES.get(dtype, FLOAT32_TOLERANCE)


USUAL_CAUSES = (
    "strides that leave cells over, planar convolutions, Flatten over spatial axes, parameters per "
    "stabilizer plane and, on a hexagonal lattice, the corners of the array are the usual causes"
)

_modes = threading.RLock()
"""Held while a module is in evaluation mode, so that no other thread takes that for its own."""


@dataclass(frozen=True)
class EquivarianceResult:
    """How far a module is from commuting with its group.

    Attributes:
        per_element: For each element `g`, the largest entry of `|Φ(L_g x) - L_g Φ(x)|` relative
            to the largest entry of `|Φ(x)|`.
        dtype: The type of `Φ(x)`.
    """

    per_element: Mapping[Element, float]
    dtype: torch.dtype = torch.float32

    @property
    def worst(self) -> float:
        """The largest error; not a number if any is."""
        return self.per_element[self.worst_element]

    @property
    def worst_element(self) -> Element:
        """The element with the largest error."""
        errors = self.per_element
        return max(errors, key=lambda g: math.inf if math.isnan(errors[g]) else errors[g])

    def __str__(self) -> str:
        return f"{self.worst:.1e} at {self.worst_element}"


def equivariance_error(
    module: Callable[[Tensor], Tensor],
    x: Tensor,
    *,
    group: SplitGroup | str | None = None,
    in_space: Space | None = None,
    out_space: Space | None = None,
    elements: Iterable[Element] | None = None,
    circular: bool = False,
) -> EquivarianceResult:
    """Measure `Φ(L_g x) = L_g Φ(x)` for a module `Φ`, in evaluation mode and without gradients.

    Args:
        module: Any module or function.
        x: An input, `(B, C, *spatial)` or `(B, C, S, *spatial)`.
        group: The group; by default that of the layers in the module.
        in_space: Where `x` lives; by default as its shape says.
        out_space: Where the output lives; by default as its shape says. An output without spatial
            axes, `(B, K)`, is taken to be invariant. `"vector"` is for fields `(B, …, d, *spatial)`
            whose components turn as well, such as those of `VectorHead`.
        elements: The indices of the elements to try; by default the whole stabilizer. One with a
            translation moves cells out of the array, unless it is a torus.
        circular: Whether arrays are tori, as for layers with circular padding.

    Raises:
        ArgumentError: the group or a space does not follow from the layers and shapes, `x` is not
            finite, or `x` or the output is such that nothing is measured.
        ShapeError: the output of a moved input has another shape than the moved output.

    Examples:
        >>> import groupconv as gc
        >>> layer = gc.nn.LiftingConv(1, 4, 3, group="p4m")
        >>> equivariance_error(layer, torch.randn(2, 1, 9, 9)).worst < 1e-5
        True
    """
    if not isinstance(x, Tensor):
        raise not_a_tensor(x)
    if not x.isfinite().all():
        raise ArgumentError("x holds values that are not finite; give finite numbers")
    found = group_of(module) if group is None else as_group(group)
    elements = map(found.element, range(found.order)) if elements is None else elements
    with evaluating(module):
        y = _output(module, x)
        source = space_by_shape(found, x, in_space, "in_space")
        target: Space | None = None  # an output without spatial axes is invariant
        if y.dim() > 2:
            is_field = out_space == "vector"
            target = "vector" if is_field else space_by_shape(found, y, out_space, "out_space")
        errors: dict[Element, float] = {}
        is_moved = False
        for g in map(tuple, elements):
            moved_x = act(x, g, found, source, circular=circular)
            is_moved = is_moved or not torch.equal(moved_x, x)
            expected = y if target is None else act(y, g, found, target, circular=circular)
            moved = _output(module, moved_x)
            if moved.shape != expected.shape:
                shapes = f"shape {tuple(moved.shape)}, and {tuple(expected.shape)} was expected"
                raise ShapeError(f"on x moved by {g}, {_name(module)} gives {shapes}")
            errors[g] = (moved - expected).abs().max().item()
    scale = y.abs().max().item()
    noise = tolerance_of(y.dtype) * scale  # of sums whose terms change places
    is_exact = all(error <= noise for error in errors.values())
    is_tried = is_moved or not is_exact or set(errors) == {found.identity}
    if scale == 0 or not is_tried:
        name = _name(module)
        why = "x stays as it is under every element" if scale else f"{name} gives zeros alone"
        raise ArgumentError(f"{why}, which measures nothing; give another x, such as torch.randn")
    return EquivarianceResult({g: error / scale for g, error in errors.items()}, y.dtype)


def assert_equivariant(
    module: Callable[[Tensor], Tensor],
    x: Tensor,
    *,
    group: SplitGroup | str | None = None,
    in_space: Space | None = None,
    out_space: Space | None = None,
    elements: Iterable[Element] | None = None,
    circular: bool = False,
    tolerance: float | None = None,
) -> None:
    """Raise if a module does not commute with its group; arguments as for `equivariance_error`.

    `tolerance` is the largest relative error to accept; by default it is that of the coarser type,
    the input's or the output's. The error is relative to the largest output, so a large constant,
    such as a bias, hides small errors: subtract it, or give a smaller tolerance.

    Raises:
        EquivarianceError: the error is above the tolerance, or not a number.

    Examples:
        >>> import groupconv as gc
        >>> layer = gc.nn.GroupConv(2, 4, 3, group="p4")
        >>> assert_equivariant(layer, torch.randn(1, 2, 4, 9, 9))
    """
    result = equivariance_error(
        module,
        x,
        group=group,
        in_space=in_space,
        out_space=out_space,
        elements=elements,
        circular=circular,
    )
    coarsest = max((x.dtype, result.dtype), key=tolerance_of)
    limit = tolerance_of(coarsest)
    if tolerance is not None:
        limit = number("tolerance", tolerance, 0)
    if math.isnan(result.worst):
        problem = f"values that are not numbers on a finite input, at {result.worst_element}"
        raise EquivarianceError(f"{_name(module)} gives {problem}; fix it or scale the input")
    wrong = [g for g, error in result.per_element.items() if error > limit]
    if wrong:
        found = group_of(module) if group is None else as_group(group)
        options = {"in_space": in_space, "elements": wrong, "circular": circular}
        cause = _cause_in_the_components(module, x, found, limit, **options)
        options["out_space"] = out_space
        cause = cause or _cause_at_the_corners(module, x, found, limit, **options)
        raise EquivarianceError(
            f"{_name(module)} is not equivariant under {len(wrong)} of "
            f"{len(result.per_element)} elements: relative error {result}, tolerance {limit:.0e} "
            f"for {coarsest}; {cause or USUAL_CAUSES}"
        )


def _cause_in_the_components(
    module: Callable[[Tensor], Tensor],
    x: Tensor,
    group: SplitGroup,
    limit: float,
    **options: Any,
) -> str:
    """The advice to compare vectors, if the output is a field of them."""
    with contextlib.suppress(GroupConvError, RuntimeError):
        result = equivariance_error(module, x, group=group, out_space="vector", **options)
        if result.worst <= limit:
            return "its output is a field of vectors that turn as well: give out_space='vector'"
    return ""


def _cause_at_the_corners(
    module: Callable[[Tensor], Tensor],
    x: Tensor,
    group: SplitGroup,
    limit: float,
    **options: Any,
) -> str:
    """The advice to mask a map, if a group that shears the axes fails at the corners alone."""
    S, d = group.stabilizer, group.dimension
    if S.permutes_axes:
        return ""

    def masked(y: Tensor) -> Tensor:
        region = invariant_region(S, y.shape[-d:]) if y.dim() > d + 1 else True
        return y * torch.as_tensor(region, device=y.device)

    for name, input_ in (("its output", x), ("its input and its output", masked(x))):
        with contextlib.suppress(ArgumentError, ShapeError):
            result = equivariance_error(lambda x: masked(module(x)), input_, group=group, **options)
            if result.worst <= limit:
                return (
                    f"only what lies outside the part of the array that {group.name!r} keeps is "
                    f"wrong: put a Mask on {name}"
                )
    return ""


@contextlib.contextmanager
def evaluating(module: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Without gradients and, for a module, in evaluation mode; every part gets its mode back."""
    parts = list(module.modules()) if isinstance(module, nn.Module) else []
    with _modes, torch.no_grad():
        modes = [part.training for part in parts]
        try:
            if parts:
                parts[0].eval()
            yield
        finally:
            for part, training in zip(parts, modes, strict=True):
                part.training = training


def _output(module: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What a module gives; on a copy, since it may work in place."""
    y = module(x.clone())
    if not isinstance(y, Tensor):
        given = f"module={_name(module)} gives {type(y).__name__}, expected a tensor"
        raise ArgumentError(f"{given}; wrap it in a function that returns one")
    return y


def _name(module: Callable[[Tensor], Tensor]) -> str:
    return getattr(module, "__name__", type(module).__name__)


def group_of(module: Callable[[Tensor], Tensor]) -> SplitGroup:
    """The group of a module's layers; of several, the one that all the others contain."""
    parts = module.modules() if isinstance(module, nn.Module) else ()
    found = {g for part in parts if isinstance(g := getattr(part, "group", None), SplitGroup)}
    groups = sorted(found, key=lambda group: (group.order, group.name))
    if groups and all(g.stabilizer.contains(groups[0].stabilizer) for g in groups):
        return groups[0]
    names = ", ".join(sorted(group.name for group in groups)) or "no group"
    given = f"module={_name(module)} has layers of {names}"
    step = "Restrict leads from one to the other; or give group="
    if not groups:
        step = "give group="
    raise ArgumentError(f"{given}, expected those of one group; {step}")
