"""Bounded symbolic search: is there an execution of so many steps that violates a safety property?

One rule: what the solver says is believed only after it has been replayed. A found execution is taken step by step on
the concrete reading, minimised there, spelled out in the model's own actions, and replayed again.

The search goes straight to its depth: a restart that loses nothing stands for "nothing happens", so one question covers
every shorter execution too, and finding is much cheaper than excluding. How long finding takes is a matter of luck, so
questions are asked in slices of growing length, each with another seed, small bounds first. All replicas start alike,
so the first step's replica may be any one.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import z3

from invariants.proofs.bounded import SETS, Bounded, Choices
from invariants.proofs.minimise import Replayer, Violation, minimised
from model.design import Model
from model.reading_values import Bounds, Call
from traces.modelled import told
from traces.trace import Trace

Progress = Callable[[int, int], None]
"""Called with the number of questions answered and of all there may be."""

LADDER = (
    (2, Bounds(leader_epochs=2, partition_epochs=2, log=1)),
    (2, Bounds(leader_epochs=3, partition_epochs=3, log=2)),
    (3, Bounds(leader_epochs=2, partition_epochs=3, log=1)),
    (3, Bounds(leader_epochs=3, partition_epochs=3, log=2)),
)
"""The spaces to look through: replicas, and the bounds."""

SLICE = 15.0
"""Seconds for the first questions; each round has twice as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One question: with so many replicas and within these bounds, `sat`, `unsat` or `unknown`, and the seconds it
    took."""

    replicas: int
    bounds: Bounds
    result: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """`violated` with the execution, in the model's own actions; `holds` when every bound excluded one; `unknown`.

    `holds` is a statement about `depth` steps at the synchronous grain, within the bounds asked, and no more. `coarse`
    is the execution at that grain; replicas are numbered from 1.
    """

    model: str
    variant: str | None
    depth: int
    verdict: str
    rungs: tuple[Rung, ...]
    seconds: float
    invariant: str = ""
    coarse: tuple[Call, ...] = ()
    steps: tuple[Call, ...] = ()
    trace: Trace | None = None


def search(
    model: Model,
    variant: str | None = None,
    depth: int = 12,
    progress: Progress | None = None,
    *,
    bounds: Bounds | None = None,
    replicas: int = 3,
    seconds: float = 300.0,
) -> SearchResult:
    """Looks for a violation in up to `depth` steps: with so many replicas within the bounds given, or, where none are,
    through the ladder of small spaces.

    `seconds` is for all questions together. Progress is told in seconds.
    """
    started = time.perf_counter()
    ladder = LADDER if bounds is None else ((replicas, bounds),)
    questions = [Question(model, variant, depth, within, members) for members, within in ladder]
    rungs: list[Rung] = []
    verdict = "unknown"
    found: list[Call] | None = None
    attempt = 0
    while found is None and verdict == "unknown" and time.perf_counter() - started < seconds:
        for question in [q for q in questions if q.result != "unsat"]:
            spent = time.perf_counter() - started
            if progress is not None:
                progress(int(spent), int(seconds))
            if spent >= seconds:
                break
            found = question.ask(min(SLICE * 2**attempt, seconds - spent), attempt)
            took = time.perf_counter() - started - spent
            asked = Rung(replicas=question.replicas, bounds=question.bounds, result=question.result, seconds=took)
            rungs.append(asked)
            if found is not None:
                break
        attempt += 1
        verdict = "holds" if all(q.result == "unsat" for q in questions) else "unknown"
    made = SearchResult(
        model=model.name, variant=variant, depth=depth, verdict=verdict, rungs=tuple(rungs), seconds=0.0
    )
    if found is not None:
        coarse, fine = shortened(model, variant, rungs[-1].replicas, found)
        trace = traced(model, fine, variant, rungs[-1].replicas)
        made = replace(
            made, verdict="violated", invariant=fine.invariant, coarse=coarse.steps, steps=fine.steps, trace=trace
        )
    return replace(made, seconds=time.perf_counter() - started)


class Question:
    """One question to the SAT solver, which may be asked several times; `result` is the last answer."""

    def __init__(self, model: Model, variant: str | None, depth: int, bounds: Bounds, replicas: int) -> None:
        self.model, self.variant, self.depth, self.bounds, self.replicas = model, variant, depth, bounds, replicas
        self.result = "unknown"
        self.bounded: Bounded | None = None
        self.constraints: list[Any] = []
        self.taken: list[Choices] = []

    def build(self) -> Bounded:
        """The relation of `depth` steps from the initial state to a violation; built when first asked."""
        if self.bounded is None:
            steps = self.model.synchronous(self.variant)
            members = range(self.replicas)
            self.bounded = Bounded(self.model, steps, bounds=self.bounds, replicas=members, ghosts=False)
            cells = self.bounded.initial()
            for at in range(1, self.depth + 1):
                cells, constraints, choices = self.bounded.step(cells, at)
                self.constraints += constraints
                self.taken.append(choices)
            self.constraints.append(self.taken[0].arguments["Replica", 0] == 0)
            self.constraints.append(self.bounded.violated(cells))
        return self.bounded

    def ask(self, seconds: float, seed: int) -> list[Call] | None:
        """Asks for so long; the execution found, at the synchronous grain, or None."""
        bounded = self.build()
        z3.set_param("sat.random_seed", seed)
        solver = z3.Then("simplify", "propagate-values", "solve-eqs", "bit-blast", "sat").solver()
        solver.set("timeout", max(1, int(seconds * 1000)))
        solver.add(*self.constraints)
        self.result = str(solver.check())
        if self.result != "sat":
            return None
        answer = solver.model()
        return [self.named(bounded, *bounded.chosen(answer, choices)) for choices in self.taken]

    @staticmethod
    def named(bounded: Bounded, name: str, arguments: Iterable[Any]) -> Call:
        """A step by name, with replicas numbered from 1."""
        parameters = {}
        for parameter, value in zip(bounded.steps[name].parameters, arguments, strict=True):
            if parameter.domain == "Replica":
                value += 1
            elif parameter.domain in SETS:
                value = frozenset(r + 1 for r in value)
            parameters[parameter.name] = value
        return name, parameters


def shortened(model: Model, variant: str | None, replicas: int, found: Sequence[Call]) -> tuple[Violation, Violation]:
    """A found execution minimised at the synchronous grain, and then in the model's own actions."""
    members = range(1, replicas + 1)
    synchronous = Replayer(model, variant, members, synchronous=True)
    coarse = synchronous.violation(found)
    assert coarse is not None, f"the concrete reading does not confirm what the solver found: {found}"
    coarse = minimised(synchronous, coarse)
    own = Replayer(model, variant, members, synchronous=False)
    fine = own.violation(synchronous.expanded(coarse.steps))
    assert fine is not None, f"spelled out, the execution violates nothing: {coarse}"
    return coarse, minimised(own, fine)


def traced(model: Model, found: Violation, variant: str | None, replicas: int) -> Trace:
    """The execution as an ordinary trace, whose verdict says what its last step violates."""
    sentence = f"{found.invariant.replace('_', ' ')} does not hold after {found.steps[-1][0].replace('_', ' ')}"
    return told(
        found.steps,
        replicas=range(1, replicas + 1),
        variant=variant,
        invariant=found.invariant,
        sentence=sentence,
        model=model,
    )
