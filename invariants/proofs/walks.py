"""Random walks over the concrete reading: the quick way to find a conjunct that is wrong.

One rule: a walk chooses, never judges. Run it before asking a prover: what is false is found here in a second.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model.language import Disabled
from model.reading_values import Reading, Values

RARE = {
    "elect": 0.85,
    "elect_none": 0.95,
    "elect_eligible": 0.3,
    "elect_unclean": 0.93,
    "fail_over": 0.85,
    "reassign": 0.93,
    "take_offline": 0.9,
    "fence": 0.9,
    "lose_power": 0.8,
    "member_loses_power": 0.85,
    "leader_loses_power": 0.93,
    "restart": 0.95,
    "resume": 0.3,
    "flush": 0.97,
    "append": 0.3,
}
"""How often an action that is always possible is passed over, so that the others get their turn."""

QUORUM = {
    "observe": 0.85,
    "restart": 0.95,
    "stand": 0.9,
    "flush": 0.5,
    "campaign": 0.7,
    "campaign_with_pre_vote": 0.7,
    "ask_pre_vote": 0.9,
    "grant_pre_vote": 0.9,
    "stand_after_pre_vote": 0.9,
    "grant_vote": 0.9,
    "fetch": 0.5,
    "replicate": 0.9,
    "append": 0.6,
    "append_in_force": 0.5,
}
"""The same for the models of the quorum."""


class Walker:
    """Walks step by random step within the reading's bounds, passing over actions as `rare` says. `taken` counts steps
    by action."""

    def __init__(self, reading: Reading, *, seed: int = 0, rare: Mapping[str, float] | None = None) -> None:
        self.reading = reading
        self.rare = RARE if rare is None else rare
        self.random = random.Random(seed)
        self.taken: Counter[str] = Counter()

    def step(self, state: Values) -> tuple[str, tuple[Any, ...], Values] | None:
        """One random step; None where nothing can be done."""
        steps = self.reading.steps
        for name in self.random.sample(sorted(steps), len(steps)):
            if self.random.random() < self.rare.get(name, 0):
                continue
            step = steps[name]
            for arguments in self.shuffled(step.instances):
                try:
                    successor = step.after(state, arguments)
                except (Disabled, LookupError):
                    continue
                if step.inside(successor):
                    return name, arguments, successor
        return None

    def shuffled(self, instances: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return self.random.sample(instances, len(instances))

    def walk(self, length: int) -> Iterator[tuple[str, tuple[Any, ...], Values]]:
        """A walk of up to `length` steps, from a random initial in-sync set."""
        replicas = self.reading.replicas
        members = [r for r in replicas if self.random.random() < 0.8] or replicas
        state = self.reading.initial(members)
        for _ in range(length):
            taken = self.step(state)
            if taken is None and not (taken := self.step(state)):
                return
            self.taken[taken[0]] += 1
            state = taken[2]
            yield taken
