"""verify: sound groups pass, and each broken one shows where."""

from __future__ import annotations

import dataclasses
import itertools
import json
from xml.etree import ElementTree

import numpy as np
import pytest
import sympy

import groupconv as gc
from groupconv import verification
from groupconv.algebra.axioms import AXIOMS
from groupconv.algebra.cases import Cases
from groupconv.errors import AxiomError, UnknownGroupError
from groupconv.verification import composition_law, table_checks
from groupconv.verification.counterexamples import smallest_counterexample
from tests.support import zoo
from tests.support.groups import LINE_MIRROR, P4, P4M, P6M


def test_sound_groups_pass(any_group):
    if any_group.order == 48:
        pytest.skip("5 s, and nothing that the smaller groups do not show")
    report = gc.verify(any_group)
    assert report.passed, str(report)
    report.raise_if_failed()
    S = any_group.order
    cases = {check.name: check.cases for check in report.checks}
    assert cases["closure"] == S * S
    assert cases["split"] == cases["injectivity"] == S
    assert {check.method for check in report.checks} == {"proved", "computed", "derived"}


def test_names_load_the_installed_group():
    assert gc.verify("p4m").group == "p4m"
    with pytest.raises(UnknownGroupError):
        gc.verify("p5")


def test_each_specimen_of_a_wrong_composition_tells_its_cause():
    causes = {
        zoo.OtherOrder: "compose multiplies in the other order: it gives h g for g h",
        zoo.WrongCompose: "compose gives the wrong stabilizer element here",
        zoo.AddsTranslations: "compose adds the translations; the second has to be turned by",
        zoo.WrongInverse: "inverse gives the right stabilizer element here, and not the",
        zoo.SwappedTranslation: "index gives the translation in another order",
        zoo.WrongIndex: "index and matrix disagree about the stabilizer coordinates",
        zoo.Missing: "lacks it, with 3 elements by the orders (3,) of its coordinates",
        zoo.Sixths: "its matrices are isometries of the lattice 'hexagonal'",
        zoo.LinearPartMoves: "the linear part depends on the translation",
        zoo.TranslationForgotten: "the last column is not the translation",
    }
    for specimen, cause in causes.items():
        assert cause in gc.verify(specimen()).roots[0].counterexample.cause


def test_counterexamples_show_elements_matrices_sides_and_their_difference():
    report = gc.verify(zoo.OtherOrder())
    assert report.roots[0].name == "composition"
    assert report.roots[0].counterexample.lines() == [
        "at          (0, 1, 0)  = [[1, 0, 1], [0, 1, 0], [0, 0, 1]]",
        "at          (1, 0, 0)  = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]",
        "left side   [[0, -1, 0], [1, 0, 1], [0, 0, 1]]",
        "right side  [[0, -1, 1], [1, 0, 0], [0, 0, 1]]",
        "difference  [[0, 0, -1], [0, 0, 1], [0, 0, 0]]",
        "cause       compose multiplies in the other order: it gives h g for g h",
    ]


def test_counterexamples_are_the_smallest():
    """By brute force over all pairs of integer elements of a small box."""
    group = zoo.AddsTranslations()
    claims = group.formulas
    box = list(itertools.product(range(4), (-1, 0, 1), (-1, 0, 1)))

    def is_wrong(g, h):
        return group.matrix(*claims.compose(g, h)) != group.matrix(*g) * group.matrix(*h)

    smallest = min(
        sum(map(abs, (*g, *h))) for g, h in itertools.product(box, repeat=2) if is_wrong(g, h)
    )
    found = gc.verify(group).roots[0].counterexample
    assert is_wrong(*found.elements)
    assert sum(map(abs, itertools.chain(*found.elements))) == smallest == 2


def test_a_mistake_of_one_element_is_not_told_of_all():
    class OneSign(zoo.Turns):
        def compose(self, g, h):
            r, u, v = zoo.Turns.compose(self, g, h)
            return (r, u + 2 * h[1], v) if g[0] == 2 else (r, u, v)

    (root,) = gc.verify(OneSign()).roots
    assert root.counterexample.elements == ((2, 0, 0), (0, 1, 0))
    assert root.counterexample.cause.endswith(
        "the right stabilizer element here, and a wrong translation"
    )


