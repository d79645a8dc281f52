"""Every broken group of the zoo is refused, with its axiom and its counterexample."""

from __future__ import annotations

import pytest

import groupconv as gc
from groupconv.errors import AxiomError, VerificationError
from tests.support import zoo
from tests.support.zoo import SPECIMENS


@pytest.fixture(params=SPECIMENS, ids=lambda specimen: specimen.name)
def specimen(request):
    return request.param


def test_the_template_itself_is_sound():
    assert (zoo.Turns().composition_table == gc.group("p4").composition_table).all()
    assert gc.verify(zoo.Turns()).passed
    assert len(SPECIMENS) >= 40


def test_no_layer_is_built_on_it(specimen):
    if not specimen.axiom:
        layer = gc.nn.LiftingConv(1, 1, 3, group=specimen.make())
        gc.testing.assert_equivariant(layer, gc.data.bundled_digits().test_x[:1])
        pytest.skip("its stabilizer is sound, so its layers are; its proof fails")
    with pytest.raises(AxiomError) as caught:
        gc.nn.LiftingConv(1, 1, 3, group=specimen.make())
    assert caught.value.axiom == specimen.axiom
    if specimen.elements:
        assert str(caught.value.elements) == specimen.elements
    assert " breaks " in str(caught.value)
    assert "broken" in str(caught.value) or specimen.name in str(caught.value)


def test_its_proof_fails(specimen):
    if specimen.check is None:
        pytest.skip("it cannot even be made")
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
