"""The arguments of a network, and the same moved by an element of a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from groupconv.errors import ArgumentError
from groupconv.nn.functional import act

if TYPE_CHECKING:
    from collections.abc import Callable

    from groupconv.algebra import Element, SplitGroup


@dataclass(frozen=True)
class Example:
    """Arguments of a network.

    Attributes:
        arguments: Those by position.
        named: Those by name.
    """

    arguments: tuple[Any, ...]
    named: Mapping[str, Any]

    @classmethod
    def read(cls, given: object) -> Example:
        """From what a person gives: a tensor, a tuple or list of arguments, or a mapping."""
        if isinstance(given, Example):
            return given
        if isinstance(given, Mapping):
            return cls((), given)
        return cls(tuple(given) if isinstance(given, (tuple, list)) else (given,), {})

    def run(self, model: Callable[..., Any]) -> Any:
        """What a model gives."""
        return model(*self.arguments, **self.named)

    def copied(self) -> Example:
        """The same with copies of all tensors, for models that work in place."""
        return Example(*tree_map(_cloned, (self.arguments, dict(self.named))))

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Example:
        """The same with every floating-point tensor changed."""

        def changed(value: Any) -> Any:
            is_data = isinstance(value, Tensor) and value.is_floating_point()
            return function(value) if is_data else value

        return Example(*tree_map(changed, (self.arguments, dict(self.named))))

    def moved(self, g: Element, group: SplitGroup, *, circular: bool = False) -> Example:
        """The same with every map moved: `(B, C, *spatial)`, or `(B, C, S, *spatial)`."""
        d = group.dimension

        def act_on(x: Tensor) -> Tensor:
            if x.ndim not in (d + 2, d + 3):
                return x  # a vector, which no element moves
            return act(x, g, group, circular=circular)

        return self.mapped(act_on)

    def is_moved(self, group: SplitGroup) -> bool:
        """Whether any generator of the group changes it; maps of one cell cannot be changed."""
        own, d = self.tensors(), group.dimension
        if all(x.ndim not in (d + 2, d + 3) or max(x.shape[-d:]) == 1 for x in own):
            return True
        for s in group.stabilizer.generators:
            moved = self.moved(group.element(s), group).tensors()
            if any(
                a.shape != b.shape or not torch.equal(a, b) for a, b in zip(own, moved, strict=True)
            ):
                return True
        return group.order == 1

    def tensors(self) -> list[Tensor]:
        """All tensors."""
        return [a for a in tree_leaves((self.arguments, dict(self.named))) if isinstance(a, Tensor)]

    def require_maps(self, group: SplitGroup) -> None:
        """Refuse arguments among which there is nothing that an element could move."""
        shapes = [tuple(x.shape) for x in self.tensors()]
        if not any(len(shape) in (group.dimension + 2, group.dimension + 3) for shape in shapes):
            raise ArgumentError(
                f"the example has tensors of shapes {shapes}, and {group.name!r} acts on maps "
                f"(B, C, *spatial) with {group.dimension} spatial axes; give one"
            )


def _cloned(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value
