"""The third driver of the choices: a Hypothesis state machine over the simulated cluster.

One rule: rules are a few lines each and decide nothing themselves. What Hypothesis draws becomes choices of the world,
so that whatever it finds is a trace like any other: shrunk, saved, and repeated by `fencepost replay`.

Rules queue a fault, a send or a slow message and let time pass; the checker judges every step as it happens. At the end
every fault ends, the cluster heals, and everything is read back.
"""

from collections import deque
from pathlib import Path
from typing import ClassVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from campaign.mutants import MUTANTS
from campaign.shrinking import shrink_run
from campaign.trial import HEALS, may_repeat, nothing_lost
from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.sim import faults
from impl.sim.choices import Key
from impl.sim.drivers import Scripted
from impl.sim.faults import DURATIONS_MS, FaultTable
from impl.sim.network import DELAYS_MS
from impl.sim.scenario import Scenario
from impl.sim.world import SLOT_MS, World
from impl.storage.log_config import LogConfig
from invariants.step import Checker
from invariants.verdict import Violated

BROKERS = st.integers(1, 3)
NODES = st.integers(0, 3)
DURATIONS = st.sampled_from(DURATIONS_MS)
LEFT = st.lists(st.integers(0, 7), min_size=1, max_size=4)
DURABLE = Scenario(log=LogConfig(flush_messages=1), clients=3, plain_clients=1, keys=3, horizon_ms=3_600_000)


class Drawn(Scripted):
    """Answers what the rules have queued; to all else "nothing special"."""

    def __init__(self, table: FaultTable) -> None:
        super().__init__(table)
        self.delays: dict[str, deque[int]] = {}
        """By link: the delays of the next messages."""
        self.left: list[int] = [0]
        """What breaks and power losses leave, in turn."""
        self._turn = 0

    def choose(self, key: Key, n: int) -> int:
        if key[0] in ("fault", "send", "away"):
            return super().choose(key, n)
        value = 0
        if key[0] == "delay":
            waiting = self.delays.get(str(key[1]))
            value = waiting.popleft() if waiting else 0
        else:
            value = min(self.left[self._turn % len(self.left)], n - 1)
            self._turn += 1
        if value:
            self.made[key] = value
        return value


