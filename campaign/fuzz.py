"""`fuzz`: simulated runs by the thousand, each judged step by step; what fails is shrunk and kept.

One rule: what is found depends on the seeds alone. Seeds are handed to workers in chunks (`campaign.workers`), results
are taken in the order of seeds, and the search stops at a seed, not at a moment; only a budget that runs out cuts it
where it is. With a journal (`campaign.journal`) it goes on from there another time.

The first failing seed does not end the search: it goes on to twice as many seeds and a few more (or to `KEEP`
failures), and what failed is made short (`campaign.counterexamples`).
"""

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from campaign import trial
from campaign.corpus import UNGUIDED, Corpus, Fresh, Guide, fresh, guided
from campaign.counterexamples import Gathering, save
from campaign.coverage import Coverage, nothing
from campaign.journal import Chunk, Failure, Journal
from campaign.mutants import usable
from campaign.profiles import PROFILES
from campaign.progress import Progress, silent
from campaign.shrinking import Counterexample
from campaign.workers import NOT_YET, Call, Workers, local

CHUNK = 8
"""Seeds handed to a process at a time."""
KEEP = 8
"""Failing seeds after which the search stops."""
SEEDS_MORE = 64
"""How far the search goes on, at least, after the first failing seed."""
SEEDS_APART = 1_000_000
"""Searches with neighbouring seeds share no run until they are this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzResult:
    """A finished search. Its verdict: violated where there are counterexamples, else it holds for these seeds."""

    profile: str
    mutant: str | None
    seeds: int
    resumed: int
    """How many of them the journal had already."""
    events: int
    """Handled by brokers and the controller, all invariants judged."""
    seconds: float
    """Of searching, without shrinking and without what the journal had."""
    cpu_seconds: float
    """Of all workers together, with what the journal had."""
    unhealthy: int
    """Runs that broke nothing and yet did not heal within their time: only where more failed than is tolerated."""
    failing: int
    seeds_to_failure: int | None
    seconds_to_failure: float | None
    shrink_seconds: float
    counterexamples: tuple[Counterexample, ...]
    """The shortest of each invariant, the shortest first; then those that nobody had the time to shrink."""
    untraced: tuple[Failure, ...] = ()
    """The first failure of each invariant that has no counterexample: it was not recorded, or did not fail again."""
    paths: tuple[Path | None, ...] = field(default=())
    """Where they were written, in the same order; None where one could not be; empty without `out`."""
    unwritten: str = ""
    """Why one could not be written."""

    fresh_events: int = 0
    """Events of the seeds that the journal had not."""
    fresh_simulated_seconds: float = 0.0
    coverage: Coverage = field(default_factory=nothing)
    corpus: int = 0
    """Runs that did something new."""
    unspoken: tuple[str, ...] = ()
    """What runs did that the model does not speak of: it followed them no further."""
    interrupted: bool = False
    """Somebody had seen enough before the budget was spent."""

    @property
    def events_per_second(self) -> float:
        return self.fresh_events / max(self.seconds, 1e-9)

    @property
    def events_per_core_second(self) -> float:
        return self.events / max(self.cpu_seconds, 1e-9)

    @property
    def simulated_seconds_per_second(self) -> float:
        return self.fresh_simulated_seconds / max(self.seconds, 1e-9)


def fuzz(
    seed: int,
    budget_seconds: float,
    mutant: str | None = None,
    profile: str = "durable",
    out: Path | None = None,
    progress: Progress = silent,
    workers: Workers | None = None,
    journal: Journal | None = None,
) -> FuzzResult:
    """Search from `seed` on until failures are found or the budget is spent.

    `mutant` and `profile` are names of `campaign.mutants.MUTANTS` and `campaign.profiles.PROFILES`; KeyError else.
    Counterexamples are written to the directory `out`. `workers` are two processes of this machine unless given.
    Who interrupts the search gets what it has found, shrunk; who interrupts that, what is shrunk and the rest as found.
    """
    _check_names(mutant, profile)
    started = time.monotonic()
    search = _Search(seed * SEEDS_APART, started, budget_seconds, journal)
    gathering = Gathering(search.failures, mutant)
    try:
        with workers or local(2) as hands:
            search.run(hands, mutant, profile, progress)
            gathering.gather(hands, progress)
    except KeyboardInterrupt:
        if not search.failures:
            raise
        search.interrupted = True
    gathering.record_the_rest()
    shrink_seconds = time.monotonic() - started - search.seconds
    counterexamples = gathering.counterexamples()
    paths, unwritten = ((), "") if out is None else save(counterexamples, out, mutant or profile)
    return FuzzResult(
        profile=profile,
        mutant=mutant,
        seeds=search.seeds,
        resumed=search.resumed,
        events=search.events,
        fresh_events=search.fresh_events,
        fresh_simulated_seconds=search.fresh_simulated_ms / 1000,
        seconds=search.seconds,
        cpu_seconds=search.cpu_seconds,
        unhealthy=search.unhealthy,
        failing=len(search.failures),
        seeds_to_failure=search.seeds_to_failure,
        seconds_to_failure=None if search.found_at is None else search.found_at - started,
        shrink_seconds=shrink_seconds,
        counterexamples=counterexamples,
        untraced=gathering.untraced(),
        paths=paths,
        unwritten=unwritten,
        coverage=search.coverage,
        corpus=len(search.corpus.entries),
        unspoken=tuple(search.unspoken),
        interrupted=search.interrupted,
    )


class _Search:
    """What has been searched so far, in the order of seeds."""

    def __init__(self, first: int, started: float, budget_seconds: float, journal: Journal | None) -> None:
        self.first = first
        self.started = started
        self.budget_seconds = budget_seconds
        self.journal = journal
        self.seconds = 0.0
        self.interrupted = False
        self.seeds = self.resumed = self.events = self.unhealthy = 0
        self.fresh_events = self.fresh_simulated_ms = 0
        self.cpu_seconds = 0.0
        self.failures: list[Failure] = []
        self.seeds_to_failure: int | None = None
        self.found_at: float | None = None
        self.coverage = nothing()
        self.corpus = Corpus()
        self.unspoken: list[str] = []

    def run(self, workers: Workers, mutant: str | None, profile: str, progress: Progress) -> None:
        """Search until it is over, or somebody has seen enough; KeyboardInterrupt where there is nothing to see yet."""
        try:
            for chunk in self.chunks(workers, mutant, profile):
                self.take(chunk)
                fraction = min(1.0, (time.monotonic() - self.started) / self.budget_seconds)
                progress(fraction, f"{self.seeds} seeds, {self.events:,} events, {len(self.failures)} failing")
        except KeyboardInterrupt:
            if not self.seeds:
                raise
            self.interrupted = True
        self.seconds = time.monotonic() - self.started

    def chunks(self, workers: Workers, mutant: str | None, profile: str) -> Iterator[Chunk]:
        """Chunks in the order of seeds, until the search is over: those of the journal first, then new ones."""
        first = self.first
        known = {} if self.journal is None else self.journal.done
        while first in known and not self.over():
            self.resumed += known[first].seeds
            yield known[first]
            first += CHUNK
        if self.over():
            return
        results = workers.run(run_chunk, self._calls(first, mutant, profile, known))
        for at in _firsts(first):
            chunk = known.get(at)
            if chunk is None:
                chunk = next(results)
                self.fresh_events += chunk.events
                self.fresh_simulated_ms += chunk.simulated_ms
                if self.journal is not None:
                    self.journal.keep(at, chunk)
            else:
                self.resumed += chunk.seeds
            yield chunk
            if self.over():
                return

    def _calls(self, first: int, mutant: str | None, profile: str, known: Mapping[int, Chunk]) -> Iterator[Call]:
        """What is to be run, in order, as soon as it is known how it is guided."""
        for at in _firsts(first):
            if at in known:
                continue
            number = (at - self.first) // CHUNK
            while not self.corpus.knows(number):
                yield NOT_YET
            yield at, mutant, profile, self.corpus.guide(number)

    def take(self, chunk: Chunk) -> None:
        """The next chunk by seed."""
        self.coverage.add(chunk.coverage)
        self.corpus.take(chunk.fresh)
        self.unspoken += chunk.unspoken
        if chunk.failures and self.seeds_to_failure is None:
            self.seeds_to_failure = chunk.failures[0].seed - self.first + 1
            self.found_at = time.monotonic()
        self.seeds += chunk.seeds
        self.events += chunk.events
        self.unhealthy += chunk.unhealthy
        self.cpu_seconds += chunk.cpu_seconds
        self.failures += chunk.failures

    def over(self) -> bool:
        """Enough was found, or the budget is spent."""
        spent = time.monotonic() - self.started >= self.budget_seconds
        return spent or enough(self.seeds, self.seeds_to_failure or 0, len(self.failures))


def enough(seeds: int, to_failure: int, failing: int) -> bool:
    """Whether to go on after the first failing seed, `to_failure` (0: none yet)."""
    return to_failure > 0 and (failing >= KEEP or seeds >= max(2 * to_failure, to_failure + SEEDS_MORE))


def _check_names(mutant: str | None, profile: str) -> None:
    """KeyError or StaleMutant here, and not in a worker."""
    assert PROFILES[profile]
    assert mutant is None or usable(mutant)


def _firsts(first: int) -> Iterator[int]:
    """The first seeds of chunks, without end."""
    return itertools.count(first, CHUNK)


def run_chunk(first: int, mutant: str | None, profile: str, guide: Guide = UNGUIDED) -> Chunk:
    """Run `CHUNK` seeds from `first` on."""
    started = time.process_time()
    planted = None if mutant is None else usable(mutant)
    events = simulated = unhealthy = 0
    failures: list[Failure] = []
    coverage = nothing()
    found: list[Fresh] = []
    unspoken: list[str] = []
    for seed in range(first, first + CHUNK):
        scenario, choices = guided(PROFILES[profile], seed, guide)
        ran = trial.run(scenario, choices, planted)
        coverage.add(ran.coverage)
        new = fresh(ran.coverage, choices.weights, guide)
        if new is not None:
            found.append(new)
        if ran.divergence is not None and ran.divergence.outside:
            unspoken.append(f"seed {seed}: {ran.divergence.sentence}")
        events += ran.events
        simulated += ran.simulated_ms
        if ran.violated is not None:
            failures.append(
                Failure(seed, ran.violated.invariant, ran.violated.sentence, ran.at, scenario, choices.made)
            )
        elif not ran.healthy:
            unhealthy += 1
    seconds = time.process_time() - started
    return Chunk(CHUNK, events, simulated, unhealthy, seconds, tuple(failures), coverage, tuple(found), tuple(unspoken))
