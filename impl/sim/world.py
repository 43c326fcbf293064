"""The simulated world: a cluster with its disks, network and clients, and the faults that befall it.

One rule: whatever is not determined by the scenario is asked of the choices, under a key that says what is decided.
The same scenario and the same choices are the same run, step by step, in any process.

A run has three parts. The cluster starts and a topic is made, with nothing left to choice. Then the choices rule for
the scenario's horizon: every 20 ms, a slot, they are asked whether a fault happens and whether a client sends, and for
every message how long it takes. Then every fault ends, the cluster heals, goes on without one node, if the choices
have it so, and heals again; every producer gets its answers, and the auditor reads everything back.
"""

from collections.abc import Callable
from functools import partial

from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.decided_facts import Fact
from impl.core.quorum.controller import QuorumController
from impl.host.broker import BrokerHost, MakeBroker
from impl.host.controller import MakeController, MakeQuorum
from impl.sim import topic_ends
from impl.sim.absence import Absence, absences
from impl.sim.administrator import ORDERS
from impl.sim.by_topic_id import ByTopicId, WireByTopicId
from impl.sim.choices import Choices
from impl.sim.engine import Engine
from impl.sim.inspection import Inspector
from impl.sim.keeping import NOTHING
from impl.sim.ledger import Ledger, Outcome
from impl.sim.network import WINDOW_MS
from impl.sim.observer import LogObserver, Observer
from impl.sim.population import Population
from impl.sim.process import Process
from impl.sim.producer import Producer
from impl.sim.quiet import deletes, reassigns
from impl.sim.remaker import PAUSES_MS, Remaker
from impl.sim.roll_call import absentees
from impl.sim.scenario import TOPIC, Scenario
from impl.sim.transport import Transport, WireTransport
from traces.recorder import OpFields, Recorder
from traces.schema import Op

SLOT_MS = WINDOW_MS
CUT_SHORT_WRITES = 24
"""A process that dies while it compacts does so at one of so many writes."""
CUT_SHORT_MS = 200
"""How long it then stays down."""
_START_MS_MAX = 10_000
_READ_MS_MAX = 3_000
"""How long the final reading may go on where it does not find everything."""
_HEALTH_MS = 100
"""How often the healing cluster is looked at."""


def _inspector_for(observer: object) -> Inspector | None:
    if isinstance(observer, LogObserver):
        return Inspector(observer)
    return None


