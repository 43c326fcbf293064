"""How a seeded run is weighted: which kinds of fault come in it, and how often anything does.

One rule: a recipe speaks of kinds of fault and of what they need to show, never of a bug. A kind of fault that the
cluster of a profile cannot feel is not in the profile's kinds (`campaign.profiles`).

The recipe, as measured (a swarm: few kinds of fault a run, so that they pile up): per seed one to three families of
kinds, never broken connections alone; in half of the seeds half of the faults are leadership moves; in three quarters
of them one or two families of disks, clocks and operators besides, with a third of the faults; a fault in 2 to 20 % of
the slots, a delay on 2 to 40 % of the messages, a send in 10 to 50 % of the slots. A kind that spoils what survives a
power loss finds something to spoil: then most of what was not synced survives. Where more may fail than is tolerated,
something of that comes in every run: without it the run would only be one that is judged less.
"""

import random
from collections.abc import Sequence

import msgspec

from impl.sim.faults import (
    BEYOND_KINDS,
    BLOCK,
    BREAK,
    CRASH,
    DAMAGE_KINDS,
    FAMILIES,
    ISOLATE,
    LATER_FAMILIES,
    MOVE,
    PAUSE,
    UNSYNCED_KINDS,
)

LATER_SHARE = 0.75
"""Of the runs: disks, clocks or operators besides."""

SURVIVES_TO_BE_SPOILT = 0.9
"""Of what a power loss could take, in runs where what survives it is spoilt."""

AWAY_SHARE = 0.5
AWAY_KINDS = frozenset({CRASH, PAUSE, BLOCK, ISOLATE})
"""Whoever stays away does so in one of these ways: where one of them may not come, nobody does."""

Families = list[tuple[str, ...]]


class Weights(msgspec.Struct, frozen=True):
    """How a seeded run is weighted. Shares are probabilities per slot, message or question."""

    kinds: tuple[str, ...]
    """A kind named twice comes twice as often."""
    fault: float
    delay: float
    send: float
    other: float = 0.5
    """Share of answers other than 0 to the rest: what a break or a power loss leaves."""
    delete: float = 0.05
    """Share of the slots in which a consumer asks for a deletion, where it does so at all."""
    remake: float = 0.02
    """Share of the slots in which the topic is deleted and made again, where that happens at all."""
    ask: float = 0.25
    """Share of the slots in which the auditor asks for offsets, where he does so at all."""
    administer: float = 0.1
    """Share of the slots in which an operator changes configurations or asks for them, where he does so at all."""
    away: float = 0.0
    """Share of the runs in which a node stays away when all other faults are over (`impl.sim.absence`)."""

    @property
    def survive(self) -> float:
        """Share of what was not synced of which something survives a power loss."""
        return self.other if set(UNSYNCED_KINDS).isdisjoint(self.kinds) else SURVIVES_TO_BE_SPOILT

    @classmethod
    def swarm(cls, seed: int, kinds: Sequence[str]) -> "Weights":
        """The recipe above, drawn for one seed out of these kinds."""
        draw = random.Random(f"weights {seed}")
        families = _of(FAMILIES, kinds)
        drawn = draw.sample(families, min(draw.choice((1, 2, 3)), len(families)))
        chosen = [kind for family in drawn for kind in family]
        if draw.random() < 0.5 and MOVE in kinds:
            chosen += [MOVE] * len(chosen)
        if all(kind == BREAK for kind in chosen):
            chosen = [MOVE] if MOVE in kinds else chosen
        shares = (
            draw.choice((0.02, 0.05, 0.1, 0.2)),
            draw.choice((0.02, 0.1, 0.2, 0.4)),
            draw.choice((0.1, 0.2, 0.5)),
        )
        of_machines = [kind for family in _later(draw, kinds) for kind in family]
        if of_machines:
            chosen += of_machines * max(1, len(chosen) // (2 * len(of_machines)))
        return cls(tuple(chosen), *shares, away=AWAY_SHARE if AWAY_KINDS.issubset(kinds) else 0.0)


def _later(draw: random.Random, kinds: Sequence[str]) -> Families:
    """The families of disks, clocks and operators that come in this run."""
    families = _of(LATER_FAMILIES, kinds)
    drawn: Families = []
    if not set(BEYOND_KINDS).isdisjoint(kinds):
        drawn.append(draw.choice(_of(LATER_FAMILIES, (*BEYOND_KINDS, *DAMAGE_KINDS))))
    if families and draw.random() < LATER_SHARE:
        drawn += draw.sample(families, min(draw.choice((1, 2)), len(families)))
    return drawn


def _of(families: Sequence[tuple[str, ...]], kinds: Sequence[str]) -> Families:
    """Of each family the kinds that there are; families of which there are none are left out."""
    of_these = [tuple(kind for kind in family if kind in kinds) for family in families]
    return [family for family in of_these if family]