def drifting(drift):
    """p4, whose own product adds something to the first translation."""

    class Drifting(zoo.Turns):
        def compose(self, g, h):
            r, u, v = zoo.Turns.compose(self, g, h)
            return r, u + drift(g[1], g[2], h[1], h[2]), v

    return Drifting()


@pytest.mark.parametrize(
    ("drift", "size"),
    [
        (lambda u, v, x, y: u * v * x * y, 4),
        (lambda u, v, x, y: (u - v) * (u + v) * u * v, 3),
        (lambda u, v, x, y: sympy.KroneckerDelta(u % 7, 3), 3),
        (lambda u, v, x, y: u * (u**2 - 1) * (u**2 - 4) * (u**2 - 9), 4),
        (lambda u, v, x, y: sympy.Max(0, v - 7), 8),
        (lambda u, v, x, y: sympy.floor(abs(u) / 50), 50),
        (lambda u, v, x, y: 1 if u.is_number and abs(u) > 3 else 0, 4),
        (lambda u, v, x, y: 1 if u.is_number and u < 0 else 0, 1),
        (lambda u, v, x, y: 1 if u.is_number and u > 100 else 0, 101),
        (lambda u, v, x, y: 1 if u.is_number and u < -300_000 else 0, 300_001),
    ],
)
def test_counterexamples_are_followed_to_integers_however_far(drift, size):
    (root,) = gc.verify(drifting(drift)).roots
    assert root.name == "composition"
    elements = root.counterexample.elements
    assert sum(abs(c) for element in elements for c in element) == size
    assert drift(*map(sympy.Integer, (*elements[0][1:], *elements[1][1:]))) != 0
    assert root.how.startswith("refuted, ")


def on_the_diagonal(g):
    return g[1] == g[2] != 0


def beyond_one(g):
    return g[1] == 0 and g[2] not in (0, 1, -1)


@pytest.mark.parametrize(("is_short", "at"), [(on_the_diagonal, (3, 3)), (beyond_one, (0, 2))])
def test_short_cuts_of_an_inverse_are_found(is_short, at):
    class Short(zoo.Turns):
        def inverse(self, g):
            return g if is_short(g) else super().inverse(g)

    assert gc.verify(Short()).roots[0].counterexample.elements == ((0, *at),)


def test_short_cuts_of_a_matrix_are_found():
    class Short(zoo.Turns):
        def matrix(self, r, u, v):
            return super().matrix(r, u, -v if beyond_one((r, u, v)) else v)

    assert gc.verify(Short()).roots[0].counterexample.elements == ((0, 0, 2),)


def test_short_cuts_of_a_product_on_the_line_are_found():
    class Short(type(LINE_MIRROR)):
        def compose(self, g, h):
            return (0, 77) if g[1] + h[1] == 1 else super().compose(g, h)

    short = Short("short", {"m": ([[-1]], 2)})
    assert gc.verify(short).roots[0].counterexample.elements == ((0, 1), (0, 0))


def test_different_polynomials_are_refuted_in_integers_wherever_they_agree():
    def q(u, v):
        return u * (u**2 - 1) * (u**2 - 4) * v * (v**2 - 1) * (v**2 - 4) * (u - v) * (u + v)

    class Steep(zoo.Turns):
        def matrix(self, r, u, v):
            return super().matrix(r, u + q(u, v), v)

    report = gc.verify(Steep())
    (root,) = (check for check in report.roots if check.name == "split")
    ((_, u, v),) = root.counterexample.elements
    assert q(u, v) != 0
    assert abs(u) + abs(v) == 7
    assert "it rests on split, which fails" in {g for check in report.checks for g in check.grounds}


