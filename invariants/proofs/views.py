"""The soundness of a view, discharged: what it forgets, no step and no safety property reads, now or ever.

One rule: a view that is not proved is not used. For any number of replicas, any epoch and any log, of every state in
which `given` holds, and every step of a model or of a variant, at either grain:

    guard     the step may be taken from the state if it may be taken from its view; and the other way round, unless it
              only leads to a state of the same view (a request that nobody is left to answer);
    step      taking it leads to states of one view;
    given     `given` goes on holding; it holds at first;
    safety    a safety property holds of the state if and only if it holds of its view.

By induction every state that can be reached has a view that a search over views reaches, no deeper, and every view that
it reaches is one of a state that can be reached, with the same verdicts.

Of a closing, the same for an arbitrary gap, between a state whose view has been taken and the state with the gap
closed: a step's numbers move with it, no step names the gap, and the successor's view still has that gap, to be closed.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import z3

from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.symbols import SymbolicSet, SymbolicState, SymbolicTable
from invariants.proofs.terms import Term, conjunction, disjunction, negation
from invariants.proofs.unbounded import arbitrary_state, arguments, initial_state, unbounded_reading
from model.design import Model
from model.kinds import Variable
from model.syntax import Function
from model.view import Closing, View

EFFORT = 3_000_000
"""For one question, in the units that Z3 counts (its `rlimit`): some two million are a second. None that holds needs
400,000."""


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
        self.model_view, self.view = view, view.of(variant)
        self.before = arbitrary_state(self.reading, model)
        self.viewed = self.seen(self.before)
        self.premise = self.holds(view.given, self.before)

    def holds(self, function: Function, state: SymbolicState, *arguments: Any) -> Term:
        found: Term = self.reading.function(function)(state, *arguments)
        return found

    def changed(self, state: SymbolicState, function: Function, *arguments: Any) -> SymbolicState:
        """A state after a definition's assignments."""
        bare = SymbolicState({name: state.variable(name) for name in self.model.variables})
        return self.reading.after(bare, function, list(arguments))

    def seen(self, state: SymbolicState) -> SymbolicState:
        """What the view leaves of a state; gaps are not closed."""
        return self.changed(state, self.view.function)

    def steps(self) -> dict[str, Function]:
        """The steps to show it of: all, or those that a variant replaces where the view is the model's own."""
        actions, macros = self.model.actions_of(self.variant), self.model.macros_of(self.variant)
        variant = self.model.variant(self.variant)
        if variant is None or self.view is not self.model_view:
            return {**actions, **macros}
        return {**{name: actions[name] for name in variant.replaces}, **{name: macros[name] for name in variant.macros}}

    def all(self) -> Iterator[ViewObligation]:
        """Every obligation."""
        if self.variant is None or self.view is not self.model_view:
            first = initial_state(self.reading, self.model)
            yield ViewObligation("initial/given", tuple(first.guards), self.holds(self.view.given, first))
            yield from self.of_safety((self.premise,), self.before, self.viewed)
        for name, step in self.steps().items():
            yield from self.of_step(name, step)
        if self.view.closing is not None:
            yield from self.of_closing(self.view.closing)

    def of_safety(
        self, premises: tuple[Term, ...], one: SymbolicState, other: SymbolicState, kind: str = "safety"
    ) -> Iterator[ViewObligation]:
        for function in self.model.safety_of(ghosts=False):
            yield ViewObligation(
                f"{function.name}/{kind}", premises, same(self.holds(function, one), self.holds(function, other))
            )

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
        taken, taken_from_view = conjunction(*one.guards), conjunction(*other.guards)
        first, second = self.seen(one), self.seen(other)
        stays = conjunction(*(self.everywhere(v, first, self.viewed) for v in self.variables()))
        yield ViewObligation(f"{name}/guard", (self.premise, taken_from_view), taken)
        yield ViewObligation(f"{name}/guard/view", (self.premise, taken), disjunction(taken_from_view, stays))
        yield ViewObligation(f"{name}/given", (self.premise, taken), self.holds(self.view.given, one))
        yield from self.of_successors(f"{name}/step", (self.premise, taken, taken_from_view), first, second)

    def of_successors(
        self, name: str, premises: tuple[Term, ...], one: SymbolicState, other: SymbolicState
    ) -> Iterator[ViewObligation]:
        for variable in self.variables():
            goal = self.agree(variable, one.variable(variable.name), other.variable(variable.name))
            if goal is not True:
                yield ViewObligation(f"{name}/{variable.name}", premises, goal)

    # ------------------------------------------------------------ gaps
    def of_closing(self, closing: Closing) -> Iterator[ViewObligation]:
        """What closing an arbitrary gap of an arbitrary state has to keep."""
        number = z3.Int("gap")
        closed = self.changed(self.before, closing.function, number)
        settled = self.holds(closing.given, self.before)
        premises = (self.premise, settled, self.holds(closing.gap, self.before, number))
        if self.variant is None:
            yield ViewObligation("view/given", (self.premise,), self.holds(self.view.given, self.viewed))
            yield ViewObligation("view/settled", (self.premise,), self.holds(closing.given, self.viewed))
            yield ViewObligation("closing/given", premises, self.holds(self.view.given, closed))
            yield ViewObligation("closing/settled", premises, self.holds(closing.given, closed))
            yield from self.of_no_gap(closing, number, premises[:2])
            yield from self.of_safety(premises, self.before, closed, "closing/safety")
        for name, step in self.steps().items():
            yield from self.of_closed_step(name, step, closing, number, premises, closed)

    def of_no_gap(self, closing: Closing, number: Term, premises: tuple[Term, ...]) -> Iterator[ViewObligation]:
        """A number that is no gap moves nothing."""
        no_gap = (*premises, negation(self.holds(closing.gap, self.before, number)), number >= 1)
        yield from self.of_successors(
            "closing/nothing", no_gap, self.changed(self.before, closing.function, number), self.before
        )

    def of_closed_step(
        self, name: str, step: Function, closing: Closing, gap: Term, premises: tuple[Term, ...], closed: SymbolicState
    ) -> Iterator[ViewObligation]:
        moved = arguments(self.reading, step)
        domains = [parameter.domain for parameter in step.parameters]
        chosen = [z3.If(x < gap, x, x + 1) if d == closing.domain else x for x, d in zip(moved, domains, strict=True)]
        one, other = self.after(self.before, step, chosen), self.after(closed, step, moved)
        taken = conjunction(*one.guards)
        yield ViewObligation(f"{name}/closing/guard", premises, same(taken, conjunction(*other.guards)))
        if closing.domain in domains:
            named = [gap if d == closing.domain else x for x, d in zip(moved, domains, strict=True)]
            refused = negation(conjunction(*self.after(self.before, step, named).guards))
            yield ViewObligation(f"{name}/closing/gap", premises, refused)
        first = self.changed(self.seen(one), closing.function, gap)
        yield from self.of_successors(f"{name}/closing/step", (*premises, taken), first, self.seen(other))

    # ------------------------------------------------------------ equality
    def variables(self) -> list[Variable]:
        return [variable for variable in self.model.variables.values() if not variable.ghost]

    def everywhere(self, variable: Variable, one: SymbolicState, other: SymbolicState) -> Term:
        """Two states have the same in a variable, for all keys, members and offsets."""
        goal = self.agree(variable, one.variable(variable.name), other.variable(variable.name))
        names = self.names(variable)
        return goal if isinstance(goal, bool) or not names else z3.ForAll(names, goal)

    def names(self, variable: Variable) -> list[Any]:
        """What stands for arbitrary keys, members and offsets in `agree`."""
        names = [z3.Const(f"key{at}", self.reading.domains[k].sort) for at, k in enumerate(variable.keys)]
        if variable.kind == "set":
            names.append(z3.Const("member", self.reading.domains["Replica"].sort))
        if variable.kind == "log":
            names.append(z3.Int("offset"))
        return names

    def agree(self, variable: Variable, one: Any, other: Any) -> Term:
        """Two values of a variable are equal, for arbitrary keys, members and offsets."""
        equal = self.reading.terms.equal
        if isinstance(one, SymbolicSet):
            member = z3.Const("member", self.reading.domains["Replica"].sort)
            return same(one.contains(member), other.contains(member))
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


def answer(obligation: ViewObligation, seed: int = 0) -> ViewAnswer:
    """Asks Z3 whether the goal can be false where the premises are true."""
    started = time.perf_counter()
    solver = z3.Solver()
    solver.set("rlimit", EFFORT)
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
    seed: int = 0,
    progress: Callable[[ViewAnswer], None] | None = None,
) -> list[ViewAnswer]:
    """The answer to every obligation; the view may be used where all hold."""
    answers = []
    for obligation in ViewObligations(model, view, variant).all():
        found = answer(obligation, seed)
        answers.append(found)
        if progress is not None:
            progress(found)
    return answers
