"""Asks Z3 whether an obligation holds, with few hypotheses first.

One rule: only `unsat` is a proof. `unknown` is a failure that did not find out, `sat` one that did. What Z3 may spend
is counted in its own units of work and not in time, so a busy machine proves what an idle one does.

What makes Z3 find these proofs: no model-based quantifier instantiation and no automatic configuration, relevancy 1 (2,
the default, hides terms of undecided conjuncts from triggers; 0 floods), triggers in hypotheses and none in goals, and
small sets of hypotheses: the recorded unsat core of an earlier proof first, then layers of groups, then all.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import z3

from invariants.proofs.induction import Counterexample
from invariants.proofs.obligations import Obligation
from invariants.proofs.terms import Term, negation


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How hard to try: the effort for one question in the first round, and how many rounds. Each round has another
    seed and (round + 1) squared times as much."""

    effort: int = 3_000_000
    """What Z3 counts (its `rlimit`): some two million are a second. No recorded proof needs 200,000."""
    rounds: int = 3


VARIANT_BUDGET = Budget(effort=1_000_000, rounds=1)
"""What a variant breaks cannot be proved: trying for longer only makes the answer late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of an obligation: `holds`, `failed` (there is a counterexample) or `unknown`.

    `used` is the hypotheses of the question that was answered, `from_hint` whether a recorded core sufficed.
    """

    step: str
    claim: str
    verdict: str
    seconds: float
    used: tuple[str, ...]
    from_hint: bool
    counterexample: Counterexample | None = None
    """To induction, where one was found: a state that satisfies the invariant and a step that breaks the conjunct."""

    @property
    def name(self) -> str:
        return f"{self.step}/{self.claim}"


class Solver:
    """Answers obligations under one set of named hypotheses."""

    def __init__(
        self,
        hypotheses: Mapping[str, Term],
        groups: Mapping[str, str],
        hints: Mapping[str, Sequence[str]],
        layers: Mapping[str, tuple[tuple[str, ...], ...]],
        *,
        seed: int,
        budget: Budget,
    ) -> None:
        self.hypotheses = {name: term for name, term in hypotheses.items() if term is not True}
        self.groups, self.hints, self.layers, self.seed, self.budget = groups, hints, layers, seed, budget

    def solver(self, effort: int, seed: int) -> z3.Solver:
        solver = z3.Solver()
        solver.set("rlimit", effort)
        solver.set("auto_config", False)
        solver.set("mbqi", False)
        solver.set("relevancy", 1)
        solver.set("random_seed", seed)
        return solver

    def candidates(self, obligation: Obligation) -> Iterator[tuple[str, ...]]:
        """The sets of hypotheses to try, the likeliest and smallest first."""
        hint = self.hints.get(obligation.name)
        allowed = [n for n in self.hypotheses if self.groups[n] != "lemmas" or n in obligation.lemmas]
        if hint is not None:
            yield tuple(name for name in dict.fromkeys(hint) if name in allowed)
        if obligation.step == "initial":
            yield ()
            return
        if hint is None:
            yield tuple(name for name in allowed if name == obligation.claim)
        for layer in self.layers[obligation.group]:
            yield tuple(name for name in allowed if self.groups[name] in layer or name == obligation.claim)
        yield tuple(allowed)

    def ask(self, obligation: Obligation, used: Sequence[str], effort: int, seed: int) -> str:
        solver = self.solver(effort, seed)
        named = {**self.hypotheses, **obligation.hypotheses}
        for term in (*(named[name] for name in used), *obligation.premises):
            if term is not True:
                solver.add(term)
        solver.add(negation(obligation.goal))
        return str(solver.check())

    def answer(self, obligation: Obligation, likeliest: int | None = None) -> Answer:
        """Tries candidates round by round until one proves the obligation; `sat` counts only with all hypotheses.

        With `likeliest`, tries only so many candidates, once.
        """
        started = time.perf_counter()
        every = list(dict.fromkeys(self.candidates(obligation)))
        candidates = every[:likeliest]
        hinted = candidates[:1] if obligation.name in self.hints else []
        verdict, used = "unknown", candidates[-1]
        for attempt in range(self.budget.rounds if likeliest is None else 1):
            for candidate in candidates:
                effort = self.budget.effort * (attempt + 1) ** 2
                result = self.ask(obligation, candidate, effort, self.seed + 17 * attempt)
                if result == "unsat" or (result == "sat" and candidate == every[-1]):
                    verdict, used = ("holds" if result == "unsat" else "failed"), candidate
                    break
            if verdict != "unknown":
                break
        return Answer(
            step=obligation.step,
            claim=obligation.claim,
            verdict=verdict,
            seconds=time.perf_counter() - started,
            used=used,
            from_hint=used in hinted,
        )

    def core(self, obligation: Obligation, used: Sequence[str]) -> tuple[str, ...]:
        """The hypotheses that a proof needs, confirmed with another seed: Z3's unsat core or, where it does not confirm
        one, what is left after dropping one hypothesis after the other."""
        solver = self.solver(4 * self.budget.effort, self.seed)
        named = {**self.hypotheses, **obligation.hypotheses}
        for name in used:
            solver.assert_and_track(named[name], name)
        for term in obligation.premises:
            if term is not True:
                solver.add(term)
        solver.add(negation(obligation.goal))
        if str(solver.check()) == "unsat":
            core = tuple(sorted(str(name) for name in solver.unsat_core()))
            if self.ask(obligation, core, self.budget.effort, self.seed + 5) == "unsat":
                return core
        kept = sorted(used)
        for name in sorted(used):
            fewer = [other for other in kept if other != name]
            if self.ask(obligation, fewer, self.budget.effort // 3, self.seed) == "unsat":
                kept = fewer
        return tuple(kept)
