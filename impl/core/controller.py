"""The controller: the one process that decides who leads, who is in sync, and which topics there are.

One rule: it tells nobody what is not yet in its metadata log. A step emits the records it decided on, then the facts
that claim them, then the replies (impl/core/decisions.py).

The parts: sessions.py (who is alive), decisions.py (what is written down), elections.py (who is to lead),
balance.py, topic_creation.py. Where its records go, and when its replies leave: quorum/controller.py.
"""

from typing import ClassVar

from impl.core.administration import Administration
from impl.core.balance import Balance
from impl.core.controller_messages import (
    AllocatedProducerIds,
    AllocateProducerIds,
    AlteredIsr,
    AlteredPartition,
    AlterIsr,
    AlterPartition,
    BrokerHeartbeat,
    LoseReplicas,
    LostReplicas,
    RegisterBroker,
)
from impl.core.decisions import Decisions
from impl.core.elections import Elections
from impl.core.events import (
    Effect,
    Event,
    RecoveredMetadata,
    RequestArrived,
    SendReply,
    Tick,
)
from impl.core.image import MetadataImage, PartitionImage
from impl.core.messages import CreatedTopics, CreateTopics, Reply
from impl.core.metadata import ProducerIdsRecord
from impl.core.sessions import Sessions
from impl.core.settings import Settings
from impl.core.topic_creation import create_topics
from impl.core.types import (
    NO_BROKER_EPOCH,
    NO_EPOCH,
    NO_ERROR,
    NO_LEADER,
    BrokerEpoch,
    ErrorCode,
    Millis,
    NodeId,
    PartitionEpoch,
    TopicPartition,
)

PRODUCER_IDS_IN_BLOCK = 1_000


