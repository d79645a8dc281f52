"""Figures in prose are those of the committed measurements, and the rule is fitted to them."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

import pytest

from benchmarks.evaluations import MODES, error
from benchmarks.figures import RULE, Choices, figures, rows
from groupconv.nn import evaluation

ROOT = Path(__file__).parents[1]
FOUND = figures()
PAGES = [
    str(path.relative_to(ROOT))
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if path.parent.name not in {"generated", "catalogue"}
]

README = [
    "a training step takes {training} times as long as the planar convolution with the expanded "
    "bank, and inference {inference} times",
    "with at most {most-memory} times its memory",
    "same ten take {training-by-default} times as long in training and {inference-by-default} in "
    "inference. On contiguous maps, a training step of `p4m` is {p4m-23} times as fast with 23 "
    "channels and {p4m-128} times with 128",
    "A ResNet44 of `p4m` trains {resnet} times as fast as it would lowered",
    "On an H100, layers are lowered: {gpu-float32} times in float32 and {gpu-tf32} in TF32, "
    "torch's default for convolutions; in bfloat16 {gpu-bfloat16} times, where the GPU waits for "
    "Python, or {gpu-graphs} as a CUDA graph",
]

TYPED = re.compile(r"\d\.\d+ times|\d+ (?:%|MiB|GiB|ms|µs|Tflop/s|TB/s)")
CODE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
NOT_MEASURED = (
    "2.28 % errors and the planar network of equal size 5.03 %",  # the paper, table 1
    "up to 64 MiB",  # a constant of the code
)


def words(page):
    return re.sub(r"\s+", " ", (ROOT / page).read_text())


@pytest.mark.parametrize("sentence", README)
def test_the_readme_states_what_was_measured(sentence):
    assert sentence.format(**FOUND) in words("README.md")


@pytest.mark.parametrize("page", PAGES)
def test_pages_type_no_figure(page):
    text = CODE.sub("", (ROOT / page).read_text())
    for sentence in NOT_MEASURED:
        text = text.replace(sentence, "")
    assert TYPED.findall(text) == []


def test_pages_use_every_figure():
    used = set(re.findall(r'"figures\.md:(.*?)"', "".join(map(words, PAGES))))
    used |= set(re.findall(r"{(.*?)}", "".join(README)))
    assert used == FOUND.keys()


def test_the_rule_of_the_evaluation_is_that_of_its_measurements():
    choices = Choices.read()
    shown = [row[f"{mode} predicted"] for row in rows("evaluations", RULE) for mode in MODES]
    assert shown == pytest.approx([guess for guess, _ in choices.gains], abs=1e-4)
    assert error(choices.gains) < 0.2
    assert min(choices.chosen) > 0.95
    assert statistics.geometric_mean(choices.chosen) > 1.7
    assert max(choices.others) < 1.6


def test_the_docs_state_the_constants_of_the_rule():
    text, e = words("docs/speed.md"), evaluation
    for sentence in (
        rf"{e.OF_PRODUCT} \sum_\rho",
        rf"\frac{{{e.OF_PASS / 1e7} \cdot 10^7}}{{N}}",
        rf"{e.OF_TRANSFORM} \, |S| + {e.OF_WINDOW:.0f} + \frac{{{e.OF_ROW:.0f}}}{{w}}",
        rf"+ {e.OF_OUTPUT:.0f} \, |S| \, o",
        f"the transform costs {e.OF_LAST:.0f} `|S|` more for every channel",
        f"takes {e.LOWERED_LAST} of the above in inference",
        f"the second, is at least {e.LEAST_GAIN_LEARNING}, or {e.LEAST_GAIN} in inference",
    ):
        assert sentence in text
