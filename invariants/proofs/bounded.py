"""States within bounds: every cell a bit or a small bit-vector, every quantifier unrolled.

One rule: within the bounds the question is exact. `unsat` means that no execution of that many steps, over that many
replicas, epochs and entries, breaks a safety property; it says nothing beyond them.

Cells hold what persists. At the synchronous grain no message does, so messages start every step as they were initially
and cost nothing. A cell that no step writes keeps its term, and needs no variable.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from invariants.proofs.reading_symbolic import SymbolicDomain, SymbolicReading
from invariants.proofs.symbols import SymbolicEntry, SymbolicSet, SymbolicState, SymbolicTable
from invariants.proofs.terms import Term, Terms, conjunction, disjunction, negation, same
from model.design import Model, syntax
from model.kinds import Variable
from model.reading_values import Bounds
from model.syntax import Function

WIDTH = 5
"""Bits of a number, signed: -1 to 15 is what bounded searches need."""

SETS = ("ReplicaSet", "Quorum")
"""The domains whose members are sets of replicas: a bit each."""

PLACE = "Place"
"""The domain of the offsets that records stand at: a log's end, which is an offset too, is none of them."""

Cell = tuple[str, tuple[int, ...], str]
"""A variable, a key (of a set: with the member; of a log's entry: with the offset), and the part of it."""


def number(value: int) -> Any:
    return z3.BitVecVal(value, WIDTH)


def bounded_domains(bounds: Bounds, replicas: Sequence[int]) -> dict[str, SymbolicDomain]:
    members = {**bounds.domains(replicas), "Offset": range(bounds.log + 1), PLACE: range(bounds.log)}
    members["LeaderEpoch"] = range(bounds.leader_epochs + 1)
    members["PartitionEpoch"] = range(bounds.partition_epochs + 1)
    return {name: SymbolicDomain(name, z3.BitVecSort(WIDTH), tuple(values)) for name, values in members.items()}


@dataclass(frozen=True, slots=True)
class Choices:
    """The variables that say which step was taken, and with what arguments: by domain and place among its kind."""

    step: Any
    arguments: Mapping[tuple[str, int], Any]


