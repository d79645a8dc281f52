"""Proofs of the group axioms with sympy, and their report."""

from groupconv.verification.report import Check, Counterexample, VerificationReport
from groupconv.verification.verify import verify

__all__ = ["Check", "Counterexample", "VerificationReport", "verify"]
