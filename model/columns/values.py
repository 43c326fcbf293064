"""Values made of terms: sets as bits, logs as a length and cells, tables as one value per key.

One rule: a log's cells at and past its length are zero, so that equal logs are equal columns. What Python would refuse
to read (past an end, outside a table) is a `partial` term.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from model.columns.terms import Operand, Term, Terms, interval

Key = tuple[int, ...]


class ColumnSet:
    """A set of replicas: bit r stands for replica r."""

    __slots__ = ("bits", "terms")

    def __init__(self, terms: Terms, bits: Operand) -> None:
        self.terms, self.bits = terms, bits

    def __or__(self, other: "ColumnSet") -> "ColumnSet":
        return ColumnSet(self.terms, self.terms.bits_or(self.bits, other.bits))

    def __and__(self, other: "ColumnSet") -> "ColumnSet":
        return ColumnSet(self.terms, self.terms.bits_and(self.bits, other.bits))

    def __sub__(self, other: "ColumnSet") -> "ColumnSet":
        return ColumnSet(self.terms, self.terms.bits_without(self.bits, other.bits))

    def contains(self, replica: Operand) -> Operand:
        return self.terms.has_bit(self.bits, replica)

    def equal_to(self, other: "ColumnSet") -> Operand:
        return self.terms.equal(self.bits, other.bits)

    def chosen(self, condition: Operand, other: "ColumnSet") -> "ColumnSet":
        return ColumnSet(self.terms, self.terms.choice(condition, self.bits, other.bits))

    def mapped(self, change: Callable[[Operand], Operand]) -> "ColumnSet":
        return ColumnSet(self.terms, change(self.bits))


class ColumnEntry:
    """A log entry."""

    __slots__ = ("epoch", "terms", "value")

    def __init__(self, terms: Terms, epoch: Operand, value: Operand) -> None:
        self.terms, self.epoch, self.value = terms, epoch, value

    def equal_to(self, other: "ColumnEntry") -> Operand:
        terms = self.terms
        return terms.conjunction(terms.equal(self.epoch, other.epoch), terms.equal(self.value, other.value))

    def chosen(self, condition: Operand, other: "ColumnEntry") -> "ColumnEntry":
        choice = self.terms.choice
        return ColumnEntry(
            self.terms, choice(condition, self.epoch, other.epoch), choice(condition, self.value, other.value)
        )

    def where(self, condition: Operand) -> "ColumnEntry":
        """The entry, readable only where the condition holds."""
        partial = self.terms.partial
        return ColumnEntry(self.terms, partial(self.epoch, condition), partial(self.value, condition))

    def mapped(self, change: Callable[[Operand], Operand]) -> "ColumnEntry":
        return ColumnEntry(self.terms, change(self.epoch), change(self.value))


def nearest(terms: Terms, cells: Sequence[Any], index: Operand) -> Any:
    """The cell at an index, or the first or last one where it lies outside."""
    if not isinstance(index, Term):
        return cells[min(max(index, 0), len(cells) - 1)]
    low, high = max(index.low, 0), min(index.high, len(cells) - 1)
    found = cells[max(high, 0)]
    for at in range(high - 1, low - 1, -1):
        found = terms.choice(terms.at_most(index, at), cells[at], found)
    return found


class ColumnLog:
    """A log of at most `len(cells)` entries."""

    __slots__ = ("cells", "length", "terms")

    def __init__(self, terms: Terms, length: Operand, cells: Sequence[ColumnEntry]) -> None:
        self.terms, self.length, self.cells = terms, length, tuple(cells)

    def __getitem__(self, index: Any) -> Any:
        terms = self.terms
        if not isinstance(index, slice):
            inside = terms.conjunction(terms.at_most(0, index), terms.less(index, self.length))
            entry: ColumnEntry = nearest(terms, self.cells, index)
            return entry.where(inside)
        end = terms.minimum(index.stop, self.length)
        if index.start is not None:
            return LogSlice(self, index.start, end)
        return ColumnLog(terms, end, self.until(end))

    def until(self, end: Operand) -> list[ColumnEntry]:
        terms = self.terms
        nothing = ColumnEntry(terms, 0, 0)
        return [terms.choice(terms.less(o, end), cell, nothing) for o, cell in enumerate(self.cells)]

    def __add__(self, other: "ColumnEntry | LogSlice") -> "ColumnLog":
        terms, length = self.terms, self.length
        if isinstance(other, ColumnEntry):
            cells = [terms.choice(terms.equal(length, o), other, cell) for o, cell in enumerate(self.cells)]
            return ColumnLog(terms, terms.add(length, 1), cells)
        if terms.equal(other.start, length) is not True:
            raise TypeError("a log is extended by a slice that starts at its end: log + other[len(log):end]")
        end = terms.maximum(length, other.end)
        added = other.log.until(end)
        cells = [terms.choice(terms.less(o, length), cell, added[o]) for o, cell in enumerate(self.cells)]
        return ColumnLog(terms, end, cells)

    def equal_to(self, other: "ColumnLog") -> Operand:
        pairs = zip(self.cells, other.cells, strict=True)
        same = self.terms.equal(self.length, other.length)
        return self.terms.conjunction(same, *(a.equal_to(b) for a, b in pairs))

    def chosen(self, condition: Operand, other: "ColumnLog") -> "ColumnLog":
        choice = self.terms.choice
        cells = [a.chosen(condition, b) for a, b in zip(self.cells, other.cells, strict=True)]
        return ColumnLog(self.terms, choice(condition, self.length, other.length), cells)

    def mapped(self, change: Callable[[Operand], Operand]) -> "ColumnLog":
        return ColumnLog(self.terms, change(self.length), [cell.mapped(change) for cell in self.cells])


class LogSlice:
    """`log[start:end]`, only good for adding to a log of length `start`."""

    __slots__ = ("end", "log", "start")

    def __init__(self, log: ColumnLog, start: Operand, end: Operand) -> None:
        self.log, self.start, self.end = log, start, end


class ColumnTable:
    """One value per key. `sizes` are the numbers of keys, each from 0 up."""

    __slots__ = ("cells", "sizes", "terms")

    def __init__(self, terms: Terms, sizes: Sequence[int], cells: Mapping[Key, Any]) -> None:
        self.terms, self.sizes, self.cells = terms, tuple(sizes), dict(cells)

    def __getitem__(self, key: Any) -> Any:
        return self.at((), key if isinstance(key, tuple) else (key,))

    def at(self, known: Key, rest: tuple[Operand, ...]) -> Any:
        if not rest:
            return self.cells[known]
        size, index = self.sizes[len(known)], rest[0]
        low, high = interval(index)
        if not isinstance(index, Term):
            found = self.at((*known, min(max(index, 0), size - 1)), rest[1:])
        else:
            found = nearest(self.terms, [self.at((*known, k), rest[1:]) for k in range(size)], index)
        if low >= 0 and high < size:
            return found
        terms = self.terms
        inside = terms.conjunction(terms.at_most(0, index), terms.at_most(index, size - 1))
        return mapped(found, lambda x: terms.partial(x, inside))

    def __setitem__(self, key: Any, value: Any) -> None:
        keys = key if isinstance(key, tuple) else (key,)
        terms = self.terms
        for at, old in self.cells.items():
            here = terms.conjunction(*(terms.equal(k, i) for k, i in zip(keys, at, strict=True)))
            self.cells[at] = terms.choice(here, value, old)

    def copy(self) -> "ColumnTable":
        return ColumnTable(self.terms, self.sizes, self.cells)


def mapped(value: Any, change: Callable[[Operand], Operand]) -> Any:
    """The value with every term in it changed."""
    return value.mapped(change) if hasattr(value, "mapped") else change(value)


class ColumnState:
    """A state of terms, and the guards of the steps that led to it."""

    def __init__(self, variables: Mapping[str, Any], guards: Sequence[Operand] = ()) -> None:
        self.__dict__.update(variables)
        self.__dict__["guards"] = list(guards)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the state has no variable {name!r}")

    def variables(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "guards"}

    def copy(self) -> "ColumnState":
        copied = {k: v.copy() if isinstance(v, ColumnTable) else v for k, v in self.variables().items()}
        return ColumnState(copied, self.__dict__["guards"])


def assign_table(state: ColumnState, name: str, body: Callable[..., Any], arity: int) -> None:
    """`s.name = {keys: body for ...}`, evaluated on the state as it was."""
    before = state.copy()
    table: ColumnTable = state.__dict__[name]
    assert arity == len(table.sizes)
    state.__dict__[name] = ColumnTable(table.terms, table.sizes, {key: body(before, *key) for key in table.cells})