def test_what_needs_a_matrix_of_the_right_form_is_left_undecided():
    report = gc.verify(zoo.Half())
    assert [check.name for check in report.failures] == ["integrality"]
    undecided = {check.name: check.how for check in report.checks if check.method == "undecided"}
    assert undecided["closure"] == "undecided: it rests on integrality, which fails"
    assert undecided["associativity"] == "undecided: it rests on injectivity, which is undecided"


def test_a_refuted_check_is_not_called_proved():
    report = gc.verify(zoo.WrongCompose())
    methods = {check["name"]: check["method"] for check in report.to_dict()["checks"]}
    assert methods["composition"] == "refuted"
    assert methods["closure"] == "proved"
    assert methods["representation"] == "undecided"


def test_a_law_holds_for_the_origin_too():
    """Its linear parts are those of p4 for all integers, and it moves the origin for r > 3."""

    class Drifting(type(P4)):
        def matrix(self, r, u, v):
            return super().matrix(r, u + 7 * r * (r - 1) * (r - 2) * (r - 3), v)

    report = gc.verify(Drifting())
    laws = {check.name: check.method for check in report.checks[-5:]}
    assert report.passed
    assert laws["periodicity"] == laws["composition law"] == "undecided"
    assert str(report).startswith(
        "p4: proved; not needed and left open: periodicity, composition law"
    )


def test_an_open_law_that_fails_says_where():
    """With 1 - 2 m in place of (-1)^m, which agree for m = 0 and 1 alone."""

    class Flips(gc.SplitGroup):
        name, lattice, stabilizer_shape = "flips", gc.SQUARE, (2,)

        def matrix(self, m, u, v):
            return sympy.ImmutableMatrix([[1 - 2 * m, 0, u], [0, 1, v], [0, 0, 1]])

        def index(self, matrix):
            return (1 - matrix[0, 0]) / 2, matrix[0, 2], matrix[1, 2]

    report = gc.verify(Flips())
    assert report.passed
    (law,) = [check for check in report.checks if check.name == "periodicity"]
    assert law.how == (
        "undecided: it fails at m = 0; only the coordinates' own range has to be right"
    )


def test_laws_with_long_angles_are_left_undecided():
    class Long(type(P4)):
        def matrix(self, r, u, v):
            return super().matrix(r + r * (r - 1) * (r - 2) * (r - 3), u, v)

    assert "left open: periodicity, composition law" in gc.verify(Long()).verdict


def test_a_half_is_no_shift_of_the_origin():
    """A screw is told by what it does, not by its fractions."""

    class Screw(zoo.Turns):
        def matrix(self, r, u, v):
            return super().matrix(r, u + sympy.Rational(int(r), 4), v)

    assert gc.verify(Screw()).failures[0].name == "stabilizer"
    with pytest.raises(AxiomError, match=r"at \(1, 0, 0\): left side \[\[1/4\], \[0\]\]"):
        gc.nn.LiftingConv(1, 1, 3, group=Screw())


def test_an_index_that_raises_on_symbols_is_told_as_such():
    class Whole(zoo.Turns):
        def index(self, matrix):
            r, u, v = super().index(matrix)
            return r, int(u), int(v)

    (root, *_) = gc.verify(Whole()).roots
    assert root.method == "not proved"
    assert root.counterexample.cause.startswith("the formula raises where translations are symbols")


def test_an_index_with_floats_reaches_no_layer():
    class Leaking(zoo.Turns):
        def index(self, matrix):
            r, u, v = super().index(matrix)
            return r, u * 1.0, v

    with pytest.raises(AxiomError, match="index of matrix"):
        gc.nn.LiftingConv(1, 1, 3, group=Leaking())
    assert not gc.verify(Leaking()).passed


def test_polynomials_that_only_symbols_tell_apart_are_told_as_branches():
    class Branching(zoo.Turns):
        def index(self, matrix):
            r, u, v = super().index(matrix)
            return r, u + 1 if u.is_Add else u, v

    (root,) = gc.verify(Branching()).roots
    assert (root.name, root.method) == ("closure", "not proved")
    assert "a formula treats symbols and numbers in different ways" in root.counterexample.cause


