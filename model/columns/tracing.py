"""Every instance of every action, traced once: a guard over the columns, and the columns that change.

One rule: the functions are the model's own, rewritten as for the solver (`model/rewrite.py`), and called with terms for
the state and plain ints for the parameters. What a step's guard says is assumed in what it assigns, so that a prefix
`log[:to]` under `to <= len(log)` needs no minimum.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.columns.definedness import Definedness
from model.columns.layout import Cell, Layout
from model.columns.negative import may_be_negative
from model.columns.terms import Operand, Terms
from model.columns.values import ColumnEntry, ColumnSet, ColumnState, assign_table
from model.design import syntax
from model.reading_values import Reading
from model.rewrite import PREFIX, rewritten
from model.syntax import Function
from model.view import View, numbers_of


@dataclass(frozen=True, slots=True)
class Instance:
    """A step with its arguments: when it may be taken, and the columns that it changes, by number."""

    name: str
    arguments: tuple[Any, ...]
    guard: Operand
    updates: Mapping[int, Operand]


@dataclass(frozen=True, slots=True)
class Property:
    """A safety property: its name and the term that must be true."""

    name: str
    holds: Operand


class Tracing:
    """A concrete reading's steps and safety properties as terms over columns; with a `view`, that as updates too.

    `fold=False` gives every cell a column; otherwise cells that no step writes are constants.
    """

    def __init__(self, reading: Reading, *, view: View | None = None, nobody: bool = False, fold: bool = True) -> None:
        if reading.ghosts:
            raise ValueError("the columns reading leaves ghosts out; give it a reading without them")
        self.reading, self.of_view, self.nobody = reading, view, nobody
        functions = [step.function for step in reading.steps.values()]
        functions += [syntax(reading.model.initial), *(called for f in functions for called in f.calls)]
        functions += [view.function] if view else []
        self.negative = may_be_negative(functions, reading.variables.values())
        self.trace(Layout(reading, negative=self.negative, nobody=nobody))
        while fold and (constants := self.unwritten()):
            constants.update(self.layout.constants)
            self.trace(Layout(reading, negative=self.negative, constants=constants, nobody=nobody))

    def trace(self, layout: Layout) -> None:
        self.layout, self.terms = layout, Terms()
        self.compiled: dict[str, Callable[..., Any]] = {}
        self.words = self.runtime()
        self.before = layout.state(self.terms)
        self.instances = [
            instance
            for name, step in self.reading.steps.items()
            for arguments in step.instances
            if (instance := self.instance(name, step.function, arguments)) is not None
        ]
        self.properties = [self.property(f) for f in self.reading.model.safety_of(ghosts=False)]
        self.view = self.viewed()

    def unwritten(self) -> dict[Cell, int]:
        """The columns that no step writes, with their initial values.

        At the synchronous grain no step leaves a message, so there is none to forget either.
        """
        written = {at for instance in self.instances for at in instance.updates}
        for at in self.view or {}:
            message = self.reading.variables[self.layout.columns[at].cell[0]].message
            if not (message and self.reading.synchronous):
                written.add(at)
        row = self.layout.initial_row()
        return {c.cell: row[at] for at, c in enumerate(self.layout.columns) if at not in written}

    # ------------------------------------------------------------ compiling
    def runtime(self) -> dict[str, Any]:
        """What rewritten functions call."""
        terms = self.terms
        words: dict[str, Any] = {
            "conjunction": terms.conjunction,
            "disjunction": terms.disjunction,
            "negation": terms.negation,
            "implies": terms.implies,
            "choice": terms.choice,
            "min": terms.minimum,
            "max": terms.maximum,
            "len": lambda log: log.length,
            "known": lambda _: True,
            "as_offset": lambda number: number,
            "as_epoch": lambda number: number,
            "majority": self.majority,
            "Entry": lambda epoch, value: ColumnEntry(terms, epoch, value),
            "set_of": self.set_of,
            "forall": self.forall,
            "exists": self.exists,
            "assign_table": assign_table,
            "require": self.require,
            "Eq": terms.equal,
            "NotEq": lambda a, b: terms.negation(terms.equal(a, b)),
            "Lt": terms.less,
            "LtE": terms.at_most,
            "Gt": lambda a, b: terms.less(b, a),
            "GtE": lambda a, b: terms.at_most(b, a),
            "In": lambda x, members: members.contains(x),
            "NotIn": lambda x, members: terms.negation(members.contains(x)),
        }
        domains: dict[str, Any] = {name: range(size) for name, size in self.layout.sizes.items()}
        domains["Quorum"] = [self.argument(quorum) for quorum in self.reading.domains["Quorum"]]
        return {**{PREFIX + name: word for name, word in words.items()}, **domains}

    def function(self, function: Function) -> Callable[..., Any]:
        """The function that builds terms; compiled once."""
        made = self.compiled.get(function.name)
        if made is None:
            names: dict[str, Any] = dict(self.words)
            names.update({k: v for k, v in function.python.__globals__.items() if type(v) is int})
            for called in function.calls:
                if called.role == "action" or not called.uses_ghosts:
                    names[called.name] = self.function(called)
            made = self.compiled[function.name] = rewritten(function, ghosts=False, namespace=names)
        return made

    def set_of(self, *members: Operand) -> ColumnSet:
        bits: Operand = 0
        for member in members:
            bits = self.terms.bits_or(bits, self.terms.bit(member))
        return ColumnSet(self.terms, bits)

    def majority(self, chosen: ColumnSet, voters: ColumnSet) -> Operand:
        """More than half of the voters are chosen."""
        count, terms = self.terms.count_bits, self.terms
        both = count((chosen & voters).bits)
        return terms.less(count(voters.bits), terms.add(both, both))

    def forall(self, domains: Sequence[range], body: Callable[..., Operand], *_: Any) -> Operand:
        return self.terms.conjunction(*(body(*chosen) for chosen in itertools.product(*domains)))

    def exists(self, domains: Sequence[range], body: Callable[..., Operand], *_: Any) -> Operand:
        return self.terms.disjunction(*(body(*chosen) for chosen in itertools.product(*domains)))

    def require(self, state: ColumnState, guard: Operand) -> None:
        state.__dict__["guards"].append(guard)
        self.terms.assumed.update(part for part in self.parts(guard) if not isinstance(part, bool))

    def parts(self, guard: Operand) -> tuple[Operand, ...]:
        total = Definedness(self.terms).total(guard)
        found = self.terms.conjunction(total)
        return getattr(found, "operands", (found,)) if getattr(found, "operation", "") == "and" else (found,)

    # ------------------------------------------------------------ tracing
    def instance(self, name: str, function: Function, arguments: Sequence[Any]) -> Instance | None:
        """The step with these arguments; None where its guard is never true."""
        terms = self.terms
        terms.assumed.clear()
        after = self.before.copy()
        self.function(function)(after, *map(self.argument, arguments))
        if self.reading.synchronous:
            for variable in self.reading.variables.values():
                if variable.message:
                    after.__dict__[variable.name] = self.before.__dict__[variable.name]
        changes = self.changes(after)
        under_guard = Definedness(terms)
        updates = {at: under_guard.total(value) for at, value in changes.items()}
        readable = [under_guard.defined(value) for value in changes.values()]
        terms.assumed.clear()
        holds = Definedness(terms).holds
        guard = terms.conjunction(*map(holds, after.__dict__["guards"]), *readable, *self.inside(after))
        return Instance(name, tuple(arguments), guard, updates) if guard is not False else None

    def argument(self, value: Any) -> Any:
        return ColumnSet(self.terms, sum(1 << r for r in value)) if isinstance(value, frozenset) else value

    def changes(self, after: ColumnState) -> dict[int, Operand]:
        """The columns whose terms differ from what they were."""
        before = dict(self.layout.contents(self.before))
        changed = {}
        for cell, value in self.layout.contents(after):
            if value is before[cell] or (isinstance(value, int) and value == before[cell]):
                continue
            at = self.layout.place.get(cell)
            if at is not None:
                changed[at] = value
        return changed

    def inside(self, after: ColumnState) -> list[Operand]:
        """That what the step writes is within the bounds: the newest epochs, registrations, the lengths of logs."""
        bounds, terms = self.reading.bounds, self.terms
        limits = {"LeaderEpoch": bounds.leader_epochs, "PartitionEpoch": bounds.partition_epochs}
        found = []
        for (name, key, part, _), value in self.layout.contents(after):
            limit = bounds.log if part == "length" else None
            if part == "number":
                domain = self.reading.variables[name].domain
                limit = limits.get(domain) if not key else bounds.broker_epochs if domain == "BrokerEpoch" else None
            if limit is not None:
                found.append(terms.at_most(value, limit))
        return found

    def property(self, function: Function) -> Property:
        self.terms.assumed.clear()
        return Property(function.name, Definedness(self.terms).holds(self.function(function)(self.before)))

    def viewed(self) -> dict[int, Operand] | None:
        """What the view makes of each column it changes; None without a view."""
        view = self.of_view
        if view is None:
            return None
        self.terms.assumed.clear()
        after = self.before.copy()
        self.function(view.function)(after)
        if view.closing is not None:
            for number in numbers_of(self.reading, view.closing):
                self.function(view.closing.function)(after, number)
        plain = Definedness(self.terms)
        return {at: plain.total(value) for at, value in self.changes(after).items()}
