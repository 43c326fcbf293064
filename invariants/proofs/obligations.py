"""What has to be shown, one question for the solver at a time.

One rule: an obligation is a name, `action/conjunct`, and stays one small question. The invariant holds at first
(`initial/...`), every action preserves each conjunct, every safety property follows from the invariant
(`safety/...`), and what must only grow does (`grows/action/...`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import z3

from invariants.proofs import majorities
from invariants.proofs.argument import Argument, ByInduction, StepLemma, Towards
from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.symbols import SymbolicQuorum, SymbolicState
from invariants.proofs.terms import Term, conjunction, implies
from invariants.proofs.unbounded import (
    CHOSEN,
    KNOWN,
    arbitrary_state,
    arguments,
    initial_state,
    quorums_intersect,
    unbounded_reading,
)
from model.design import Model, syntax
from model.syntax import Function

INITIAL, SAFETY, GROWS, COUNTING = "initial", "safety", "grows", "counting"
THIS_EPOCH = z3.Int("this_epoch")
"""The epoch that an induction is at: an arbitrary one."""
NAMED, QUORUMS = "named", "quorums_intersect"


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
    hypotheses: Mapping[str, Term] = field(default_factory=dict)
    """What stands for a hypothesis of this name in this question."""

    @property
    def name(self) -> str:
        return f"{self.step}/{self.claim}"


class Obligations:
    """All obligations of a model or a variant, built over one arbitrary state."""

    def __init__(self, model: Model, argument: Argument, *, variant: str | None = None) -> None:
        self.model, self.argument, self.variant = model, argument, variant
        self.reading: SymbolicReading = unbounded_reading(named_sets=argument.majorities)
        self.before = arbitrary_state(self.reading, model)
        self.conjuncts = {f.name: (group, f) for group, fs in argument.groups.items() for f in map(syntax, fs)}
        known = {**self.conjuncts, **{f.name: ("lemmas", f) for f in map(syntax, argument.lemmas)}}
        self.groups = {name: group for name, (group, _) in known.items()}
        self.hypotheses = {name: self.reading.function(f)(self.before) for name, (_, f) in known.items()}
        self.groups[QUORUMS], self.hypotheses[QUORUMS] = QUORUMS, quorums_intersect(self.reading, model)
        if argument.majorities:
            told = majorities.told(self.reading)
            self.hypotheses.update(told)
            self.groups.update(dict.fromkeys(told, QUORUMS))
        self.reading.triggers = False
        self.actions = model.actions_of(variant)
        self.shown: set[str] = set()
        """The step lemmas that were proved: whoever asks says so, and what is built later may use them."""

    def steps(self) -> tuple[str, ...]:
        """The steps to ask about: all of a model's; of a variant's those it replaces."""
        replaced = self.model.variant(self.variant)
        if replaced is not None:
            return tuple(replaced.replaces)
        return (SAFETY, *self.actions, INITIAL, GROWS, *([COUNTING] if self.argument.majorities else []))

    def of(self, step: str) -> Iterator[Obligation]:
        """The obligations of one step that are not true by their shape."""
        made = {
            INITIAL: self.of_initial,
            SAFETY: self.of_safety,
            GROWS: self.of_growth,
            COUNTING: self.of_counting,
        }.get(step)
        for obligation in made() if made else self.of_action(step):
            if obligation.goal is not True:
                yield obligation

    def claims(self) -> Iterator[tuple[str, str, Function]]:
        for name, (group, function) in self.conjuncts.items():
            if group != NAMED:
                yield group, name, function

    def of_initial(self) -> Iterator[Obligation]:
        state = initial_state(self.reading, self.model)
        for group, name, function in self.claims():
            yield Obligation(INITIAL, name, group, tuple(state.guards), self.reading.function(function)(state))

    def of_safety(self) -> Iterator[Obligation]:
        shown: list[str] = []
        for group, functions in (
            ("lemmas", map(syntax, self.argument.lemmas)),
            ("safety", self.model.safety_of(ghosts=True)),
        ):
            for function in functions:
                goal = self.reading.function(function)(self.before)
                yield Obligation(SAFETY, function.name, group, (), goal, tuple(shown))
                if group == "lemmas":
                    shown.append(function.name)

    def of_counting(self) -> Iterator[Obligation]:
        for name, premises, goal in majorities.counting():
            yield Obligation(COUNTING, name, COUNTING, premises, goal)

    def step(self, action: str) -> "TakenStep":
        """An action with arbitrary arguments, taken in an arbitrary state."""
        function = self.actions[action]
        chosen = arguments(self.reading, function)
        self.reading.triggers = True
        after = self.reading.after(self.before, function, chosen)
        self.reading.triggers = False
        given = {p.name: (p.domain, a) for p, a in zip(function.parameters, chosen, strict=True)}
        named = [self.reading.function(f)(after) for group, f in self.conjuncts.values() if group == NAMED]
        marks = tuple(self.marks(given))
        if self.argument.named_on_demand:
            names = (name for name, (group, _) in self.conjuncts.items() if group == NAMED)
            both = {name: conjunction(self.hypotheses[name], mark) for name, mark in zip(names, named, strict=True)}
            return TakenStep(given, after, (*after.guards, *marks), both)
        return TakenStep(given, after, (*after.guards, *marks, *named), {})

    def marks(self, given: Mapping[str, tuple[str, Any]]) -> Iterator[Term]:
        """What a step's arguments name for triggers: epochs, the epochs of replicas, a chosen quorum."""
        for domain, argument in given.values():
            if domain == "LeaderEpoch":
                yield KNOWN(argument)
            elif domain == "Replica" and self.argument.names is not None:
                yield self.reading.function(syntax(self.argument.names))(self.before, argument)
            elif isinstance(argument, SymbolicQuorum):
                yield CHOSEN(argument.quorum.sort())(argument.quorum)

    def of_action(self, action: str) -> Iterator[Obligation]:
        taken = self.step(action)
        premises = taken.premises
        towards: dict[str, tuple[Term, ...]] = {}
        for lemma in self.lemmas_of(action, taken):
            given, goal = lemma.asked(taken)
            used = (*premises, *towards.get(lemma.name, ()), *given)
            yield Obligation(action, lemma.name, "step lemmas", used, goal, hypotheses=taken.named)
            if f"{action}/{lemma.name}" not in self.shown:
                continue
            if not lemma.goals:
                premises = (*premises, lemma.said(taken))
            for aim in lemma.goals:
                towards[aim] = (*towards.get(aim, ()), lemma.said(taken))
        for group, name, function in self.claims():
            goal = self.reading.function(function)(taken.after)
            used = (*premises, *towards.get(name, ()))
            yield Obligation(action, name, group, used, goal, hypotheses=taken.named)

    def of_growth(self) -> Iterator[Obligation]:
        for action in self.actions:
            taken = self.step(action)
            premises = (
                *taken.premises,
                *(lemma.said(taken) for lemma in self.lemmas_of(action, taken) if not lemma.goals),
            )
            for claim, goal in self.argument.growth(self.reading, self.before, taken.after).items():
                yield Obligation(f"{GROWS}/{action}", claim, "growth", premises, goal, hypotheses=taken.named)

    def lemmas_of(self, action: str, taken: "TakenStep") -> list["Lemma"]:
        """The lemmas about a step; a variant's step that lacks a parameter of one goes without it."""
        lemmas = [Lemma(self, lemma) for lemma in self.argument.step_lemmas.get(action, ())]
        return [lemma for lemma in lemmas if set(lemma.parameters) <= taken.given.keys()]