def test_a_translation_in_the_bottom_row_is_told():
    class Both(zoo.Turns):
        def matrix(self, r, u, v):
            matrix = super().matrix(r, u, v)
            return matrix + sympy.Matrix([[0, 0, 0], [0, 0, 0], [u, 0, 0]])

    root = gc.verify(Both()).roots[0]
    assert root.name == "split"
    assert root.counterexample.cause == "the bottom row depends on the translation"


@pytest.mark.parametrize("symbol", [sympy.Symbol("u"), sympy.Symbol("t0", integer=True)])
def test_symbols_that_are_no_arguments_are_told(symbol):
    class Stray(zoo.Turns):
        def matrix(self, r, u, v):
            return super().matrix(r, symbol, v)

    report = gc.verify(Stray())
    assert [check.name for check in report.failures] == ["integrality", "stabilizer"]
    assert "symbols that are not arguments" in report.roots[0].counterexample.cause


def test_lengths_that_are_equal_as_numbers_are_equal():
    """Both are √2 - 1, and sympy writes their squares in two ways."""
    lattice = gc.Lattice("reciprocal", (("1/(1+sqrt(2))", "0"), ("0", "sqrt(2)-1")))
    group = gc.GeneratedGroup("turned", {"r": ([[0, -1], [1, 0]], 4)}, lattice)
    assert gc.verify(group).passed
    wrong = gc.Lattice("wrong", (("1/(1+sqrt(2))", "0"), ("0", "sqrt(2)-2")))
    report = gc.verify(gc.GeneratedGroup("turned", {"r": ([[0, -1], [1, 0]], 4)}, wrong))
    assert [check.name for check in report.failures] == ["isometry"]


def test_a_counterexample_that_compares_is_not_made_smaller_to_one_that_raises():
    def drift(u, v, x, y):
        if u.is_number and 80 < u < 90:
            raise ValueError("a hole")
        return 1 if u.is_number and u > 100 else 0

    (root,) = gc.verify(drifting(drift)).roots
    assert root.counterexample.elements == ((0, 101, 0), (0, 0, 0))
    assert root.compares


def test_an_index_that_is_wrong_far_away_is_refuted_there():
    class Bounded(zoo.Turns):
        def index(self, matrix):
            r, u, v = zoo.Turns.index(self, matrix)
            return r, sympy.Max(-70, u), v

    checks = {check.name: check for check in gc.verify(Bounded()).checks}
    assert checks["index of matrix"].how.startswith("refuted")
    assert checks["index of matrix"].counterexample.elements == ((0, -71, 0),)


@pytest.mark.parametrize("bound", [-100, 100])
def test_products_that_branch_far_away_are_refused_by_tables_too(bound):
    broken = drifting(lambda u, v, x, y: 1 if u.is_number and (u - bound) * bound > 0 else 0)
    with pytest.raises(AxiomError, match="composition"):
        gc.nn.LiftingConv(1, 1, 3, group=broken)


def test_a_formula_that_sympy_cannot_settle_is_not_called_wrong():
    report = gc.verify(drifting(lambda u, v, x, y: 2 * sympy.floor(u / 2) + u % 2 - u))
    (root,) = report.roots
    assert str(report).startswith("broken: NOT PROVED")
    assert root.how.startswith("not proved, ")
    assert root.how in {check["how"] for check in report.to_dict()["checks"]}
    assert "no integers were found where they differ" in root.counterexample.cause


def unproved(u):
    """`u` for all integers, and sympy does not see it."""
    return 2 * sympy.floor(u / 2) + u % 2


class UnprovedMatrix(zoo.Turns):
    def matrix(self, r, u, v):
        return zoo.Turns.matrix(self, r, unproved(u), v)


class UnprovedIndex(zoo.Turns):
    def index(self, matrix):
        r, u, v = zoo.Turns.index(self, matrix)
        return r, unproved(u), v