class World(Engine):
    """One run. `run` does it whole; `start`, `advance`, `finish` and the methods of `faults` do it by hand."""

    def __init__(
        self,
        scenario: Scenario,
        choices: Choices,
        *,
        observer: Observer | None = None,
        recorder: Recorder | None = None,
        make_broker: MakeBroker = Broker,
        make_controller: MakeController = Controller,
        make_quorum: MakeQuorum = QuorumController,
        make_host: type[BrokerHost] = BrokerHost,
        make_producer: type[Producer] = Producer,
    ) -> None:
        """What makes the nodes and the producers may make them with a bug planted in them."""
        self.scenario = scenario
        self.table = scenario.table()
        self.ledger = Ledger(self._operation, compacted=scenario.compacted is not None)
        self._compacts = scenario.compacted is not None
        self._inspector = _inspector_for(observer) if self._compacts else None
        population = Population(
            scenario,
            self.note_facts if self._inspector is None else self._note_compacted,
            self.note_quorum,
            self.ledger.op,
            make_broker,
            make_controller,
            make_quorum,
            make_host,
            make_producer,
            choices.choose,
        )
        self.producers = population.producers
        self._cleaned: dict[str, int] = {}
        """By broker: the slot in which it was last asked whether a cleaning is cut short."""
        for process in population.processes if self._compacts else ():
            if process.disk is not None:
                process.disk.cleaning_begins = partial(self._cleaning_begins, process)
        if self._inspector is not None:
            self._inspector.watch(population.processes)
        self._asks = scenario.asks
        self._administrator = population.administrator
        if (self._asks or self._compacts) and isinstance(observer, LogObserver):
            for _, producer in self.producers:
                producer.wrote = observer.wrote
        self._trimmers = population.trimmers
        self._consumers = population.consumers
        self._absence: Absence | None = None
        self._missing: dict[str, str] = {}
        """Who could not be waited for any longer before a node was to go, and why."""
        self._senders = range(1, 1 + len(self.producers))
        self.auditor = population.auditor
        self._auditor_process = population.auditor_process
        self._origin = 0
        self._slots_end = 0
        self._operations = 0
        self._remaker = self.auditor if isinstance(self.auditor, Remaker) else None
        super().__init__(choices, population.processes, _transport_of(scenario), observer)
        if recorder is not None:
            self.record(recorder)

    # ------------------------------------------------------------ a whole run
    def run(self) -> Outcome:
        """Start, let the choices rule for the horizon, heal, read back. What an observer raises ends the run."""
        self.start()
        self.advance(self.scenario.horizon_ms)
        return self.finish()

    def start(self) -> None:
        """Bring the cluster up and make the topic. From then on slots ask the choices, until the horizon."""
        for process in self.processes:
            self.begin(process)
        while not self.auditor.whole:
            assert self.now < _START_MS_MAX, "a cluster without faults comes up by itself"
            self.advance(SLOT_MS)
        self._origin = self.now
        self._slots_end = self.now + self.scenario.horizon_ms
        self.network.start_choosing(self.now)
        self.push_slot(self.now)

    def finish(self) -> Outcome:
        """End every fault, wait until the cluster is whole and every producer idle, and read everything back."""
        self._slots_end = self.now
        self.network.calm = True
        self.faults.heal()
        self.auditor.watch()
        settled = self._settles()
        if settled and not self.scenario.beyond:
            self._waits_while(lambda: reassigns(self.faults.active()))
            if not self._goes_on():
                return self._outcome(healthy=False)
            settled = self._settles()
            self._deletes_last()
        self.ledger.reader = self.auditor.name
        self.auditor.read()
        end = self.now + _READ_MS_MAX
        while self.now < end and not (self.auditor.caught_up() and self.ledger.read_out()):
            self.advance(_HEALTH_MS)
            self.ledger.present = self.auditor.labels()
            self._note_retention()
        if settled and not self.scenario.beyond:
            self._waits_while(lambda: deletes(self.nodes))
        if self._inspector is not None:
            self._inspector.look_at_all(self.now)
        return self._outcome(healthy=settled and self.auditor.caught_up())

    def _settles(self) -> bool:
        """Wait until everybody is back and every producer idle, as long as that may take; whether it is so."""
        end = self.now + self.scenario.settle_ms_max
        while self.now < end and not self._settled():
            if self._remaker is not None and self._ails_of_topics():
                # What the auditor was told is old news; the topic may even be gone.
                self.auditor.watch()
            self.advance(_HEALTH_MS)
        return self._settled()

    def _deletes_last(self) -> None:
        """Ask who deletes records now that nobody writes any: what is done then, no record brings to anybody."""
        for process, trimmer in self._trimmers:
            value = self.choose(("last delete", process.name), 1 + trimmer.values)
            if value:
                self.perform(process, trimmer.delete(value - 1, self.now))

    def _waits_while(self, busy: Callable[[], bool]) -> None:
        """Until something has come to its end, as long as that may take."""
        end = self.now + self.scenario.settle_ms_max
        while self.now < end and busy():
            self.advance(_HEALTH_MS)

    def _goes_on(self) -> bool:
        """Whether everything goes on without the node that stays away now, if one is chosen to; then it comes back."""
        may = absences(self.scenario)
        value = self.choose(("away",), 1 + len(may))
        if not value:
            return True
        if self._absentees() and not self._all_are_back():
            return False
        given = (self.scenario, self.ledger, self.auditor, self._consumers, self.producers)
        self._absence = absence = Absence(self, self.faults, *given, may[value - 1])
        end = self.now + self.scenario.settle_ms_max
        while not absence.over():
            if self.now >= end:
                return False
            self.advance(_HEALTH_MS)
            self._note_retention()
        absence.end()
        self._absence = None
        return True

    def _absentees(self) -> dict[str, str]:
        return absentees(self.nodes, self.faults.active(), self.now)

    def _all_are_back(self) -> bool:
        """Wait until the controller counts on every broker as it is, and all are in sync. Were another away meanwhile,
        leadership could pass to the one that is cut off, or nobody else be in sync when somebody is fenced."""
        end = self.now + self.scenario.settle_ms_max
        while self._absentees():
            if self.now >= end:
                self._missing = self._absentees()
                return False
            self.advance(_HEALTH_MS)
        # What the auditor was told is old news.
        self.auditor.watch()
        return self._settles()

    def _note_retention(self) -> None:
        """Where retention is at work, what is not there any more is told by the brokers; the judges of their facts
        know whether it was due."""
        if self.scenario.retention != NOTHING:
            for host in [process.host for process in self.nodes]:
                for partition in host.broker.partitions.values() if isinstance(host, BrokerHost) else ():
                    known = self.ledger.retained.get(partition.label, 0)
                    self.ledger.retained[partition.label] = max(known, partition.log_start)

    def _settled(self) -> bool:
        return (
            self.auditor.whole
            and all(producer.idle for _, producer in self.producers)
            and (self._remaker is None or not self._ails_of_topics())
        )

    def _ails_of_topics(self) -> str:
        """Where topics are made again: what is not as it should be of those that there are."""
        assert self._remaker is not None
        if self._remaker.remaking:
            return "nobody has made the topic again"
        active = self.faults.active()
        if active is not None and TOPIC not in active[2].topics:
            # A deletion that was long under way has met the next topic, and the remaker has yet to hear of it.
            return "nobody has made the topic again"
        return topic_ends.ails(self, None if active is None else active[2])

    def ails(self) -> str:
        """Of a run that has finished and did not heal: what is not as it should be, in words."""
        if self._absence is not None:
            return self._absence.ails()
        seconds = self.scenario.settle_ms_max // 1000
        if not self.auditor.whole:
            return f"{seconds} s after the last fault a partition has no leader, or not all its replicas in sync"
        waiting = [process.name for process, producer in self.producers if not producer.idle]
        if waiting:
            return f"{seconds} s after the last fault {', '.join(waiting)} still waits for an answer to a send"
        of_topics = "" if self._remaker is None else self._ails_of_topics()
        if of_topics:
            return f"{seconds} s after the last fault {of_topics}"
        if self._missing:
            missing = ", ".join(f"{name} {why}" for name, why in self._missing.items())
            return f"{seconds} s after all were in sync {missing}"
        return f"{_READ_MS_MAX // 1000} s after the cluster healed its log cannot be read to the end"

    def _outcome(self, *, healthy: bool) -> Outcome:
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
            deleted=self.scenario.deletes or self.scenario.retention != NOTHING or self._compacts,
        )

    def close(self) -> None:
        """The run is over, and nothing will be asked of this world any more.

        A world refers to itself in a hundred places. Taken apart it is gone at once; as it is it would wait for the
        collector, with everything that its observer and its recorder hold.
        """
        for process in self.processes:
            process.dismantle()
        self.take_apart()
        del self._remaker, self._auditor_process, self._administrator
        del self.ledger, self.auditor, self.producers, self._trimmers, self._consumers, self._absence, self._inspector

    # ------------------------------------------------------------ slots
    def slot(self) -> None:
        """Ask what happens now."""
        if self.now >= self._slots_end:
            return
        self.push_slot(self.now + SLOT_MS)
        if self._recording is not None:
            self._recording.idle()
        slot = (self.now - self._origin) // SLOT_MS
        choose = self.choose
        value = choose(("fault", slot), self.table.size)
        if value:
            self.faults.apply(self.table.decode(value))
        values = 1 + self.scenario.keys
        for number in self._senders:
            value = choose(("send", slot, number), values)
            if value:
                tombstone = self._compacts and choose(("tombstone", slot, number), 2) == 1
                self.produce(number, value - 1, tombstone=tombstone)
        for process, trimmer in self._trimmers:
            value = choose(("delete", slot, process.name), 1 + trimmer.values)
            if value:
                self.perform(process, trimmer.delete(value - 1, self.now))
        remaker = self._remaker
        if remaker is not None:
            value = choose(("remake", slot), 1 + len(PAUSES_MS))
            if value:
                self.perform(self._auditor_process, remaker.remake(value - 1, self.now))
        if self._asks:
            value = choose(("ask", slot), 1 + self.auditor.questions)
            if value:
                self.perform(self._auditor_process, self.auditor.ask(value - 1, self.now))
        if self._administrator is not None:
            process, administrator = self._administrator
            value = choose(("administer", slot), 1 + len(ORDERS))
            if value:
                self.perform(process, administrator.administer(value - 1, self.now))

    def _cleaning_begins(self, process: Process) -> None:
        """Ask whether the process dies in the middle of it, once a slot."""
        slot = (self.now - self._origin) // SLOT_MS
        if self.now < self._slots_end and self._cleaned.get(process.name) != slot:
            self._cleaned[process.name] = slot
            writes = self.choose(("cut short", slot, process.name), 1 + CUT_SHORT_WRITES)
            if writes:
                self._deaths.doom(process.index, writes, CUT_SHORT_MS, power=False)

    # ------------------------------------------------------------ for faults and for callers that act by hand
    def produce(self, client: int, key: int, *, tombstone: bool = False) -> None:
        """Producer `client` (from 1) sends its next batch of its key number `key` (from 0)."""
        process, producer = self.producers[client - 1]
        self.perform(process, producer.produce(key, self.now, tombstone=tombstone))

    def _note_compacted(self, name: str, facts: list[Fact]) -> None:
        """Logs of which something is compacted are looked at, besides."""
        self.note_facts(name, facts)
        assert self._inspector is not None
        self._inspector.after(name, self.now, facts)

    def _operation(self, fields: OpFields) -> None:
        self.observer.op(Op(n=self._operations, **fields))
        self._operations += 1
        if self._recording is not None:
            self._recording.recorder.op(**fields)


def _transport_of(scenario: Scenario) -> Transport:
    if scenario.remakes:
        return WireByTopicId() if scenario.wire else ByTopicId()
    return WireTransport() if scenario.wire else Transport()
