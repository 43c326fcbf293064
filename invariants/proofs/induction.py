"""Counterexamples to induction: a state that satisfies the whole invariant, and a step that breaks a conjunct.

One rule: what is shown was checked as written. Where the prover gives up, a SAT solver is asked about small states; the
state it finds is evaluated by the concrete reading: every conjunct holds in it, the step can be taken, and the conjunct
does not hold after it. The state need not be reachable: that it satisfies the invariant is what is wrong with the
invariant, or with the step.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from invariants.proofs.argument import Argument
from invariants.proofs.bounded import WIDTH, Bounded, Cell
from invariants.proofs.terms import Term, negation
from model.design import Model, syntax
from model.kinds import Entry, Variable
from model.language import Disabled
from model.reading_values import Bounds, Reading, Values
from model.syntax import Function

KINDS = frozenset({"flag", "number", "replica", "set", "log"})
SPACES = (
    (2, Bounds(leader_epochs=2, partition_epochs=3, log=2, values=2)),
    (3, Bounds(leader_epochs=3, partition_epochs=3, log=2, values=2)),
    (2, Bounds(leader_epochs=2, partition_epochs=3, log=3, values=1)),
)
"""The spaces to look through: replicas, and the bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """`before` satisfies the invariant; `action` with `parameters` leads to `after`, which breaks `conjunct`."""

    action: str
    parameters: Mapping[str, Any]
    conjunct: str
    before: Values
    after: Values

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """Each variable, or `variable[key]`, that the step changed, with its value before and after."""
        found: dict[str, tuple[Any, Any]] = {}
        for name, old in vars(self.before).items():
            new = getattr(self.after, name)
            if not isinstance(old, dict):
                old, new = {None: old}, {None: new}
            for key in old:
                if old[key] != new[key]:
                    found[name if key is None else f"{name}[{key}]"] = (old[key], new[key])
        return found

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        changed = "; ".join(f"{name}: {old} -> {new}" for name, (old, new) in self.changes.items())
        return f"{self.action}({given}) breaks {self.conjunct}: {changed}"


