"""A view as C over lanes: one vector statement per term computes it for a whole batch of states at once.

One rule: a lane holds one state's cell as a small int; a truth value is all ones or all zeroes. The text needs only
`lanes`, GCC's and Clang's vector of small ints, and the macros of `invariants/exploration/viewed.c`.
"""

from collections.abc import Iterator

from model.columns.order import in_order
from model.columns.terms import Operand, Term, interval
from model.columns.tracing import Tracing

SIMPLE = {
    "add": "({0} + {1})",
    "subtract": "({0} - {1})",
    "equal": "(lanes)({0} == {1})",
    "at_most": "(lanes)({0} <= {1})",
    "minimum": "CHOICE((lanes)({0} <= {1}), {0}, {1})",
    "maximum": "CHOICE((lanes)({0} <= {1}), {1}, {0})",
    "bits_and": "({0} & {1})",
    "bits_or": "({0} | {1})",
    "bits_without": "({0} & ~{1})",
}


def truth(x: Operand, names: dict[Term, str]) -> str:
    """A truth value as a mask."""
    if isinstance(x, Term):
        return names[x] if x.flag else f"(lanes)({names[x]} != ALL(0))"
    return "ALL(-1)" if x else "ALL(0)"


def number(x: Operand, names: dict[Term, str]) -> str:
    """A value as a number; a mask counts as one."""
    if isinstance(x, Term):
        return f"({names[x]} & ALL(1))" if x.flag else names[x]
    return f"ALL({int(x)})"


def by_bit(bits: str, index: Operand, names: dict[Term, str], each: str) -> str:
    """What `each` makes of the bit an index names: the index is compared with every number it may be."""
    low, high = interval(index)
    parts = [
        each.format(bits=bits, here=f"(lanes)({number(index, names)} == ALL({i}))", bit=1 << i)
        for i in range(max(low, 0), high + 1)
    ]
    return "(" + (" | ".join(parts) or "ALL(0)") + ")"


def expression(term: Term, names: dict[Term, str]) -> str:
    """A term, its operands being names or constants."""
    operation, operands = term.operation, term.operands
    if operation == "column":
        return f"(lanes)(COLUMN({operands[0]}) != ALL(0))" if term.flag else f"COLUMN({operands[0]})"
    if operation in ("and", "or"):
        return "(" + (" & " if operation == "and" else " | ").join(truth(x, names) for x in operands) + ")"
    if operation == "not":
        return f"(~{truth(operands[0], names)})"
    if operation == "choice":
        kind = truth if term.flag else number
        return f"CHOICE({truth(operands[0], names)}, {kind(operands[1], names)}, {kind(operands[2], names)})"
    if operation == "count_bits":
        bits = number(operands[0], names)
        counted = [f"(lanes)(({bits} & ALL({1 << i})) != ALL(0))" for i in range(interval(operands[0])[1].bit_length())]
        return f"(ALL(0) - {' - '.join(counted)})"
    if operation == "bit":
        return by_bit("", operands[0], names, "({here} & ALL({bit}))")
    if operation == "has_bit":
        bits = number(operands[0], names)
        if not isinstance(operands[1], Term):
            return f"(lanes)(({bits} & ALL({1 << int(operands[1])})) != ALL(0))"
        return by_bit(bits, operands[1], names, "({here} & (lanes)(({bits} & ALL({bit})) != ALL(0)))")
    return SIMPLE[operation].format(*(number(x, names) for x in operands))


def view(tracing: Tracing) -> Iterator[str]:
    """`VIEW`: replaces the states in the lanes from `at` on by their views."""
    updates = tracing.view or {}
    order = in_order(updates.values())
    names = {term: f"t{at}" for at, term in enumerate(order)}
    yield "VIEW {"
    for term in order:
        yield f"const lanes {names[term]} = {expression(term, names)};"
    for at, value in updates.items():
        yield f"SEEN({at}, {number(value, names)});"
    yield "}"