class Controller:
    """Mutable. Methods that decide one thing are small, so that a broken decision can be planted in a subclass: of
    this class, or of those that it names."""

    decisions_class: ClassVar[type[Decisions]] = Decisions
    elections_class: ClassVar[type[Elections]] = Elections
    sessions_class: ClassVar[type[Sessions]] = Sessions
    administration_class: ClassVar[type[Administration]] = Administration

    def __init__(self, settings: Settings, recovered: RecoveredMetadata) -> None:
        self.settings = settings
        self._decisions = self.decisions_class(settings, recovered)
        self._elections = self.elections_class(self._decisions)
        self._sessions = self.sessions_class(settings, self._decisions, self._elections)
        self._administration = self.administration_class(self._decisions, self._elections)
        self._balance = Balance(settings, self._elections)
        self._begun = False

    @property
    def image(self) -> MetadataImage:
        """The cluster as decided so far."""
        return self._decisions.image

    def heard_at(self, node: NodeId) -> Millis:
        """When it last heard of a registered broker, or took over. Raises KeyError where there is none."""
        return self._sessions.heard_at(node)

    def has_heard(self, node: NodeId) -> bool:
        """Whether a registered broker has sent a heartbeat since it registered, or this controller took over. Raises
        KeyError where there is none."""
        return self._sessions.has_heard(node)

    def start(self, now: Millis) -> list[Effect]:
        """Give every registered broker a fresh session, and go by this node's own defaults from here on.

        The first step does it, too, if this was not called.
        """
        out: list[Effect] = []
        self._begun = True
        self._sessions.begin(now)
        self._balance.begin(now)
        for partition in list(self.image.partitions()):
            self._decisions.reconsider_if_needed(partition)
        self._publish(out)
        return out

    def step(self, event: Event, now: Millis) -> list[Effect]:
        """Handle one event. A reply to a request this node never sent is no event of its."""
        out: list[Effect] = []
        if not self._begun:
            out += self.start(now)
        # Compared by type and not matched: a pattern that does not fit costs as much as all the rest of a tick.
        if type(event) is Tick:
            if now >= self._sessions.due:
                self._sessions.expire(now)
                self._publish(out)
            if now >= self._balance.due:
                self._balance.check(now)
                self._publish(out)
        elif type(event) is RequestArrived:
            reply = self._decide(event, now)
            self._decisions.flush(out)
            out.append(SendReply(event.connection, event.correlation, reply))
        return out

    def move_leader(self, name: TopicPartition, to: NodeId, _now: Millis) -> list[Effect]:
        """Elect `to`, if it is in sync, alive, and not the leader already (a preferred leader election)."""
        out: list[Effect] = []
        partition = self.image.partition(name)
        if (
            partition is not None
            and partition.leader not in (to, NO_LEADER)
            and to in partition.isr
            and self.image.is_active(to)
        ):
            self._decisions.elect(partition, to)
            self._publish(out)
        return out

    def _publish(self, out: list[Effect]) -> None:
        self._decisions.flush(out)

    def _decide(self, event: RequestArrived, now: Millis) -> Reply:
        match event.request:
            case BrokerHeartbeat() as request:
                return self._sessions.heartbeat(request, now)
            case AlterPartition() as request:
                return self._alter_partition(request)
            case RegisterBroker() as request:
                return self._sessions.register(request, now)
            case LoseReplicas() as request:
                return self._lose_replicas(request)
            case AllocateProducerIds() as request:
                return self._allocate_producer_ids(request)
            case CreateTopics() as request:
                created = create_topics(
                    request.topics, self._decisions, self.settings, validate_only=request.validate_only
                )
                return CreatedTopics(created)
            case _:
                reply = self._administration.decide(event.request)
                assert reply is not None, f"{type(event.request).__name__} is for brokers; the api layer refuses it"
                return reply

    def _lose_replicas(self, request: LoseReplicas) -> LostReplicas:
        """A directory of the broker has failed: what it had of these logs nobody may count on (KIP-858)."""
        error = self._broker_error(request.broker, request.broker_epoch)
        if error is NO_ERROR:
            for name in request.partitions:
                partition = self.image.partition(name)
                if partition is not None and request.broker in partition.isr + partition.elr:
                    self._elections.lose_power(partition, request.broker)
        return LostReplicas(error)

    # ------------------------------------------------------------ in-sync sets
    def _alter_partition(self, request: AlterPartition) -> AlteredPartition:
        """Each proposal for itself: committed, or refused with the version that is."""
        error = self._broker_error(request.broker, request.broker_epoch)
        if error is not NO_ERROR:
            return AlteredPartition(error, ())
        return AlteredPartition(
            NO_ERROR, tuple([self._alter_isr(request.broker, proposal) for proposal in request.partitions])
        )

    def _alter_isr(self, sender: NodeId, proposal: AlterIsr) -> AlteredIsr:
        partition = self.image.partition(proposal.partition)
        if partition is None:
            return AlteredIsr(
                partition=proposal.partition,
                error=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                leader=NO_LEADER,
                leader_epoch=NO_EPOCH,
                partition_epoch=PartitionEpoch(-1),
                isr=(),
            )
        error = self.alter_error(sender, proposal, partition)
        if error is NO_ERROR:
            self._decisions.alter(partition, tuple(sorted(proposal.isr)))
            self._administration.reassignments.complete(partition)
        elif error is ErrorCode.INELIGIBLE_REPLICA:
            stranger = self.outdated_member(proposal, partition)
            if stranger != NO_LEADER:
                self._decisions.refuse(partition, stranger)
            # The leader counts the dead member until it learns a newer version of the partition, and nothing else
            # may ever give it one. Taking the proposal back is not safe (a copy of it may still be accepted); a new
            # epoch for the same leader ends every copy.
            self._decisions.elect(partition, partition.leader)
        return AlteredIsr(
            partition=proposal.partition,
            error=error,
            leader=partition.leader,
            leader_epoch=partition.leader_epoch,
            partition_epoch=partition.partition_epoch,
            isr=partition.isr,
        )

    def alter_error(self, sender: NodeId, proposal: AlterIsr, partition: PartitionImage) -> ErrorCode:
        """Kafka's order of checks (ReplicationControlManager.validateAlterPartitionData)."""
        if proposal.leader_epoch > partition.leader_epoch or proposal.partition_epoch > partition.partition_epoch:
            return ErrorCode.NOT_CONTROLLER
        if proposal.leader_epoch < partition.leader_epoch:
            return ErrorCode.FENCED_LEADER_EPOCH
        if sender != partition.leader:
            return ErrorCode.INVALID_REQUEST
        if self.is_outdated(proposal, partition):
            return ErrorCode.INVALID_UPDATE_VERSION
        isr = proposal.isr
        if sender not in isr or len(set(isr)) != len(isr) or not set(isr) <= set(partition.replicas):
            return ErrorCode.INVALID_REQUEST
        if proposal.recovering and (len(isr) > 1 or not partition.recovering):
            return ErrorCode.INVALID_REQUEST
        if not self.is_eligible(isr) or self.outdated_member(proposal, partition) != NO_LEADER:
            return ErrorCode.INELIGIBLE_REPLICA
        return NO_ERROR

    def is_outdated(self, proposal: AlterIsr, partition: PartitionImage) -> bool:
        """The compare of the compare-and-set: the proposal was made in sight of the current version (KIP-497)."""
        return proposal.partition_epoch < partition.partition_epoch

    def is_eligible(self, isr: tuple[NodeId, ...]) -> bool:
        """A broker that is fenced or about to stop joins no in-sync set (KIP-841)."""
        return all(self.image.is_active(node) for node in isr)

    def outdated_member(self, proposal: AlterIsr, partition: PartitionImage) -> NodeId:
        """Who would be added for what it showed under an older registration, and may have lost since; -1: nobody.

        Kafka takes a broker epoch of -1 for any. Here it is none: a position that nobody can place in time adds nobody
        (KIP-903).
        """
        for index, node in enumerate(proposal.isr):
            if node not in partition.isr:
                shown = proposal.broker_epochs[index] if proposal.broker_epochs else NO_BROKER_EPOCH
                if shown != self.image.brokers[node].epoch:
                    return node
        return NO_LEADER

    # ------------------------------------------------------------ producer ids
    def _allocate_producer_ids(self, request: AllocateProducerIds) -> AllocatedProducerIds:
        error = self._broker_error(request.broker, request.broker_epoch)
        if error is not NO_ERROR:
            return AllocatedProducerIds(error, -1, 0)
        first = self.image.next_producer_id
        self._decisions.decide(
            ProducerIdsRecord(
                broker=request.broker,
                broker_epoch=request.broker_epoch,
                next_producer_id=first + PRODUCER_IDS_IN_BLOCK,
            )
        )
        return AllocatedProducerIds(NO_ERROR, first, PRODUCER_IDS_IN_BLOCK)

    def _broker_error(self, node: NodeId, broker_epoch: BrokerEpoch) -> ErrorCode:
        broker = self.image.brokers.get(node)
        if broker is None:
            return ErrorCode.BROKER_ID_NOT_REGISTERED
        return NO_ERROR if broker.epoch == broker_epoch else ErrorCode.STALE_BROKER_EPOCH
