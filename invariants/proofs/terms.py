"""Boolean and arithmetic terms, folded as they are built.

One rule: what is known while building never reaches the solver. Constants fold, a term equals itself, and a choice
between the same two is that one; so a cell that a step does not touch keeps its term, and frames cost nothing.
"""

from collections.abc import Callable
from typing import Any

import z3

Term = Any
"""A Z3 expression, or a Python bool or int that stands for one."""


def literal(x: Term) -> bool:
    return isinstance(x, bool | int)


def is_true(x: Term) -> bool:
    return x is True or (not literal(x) and bool(z3.is_true(x)))


def is_false(x: Term) -> bool:
    return x is False or (not literal(x) and bool(z3.is_false(x)))


def conjunction(*terms: Term) -> Term:
    kept = []
    for term in terms:
        if is_false(term):
            return False
        if not is_true(term):
            kept.append(term)
    return True if not kept else kept[0] if len(kept) == 1 else z3.And(*kept)


def disjunction(*terms: Term) -> Term:
    kept = []
    for term in terms:
        if is_true(term):
            return True
        if not is_false(term):
            kept.append(term)
    return False if not kept else kept[0] if len(kept) == 1 else z3.Or(*kept)


def negation(term: Term) -> Term:
    return (not term) if literal(term) else z3.Not(term)


def implies(premise: Term, conclusion: Term) -> Term:
    return disjunction(negation(premise), conclusion)


def same(a: Term, b: Term) -> bool | None:
    """Whether two terms are certainly equal, certainly different, or neither."""
    if literal(a) and literal(b):
        return bool(a == b)
    if literal(a) or literal(b):
        return None
    if a.eq(b):
        return True
    if z3.is_bv_value(a) and z3.is_bv_value(b):
        return bool(a.as_long() == b.as_long())
    return False if is_constructor(a) and is_constructor(b) else None


def is_constructor(term: Term) -> bool:
    """A member of an enumeration."""
    kinds = (term.sort().kind(), term.decl().kind()) if z3.is_const(term) else None
    return kinds == (z3.Z3_DATATYPE_SORT, z3.Z3_OP_DT_CONSTRUCTOR)


class Terms:
    """The terms of one backend. `number` makes its integers: unbounded ones, or bit-vectors."""

    def __init__(self, number: Callable[[int], Any]) -> None:
        self.number = number

    def equal(self, a: Term, b: Term) -> Term:
        if hasattr(a, "equal_to"):
            return a.equal_to(b)
        certain = same(a, b)
        return certain if certain is not None else a == b

    def choice(self, condition: Term, a: Term, b: Term) -> Term:
        if is_true(condition):
            return a
        if is_false(condition):
            return b
        if hasattr(a, "chosen"):
            return a.chosen(condition, b)
        if isinstance(a, bool) or isinstance(b, bool):
            return self.boolean_choice(condition, a, b)
        if same(a, b):
            return a
        if literal(a) and literal(b):
            a, b = self.number(a), self.number(b)
        return z3.If(condition, a, b)

    @staticmethod
    def boolean_choice(condition: Term, a: Term, b: Term) -> Term:
        """`condition ? a : b` where one of the two is a constant."""
        if isinstance(a, bool) and isinstance(b, bool):
            return a if a == b else condition if a else negation(condition)
        if isinstance(a, bool):
            return disjunction(condition, b) if a else conjunction(negation(condition), b)
        return disjunction(negation(condition), a) if b else conjunction(condition, a)

    def minimum(self, a: Term, b: Term) -> Term:
        return self.choice(a <= b, a, b)

    def maximum(self, a: Term, b: Term) -> Term:
        return self.choice(a <= b, b, a)
