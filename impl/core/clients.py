"""What clients and followers ask of the partitions on this broker: produce, fetch, offsets.

One rule: a request is taken apart here, answered by each partition for itself, and put together again in
impl/core/parking.py. This file knows no protocol beyond that.
"""

from impl.core.calls import NEVER
from impl.core.events import Effect, SendReply
from impl.core.member import Member
from impl.core.messages import (
    EpochEnd,
    EpochEnds,
    Fetch,
    FetchedPartition,
    FetchPartition,
    ListedOffset,
    ListedOffsets,
    ListOffsets,
    OffsetForLeaderEpoch,
    Produce,
    ProducedPartition,
)
from impl.core.parking import Lot, ParkedFetch, ParkedProduce
from impl.core.partition import Partition
from impl.core.types import NO_EPOCH, Connection, ErrorCode, Millis, Offset

NO_OFFSET = Offset(-1)
VALID_ACKS = (-1, 0, 1)


class Clients:
    """`due` is no later than the earliest deadline of a parked request."""

    __slots__ = ("_member", "_parked", "due")

    def __init__(self, member: Member) -> None:
        self._member = member
        self._parked: Lot[ParkedFetch | ParkedProduce] = Lot()
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
                partition.produce(part.batch, request.acks, parked, index, out)
        if not parked.done:
            self._park(parked)

    def fetch(self, connection: Connection, correlation: int, request: Fetch, now: Millis, out: list[Effect]) -> None:
        """Count the positions, and answer at once or when there is enough to say."""
        pairs: list[tuple[FetchPartition, Partition | None]] = []
        settled: dict[int, FetchedPartition] = {}
        partitions = self._member.partitions
        for asked in request.partitions:
            partition = partitions.get(asked.partition)
            if partition is None:
                error = self._member.error_without(asked.partition)
                answer: FetchedPartition | None = FetchedPartition(
                    partition=asked.partition, error=error, high_watermark=NO_OFFSET, log_start=NO_OFFSET
                )
            else:
                answer = partition.admit(asked, request.replica_id, now, out, request.replica_epoch)
            if answer is not None:
                settled[len(pairs)] = answer
                partition = None
            pairs.append((asked, partition))
        deadline = Millis(now + request.max_wait_ms)
        parked = ParkedFetch(connection, correlation, request, pairs, settled, deadline)
        if request.max_wait_ms <= 0 or not pairs or parked.ready():
            parked.answer(out)
            return
        for _, partition in pairs:
            if partition is not None:
                partition.fetches.add(parked)
        self._park(parked)

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
