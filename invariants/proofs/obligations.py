"""What has to be shown, one question for the solver at a time.

One rule: an obligation is a name, `action/conjunct`, and stays one small question. The invariant holds at first
(`initial/...`), every action preserves each conjunct, every safety property follows from the invariant
(`safety/...`), and what must only grow does (`grows/action/...`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import z3

from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.replication import GROUPS, LEMMAS
from invariants.proofs.symbols import SymbolicState
from invariants.proofs.terms import Term, conjunction, implies
from invariants.proofs.unbounded import KNOWN, arbitrary_state, arguments, initial_state, unbounded_reading
from model.design import Model, syntax
from model.syntax import Function

INITIAL, SAFETY, GROWS = "initial", "safety", "grows"


@dataclass(frozen=True, slots=True)
class Obligation:
    """`premises`, the invariant and `lemmas` imply `goal`. `group` is the conjunct's, and says where to look first."""

    step: str
    claim: str
    group: str
    premises: tuple[Term, ...]
    goal: Term
    lemmas: tuple[str, ...] = ()
    """The lemmas that were shown before it."""

    @property
    def name(self) -> str:
        return f"{self.step}/{self.claim}"


class Obligations:
    """All obligations of a model or a variant, built over one arbitrary state."""

    def __init__(self, model: Model, *, variant: str | None = None) -> None:
        self.model, self.variant = model, variant
        self.reading: SymbolicReading = unbounded_reading()
        self.before = arbitrary_state(self.reading, model)
        self.conjuncts = {f.name: (group, f) for group, fs in GROUPS.items() for f in map(syntax, fs)}
        known = {**self.conjuncts, **{f.name: ("lemmas", f) for f in map(syntax, LEMMAS)}}
        self.groups = {name: group for name, (group, _) in known.items()}
        self.hypotheses = {name: self.reading.function(f)(self.before) for name, (_, f) in known.items()}
        self.reading.triggers = False
        self.actions = model.actions_of(variant)

    def steps(self) -> tuple[str, ...]:
        """The steps to ask about: all of a model's; of a variant's those it replaces."""
        replaced = self.model.variant(self.variant)
        if replaced is not None:
            return tuple(replaced.replaces)
        return (SAFETY, *self.actions, INITIAL, GROWS)

    def of(self, step: str) -> Iterator[Obligation]:
        """The obligations of one step that are not true by their shape."""
        made = {INITIAL: self.of_initial, SAFETY: self.of_safety, GROWS: self.of_growth}.get(step)
        for obligation in made() if made else self.of_action(step):
            if obligation.goal is not True:
                yield obligation

    def claims(self) -> Iterator[tuple[str, str, Function]]:
        for name, (group, function) in self.conjuncts.items():
            if group != "named":
                yield group, name, function

    def of_initial(self) -> Iterator[Obligation]:
        state = initial_state(self.reading, self.model)
        for group, name, function in self.claims():
            yield Obligation(INITIAL, name, group, tuple(state.guards), self.reading.function(function)(state))

    def of_safety(self) -> Iterator[Obligation]:
        shown: list[str] = []
        for group, functions in (("lemmas", map(syntax, LEMMAS)), ("safety", self.model.safety_of(ghosts=True))):
            for function in functions:
                goal = self.reading.function(function)(self.before)
                yield Obligation(SAFETY, function.name, group, (), goal, tuple(shown))
                if group == "lemmas":
                    shown.append(function.name)

    def after(self, action: str) -> tuple[SymbolicState, tuple[Term, ...]]:
        """The state after an action, and its guards with the epochs that it names."""
        function = self.actions[action]
        chosen = arguments(self.reading, function)
        after = self.reading.after(self.before, function, chosen)
        named = [KNOWN(a) for a, p in zip(chosen, function.parameters, strict=True) if p.domain == "LeaderEpoch"]
        marks = [self.reading.function(f)(after) for group, f in self.conjuncts.values() if group == "named"]
        return after, (*after.guards, *named, *marks)

    def of_action(self, action: str) -> Iterator[Obligation]:
        after, premises = self.after(action)
        for group, name, function in self.claims():
            yield Obligation(action, name, group, premises, self.reading.function(function)(after))

    def of_growth(self) -> Iterator[Obligation]:
        for action in self.actions:
            after, premises = self.after(action)
            for claim, goal in Growth(self.reading, self.before, after).claims().items():
                yield Obligation(f"{GROWS}/{action}", claim, "growth", premises, goal)


class Growth:
    """What may only grow, between the state before a step and the state after it."""

    def __init__(self, reading: SymbolicReading, before: SymbolicState, after: SymbolicState) -> None:
        self.reading, self.before, self.after = reading, before, after

    def claims(self) -> dict[str, Term]:
        return {"epochs_grow": self.epochs(), "commits_grow": self.commits(), "epoch_logs_grow": self.epoch_logs()}

    def epochs(self) -> Term:
        r = z3.Const("growing", self.reading.domains["Replica"].sort)
        return conjunction(
            self.before.newest_leader_epoch <= self.after.newest_leader_epoch,
            self.before.newest_partition_epoch <= self.after.newest_partition_epoch,
            self.before.leader_epoch[r] <= self.after.leader_epoch[r],
        )

    def commits(self) -> Term:
        """No epoch's commit is taken back; with `durable`, what is committed once stays where it is for ever."""
        e = z3.Int("growing_epoch")
        return implies(
            conjunction(e >= 0, self.before.started[e]),
            conjunction(self.after.started[e], self.before.committed[e] <= self.after.committed[e]),
        )

    def epoch_logs(self) -> Term:
        """An epoch's log is append-only once the epoch has started."""
        e, o = z3.Ints("growing_epoch growing_offset")
        old, new = self.before.epoch_log[e], self.after.epoch_log[e]
        return implies(
            conjunction(self.before.started[e], o >= 0, o < old.length),
            conjunction(o < new.length, self.reading.terms.equal(old[o], new[o])),
        )
