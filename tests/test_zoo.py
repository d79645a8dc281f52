"""Every broken group of the zoo is refused, with its axiom and its counterexample."""

from __future__ import annotations

import pytest

import groupconv as gc
from groupconv.errors import AxiomError, VerificationError
from tests.support import zoo
from tests.support.zoo import SPECIMENS

BREAKS_ITS_TABLES = [specimen for specimen in SPECIMENS if specimen.axiom]
CAN_BE_MADE = [specimen for specimen in SPECIMENS if specimen.check is not None]


def each(specimens):
    return pytest.mark.parametrize("specimen", specimens, ids=lambda specimen: specimen.name)


def test_the_template_itself_is_sound():
    assert (zoo.Turns().composition_table == gc.group("p4").composition_table).all()
    assert gc.verify(zoo.Turns()).passed
    assert len(SPECIMENS) >= 40


def test_every_specimen_is_in_a_test():
    assert {*BREAKS_ITS_TABLES, *CAN_BE_MADE} == set(SPECIMENS)


def test_where_only_the_proof_fails_the_layers_are_sound():
    (specimen,) = set(SPECIMENS) - set(BREAKS_ITS_TABLES)
    layer = gc.nn.LiftingConv(1, 1, 3, group=specimen.make())
    gc.testing.assert_equivariant(layer, gc.data.bundled_digits().test_x[:1])


@each(BREAKS_ITS_TABLES)
def test_no_layer_is_built_on_it(specimen):
    with pytest.raises(AxiomError) as caught:
        gc.nn.LiftingConv(1, 1, 3, group=specimen.make())
    assert caught.value.axiom == specimen.axiom
    if specimen.elements:
        assert str(caught.value.elements) == specimen.elements
    assert " breaks " in str(caught.value)
    assert "broken" in str(caught.value) or specimen.name in str(caught.value)


@each(CAN_BE_MADE)
def test_its_proof_fails(specimen):
    report = gc.verify(specimen.make())
    assert not report.passed
    roots = {check.name: check.counterexample for check in report.roots}
    assert specimen.check in roots
    found = roots[specimen.check]
    if specimen.at:
        assert str(found.elements) == specimen.at
        assert report.roots[0].name == specimen.check
    assert found.cause
    assert "Error" not in found.cause.replace("KeyError", "").replace("IndexError", "")
    with pytest.raises(VerificationError, match=specimen.check):
        report.raise_if_failed()
    assert "BROKEN" in str(report)
    assert "✗" in str(report)
