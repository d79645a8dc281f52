"""Groups that many tests share."""

from __future__ import annotations

import pytest

from tests.support.groups import GROUPS


@pytest.fixture(autouse=True)
def _seed():
    import torch  # here, since the process that only hands out tests needs none

    torch.manual_seed(0)


@pytest.fixture(params=GROUPS, ids=lambda group: group.name)
def any_group(request):
    """One group of each kind: formulas and generators, one to three dimensions."""
    return request.param


@pytest.fixture(params=["small", "large"])
def any_bank(request, monkeypatch):
    """Layers that read their bank from one table of all entries, and from one per filter."""
    if request.param == "large":
        monkeypatch.setattr("groupconv.nn.bank.SMALL_BANK", 0)
    return request.param
