"""Train networks side by side over several seeds, and print what they reach."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import torch

from groupconv.experiments import accuracy, count_parameters, train

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from groupconv.data import ImageSet


def compare(
    networks: dict[str, Callable[[], nn.Module]],
    sets: dict[str, ImageSet],
    others: dict[str, tuple[Tensor, Tensor]] | None = None,
    *,
    epochs: int,
    seeds: Sequence[int],
    batch_size: int = 64,
    learning_rate: float = 0.01,
) -> None:
    """Print test error, mean and standard deviation over seeds, for every network.

    Args:
        networks: How to build each network.
        sets: What each network is trained and tested on.
        others: Further test sets for all networks, by their names.
        epochs: Epochs of a training.
        seeds: One training per seed.
        batch_size: Examples per step.
        learning_rate: The peak of the one-cycle schedule.
    """
    print(f"{epochs} epochs, seeds {', '.join(map(str, seeds))}; test error in %")
    for name, build in networks.items():
        errors: dict[str, list[float]] = {}
        seconds = []
        for seed in seeds:
            torch.manual_seed(seed)
            model = build()
            result = train(
                model, sets[name], epochs=epochs, seed=seed,
                batch_size=batch_size, learning_rate=learning_rate,
            )  # fmt: skip
            seconds.append(result.seconds)
            errors.setdefault("test", []).append(100 * (1 - result.accuracy))
            for other, (x, y) in (others or {}).items():
                errors.setdefault(other, []).append(100 * (1 - accuracy(model, x, y)))
        shown = "   ".join(f"{test} {_spread(values)}" for test, values in errors.items())
        print(
            f"  {name:8} {count_parameters(model):7,} parameters   {shown}   "
            f"{statistics.median(seconds):.0f} s per training",
            flush=True,
        )


def _spread(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"
