"""Terms over the columns of a state: hash-consed, interval-typed, folded as they are built.

One rule: equal terms are one object, and what is known while building is never emitted. A constant is a Python int or
bool; a term knows the interval its values lie in, so comparisons that the bounds decide fold away, and a cell that a
step leaves alone keeps its very term.

A `partial` term is a value that the concrete reading could only read where a condition holds (`log[o]` past the end is
a LookupError there). `definedness.py` turns these conditions into guards, so that both readings agree on them too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Union

Operand = Union["Term", int]
"""A term, or the int or bool that stands for one."""


@dataclass(eq=False, slots=True)
class Term:
    """One operation on operands; `low` and `high` bound its value, a flag is a truth value (0 or 1)."""

    terms: "Terms" = field(repr=False)
    operation: str
    operands: tuple[Any, ...]
    low: int
    high: int
    flag: bool
    partial: bool

    def __add__(self, other: Operand) -> Operand:
        return self.terms.add(self, other)

    def __radd__(self, other: Operand) -> Operand:
        return self.terms.add(self, other)

    def __sub__(self, other: Operand) -> Operand:
        return self.terms.subtract(self, other)

    def __rsub__(self, other: Operand) -> Operand:
        return self.terms.subtract(other, self)


def constant(x: object) -> bool:
    return not isinstance(x, Term)


def interval(x: Operand) -> tuple[int, int]:
    return (x.low, x.high) if isinstance(x, Term) else (int(x), int(x))


def is_flag(x: Operand) -> bool:
    return x.flag if isinstance(x, Term) else isinstance(x, bool)


def members_of(operation: str, x: Operand) -> tuple[Operand, ...]:
    """The parts of a conjunction or disjunction; any other term is its only part."""
    return x.operands if isinstance(x, Term) and x.operation == operation else (x,)


def is_partial(x: object) -> bool:
    return isinstance(x, Term) and x.partial


def until(operation: str, given: Iterable[Operand], *, last: bool) -> tuple[Operand, ...]:
    """The parts in order, each once, up to the constant that ends the evaluation; the other constant left out."""
    parts: list[Operand] = []
    for x in given:
        if isinstance(x, Term):
            parts += members_of(operation, x)
        elif bool(x) == last:
            parts.append(last)
            break
    return tuple(dict.fromkeys(parts))


class Terms:
    """Builds terms. `assumed` holds what is known to be true where a step is taken: its own guards."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, tuple[Any, ...]], Term] = {}
        self.assumed: set[Operand] = set()

    def make(self, operation: str, operands: tuple[Any, ...], low: int, high: int, *, flag: bool = False) -> Operand:
        """The one term of this operation on these operands; the constant where the interval leaves one value."""
        if low == high and operation != "partial":
            return bool(low) if flag else low
        key = (operation, operands)
        term = self.known.get(key)
        if term is None:
            partial = operation == "partial" or any(isinstance(o, Term) and o.partial for o in operands)
            term = self.known[key] = Term(self, operation, operands, low, high, flag, partial)
        return term

    def column(self, index: int, low: int, high: int, *, flag: bool) -> Operand:
        return self.make("column", (index,), low, high, flag=flag)

    def partial(self, value: Operand, condition: Operand) -> Operand:
        """A value that can only be read where the condition holds."""
        if condition is True:
            return value
        low, high = interval(value)
        return self.make("partial", (value, condition), low, high, flag=is_flag(value))

    # ------------------------------------------------------------ numbers
    def add(self, x: Operand, y: Operand) -> Operand:
        if not isinstance(x, Term):
            x, y = y, x
        if not isinstance(x, Term):
            return x + y
        if not isinstance(y, Term):
            if y == 0:
                return x
            if x.operation == "add" and constant(x.operands[1]):
                return self.add(x.operands[0], x.operands[1] + y)
        (a, b), (c, d) = interval(x), interval(y)
        return self.make("add", (x, y), a + c, b + d)

    def subtract(self, x: Operand, y: Operand) -> Operand:
        if not isinstance(y, Term):
            return self.add(x, -y)
        (a, b), (c, d) = interval(x), interval(y)
        return 0 if x is y else self.make("subtract", (x, y), a - d, b - c)

    def minimum(self, x: Operand, y: Operand) -> Operand:
        certain = self.decided(self.at_most(x, y))
        if certain is not None:
            return x if certain else y
        (a, b), (c, d) = interval(x), interval(y)
        return self.make("minimum", (x, y), min(a, c), min(b, d))

    def maximum(self, x: Operand, y: Operand) -> Operand:
        certain = self.decided(self.at_most(x, y))
        if certain is not None:
            return y if certain else x
        (a, b), (c, d) = interval(x), interval(y)
        return self.make("maximum", (x, y), max(a, c), max(b, d))

    # ------------------------------------------------------------ truth
    def decided(self, condition: Operand) -> bool | None:
        """Whether the condition is certain, one way or the other, where the step is taken."""
        if not isinstance(condition, Term):
            return bool(condition)
        if condition in self.assumed:
            return True
        return False if self.negation(condition) in self.assumed else None

    def negation(self, x: Operand) -> Operand:
        if not isinstance(x, Term):
            return not x
        if x.operation == "not":
            inner: Operand = x.operands[0]
            return inner
        return self.make("not", (x,), 0, 1, flag=True)

    def conjunction(self, *given: Operand) -> Operand:
        """All of them, evaluated in turn: what follows a false one is never reached."""
        parts = until("and", given, last=False)
        if any(map(is_partial, parts)):
            return self.make("and", parts, 0, 1, flag=True) if len(parts) > 1 else parts[0]
        known = set(parts)
        if False in known or any(
            isinstance(x, Term) and x.operation == "not" and x.operands[0] in known for x in parts
        ):
            return False
        if len(parts) < 2:
            return parts[0] if parts else True
        return self.make("and", parts, 0, 1, flag=True)

    def disjunction(self, *given: Operand) -> Operand:
        """Any of them, evaluated in turn: what follows a true one is never reached."""
        parts = until("or", given, last=True)
        if any(map(is_partial, parts)):
            return self.make("or", parts, 0, 1, flag=True) if len(parts) > 1 else parts[0]
        if True in parts:
            return True
        premises = {
            premise
            for x in parts
            if isinstance(x, Term) and x.operation == "not"
            for premise in members_of("and", x.operands[0])
        }
        if any(all(part in premises for part in members_of("and", x)) for x in parts):
            return True
        if len(parts) < 2:
            return parts[0] if parts else False
        return self.make("or", parts, 0, 1, flag=True)

    def implies(self, premise: Operand, conclusion: Operand) -> Operand:
        return self.disjunction(self.negation(premise), conclusion)

    def equal(self, x: Any, y: Any) -> Operand:
        if hasattr(x, "equal_to"):
            found: Operand = x.equal_to(y)
            return found
        if is_partial(x) or is_partial(y):
            return self.make("equal", (x, y), 0, 1, flag=True)
        if x is y:
            return True
        if not isinstance(x, Term):
            x, y = y, x
        if not isinstance(x, Term):
            return bool(x == y)
        (a, b), (c, d) = interval(x), interval(y)
        if b < c or d < a:
            return False
        if not isinstance(y, Term):
            if x.flag:
                return x if y else self.negation(x)
            if x.operation == "add" and constant(x.operands[1]):
                return self.equal(x.operands[0], y - x.operands[1])
        return self.make("equal", (x, y), 0, 1, flag=True)

    def at_most(self, x: Operand, y: Operand) -> Operand:
        if is_partial(x) or is_partial(y):
            return self.make("at_most", (x, y), 0, 1, flag=True)
        if x is y:
            return True
        (a, b), (c, d) = interval(x), interval(y)
        if b <= c:
            return True
        if a > d:
            return False
        if isinstance(y, Term) and y.operation == "add" and constant(y.operands[1]):
            return self.at_most(self.subtract(x, y.operands[1]), y.operands[0])
        if isinstance(x, Term) and x.operation == "add" and constant(x.operands[1]):
            if x.operands[0] is y:
                return bool(x.operands[1] <= 0)
            if not isinstance(y, Term):
                return self.at_most(x.operands[0], y - x.operands[1])
        return self.make("at_most", (x, y), 0, 1, flag=True)

    def less(self, x: Operand, y: Operand) -> Operand:
        return self.negation(self.at_most(y, x))

    def choice(self, condition: Operand, x: Any, y: Any) -> Any:
        certain = self.decided(condition)
        if certain is not None:
            return x if certain else y
        if hasattr(x, "chosen"):
            return x.chosen(condition, y)
        if x is y or (constant(x) and constant(y) and x == y):
            return x
        if is_flag(x) and is_flag(y):
            return self.disjunction(self.conjunction(condition, x), self.conjunction(self.negation(condition), y))
        (a, b), (c, d) = interval(x), interval(y)
        return self.make("choice", (condition, x, y), min(a, c), max(b, d))

    # ------------------------------------------------------------ sets of replicas, as bits
    def bits_and(self, x: Operand, y: Operand) -> Operand:
        if not isinstance(x, Term):
            if not isinstance(y, Term):
                return x & y
            x, y = y, x
        if x is y:
            return x
        if not isinstance(y, Term):
            if y == 0:
                return 0
            if y == (1 << y.bit_length()) - 1 and x.high <= y:
                return x
        return self.make("bits_and", (x, y), 0, min(interval(x)[1], interval(y)[1]))

    def bits_or(self, x: Operand, y: Operand) -> Operand:
        if not isinstance(x, Term):
            if not isinstance(y, Term):
                return x | y
            x, y = y, x
        if x is y or (not isinstance(y, Term) and y == 0):
            return x
        width = max(interval(x)[1].bit_length(), interval(y)[1].bit_length())
        return self.make("bits_or", (x, y), max(interval(x)[0], interval(y)[0]), (1 << width) - 1)

    def bits_without(self, x: Operand, y: Operand) -> Operand:
        if not isinstance(y, Term):
            if y == 0:
                return x
            if not isinstance(x, Term):
                return x & ~y
            return self.bits_and(x, ((1 << x.high.bit_length()) - 1) & ~y)
        return 0 if x is y else self.make("bits_without", (x, y), 0, interval(x)[1])

    def bit(self, index: Operand) -> Operand:
        """The set of one replica."""
        if not isinstance(index, Term):
            return 1 << index if index >= 0 else 0
        return self.make("bit", (index,), 1 << max(index.low, 0), 1 << index.high)

    def count_bits(self, bits: Operand) -> Operand:
        if not isinstance(bits, Term):
            return bits.bit_count()
        return self.make("count_bits", (bits,), 0, bits.high.bit_length())

    def has_bit(self, bits: Operand, index: Operand) -> Operand:
        if not isinstance(index, Term):
            if index < 0:
                return False
            if not isinstance(bits, Term):
                return bool(bits >> index & 1)
            if bits.high >> index == 0:
                return False
        elif not isinstance(bits, Term) and bits == 0:
            return False
        return self.make("has_bit", (bits, index), 0, 1, flag=True)
