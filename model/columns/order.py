"""The order in which a graph of terms is computed: every term once, after what it is made of."""

from collections.abc import Iterable

from model.columns.terms import Operand, Term


def in_order(roots: Iterable[Operand]) -> list[Term]:
    """Every term below the roots once, operands before what uses them."""
    order: list[Term] = []
    seen: set[Term] = set()

    def visit(x: Operand) -> None:
        if not isinstance(x, Term) or x in seen:
            return
        seen.add(x)
        if x.operation != "column":
            for operand in x.operands:
                visit(operand)
        order.append(x)

    for root in roots:
        visit(root)
    return order
