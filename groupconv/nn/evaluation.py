"""Which of several equal ways of computing a layer is the faster one, by measured figures.

A place of a feature map costs the lowered convolution `|S|²` products for every pair of channels
and cell of the kernel, and the Fourier transform of the stabilizer only `Σ D³/e`; but the latter
has to make windows and to transform them, whatever the number of channels on the other side. So
it is faster in wide layers, and the rule says from where on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from groupconv.arguments import choice
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from groupconv.transforms import FilterTransform

EVALUATIONS = ("auto", "lowered", "fourier", "streamed")

# What takes as long as one product of the lowered convolution, fitted to measured figures.
OF_PRODUCT = 1.1  # a product within an irrep
OF_WINDOW = 108.0  # reading an entry of a window
OF_TRANSFORM = 1.5  # a product of the Fourier transform of a window
OF_OUTPUT = 1.4  # the transform of an output, as a share of all that a window costs

LEAST_GAIN = 1.15
"""The least predicted gain for which the Fourier transform is chosen."""

LEAST_PRODUCTS = 2.5e8
"""The products of a lowered convolution below which the calls of Python weigh too much."""


def fourier_places(
    evaluation: str,
    transform: FilterTransform,
    channels: tuple[int, int],
    stride: tuple[int, ...],
    groups: int,
) -> tuple[float, float]:
    """From how many places on a layer uses the Fourier transform: in inference, and in training.

    Args:
        evaluation: The evaluation that was asked for.
        transform: The filter transform of the layer.
        channels: `C_out` and `C_in`.
        stride: The step between outputs.
        groups: Blocks of channels that do not mix.

    Raises:
        ArgumentError: the evaluation is unknown, or this layer lacks it.
    """
    choice("evaluation", evaluation, EVALUATIONS)
    stabilizer, (C_out, C_in) = transform.stabilizer, channels
    S, Q, pairs = stabilizer.order, transform.num_cells // stabilizer.order, C_out * C_in
    is_able = (
        transform.in_space.index == transform.out_space.index == S and max(stride) == groups == 1
    )
    if evaluation == "fourier" and not is_able:
        raise ArgumentError(
            "evaluation='fourier' is for layers from the group to the group with stride=1 and "
            "groups=1; use 'auto'"
        )
    if evaluation == "streamed" and groups > 1:
        raise ArgumentError("evaluation='streamed' is for layers with groups=1; use 'auto'")
    if evaluation in ("lowered", "streamed") or not is_able or S == 1:
        return math.inf, math.inf
    if evaluation == "fourier":
        return 0, 0
    products = OF_PRODUCT * pairs * stabilizer.fourier_products
    window = (OF_TRANSFORM * S**2 + OF_WINDOW * S) * (1 + OF_OUTPUT / Q)
    inference = products + window * C_in
    # Training takes two more convolutions, both from the same windows of the output's gradient.
    costs = (S**2 * pairs, inference), (3 * S**2 * pairs, inference + 2 * products + window * C_out)
    inference, training = [
        LEAST_PRODUCTS / (lowered * Q) if lowered > LEAST_GAIN * fourier else math.inf
        for lowered, fourier in costs
    ]
    return inference, training
