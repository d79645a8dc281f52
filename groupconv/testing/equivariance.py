"""Equivariance of a module, measured element by element: `Φ(L_g x) = L_g Φ(x)`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from groupconv.algebra import Element, Space, SplitGroup, as_space
from groupconv.algebra.plugin import as_element
from groupconv.arguments import number
from groupconv.errors import ArgumentError, EquivarianceError, ShapeError
from groupconv.nn.functional import act
from groupconv.nn.planes import not_a_tensor
from groupconv.registry import as_group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["EquivarianceResult", "assert_equivariant", "equivariance_error"]

TOLERANCES = {
    torch.float64: 1e-10,
    torch.float32: 1e-4,
    torch.float16: 2e-2,
    torch.bfloat16: 1e-1,
}


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
        return max(self.per_element, key=self._badness)

    def _badness(self, element: Element) -> float:
        error = self.per_element[element]
        return math.inf if math.isnan(error) else error

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
        module: Any module or function; a network of layers tells its group by itself.
        x: An input, `(B, C, *spatial)` or `(B, C, S, *spatial)`.
        group: The group, if no layer in the module has one or several differ.
        in_space: Where `x` lives; by default told from its shape.
        out_space: Where the output lives; by default told from its shape. An output without
            spatial axes, `(B, K)`, is taken to be invariant.
        elements: The indices of the elements to try; by default the whole stabilizer. One with a
            translation moves cells out of the array, unless it is a torus.
        circular: Whether arrays are tori, as for layers with circular padding.

    Raises:
        ArgumentError: the group or a space cannot be told, or the input is not finite.

    Examples:
        >>> import groupconv as gc
        >>> layer = gc.nn.LiftingConv(1, 4, 3, group="p4m")
        >>> equivariance_error(layer, torch.randn(2, 1, 9, 9)).worst < 1e-5
        True
    """
    if not isinstance(x, Tensor):
        raise not_a_tensor(x)
    parts = _parts(module)
    found = _group_of(module, parts) if group is None else as_group(group)
    if elements is None:
        elements = map(found.element, range(found.order))
    elements = [as_element(found, g) for g in elements]
    if not elements or not x.numel():
        raise ArgumentError(
            f"{len(elements)} elements on an input of shape {tuple(x.shape)} measure nothing; "
            f"give at least one of each"
        )
    if not x.isfinite().all():
        raise ArgumentError("x holds values that are not finite; equivariance needs numbers")
    modes = {part: part.training for part in parts}
    for part in parts[:1]:  # the module itself, if it is one
        part.eval()
    try:
        with torch.no_grad():
            y = _output(module, x)
            source = _space_of(found, x, in_space, "in_space")
            target = _space_of(found, y, out_space, "out_space") if y.dim() > 2 else None
            scale = y.abs().max().item()
            if scale == 0:
                raise ArgumentError(
                    f"{_name(module)} gives zeros alone on x, which measures nothing; give "
                    f"another x, such as torch.randn"
                )
            errors: dict[Element, float] = {}
            is_moved = all(g == found.identity for g in elements)  # nothing else was asked for
            for g in elements:
                moved_x = act(x, g, found, source, circular=circular)
                is_moved = is_moved or not torch.equal(moved_x, x)
                moved = _output(module, moved_x)
                expected = y if target is None else act(y, g, found, target, circular=circular)
                if moved.shape != expected.shape:
                    raise ShapeError(
                        f"the module gives shape {tuple(moved.shape)} on the input moved by "
                        f"{g}, and {tuple(expected.shape)} was expected"
                    )
                errors[g] = (moved - expected).abs().max().item() / scale
            if not is_moved and not any(errors.values()):
                raise ArgumentError(
                    "x stays as it is under every element, which measures nothing; give another x, "
                    "such as torch.randn"
                )
    finally:
        for part, training in modes.items():
            part.training = training
    return EquivarianceResult(errors, y.dtype)


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

    The error is relative to the largest output, so a large constant (a bias, say) hides errors
    that are small beside it: subtract it, or give a smaller tolerance.

    Args:
        module: Any module or function.
        x: An input.
        group: The group.
        in_space: Where `x` lives.
        out_space: Where the output lives.
        elements: The elements to try.
        circular: Whether arrays are tori.
        tolerance: The largest relative error to accept; by default that of the coarser type,
            the input's or the output's.

    Raises:
        EquivarianceError: the error is above the tolerance, or not a number.

    Examples:
        >>> import groupconv as gc
        >>> assert_equivariant(gc.nn.GroupConv(2, 4, 3, group="p4"), torch.randn(1, 2, 4, 9, 9))
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
    coarsest = max((x.dtype, result.dtype), key=lambda dtype: TOLERANCES.get(dtype, 1e-4))
    if tolerance is None:
        limit = TOLERANCES.get(coarsest, 1e-4)
    else:
        limit = number("tolerance", tolerance, 0)
    wrong = [g for g, error in result.per_element.items() if not error <= limit]
    if math.isnan(result.worst):
        raise EquivarianceError(
            f"{_name(module)} gives values that are not numbers on a finite input, at "
            f"{result.worst_element}; mend the module or scale the input"
        )
    if wrong:
        raise EquivarianceError(
            f"{_name(module)} is not equivariant under {len(wrong)} of "
            f"{len(result.per_element)} elements: relative error {result}, tolerance {limit:.0e} "
            f"for {coarsest}; strides that leave cells over, parameters per stabilizer plane and, "
            f"on a hexagonal lattice, the corners of the array are the usual causes"
        )


def _parts(module: Callable[[Tensor], Tensor]) -> list[nn.Module]:
    """The module and all in it; a plain function has none."""
    if not callable(module) or isinstance(module, type):
        raise ArgumentError(f"module={module!r}: expected a torch module or a function of a tensor")
    return list(module.modules()) if isinstance(module, nn.Module) else []


def _output(module: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What a module gives, if it can be compared; on a copy, since it may work in place."""
    y = module(x.clone())
    if not isinstance(y, Tensor) or not (y.is_floating_point() or y.is_complex()) or not y.numel():
        shown = f"{y.dtype} {tuple(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
        raise ArgumentError(
            f"module={_name(module)} gives {shown}, expected a tensor of floating-point numbers; "
            f"wrap it in a function that returns one"
        )
    return y


def _name(module: Callable[[Tensor], Tensor]) -> str:
    return getattr(module, "__name__", type(module).__name__)


def _group_of(module: Callable[[Tensor], Tensor], parts: list[nn.Module]) -> SplitGroup:
    groups = {g for part in parts if isinstance(g := getattr(part, "group", None), SplitGroup)}
    if len(groups) != 1:
        names = ", ".join(sorted(g.name for g in groups)) or "none"
        raise ArgumentError(
            f"module={_name(module)} has layers of these groups: {names}; expected one; give group="
        )
    return groups.pop()


def _space_of(group: SplitGroup, x: Tensor, space: Space | None, argument: str) -> Space:
    """The space that a tensor lives on, as given or by its number of axes."""
    if space is not None:
        return as_space(group.stabilizer, space, argument)
    d = group.dimension
    if x.dim() == d + 2:
        return "lattice"
    if x.dim() == d + 3 and x.shape[2] == group.order:
        return "group"
    raise ArgumentError(
        f"{argument}=None cannot be told from the shape {tuple(x.shape)}; expected "
        f"(B, C, *spatial) or (B, C, {group.order}, *spatial) with {d} spatial axes; "
        f"give {argument}="
    )
