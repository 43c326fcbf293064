"""Why a step is not allowed: the first false conjunct of its `require`s, by its source text, and what its sides are.

One rule: only called when a step was refused; the fast path evaluates each `require` as written.
"""

import ast
import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from model.syntax import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One false conjunct: its text, its place, and the texts and values of what it compares."""

    text: str
    file: str
    line: int
    values: tuple[tuple[str, Any], ...] = ()

    @property
    def described(self) -> str:
        """The sides with their values, `: a is 1, b is 2`; sides that are written as constants are left out."""
        told = [f"{text} is {shown(value)}" for text, value in self.values if text != shown(value)]
        return f": {', '.join(told)}" if told else ""


def shown(value: object) -> str:
    """A value of the model as its source spells it; sets in order, so that the same refusal reads the same anywhere."""
    if isinstance(value, frozenset):
        return "{" + ", ".join(shown(member) for member in sorted(value)) + "}"
    return repr(value)


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
    """The operands of a comparison, or of what is negated, with their values; of an `all` over replicas, the first
    exception and the operands for it; nothing for other conjuncts."""
    if isinstance(conjunct, ast.UnaryOp):
        conjunct = conjunct.operand
    if isinstance(conjunct, ast.Compare):
        return told(function, [conjunct], evaluate, {})
    generator = conjunct.args[0] if isinstance(conjunct, ast.Call) and ast.unparse(conjunct.func) == "all" else None
    if not isinstance(generator, ast.GeneratorExp) or len(generator.generators) != 1:
        return ()
    (loop,) = generator.generators
    if ast.unparse(loop.iter) != "Replica":
        return ()  # a loop over offsets may be as long as a log
    name = ast.unparse(loop.target)
    for member in evaluate(loop.iter):
        bound = {name: member}
        try:
            exception = all(evaluate(put(c, bound)) for c in loop.ifs) and not evaluate(put(generator.elt, bound))
        except LookupError:
            exception = True
        if exception:
            comparisons = [node for node in ast.walk(generator.elt) if isinstance(node, ast.Compare)]
            return ((name, member), *told(function, comparisons, evaluate, bound))
    return ()


class Put(ast.NodeTransformer):
    """Puts values in the place of names."""

    def __init__(self, bound: Mapping[str, Any]) -> None:
        self.bound = bound

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(ast.Constant(self.bound[node.id]), node) if node.id in self.bound else node


def put(node: ast.expr, bound: Mapping[str, Any]) -> ast.expr:
    """A copy of an expression with some of its names bound to values."""
    made = Put(bound).visit(copy.deepcopy(node))
    assert isinstance(made, ast.expr)
    return made


def told(
    function: Function,
    comparisons: list[ast.Compare],
    evaluate: Callable[[ast.expr], Any],
    bound: Mapping[str, Any],
) -> tuple[tuple[str, Any], ...]:
    """The operands of comparisons, each once, with their values where names are bound."""
    found: dict[str, Any] = {}
    for comparison in comparisons:
        for operand in (comparison.left, *comparison.comparators):
            text = function.text(operand)
            if text in bound or text in found:
                continue
            try:
                found[text] = evaluate(put(operand, bound))
            except LookupError:
                found[text] = "outside"
    return tuple(found.items())
