"""The figures in the prose of the README and the docs are those of the committed measurements."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def measured(name):
    text = (ROOT / "benchmarks" / "results" / f"{name}.json").read_text()
    sections = json.loads(text)["sections"]
    return {name: {row["case"]: row for row in rows} for name, rows in sections.items()}


CPU, GPU, PEERS = measured("cpu"), measured("cuda"), measured("peers")
MEAN = "geometric mean"
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def case(section, start):
    (row,) = (row for name, row in section.items() if name.startswith(start))
    return row


def mean(sections, section):
    return f"{sections[section][MEAN]['ratio']:.2f}"


def span(values, digits=1):
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return low if low == high else f"{low} to {high}"


def gain(start, kind="training gain"):
    return f"{case(CPU['below the limit'], start)[kind]:.1f}"


def on_gpu(start):
    return f"{case(GPU['below the limit, float32'], start)['training best']:.2f}"


def by_evaluation(evaluation):
    return CPU["training step by evaluation"][f"Pm-3m 16 3×3×3 at 8, batch 2, {evaluation}"]


def beside_escnn():
    rows = json.loads((ROOT / "benchmarks" / "results" / "peers.json").read_text())
    found = {}
    for row in rows["sections"]["the same layers"]:
        found.setdefault(row["case"], {})[row["library"]] = row
    pairs = {name: (row["groupconv"], row["escnn"]) for name, row in found.items()}
    slower = [a["inference"] / b["inference"] for a, b in pairs.values()]
    slower = [ratio for ratio in slower if ratio > 1]
    assert all(a["training"] < b["training"] for a, b in pairs.values())
    assert len(pairs) == 9
    wide = [pair for pair in pairs.values() if pair[0]["training"] < 0.9]
    made = [b["construction_ms"] / a["construction_ms"] for a, b in pairs.values()]
    return (
        f"evaluates {NUMBERS[len(slower)]} of these layers up to {100 * max(slower) - 100:.1f} % "
        "faster. groupconv trains all nine faster, the wide ones of p4m "
        f"{span([b['training'] / a['training'] for a, b in wide])} times, needs "
        f"{span([100 * a['peak_MiB'] / b['peak_MiB'] for a, b in wide], 0)} % of the memory for "
        f"these, and constructs a layer {min(made):.0f} to {max(made):.0f} times as fast."
    )


MEMORY = max(row.get("memory_ratio", 0) for row in CPU["training step"].values())
TRAINING, INFERENCE = mean(CPU, "training step"), mean(CPU, "inference")
NORM = "batch norm of p4m"
NORMS = {"large": f"{NORM}, 64 at 32", "small": f"{NORM}, 23 at 16"}
NORMS = {
    size: [row["ratio"] for name, row in GPU["norms and pools"].items() if name.startswith(start)]
    for size, start in NORMS.items()
}
GRAPHS = mean(GPU, "training step, bfloat16, CUDA graphs")
LAST = CPU["norms and pools"][f"{NORM}, 23 at 16, batch 32, training, channels_last"]["ratio"]
TF32 = mean(GPU, "training step, TF32")
EAGER = mean(GPU, "training step, bfloat16")
CONVERTED = [
    row["step_ms_after"] / row["step_ms_before"]
    for row in measured("conversion")["networks"].values()
]
FLOAT32 = mean(GPU, "training step, float32")

GPU_SENTENCE = (
    f"On an H100, layers are lowered: {FLOAT32} times in float32 and {TF32} in TF32, torch's "
    f"default for convolutions; in bfloat16 {EAGER} times, where the GPU waits for Python, or "
    f"{GRAPHS} as a CUDA graph"
)

SENTENCES = [
    ("README.md", f"a training step takes {TRAINING} times as long as the planar convolution with "
                  f"the expanded bank, and inference {INFERENCE} times"),
    ("README.md", f"with at most {MEMORY:.2f} times its memory"),
    ("README.md", f"a training step of `p4m` {gain('p4m 23 3×3')} times with 23 channels and "
                  f"{gain('p4m 128')} times with 128"),
    ("README.md", GPU_SENTENCE),
    ("docs/faq.md", f"it takes {TRAINING} times as long as that one"),
    ("docs/faq.md", f"On a GPU it takes {FLOAT32} times as long in float32, and {TF32} in TF32"),
    ("docs/faq.md", f"takes {EAGER} times as long, or {GRAPHS} as a CUDA graph"),
    ("docs/faq.md", f"takes {span(CONVERTED)} times as long"),
    ("docs/speed.md", f"in this format takes {LAST:.1f} times as long as torch's on a CPU"),
    ("docs/speed.md", f"of p4m with 128 channels and of p6m with 48 were {on_gpu('p4m 128')} and "
                      f"{on_gpu('p6m 48')} times as fast as the planar convolution, those of P432 "
                      f"with 16 were {on_gpu('P432 16 3')} times, of Pm-3m with 8 and 16 were "
                      f"{on_gpu('Pm-3m 8 3')} and {on_gpu('Pm-3m 16')} times as fast"),
    ("docs/speed.md", f"it takes {span(NORMS['large'], 2)} times as long as `nn.BatchNorm2d`"),
    ("docs/speed.md", f"and takes {span(NORMS['small'])} times as long"),
    ("docs/speed.md", beside_escnn()),
]  # fmt: skip


@pytest.mark.parametrize(("page", "sentence"), SENTENCES)
def test_prose_states_what_was_measured(page, sentence):
    assert sentence in re.sub(r"\s+", " ", (ROOT / page).read_text())


def test_the_memory_of_each_evaluation():
    rows = [by_evaluation(name) for name in ("lowered", "streamed", "fourier")]
    memory = "{:,.0f} MiB lowered, {:,.0f} MiB streamed and {:,.0f} MiB by Fourier"
    times = "takes {:.1f}, {:.1f} and {:.1f} s"
    text = re.sub(r"\s+", " ", (ROOT / "docs" / "speed.md").read_text())
    assert memory.format(*(row["peak_MiB"] for row in rows)) in text
    assert times.format(*(row["seconds"] for row in rows)) in text