class Lemma:
    """A claim about the state before a step and the step's arguments: asked without triggers, used with them."""

    def __init__(self, obligations: Obligations, lemma: StepLemma) -> None:
        self.reading, self.before = obligations.reading, obligations.before
        self.by_induction = isinstance(lemma, ByInduction)
        self.goals = lemma.goals if isinstance(lemma, Towards) else ()
        self.function = syntax(lemma.claim if isinstance(lemma, ByInduction | Towards) else lemma)
        self.of_epoch = isinstance(lemma, Towards) and lemma.of_epoch
        names = [p.name for p in self.function.parameters]
        self.name = self.function.name
        self.parameters = names[:-1] if self.by_induction or self.of_epoch else names

    def term(self, taken: "TakenStep", *rest: Term, triggers: bool) -> Term:
        self.reading.triggers = triggers
        found: Term = self.reading.function(self.function)(
            self.before, *(taken.given[name][1] for name in self.parameters), *rest
        )
        self.reading.triggers = False
        return found

    def of_epochs(self, taken: "TakenStep", below: Term | None) -> Term:
        """The claim for every epoch, or for all below one."""
        epoch = z3.Int("any_epoch")
        inside = conjunction(epoch >= 0, True if below is None else epoch < below)
        claim = implies(inside, self.term(taken, epoch, triggers=True))
        named = KNOWN(epoch)  # kept: a pattern does not keep its terms alive
        return z3.ForAll([epoch], claim, patterns=[named])

    def asked(self, taken: "TakenStep") -> tuple[tuple[Term, ...], Term]:
        """What may be assumed, and what is to be shown."""
        if not self.by_induction and not self.of_epoch:
            return (), self.term(taken, triggers=False)
        given: tuple[Term, ...] = (THIS_EPOCH >= 0, KNOWN(THIS_EPOCH))
        if self.by_induction:
            given = (*given, self.of_epochs(taken, THIS_EPOCH))
        return given, self.term(taken, THIS_EPOCH, triggers=False)

    def said(self, taken: "TakenStep") -> Term:
        """The claim as a premise."""
        if self.of_epoch:
            return self.term(taken, THIS_EPOCH, triggers=True)
        return self.of_epochs(taken, None) if self.by_induction else self.term(taken, triggers=True)


@dataclass(frozen=True, slots=True)
class TakenStep:
    """A step in an arbitrary state: its arguments with their domains, the state after it, what holds when it is taken,
    and what is to stand for the conjuncts that name epochs."""

    given: Mapping[str, tuple[str, Any]]
    after: SymbolicState
    premises: tuple[Term, ...]
    named: Mapping[str, Term]
