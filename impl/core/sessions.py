"""Which brokers the controller counts on: registration, heartbeats, sessions, controlled shutdown (KIP-500, KIP-631).

One rule: a process is registered only when the one before it under the same node id is fenced, so by the time a
restarted broker hears anything, every epoch it led before has ended.

A broker that registers says under which broker epoch it last stopped cleanly. Where that is not its newest one, some of
its log may be lost, and it leaves the in-sync set and the eligible leader replicas of its partitions (KIP-966).
"""

from impl.core.calls import NEVER
from impl.core.controller_messages import BrokerHeartbeat, HeartbeatAnswer, RegisterBroker, RegisteredBroker
from impl.core.decisions import Decisions
from impl.core.elections import Elections
from impl.core.image import BrokerImage
from impl.core.metadata import BrokerRegistrationChangeRecord, RegisterBrokerRecord
from impl.core.settings import Settings
from impl.core.types import (
    NO_BROKER_EPOCH,
    NO_ERROR,
    NO_LEADER,
    BrokerEpoch,
    ErrorCode,
    Millis,
    NodeId,
    Offset,
)

NO_OFFSET = Offset(-1)


class Session:
    """What the controller remembers of a broker beyond the metadata log; lost when the controller restarts."""

    __slots__ = ("heard_at", "knows", "must_know", "stops_at")

    def __init__(self, heard_at: Millis, must_know: Offset) -> None:
        self.heard_at = heard_at
        self.must_know = must_know
        """Metadata up to here must be applied before the broker is unfenced: its registration, its last fencing."""
        self.knows = Offset(-1)
        """How much metadata it last said to have applied."""
        self.stops_at = NO_OFFSET
        """Once everybody else knows metadata up to here, the broker may stop; -1: it does not want to."""


class Sessions:
    """`due` is no later than the earliest moment at which a session can expire."""

    def __init__(self, settings: Settings, decisions: Decisions, elections: Elections) -> None:
        self._settings = settings
        self._decisions = decisions
        self._elections = elections
        self._sessions: dict[NodeId, Session] = {}
        self.due = NEVER

    def begin(self, now: Millis) -> None:
        """A controller that has just started gives every broker a fresh session."""
        image = self._decisions.image
        for node in sorted(image.brokers):
            self._sessions[node] = Session(now, image.offset)
        self.due = Millis(now + self._settings.broker_session_timeout_ms)

    def heard_at(self, node: NodeId) -> Millis:
        """When a registered broker was last heard of, or this controller took over."""
        return self._sessions[node].heard_at

    def has_heard(self, node: NodeId) -> bool:
        """Whether a registered broker has sent a heartbeat since it registered, or this controller took over."""
        return self._sessions[node].knows >= 0

    # ------------------------------------------------------------ registration
    def register(self, request: RegisterBroker, now: Millis) -> RegisteredBroker:
        """Register a process, fenced until its heartbeat shows that it has read the metadata."""
        if request.cluster_id != self._settings.cluster_id or request.broker < 0:
            return RegisteredBroker(ErrorCode.INVALID_REQUEST, NO_BROKER_EPOCH)
        image = self._decisions.image
        known = image.brokers.get(request.broker)
        if known is not None and known.incarnation == request.incarnation:
            self._sessions[request.broker].heard_at = now
            return RegisteredBroker(NO_ERROR, known.epoch)
        if known is not None and not known.fenced:
            return RegisteredBroker(ErrorCode.DUPLICATE_BROKER_REGISTRATION, NO_BROKER_EPOCH)
        clean = known is None or self.stopped_cleanly(known, request)
        epoch = BrokerEpoch(image.offset)
        self._decisions.decide(
            RegisterBrokerRecord(
                broker=request.broker,
                incarnation=request.incarnation,
                broker_epoch=epoch,
                host=request.host,
                port=request.port,
                clean=clean,
                rack=request.rack,
            )
        )
        if not clean:
            for partition in list(image.partitions()):
                if request.broker in partition.isr or request.broker in partition.elr:
                    self._elections.lose_power(partition, request.broker)
        self._sessions[request.broker] = Session(now, image.offset)
        return RegisteredBroker(NO_ERROR, epoch)

    def stopped_cleanly(self, known: BrokerImage, request: RegisterBroker) -> bool:
        """What it had when it stopped under its newest registration is all there is of it (KIP-966)."""
        return request.previous_broker_epoch == known.epoch

    # ------------------------------------------------------------ heartbeats
    def heartbeat(self, request: BrokerHeartbeat, now: Millis) -> HeartbeatAnswer:
        """Prolong the session; unfence a broker that has caught up; let go one that wants to stop."""
        broker = self._decisions.image.brokers.get(request.broker)
        if broker is None:
            return HeartbeatAnswer(ErrorCode.BROKER_ID_NOT_REGISTERED, False, True, False)
        if broker.epoch != request.broker_epoch:
            return HeartbeatAnswer(ErrorCode.STALE_BROKER_EPOCH, False, True, False)
        session = self._sessions[request.broker]
        session.heard_at = now
        session.knows = request.metadata_offset
        caught_up = session.knows >= session.must_know
        if request.want_shut_down:
            let_go = self.may_stop(broker, session)
            return HeartbeatAnswer(NO_ERROR, caught_up, broker.fenced, let_go)
        if broker.fenced and caught_up:
            self.unfence(request.broker, now)
        return HeartbeatAnswer(NO_ERROR, caught_up, broker.fenced, should_shut_down=False)

    def may_stop(self, broker: BrokerImage, session: Session) -> bool:
        """Move the broker's leaderships away; once everybody knows of that, fence it and let it go."""
        if broker.fenced:
            return True
        if not broker.in_controlled_shutdown:
            self._decisions.decide(
                BrokerRegistrationChangeRecord(
                    broker=broker.node, broker_epoch=broker.epoch, in_controlled_shutdown=True
                )
            )
            self._take_out(broker.node)
        if session.stops_at == NO_OFFSET:
            session.stops_at = self._decisions.image.offset
        if self._known_to_all() < session.stops_at:
            return False
        self.fence(broker.node)
        return True

    def _known_to_all(self) -> Offset:
        """How much metadata every broker has applied that the controller counts on."""
        image = self._decisions.image
        knows = [session.knows for node, session in self._sessions.items() if image.is_active(node)]
        return min(knows, default=image.offset)

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
        """Count on the broker no longer: take it out of every in-sync set."""
        decisions = self._decisions
        broker = decisions.image.brokers[node]
        decisions.decide(BrokerRegistrationChangeRecord(broker=node, broker_epoch=broker.epoch, fenced=True))
        self._take_out(node)
        self._sessions[node].must_know = decisions.image.offset

    def _take_out(self, node: NodeId) -> None:
        for partition in list(self._decisions.image.partitions()):
            if node in partition.isr:
                self._elections.take_out(partition, node)

    def unfence(self, node: NodeId, now: Millis) -> None:
        """Count on the broker again, and elect it where its partition has waited for it."""
        decisions = self._decisions
        broker = decisions.image.brokers[node]
        decisions.decide(BrokerRegistrationChangeRecord(broker=node, broker_epoch=broker.epoch, fenced=False))
        for partition in list(decisions.image.partitions()):
            if partition.leader == NO_LEADER and node in partition.replicas:
                self._elections.find_leader(partition)
        self.due = Millis(min(self.due, now + self._settings.broker_session_timeout_ms))
