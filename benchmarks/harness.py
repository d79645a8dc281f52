"""Timing by turns: variants of one task run one after the other, in random order, many times.

Machines are noisy, so nothing is compared but medians of ratios within a round, in which all
variants ran within one second or so. Figures go into one JSON file per run, with the machine and
the versions; tables and pictures are made from that file.
"""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Task = Callable[[], object]

WARM_UP = 1
LEAST_ROUNDS, MOST_ROUNDS = 6, 200
QUEUED = 8
"""How many runs a GPU gets at once, so that it computes one while the next is launched."""

LARGE_BLOCK = 7_500_000
"""Floats just below the size that glibc always gives back to the system.

A process that never freed such a block pays for touching fresh memory at every step, most where
most is allocated; training processes have freed one (the data set, say) before their first step.
"""


@dataclass(frozen=True)
class Timing:
    """Seconds of each variant, round by round."""

    seconds: Mapping[str, list[float]]

    def median(self, variant: str) -> float:
        return statistics.median(self.seconds[variant])

    def least(self, variant: str) -> float:
        """What the task takes by itself: all that a machine does beside it adds to it."""
        return min(self.seconds[variant])

    def ratio(self, variant: str, limit: str) -> dict[str, float]:
        """The median and the quartiles of the ratios within a round."""
        pairs = zip(self.seconds[variant], self.seconds[limit], strict=True)
        first, median, third = statistics.quantiles([a / b for a, b in pairs], n=4)
        return {"ratio": median, "first_quartile": first, "third_quartile": third}


def interleave(
    tasks: Mapping[str, Task], *, seconds: float, device: torch.device | None = None, runs: int = 1
) -> Timing:
    """Run all tasks in turn for about so many seconds; a turn is `runs` runs of a task."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    start = time.perf_counter()
    rounds = -WARM_UP
    while rounds < LEAST_ROUNDS or (rounds < MOST_ROUNDS and time.perf_counter() - start < seconds):
        for name in random.sample(list(tasks), len(tasks)):
            elapsed = _elapsed(tasks[name], runs, device)
            if rounds >= 0:
                times[name].append(elapsed / runs)
        rounds += 1
    return Timing(times)


def _elapsed(task: Task, runs: int, device: torch.device | None) -> float:
    if device is not None and device.type == "cuda":
        runs *= QUEUED
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(runs):
            task()
        end.record()
        torch.cuda.synchronize(device)
        return begin.elapsed_time(end) / 1000 / QUEUED
    start = time.perf_counter()
    for _ in range(runs):
        task()
    return time.perf_counter() - start


def peak_bytes(task: Task, module: nn.Module, x: Tensor) -> int:
    """The most memory that torch holds in a step, parameters, tables and input included."""
    task()
    x.grad = None
    module.zero_grad()
    held = most = x.nbytes + sum(t.nbytes for t in (*module.parameters(), *module.buffers()))
    if x.is_cuda:
        torch.cuda.reset_peak_memory_stats(x.device)
        before = torch.cuda.memory_allocated(x.device)
        task()
        return held + torch.cuda.max_memory_allocated(x.device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as run:
        task()
    events = [e for e in run.profiler.kineto_results.events() if e.name() == "[memory]"]
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most


def geometric_mean(rows: list[dict[str, Any]], key: str = "ratio") -> float:
    """That of the ratios of a section."""
    return statistics.geometric_mean(row[key] for row in rows)


def prepare(device: torch.device, *, tf32: bool = False) -> None:
    """Seeds, a warm allocator, and the precision that float32 has on a GPU."""
    torch.ones(LARGE_BLOCK)  # allocated, touched and freed
    torch.manual_seed(0)
    random.seed(0)
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True


def machine(device: torch.device) -> dict[str, object]:
    """What the figures were measured on."""
    facts: dict[str, object] = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }
    if device.type == "cuda":
        facts |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    return facts


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if os.name == "posix" else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


@dataclass
class Report:
    """The rows of a run by section, each with what was measured and the target it has."""

    machine: dict[str, object]
    sections: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, section: str, case: str, **figures: Any) -> None:
        """Keep a row, and print it."""
        row = {"case": case} | {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in figures.items()
        }
        self.sections.setdefault(section, []).append(row)
        shown = "  ".join(f"{key}={value}" for key, value in row.items() if key != "case")
        print(f"{section}: {case:42} {shown}", flush=True)

    def write(self, path: Path) -> None:
        """Write the JSON, and a Markdown table of it beside."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"machine": self.machine, "sections": self.sections}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        path.with_suffix(".md").write_text(self.markdown())

    def markdown(self) -> str:
        """All sections as tables."""
        facts = ", ".join(f"{key} {value}" for key, value in self.machine.items())
        lines = [f"Measured on: {facts}.", ""]
        for section, rows in self.sections.items():
            shown = [_shown(row) for row in rows]
            keys = list(dict.fromkeys(key for row in shown for key in row))
            lines += [f"**{section}**", "", f"| {' | '.join(keys)} |", "|---" * len(keys) + "|"]
            lines += [f"| {' | '.join(row.get(key, '') for key in keys)} |" for row in shown]
            lines.append("")
        return "\n".join(lines)


def _digits(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    """A row as texts, with both quartiles in one column."""
    texts = {
        key.replace("_", " "): _digits(value) if isinstance(value, float) else str(value)
        for key, value in row.items()
        if not key.endswith("quartile")
    }
    if "first_quartile" in row:
        texts["quartiles"] = f"{row['first_quartile']:.3f} to {row['third_quartile']:.3f}"
    return texts
