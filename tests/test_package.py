"""The package as a whole: its public names, its imports, its errors."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys

import pytest

import groupconv as gc
from groupconv import errors


def test_import_loads_neither_torch_nor_sympy():
    code = "import groupconv, sys; assert not {'torch', 'sympy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there():
    assert dir(gc) == sorted(gc.__all__)
    for name in gc.__all__:
        assert getattr(gc, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        gc.nonsense


@pytest.mark.parametrize(
    "room",
    ["algebra", "verification", "transforms", "nn", "models", "data", "experiments", "plotting",
     "testing", "cli"],
)  # fmt: skip
def test_every_room_exports_what_it_says(room):
    module = importlib.import_module(f"groupconv.{room}")
    assert module.__all__
    for name in module.__all__:
        assert hasattr(module, name)


def test_all_errors_are_ours_and_pickle():
    for name in errors.__all__:
        error = getattr(errors, name)
        if issubclass(error, Warning):
            continue
        assert issubclass(error, errors.GroupConvError)
    broken = errors.AxiomError("p5", "closure", "it leaks", ((1,), (2,)))
    copy = pickle.loads(pickle.dumps(broken))
    assert (str(copy), copy.elements) == (str(broken), broken.elements)
    assert isinstance(broken, ValueError)
    assert issubclass(errors.UnknownGroupError, LookupError)
