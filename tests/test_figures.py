"""The figures in the prose of the README and the docs are those of the committed measurements."""

from __future__ import annotations

import itertools
import json
import math
import re
import statistics
from pathlib import Path

import pytest

from benchmarks.evaluations import CASES, MODES, error, predicted
from benchmarks.layers import Case
from groupconv.nn import evaluation
from groupconv.nn.evaluation import LEAST_GAIN, LEAST_GAIN_LEARNING

ROOT = Path(__file__).parents[1]


def measured(name):
    text = (ROOT / "benchmarks" / "results" / f"{name}.json").read_text()
    return json.loads(text)["sections"]


CPU, GPU = measured("cpu"), measured("cuda")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def cases(section, start):
    return [row for row in section if row["case"].startswith(start)]


def case(section, start):
    (row,) = cases(section, start)
    return row


def mean(sections, section):
    return f"{case(sections[section], 'geometric mean')['ratio']:.2f}"


def span(values, digits=1):
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return low if low == high else f"{low} to {high}"


def gain(start):
    return f"{case(CPU['below the limit'], start)['training gain']:.1f}"


def on_gpu(start):
    return f"{case(GPU['below the limit, float32'], start)['training best']:.2f}"


def norms(sections, start):
    rows = cases(sections["norms and pools"], f"batch norm of p4m, {start}")
    return [row["ratio"] for row in rows]


def by_evaluation():
    lowered, streamed, fourier = CPU["training step by evaluation"]
    memory = "{:,.0f} MiB lowered, {:,.0f} MiB streamed and {:,.0f} MiB by Fourier"
    times = "takes {:.2f}, {:.2f} and {:.2f} s"
    found = [[row[key] for row in (lowered, streamed, fourier)] for key in ("peak_MiB", "seconds")]
    return f"{memory.format(*found[0])}, and {times.format(*found[1])}"


def beside_escnn():
    found = {}
    for row in measured("peers")["the same layers"]:
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
        "faster. groupconv trains all nine faster, wide ones "
        f"{span([b['training'] / a['training'] for a, b in wide])} times with "
        f"{span([100 * a['peak_MiB'] / b['peak_MiB'] for a, b in wide], 0)} % of the memory, and "
        f"constructs a layer {min(made):.0f} to {max(made):.0f} times as fast."
    )


def least_channels(group, *, is_last):
    """From how many channels on layers choose the Fourier transform, on many large arrays."""
    return next(
        channels
        for channels in itertools.count(1)
        if predicted(Case(group, channels, 32, 1000), "training", is_last=is_last)
        > LEAST_GAIN_LEARNING
    )


