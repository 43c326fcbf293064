"""The invariants judged fact by fact, on any execution: simulated, live, or read from a trace."""

from invariants.step.checker import Checker
from invariants.step.full import FullChecker
from invariants.verdict import Violated

__all__ = ["Checker", "FullChecker", "Violated"]
