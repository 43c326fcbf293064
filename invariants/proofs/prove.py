"""The inductive proof: every obligation of a model, or of a variant, put to Z3.

One rule: an obligation that is not proved is named. A proof holds when every one is; a single unknown is not a proof.

The obligations are independent, so they are shared out by action over processes. Each builds the terms for itself:
terms belong to the process that made them.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any, Literal

from invariants.proofs.argument import Argument
from invariants.proofs.arguments import model_with_argument
from invariants.proofs.induction import Induction, counterexample
from invariants.proofs.obligations import SAFETY, Obligation, Obligations
from invariants.proofs.pool import pool_of
from invariants.proofs.solver import VARIANT_BUDGET, Answer, Budget, Solver
from model.design import Model
from model.models import model_named
from model.reading_values import Bounds

__all__ = ["HINTS", "Progress", "Proof", "hints", "model_named", "prove", "run"]

HINTS = "hints.json"

Progress = Callable[[int, int], None]
"""Called with the number of steps done and of all there are."""

ProofWord = Literal["holds", "violated", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What became of every obligation. `replicas` None is any number of them; a number is an instance of that."""

    model: str
    variant: str | None
    replicas: int | None
    seed: int
    answers: tuple[Answer, ...]
    seconds: float

    @property
    def verdict(self) -> ProofWord:
        """`holds`, `violated` (an obligation has a counterexample) or `unknown`."""
        verdicts = {answer.verdict for answer in self.answers}
        return "violated" if "failed" in verdicts else "unknown" if "unknown" in verdicts else "holds"

    @property
    def open(self) -> tuple[Answer, ...]:
        """The obligations that were not proved."""
        return tuple(a for a in self.answers if a.verdict != "holds")

    @property
    def slowest(self) -> Answer:
        return max(self.answers, key=lambda answer: answer.seconds)

    def properties(self) -> dict[str, str]:
        """Each safety property's verdict: it holds when it follows and every other obligation holds too."""
        properties = {function.name for function in model_named(self.model).safety_of(ghosts=True)}
        rest = {a.verdict for a in self.answers if a.step != SAFETY or a.claim not in properties}
        whole = "holds" if rest <= {"holds"} else "unknown"
        asked = [a for a in self.answers if a.step == SAFETY and a.claim in properties]
        return {a.claim: whole if a.verdict == "holds" else a.verdict for a in asked}


def hints(argument: Argument) -> dict[str, list[str]]:
    """The recorded unsat cores, by obligation; none before the first recording."""
    file = resources.files(argument.hints).joinpath(HINTS)
    recorded: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return recorded


class Worker:
    """What one process needs to answer a step's obligations; built once in it."""

    def __init__(
        self,
        model: Model,
        argument: Argument,
        variant: str | None,
        seed: int,
        budget: Budget,
        record: bool,
        known: Mapping[str, Sequence[str]],
    ) -> None:
        self.obligations = Obligations(model, argument, variant=variant)
        asked = self.obligations
        self.solver = Solver(asked.hypotheses, asked.groups, known, argument.layers, seed=seed, budget=budget)
        self.record = record
        self.model, self.argument, self.variant = model, argument, variant
        self.spaces: dict[tuple[int, Bounds], Induction] = {}

    def answer(self, obligation: Obligation) -> Answer:
        """The prover's answer; where it has none, and always first for a variant, a look for a counterexample.

        A variant's obligations are mostly false or easy: two candidates, then small states, then all candidates once.
        """
        answer = self.solver.answer(obligation, None if self.variant is None else 2)
        if answer.verdict != "unknown" or obligation.step not in self.obligations.actions:
            return answer
        model, argument = self.model, self.argument
        found = counterexample(self.spaces, model, argument, self.variant, obligation.step, obligation.claim)
        if found is not None:
            return replace(answer, verdict="failed", counterexample=found)
        return answer if self.variant is None else self.solver.answer(obligation)

    def answers(self, step: str) -> tuple[list[Answer], dict[str, tuple[str, ...]]]:
        found, cores = [], {}
        for obligation in self.obligations.of(step):
            answer = self.answer(obligation)
            found.append(answer)
            if answer.verdict == "holds":
                self.obligations.shown.add(obligation.name)
            if self.record and answer.verdict == "holds":
                cores[obligation.name] = self.solver.core(obligation, answer.used)
        return found, cores


_WORKER: list[Worker] = []


def start_worker(model: str, *rest: Any) -> None:
    _WORKER[:] = [Worker(*model_with_argument(model), *rest)]


def work(step: str) -> tuple[list[Answer], dict[str, tuple[str, ...]]]:
    return _WORKER[0].answers(step)


def prove(
    model: Model,
    variant: str | None = None,
    replicas: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    steps: Sequence[str] | None = None,
    budget: Budget | None = None,
    processes: int = 2,
    use_hints: bool = True,
) -> Proof:
    """Proves a model for any number of replicas, or shows which conjuncts a variant breaks.

    A number of replicas is only noted: it is an instance of the proof for any number, and enumerating the replicas
    would make the questions harder, not easier.
    """
    proof, _ = run(model, variant, seed, progress, steps, budget, processes, use_hints, record=False)
    return replace(proof, replicas=replicas)


def run(
    model: Model,
    variant: str | None,
    seed: int,
    progress: Progress | None,
    steps: Sequence[str] | None,
    budget: Budget | None,
    processes: int,
    use_hints: bool,
    *,
    record: bool,
) -> tuple[Proof, dict[str, tuple[str, ...]]]:
    """A proof and, when they are to be recorded, the hypotheses that each obligation needed."""
    started = time.perf_counter()
    _, argument = model_with_argument(model.name)
    known = {**argument.first, **(hints(argument) if use_hints else {})}
    tried = budget or (Budget() if variant is None else VARIANT_BUDGET)
    setup = (model.name, variant, seed, tried, record, known)
    answers: list[Answer] = []
    cores: dict[str, tuple[str, ...]] = {}
    todo = list(steps) if steps is not None else list(Obligations(model, argument, variant=variant).steps())
    with pool_of(min(processes, len(todo)), start_worker, setup) as pool:
        for done, (found, used) in enumerate(pool.imap_unordered(work, todo), 1):
            answers += found
            cores.update(used)
            if progress is not None:
                progress(done, len(todo))
    answers.sort(key=lambda answer: (answer.step, answer.claim))
    seconds = time.perf_counter() - started
    proof = Proof(model=model.name, variant=variant, replicas=None, seed=seed, answers=tuple(answers), seconds=seconds)
    return proof, cores
