"""Which numbers may be -1, by the look of what is assigned to them.

One rule: too many is wasteful, too few is caught: searches refuse a value outside its column's range. The language has
no other negative numbers than those made with a `-`. (A closing of gaps subtracts only from what is greater than one,
and is not looked at.)
"""

import ast
from collections.abc import Iterable

from model.kinds import Variable
from model.syntax import Function


def assignments(function: Function) -> Iterable[tuple[str, ast.expr]]:
    """Variable and assigned expression, also of the definitions it calls."""
    for statement in ast.walk(function.tree):
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]
            base = target.value if isinstance(target, ast.Subscript) else target
            if isinstance(base, ast.Attribute):
                yield base.attr, statement.value
    for called in function.calls:
        yield from assignments(called)


def may_be_negative(functions: Iterable[Function], variables: Iterable[Variable]) -> frozenset[str]:
    """The number variables that are assigned a `-`, or a variable that may be negative."""
    assigned = [pair for function in functions for pair in assignments(function)]
    numbers = {v.name for v in variables if v.kind == "number"}
    found: set[str] = set()
    while True:
        more = {
            name
            for name, value in assigned
            if name in numbers
            and any(
                isinstance(node, ast.USub | ast.Sub) or (isinstance(node, ast.Attribute) and node.attr in found)
                for node in ast.walk(value)
            )
        }
        if more <= found:
            return frozenset(found)
        found |= more
