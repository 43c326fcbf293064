"""Seeking what is rare: the weights of runs that did something new are kept, and later runs are weighted like them.

One rule: what a run is given depends on the seeds before it and on nothing else: not on who runs it, nor on how many
do. Chunks of seeds come in generations; a generation is guided by what was new in those up to the one before the last,
and is not given out before these are done.

What is new is said by the walk through the model (`campaign.coverage`): in which situation which action followed which,
and which fault hit which role.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from campaign.coverage import Coverage
from campaign.profiles import Profile, seeded
from impl.sim.drivers import Seeded
from impl.sim.faults import BREAK, FAMILIES, LATER_FAMILIES
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights

GENERATION = 64
"""Chunks guided alike."""
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

    def __init__(self) -> None:
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
        if self._chunks % GENERATION == 0:
            self._guides.append(Guide(frozenset(self.seen), tuple(self.entries)))

    def knows(self, chunk: int) -> bool:
        """Whether enough chunks are taken to guide the one of this number (from 0)."""
        return chunk // GENERATION < len(self._guides)

    def guide(self, chunk: int) -> Guide:
        """Its guide, where that is known."""
        return self._guides[chunk // GENERATION]


def guided(profile: Profile, seed: int, guide: Guide) -> tuple[Scenario, Seeded]:
    """One seed's run: drawn as `campaign.profiles.seeded` does, or with weights like those of a run of the corpus."""
    draw = random.Random(f"guide {seed}")
    if not guide.entries or draw.random() >= GUIDED_SHARE:
        return seeded(profile, seed)
    profile = profile.of(seed)
    scenario = profile.scenario.varied(seed)
    return scenario, Seeded(seed, scenario.table(), mutated(draw.choice(guide.entries), profile.kinds, draw))


def mutated(weights: Weights, kinds: Sequence[str], draw: random.Random) -> Weights:
    """Weights a little different: one more family of faults, or one kind fewer, and other shares.

    Of these kinds alone: the weights may be those of a run of a profile that has others.
    """
    before = [kind for kind in weights.kinds if kind in kinds] or [draw.choice(kinds)]
    chosen = before
    if draw.random() < 0.5:
        families = [family for family in FAMILIES + LATER_FAMILIES if not set(family).isdisjoint(kinds)]
        chosen = before + [kind for kind in draw.choice(families) if kind in kinds]
    elif len(set(before)) > 1:
        gone = draw.choice(sorted(set(before)))
        chosen = [kind for kind in before if kind != gone]
    if all(kind == BREAK for kind in chosen):
        chosen = before
    return replace(
        weights,
        kinds=tuple(chosen),
        fault=min(_SHARE_MAX, weights.fault * draw.choice(_SCALES)),
        delay=min(_SHARE_MAX, weights.delay * draw.choice(_SCALES)),
        send=min(_SHARE_MAX, weights.send * draw.choice(_SCALES)),
    )


def fresh(coverage: Coverage, weights: Weights, guide: Guide) -> Fresh | None:
    """What a run did that its guide had not seen; None: nothing."""
    features = coverage.features() - guide.seen
    return Fresh(weights, features) if features else None