class Bounded:
    """The bounded backend: states from cells and back, and the relation between the cells before and after a step."""

    def __init__(
        self, model: Model, steps: Mapping[str, Function], *, bounds: Bounds, replicas: Sequence[int], ghosts: bool
    ) -> None:
        self.model, self.steps, self.bounds = model, steps, bounds
        self.domains = bounded_domains(bounds, replicas)
        self.replicas = tuple(sorted(replicas))
        self.reading = SymbolicReading(Terms(number), self.domains, known=lambda _: True, ghosts=ghosts)
        self.variables = [v for v in model.variables.values() if ghosts or not v.ghost]
        self.cells = [cell for v in self.variables for cell in self.cells_of(v)]
        self.kept = {v.name for v in self.variables if not v.message}

    # ------------------------------------------------------------ cells
    def cells_of(self, variable: Variable) -> Iterator[Cell]:
        for key in itertools.product(*(self.domains[k].members or () for k in variable.keys)):
            if variable.kind == "set":
                for member in self.replicas:
                    yield variable.name, (*key, member), "in"
            elif variable.kind == "log":
                yield variable.name, key, "length"
                for offset in range(self.bounds.log):
                    yield variable.name, (*key, offset), "epoch"
                    yield variable.name, (*key, offset), "value"
            else:
                yield variable.name, key, "flag" if variable.kind == "flag" else "number"

    def lookup(self, cells: Mapping[Cell, Term], name: str, domains: Sequence[str], part: str) -> Callable[..., Term]:
        """A function of the key over cells: a constant index is the cell, a symbolic one a chain of choices."""

        def at(*key: Term) -> Term:
            return self.choose(cells, name, (), list(key), list(domains), part)

        return at

    def choose(
        self,
        cells: Mapping[Cell, Term],
        name: str,
        known: tuple[int, ...],
        rest: list[Term],
        domains: list[str],
        part: str,
    ) -> Term:
        if not rest:
            return cells[name, known, part]
        index, members = rest[0], self.domains[domains[0]].members or ()
        if not isinstance(index, int) and z3.is_bv_value(index):
            index = index.as_signed_long()
        if isinstance(index, int):
            nearest = min(max(index, members[0]), members[-1])
            return self.choose(cells, name, (*known, nearest), rest[1:], domains[1:], part)
        chosen: Term = None
        for member in reversed(members):
            value = self.choose(cells, name, (*known, member), rest[1:], domains[1:], part)
            chosen = value if chosen is None else self.reading.terms.choice(index == member, value, chosen)
        return chosen

    def state(self, cells: Mapping[Cell, Term]) -> SymbolicState:
        return SymbolicState({v.name: self.value(cells, v) for v in self.variables})

    def value(self, cells: Mapping[Cell, Term], v: Variable) -> Any:
        terms = self.reading.terms
        if v.kind == "set" and not v.keys:
            return SymbolicSet(terms, self.lookup(cells, v.name, ("Replica",), "in"))
        if v.kind == "set":
            return SymbolicTable(terms, "set", (self.lookup(cells, v.name, (*v.keys, "Replica"), "in"),))
        if v.kind == "log":
            length = self.lookup(cells, v.name, v.keys, "length")
            epoch = self.lookup(cells, v.name, (*v.keys, PLACE), "epoch")
            value = self.lookup(cells, v.name, (*v.keys, PLACE), "value")
            return SymbolicTable(terms, "log", (length, lambda *key: SymbolicEntry(terms, epoch(*key), value(*key))))
        part = "flag" if v.kind == "flag" else "number"
        if not v.keys:
            return cells[v.name, (), part]
        return SymbolicTable(terms, v.kind, (self.lookup(cells, v.name, v.keys, part),))

    def flattened(self, state: SymbolicState) -> dict[Cell, Term]:
        return {cell: self.content(state, cell) for cell in self.cells}

    def content(self, state: SymbolicState, cell: Cell) -> Term:
        name, key, part = cell
        value = state.variable(name)
        if isinstance(value, SymbolicSet):
            return value.contains(*key)
        if not isinstance(value, SymbolicTable):
            return value
        if part in ("epoch", "value"):
            entry = value.parts[1](*key)
            return entry.epoch if part == "epoch" else entry.value
        return value.parts[0](*key)

    def initial(self) -> dict[Cell, Term]:
        """The cells at first: the whole of the replicas in sync, all else as the model says."""
        blank = {cell: False if cell[2] in ("in", "flag") else number(0) for cell in self.cells}
        for cell in self.cells:
            if cell[2] == "number" and self.model.variables[cell[0]].kind == "replica":
                blank[cell] = number(self.replicas[0])
        everyone = SymbolicSet(self.reading.terms, lambda _: True)
        return self.flattened(self.reading.after(self.state(blank), syntax(self.model.initial), [everyone]))

    # ------------------------------------------------------------ steps
    def choices(self, at: int) -> Choices:
        """Fresh variables for one step."""
        arguments: dict[tuple[str, int], Any] = {}
        for function in self.steps.values():
            for place in self.places(function):
                domain, nth = place
                if domain in SETS:
                    arguments[place] = tuple(z3.Bool(f"{domain}{nth}.{r}@{at}") for r in self.replicas)
                elif domain == "bool":
                    arguments[place] = z3.Bool(f"{domain}{nth}@{at}")
                else:
                    arguments[place] = z3.BitVec(f"{domain}{nth}@{at}", WIDTH)
        return Choices(z3.BitVec(f"step@{at}", WIDTH + 1), arguments)

    def places(self, function: Function) -> list[tuple[str, int]]:
        counts: dict[str, int] = {}
        places = []
        for parameter in function.parameters:
            nth = counts[parameter.domain] = counts.get(parameter.domain, -1) + 1
            places.append((parameter.domain, nth))
        return places

    def arguments(self, function: Function, choices: Choices) -> list[Any]:
        return [self.argument(place, choices) for place in self.places(function)]

    def argument(self, place: tuple[str, int], choices: Choices) -> Any:
        chosen = choices.arguments[place]
        if place[0] not in SETS:
            return chosen
        bits = dict(zip(self.replicas, chosen, strict=True))

        def contains(replica: Term) -> Term:
            if not isinstance(replica, int):
                equal = self.reading.terms.equal
                return disjunction(*(conjunction(equal(replica, r), bit) for r, bit in bits.items()))
            return bits[replica]

        return SymbolicSet(self.reading.terms, contains)

    def limits(self, choices: Choices) -> Iterator[Term]:
        """The arguments are members of their domains."""
        for (domain, _), term in choices.arguments.items():
            if domain == "Quorum":
                bits = dict(zip(self.replicas, term, strict=True))
                quorums = self.domains[domain].members or ()
                yield disjunction(*(conjunction(*(bits[r] for r in sorted(quorum))) for quorum in quorums))
            elif domain not in (*SETS, "bool"):
                members = self.domains[domain].members or ()
                last = self.bounds.log if domain == "Offset" else members[-1]
                yield z3.And(term >= members[0] if members else 0, term <= last)

    def inside(self, state: SymbolicState) -> Term:
        """The state is within the bounds."""
        logs = [state.log[r].length <= self.bounds.log for r in self.replicas]
        limits = {"LeaderEpoch": self.bounds.leader_epochs, "PartitionEpoch": self.bounds.partition_epochs}
        newest = [v for v in self.variables if not v.keys and v.domain in limits and not v.ghost]
        return conjunction(
            *(state.variable(v.name) <= limits[v.domain] for v in newest),
            *logs,
            *self.registered(state),
        )

    def registered(self, state: SymbolicState) -> Iterator[Term]:
        """The brokers' registrations are within the bounds."""
        for variable in self.variables:
            if variable.domain == "BrokerEpoch" and variable.keys == ("Replica",):
                for replica in self.replicas:
                    yield state.variable(variable.name)[replica] <= self.bounds.broker_epochs

    def step(self, cells: Mapping[Cell, Term], at: int) -> tuple[dict[Cell, Term], list[Term], Choices]:
        """The cells after one step, what must hold for it to be one, and the choices it made."""
        choices = self.choices(at)
        before = self.state(cells)
        taken, results = [], []
        for place, function in enumerate(self.steps.values()):
            after = self.reading.after(before, function, self.arguments(function, choices))
            taken.append(conjunction(choices.step == place, *after.guards, self.inside(after)))
            results.append(self.flattened(after))
        constraints = [disjunction(*taken), *self.limits(choices)]
        following: dict[Cell, Term] = {}
        for cell, old in cells.items():
            new = old
            if cell[0] in self.kept:
                for place, result in enumerate(results):
                    new = self.reading.terms.choice(choices.step == place, result[cell], new)
            if same(new, old):
                following[cell] = old
                continue
            name = f"{cell[0]}{cell[1]}{cell[2]}@{at}"
            following[cell] = z3.Bool(name) if cell[2] in ("in", "flag") else z3.BitVec(name, WIDTH)
            constraints.append(following[cell] == new)
        return following, constraints, choices

    def chosen(self, model: Any, choices: Choices) -> tuple[str, tuple[Any, ...]]:
        """The step that a solver's model took: its name and its arguments."""
        name = list(self.steps)[model.eval(choices.step, True).as_long()]
        arguments: list[Any] = []
        for place in self.places(self.steps[name]):
            term = choices.arguments[place]
            if place[0] in SETS:
                bits = zip(self.replicas, term, strict=True)
                arguments.append(frozenset(r for r, bit in bits if z3.is_true(model.eval(bit, True))))
            elif place[0] == "bool":
                arguments.append(z3.is_true(model.eval(term, True)))
            else:
                arguments.append(model.eval(term, True).as_signed_long())
        return name, tuple(arguments)

    def violated(self, cells: Mapping[Cell, Term]) -> Term:
        """Some safety property does not hold."""
        state = self.state(cells)
        functions = self.model.safety_of(ghosts=self.reading.ghosts)
        return negation(conjunction(*(self.reading.function(f)(state) for f in functions)))
