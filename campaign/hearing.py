"""What nodes hear and answer in a simulated run, brought before those who judge it.

One rule: where a node stands is asked of the facts that it told; what only the metadata says, of the metadata that it
has read by then.
"""

from collections.abc import Iterable
from typing import Any

from campaign import wishes
from impl.core.admin_messages import DescribedResources
from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.controller_messages import BrokerHeartbeat, HeartbeatAnswer
from impl.core.effective_configs import overrides
from impl.core.events import Disconnected, Event, RequestArrived, SendReply, Tick
from impl.core.facts import DeleteBelow, FallBehind, Truncate
from impl.core.labels import name_of
from impl.core.messages import DescribedTopics
from impl.core.names import node_name
from impl.core.types import NodeId, TopicPartition
from impl.host.broker import BrokerHost
from impl.host.controller import ControllerHost
from impl.sim.engine import OPERATOR
from impl.sim.process import Process
from impl.sim.quiet import followed
from impl.storage.log import Log
from impl.storage.log_config import LONG_MAX, LogConfig
from invariants.answers import deleted, enough, leaderless
from invariants.answers.addresses import wrong
from invariants.answers.desk import Desk
from invariants.answers.flushed import Flushes, Unsynced
from invariants.answers.invariant import ADDRESS_BOOK, DELETED_EVERYWHERE, ELECTION_DUE, ENOUGH_AS_SET
from invariants.answers.orders import NEVER, Orders
from invariants.answers.retained import Extent, Retained, Seen
from invariants.answers.standing import Standing
from invariants.answers.stopping import Stopping
from invariants.answers.unfencing import Counted, Unfencing
from invariants.step import Checker
from invariants.step.ghost import Replica
from invariants.verdict import Violated

CUTS = frozenset((FallBehind, Truncate))
BEGINNINGS = frozenset((DeleteBelow, FallBehind))


