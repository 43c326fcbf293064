"""Term graphs as numpy: one statement per term, whole columns at a time.

One rule: the text needs nothing but the names in `NAMES`, all numpy's; a term that is used twice is computed once, and
let go after its last use, so that a chunk of states stays in the cache.
"""

from collections.abc import Sequence

from model.columns.order import in_order
from model.columns.terms import Operand, Term
from model.columns.tracing import Tracing

NAMES = ("where", "minimum", "maximum", "left_shift", "bitwise_count", "int8")

SIMPLE = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "not": "~{0}",
    "equal": "{0} == {1}",
    "at_most": "{0} <= {1}",
    "minimum": "minimum({0}, {1})",
    "maximum": "maximum({0}, {1})",
    "choice": "where({0}, {1}, {2})",
    "bits_and": "{0} & {1}",
    "bits_or": "{0} | {1}",
    "bits_without": "{0} & ~{1}",
    "bit": "left_shift(int8(1), {0})",
    "has_bit": "(({0} >> {1}) & 1).view(bool)",
    "count_bits": "bitwise_count({0}).view(int8)",
}


def literal(x: int) -> str:
    return str(x) if isinstance(x, bool) else f"int8({x})"


def expression(term: Term, names: dict[Term, str]) -> str:
    """A term, its operands being names or constants."""
    if term.operation == "column":
        return f"C({term.operands[0]})" + (".view(bool)" if term.flag else "")
    shown = [names[x] if isinstance(x, Term) else literal(x) for x in term.operands]
    if term.operation in ("and", "or"):
        return (" & " if term.operation == "and" else " | ").join(shown)
    if term.operation == "has_bit" and isinstance(term.operands[1], Term):
        bits, index = shown
        return f"((({bits} >> maximum({index}, int8(0))) & 1).view(bool) & ({index} >= 0))"
    return SIMPLE[term.operation].format(*shown)


def function(name: str, roots: Sequence[Operand]) -> str:
    """A function of the columns `C(number)` that returns the roots' values in order."""
    order = in_order(roots)
    names = {term: f"t{at}" for at, term in enumerate(order)}
    last: dict[Term, int] = {}
    for at, term in enumerate(order):
        if term.operation != "column":
            last.update((x, at) for x in term.operands if isinstance(x, Term))
    kept = {root for root in roots if isinstance(root, Term)}
    lines = []
    for at, term in enumerate(order):
        lines.append(f"    {names[term]} = {expression(term, names)}")
        over = (
            []
            if term.operation == "column"
            else [x for x in dict.fromkeys(term.operands) if isinstance(x, Term) and last[x] == at and x not in kept]
        )
        if over:
            lines.append(f"    del {', '.join(names[x] for x in over)}")
    returned = ", ".join(names[root] if isinstance(root, Term) else literal(root) for root in roots)
    return "\n".join([f"def {name}(C):", *lines, f"    return [{returned}]", ""])


def program(tracing: Tracing) -> str:
    """`guards`, `update_0`, `update_1`, ..., `properties` and, where there is one, `view`."""
    parts = [function("guards", [instance.guard for instance in tracing.instances])]
    for at, instance in enumerate(tracing.instances):
        parts.append(function(f"update_{at}", list(instance.updates.values())))
    parts.append(function("properties", [p.holds for p in tracing.properties]))
    if tracing.view is not None:
        parts.append(function("view", list(tracing.view.values())))
    return "\n".join(parts)
