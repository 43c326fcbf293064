"""From failing seeds to the counterexamples that are kept: chosen, shrunk, the shortest changed a little, written.

One rule: nothing found is lost. Whoever interrupts this gets what is shrunk so far, and the rest as it was found.

Of each invariant those that failed soonest are shrunk, and the shortest is kept: several seeds find a shorter one than
any cleverness finds from one.
"""

from collections.abc import Sequence
from pathlib import Path

from campaign.journal import Failure
from campaign.mutants import usable
from campaign.progress import Progress
from campaign.regrow import regrown
from campaign.shrink import Ending
from campaign.shrinking import PATIENCE, Counterexample, recorded, shrink_run
from campaign.workers import Workers
from traces.written import write_whole

SHRINK = 3
"""Failing seeds of each invariant that are shrunk."""


class Gathering:
    """The counterexamples of a search, as far as they have come."""

    def __init__(self, failures: Sequence[Failure], mutant: str | None) -> None:
        """`failures` may still grow until `gather` is called."""
        self._failures = failures
        self._mutant = mutant
        self._shrunk: list[Counterexample | None] = []
        self._regrown: list[Counterexample] = []
        self._as_found: list[Counterexample] = []

    def gather(self, hands: Workers, progress: Progress) -> None:
        """Shrink, and change the shortest a little. What is done when somebody interrupts it is kept."""
        chosen = choose(self._failures)
        if chosen:
            progress(None, f"shrinking {len(chosen)} of {len(self._failures)} failing seeds")
        for counterexample in hands.run(shrink_failure, iter([(each, self._mutant) for each in chosen])):
            self._shrunk.append(counterexample)
        best = shortest(self._shrunk)
        if best:
            progress(None, f"changing the shortest of {len(best)} invariants a little: {best[0].steps} steps so far")
        for changed in hands.run(regrow, iter([(each, self._mutant) for each in best])):
            self._regrown.append(changed)

    def record_the_rest(self) -> None:
        """Of each invariant without a counterexample, the run that failed soonest, as long as it is. Who interrupts
        this, too, gets it as `untraced`."""
        try:
            for failure in self.untraced():
                planted = None if self._mutant is None else usable(self._mutant)
                whole = recorded(failure.scenario, failure.choices, planted, failure.seed, failure.invariant)
                if whole is not None:
                    self._as_found.append(whole)
        except KeyboardInterrupt:
            return

    def counterexamples(self) -> tuple[Counterexample, ...]:
        """One of each invariant: the shortest, and after those the ones that are as they were found."""
        best = shortest(self._shrunk)
        return (*self._regrown, *best[len(self._regrown) :], *self._as_found)

    def untraced(self) -> tuple[Failure, ...]:
        """Of each invariant without a counterexample, the run that failed soonest."""
        shown = {found.invariant for found in self.counterexamples()}
        soonest = sorted(self._failures, key=lambda failure: (failure.at, failure.seed))
        first = {failure.invariant: failure for failure in reversed(soonest)}
        return tuple(first[invariant] for invariant in sorted(first) if invariant not in shown)


def choose(failures: Sequence[Failure]) -> list[Failure]:
    """The failures to shrink: of each invariant those that failed soonest."""
    chosen: list[Failure] = []
    for invariant in sorted({failure.invariant for failure in failures}):
        same = [failure for failure in failures if failure.invariant == invariant]
        chosen += sorted(same, key=lambda failure: (failure.at, failure.seed))[:SHRINK]
    return chosen


def shrink_failure(failure: Failure, mutant: str | None) -> Counterexample | None:
    """Shrunk, as far as patience goes: `regrow` shrinks the shortest of all to the end."""
    planted = None if mutant is None else usable(mutant)
    known = Ending(failure.invariant, failure.at, failure.choices)
    return shrink_run(failure.scenario, failure.choices, planted, failure.seed, known, PATIENCE)


def regrow(found: Counterexample, mutant: str | None) -> Counterexample:
    """The shortest counterexample of an invariant, changed a little where that makes it shorter still."""
    return regrown(found, None if mutant is None else usable(mutant))


def shortest(found: list[Counterexample | None]) -> tuple[Counterexample, ...]:
    """The shortest of each invariant."""
    best: dict[str, Counterexample] = {}
    for counterexample in sorted((each for each in found if each is not None), key=Counterexample.length):
        best.setdefault(counterexample.invariant, counterexample)
    return tuple(best.values())


def save(found: Sequence[Counterexample], out: Path, name: str) -> tuple[tuple[Path | None, ...], str]:
    """Write them to the directory `out`: where each is, None where it could not be written, and why, or "".

    What was found is told in any case; its seed finds it again.
    """
    paths: list[Path | None] = []
    unwritten = ""
    for each in found:
        path = out / f"{name}-{each.invariant}-{each.seed}.jsonl"
        try:
            write_whole(path, each.data)
            paths.append(path)
        except OSError as error:
            paths.append(None)
            unwritten = f"{out}: cannot be written: {error.strerror}"
    return tuple(paths), unwritten
