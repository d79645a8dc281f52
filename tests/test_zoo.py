"""Every broken group of the zoo is refused, with its axiom and its counterexample."""

from __future__ import annotations

import pytest

import groupconv as gc
from groupconv.errors import AxiomError, VerificationError
from tests.support import zoo
from tests.support.zoo import SPECIMENS

CAN_BE_MADE = [specimen for specimen in SPECIMENS if specimen.is_made]


def each(specimens):
    return pytest.mark.parametrize("specimen", specimens, ids=lambda specimen: specimen.name)


def test_the_template_itself_is_sound():
    assert (zoo.Turns().stabilizer.composition == gc.group("p4").stabilizer.composition).all()
    assert gc.verify(zoo.Turns()).passed
    assert len(SPECIMENS) >= 40


def test_where_only_the_proof_fails_the_layers_are_sound():
    (specimen,) = (specimen for specimen in SPECIMENS if specimen.table_axiom == "")
    layer = gc.nn.LiftingConv(1, 1, 3, group=specimen.make())
    gc.testing.assert_equivariant(layer, gc.data.bundled_digits().test_x[:1])


@each([specimen for specimen in SPECIMENS if specimen.table_axiom != ""])
def test_no_layer_is_built_on_it(specimen):
    with pytest.raises(AxiomError, match=" breaks ") as caught:
        gc.nn.LiftingConv(1, 1, 3, group=specimen.make())
    assert caught.value.axiom == (specimen.table_axiom or specimen.axiom)
    assert caught.value.axiom in {check.name for check in gc.verify("p4").checks}
    expected = specimen.table_at or specimen.at
    assert expected is None or caught.value.elements == expected


@each(CAN_BE_MADE)
def test_its_proof_fails_in_one_place(specimen):
    report = gc.verify(specimen.make())
    (root,) = report.roots
    assert root.name == specimen.axiom
    assert specimen.at is None or root.counterexample.elements == specimen.at
    cause = root.counterexample.cause
    assert cause
    assert "Error" not in cause.replace("KeyError", "").replace("IndexError", "")
    with pytest.raises(VerificationError, match=specimen.axiom):
        report.raise_if_failed()
    assert str(report).startswith(f"{report.group}: BROKEN")
    assert "✗" in str(report)
