"""Why a step is not allowed: the first false conjunct of its `require`s, by its source text, and what its sides are.

One rule: only called when a step was refused; the fast path evaluates each `require` as written.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from model.syntax import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One false conjunct: its text, its place, and the texts and values of the sides of the comparison it is."""

    text: str
    file: str
    line: int
    values: tuple[tuple[str, Any], ...] = ()

    @property
    def described(self) -> str:
        """The sides with their values, `: a is 1, b is 2`; sides that are written as constants are left out."""
        told = [f"{text} is {value!r}" for text, value in self.values if text != repr(value)]
        return f": {', '.join(told)}" if told else ""


def explain(function: Function, evaluate: Callable[[ast.expr], Any]) -> Refusal | None:
    """The first conjunct that `evaluate` finds false or cannot evaluate; None when all hold."""
    for conjunct in function.requires:
        try:
            holds = evaluate(conjunct)
        except LookupError:
            holds = False
        if not holds:
            return Refusal(
                text=function.text(conjunct),
                file=function.file,
                line=conjunct.lineno,
                values=sides(function, conjunct, evaluate),
            )
    return None


def sides(function: Function, conjunct: ast.expr, evaluate: Callable[[ast.expr], Any]) -> tuple[tuple[str, Any], ...]:
    """The operands of a comparison, or of what is negated, with their values; nothing for other conjuncts."""
    if isinstance(conjunct, ast.UnaryOp):
        conjunct = conjunct.operand
    operands = [conjunct.left, *conjunct.comparators] if isinstance(conjunct, ast.Compare) else []
    found = []
    for operand in operands:
        try:
            found.append((function.text(operand), evaluate(operand)))
        except LookupError:
            found.append((function.text(operand), "outside"))
    return tuple(found)
