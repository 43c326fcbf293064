"""One node that stays away while all else is well: whatever can do without it must go on.

One rule: it goes when the cluster has healed and nobody is missed (impl/sim/roll_call.py), and comes back when
everything has gone on, or when the time is over. So what must go on is told by the cluster as it was whole, and nothing
is excused by what went before.

Goes on, within `Scenario.settle_ms_max`: every partition that can do without the node has a leader among the others,
and just the others in sync; each producer has sent something more, and has its answer; every consumer has read that;
and where a controller is away, another one decides, and goes on to. A partition can do without a broker if its other
replicas are min.insync.replicas, and all of them in sync when it goes. A broker that still hears the controllers, and
leads, is left to lead: its partition waits with it, as in Kafka.
"""

from collections.abc import Sequence

from impl.core.image import MetadataImage, PartitionImage
from impl.core.names import node_name
from impl.core.types import NodeId, TopicPartition
from impl.host.broker import BrokerHost
from impl.sim.auditor import Auditor
from impl.sim.consumer import Consumer
from impl.sim.field import Field
from impl.sim.injection import Injector
from impl.sim.ledger import Ledger
from impl.sim.process import Process
from impl.sim.producer import Producer
from impl.sim.scenario import TOPIC, Scenario

DOWN, PAUSED, CUT, CUT_FROM_BROKERS = range(4)
"""Killed; standing still; cut off from all others; a broker that hears all but the other brokers.

A leader that is cut off from all nodes and not from its clients would keep them, as long as they hear nothing worse
than REQUEST_TIMED_OUT: no Kafka producer asks for the leaders because of that alone."""
OF_BROKERS = (DOWN, PAUSED, CUT, CUT_FROM_BROKERS)
OF_CONTROLLERS = (DOWN, PAUSED, CUT)
STEADY_MS = 1_500
"""So long the same controller decides in the same epoch: longer than its patience with voters who are silent."""
LONGER_MS = 1_000
"""It does not come back by itself before the time is over."""


def absences(scenario: Scenario) -> list[tuple[int, int]]:
    """Who may stay away, and how: a process and a way. One controller of three, and none that is alone."""
    brokers = [(broker, way) for broker in range(1, 1 + scenario.brokers) for way in OF_BROKERS]
    several = scenario.controller_processes if scenario.controllers > 2 else ()
    return brokers + [(controller, way) for controller in several for way in OF_CONTROLLERS]


