"""Checks of groups for plugin authors, and of equivariance for model authors; pytest optional.

`check_*` and `assert_*` raise, `*_error` measures.
"""

from groupconv.registry import registered
from groupconv.testing.conformance import check_group, parametrize_with_group_checks
from groupconv.testing.doctor import Diagnosis, Stage, diagnose
from groupconv.testing.equivariance import (
    EquivarianceResult,
    assert_equivariant,
    equivariance_error,
)

__all__ = [
    "Diagnosis",
    "EquivarianceResult",
    "Stage",
    "assert_equivariant",
    "check_group",
    "diagnose",
    "equivariance_error",
    "parametrize_with_group_checks",
    "registered",
]
