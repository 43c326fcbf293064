"""Who answers `choose`: a seeded generator, a recorded map, a script; each records its answers that were not 0.

One rule: weights live here. The world sees values; how often a fault comes, and which kinds, is the driver's business.

Keys the world asks, and what the value says:

    ("fault", slot)                  a value of `impl.sim.faults.FaultTable`; a slot is 20 ms of the run
    ("send", slot, client)           a producer sends to its key number value - 1
    ("tombstone", slot, client)      where logs are compacted: the last record that is sent then has no value
    ("cut short", slot, node)        where logs are compacted: at which write of a cleaning the process dies
    ("delete", slot, client)         a consumer asks for a deletion: partition and how much (`impl.sim.trimmer`)
    ("last delete", client)          one more, when nothing is written any more; 0: none
    ("remake", slot)                 the topic is deleted, and made again, and when (`impl.sim.remaker`)
    ("ask", slot)                    the auditor asks for offsets: of which partition, and which (`impl.sim.asker`)
    ("administer", slot)             an operator changes configurations, and which (`impl.sim.administrator`)
    ("away",)                        who stays away when the faults are over, and how (`impl.sim.absence`); 0: nobody
    ("delay", link, window, index)   extra delay of the index-th message put on a link (`n1>n2`) in a 20 ms window
    ("arrived", link, window, index) how many messages in flight still arrive when a connection breaks
    ("jitter", node, life)           by which number a start of one of several controllers spreads its timeouts
    ("lost", node, file, life)       which unsynced write a power loss leaves out, or puts in another's place; 0: none
    ("bit", node, life)              which bit of a disk flips
    ("survive", node, what, life)    how much of what was not synced survives the power loss that ends this life of a
                                     node; `what` as in `impl.sim.disk.Decide`: a file, or a directory entry

How a seeded run is weighted is told in `impl.sim.weights`.
"""

import random
from collections import deque
from collections.abc import Mapping

from impl.sim.choices import Choices, Key
from impl.sim.faults import BEYOND_KINDS, FaultTable
from impl.sim.weights import Weights

TOMBSTONE_SHARE = 0.3
"""Of the batches of logs that are compacted: they end with a record that deletes their key."""

LAST_DELETE_SHARE = 0.5
"""Of the consumers who ask for deletions: they do so once more when all is over."""

CUT_SHORT_SHARE = 0.05
"""Of the cleanings of those: the process dies in the middle."""


class Seeded:
    """A generator with weights. Each kind of key draws from its own stream: more messages do not change the faults."""

    def __init__(self, seed: int, table: FaultTable, weights: Weights | None = None) -> None:
        self.weights = weights or Weights.swarm(seed, [kind for kind in table.kinds if kind not in BEYOND_KINDS])
        self.made: dict[Key, int] = {}
        """Every answer that was not 0."""
        self._table = table
        self._faults = random.Random(f"faults {seed}")
        self._sends = random.Random(f"sends {seed}").random
        self._delays = random.Random(f"delays {seed}").random
        self._others = random.Random(f"others {seed}").random
        self._deletions = random.Random(f"deletions {seed}").random
        self._remakes = random.Random(f"remakes {seed}").random
        self._questions = random.Random(f"questions {seed}").random
        self._orders = random.Random(f"orders {seed}").random
        self._away = random.Random(f"away {seed}").random
        self._cuts = random.Random(f"cuts {seed}").random
        self._tombstones = random.Random(f"tombstones {seed}").random
        self._delay_share = self.weights.delay
        self._send_share = self.weights.send
        self._other_share = self.weights.other
        self._survive_share = self.weights.survive

    def choose(self, key: Key, n: int) -> int:
        kind = key[0]
        if kind == "delay":
            if self._delays() >= self._delay_share:
                return 0
            value = 1 + int(self._delays() * (n - 1))
        elif kind == "send":
            if self._sends() >= self._send_share:
                return 0
            value = 1 + int(self._sends() * (n - 1))
        elif kind == "fault":
            if self._faults.random() >= self.weights.fault:
                return 0
            value = self._fault()
        elif kind == "delete":
            if self._deletions() >= self.weights.delete:
                return 0
            value = 1 + int(self._deletions() * (n - 1))
        elif kind == "remake":
            if self._remakes() >= self.weights.remake:
                return 0
            value = 1 + int(self._remakes() * (n - 1))
        elif kind == "ask":
            if self._questions() >= self.weights.ask:
                return 0
            value = 1 + int(self._questions() * (n - 1))
        elif kind == "administer":
            if self._orders() >= self.weights.administer:
                return 0
            value = 1 + int(self._orders() * (n - 1))
        elif kind == "away":
            if self._away() >= self.weights.away:
                return 0
            value = 1 + int(self._away() * (n - 1))
        elif kind == "last delete":
            value = 1 + int(self._deletions() * (n - 1)) if self._deletions() < LAST_DELETE_SHARE else 0
        elif kind == "tombstone":
            value = int(self._tombstones() < TOMBSTONE_SHARE)
        elif kind == "cut short":
            value = 1 + int(self._cuts() * (n - 1)) if self._cuts() < CUT_SHORT_SHARE else 0
        elif kind == "lost":
            # A fault that is there to spoil something does.
            value = 1 + int(self._others() * (n - 1))
        elif kind == "survive":
            value = self._other(n, self._survive_share)
        else:
            value = self._other(n, self._other_share)
        if value:
            self.made[key] = value
        return value

    def _fault(self) -> int:
        draw, kinds = self._faults, self.weights.kinds
        if not kinds:
            return 0
        values = self._table.values[kinds[int(draw.random() * len(kinds))]]
        return values[int(draw.random() * len(values))] if values else 0

    def _other(self, n: int, share: float) -> int:
        if n < 2 or self._others() >= share:
            return 0
        return 1 + int(self._others() * (n - 1))


class Recorded:
    """Answers from a map; a key that is not there is 0. A value too big for its question is lowered to fit."""

    def __init__(self, choices: Mapping[Key, int]) -> None:
        self._get = choices.get
        self.made: dict[Key, int] = {}
        """The entries that were asked for: the rest of the map had no part in the run."""

    def choose(self, key: Key, n: int) -> int:
        value = self._get(key, 0)
        if value:
            value = min(value, n - 1)
            self.made[key] = value
        return value


class Scripted:
    """A queue of faults and sends over another driver: for callers that decide while the run goes on.

    What is queued is answered, one entry a slot and client, and recorded like any choice, so that the run replays from
    `made` alone.
    """

    def __init__(self, table: FaultTable, base: Choices | None = None) -> None:
        self.made: dict[Key, int] = {}
        self._table = table
        self._base = base or Recorded({})
        self._faults: deque[int] = deque()
        self._sends: dict[int, deque[int]] = {}

    def fault(self, kind: str, first: int = 0, second: int = 0, duration_ms: int = 40) -> None:
        """A fault for the next free slot. Raises ValueError where there is no such fault (see `FaultTable`)."""
        self._faults.append(self._table.encode(kind, first, second, duration_ms))

    def send(self, client: int, key: int) -> None:
        """Producer `client` (from 1) sends to its key number `key` (from 0) in its next free slot."""
        self._sends.setdefault(client, deque()).append(1 + key)

    def choose(self, key: Key, n: int) -> int:
        if key[0] == "fault" and self._faults:
            value = self._faults.popleft()
        elif key[0] == "send" and self._sends.get(int(key[2])):
            value = min(self._sends[int(key[2])].popleft(), n - 1)
        else:
            value = self._base.choose(key, n)
        if value:
            self.made[key] = value
        return value