class Cluster(RuleBasedStateMachine):
    """Three brokers, a controller, three producers with three keys each, a consumer."""

    scenario: ClassVar[Scenario] = DURABLE
    mutant: ClassVar[str | None] = None
    found: ClassVar[Path] = Path("traces/found")
    """Where a failing run is saved."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn = Drawn(self.scenario.table())
        self._checker = Checker(may_repeat)
        bug = None if self.mutant is None else MUTANTS[self.mutant]
        self._world = World(
            self.scenario,
            self._drawn,
            observer=self._checker,
            make_broker=Broker if bug is None else bug.broker,
            make_controller=Controller if bug is None else bug.controller,
        )
        self._world.start()
        self._origin = self._world.now
        self._failed = False

    def advance(self, slots: int) -> None:
        """Let time pass; what the rules have queued happens in its first slots."""
        try:
            self._world.advance(slots * SLOT_MS)
        except Violated as violated:
            self._keep(violated, self._world.now - self._origin)
            raise

    def fault(self, kind: str, first: int = 0, second: int = 0, duration: int = DURATIONS_MS[0]) -> None:
        self._drawn.fault(kind, first, second, duration)
        self.advance(1)

    def _keep(self, violated: Violated, lasted: int) -> None:
        """Shrink the run and save it as an ordinary trace; the failure names the command that repeats it.

        `lasted`: how long the rules ruled, in milliseconds.
        """
        self._failed = True
        scenario = msgspec.structs.replace(self.scenario, horizon_ms=(lasted // SLOT_MS + 1) * SLOT_MS)
        found = shrink_run(scenario, self._drawn.made, None if self.mutant is None else MUTANTS[self.mutant])
        if found is not None:
            path = self.found / f"hypothesis-{self.mutant or 'clean'}-{found.invariant}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found.data)
            violated.add_note(f"repeat it: fencepost replay {path}")

    # ------------------------------------------------------------ rules
    @rule(slots=st.integers(1, 50))
    def wait(self, slots: int) -> None:
        self.advance(slots)

    @rule(client=st.integers(1, 3), key=st.integers(0, 2), slots=st.integers(1, 8))
    def send(self, client: int, key: int, slots: int) -> None:
        self._drawn.send(client, key)
        self.advance(slots)

    @rule(sender=NODES, receiver=NODES, delay=st.integers(1, len(DELAYS_MS) - 1))
    def slow_message(self, sender: int, receiver: int, delay: int) -> None:
        link = f"{faults.process_name(sender, 3)}>{faults.process_name(receiver, 3)}"
        self._drawn.delays.setdefault(link, deque()).append(delay)

    @rule(broker=BROKERS, partition=st.integers(0, 1))
    def move(self, broker: int, partition: int) -> None:
        self.fault(faults.MOVE, broker, min(partition, self.scenario.partitions - 1))

    @rule(broker=BROKERS, duration=DURATIONS)
    def crash(self, broker: int, duration: int) -> None:
        self.fault(faults.CRASH, broker, 0, duration)

    @rule(broker=BROKERS, write=st.integers(1, faults.WRITES_MAX), duration=DURATIONS)
    def crash_mid_write(self, broker: int, write: int, duration: int) -> None:
        self.fault(faults.CRASH_MID_WRITE, broker, write, duration)

    @rule(duration=DURATIONS)
    def crash_controller(self, duration: int) -> None:
        self.fault(faults.CONTROLLER_CRASH, faults.CONTROLLER_PROCESS, 0, duration)

    @rule(node=NODES, duration=DURATIONS)
    def pause(self, node: int, duration: int) -> None:
        self.fault(faults.PAUSE, node, 0, duration)

    @rule(pair=st.sampled_from([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (1, 4), (2, 5)]), left=LEFT)
    def break_connection(self, pair: tuple[int, int], left: list[int]) -> None:
        self._drawn.left = left
        self.fault(faults.BREAK, *pair)

    @rule(sender=NODES, receiver=NODES, duration=DURATIONS)
    def block(self, sender: int, receiver: int, duration: int) -> None:
        if sender != receiver:
            self.fault(faults.BLOCK, sender, receiver, duration)

    @rule(sender=NODES, receiver=NODES, duration=DURATIONS)
    def lag(self, sender: int, receiver: int, duration: int) -> None:
        if sender != receiver:
            self.fault(faults.LAG, sender, receiver, duration)

    @rule(broker=BROKERS, with_clients=st.integers(0, 1), duration=DURATIONS)
    def isolate(self, broker: int, with_clients: int, duration: int) -> None:
        self.fault(faults.ISOLATE, broker, with_clients, duration)

    def teardown(self) -> None:
        """Heal, read back, and judge what the clients saw."""
        if self._failed:
            return
        lasted = self._world.now - self._origin
        try:
            outcome = self._world.finish()
            self._checker.finish(self._world.auditor.name if outcome.healthy else "")
            if not outcome.healthy:
                raise Violated(HEALS, self._world.ails())
            nothing_lost(outcome)
        except Violated as violated:
            self._keep(violated, lasted)
            raise


class ClusterWithPower(Cluster):
    """Power may fail too: what was not synced is lost, torn or kept."""

    @rule(broker=BROKERS, duration=DURATIONS, left=LEFT)
    def lose_power(self, broker: int, duration: int, left: list[int]) -> None:
        self._drawn.left = left
        self.fault(faults.POWER_LOSS, broker, 0, duration)

    @rule(broker=BROKERS, write=st.integers(1, faults.WRITES_MAX), duration=DURATIONS, left=LEFT)
    def lose_power_mid_write(self, broker: int, write: int, duration: int, left: list[int]) -> None:
        self._drawn.left = left
        self.fault(faults.POWER_LOSS_MID_WRITE, broker, write, duration)

    @rule(duration=DURATIONS, left=LEFT)
    def lose_power_everywhere(self, duration: int, left: list[int]) -> None:
        self._drawn.left = left
        self.fault(faults.BLACKOUT, 0, 0, duration)
