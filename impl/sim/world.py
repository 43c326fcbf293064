"""The simulated world: a virtual clock, a network, processes with disks, clients, and faults.

One rule: whatever is not determined by the scenario is asked of the choices, under a key that says what is decided.
The same scenario and the same choices are the same run, step by step, in any process.

Theory of operation. Everything that will happen is an entry on one heap, ordered by time and then by the order in
which it was put there. An entry is a message's arrival, the news that a connection is gone, a tick, the end of a pause,
a restart, or a slot: every 20 ms the choices are asked whether a fault happens and whether a client sends. The clock
jumps from entry to entry.

A run has three parts. The cluster starts and a topic is made, with nothing left to choice. Then the choices rule for
the scenario's horizon. Then every fault ends, the cluster heals, every producer gets its answers, and the auditor reads
everything back.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.events import ConnectionLost, Disconnected, Event, Send, SendReply, Tick
from impl.core.facts import Fact
from impl.core.types import CONTROLLER, Connection, Millis, NodeId, TopicPartition
from impl.host.controller import ControllerHost
from impl.sim.choices import Choices
from impl.sim.disk import Crashed
from impl.sim.faults import CONTROLLER_PROCESS
from impl.sim.injection import Injector
from impl.sim.ledger import Ledger, Outcome
from impl.sim.network import DELIVER, LOST, TO_ACCEPTOR, TO_OPENER, WINDOW_MS, Entry, Network
from impl.sim.observer import Nobody, Observer
from impl.sim.population import Population
from impl.sim.process import Process
from impl.sim.recording import Recording
from impl.sim.scenario import TOPIC, Scenario
from impl.sim.transport import Transport, WireTransport
from traces.recorder import Recorder
from traces.schema import Op

SLOT_MS = WINDOW_MS
_TICK, _SLOT, _WAKE, _RESTART = range(LOST + 1, LOST + 5)
_START_MS_MAX = 10_000
_READ_MS_MAX = 3_000
"""The final reading may go on for so long after it first looked complete and was not."""
_HEALTH_MS = 100
TICK = Tick()


class World:
    """One run. `run` does it whole; `start`, `advance` and the methods of `faults` do it by hand."""

    def __init__(
        self,
        scenario: Scenario,
        choices: Choices,
        *,
        observer: Observer | None = None,
        recorder: Recorder | None = None,
        make_broker: type[Broker] = Broker,
        make_controller: type[Controller] = Controller,
    ) -> None:
        self.scenario = scenario
        self.choose = choices.choose
        self.now = 0
        self.steps = 0
        """Events handled by brokers and the controller."""
        self.observer: Observer = observer or Nobody()
        self.table = scenario.table()
        self.ledger = Ledger(self._operation)
        self._heap: list[Entry] = []
        self._order = count()
        self._origin = 0
        self._slots_end = 0
        self._operations = 0
        population = Population(scenario, self._facts, self.ledger.op, make_broker, make_controller)
        self.processes: list[Process] = population.processes
        self.nodes: list[Process] = self.processes[: scenario.brokers + 1]
        """The controller, then the brokers."""
        self.producers = population.producers
        self.auditor = population.auditor
        names = [process.name for process in self.processes]
        self.network = Network(names, self._heap, self._order, choices)
        self.faults = Injector(self)
        self._transport = WireTransport() if scenario.wire else Transport()
        self._recording = None if recorder is None else Recording(recorder, self.network, names)

    # ------------------------------------------------------------ a whole run
    def run(self) -> Outcome:
        """Start, let the choices rule for the horizon, heal, read back."""
        self.start()
        self.advance(self.scenario.horizon_ms)
        return self.finish()

    def start(self) -> None:
        """Bring the cluster up and make the topic. From then on slots ask the choices, until the horizon."""
        for process in self.processes:
            self._begin(process)
        while not self.auditor.whole:
            assert self.now < _START_MS_MAX, "the cluster does not come up by itself"
            self.advance(SLOT_MS)
        self._origin = self.now
        self._slots_end = self.now + self.scenario.horizon_ms
        self.network.start_choosing(self.now)
        self._push(self.now, _SLOT)

    def finish(self) -> Outcome:
        """End every fault, wait until the cluster is whole and every producer idle, and read everything back."""
        self._slots_end = self.now
        self.network.calm = True
        self.faults.heal()
        self.auditor.watch()
        end = self.now + self.scenario.settle_ms_max
        while self.now < end and not (self.auditor.whole and self._idle()):
            self.advance(_HEALTH_MS)
        healed = self.auditor.whole and self._idle()
        self.ledger.reader = self.auditor.name
        self.auditor.read()
        end = min(end, self.now + _READ_MS_MAX) if healed else self.now + _READ_MS_MAX
        while self.now < end and not (self.auditor.caught_up() and not self.ledger.lost()):
            self.advance(_HEALTH_MS)
        return self._outcome(healed and self.auditor.caught_up())

    def _idle(self) -> bool:
        return all(producer.idle for _, producer in self.producers)

    def _outcome(self, healthy: bool) -> Outcome:
        return Outcome(
            steps=self.steps,
            simulated_ms=self.now,
            invoked=self.ledger.invoked,
            acknowledged=len(self.ledger.acknowledged),
            consumed=self.ledger.consumed,
            healthy=healthy,
            lost=self.ledger.lost(),
            disordered=self.ledger.disordered(),
            given_up=sum(producer.given_up for _, producer in self.producers),
        )

    # ------------------------------------------------------------ the clock
    def advance(self, milliseconds: int) -> None:
        """Let that much time pass."""
        heap, processes, until = self._heap, self.processes, self.now + milliseconds
        while heap and heap[0][0] <= until:
            self.now, number, what, one, two, event = heappop(heap)
            if what == DELIVER:
                # `one` is the connection, `two` the direction.
                if self.network.arrives(one, two):
                    process = processes[one.ends[two]]
                    if process.life == one.lives[two] and process.alive:
                        sender = processes[one.ends[1 - two]]
                        self._hand(process, self._transport.unpack(process, one, sender, event), number)
            elif what == _TICK:
                process = processes[one]
                if process.life == two and process.alive:
                    heappush(heap, (self.now + process.tick_ms, next(self._order), _TICK, one, two, None))
                    if process.paused_until <= self.now:
                        self._step(process, TICK, number)
            elif what == _SLOT:
                self._slot()
            elif what == LOST:
                self._lost(one, two, number)
            elif what == _WAKE:
                self._wake(processes[one], two)
            else:
                assert what == _RESTART
                if processes[one].life == two and not processes[one].alive:
                    self._begin(processes[one])
        self.now = until

    def _push(self, at: int, what: int, one: Any = None, two: Any = None) -> None:
        heappush(self._heap, (at, next(self._order), what, one, two, None))

    def _slot(self) -> None:
        """Ask what happens now."""
        slot = (self.now - self._origin) // SLOT_MS
        if self.now >= self._slots_end:
            return
        self._push(self.now + SLOT_MS, _SLOT)
        if self._recording is not None:
            self._recording.idle()
        value = self.choose(("fault", slot), self.table.size)
        if value:
            self.faults.apply(self.table.decode(value))
        for number, (_, producer) in enumerate(self.producers, 1):
            value = self.choose(("send", slot, number), 1 + len(producer.keys))
            if value:
                self.produce(number, value - 1)

    # ------------------------------------------------------------ processes
    def _begin(self, process: Process) -> None:
        """Start a process on what its disk holds."""
        process.alive = True
        process.silent_until = 0
        self._push(self.now + process.index % process.tick_ms, _TICK, process.index, process.life)
        if process.make_host is None:
            return
        host = process.host = process.make_host(process.life)
        process.handle = host.handle
        self.steps += 1
        self._run(process, None, -1)

    def _hand(self, process: Process, event: Event, number: int) -> None:
        """An event reached a living process: it is handled now, or when the pause is over."""
        if process.paused_until > self.now:
            process.inbox.append((number, event))
        else:
            self._step(process, event, number)

    def _wake(self, process: Process, life: int) -> None:
        if process.life != life or process.paused_until > self.now:
            return
        inbox, process.inbox = process.inbox, []
        for number, event in inbox:
            if process.alive and process.life == life:
                self._step(process, event, number)

    def _lost(self, connection: Any, direction: int, number: int) -> None:
        """One end learns that its connection is gone."""
        self.network.forget(connection, direction)
        process = self.processes[connection.ends[direction]]
        if not process.alive or process.life != connection.lives[direction]:
            return
        if direction == TO_OPENER:
            self._hand(process, ConnectionLost(self.processes[connection.acceptor].node), number)
        else:
            self._hand(process, Disconnected(Connection(connection.identity)), number)

    def _step(self, process: Process, event: Event, number: int) -> None:
        if process.disk is not None:
            self.steps += 1
        if self._recording is not None:
            self._run(process, event, number)
            return
        try:
            effects = process.handle(event, self.now)
        except Crashed:
            self.faults.doom_came(process)
            return
        if effects:
            self._perform(process, effects)

    def _run(self, process: Process, event: Event | None, number: int) -> None:
        """A step with its trace line, or a start (`event` None)."""
        recording = self._recording
        if recording is not None:
            recording.begin()
        acted = False
        effects: Sequence[Any]
        try:
            if event is None:
                assert process.host is not None
                effects = process.host.start(Millis(self.now))
            else:
                effects = process.handle(event, self.now)
            acted = bool(effects)
        except Crashed:
            self.faults.doom_came(process)
            return
        finally:
            if recording is not None and process.alive:
                recording.step(process, event, number, self.now, acted=acted)
        self._perform(process, effects)

    # ------------------------------------------------------------ effects
    def _perform(self, process: Process, effects: Sequence[Any]) -> None:
        for effect in effects:
            kind = type(effect)
            if kind is Send:
                self._send(process, effect)
            elif kind is SendReply:
                self._reply(process, effect)

    def _send(self, process: Process, send: Send) -> None:
        target = CONTROLLER_PROCESS if send.node == CONTROLLER else send.node
        network, now = self.network, self.now
        connection = network.connection(process.index, target)
        if connection is None:
            peer = self.processes[target]
            connection = network.open(process.index, target, (peer.life, process.life))
            if not peer.alive:
                network.refuse(connection, now, notice=peer.silent_until)
        if not connection.broken:
            packed = self._transport.pack_request(process, connection, send)
            number = network.send(connection, TO_ACCEPTOR, packed, now)
            if self._recording is not None:
                self._recording.sent(number)

    def _reply(self, process: Process, sent: SendReply) -> None:
        connection = self.network.accepted(sent.connection)
        if connection is not None and not connection.broken:
            packed = self._transport.pack_reply(process, connection, sent)
            number = self.network.send(connection, TO_OPENER, packed, self.now)
            if self._recording is not None:
                self._recording.sent(number)

    # ------------------------------------------------------------ for faults and for callers that act by hand
    def produce(self, client: int, key: int) -> None:
        """Producer `client` (from 1) sends its next batch of its key number `key` (from 0)."""
        process, producer = self.producers[client - 1]
        self._perform(process, producer.produce(key, self.now))

    def move_leader(self, broker: int, partition: int) -> None:
        """Tell the controller to make this broker the leader, as an operator would."""
        process = self.processes[CONTROLLER_PROCESS]
        assert isinstance(process.host, ControllerHost)
        name = TopicPartition(TOPIC, partition)
        recording = self._recording
        if recording is not None:
            recording.begin()
        effects = process.host.move_leader(name, NodeId(broker), Millis(self.now))
        if recording is not None:
            recording.step(process, f"asked to move {name} to n{broker}", 0, self.now, acted=bool(effects))
        self._perform(process, effects)

    def schedule_restart(self, process: Process, at: int) -> None:
        self._push(at, _RESTART, process.index, process.life)

    def schedule_wake(self, process: Process) -> None:
        self._push(process.paused_until, _WAKE, process.index, process.life)

    def note_fault(self, kind: str, targets: tuple[str, ...], detail: str) -> None:
        """Tell whoever watches."""
        self.observer.fault(kind, targets)
        if self._recording is not None:
            self._recording.recorder.fault(self.now, kind, targets, detail)

    def _facts(self, name: str, facts: list[Fact]) -> None:
        if facts:
            if self._recording is not None:
                self._recording.facts = facts
            self.observer.facts(name, self.now, facts)

    def _operation(self, **fields: Any) -> None:
        self.observer.op(Op(n=self._operations, **fields))
        self._operations += 1
        if self._recording is not None:
            self._recording.recorder.op(**fields)
