"""What a campaign runs: the cluster and the kinds of fault that may come, by name.

One rule: a profile says what must hold under it. The invariants are the same in all.
"""

import random
from typing import NamedTuple

from impl.sim.drivers import Seeded
from impl.sim.faults import BEYOND_KINDS, DAMAGE_KINDS, KINDS, POWER_KINDS, UNSYNCED_KINDS
from impl.sim.scenario import Scenario
from impl.sim.weights import Weights
from impl.storage.log_config import LogConfig


class Profile(NamedTuple):
    scenario: Scenario
    kinds: tuple[str, ...]
    """Kinds of fault (`impl.sim.faults`) that may come."""
    about: str
    parts: tuple[str, ...] = ()
    """Other profiles, of which every seed draws one."""

    def of(self, seed: int) -> "Profile":
        """The profile that this seed's run has."""
        return PROFILES[random.Random(f"profile {seed}").choice(self.parts)] if self.parts else self


TOLERATED = tuple(kind for kind in KINDS if kind not in BEYOND_KINDS)

PROFILES: dict[str, Profile] = {
    "durable": Profile(
        Scenario(log=LogConfig(flush_messages=1)),
        tuple(kind for kind in TOLERATED if kind not in (*DAMAGE_KINDS, *UNSYNCED_KINDS)),
        "flush.messages=1: every write is synced before it is answered. Nothing is lost, whatever fails, even all "
        "replicas at once, as long as disks keep what they have synced.",
    ),
    "default": Profile(
        Scenario(),
        TOLERATED,
        "Kafka's default: nothing is synced before it is answered. Nothing is lost while fewer than "
        "min.insync.replicas lose power, or their disk (KIP-903, KIP-966).",
    ),
    "crashes": Profile(
        Scenario(),
        tuple(kind for kind in KINDS if kind not in POWER_KINDS),
        "Kafka's default, and the power stays on: a process that dies loses nothing it has written, and nothing is "
        "lost.",
    ),
}
TOLERANT = tuple(PROFILES)
"""Whose promises include that nothing is lost and that the cluster heals."""
PROFILES["beyond"] = Profile(
    Scenario(log=LogConfig(flush_messages=1), beyond=True),
    tuple(kind for kind in KINDS if kind not in UNSYNCED_KINDS),
    "More fails than is tolerated: disks lose and change what was synced, on any number of replicas. Records may be "
    "lost and the cluster may not heal; whatever is there must be in order, agree on all replicas and have been sent.",
)
PROFILES["mixed"] = Profile(
    Scenario(),
    KINDS,
    "Every run has one of the other profiles, drawn by its seed; half are default, one in eight is beyond.",
    ("durable", "durable", *("default",) * 4, "crashes", "beyond"),
)


def seeded(profile: Profile, seed: int) -> tuple[Scenario, Seeded]:
    """One seed's run of a profile: its cluster, and its choices with weights drawn for it."""
    profile = profile.of(seed)
    scenario = profile.scenario.varied(seed)
    return scenario, Seeded(seed, scenario.table(), Weights.swarm(seed, profile.kinds))
