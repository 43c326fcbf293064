"""Which brokers the controller counts on: registration, heartbeats, sessions (KIP-500, KIP-631).

One rule: a process is registered only when the one before it under the same node id is fenced, so by the time a
restarted broker hears anything, every epoch it led before has ended.
"""

from impl.core.calls import NEVER
from impl.core.decisions import Decisions
from impl.core.image import PartitionImage
from impl.core.messages import BrokerHeartbeat, HeartbeatAnswer, RegisterBroker, RegisteredBroker
from impl.core.metadata import BrokerRegistrationChangeRecord, RegisterBrokerRecord
from impl.core.settings import Settings
from impl.core.types import (
    NO_ERROR,
    NO_LEADER,
    BrokerEpoch,
    ErrorCode,
    Millis,
    NodeId,
    Offset,
)

NO_BROKER_EPOCH = BrokerEpoch(-1)


class Session:
    """What the controller remembers of a broker beyond the metadata log; lost when the controller restarts."""

    __slots__ = ("heard_at", "must_know", "shutting_down")

    def __init__(self, heard_at: Millis, must_know: Offset) -> None:
        self.heard_at = heard_at
        self.must_know = must_know
        """Metadata up to here must be applied before the broker is unfenced: its registration, its last fencing."""
        self.shutting_down = False


class Sessions:
    """`due` is no later than the earliest moment at which a session can expire."""

    __slots__ = ("_decisions", "_sessions", "_settings", "due")

    def __init__(self, settings: Settings, decisions: Decisions) -> None:
        self._settings = settings
        self._decisions = decisions
        self._sessions: dict[NodeId, Session] = {}
        self.due = NEVER

    def begin(self, now: Millis) -> None:
        """A controller that has just started gives every broker a fresh session."""
        image = self._decisions.image
        for node in sorted(image.brokers):
            self._sessions[node] = Session(now, image.offset)
        self.due = Millis(now + self._settings.broker_session_timeout_ms)

    def register(self, request: RegisterBroker, now: Millis) -> RegisteredBroker:
        """Register a process, fenced until its heartbeat shows that it has read the metadata."""
        if request.cluster_id != self._settings.cluster_id or request.broker < 0:
            return RegisteredBroker(ErrorCode.INVALID_REQUEST, NO_BROKER_EPOCH)
        known = self._decisions.image.brokers.get(request.broker)
        if known is not None and known.incarnation == request.incarnation:
            self._sessions[request.broker].heard_at = now
            return RegisteredBroker(NO_ERROR, known.epoch)
        if known is not None and not known.fenced:
            return RegisteredBroker(ErrorCode.DUPLICATE_BROKER_REGISTRATION, NO_BROKER_EPOCH)
        offset = self._decisions.image.offset
        self._decisions.decide(
            RegisterBrokerRecord(
                broker=request.broker,
                incarnation=request.incarnation,
                broker_epoch=BrokerEpoch(offset),
                host=request.host,
                port=request.port,
            )
        )
        self._sessions[request.broker] = Session(now, Offset(offset + 1))
        return RegisteredBroker(NO_ERROR, BrokerEpoch(offset))

    def heartbeat(self, request: BrokerHeartbeat, now: Millis) -> HeartbeatAnswer:
        """Prolong the session; unfence a broker that has caught up; let go one that wants to stop."""
        broker = self._decisions.image.brokers.get(request.broker)
        if broker is None:
            return HeartbeatAnswer(ErrorCode.BROKER_ID_NOT_REGISTERED, False, True, False)
        if broker.epoch != request.broker_epoch:
            return HeartbeatAnswer(ErrorCode.STALE_BROKER_EPOCH, False, True, False)
        session = self._sessions[request.broker]
        session.heard_at = now
        if request.want_shut_down:
            session.shutting_down = True
            if not broker.fenced:
                self.fence(request.broker)
        caught_up = request.metadata_offset >= session.must_know
        if broker.fenced and caught_up and not session.shutting_down:
            self.unfence(request.broker, now)
        return HeartbeatAnswer(NO_ERROR, caught_up, broker.fenced, session.shutting_down and caught_up)

    def expire(self, now: Millis) -> None:
        """Fence whoever has been silent for longer than broker.session.timeout.ms."""
        timeout = self._settings.broker_session_timeout_ms
        self.due = Millis(now + timeout)
        for node, broker in sorted(self._decisions.image.brokers.items()):
            if broker.fenced:
                continue
            expires = Millis(self._sessions[node].heard_at + timeout)
            if expires <= now:
                self.fence(node)
            elif expires < self.due:
                self.due = expires

    # ------------------------------------------------------------ fencing
    def fence(self, node: NodeId) -> None:
        """Count on the broker no longer: take it out of every in-sync set where somebody else remains."""
        decisions = self._decisions
        broker = decisions.image.brokers[node]
        decisions.decide(BrokerRegistrationChangeRecord(broker=node, broker_epoch=broker.epoch, fenced=True))
        for partition in list(decisions.image.partitions()):
            if node in partition.isr:
                self.take_out(partition, node)
        self._sessions[node].must_know = decisions.image.offset

    def take_out(self, partition: PartitionImage, node: NodeId) -> None:
        """One partition of a broker just fenced. The last member of an in-sync set stays in it."""
        decisions = self._decisions
        if partition.leader == node:
            successor = decisions.candidate(partition, excluded=node)
            if successor == NO_LEADER:
                decisions.elect(partition, NO_LEADER)
            else:
                decisions.fail_over(partition, successor, node)
        elif partition.leader != NO_LEADER:
            decisions.fence(partition, node)

    def unfence(self, node: NodeId, now: Millis) -> None:
        """Count on the broker again, and elect it where its partition has waited for it."""
        decisions = self._decisions
        broker = decisions.image.brokers[node]
        decisions.decide(BrokerRegistrationChangeRecord(broker=node, broker_epoch=broker.epoch, fenced=False))
        for partition in list(decisions.image.partitions()):
            if partition.leader == NO_LEADER and node in partition.isr:
                decisions.elect(partition, node)
        self.due = Millis(min(self.due, now + self._settings.broker_session_timeout_ms))