WIDE, WIDE_LAST = (
    [least_channels(group, is_last=is_last) for group in ("p4m", "p6m", "P432", "Pm-3m")]
    for is_last in (False, True)
)
FASTEST = max(row["training gain"] for row in CPU["below the limit"])
MEMORY = max(row.get("memory_ratio", 0) for row in CPU["training step"])
RESNET = f"{1 / case(measured('training')['training steps'], 'ResNet44')['ratio']:.1f}"
TRAINING, INFERENCE = mean(CPU, "training step"), mean(CPU, "inference")
FLOAT32, TF32, EAGER, GRAPHS = (
    mean(GPU, f"training step, {setting}")
    for setting in ("float32", "TF32", "bfloat16", "bfloat16, CUDA graphs")
)
LARGE, SMALL = norms(GPU, "64 at 32"), norms(GPU, "23 at 16")
CHANNELS_LAST = [
    ratio
    for maps in ("23 at 16, batch 32", "64 at 16, batch 64")
    for ratio in norms(CPU, f"{maps}, training, channels_last")
]
CONVERTED = [
    row["step_ms_after"] / row["step_ms_before"] for row in measured("conversion")["networks"]
]

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
                  f"{gain('p4m 128 3×3')} times with 128"),
    ("README.md", f"a ResNet44 of `p4m` trains {RESNET} times as fast as it would lowered"),
    ("README.md", GPU_SENTENCE),
    ("docs/faq.md", f"it takes {TRAINING} times as long as that one"),
    ("docs/faq.md", f"On a GPU it takes {FLOAT32} times as long in float32, and {TF32} in TF32"),
    ("docs/faq.md", f"takes {EAGER} times as long, or {GRAPHS} as a CUDA graph"),
    ("docs/faq.md", f"takes {span(CONVERTED)} times as long"),
    ("docs/speed.md", f"a wide one is up to {NUMBERS[int(FASTEST)]} times as fast"),
    ("docs/speed.md", f"[takes {span(CONVERTED)} times as long]"),
    ("docs/speed.md", "wide from {} channels on for p4m, {} for p6m, {} for P432 and {} for Pm-3m"
                      .format(*WIDE)),
    ("docs/speed.md", "rearranged, from {}, {}, {} and {} on".format(*WIDE_LAST)),
    ("docs/speed.md", "this format takes {:.1f} times as long as torch's on a CPU for 32 maps of "
                      "23 channels at 16², and {:.2f} times for 64 of 64 channels"
                      .format(*CHANNELS_LAST)),
    ("docs/speed.md", f"of p4m with 128 channels and of p6m with 48 were {on_gpu('p4m 128')} and "
                      f"{on_gpu('p6m 48')} times as fast as the planar convolution, those of P432 "
                      f"with 16 were {on_gpu('P432 16 3')} times, of Pm-3m with 8 and 16 were "
                      f"{on_gpu('Pm-3m 8 3')} and {on_gpu('Pm-3m 16')} times as fast"),
    ("docs/speed.md", f"it takes {span(LARGE, 2)} times as long as `nn.BatchNorm2d`"),
    ("docs/speed.md", f"and takes {span(SMALL)} times as long"),
    ("docs/speed.md", by_evaluation()),
    ("docs/speed.md", beside_escnn()),
]  # fmt: skip


@pytest.mark.parametrize(("page", "sentence"), SENTENCES)
def test_prose_states_what_was_measured(page, sentence):
    assert sentence in re.sub(r"\s+", " ", (ROOT / page).read_text())


def test_the_rule_of_the_evaluation_is_that_of_its_measurements():
    rows = measured("evaluations")["gain over lowering"]
    gains = {
        (number, mode): (predicted(case, mode, is_last=is_last), rows[number][f"{mode} gain"])
        for number, (case, is_last) in enumerate(CASES)
        for mode in MODES
    }
    for (number, mode), (guess, _) in gains.items():
        assert rows[number][f"{mode} predicted"] == pytest.approx(guess, abs=1e-4)
    off = max(max(guess / gain, gain / guess) for guess, gain in gains.values())
    least = {"training": LEAST_GAIN_LEARNING, "inference": LEAST_GAIN}
    chosen, others = [], []
    for (_, mode), (guess, gain) in gains.items():
        (chosen if guess > least[mode] else others).append(gain)
    text = " ".join((ROOT / "docs" / "speed.md").read_text().split())
    assert (
        f"off by {100 * math.expm1(error(gains.values())):.0f} % (root mean square), and by up to "
        f"{off:.1f} times; the worst choice took {1 / min(chosen):.2f} times as long"
    ) in text
    assert error(gains.values()) < 0.2
    assert min(chosen) > 0.95
    assert statistics.geometric_mean(chosen) > 1.7
    assert max(others) < 1.6


def test_the_docs_state_the_constants_of_the_rule():
    text = " ".join((ROOT / "docs" / "speed.md").read_text().split())
    e = evaluation
    for sentence in (
        rf"{e.OF_PRODUCT} \sum_\rho",
        rf"\frac{{{e.OF_PASS / 1e7} \cdot 10^7}}{{N}}",
        rf"{e.OF_TRANSFORM} \, |S| + {e.OF_WINDOW:.0f} + \frac{{{e.OF_ROW:.0f}}}{{w}}",
        rf"+ {e.OF_OUTPUT:.0f} \, |S| \, o",
        f"In channels_last {e.OF_LAST:.0f} `|S|` are added",
        f"takes {e.LOWERED_LAST} of the above in inference",
        f"the second, is at least {e.LEAST_GAIN_LEARNING}, or {e.LEAST_GAIN} in inference",
        f"has {predicted(Case('p4m', 16, 16, 32), 'training', is_last=False):.2f} in training",
    ):
        assert sentence in text