@pytest.mark.parametrize(
    ("group", "axiom"),
    [
        (drifting(lambda u, v, x, y: unproved(u) - u), "composition"),
        (UnprovedMatrix(), "split"),
        (UnprovedIndex(), "index of matrix"),
    ],
)
def test_tables_do_not_call_wrong_what_has_no_proof(group, axiom):
    with pytest.raises(AxiomError) as caught:
        gc.nn.LiftingConv(1, 1, 3, group=group)
    assert (caught.value.axiom, caught.value.is_proof) == (axiom, True)
    assert "is not proved to satisfy" in str(caught.value)
    ((_, *t),) = caught.value.elements[:1]
    assert all(isinstance(c, sympy.Symbol) for c in t)


def test_tables_show_where_an_index_is_wrong():
    class Positive(zoo.Turns):
        def index(self, matrix):
            r, u, v = zoo.Turns.index(self, matrix)
            return r, abs(u), v

    with pytest.raises(AxiomError, match="breaks index of matrix") as caught:
        gc.nn.LiftingConv(1, 1, 3, group=Positive())
    assert caught.value.elements == ((0, -2, 3),)


def test_a_product_may_divide_its_coordinates():
    halves = drifting(lambda u, v, x, y: u * (u + 1) / 2 - u * (u - 1) / 2 - u)
    assert gc.verify(halves).passed
    assert halves.compose((1, 1, 0), (0, 0, 0)) == (1, 1, 0)


@pytest.mark.parametrize(
    "shift",
    [
        lambda u, v: 1 if u.is_number and u < 0 else 0,
        lambda u, v: 1 if v.is_number and v < 0 else 0,
        lambda u, v: 1 if u.is_number and abs(u * v) >= 2 else 0,
        lambda u, v: 1 if u.is_number and abs(u) > 1000 else 0,
    ],
)
def test_matrices_that_branch_on_translations_are_refused_by_tables_too(shift):
    class Branching(zoo.Turns):
        def matrix(self, r, u, v):
            return zoo.Turns.matrix(self, r, u + shift(u, v), v)

    with pytest.raises(AxiomError, match=r"breaks split: .* at \(0, "):
        gc.nn.LiftingConv(1, 1, 3, group=Branching())
    assert not gc.verify(Branching()).passed


def test_what_rests_on_a_failure_is_left_undecided():
    report = gc.verify(zoo.WrongCompose())
    assert [failure.name for failure in report.failures] == ["composition"]
    assert report.failure_lines()[-1] == (
        "so these are left undecided: associativity, action, composition table, filter transform, "
        "representation"
    )
    check = next(check for check in report.checks if check.name == "action")
    assert (check.mark, check.how) == ("–", "undecided: it rests on composition, which fails")


class Fickle(type(P4)):
    """p4, whose every third matrix is another one."""

    calls = itertools.count()

    def matrix(self, r, u, v):
        return super().matrix(r, u, v + int(next(self.calls) % 3 == 2))


def test_code_that_changes_from_call_to_call_is_told_as_such():
    causes = [check.counterexample.cause for check in gc.verify(Fickle()).failures]
    assert any("not a formula" in cause or "different answers" in cause for cause in causes)


def test_sides_that_agree_when_they_are_seen_again_are_told():
    answers = itertools.chain([((1,), (2,))], itertools.repeat(((1,), (1,))))
    axiom = AXIOMS[0]._replace(sides=lambda group, g: next(answers))
    found = smallest_counterexample(Cases(P4.formulas), axiom, [(P4.identity,)])
    assert found.cause.startswith("the same call gives different answers at different times")


def test_the_law_of_a_formula_is_proved_for_all_coordinates_at_once():
    laws = {
        "p4": "g(r)·g(r') = g(r + r') for all integers",
        "p4m": "g(m, r)·g(m', r') = g(m + m', (-1)^m' r + r') for all integers",
    }
    for name, statement in laws.items():
        checks = {check.name: check for check in gc.verify(name).checks}
        assert checks["composition law"].statement == statement
        assert checks["composition law"].method == "proved"
        assert checks["periodicity"].method == "proved"
    assert "composition law" not in {check.name for check in gc.verify(P6M).checks}


