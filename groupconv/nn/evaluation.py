"""Which of several equal ways of computing a layer is the faster one, by measured figures.

A place of a feature map costs the lowered convolution `|S|²` products for every pair of channels
and cell of the kernel's box, and the Fourier transform of the stabilizer only `Σ D³/e`; but the
latter has to make windows and to transform them, whatever the number of channels on the other
side. So it is faster in wide layers, and the rule says from where on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from groupconv.arguments import choice
from groupconv.errors import ArgumentError

if TYPE_CHECKING:
    from groupconv.transforms import FilterTransform

EVALUATIONS = ("auto", "lowered", "fourier", "streamed")

# What takes as long as so many products of the lowered convolution, by `benchmarks/evaluations.py`.
OF_PRODUCT = 1.35  # a product within an irrep
OF_TRANSFORM = 3.0  # a product of the Fourier transform of a window
OF_WINDOW = 14.0  # reading an entry of a window
OF_ROW = 320.0  # beginning a row of a window
OF_OUTPUT = 120.0  # the transform of an entry of an output, and writing it
OF_PASS = 2.5e7  # beginning with an array
OF_LAST = 60.0  # rearranging an entry of a map whose format is channels_last
LOWERED_LAST = 0.84  # a product of the lowered convolution in that format, in inference

LEAST_GAIN = 1.4
LEAST_GAIN_LEARNING = 1.2
"""The least predicted gains for which the Fourier transform is chosen.

The times of inference, which are shorter, vary more, and so do the gains about their predictions.
"""


class Costs(NamedTuple):
    """What a convolution from the group to itself costs for each place of its input."""

    lowered: float
    products: float  # within irreps
    windows: float  # of a channel, and their transforms
    rows: float  # beginning those of the windows of a channel, were they one place long
    output: float  # of a channel
    S: int  # the order of the stabilizer
    C_out: int
    C_in: int

    @classmethod
    def of(cls, transform: FilterTransform, C_out: int, C_in: int) -> Costs:
        """The costs of a layer between so many channels."""
        S, pairs = transform.in_space.stabilizer, C_out * C_in
        cells = transform.num_cells // S.order
        return cls(
            S.order**2 * math.prod(transform.kernel_size) * pairs,
            OF_PRODUCT * S.fourier_products * cells * pairs,
            (OF_TRANSFORM * S.order + OF_WINDOW) * S.order * cells,
            OF_ROW * S.order * cells,
            OF_OUTPUT * S.order,
            S.order,
            C_out,
            C_in,
        )

    def gain(self, places: float, width: float, *, learns: bool, is_last: bool = False) -> float:
        """The predicted time of the lowered convolution, divided by that of the Fourier transform.

        Args:
            places: Places of all images.
            width: Places of a row, which are read at once.
            learns: Whether gradients will be computed: two more convolutions, both from the same
                windows of the output's gradient.
            is_last: Whether the format of the input is channels_last.
        """
        lowered, products, windows, rows, output, S, C_out, C_in = self
        passes, read, written, moved = 1, C_in, C_out, C_in + C_out
        if learns:
            passes, read, written, moved = 3, C_in + C_out, C_out + 2 * C_in, 3 * C_in + 2 * C_out
        fourier = passes * (products + OF_PASS / places)
        fourier += read * (windows + rows / width) + written * output
        if is_last:
            fourier += moved * OF_LAST * S
            lowered *= 1 if learns else LOWERED_LAST
        return passes * lowered / fourier

    def pays(self, places: float, width: float, *, learns: bool, is_last: bool = False) -> bool:
        """Whether the gain is large enough for the Fourier transform to be chosen."""
        least = LEAST_GAIN_LEARNING if learns else LEAST_GAIN
        return self.gain(places, width, learns=learns, is_last=is_last) > least


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
    most = costs.gain(math.inf, math.inf, learns=True)
    return costs if evaluation == "fourier" or most > LEAST_GAIN_LEARNING else None
