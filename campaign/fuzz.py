"""`fuzz`: simulated runs by the thousand, each judged step by step; what fails is shrunk and kept.

One rule: what is found depends on the seeds alone. Seeds are handed to processes in chunks, results are taken in the
order of seeds, and the search stops at a seed, not at a moment; only a budget that runs out cuts it where it is.

The first failing seed does not end the search: it goes on to twice as many seeds and a few more (or to `KEEP`
failures), shrinks those that failed soonest, and keeps the shortest counterexample of each invariant. Several seeds
find a shorter one than any cleverness finds from one.
"""

import gc
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from campaign import trial
from campaign.mutants import MUTANTS, Mutant
from campaign.profiles import PROFILES, seeded
from campaign.progress import Progress, silent
from campaign.shrinking import Counterexample, shrink_run
from impl.sim.choices import Key
from impl.sim.scenario import Scenario

CHUNK = 8
"""Seeds handed to a process at a time."""
KEEP = 8
"""Failing seeds after which the search stops."""
SHRINK = 3
"""Failing seeds of each invariant that are shrunk."""
SEEDS_MORE = 64
"""How far the search goes on, at least, after the first failing seed."""
SEEDS_APART = 1_000_000
"""Searches with neighbouring seeds share no run until they are this long."""


class Failure(NamedTuple):
    """A seed whose run broke an invariant."""

    seed: int
    invariant: str
    sentence: str
    at: int
    scenario: Scenario
    choices: dict[Key, int]


class Chunk(NamedTuple):
    """What came of some seeds in a row."""

    seeds: int
    events: int
    simulated_ms: int
    unhealthy: int
    cpu_seconds: float
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzResult:
    """A finished search. Its verdict: violated where there are counterexamples, else it holds for these seeds."""

    profile: str
    mutant: str | None
    seeds: int
    events: int
    """Handled by brokers and the controller, all invariants judged."""
    simulated_seconds: float
    seconds: float
    """Of searching, without shrinking."""
    cpu_seconds: float
    """Of all processes together."""
    unhealthy: int
    """Runs that broke nothing and yet did not heal within their time."""
    failing: int
    seeds_to_failure: int | None
    seconds_to_failure: float | None
    shrink_seconds: float
    counterexamples: tuple[Counterexample, ...]
    """The shortest of each invariant, the shortest first."""
    paths: tuple[Path, ...] = field(default=())
    """Where they were written, in the same order; empty without `out`."""

    @property
    def events_per_second(self) -> float:
        return self.events / max(self.seconds, 1e-9)

    @property
    def events_per_core_second(self) -> float:
        return self.events / max(self.cpu_seconds, 1e-9)

    @property
    def simulated_seconds_per_second(self) -> float:
        return self.simulated_seconds / max(self.seconds, 1e-9)


def fuzz(
    seed: int,
    budget_seconds: float,
    mutant: str | None = None,
    profile: str = "durable",
    out: Path | None = None,
    progress: Progress = silent,
    processes: int = 2,
) -> FuzzResult:
    """Search from `seed` on until failures are found or the budget is spent.

    `mutant` and `profile` are names of `campaign.mutants.MUTANTS` and `campaign.profiles.PROFILES`; KeyError else.
    Counterexamples are written to the directory `out`.
    """
    planted = None if mutant is None else MUTANTS[mutant]
    started = time.monotonic()
    search = _Search(seed * SEEDS_APART, started + budget_seconds, mutant, profile)
    with _Workers(processes) as workers:
        for chunk in workers.chunks(search):
            search.take(chunk)
            fraction = min(1.0, (time.monotonic() - started) / budget_seconds)
            progress(fraction, f"{search.seeds} seeds, {search.events:,} events, {len(search.failures)} failing")
        seconds = time.monotonic() - started
        if search.failures:
            progress(None, f"shrinking {len(search.chosen())} of {len(search.failures)} failing seeds")
        counterexamples = _shortest(workers.shrink(search.chosen(), planted))
    paths = () if out is None else tuple(_save(found, out, mutant, profile) for found in counterexamples)
    return FuzzResult(
        profile=profile,
        mutant=mutant,
        seeds=search.seeds,
        events=search.events,
        simulated_seconds=search.simulated_ms / 1000,
        seconds=seconds,
        cpu_seconds=search.cpu_seconds,
        unhealthy=search.unhealthy,
        failing=len(search.failures),
        seeds_to_failure=search.seeds_to_failure,
        seconds_to_failure=None if search.found_at is None else search.found_at - started,
        shrink_seconds=time.monotonic() - started - seconds,
        counterexamples=counterexamples,
        paths=paths,
    )