class Induction:
    """Asks, within one space, for counterexamples to what an action should preserve."""

    def __init__(self, model: Model, argument: Argument, variant: str | None, replicas: int, bounds: Bounds) -> None:
        self.conjuncts = [syntax(f) for group in argument.groups.values() for f in group]
        members = range(replicas)
        self.reading = Reading(model, replicas=members, bounds=bounds, variant=variant, ghosts=True)
        self.bounded = Bounded(model, model.actions_of(variant), bounds=bounds, replicas=members, ghosts=True)
        self.cells = {cell: self.variable(cell) for cell in self.bounded.cells}
        self.state = self.bounded.state(self.cells)
        holds = self.bounded.reading.function
        self.hypotheses = [holds(conjunct)(self.state) for conjunct in self.conjuncts] + list(self.members())
        self.taken: dict[str, tuple[list[Term], Any, Any]] = {}

    def variable(self, cell: Cell) -> Any:
        name = f"{cell[0]}{cell[1]}{cell[2]}"
        return z3.Bool(name) if cell[2] in ("in", "flag") else z3.BitVec(name, WIDTH)

    def members(self) -> Iterator[Term]:
        """The cells hold members of their domains, or -1 where a number may be none."""
        for (name, _, part), term in self.cells.items():
            if part in ("in", "flag"):
                continue
            variable = self.bounded.model.variables[name]
            least = 0 if variable.kind != "number" or part == "value" else -1
            yield z3.And(term >= least, term <= self.greatest(variable, part))

    def greatest(self, variable: Variable, part: str) -> int:
        bounds = self.bounded.bounds
        domain = {"epoch": "LeaderEpoch", "length": "Offset", "value": "Value"}.get(part, variable.domain)
        limits = {"LeaderEpoch": bounds.leader_epochs, "PartitionEpoch": bounds.partition_epochs, "Offset": bounds.log}
        limits["BrokerEpoch"] = bounds.broker_epochs
        return {**limits, "Value": bounds.values - 1, "Replica": self.bounded.replicas[-1]}[domain]

    def step(self, action: str) -> tuple[list[Term], Any, Any]:
        """What must hold for an action to be taken, the state after it, and the choice of its arguments."""
        if action not in self.taken:
            choices = self.bounded.choices(0)
            function = self.bounded.steps[action]
            chosen = self.bounded.arguments(function, choices)
            after = self.bounded.reading.after(self.state, function, chosen)
            guards = [*after.guards, self.bounded.inside(after), *self.bounded.limits(choices)]
            self.taken[action] = (guards, after, choices)
        return self.taken[action]

    def counterexample(self, action: str, conjunct: str, seconds: float) -> Counterexample | None:
        """A state and a step, checked on values; None where there is none within the space, or none in time, and for
        what is no conjunct but a lemma on the way to one."""
        claim = next((f for f in self.conjuncts if f.name == conjunct), None)
        if claim is None:
            return None
        guards, after, choices = self.step(action)
        solver = z3.Then("simplify", "propagate-values", "solve-eqs", "bit-blast", "sat").solver()
        solver.set("timeout", int(seconds * 1000))
        goal = negation(self.bounded.reading.function(claim)(after))
        for term in (*self.hypotheses, *guards, goal):
            solver.add(term)
        if str(solver.check()) != "sat":
            return None
        answer = solver.model()
        choices = type(choices)(z3.BitVecVal(list(self.bounded.steps).index(action), WIDTH + 1), choices.arguments)
        name, arguments = self.bounded.chosen(answer, choices)
        return self.confirmed(name, arguments, claim, self.values(answer))

    def values(self, answer: Any) -> Values:
        """The state of the solver's model, on values."""
        found = self.reading.initial()
        for variable in self.bounded.variables:
            keys = list(itertools.product(*(self.bounded.domains[k].members or () for k in variable.keys)))
            table = {(key[0] if len(key) == 1 else key): self.value(answer, variable, key) for key in keys}
            if variable.keys:
                vars(found)[variable.name].update(table)
            else:
                vars(found)[variable.name] = table[()]
        return found

    def value(self, answer: Any, variable: Variable, key: tuple[int, ...]) -> Any:
        def read(at: tuple[int, ...], part: str) -> Any:
            found = answer.eval(self.cells[variable.name, at, part], True)
            return z3.is_true(found) if part in ("in", "flag") else found.as_signed_long()

        if variable.kind == "set":
            return frozenset(r for r in self.bounded.replicas if read((*key, r), "in"))
        if variable.kind == "log":
            offsets = range(max(0, read(key, "length")))
            return tuple(Entry(read((*key, o), "epoch"), read((*key, o), "value")) for o in offsets)
        return read(key, "flag" if variable.kind == "flag" else "number")

    def confirmed(
        self, action: str, arguments: Sequence[Any], claim: Function, before: Values
    ) -> Counterexample | None:
        """The counterexample, when the concrete reading agrees with the solver."""
        if not all(self.reading.holds(conjunct, before) for conjunct in self.conjuncts):
            return None
        try:
            after = self.reading.after(before, action, arguments)
        except (Disabled, LookupError):
            return None
        if self.reading.holds(claim, after):
            return None
        return Counterexample(
            action=action,
            parameters=self.reading.steps[action].named(arguments),
            conjunct=claim.name,
            before=before,
            after=after,
        )


def counterexample(
    spaces: dict[tuple[int, Bounds], Induction],
    model: Model,
    argument: Argument,
    variant: str | None,
    action: str,
    conjunct: str,
    seconds: float = 10.0,
) -> Counterexample | None:
    """A counterexample in one of the small spaces; `spaces` keeps what was built for the next question.

    None for models whose state holds what bounded search has no cells for.
    """
    if any(variable.kind not in KINDS for variable in model.variables.values()):
        return None
    for replicas, bounds in SPACES:
        if (replicas, bounds) not in spaces:
            spaces[replicas, bounds] = Induction(model, argument, variant, replicas, bounds)
        found = spaces[replicas, bounds].counterexample(action, conjunct, seconds)
        if found is not None:
            return found
    return None
