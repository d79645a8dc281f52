"""Below the limit: wide layers by the Fourier transform of the stabilizer, against the limit.

Figures are gains: the time of the planar convolution with the expanded bank, in the better of the
two memory formats, divided by that of the layer. Those of 3×3 kernels are taken once more beside a
process that keeps one core busy, as the workers of a data loader do.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

from .harness import interleave, peak_bytes, prepare
from .layers import (
    Case,
    evaluated,
    goes_by_fourier,
    inference,
    limit,
    training_step,
    variants,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .harness import Report
    from .layers import Setting

WIDE = [
    Case("p4m", 23, 16, 32),
    Case("p4m", 45, 8, 32),
    Case("p4m", 64, 8, 16),
    Case("p4m", 128, 8, 4),
    Case("p6m", 16, 17, 16),
    Case("p6m", 32, 17, 8),
    Case("p6m", 48, 17, 4),
    Case("P432", 4, 8, 8),
    Case("P432", 8, 8, 4),
    Case("P432", 16, 8, 2),
    Case("Pm-3m", 4, 8, 2),
    Case("Pm-3m", 8, 8, 1),
    Case("Pm-3m", 16, 5, 1),
]
POINTWISE = 4
"""How many times the images of a case there are with kernels of one cell."""

CASES = [*WIDE, *(c._replace(batch=POINTWISE * c.batch, kernel=1) for c in WIDE)]

ROOMY = Case("Pm-3m", 16, 8, 2)
"""The case whose three evaluations are compared in memory."""

BUSY = "while True: sum(range(10_000))"


@contextlib.contextmanager
def neighbour() -> Iterator[None]:
    """A process that keeps a core busy."""
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def measure(report: Report, setting: Setting, seconds: float) -> None:
    """Training, inference and memory of every case; on a CPU some also beside a busy process."""
    prepare(setting.device, tf32=setting.is_tf32)
    section, limits = setting.section("below the limit"), {}
    for case in map(setting.on_device, CASES):
        limits[case] = _measure(report, setting, section, case, seconds)
    if setting.device.type == "cpu":
        with neighbour():
            for case in map(setting.on_device, WIDE):
                known = limits[case]
                _measure(report, setting, f"{section}, beside a busy process", case, seconds, known)
        _measure_memory(report, setting)


def _measure(
    report: Report,
    setting: Setting,
    section: str,
    case: Case,
    seconds: float,
    known: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Measure a case; the limit of each mode, which beside a busy process is the known one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of hexagons on arrays that have no middle cell
        modules, inputs = variants(case, setting)
    modules["fourier"], chosen = (
        evaluated(modules["layer"], evaluation) for evaluation in ("fourier", "auto")
    )
    inputs["fourier"] = inputs["layer"].detach().requires_grad_()
    limits: dict[str, str] = {}
    figures: dict[str, object] = {}
    for name, make in (("training", training_step), ("inference", inference)):
        best = known[name] if known else limit(modules, inputs, make, setting)
        limits[name] = best
        used = {"fourier": "fourier", "lowered": best.replace("planar", "layer")}
        tasks = {k: make(modules[k], inputs[k], setting) for k in (best, *used.values())}
        timing = interleave(tasks, seconds=seconds, device=setting.device)
        gains = {way: 1 / timing.ratio(task, best)["ratio"] for way, task in used.items()}
        way = "fourier" if goes_by_fourier(chosen, inputs["fourier"], make) else "lowered"
        figures |= {name: way, f"{name} gain": gains[way], f"{name} best": max(gains.values())}
        if name == "training":
            figures["limit_ms"] = 1000 * timing.median(best)
            if not known:
                held = {k: peak_bytes(tasks[k], modules[k], inputs[k]) for k in (best, used[way])}
                figures["memory_ratio"] = held[used[way]] / held[best]
    report.add(section, str(case), **figures)
    return limits


def _measure_memory(report: Report, setting: Setting) -> None:
    modules, inputs = variants(ROOMY, setting)
    for evaluation in ("lowered", "streamed", "fourier"):
        layer = evaluated(modules["layer"], evaluation)
        task = training_step(layer, inputs["layer"], setting)
        timing = interleave({evaluation: task}, seconds=0)
        report.add(
            "training step by evaluation", f"{ROOMY}, {evaluation}",
            peak_MiB=peak_bytes(task, layer, inputs["layer"]) / 2**20,
            seconds=timing.median(evaluation),
        )  # fmt: skip