class Absence:
    """One node away from one cluster: ask whether it is `over` until it is, then `end` it."""

    def __init__(
        self,
        field: Field,
        faults: Injector,
        scenario: Scenario,
        ledger: Ledger,
        auditor: Auditor,
        consumers: Sequence[Consumer],
        producers: Sequence[tuple[Process, Producer]],
        who: tuple[int, int],
    ) -> None:
        self._field = field
        self._faults = faults
        self._scenario = scenario
        self._ledger = ledger
        self._auditor = auditor
        self._consumers = consumers
        self._producers = producers
        self.process, self.way = who
        self._node: NodeId = field.processes[self.process].node
        self._of_controller = self.process in scenario.controller_processes
        self._going: frozenset[int] = frozenset()
        self._gone = False
        self._acknowledged = 0
        self._sent_to: list[bytes | None] = []
        """By producer: the id of the topic that it knew when it was last made to send."""
        self._deciding: tuple[int, int] | None = None
        self._deciding_since = 0

    def _go(self, image: MetadataImage) -> None:
        """The node goes, and every producer sends to each partition that goes on without it."""
        field = self._field
        self._gone = True
        self._going = frozenset(self._can_do_without(image))
        self._acknowledged = len(self._ledger.acknowledged)
        self._deciding_since = field.now
        lasting = self._scenario.settle_ms_max + LONGER_MS
        if self.way == DOWN:
            self._faults.deaths.crash(self.process, lasting)
        elif self.way == PAUSED:
            self._faults.pause(self.process, lasting)
        elif self.way == CUT:
            self._faults.isolate(self.process, lasting, with_clients=True)
        else:
            for other in range(1, 1 + self._scenario.brokers):
                if other != self.process:
                    self._faults.block(self.process, other, lasting)
                    self._faults.block(other, self.process, lasting)
        self._auditor.watch(without=self._node, partitions=self._going)
        self._sent_to = [None] * len(self._producers)
        for number in range(len(self._producers)):
            self._send(number)

    def _send(self, number: int) -> None:
        """A producer sends to each partition that goes on."""
        field, (process, producer) = self._field, self._producers[number]
        self._sent_to[number] = producer.topic_id
        for key in range(self._scenario.keys):
            if producer.partition_of(key).index in self._going:
                field.perform(process, producer.produce(key, field.now))

    def _send_again(self) -> None:
        """Whoever last heard of a topic that is deleted has learnt of the next one by sending, and given up what it
        sent: nobody has written that, and nobody lags behind it."""
        for number, (_, producer) in enumerate(self._producers):
            if producer.topic_id != self._sent_to[number]:
                self._send(number)

    def _can_do_without(self, image: MetadataImage) -> list[int]:
        """The partitions that must go on."""
        configured = image.topics[TOPIC].configs.get("min.insync.replicas")
        minimum = self._scenario.settings.min_insync_replicas if configured is None else int(configured)
        going = []
        for partition in self._auditor.partitions:
            known = image.partition(partition)
            assert known is not None
            others = [node for node in known.replicas if node != self._node]
            enough = len(others) >= min(minimum, len(known.replicas))
            if self.way == CUT_FROM_BROKERS:
                enough = enough and known.leader != self._node and self._is_written(partition.index)
            if enough and not known.adding and not known.removing and self._is_settled(partition, known):
                going.append(partition.index)
        return going

    def _is_settled(self, name: TopicPartition, known: PartitionImage) -> bool:
        """Everybody is in sync and the leader leads and proposes nothing else: the auditor may have been told old news,
        and a controller takes a broker that has come back for what it was until its session is over."""
        host = self._field.processes[max(known.leader, 0)].host
        if not isinstance(host, BrokerHost) or set(known.isr) != set(known.replicas):
            return False
        led = host.broker.partitions.get(name)
        return led is not None and led.leading and led.proposal is None

    def _is_written(self, partition: int) -> bool:
        """Who is silent lags only behind somebody who writes."""
        keys = range(self._scenario.keys)
        return any(producer.partition_of(key).index == partition for _, producer in self._producers for key in keys)

    # ------------------------------------------------------------ while it is away
    def over(self) -> bool:
        """All that can has gone on. To be asked again and again: the first time that a controller decides the node
        goes, and it takes some time to see that one decides steadily."""
        if not self._gone:
            active = self._faults.active()
            if active is not None:
                self._go(active[2])
            return False
        self._send_again()
        steady = self._is_steady()
        return self._auditor.whole and not self._waiting() and self._is_read() and steady

    def _waiting(self) -> list[str]:
        return [process.name for process, producer in self._producers if not producer.idle]

    def _is_read(self) -> bool:
        """Every consumer has come past whatever was acknowledged since; what a leader alone acknowledges (acks=1) may
        be gone with it."""
        if self._scenario.acks != -1:
            return True
        new = list(self._ledger.acknowledged.items())[self._acknowledged :]
        positions = [{each.label(name): at for name, at in each.positions.items()} for each in self._consumers]
        return all(each.get(label, 0) > (offset or 0) for (label, _), offset in new for each in positions)

    def _is_steady(self) -> bool:
        if not self._of_controller:
            return True
        active = self._faults.active()
        deciding = None
        if active is not None and active[0].index != self.process:
            deciding = (active[0].index, active[1].controller.raft.epoch)
        if deciding is None or deciding != self._deciding:
            self._deciding, self._deciding_since = deciding, self._field.now
        return self._field.now - self._deciding_since >= STEADY_MS

    def ails(self) -> str:
        """What has not gone on, in words."""
        if not self._gone:
            return f"{self._scenario.settle_ms_max // 1000} s after everybody was in sync no controller decides"
        how = ("has been down", "has stood still", "has been cut off", "has heard no other broker")[self.way]
        name = node_name(self._node)
        since = f"{name} {how} for {self._scenario.settle_ms_max // 1000} s, and nothing else ails:"
        if not self._auditor.whole:
            return f"{since} a partition that can do without it has no other leader, or not just the others in sync"
        if self._waiting():
            return f"{since} {', '.join(self._waiting())} still waits for an answer to a send"
        if not self._is_read():
            return f"{since} a consumer has not read what was acknowledged"
        return f"{since} no other controller goes on deciding"

    def end(self) -> None:
        """It comes back. What was held of its messages is lost with its connections."""
        self._faults.heal()
        self._field.network.lose_held(self.process, self._field.now)
        self._auditor.watch()