class _Search:
    """What has been searched so far, in the order of seeds."""

    def __init__(self, first: int, deadline: float, mutant: str | None, profile: str) -> None:
        self.first = first
        self.deadline = deadline
        self.mutant = mutant
        self.profile = profile
        self.seeds = self.events = self.simulated_ms = self.unhealthy = 0
        self.cpu_seconds = 0.0
        self.failures: list[Failure] = []
        self.seeds_to_failure: int | None = None
        self.found_at: float | None = None

    def take(self, chunk: Chunk) -> None:
        """The next chunk by seed."""
        if chunk.failures and self.seeds_to_failure is None:
            self.seeds_to_failure = chunk.failures[0].seed - self.first + 1
            self.found_at = time.monotonic()
        self.seeds += chunk.seeds
        self.events += chunk.events
        self.simulated_ms += chunk.simulated_ms
        self.unhealthy += chunk.unhealthy
        self.cpu_seconds += chunk.cpu_seconds
        self.failures += chunk.failures

    def over(self) -> bool:
        """Enough was found, or the budget is spent."""
        if self.seeds_to_failure is not None:
            enough = len(self.failures) >= KEEP or self.seeds >= max(
                2 * self.seeds_to_failure, self.seeds_to_failure + SEEDS_MORE
            )
            return enough or time.monotonic() >= self.deadline
        return time.monotonic() >= self.deadline

    def chosen(self) -> list[Failure]:
        """The failures to shrink: of each invariant those that failed soonest."""
        chosen: list[Failure] = []
        for invariant in sorted({failure.invariant for failure in self.failures}):
            same = [failure for failure in self.failures if failure.invariant == invariant]
            chosen += sorted(same, key=lambda failure: (failure.at, failure.seed))[:SHRINK]
        return chosen


class _Workers:
    """The processes that run seeds; with one, this process does it."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        self._collector = gc.get_threshold()

    def __enter__(self) -> "_Workers":
        if self._processes > 1:
            self._pool = ProcessPoolExecutor(self._processes, initializer=_spare_the_collector)
        else:
            _spare_the_collector()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        gc.set_threshold(*self._collector)

    def chunks(self, search: _Search) -> Iterator[Chunk]:
        """Chunks in the order of seeds, until the search is over."""
        first = search.first
        if self._pool is None:
            while not search.over():
                yield run_chunk(first, search.mutant, search.profile)
                first += CHUNK
            return
        pending: list[Future[Chunk]] = []
        while not search.over():
            while len(pending) < 2 * self._processes:
                pending.append(self._pool.submit(run_chunk, first, search.mutant, search.profile))
                first += CHUNK
            yield pending.pop(0).result()

    def shrink(self, failures: list[Failure], mutant: Mutant | None) -> list[Counterexample | None]:
        name = None if mutant is None else mutant.id
        if self._pool is None:
            return [_shrink_failure(failure, name) for failure in failures]
        futures = [self._pool.submit(_shrink_failure, failure, name) for failure in failures]
        return [future.result() for future in futures]


def _spare_the_collector() -> None:
    """A run makes many small objects and no cycles worth looking for: collect rarely."""
    gc.set_threshold(100_000, 50, 100)


def run_chunk(first: int, mutant: str | None, profile: str) -> Chunk:
    """Run `CHUNK` seeds from `first` on."""
    started = time.process_time()
    planted = None if mutant is None else MUTANTS[mutant]
    events = simulated = unhealthy = 0
    failures: list[Failure] = []
    for seed in range(first, first + CHUNK):
        scenario, choices = seeded(PROFILES[profile], seed)
        ran = trial.run(scenario, choices, planted)
        events += ran.events
        simulated += ran.simulated_ms
        if ran.violated is not None:
            failures.append(
                Failure(seed, ran.violated.invariant, ran.violated.sentence, ran.at, scenario, choices.made)
            )
        elif not ran.healthy:
            unhealthy += 1
    return Chunk(CHUNK, events, simulated, unhealthy, time.process_time() - started, tuple(failures))


def _shrink_failure(failure: Failure, mutant: str | None) -> Counterexample | None:
    planted = None if mutant is None else MUTANTS[mutant]
    return shrink_run(failure.scenario, failure.choices, planted, failure.seed)


def _shortest(found: list[Counterexample | None]) -> tuple[Counterexample, ...]:
    """The shortest of each invariant."""
    best: dict[str, Counterexample] = {}
    for counterexample in sorted((each for each in found if each is not None), key=Counterexample.length):
        best.setdefault(counterexample.invariant, counterexample)
    return tuple(best.values())


def _save(found: Counterexample, out: Path, mutant: str | None, profile: str) -> Path:
    path = out / f"{mutant or profile}-{found.invariant}-{found.seed}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(found.data)
    return path