class Hearing:
    """The listener of one run (`impl.sim.observer`). `at_once`: what is violated is raised, and not kept."""

    def __init__(self, checker: Checker, *, compacted: bool = False, at_once: bool = False) -> None:
        self._checker = checker
        self._broker: Broker | None = None
        self._number = -1
        """Who hears or answers now, if it is a broker."""
        self._labels: dict[str, dict[TopicPartition, str]] = {}
        """Where topics of one name follow each other: what facts called each node's partitions before this step."""
        self.desk = Desk(self._standing, self._replica, at_once=at_once)
        if compacted:
            self.desk.times = None
        self._unfencing = Unfencing(self.desk.break_)
        self._stopping = Stopping(self.desk.break_)
        self._orders = Orders(self.desk.break_)
        self._retained: Retained | None = None
        self._flushes: Flushes | None = None
        self.at = 0
        """When the first violation was noticed."""

    @property
    def violated(self) -> Violated | None:
        """The first violation, if there is one."""
        return self.desk.violated

    def watch_sizes(self, wait_ms: int) -> None:
        """Retention by size is at work in this run, and every node sees to it at least so often."""
        self._retained = Retained(self.desk.break_, wait_ms)

    def watch_flushes(self, interval_ms: int, tick_ms: int) -> None:
        """Operators may set flush.ms in this run, and every node sees to it so often."""
        self._flushes = Flushes(self.desk.break_, interval_ms, tick_ms)

    def facts(self, node: str, facts: Iterable[Any]) -> None:
        """A node tells of what it has done."""
        if self._flushes is None and self._retained is None:
            return
        for fact in facts:
            kind = type(fact)
            if self._flushes is not None and kind in CUTS:
                self._flushes.cut(node, name_of(fact.partition), fact.to)
            if self._retained is not None and kind in BEGINNINGS:
                self._retained.begins(node, fact.partition, fact.to)

    def wrote(self, crc: int, at: int) -> None:
        """A client has made a batch, at this time. Where logs are compacted, batches are made of others."""
        if self.desk.times is not None:
            self.desk.times[crc] = at

    def hears(self, node: Process, event: Event, now: int, step: int) -> None:
        """A node that runs handles an event that is no answer."""
        if self.desk.violated is not None:
            return
        self.at = now
        own = now if node.clock is None else node.clock.read(now)
        kind = type(event)
        if self._retained is not None and isinstance(node.host, BrokerHost):
            self._look_at_sizes(self._retained, node, node.host, own, ticks=kind is Tick)
        if kind is Tick:
            if self._flushes is not None and isinstance(node.host, BrokerHost):
                self._look_at_flushes(self._flushes, node, node.host, own)
            self.desk.ticks(node.name, node.life, own)
            return
        host = node.host
        if isinstance(host, BrokerHost):
            self._number, self._broker = node.node, host.broker
            if host.broker.settings.facts_name_topic_ids:
                self._labels[node.name] = {name: each.label for name, each in host.broker.partitions.items()}
        if kind is RequestArrived:
            assert isinstance(event, RequestArrived)
            request = event.request
            if type(request) is BrokerHeartbeat:
                self._look_at_brokers(node, request, (event.connection, event.correlation))
            elif event.connection == OPERATOR or isinstance(request, wishes.OF_CONFIGURATIONS):
                self._order(node, event)
            self.desk.asked(node.name, node.life, event.connection, event.correlation, request, own, step)
        elif kind is Disconnected:
            assert isinstance(event, Disconnected)
            self.desk.disconnected(node.name, node.life, event.connection)

    def answers(self, node: Process, sent: SendReply, now: int, step: int) -> None:
        """An answer leaves the node."""
        if self.desk.violated is not None:
            return
        self.at = now
        host = node.host
        if isinstance(host, BrokerHost):
            self._number, self._broker = node.node, host.broker
        elif type(sent.reply) is HeartbeatAnswer:
            self._answers_heartbeat(node, sent, sent.reply)
        else:
            self._answers_order(node, host, sent)
        own = now if node.clock is None else node.clock.read(now)
        # What a slow disk held back leaves at the end of a stall, perhaps after the node has heard what came meanwhile.
        held_back = node.stalled_until >= now
        if type(sent.reply) is DescribedTopics and not held_back:
            self._look_at_addresses(node, sent.reply)
        elif type(sent.reply) is DescribedResources and not held_back:
            assert isinstance(host, BrokerHost), "clients ask brokers about configurations"
            self._orders.told(node.name, host.broker.image.offset, wishes.told(sent.reply))
        self.desk.answered(
            node.name, node.life, sent.connection, sent.correlation, sent.reply, own, step, held_back=held_back
        )

    def _look_at_addresses(self, node: Process, reply: DescribedTopics) -> None:
        host = node.host
        assert isinstance(host, BrokerHost), "clients ask brokers about topics"
        known = {int(number): each for number, each in host.broker.image.brokers.items() if not each.fenced}
        told = wrong(node.name, reply, known)
        if told:
            self.desk.break_(ADDRESS_BOOK, told)

    def _look_at_sizes(self, retained: Retained, node: Process, host: BrokerHost, own: int, *, ticks: bool) -> None:
        logs = {host.broker.partitions[name].label: (host.broker.partitions[name], log) for name, log in _held_by(host)}

        def start(partition: str, made: object) -> int:
            held = logs.get(partition)
            return held[1].start_offset if held is not None and held[1] is made else -1

        def others(partition: str, to: int) -> bool:
            known = self._checker.partitions.get(partition)
            replicas = {} if known is None else known.replicas
            return any(each.furthest_start >= to for number, each in replicas.items() if number != node.node)

        retained.hears(node.name, node.life, start, others)
        if ticks:
            seen = {label: _seen(log, held.high_watermark) for label, (held, log) in logs.items()}
            retained.ticks(node.name, node.life, own, seen)

    def _look_at_flushes(self, flushes: Flushes, node: Process, host: BrokerHost, own: int) -> None:
        assert node.disk is not None, "brokers have disks"
        logs = {
            str(name): Unsynced(log, log.config.flush_ms, log.recovery_point, log.end_offset)
            for name, log in sorted(host.directories.logs.items())
            if log.config.flush_ms != LONG_MAX
        }
        slow = node.disk.slow or node.stalled_until >= self.at
        flushes.ticks(node.name, node.life, own, logs, slow=slow)

    def _order(self, node: Process, event: RequestArrived) -> None:
        """A controller hears an order; what a broker hears it passes on."""
        host = node.host
        if isinstance(host, ControllerHost):
            number = (node.name, node.life, event.connection, event.correlation)
            wanted = wishes.wishes(event.request, host.controller.image)
            self._orders.asked(number, node.name, node.life, wanted, self.at)

    def _answers_order(self, node: Process, host: object, sent: SendReply) -> None:
        number = (node.name, node.life, sent.connection, sent.correlation)
        if number in self._orders:
            assert isinstance(host, ControllerHost), "orders are heard by controllers"
            active = host.controller.active
            end = NEVER if active is None else active.image.offset
            self._orders.answered(number, wishes.errors(sent.reply, self._orders.wanted(number)), end)

    def finish(self, nodes: Iterable[Process], now: int) -> None:
        """The cluster is whole and quiet: what is deleted is deleted everywhere, and what operators were told is done
        is so on every broker. That is not asked for where topics are deleted, and what was set for them with them."""
        if self.desk.violated is not None:
            return
        self.at = now
        processes = list(nodes)
        for label, (leader, leads, those) in sorted(followed(processes).items()):
            told = deleted.wrong(label, leader, leads.log_start, {name: each.log_start for name, each in those.items()})
            if told:
                self.desk.break_(DELETED_EVERYWHERE, told)
        lives = {node.name: node.life for node in processes if node.is_controller and node.alive}
        controllers = [node.host.controller for node in processes if isinstance(node.host, ControllerHost)]
        end = max((each.active.image.offset for each in controllers if each.active is not None), default=None)
        brokers: dict[str, dict[str, str]] = {}
        for node in processes:
            if isinstance(node.host, BrokerHost) and not node.host.broker.settings.facts_name_topic_ids:
                image = node.host.broker.image
                # One that has yet to read the rest may lag: what it does not know yet it need not have.
                if end is not None and image.offset >= end:
                    brokers[node.name] = wishes.known(image)
        self._orders.finish(lives, brokers, now)

    def _look_at_brokers(self, node: Process, request: BrokerHeartbeat, asked: tuple[int, int]) -> None:
        host = node.host
        assert isinstance(host, ControllerHost), "brokers send their heartbeats to controllers"
        active = host.controller.active
        if active is None:
            self._unfencing.resigns(node.name)
            return
        image = active.image
        term = (node.life, host.controller.raft.epoch)
        if self._unfencing.is_news(node.name, term, image.offset):
            brokers = {int(number): Counted(each.epoch, each.fenced) for number, each in image.brokers.items()}
            self._unfencing.looks(node.name, image.offset, brokers)
            self._look_at_partitions(node, active)
        self._unfencing.hears(node.name, (request.broker, request.metadata_offset))
        member = (int(request.broker), int(request.broker_epoch))
        self._stopping.hears(node.name, term, member, request.metadata_offset)
        if request.want_shut_down:
            counted = [
                (int(each.node), int(each.epoch)) for each in image.brokers.values() if image.is_active(each.node)
            ]
            self._stopping.asks(node.name, asked, member, counted)

    def _look_at_partitions(self, node: Process, active: Controller) -> None:
        """What an active controller has decided by now."""
        image = active.image
        counted = {each for each in image.brokers if image.is_active(each)}
        told = leaderless.wrong(node.name, image.partitions(), counted)
        if told:
            self.desk.break_(ELECTION_DUE, told)

        def minimum(topic: str) -> int:
            name = "min.insync.replicas"
            own = image.topics[topic].configs.get(name) or image.cluster_config(name)
            return active.settings.min_insync_replicas if own is None else int(own)

        told = enough.wrong(node.name, image.partitions(), minimum)
        if told:
            self.desk.break_(ENOUGH_AS_SET, told)

    def _answers_heartbeat(self, node: Process, sent: SendReply, answer: HeartbeatAnswer) -> None:
        host = node.host
        assert isinstance(host, ControllerHost), "brokers send their heartbeats to controllers"
        active = host.controller.active
        term = None if active is None else (node.life, host.controller.raft.epoch)
        end = -1 if active is None else active.image.offset
        refused, leave = bool(answer.error), answer.should_shut_down
        asked = (sent.connection, sent.correlation)
        self._stopping.answered(node.name, term, asked, end, refused=refused, leave=leave)

    # ------------------------------------------------------------ where a node stands
    def _replica(self, partition: TopicPartition) -> Replica | None:
        broker = self._broker
        assert broker is not None, "who hears or answers is noted first"
        held = broker.partitions.get(partition)
        if held is None:
            return self._checker.replica(str(partition), self._number)
        return None if self._labels and self._is_another(partition) else self._checker.replica(held.label, self._number)

    def _is_another(self, partition: TopicPartition) -> bool:
        """The partition is of another topic than that of this name before this step: who waited for that is told so."""
        assert self._broker is not None
        before = self._labels.get(node_name(NodeId(self._number)), {}).get(partition)
        held = self._broker.partitions.get(partition)
        return before is not None and held is not None and held.label != before

    def _standing(self, partition: TopicPartition) -> Standing:
        assert self._broker is not None, "who hears or answers is noted first"
        if self._labels and self._is_another(partition):
            return Elsewhere()
        replica = self._replica(partition)
        ghost = self._checker.partitions.get(self._label(partition))
        given_up = ghost is not None and ghost.compacted and ghost.last_unclean >= 0
        return Here(self._broker, partition, replica, knows_producers=not given_up)

    def _label(self, partition: TopicPartition) -> str:
        """What facts call it."""
        assert self._broker is not None, "who hears or answers is noted first"
        held = self._broker.partitions.get(partition)
        return str(partition) if held is None else held.label


