"""Which of several equal ways of computing a layer is the faster one, by measured figures.

A place of a feature map costs the lowered convolution `|S|²` products for every pair of channels
and cell of the kernel, and the Fourier transform of the stabilizer only `Σ D³/e`; but the latter
has to make windows and to transform them, whatever the number of channels on the other side. So
it is faster in wide layers, and the rule says from where on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from groupconv.arguments import choice
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from groupconv.transforms import FilterTransform

EVALUATIONS = ("auto", "lowered", "fourier", "streamed")

# What takes as long as one product of the lowered convolution, fitted to figures of `make bench`.
OF_PRODUCT = 1.1  # a product within an irrep
OF_TRANSFORM = 2.5  # a product of the Fourier transform of a window
OF_WINDOW = 54.0  # reading an entry of a window
OF_ROW = 16.0  # beginning a row of a window
OF_OUTPUT = 2.2  # the transform of an output, as a share of all that a window costs

LEAST_GAIN = 1.04
"""The least predicted gain for which the Fourier transform is chosen."""

LEAST_PRODUCTS = 2.5e8
"""The products of a lowered convolution below which the calls of Python weigh too much."""


class Costs(NamedTuple):
    """What a convolution from the group to itself costs for each place of its input."""

    lowered: float
    products: float  # within irreps
    transforms: float  # of windows and outputs
    windows: float
    both: float  # windows of input and output gradient together, for each window of the input

    @classmethod
    def of(cls, transform: FilterTransform, C_out: int, C_in: int) -> Costs:
        """The costs of a layer between so many channels."""
        S = transform.in_space.stabilizer
        cells = transform.num_cells // S.order
        pairs, reads = cells * C_out * C_in, (cells + OF_OUTPUT) * C_in
        products = OF_PRODUCT * S.fourier_products * pairs
        transforms, windows = OF_TRANSFORM * S.order**2 * reads, OF_WINDOW * S.order * reads
        return cls(S.order**2 * pairs, products, transforms, windows, 1 + C_out / C_in)

    def favour_fourier(self, places: float, width: float, *, learns: bool) -> bool:
        """Whether the Fourier transform is predicted to be faster.

        Args:
            places: Places of all images.
            width: Places of a row, which are read at once.
            learns: Whether gradients will be computed: two more convolutions, both from the same
                windows of the output's gradient.
        """
        lowered, products, transforms, windows, both = self
        around = transforms + windows * (1 + OF_ROW / width)
        if learns:
            lowered, products, around = 3 * lowered, 3 * products, both * around
        return lowered * places > LEAST_PRODUCTS and lowered > LEAST_GAIN * (products + around)


def fourier_costs(
    evaluation: str,
    transform: FilterTransform,
    channels: tuple[int, int],
    stride: tuple[int, ...],
    groups: int,
) -> Costs | None:
    """The costs of a layer that may use the Fourier transform.

    Args:
        evaluation: The evaluation that was asked for.
        transform: The filter transform of the layer.
        channels: `C_out` and `C_in`.
        stride: The step between outputs.
        groups: Blocks of channels that do not mix.

    Returns:
        Its costs; None where it is lowered, whatever the input.

    Raises:
        ArgumentError: the evaluation is unknown, or this layer lacks it.
    """
    choice("evaluation", evaluation, EVALUATIONS)
    S = transform.in_space.stabilizer.order
    is_able = transform.in_space.index == transform.out_space.index == S
    is_able = is_able and max(stride) == groups == 1
    if evaluation == "fourier" and not is_able:
        raise ArgumentError(
            "evaluation='fourier' is for layers from the group to the group with stride=1 and "
            "groups=1; use 'auto', or 'streamed' for little memory"
        )
    if evaluation == "streamed" and groups > 1:
        raise ArgumentError("evaluation='streamed' is for layers with groups=1; use 'auto'")
    if evaluation in ("lowered", "streamed") or not is_able or S == 1:
        return None
    costs = Costs.of(transform, *channels)
    is_ever = evaluation == "fourier" or costs.favour_fourier(math.inf, math.inf, learns=True)
    return costs if is_ever else None
