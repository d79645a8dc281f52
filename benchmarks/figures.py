"""The figures in the prose of the site and of the README, from the results that are committed.

`docs/generate.py` writes them to a file whose parts pages include by name; a test compares the
README with them.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

import groupconv as gc
from groupconv.nn.evaluation import LEAST_GAIN, LEAST_GAIN_LEARNING

from .evaluations import CASES, MODES, error, predicted
from .layers import Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RESULTS = Path(__file__).parent / "results"
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RULE = "gain over lowering"
LEAST = {"training": LEAST_GAIN_LEARNING, "inference": LEAST_GAIN}


class Choices(NamedTuple):
    """What the rule of the evaluation predicted, and what was measured."""

    gains: list[tuple[float, float]]  # predicted, and measured
    chosen: list[float]  # measured, where layers go by Fourier
    others: list[float]

    @classmethod
    def read(cls) -> Choices:
        """Those of the measurements that the rule is fitted to."""
        found = cls([], [], [])
        for row, (case, is_last) in zip(rows("evaluations", RULE), CASES, strict=True):
            for mode in MODES:
                guess, gain = predicted(case, mode, is_last=is_last), row[f"{mode} gain"]
                found.gains.append((guess, gain))
                (found.chosen if guess > LEAST[mode] else found.others).append(gain)
        return found


def figures() -> dict[str, str]:
    """All of them by name, as the prose writes them."""
    return _on_cpu() | _of_the_rule() | _on_gpu() | _beside_escnn() | _of_trials()


def rows(name: str, section: str) -> list[dict[str, Any]]:
    """A section of results."""
    sections: dict[str, list[dict[str, Any]]]
    sections = json.loads((RESULTS / f"{name}.json").read_text())["sections"]
    return sections[section]


def row_of(name: str, section: str, start: str) -> dict[str, Any]:
    """The one row of a section whose case starts so."""
    (found,) = (row for row in rows(name, section) if row["case"].startswith(start))
    return found


def _span(values: Iterable[float], digits: int = 1) -> str:
    values = list(values)
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return low if low == high else f"{low} to {high}"


def _listed(values: Sequence[object]) -> str:
    return f"{', '.join(map(str, values[:-1]))} and {values[-1]}"


def _on_cpu() -> dict[str, str]:
    layers, section = rows("cpu", "training step"), "below the limit"
    means = {name: row_of("cpu", name, "geometric mean") for name in ("training step", "inference")}
    converted = (r["step_ms_after"] / r["step_ms_before"] for r in rows("conversion", "networks"))
    evaluations = rows("cpu", "training step by evaluation")
    kinds = "lowered", "streamed", "by Fourier"
    peaks = [f"{r['peak_MiB']:,.0f} MiB {kind}" for r, kind in zip(evaluations, kinds, strict=True)]
    norms = [
        row_of("cpu", "norms and pools", f"batch norm of p4m, {maps}, training, channels_last")
        for maps in ("23 at 16, batch 32", "64 at 16, batch 64")
    ]
    return {
        "training": f"{means['training step']['ratio']:.2f}",
        "inference": f"{means['inference']['ratio']:.2f}",
        "training-by-default": f"{means['training step']['by_default']:.2f}",
        "inference-by-default": f"{means['inference']['by_default']:.2f}",
        "most-memory": f"{max(row.get('memory_ratio', 0) for row in layers):.2f}",
        "converted": _span(converted),
        "fastest": f"{max(row['training gain'] for row in rows('cpu', section)):.1f}",
        "memory-by-default": _span(row["memory_ratio"] for row in rows("cpu", section)),
        "p4m-23": f"{row_of('cpu', section, 'p4m 23 3×3')['training gain']:.1f}",
        "p4m-128": f"{row_of('cpu', section, 'p4m 128 3×3')['training gain']:.1f}",
        "resnet": f"{1 / row_of('training', 'training steps', 'ResNet44')['ratio']:.1f}",
        "resnet-lowered": f"{100 * lowered_share(gc.models.ResNet44(group='p4m')):.0f} %",
        "norms-small": f"{norms[0]['ratio']:.1f}",
        "norms-large": f"{norms[1]['ratio']:.2f}",
        "peaks": _listed(peaks),
        "times": _listed([f"{row['seconds']:.2f}" for row in evaluations]),
    }


def lowered_share(net: torch.nn.Module) -> float:
    """The share of a network's multiplications in layers that the transform does not serve."""
    counts = {True: 0, False: 0}

    def count(layer: gc.nn.GroupConv, _: object, y: torch.Tensor) -> None:
        served = layer.in_space.index == layer.out_space.index == layer.group.order
        bank = layer.planar_weight()
        counts[served and max(layer.stride) == 1] += y.numel() * bank[0].numel()

    for layer in net.modules():
        if isinstance(layer, gc.nn.GroupConv):
            layer.register_forward_hook(count)
    with torch.no_grad():
        net(torch.zeros(1, 3, 33, 33))
    return counts[False] / sum(counts.values())


