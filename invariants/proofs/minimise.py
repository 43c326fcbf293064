"""Makes a violating execution of the model short: steps that it does not need are left out.

One rule: every candidate is replayed on the concrete reading. What is left takes each of its steps, violates a safety
property with its last, and does so no more with any one step, or any two, left out.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from model.design import Model
from model.language import Disabled
from model.reading_values import Bounds, Call, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """An execution from the initial state with all replicas in sync, and the safety property its last step violates."""

    steps: tuple[Call, ...]
    invariant: str


class Replayer:
    """Replays executions of a model, or of a variant, at either grain, without caring for bounds."""

    def __init__(self, model: Model, variant: str | None, replicas: Sequence[int], *, synchronous: bool) -> None:
        bounds = Bounds(leader_epochs=15, partition_epochs=15, log=15, values=2, broker_epochs=15)
        self.reading = Reading(model, replicas=replicas, bounds=bounds, variant=variant, synchronous=synchronous)

    def violation(self, steps: Sequence[Call]) -> Violation | None:
        """What an execution comes to: cut after the first violation; None when it has none or cannot be taken."""
        state = self.reading.initial()
        for place, (name, parameters) in enumerate(steps):
            try:
                state = self.reading.after(state, name, list(parameters.values()))
            except (Disabled, LookupError):
                return None
            broken = self.reading.broken(state)
            if broken is not None:
                return Violation(steps=tuple(steps[: place + 1]), invariant=broken)
        return None

    def expanded(self, steps: Sequence[Call]) -> list[Call]:
        """The model's own actions that an execution at the synchronous grain stands for."""
        state, found = self.reading.initial(), []
        for name, parameters in steps:
            arguments = list(parameters.values())
            found += self.reading.expanded(state, name, arguments)
            state = self.reading.after(state, name, arguments)
        return found


def minimised(replayer: Replayer, found: Violation) -> Violation:
    """The violation with as few steps as leaving out one or two at a time comes to; its last step always stays."""
    for size in (1, 2, 1):
        again = True
        while again:
            shorter = without(replayer, found, size)
            again = shorter is not None
            found = shorter or found
    return found


def without(replayer: Replayer, found: Violation, size: int) -> Violation | None:
    """The same execution without some `size` of its steps, later ones tried first, if that still is a violation."""
    places = range(len(found.steps) - 2, -1, -1)
    for dropped in itertools.combinations(places, size):
        kept = [step for place, step in enumerate(found.steps) if place not in dropped]
        shorter = replayer.violation(kept)
        if shorter is not None:
            return shorter
    return None