class Elsewhere(Standing):
    """The broker has no such partition any more."""


class Here(Standing):
    """What a broker has of a partition, and has read of it. Only what is asked for is looked up."""

    __slots__ = ("_broker", "_knows_producers", "_partition")

    def __init__(
        self, broker: Broker, partition: TopicPartition, replica: Replica | None, *, knows_producers: bool = True
    ) -> None:
        super().__init__(replica)
        self._broker = broker
        self._partition = partition
        self._knows_producers = knows_producers

    @property
    def knows_producers(self) -> bool:
        return self._knows_producers

    @property
    def here(self) -> bool:
        return self._partition in self._broker.partitions

    @property
    def known(self) -> bool:
        return self._broker.image.partition(self._partition) is not None

    @property
    def reads(self) -> bool:
        return self._broker.image.offset > 0

    @property
    def replicas(self) -> tuple[int, ...]:
        version = self._broker.image.partition(self._partition)
        return () if version is None else version.replicas

    @property
    def isr(self) -> tuple[int, ...]:
        version = self._broker.image.partition(self._partition)
        return () if version is None else version.isr

    @property
    def minimum(self) -> int:
        return int(self._configs().get("min.insync.replicas", self._broker.settings.min_insync_replicas))

    @property
    def batch_bytes_max(self) -> int:
        return int(self._configs().get("max.message.bytes", self._broker.settings.message_bytes_max))

    @property
    def deletes(self) -> bool:
        return "delete" in self._configs().get("cleanup.policy", "delete")

    def _configs(self) -> dict[str, str]:
        image, topic = self._broker.image, self._partition.topic
        return overrides(image, topic, self._broker.settings.node) if topic in image.topics else {}


# ---------------------------------------------------------------- what logs take
def _held_by(host: BrokerHost) -> list[tuple[TopicPartition, Log]]:
    """The logs that retention by size may shorten, and by size alone."""
    return [
        (name, log)
        for name, log in sorted(host.directories.logs.items())
        if name in host.broker.partitions
        and log.config.deletes
        and log.config.retention_bytes >= 0
        and not 0 <= log.config.retention_ms < LogConfig().retention_ms
    ]


def _seen(log: Log, high_watermark: int) -> Seen:
    ends = [*(later.base_offset for later in log.segments[1:]), log.end_offset]
    segments = [Extent(end, each.size) for each, end in zip(log.segments, ends, strict=True)]
    return Seen(log, log.start_offset, segments, high_watermark, log.config.retention_bytes)
