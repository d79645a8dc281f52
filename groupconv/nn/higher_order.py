"""Gradients that can be differentiated again, for operations whose own gradient cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


def gradients_of(
    function: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    weight: Tensor,
    grad: Tensor,
    needs: tuple[bool, bool],
) -> tuple[Tensor | None, Tensor | None]:
    """The gradients of a function that is made of torch's operations.

    Args:
        function: A function of `x` and `weight`.
        x: Where it is differentiated.
        weight: Where it is differentiated.
        grad: The gradient of its value.
        needs: Which of both gradients are wanted.
    """
    learned = [t for t, is_needed in zip((x, weight), needs, strict=True) if is_needed]
    if not learned:
        return None, None
    found = iter(torch.autograd.grad(function(x, weight), learned, grad, create_graph=True))
    of_x, of_weight = (next(found) if is_needed else None for is_needed in needs)
    return of_x, of_weight