class Rewritten(type(P4)):
    """p4 with a zero added that sympy does not see through."""

    def matrix(self, r, u, v):
        matrix = super().matrix(r, u, v).as_mutable()
        matrix[0, 0] += sympy.Mod(r**2 - r, 2)
        return matrix


def test_what_sympy_cannot_simplify_is_called_undecided():
    report = gc.verify(Rewritten())
    undecided = [check.name for check in report.checks if check.method == "undecided"]
    assert report.passed
    assert undecided == ["periodicity", "composition law"]
    assert report.verdict == "proved; not needed and left open: periodicity, composition law"
    check = next(check for check in report.checks if check.name == "composition law")
    assert (check.mark, check.how) == (
        "–",
        "undecided: sympy does not simplify the difference to zero",
    )


def test_a_wrong_law_is_not_proved(monkeypatch):
    wrong = (composition_law.Term(True, ()), composition_law.Term(True, ()))
    monkeypatch.setattr(composition_law, "_law", lambda group: wrong)
    _, check = composition_law.composition_law(P4M)
    assert check.statement == "g(m, r)·g(m', r') = g(m + m', r + r') for all integers"
    assert check.method == "undecided"


def test_checks_of_tables_find_planted_defects(monkeypatch):
    sound = P4M.stabilizer
    assert sound.composition[1, 4] != sound.composition[4, 1]
    composition = sound.composition.copy()
    composition[1, 4], composition[4, 1] = composition[4, 1], composition[1, 4]
    exchanged = dataclasses.replace(sound, composition=composition)
    transform = gc.filter_transform(P4M, 3)
    monkeypatch.setattr(table_checks, "filter_transform", lambda S, size: transform)
    by_name = {check.name: check for check in table_checks.TABLE_CHECKS}
    assert next(iter(by_name["composition table"].violations(exchanged))).elements == (1,)
    assert next(iter(by_name["representation"].violations(exchanged))).elements == (1, 4)
    assert not list(by_name["filter transform"].violations(exchanged))

    class Twice:
        index = transform.index.copy()

    Twice.index[3] = np.where(Twice.index[3] == 5, 6, Twice.index[3])
    monkeypatch.setattr(table_checks, "filter_transform", lambda S, size: Twice)
    assert next(iter(by_name["filter transform"].violations(sound))).elements == (3,)


def test_progress_counts_up_to_all_cases():
    told = []
    report = gc.verify(P6M, progress=lambda *step: told.append(step))
    names = [check.name for check in report.checks]
    assert told[0][0] == "form"
    assert {name for name, _, _ in told} <= set(names)
    done = [done for _, done, _ in told]
    assert done == sorted(done)
    assert {total for _, _, total in told} == {
        sum(check.cases for check in report.checks if check.name in {name for name, _, _ in told})
    }


def test_the_page_is_self_contained():
    page = verification.html_page([gc.verify(zoo.OtherOrder())])
    body = page[page.index("<body>") : page.index("</html>")]
    assert ElementTree.fromstring(body).find(".//h1").text == "Verification of broken"
    assert page.count("<math") > 20
    assert "src=" not in page
    assert "href=" not in page
    assert "multiplies in the other order" in page


def test_reports_become_plain_data():
    for group in (P4M, zoo.WrongCompose()):
        report = gc.verify(group)
        data = json.loads(json.dumps(report.to_dict()))
        assert data["passed"] == report.passed
        assert len(data["checks"]) == len(report.checks)
        for check, plain in zip(report.checks, data["checks"], strict=True):
            assert plain["passed"] == check.passed
            assert (plain["counterexample"] is None) == check.passed
    composition = next(check for check in data["checks"] if check["name"] == "composition")
    assert composition["counterexample"]["elements"] == [[3, 0, 0], [2, 0, 0]]
    assert composition["counterexample"]["difference"] == "[[-1, 1, 0], [-1, -1, 0], [0, 0, 0]]"
