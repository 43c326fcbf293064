"""How a state lies in columns: one small number per cell, and where its bits go when a state is packed.

One rule: equal states are equal rows, and unequal ones unequal rows. A set is one column of bits; a log is its length
and, entry by entry, epoch and value, zero past the end. A cell that no step ever writes is no column but a constant.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.columns.terms import Terms
from model.columns.values import ColumnEntry, ColumnLog, ColumnSet, ColumnState, ColumnTable
from model.kinds import Entry, Variable
from model.reading_values import Reading, Values

WORD = 63
"""Bits of a packed word that hold cells; the last one is always set, so that no word is zero."""

Cell = tuple[str, tuple[int, ...], str, int]
"""A variable, its key, the part of it (`length`, `epoch`, `value`, or the variable's kind), and the offset in a log."""


@dataclass(frozen=True, slots=True)
class Column:
    """One cell that steps write: its values lie between `low` and `high`."""

    cell: Cell
    low: int
    high: int

    @property
    def kind(self) -> str:
        return self.cell[2]

    @property
    def bits(self) -> int:
        return (self.high - self.low).bit_length()

    @property
    def name(self) -> str:
        variable, key, part, offset = self.cell
        place = "" if part not in ("epoch", "value", "length") else f".{part}" + (f"[{offset}]" * (part != "length"))
        return f"{variable}{list(key) if key else ''}{place}"


class Layout:
    """The columns of a reading's states. `constants` are the cells that have no column, with their values.

    With `nobody`, a replica that was never assigned is a value of its own, so that renaming replicas leaves it alone;
    without, it is the first replica, as in the concrete reading.
    """

    def __init__(
        self,
        reading: Reading,
        *,
        negative: frozenset[str],
        constants: Mapping[Cell, int] | None = None,
        nobody: bool = False,
    ) -> None:
        self.reading, self.bounds, self.negative, self.nobody = reading, reading.bounds, negative, nobody
        self.count = len(reading.replicas)
        # The concrete reading keeps one epoch more, for steps that it then discards.
        self.sizes = {
            name: len(members) - (name in ("LeaderEpoch", "PartitionEpoch"))
            for name, members in reading.domains.items()
        }
        self.constants = dict(constants or {})
        self.columns: list[Column] = []
        for cell in self.all_cells():
            low, high = self.range_of(cell)
            if low == high:
                self.constants.setdefault(cell, low)
            elif cell not in self.constants:
                self.columns.append(Column(cell, low, high))
        self.place = {column.cell: at for at, column in enumerate(self.columns)}
        self.shifts, self.words = self.packing()

    # ------------------------------------------------------------ cells
    def all_cells(self) -> Iterator[Cell]:
        for variable in self.reading.variables.values():
            for key in itertools.product(*(range(self.sizes[k]) for k in variable.keys)):
                yield from self.cells_of(variable, key)

    def cells_of(self, variable: Variable, key: tuple[int, ...]) -> Iterator[Cell]:
        if variable.kind != "log":
            yield variable.name, key, variable.kind, 0
            return
        yield variable.name, key, "length", 0
        for offset in range(self.bounds.log):
            yield variable.name, key, "epoch", offset
            yield variable.name, key, "value", offset

    def range_of(self, cell: Cell) -> tuple[int, int]:
        """The least and greatest value of a cell."""
        name, _, part, _ = cell
        if part == "number":
            domain = self.reading.variables[name].domain
            return (-1 if name in self.negative else 0), self.sizes[domain] - 1
        highest = {
            "flag": 1,
            "replica": self.count - (0 if self.nobody else 1),
            "set": (1 << self.count) - 1,
            "length": self.bounds.log,
            "epoch": self.bounds.leader_epochs,
            "value": self.bounds.values - 1,
        }
        return 0, highest[part]

    def packing(self) -> tuple[list[tuple[int, int]], int]:
        """Of each column the word and the bit it starts at, none across two words; and how many words there are."""
        shifts = []
        word = used = 0
        for column in self.columns:
            if used + column.bits > WORD:
                word, used = word + 1, 0
            shifts.append((word, used))
            used += column.bits
        return shifts, word + 1

    # ------------------------------------------------------------ terms
    def state(self, terms: Terms) -> ColumnState:
        """The state whose cells are the columns, and the constants where there is none."""
        return ColumnState({v.name: self.variable(terms, v) for v in self.reading.variables.values()})

    def variable(self, terms: Terms, variable: Variable) -> Any:
        keys = list(itertools.product(*(range(self.sizes[k]) for k in variable.keys)))
        values = {key: self.value(terms, variable, key) for key in keys}
        if not variable.keys:
            return values[()]
        return ColumnTable(terms, [self.sizes[k] for k in variable.keys], values)

    def value(self, terms: Terms, variable: Variable, key: tuple[int, ...]) -> Any:
        cells = [self.term(terms, cell) for cell in self.cells_of(variable, key)]
        if variable.kind == "log":
            entries = [ColumnEntry(terms, e, v) for e, v in zip(cells[1::2], cells[2::2], strict=True)]
            return ColumnLog(terms, cells[0], entries)
        return ColumnSet(terms, cells[0]) if variable.kind == "set" else cells[0]

    def term(self, terms: Terms, cell: Cell) -> Any:
        flag = cell[2] == "flag"
        if cell in self.constants:
            return bool(self.constants[cell]) if flag else self.constants[cell]
        at = self.place[cell]
        return terms.column(at, self.columns[at].low, self.columns[at].high, flag=flag)

    def contents(self, state: ColumnState) -> Iterator[tuple[Cell, Any]]:
        """Every cell with the term that the state has in it."""
        for variable in self.reading.variables.values():
            value = state.__dict__[variable.name]
            values = value.cells if isinstance(value, ColumnTable) else {(): value}
            for key, content in values.items():
                cells = self.cells_of(variable, key)
                yield from zip(cells, self.parts(variable, content), strict=True)

    def parts(self, variable: Variable, content: Any) -> list[Any]:
        if variable.kind == "set":
            return [content.bits]
        if variable.kind == "log":
            return [content.length, *(part for entry in content.cells for part in (entry.epoch, entry.value))]
        return [content]

    # ------------------------------------------------------------ values
    def numbers(self, state: Values) -> Iterator[tuple[Cell, int]]:
        """Every cell of a concrete state, with its number."""
        for variable in self.reading.variables.values():
            table = getattr(state, variable.name)
            for key in itertools.product(*(range(self.sizes[k]) for k in variable.keys)):
                value = table if not key else table[key[0] if len(key) == 1 else key]
                yield from zip(self.cells_of(variable, key), self.encoded(variable, value), strict=True)

    def encoded(self, variable: Variable, value: Any) -> list[int]:
        if variable.kind == "set":
            return [sum(1 << r for r in value)]
        if variable.kind == "log":
            flat = [int(part) for entry in value for part in entry]
            return [len(value), *flat, *([0] * (2 * self.bounds.log - len(flat)))]
        return [int(value)]

    def row(self, state: Values) -> list[int]:
        """A concrete state's columns; ValueError names the cell that does not fit."""
        row = [0] * len(self.columns)
        for cell, number in self.numbers(state):
            at = self.place.get(cell)
            if at is None:
                if self.constants[cell] != number and not (self.nobody and cell[2] == "replica"):
                    raise ValueError(f"{Column(cell, 0, 0).name} is {number}, not {self.constants[cell]} as always")
                continue
            column = self.columns[at]
            if not column.low <= number <= column.high:
                raise ValueError(f"{column.name} is {number}, outside {column.low} to {column.high}")
            row[at] = number
        return row

    def initial_row(self) -> list[int]:
        """The initial state's columns, with nobody where no replica was ever assigned."""
        row = self.row(self.reading.initial())
        if self.nobody:
            row = [self.count if c.kind == "replica" else x for c, x in zip(self.columns, row, strict=True)]
        return row

    def concrete(self, row: Sequence[int]) -> Values:
        """The concrete state of a row."""
        state = self.reading.initial()
        for variable in self.reading.variables.values():
            for key in itertools.product(*(range(self.sizes[k]) for k in variable.keys)):
                numbers = [self.number(row, cell) for cell in self.cells_of(variable, key)]
                value = self.decoded(variable, numbers)
                if key:
                    getattr(state, variable.name)[key[0] if len(key) == 1 else key] = value
                else:
                    setattr(state, variable.name, value)
        return state

    def number(self, row: Sequence[int], cell: Cell) -> int:
        return self.constants[cell] if cell in self.constants else int(row[self.place[cell]])

    def decoded(self, variable: Variable, numbers: list[int]) -> Any:
        if variable.kind == "set":
            return frozenset(r for r in range(self.count) if numbers[0] >> r & 1)
        if variable.kind == "log":
            entries = zip(numbers[1::2], numbers[2::2], strict=True)
            return tuple(Entry(e, v) for e, v in itertools.islice(entries, numbers[0]))
        if variable.kind == "replica" and numbers[0] == self.count:
            return self.reading.replicas[0]
        return bool(numbers[0]) if variable.kind == "flag" else numbers[0]

    # ------------------------------------------------------------ symmetry
    def renamed(self, renaming: Sequence[int], column: Column) -> int:
        """The column that a cell moves to when replica r becomes `renaming[r]`."""
        name, key, part, offset = column.cell
        domains = self.reading.variables[name].keys
        moved = tuple(renaming[k] if domain == "Replica" else k for k, domain in zip(key, domains, strict=True))
        return self.place[name, moved, part, offset]

    def renamed_value(self, renaming: Sequence[int], column: Column, value: int) -> int:
        """What a cell's value becomes under a renaming of the replicas."""
        if column.kind == "set":
            return sum(1 << renaming[r] for r in range(self.count) if value >> r & 1)
        if column.kind == "replica":
            return renaming[value] if value < self.count else value
        return value