def _of_the_rule() -> dict[str, str]:
    gains, chosen, others = Choices.read()
    example = predicted(Case("p4m", 16, 16, 32), "training", is_last=False)
    wide, wide_last = (
        [_least_channels(group, is_last=is_last) for group in ("p4m", "p6m", "P432", "Pm-3m")]
        for is_last in (False, True)
    )
    return {
        "wide": "{} channels on for p4m, {} for p6m, {} for P432 and {} for Pm-3m".format(*wide),
        "wide-last": _listed(wide_last),
        "rule-example": f"{example:.2f}",
        "rule-error": f"{100 * math.expm1(error(gains)):.0f} %",
        "rule-most": f"{max(max(guess / gain, gain / guess) for guess, gain in gains):.1f}",
        "rule-worst": f"{1 / min(chosen):.2f}",
        "rule-missed": f"{max(others):.2f}",
    }


def _least_channels(group: str, *, is_last: bool) -> int:
    """From how many channels on layers choose the Fourier transform, on many large arrays."""
    return next(
        channels
        for channels in itertools.count(1)
        if predicted(Case(group, channels, 32, 1000), "training", is_last=is_last)
        > LEAST["training"]
    )


def _on_gpu() -> dict[str, str]:
    settings = {"float32": "float32", "tf32": "TF32", "bfloat16": "bfloat16",
                "graphs": "bfloat16, CUDA graphs"}  # fmt: skip
    means = {
        name: row_of("cuda", f"training step, {setting}", "geometric mean")
        for name, setting in settings.items()
    }
    ratios = {f"gpu-{name}": f"{row['ratio']:.2f}" for name, row in means.items()}
    wide = {"gpu-p4m-128": "p4m 128", "gpu-p6m-48": "p6m 48", "gpu-P432-16": "P432 16 3",
            "gpu-Pm-3m-8": "Pm-3m 8 3", "gpu-Pm-3m-16": "Pm-3m 16"}  # fmt: skip
    gains = {
        name: f"{row_of('cuda', 'below the limit, float32', start)['training best']:.2f}"
        for name, start in wide.items()
    }
    large, small = (
        [
            row["ratio"]
            for row in rows("cuda", "norms and pools")
            if row["case"].startswith(f"batch norm of p4m, {maps}")
        ]
        for maps in ("64 at 32", "23 at 16")
    )
    return ratios | gains | {"gpu-norms-large": _span(large, 2), "gpu-norms-small": _span(small)}


def _beside_escnn() -> dict[str, str]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows("peers", "the same layers"):
        found.setdefault(row["case"], {})[row["library"]] = row
    pairs = [(row["groupconv"], row["escnn"]) for row in found.values()]
    ahead = [a["inference"] / b["inference"] for a, b in pairs if a["inference"] > b["inference"]]
    behind = [b["training"] / a["training"] for a, b in pairs if a["training"] < b["training"]]
    wide = [(a, b) for a, b in pairs if a["training"] < 0.9]
    of_all = "all of them" if len(behind) == len(pairs) else f"{NUMBERS[len(behind)]} of them"
    made = [b["construction_ms"] / a["construction_ms"] for a, b in pairs]
    return {
        "escnn-evaluates": f"{NUMBERS[len(ahead)]} of these {NUMBERS[len(pairs)]} layers up to "
        f"{100 * max(ahead, default=1) - 100:.1f} % faster",
        "escnn-trains": f"{of_all} faster, wide ones "
        f"{_span(b['training'] / a['training'] for a, b in wide)} times with "
        f"{_span((100 * a['peak_MiB'] / b['peak_MiB'] for a, b in wide), 0)} % of the memory",
        "escnn-constructs": f"{min(made):.0f} to {max(made):.0f}",
    }


def _of_trials() -> dict[str, str]:
    """What was measured once, by hand: on a GPU, and in the tutorial."""
    trials = json.loads((RESULTS / "trials.json").read_text())
    gpu, tutorial = trials["gpu"], trials["tutorial"]
    return {
        "trial-copy": f"{gpu['copy_TB_per_s']:.1f}",
        "trial-product": str(gpu["product_Tflop_per_s"]),
        "trial-convolution": str(gpu["convolution_Tflop_per_s"]),
        "trial-channels": f"{balance(gpu['copy_TB_per_s'], gpu['product_Tflop_per_s']):.0f}",
        "trial-fourier": str(gpu["fourier_128_channels"]),
        "trial-kernel": _span(gpu["kernel_64_and_128_channels"]),
        "trial-date": gpu["date"],
        "trial-tf32": NUMBERS[gpu["products_in_TF32"]],
        "tutorial": _listed([f"{value} %" for value in tutorial["accuracy"]]),
    }


def balance(terabytes: float, teraflops: float) -> float:
    """The channels of p4m, 3×3, whose windows move as long as the lowered layer multiplies.

    At each place, the lowered layer takes `2 · 8² · 9 C²` operations; by Fourier, `8 · 9 C` numbers
    of two bytes are written twice and read twice.
    """
    operations, moved = 2 * 8**2 * 9, 4 * 8 * 9 * 2
    return moved / terabytes * teraflops / operations
