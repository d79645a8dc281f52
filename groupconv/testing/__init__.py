"""Equivariance checks for model authors: `*_error` measures, `assert_*` raises."""

from groupconv.testing.equivariance import (
    EquivarianceResult,
    assert_equivariant,
    equivariance_error,
)

__all__ = ["EquivarianceResult", "assert_equivariant", "equivariance_error"]
