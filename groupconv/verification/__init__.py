"""Proofs of the group axioms with sympy, and their report."""

from groupconv.verification.html import html_page
from groupconv.verification.proof import verify
from groupconv.verification.report import Check, Counterexample, VerificationReport

__all__ = ["Check", "Counterexample", "VerificationReport", "html_page", "verify"]
