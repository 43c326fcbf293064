"""What is done to a live cluster and when, drawn from a seed.

One rule: a schedule is data. Times are wishes: a strike that damages a directory waits until every replica is whole, so
that one copy at most is ever missing, and the strikes after it come later.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from campaign.storm.proxy import CLIENTS

KILL = "kill"
PAUSE = "pause"
RESTART = "restart"
CUT = "cut"
ONE_WAY = "one-way"
ISOLATE = "isolate"
SLOW = "slow"
DISK_FULL = "disk full"
CORRUPT = "corrupt tail"
WIPE = "wipe"
CONTROLLER_KILL = "controller kill"
CONTROLLER_PAUSE = "controller pause"
KINDS = (KILL, PAUSE, RESTART, CUT, ONE_WAY, ISOLATE, SLOW, DISK_FULL, CORRUPT, WIPE, CONTROLLER_KILL, CONTROLLER_PAUSE)
LOSSY = frozenset((CORRUPT, WIPE))
"""Kinds after which a copy is missing: never two at once."""
WEIGHTS = {KILL: 3, PAUSE: 3, ISOLATE: 2, ONE_WAY: 2}
"""Of 1, where not named."""
ABOUT = {
    KILL: "kill -9, started again at the end",
    PAUSE: "SIGSTOP, SIGCONT at the end",
    RESTART: "SIGTERM, started again at once",
    CUT: "connections between two nodes, or of the clients to one, reset and refused",
    ONE_WAY: "nothing from one reaches another",
    ISOLATE: "nothing reaches a broker from other nodes, or nothing leaves it for them",
    SLOW: "everything between two comes late",
    DISK_FULL: "no space left on a broker's disk",
    CORRUPT: "kill -9, garbage behind or torn bytes off the end of its logs, started again",
    WIPE: "kill -9, its directory emptied, started again",
    CONTROLLER_KILL: "kill -9 of a controller, started again at the end",
    CONTROLLER_PAUSE: "SIGSTOP of a controller, SIGCONT at the end",
}
SECONDS = (0.3, 4.0)
"""How long a strike lasts: some shorter than a session, some longer."""
GAP_SECONDS = (0.2, 2.0)
"""Between the beginnings of two."""
CALM_SECONDS = 1.0
"""Before the first."""


class Strike(NamedTuple):
    """One thing done, from `at` seconds after the beginning, for `seconds`. Targets are nodes' names."""

    at: float
    seconds: float
    kind: str
    targets: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.at:7.2f} s  {self.kind} {' '.join(self.targets)} for {self.seconds:.2f} s"


def schedule(
    seed: int, seconds: float, brokers: Sequence[str], controllers: Sequence[str], kinds: Sequence[str]
) -> list[Strike]:
    """Strikes that begin within `seconds`, in the order of their beginnings. The same arguments give the same."""
    draw = random.Random(f"{seed}:{','.join(kinds)}")
    known = [kind for kind in KINDS if kind in kinds]
    weights = [WEIGHTS.get(kind, 1) for kind in known]
    strikes = []
    at = CALM_SECONDS
    while at < seconds and known:
        (kind,) = draw.choices(known, weights)
        strikes.append(
            Strike(round(at, 3), round(draw.uniform(*SECONDS), 3), kind, _targets(draw, kind, brokers, controllers))
        )
        at += draw.uniform(*GAP_SECONDS)
    return strikes


def _targets(draw: random.Random, kind: str, brokers: Sequence[str], controllers: Sequence[str]) -> tuple[str, ...]:
    if kind in (CONTROLLER_KILL, CONTROLLER_PAUSE):
        return (draw.choice(controllers),)
    if kind in (CUT, ONE_WAY, SLOW):
        one = draw.choice(brokers)
        other = draw.choice([node for node in (*brokers, *controllers, CLIENTS) if node != one])
        return (one, other) if draw.random() < 0.5 else (other, one)
    if kind == ISOLATE:
        return (draw.choice(brokers), draw.choice(("in", "out", "both")))
    return (draw.choice(brokers),)
