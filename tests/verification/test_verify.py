"""verify: sound groups pass, and each broken one shows where."""

from __future__ import annotations

import json

import pytest

import groupconv as gc
from groupconv.errors import UnknownGroupError, VerificationError
from tests.algebra import test_tables as broken
from tests.support.groups import P4, P4M


def test_sound_groups_pass(any_group):
    if any_group.order == 48:
        pytest.skip("5 s, and nothing that the smaller groups do not show")
    report = gc.verify(any_group)
    assert report.passed, str(report)
    report.raise_if_failed()
    S = any_group.order
    cases = {check.name: check.cases for check in report.checks}
    assert cases["closure"] == cases["composition"] == S * S
    assert cases["split"] == cases["left inverse"] == S
    assert {check.method for check in report.checks} == {"proved", "computed", "derived"}


def test_names_load_the_installed_group():
    assert gc.verify("p4m").group == "p4m"
    with pytest.raises(UnknownGroupError):
        gc.verify("p5")


@pytest.mark.parametrize(
    ("group", "check", "elements"),
    [
        (broken.Missing(), "closure", ("(1, t0, t1)", "(2, x0, x1)")),
        (broken.Twice(), "injectivity", ("(3, t0, t1)",)),
        (broken.IdentityNotFirst(), "identity", ("(0, 0, 0)",)),
        (broken.Half(), "integrality", ("(1, 0, 0)",)),
        (broken.NearlyRight(), "integrality", ("(1, 0, 0)",)),
        (broken.Huge(), "unimodularity", ("(1, 0, 0)",)),
        (broken.Singular(), "unimodularity", ("(1, 0, 0)",)),
        (broken.TranslationDoubled(), "split", ("(0, t0, t1)",)),
        (broken.Glide(), "stabilizer", ("(1, 0, 0)",)),
        (broken.BottomRow(), "homogeneity", ("(1, 0, 0)",)),
        (broken.WrongIndex(), "index of matrix", ("(0, t0, t1)",)),
        (broken.SwappedTranslation(), "index of matrix", ("(0, t0, t1)",)),
        (broken.WrongCompose(), "composition", ("(3, t0, t1)", "(2, x0, x1)")),
        (broken.WrongInverse(), "left inverse", ("(3, t0, t1)",)),
        (broken.ReturnsNone(), "integrality", ("(0, 0, 0)",)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, broken.SplitGroup) else "",
)
def test_broken_groups_show_their_first_counterexample(group, check, elements):
    report = gc.verify(group)
    assert not report.passed
    failed = {failure.name: failure for failure in report.failures}
    assert check in failed
    shown = failed[check].counterexample.elements
    texts = tuple(f"({', '.join(map(str, element))})" for element in shown)
    assert texts == elements
    with pytest.raises(VerificationError, match=check):
        report.raise_if_failed()
    assert "BROKEN" in str(report)
    assert "✗" in str(report)


def test_associativity_is_not_derived_from_what_fails():
    report = gc.verify(broken.WrongCompose())
    failed = {failure.name for failure in report.failures}
    assert failed == {"composition", "associativity"}


class WrongOnTranslations(type(P4)):
    """Its composition is right for every pair of untranslated elements."""

    def compose(self, g, h):
        (r, *t), (s, *x) = g, h
        return ((r + s) % 4, *(a + b for a, b in zip(t, x, strict=True)))


def test_symbolic_translations_find_what_untranslated_elements_hide():
    group = WrongOnTranslations()
    for r, s in [(1, 2), (3, 3)]:
        assert group.compose((r, 0, 0), (s, 0, 0)) == P4.compose((r, 0, 0), (s, 0, 0))
    failure = next(f for f in gc.verify(group).failures if f.name == "composition")
    assert "t0 + x0" in failure.counterexample.left
    assert "t0 - x1" in failure.counterexample.right


def test_reports_become_plain_data():
    for group in (P4M, broken.WrongCompose()):
        report = gc.verify(group)
        data = json.loads(json.dumps(report.to_dict()))
        assert data["passed"] == report.passed
        assert len(data["checks"]) == len(report.checks)
        for check, plain in zip(report.checks, data["checks"], strict=True):
            assert plain["passed"] == check.passed
            assert (plain["counterexample"] is None) == check.passed
    composition = next(check for check in data["checks"] if check["name"] == "composition")
    assert composition["counterexample"]["elements"][0] == [3, "t0", "t1"]
