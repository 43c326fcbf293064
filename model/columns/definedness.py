"""Where a term can be evaluated as Python would, short circuits included, without reading past an end.

One rule: a guard holds where the concrete reading would find it true, so a LookupError there is false here. `total` is
the value, `defined` the condition under which Python would have got one.
"""

from collections.abc import Callable, Sequence
from typing import Any

from model.columns.terms import Operand, Term, Terms


class Definedness:
    """The totals and conditions of terms; one for each step, because what a step assumes differs."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.totals: dict[Term, Operand] = {}
        self.conditions: dict[Term, Operand] = {}
        self.builders: dict[str, Callable[..., Any]] = {
            "and": terms.conjunction,
            "or": terms.disjunction,
            "not": terms.negation,
            "add": terms.add,
            "subtract": terms.subtract,
            "minimum": terms.minimum,
            "maximum": terms.maximum,
            "equal": terms.equal,
            "at_most": terms.at_most,
            "choice": terms.choice,
            "bits_and": terms.bits_and,
            "bits_or": terms.bits_or,
            "bits_without": terms.bits_without,
            "bit": terms.bit,
            "has_bit": terms.has_bit,
            "count_bits": terms.count_bits,
        }

    def total(self, x: Operand) -> Operand:
        """The term with its conditions left out."""
        if not isinstance(x, Term) or not x.partial:
            return x
        found = self.totals.get(x)
        if found is None:
            if x.operation == "partial":
                found = self.total(x.operands[0])
            else:
                found = self.builders[x.operation](*map(self.total, x.operands))
            self.totals[x] = found
        return found

    def defined(self, x: Operand) -> Operand:
        """When the term has a value."""
        if not isinstance(x, Term) or not x.partial:
            return True
        found = self.conditions.get(x)
        if found is None:
            found = self.conditions[x] = self.condition(x)
        return found

    def condition(self, x: Term) -> Operand:
        terms = self.terms
        if x.operation == "partial":
            value, condition = x.operands
            return terms.conjunction(self.defined(condition), self.total(condition), self.defined(value))
        if x.operation == "and":
            return self.in_turn(x.operands, goes_on=lambda part: part)
        if x.operation == "or":
            return self.in_turn(x.operands, goes_on=terms.negation)
        if x.operation == "choice":
            condition, a, b = x.operands
            taken = terms.choice(self.total(condition), self.defined(a), self.defined(b))
            return terms.conjunction(self.defined(condition), taken)
        return terms.conjunction(*map(self.defined, x.operands))

    def in_turn(self, parts: Sequence[Operand], *, goes_on: Callable[[Operand], Operand]) -> Operand:
        """Each part must be defined where those before it let the evaluation go on."""
        rest: Operand = True
        for part in reversed(parts):
            rest = self.terms.conjunction(self.defined(part), self.terms.implies(goes_on(self.total(part)), rest))
        return rest

    def holds(self, x: Operand) -> Operand:
        """The truth value, false where there is none."""
        return self.terms.conjunction(self.defined(x), self.total(x))
