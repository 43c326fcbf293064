"""What clients and followers ask of the partitions on this broker: produce, fetch, offsets.

One rule: a request is taken apart here, answered by each partition for itself, and put together again in
impl/core/parking.py. This file knows no protocol beyond that.
"""

from impl.core.calls import NEVER
from impl.core.events import Effect, SendReply
from impl.core.fetch_sessions import FULL, NO_SESSION, SESSIONLESS, Entry, FetchSession, FetchSessions
from impl.core.member import Member
from impl.core.messages import (
    EpochEnd,
    EpochEnds,
    Fetch,
    Fetched,
    FetchedPartition,
    FetchPartition,
    ListedOffset,
    ListedOffsets,
    ListOffsets,
    OffsetForLeaderEpoch,
    Produce,
    ProducedPartition,
)
from impl.core.parking import FetchSource, Lot, ParkedFetch, ParkedProduce
from impl.core.partition import Partition
from impl.core.topic_names import stood_in_for
from impl.core.types import NO_EPOCH, Connection, ErrorCode, Millis, Offset

NO_OFFSET = Offset(-1)
VALID_ACKS = (-1, 0, 1)


class Clients:
    """`due` is no later than the earliest deadline of a parked request."""

    __slots__ = ("_member", "_parked", "_sessions", "due")

    def __init__(self, member: Member) -> None:
        self._member = member
        self._parked: Lot[ParkedFetch | ParkedProduce] = Lot()
        first = int.from_bytes(member.incarnation[:4], "big")
        self._sessions = FetchSessions(member.settings.fetch_session_slots, first)
        self.due = NEVER

    def _park(self, parked: ParkedFetch | ParkedProduce) -> None:
        self._parked.add(parked)
        if parked.deadline < self.due:
            self.due = parked.deadline

    def expire(self, now: Millis, out: list[Effect]) -> None:
        """Answer what has waited to its deadline."""
        for parked in self._parked.take():
            if parked.deadline <= now:
                parked.expire(out)
            else:
                self._parked.add(parked)
        self.due = min((parked.deadline for parked in self._parked.items), default=NEVER)

    def disconnected(self, connection: Connection) -> None:
        """Nobody is left to answer. What was appended stays appended."""
        for parked in self._parked.items:
            if parked.connection == connection:
                parked.done = True

    def produce(
        self, connection: Connection, correlation: int, request: Produce, now: Millis, out: list[Effect]
    ) -> None:
        """Append to each partition; answer when the last one has its answer. No answer at all for acks=0."""
        parked = ParkedProduce(
            connection,
            correlation,
            tuple([part.partition for part in request.partitions]),
            Millis(now + max(0, request.timeout_ms)),
            silent=request.acks == 0,
        )
        if not request.partitions:
            parked.expire(out)
            return
        partitions = self._member.partitions
        ahead = self._member.wall_ahead
        for index, part in enumerate(request.partitions):
            partition = partitions.get(part.partition)
            if partition is None or request.acks not in VALID_ACKS:
                error = (
                    ErrorCode.INVALID_REQUIRED_ACKS
                    if request.acks not in VALID_ACKS
                    else self._member.error_without(part.partition)
                )
                parked.settle(index, ProducedPartition(part.partition, error, NO_OFFSET, NO_OFFSET), out)
            else:
                batch = part.batch if ahead is None else partition.timely(part.batch, now + ahead)
                partition.produce(batch, request.acks, parked, index, out)
        if not parked.done:
            self._park(parked)

    def fetch(self, connection: Connection, correlation: int, request: Fetch, now: Millis, out: list[Effect]) -> None:
        """Count the positions, and answer at once or when there is enough to say."""
        session = self._session(request, now)
        if isinstance(session, ErrorCode):
            out.append(SendReply(connection, correlation, Fetched((), error=session)))
            return
        pairs: list[tuple[FetchPartition, FetchSource | None]] = []
        settled: dict[int, FetchedPartition] = {}
        whole = request.session_epoch <= 0
        if session is None:
            for asked in request.partitions:
                self._look_at(asked, None, request, pairs, settled, now, out)
        else:
            for entry in session.stirred(now):
                partition = self._look_at(entry.asked, None if whole else entry, request, pairs, settled, now, out)
                session.watch(entry, partition)
        deadline = Millis(now + request.max_wait_ms)
        parked = ParkedFetch(connection, correlation, request, pairs, settled, deadline, session, whole=whole)
        if request.max_wait_ms <= 0 or parked.ready() or not (pairs or session):
            parked.answer(out)
            return
        if session is not None:
            session.parked = parked
        else:
            for asked, _ in pairs:
                self._member.partitions[asked.partition].fetches.add(parked)
        self._park(parked)

    def _session(self, request: Fetch, now: Millis) -> FetchSession | ErrorCode | None:
        """The session a fetch begins or continues; None: it has none, and asks for all it wants itself (KIP-227)."""
        sessions = self._sessions
        epoch = request.session_epoch
        if epoch > FULL:
            session = sessions.go_on(request.session_id, epoch, request.partitions, request.forgotten, now)
            if isinstance(session, ErrorCode):
                return session
            if self._can_name_more(session):
                sessions.end(request.session_id)
                return ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
            if self._names_others(session):
                sessions.end(request.session_id)
                return ErrorCode.FETCH_SESSION_ID_NOT_FOUND
            self._note_topics(session, request)
            return session if session.entries else None
        if request.session_id != NO_SESSION:
            sessions.end(request.session_id)
        if epoch == SESSIONLESS or not request.partitions:
            return None
        begun = sessions.begin(request.replica_id, request.partitions, now)
        if begun is not None:
            begun.looked_at_topics = self._member.image.topics_gone
            self._note_topics(begun, request)
        return begun

    def _can_name_more(self, session: FetchSession) -> bool:
        """What a session remembers are names. A topic whose id was unknown when it was asked for has one by now."""
        known = self._member.image.topics_by_id
        return any(stood_in_for(name.topic) in known for name in session.unnamed)

    def _names_others(self, session: FetchSession) -> bool:
        """A topic that the session was asked for is gone: its name is another's by now, or nobody's (KIP-516).

        Kafka's sessions keep the ids, and that topic alone is refused; here the session ends, with an error that
        clients who say names know too, and whoever asks says anew what it means."""
        image = self._member.image
        if session.looked_at_topics == image.topics_gone:
            return False
        session.looked_at_topics = image.topics_gone
        return any(
            name not in image.topics or image.topics[name].topic_id != topic_id
            for name, topic_id in session.topic_ids.items()
        )

    def _note_topics(self, session: FetchSession, request: Fetch) -> None:
        """What the names of a request stand for."""
        topics = self._member.image.topics
        for asked in request.partitions:
            topic = topics.get(asked.partition.topic)
            if topic is not None:
                session.topic_ids[topic.name] = topic.topic_id

    def _look_at(
        self,
        asked: FetchPartition,
        entry: Entry | None,
        request: Fetch,
        pairs: list[tuple[FetchPartition, FetchSource | None]],
        settled: dict[int, FetchedPartition],
        now: Millis,
        out: list[Effect],
    ) -> Partition | None:
        """Count what one partition is asked for, and note who answers, unless it is quiet since `entry` was told."""
        partition = self._member.partitions.get(asked.partition)
        if partition is None:
            error = self._member.error_without(asked.partition)
            answer: FetchedPartition | None = FetchedPartition(
                partition=asked.partition, error=error, high_watermark=NO_OFFSET, log_start=NO_OFFSET
            )
        else:
            answer = partition.admit(asked, request.replica_id, now, out, request.replica_epoch)
        if answer is not None:
            settled[len(pairs)] = answer
            pairs.append((asked, None))
        elif entry is None or (partition is not None and partition.has_news(asked, request.replica_id, entry)):
            pairs.append((asked, partition))
        return partition

    def list_offsets(
        self, connection: Connection, correlation: int, request: ListOffsets, _now: Millis, out: list[Effect]
    ) -> None:
        listed = []
        for query in request.queries:
            partition = self._member.partitions.get(query.partition)
            if partition is None:
                error = self._member.error_without(query.partition)
                listed.append(ListedOffset(query.partition, error, NO_OFFSET, -1, NO_EPOCH))
            else:
                listed.append(partition.list_offset(query))
        out.append(SendReply(connection, correlation, ListedOffsets(tuple(listed))))

    def epoch_ends(
        self, connection: Connection, correlation: int, request: OffsetForLeaderEpoch, _now: Millis, out: list[Effect]
    ) -> None:
        ends = []
        for query in request.queries:
            partition = self._member.partitions.get(query.partition)
            if partition is None:
                ends.append(EpochEnd(query.partition, self._member.error_without(query.partition), NO_EPOCH, NO_OFFSET))
            else:
                ends.append(partition.epoch_end(query))
        out.append(SendReply(connection, correlation, EpochEnds(tuple(ends))))
