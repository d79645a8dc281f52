"""Layers lowered and by the Fourier transform: the figures that `nn/evaluation.py` is fitted to.

    python -m benchmarks.evaluations [--seconds N] [--out FILE] [--again]
    python -m benchmarks.evaluations --fit

A gain is the time of the lowered layer divided by that by Fourier, in training (forward and
backward) and in inference. It depends on what else the machine does, so `--again` takes the mean
with the runs that the file has already. `--fit` reads a file of gains and prints better constants.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import random
import statistics
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import groupconv as gc
from groupconv.nn import evaluation
from groupconv.nn.evaluation import Costs
from groupconv.nn.fourier import row_width

from .harness import Report, interleave, machine, prepare
from .layers import Case, Setting, inference, training_step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupconv.transforms import FilterTransform

OUT = Path(__file__).parent / "results" / "evaluations.json"
STEPS = 4000

PLANE = [
    *(Case("p4", *rest) for rest in (
        (10, 24, 64), (16, 32, 32), (24, 16, 32), (32, 16, 32), (32, 32, 8), (64, 8, 1), (64, 8, 4),
        (64, 8, 32), (64, 16, 8), (128, 8, 8),
    )),
    *(Case("p4m", *rest) for rest in (
        (4, 32, 32), (8, 28, 4), (8, 32, 32), (11, 16, 2), (11, 16, 8), (11, 32, 8), (11, 32, 32),
        (16, 16, 2), (16, 16, 32), (16, 32, 8, 5), (23, 8, 1), (23, 8, 4), (23, 8, 32), (23, 16, 1),
        (23, 16, 8), (23, 16, 32), (23, 28, 4), (32, 8, 32), (32, 16, 4, 5), (45, 4, 4),
        (45, 4, 32), (45, 8, 1), (45, 8, 32), (64, 4, 1), (64, 4, 4), (64, 8, 1), (64, 8, 16),
        (128, 8, 4),
    )),
    *(Case("p4m", *rest, 1) for rest in (
        (16, 16, 32), (32, 16, 32), (64, 8, 1), (64, 8, 4), (64, 8, 32), (64, 16, 16), (128, 4, 4),
        (128, 8, 16), (256, 8, 8),
    )),
    *(Case("pmm", *rest) for rest in ((16, 16, 32), (32, 8, 8), (32, 16, 32), (64, 16, 8))),
    *(Case("p6", *rest) for rest in ((16, 9, 8), (16, 17, 16), (32, 17, 16))),
    *(Case("p6m", *rest) for rest in (
        (4, 17, 32), (8, 9, 2), (8, 17, 16), (8, 33, 8), (16, 9, 1), (16, 9, 4), (16, 17, 16),
        (32, 17, 8), (48, 17, 4), (16, 17, 16, 1), (32, 17, 8, 1), (64, 17, 8, 1),
    )),
]  # fmt: skip
SPACE = [
    *(Case("P432", *rest) for rest in (
        (2, 16, 4), (4, 8, 8), (4, 16, 2), (8, 4, 1), (8, 4, 8), (8, 8, 1), (8, 8, 4), (16, 4, 1),
        (16, 8, 2), (8, 8, 8, 1), (16, 8, 4, 1), (32, 8, 4, 1),
    )),
    *(Case("Pm-3m", *rest) for rest in (
        (2, 8, 4), (4, 4, 1), (4, 8, 2), (8, 4, 1), (8, 8, 1), (16, 5, 1), (4, 8, 8, 1),
        (8, 8, 4, 1), (16, 8, 4, 1),
    )),
    *(Case(name, *rest) for name, *rest in (
        ("P4", 16, 8, 8), ("P222", 16, 8, 8), ("P222", 32, 8, 4), ("P422", 16, 8, 4),
    )),
]  # fmt: skip
CASES = [(case, False) for case in PLANE + SPACE]
CASES += [(case, True) for case in (PLANE + SPACE)[::3]]
"""Layers, and whether their input is in channels_last."""

MODES = {"training": training_step, "inference": inference}


@functools.cache
def _geometry(case: Case) -> tuple[FilterTransform, int, float]:
    """The filter transform of a case, its places, and how many of these are a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = gc.group(case.group)
        layer = gc.nn.GroupConv(1, 1, case.kernel, padding=case.kernel // 2, group=group)
    spatial = (case.size,) * group.dimension
    width = row_width(spatial, layer.kernel_size)
    return layer.transform, case.batch * math.prod(spatial), width


def predicted(case: Case, mode: str, *, is_last: bool) -> float:
    """The gain that the rule predicts."""
    transform, places, width = _geometry(case)
    costs = Costs.of(transform, case.channels, case.channels)
    return costs.gain(places, width, learns=mode == "training", is_last=is_last)


def measure(report: Report, setting: Setting, case: Case, seconds: float, *, is_last: bool) -> None:
    """The gains of one layer."""
    group, C = gc.group(case.group), case.channels
    planes = torch.randn(case.batch, C * group.order, *(case.size,) * group.dimension)
    if is_last:
        planes = planes.movedim(1, -1).contiguous().movedim(-1, 1)
    x = planes.unflatten(1, (C, group.order)).requires_grad_()
    layers = {
        way: gc.nn.GroupConv(
            C, C, case.kernel, padding=case.kernel // 2, group=group, evaluation=way
        )
        for way in ("lowered", "fourier")
    }
    figures = {}
    for mode, make in MODES.items():
        tasks = {way: make(layer, x, setting) for way, layer in layers.items()}
        timing = interleave(tasks, seconds=seconds)
        figures[f"{mode} gain"] = timing.ratio("lowered", "fourier")["ratio"]
        figures[f"{mode} predicted"] = predicted(case, mode, is_last=is_last)
    kind = "channels_last" if is_last else "contiguous"
    report.add("gain over lowering", f"{case}, {kind}", **figures)


def average(report: Report, known: dict[str, Any]) -> None:
    """Replace each gain by the geometric mean of all runs."""
    runs = known["machine"].get("runs", 1)
    for section, rows in report.sections.items():
        for row, before in zip(rows, known["sections"][section], strict=True):
            for key in (f"{mode} gain" for mode in MODES):
                mean = (row[key] * before[key] ** runs) ** (1 / (runs + 1))
                row[key] = round(mean, 4)
    report.machine["runs"] = runs + 1


def error(gains: Iterable[tuple[float, float]]) -> float:
    """The root mean square of the logarithms of predicted by measured gains."""
    return math.sqrt(statistics.mean(math.log(found / gain) ** 2 for found, gain in gains))


def fit(path: Path) -> None:
    """Better constants of the rule, by random steps of their logarithms."""
    rows = json.loads(path.read_text())["sections"]["gain over lowering"]
    gains = [row[f"{mode} gain"] for row in rows for mode in MODES]

    def error_now() -> float:
        found = [
            predicted(case, mode, is_last=is_last) for case, is_last in CASES for mode in MODES
        ]
        return error(zip(found, gains, strict=True))

    names = [name for name in vars(evaluation) if name.startswith("OF_") or name == "LOWERED_LAST"]
    best, step = error_now(), 0.3
    print(f"{best:.4f} with the constants as they are")
    for _ in range(STEPS):
        before = {name: getattr(evaluation, name) for name in names}
        for name in random.sample(names, 3):
            setattr(evaluation, name, before[name] * math.exp(random.gauss(0, step)))
        if (found := error_now()) < best:
            best = found
        else:
            step = max(0.01, 0.995 * step)
            vars(evaluation).update(before)
    print(
        f"{best:.4f} with { ({name: float(f'{getattr(evaluation, name):.3g}') for name in names}) }"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="for each comparison")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--again", action="store_true", help="take the mean with earlier runs")
    parser.add_argument("--fit", action="store_true", help="fit constants, and measure nothing")
    a = parser.parse_args()
    warnings.simplefilter("ignore")
    prepare(device := torch.device("cpu"))
    if a.fit:
        fit(a.out)
        return
    report = Report(machine(device))
    for case, is_last in CASES:
        measure(report, Setting(device), case, a.seconds, is_last=is_last)
    if a.again:
        average(report, json.loads(a.out.read_text()))
    report.write(a.out)


if __name__ == "__main__":
    main()
