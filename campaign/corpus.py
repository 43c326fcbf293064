"""Seeking what is rare: the weights of runs that did something new are kept, and later runs are weighted like them.

One rule: what a run is given depends on the seeds before it and on nothing else. Chunks of seeds come in generations;
a generation is guided by what was new in those up to the one before the last, which are all done by the time it begins,
whoever runs them.

What is new is said by the walk through the model (`campaign.coverage`): in which situation which action followed which,
and which fault hit which role.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from campaign.coverage import Coverage
from campaign.profiles import Profile, seeded
from impl.sim.drivers import Seeded
from impl.sim.faults import BREAK, FAMILIES, LATER_FAMILIES
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights

GENERATION = 64
"""Chunks guided alike; with more calls taken ahead than this a generation is longer."""
GUIDED_SHARE = 0.5
"""Of the runs of a guided generation; the others are drawn as ever."""
_SCALES = (0.5, 1.0, 1.0, 2.0)
_SHARE_MAX = 0.6


class Fresh(NamedTuple):
    """A run that did something its guide had not seen."""

    weights: Weights
    features: frozenset[int]


class Guide(NamedTuple):
    """What a chunk is given."""

    seen: frozenset[int] = frozenset()
    entries: tuple[Weights, ...] = ()


UNGUIDED = Guide()


class Corpus:
    """The runs that did something new, in the order of seeds, and what has been seen at all."""

    def __init__(self, ahead: int) -> None:
        """`ahead`: how many chunks may be under way before the first of them is done."""
        self.generation = max(GENERATION, ahead)
        self.entries: list[Weights] = []
        self.seen: set[int] = set()
        self._chunks = 0
        self._guides = [UNGUIDED, UNGUIDED]
        """By generation."""

    def take(self, found: Sequence[Fresh]) -> None:
        """What was new in the next chunk."""
        for fresh in found:
            if not fresh.features <= self.seen:
                self.seen |= fresh.features
                self.entries.append(fresh.weights)
        self._chunks += 1
        if self._chunks % self.generation == 0:
            self._guides.append(Guide(frozenset(self.seen), tuple(self.entries)))

    def guide(self, chunk: int) -> Guide:
        """The guide of the chunk of this number (from 0)."""
        return self._guides[chunk // self.generation]


def guided(profile: Profile, seed: int, guide: Guide) -> tuple[Scenario, Seeded]:
    """One seed's run: drawn as `campaign.profiles.seeded` does, or with weights like those of a run of the corpus."""
    draw = random.Random(f"guide {seed}")
    if not guide.entries or draw.random() >= GUIDED_SHARE:
        return seeded(profile, seed)
    profile = profile.of(seed)
    scenario = profile.scenario.varied(seed)
    return scenario, Seeded(seed, scenario.table(), mutated(draw.choice(guide.entries), profile.kinds, draw))


def mutated(weights: Weights, kinds: Sequence[str], draw: random.Random) -> Weights:
    """Weights a little different: one more family of faults, or one kind fewer, and other shares."""
    chosen = list(weights.kinds)
    if draw.random() < 0.5:
        families = [family for family in FAMILIES + LATER_FAMILIES if not set(family).isdisjoint(kinds)]
        chosen += [kind for kind in draw.choice(families) if kind in kinds]
    elif len(set(chosen)) > 1:
        gone = draw.choice(sorted(set(chosen)))
        chosen = [kind for kind in chosen if kind != gone]
    if all(kind == BREAK for kind in chosen):
        chosen = list(weights.kinds)
    return Weights(
        tuple(chosen),
        min(_SHARE_MAX, weights.fault * draw.choice(_SCALES)),
        min(_SHARE_MAX, weights.delay * draw.choice(_SCALES)),
        min(_SHARE_MAX, weights.send * draw.choice(_SCALES)),
        weights.other,
    )


def fresh(coverage: Coverage, weights: Weights, guide: Guide) -> Fresh | None:
    """What a run did that its guide had not seen; None: nothing."""
    features = coverage.features() - guide.seen
    return Fresh(weights, features) if features else None
