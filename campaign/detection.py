"""How soon the search finds a planted bug: the search that runs without one, counted to its first failing seed.

One rule: nothing here knows which bug is planted. A mutant is an argument; profile, weights, order of seeds and what
later seeds are guided by are those of `fencepost fuzz`, and so is what counts: an exception that the broker lets out is
a failed run, unless the planted code itself raised it; a run that breaks an invariant tells more, and is shown where
there is one. A counterexample counts only if the same choices break nothing without the bug.

One bug is searched for on one core, so that seconds are comparable: processor time from the first seed to the failure.
"""

import time
from statistics import median
from typing import NamedTuple

from campaign import trial
from campaign.corpus import Corpus, Fresh, fresh, guided
from campaign.counterexamples import choose, regrow, shortest, shrink_failure
from campaign.fuzz import CHUNK, SEEDS_APART, enough
from campaign.journal import Failure
from campaign.lockstep import REFINES
from campaign.mutants import MUTANTS, usable
from campaign.profiles import PROFILES
from campaign.replay import replay
from traces.reader import parse


class Detection(NamedTuple):
    """What came of the search for one planted bug. Without a failing seed all but `id`, `seeds`, `seconds` are None."""

    id: str
    seeds: int
    """Runs to the first failure, or all that were run."""
    seconds: float
    """Processor seconds to the first failure, or of all runs."""
    invariant: str | None = None
    """The first one seen to break, in the shortest counterexample."""
    sentence: str | None = None
    steps: int | None = None
    """After shrinking, as `campaign.steps` counts them."""
    choices: int | None = None
    shrink_seconds: float | None = None
    """Processor seconds of shrinking the shortest."""
    data: bytes | None = None
    """Its trace."""
    without: str | None = None
    """The invariant that the same choices break without the bug: then it is the broker's own failure."""

    @property
    def found(self) -> bool:
        return self.data is not None

    @property
    def expected(self) -> bool:
        """It broke one of the invariants that the mutant is known by, or left the model, which has none of these."""
        return self.invariant is not None and is_known(self.id, self.invariant)


def is_known(mutant: str, invariant: str) -> bool:
    """Whether this is how the bug is known to show. That it leaves the model is so of any bug of the protocol, and that
    the broker stumbles over what it did of any bug."""
    return invariant in (*MUTANTS[mutant].invariants, REFINES, trial.NO_EXCEPTION)


def detect(mutant: str, seed: int, budget_seconds: float, profile: str) -> Detection:
    """Search for a planted bug until it is found or the budget (processor seconds) is spent."""
    planted = usable(mutant)
    started = time.process_time()
    first = seed * SEEDS_APART
    failures: list[Failure] = []
    runs = to_failure = 0
    seconds = 0.0
    corpus = Corpus()
    new: list[Fresh] = []
    while not enough(runs, to_failure, len(failures)) and time.process_time() - started < budget_seconds:
        guide = corpus.guide(runs // CHUNK)
        scenario, choices = guided(PROFILES[profile], first + runs, guide)
        ran = trial.run(scenario, choices, planted)
        runs += 1
        new += filter(None, (fresh(ran.coverage, choices.weights, guide),))
        if runs % CHUNK == 0:
            corpus.take(new)
            new = []
        if ran.violated is not None:
            found = ran.violated
            failures.append(Failure(first + runs - 1, found.invariant, found.sentence, ran.at, scenario, choices.made))
            if not to_failure:
                to_failure, seconds = runs, time.process_time() - started
    if not failures:
        return Detection(mutant, runs, time.process_time() - started)
    began = time.process_time()
    chosen = choose([each for each in failures if each.invariant != trial.NO_EXCEPTION] or failures)
    counterexample = regrow(shortest([shrink_failure(failure, mutant) for failure in chosen])[0], mutant)
    return Detection(
        id=mutant,
        seeds=to_failure,
        seconds=seconds,
        invariant=counterexample.invariant,
        sentence=counterexample.sentence,
        steps=counterexample.steps,
        choices=counterexample.choices,
        shrink_seconds=(time.process_time() - began) / len(chosen),
        data=counterexample.data,
        without=replay(parse(counterexample.data, mutant), clean=True).invariant,
    )


def median_seconds(detections: list[Detection]) -> float | None:
    """Of those that were found; None where none was."""
    found = [each.seconds for each in detections if each.found]
    return median(found) if found else None
