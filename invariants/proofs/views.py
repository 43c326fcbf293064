"""The soundness of a view, discharged: what it forgets, no step and no safety property reads, now or ever.

One rule: a view that is not proved is not used. For any number of replicas, any epoch and any log, of every state in
which `given` holds, and every step of a model or of a variant, at either grain:

    guard     the step may be taken from the state if and only if it may be taken from its view;
    step      taking it leads to states of one view;
    given     `given` goes on holding; it holds at first;
    safety    a safety property holds of the state if and only if it holds of its view.

By induction the views of the states that can be reached are then exactly what a search over views reaches, at the same
depths, with the same verdicts.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import z3

from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.symbols import SymbolicState, SymbolicTable
from invariants.proofs.terms import Term, conjunction, disjunction, negation
from invariants.proofs.unbounded import arbitrary_state, arguments, initial_state, unbounded_reading
from model.design import Model
from model.kinds import Variable
from model.syntax import Function
from model.view import View


@dataclass(frozen=True, slots=True)
class ViewObligation:
    """`premises` imply `goal`; `name` is `step/kind` or `step/kind/variable`."""

    name: str
    premises: tuple[Term, ...]
    goal: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewAnswer:
    """`holds`, `failed` or `unknown`, and how long it took."""

    name: str
    verdict: str
    seconds: float


def same(a: Term, b: Term) -> Term:
    """Two truth values agree."""
    return conjunction(disjunction(negation(a), b), disjunction(negation(b), a))


class ViewObligations:
    """All that has to be shown of one view, for a model or one of its variants."""

    def __init__(self, model: Model, view: View, variant: str | None = None) -> None:
        self.model, self.variant = model, variant
        self.reading: SymbolicReading = unbounded_reading()
        self.reading.ghosts = self.reading.triggers = False
        self.model_view, self.view, self.given = view.function, view.of(variant), view.given
        self.before = arbitrary_state(self.reading, model)
        self.viewed = self.seen(self.before)
        self.premise = self.holds(self.given, self.before)

    def holds(self, function: Function, state: SymbolicState) -> Term:
        found: Term = self.reading.function(function)(state)
        return found

    def seen(self, state: SymbolicState) -> SymbolicState:
        """The view of a state."""
        bare = SymbolicState({name: state.variable(name) for name in self.model.variables})
        return self.reading.after(bare, self.view, [])

    def all(self) -> Iterator[ViewObligation]:
        """Every obligation; of a variant with the model's own view, those of the steps that it replaces."""
        if self.variant is not None and self.view is self.model_view:
            variant = self.model.variant(self.variant)
            assert variant is not None
            actions, macros = self.model.actions_of(self.variant), self.model.macros_of(self.variant)
            for name in variant.replaces:
                yield from self.of_step(name, actions[name])
            for name in variant.macros:
                yield from self.of_step(name, macros[name])
            return
        first = initial_state(self.reading, self.model)
        yield ViewObligation("initial/given", tuple(first.guards), self.holds(self.given, first))
        for function in self.model.safety_of(ghosts=False):
            goal = same(self.holds(function, self.before), self.holds(function, self.viewed))
            yield ViewObligation(f"{function.name}/safety", (self.premise,), goal)
        for name, action in self.model.actions_of(self.variant).items():
            yield from self.of_step(name, action)
        for name, macro in self.model.macros_of(self.variant).items():
            yield from self.of_step(name, macro)

    def after(self, state: SymbolicState, step: Function, chosen: list[Any]) -> SymbolicState:
        """The state after a step; a step of the synchronous grain leaves no message behind."""
        after = self.reading.after(state, step, chosen)
        if step.role == "macro":
            for variable in self.model.variables.values():
                if variable.message:
                    after.__dict__[variable.name] = state.variable(variable.name)
        return after

    def of_step(self, name: str, step: Function) -> Iterator[ViewObligation]:
        chosen = arguments(self.reading, step)
        one, other = self.after(self.before, step, chosen), self.after(self.viewed, step, chosen)
        taken = conjunction(*one.guards)
        yield ViewObligation(f"{name}/guard", (self.premise,), same(taken, conjunction(*other.guards)))
        yield ViewObligation(f"{name}/given", (self.premise, taken), self.holds(self.given, one))
        first, second = self.seen(one), self.seen(other)
        for variable in self.model.variables.values():
            if not variable.ghost:
                goal = self.agree(variable, first.variable(variable.name), second.variable(variable.name))
                if goal is not True:
                    yield ViewObligation(f"{name}/step/{variable.name}", (self.premise, taken), goal)

    def agree(self, variable: Variable, one: Any, other: Any) -> Term:
        """Two values of a variable are equal, for arbitrary keys, members and offsets."""
        equal = self.reading.terms.equal
        if not isinstance(one, SymbolicTable):
            return equal(one, other)
        keys = [z3.Const(f"key{at}", self.reading.domains[k].sort) for at, k in enumerate(variable.keys)]
        if variable.kind == "set":
            member = z3.Const("member", self.reading.domains["Replica"].sort)
            return same(one.parts[0](*keys, member), other.parts[0](*keys, member))
        if variable.kind == "log":
            offset, length = z3.Int("offset"), one.parts[0](*keys)
            inside = conjunction(offset >= 0, offset < length)
            contents = disjunction(negation(inside), equal(one.parts[1](*keys, offset), other.parts[1](*keys, offset)))
            return conjunction(equal(length, other.parts[0](*keys)), contents)
        if variable.kind == "flag":
            return same(one.parts[0](*keys), other.parts[0](*keys))
        return equal(one.parts[0](*keys), other.parts[0](*keys))


def answer(obligation: ViewObligation, milliseconds: int, seed: int) -> ViewAnswer:
    """Asks Z3 whether the goal can be false where the premises are true."""
    started = time.perf_counter()
    solver = z3.Solver()
    solver.set("timeout", milliseconds)
    solver.set("random_seed", seed)
    for premise in obligation.premises:
        if premise is not True:
            solver.add(premise)
    solver.add(negation(obligation.goal))
    verdict = {"unsat": "holds", "sat": "failed"}.get(str(solver.check()), "unknown")
    return ViewAnswer(name=obligation.name, verdict=verdict, seconds=time.perf_counter() - started)


def discharge(
    model: Model,
    view: View,
    variant: str | None = None,
    *,
    milliseconds: int = 5000,
    seed: int = 0,
    progress: Callable[[ViewAnswer], None] | None = None,
) -> list[ViewAnswer]:
    """The answer to every obligation; the view may be used where all hold."""
    answers = []
    for obligation in ViewObligations(model, view, variant).all():
        found = answer(obligation, milliseconds, seed)
        answers.append(found)
        if progress is not None:
            progress(found)
    return answers
