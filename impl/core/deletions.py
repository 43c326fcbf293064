"""Records deleted from the beginning of a log: by clients (DeleteRecords, KIP-107) and by retention.

One rule: only the leader decides where a log begins, never past the high watermark; followers take its start from what
they fetch. A follower's own retention may be ahead of its leader's: what it deletes is committed and due everywhere.

A client is answered when every replica on a broker that lives has said, in a fetch, that its log begins there or later,
or when the client's time is up (Kafka's DelayedDeleteRecords).
"""

from impl.core.effective_configs import overrides
from impl.core.events import Effect, LogStartDue, SendReply
from impl.core.member import Member
from impl.core.messages import DeletedPartition, DeletedRecords, DeletePartition, DeleteRecords
from impl.core.types import NO_ERROR, Connection, ErrorCode, Millis, Offset

TO_HIGH_WATERMARK = -1
"""The offset by which a client asks for all that is committed."""
NO_OFFSET = Offset(-1)


class Waiting:
    """A request with its answers so far: None where replicas have yet to follow. `asked` has no -1 any more."""

    __slots__ = ("answers", "asked", "connection", "correlation", "deadline")

    def __init__(self, connection: Connection, correlation: int, deadline: Millis) -> None:
        self.connection = connection
        self.correlation = correlation
        self.deadline = deadline
        self.asked: list[DeletePartition] = []
        self.answers: list[DeletedPartition | None] = []


class Deletions:
    """`waiting` requests are looked at after every step: they are few, and what ends their waiting is many things."""

    __slots__ = ("_member", "waiting")

    def __init__(self, member: Member) -> None:
        self._member = member
        self.waiting: list[Waiting] = []

    def due(self, event: LogStartDue, out: list[Effect]) -> None:
        """Retention keeps nothing below an offset."""
        partition = self._member.partitions.get(event.partition)
        if partition is not None:
            partition.advance_log_start(event.offset, out)

    def delete(
        self, connection: Connection, correlation: int, request: DeleteRecords, now: Millis, out: list[Effect]
    ) -> None:
        """Delete on this broker, which leads; answer at the end of this step at the earliest."""
        waiting = Waiting(connection, correlation, Millis(now + max(0, request.timeout_ms)))
        for asked in request.partitions:
            resolved, error = self._delete(asked, out)
            refused = None if error is NO_ERROR else DeletedPartition(asked.partition, error, NO_OFFSET)
            waiting.asked.append(resolved)
            waiting.answers.append(refused)
        self.waiting.append(waiting)

    def _delete(self, asked: DeletePartition, out: list[Effect]) -> tuple[DeletePartition, ErrorCode]:
        partition = self._member.partitions.get(asked.partition)
        if partition is None:
            return asked, self._member.error_without(asked.partition)
        if not partition.leading:
            return asked, ErrorCode.NOT_LEADER_OR_FOLLOWER
        offset = partition.high_watermark if asked.offset == TO_HIGH_WATERMARK else asked.offset
        if not self._may_delete(asked.partition.topic):
            return asked, ErrorCode.POLICY_VIOLATION
        if not 0 <= offset <= partition.high_watermark:
            return asked, ErrorCode.OFFSET_OUT_OF_RANGE
        partition.advance_log_start(offset, out)
        return DeletePartition(asked.partition, offset), NO_ERROR

    def settle(self, now: Millis, out: list[Effect]) -> None:
        """Answer the requests that wait for nothing any more, and those whose time is up."""
        still: list[Waiting] = []
        for waiting in self.waiting:
            for index, (asked, answer) in enumerate(zip(waiting.asked, waiting.answers, strict=True)):
                if answer is None:
                    waiting.answers[index] = self._outcome(asked, now >= waiting.deadline, out)
            answers = tuple([answer for answer in waiting.answers if answer is not None])
            if len(answers) < len(waiting.answers):
                still.append(waiting)
            else:
                out.append(SendReply(waiting.connection, waiting.correlation, DeletedRecords(answers)))
        self.waiting = still

    def _outcome(self, asked: DeletePartition, late: bool, out: list[Effect]) -> DeletedPartition | None:
        partition = self._member.partitions.get(asked.partition)
        if partition is None:
            return DeletedPartition(asked.partition, self._member.error_without(asked.partition), NO_OFFSET)
        if not partition.leading:
            return DeletedPartition(asked.partition, ErrorCode.NOT_LEADER_OR_FOLLOWER, NO_OFFSET)
        reached = partition.low_watermark()
        if reached >= asked.offset:
            partition.acknowledge_deletion(reached, out)
            return DeletedPartition(asked.partition, NO_ERROR, reached)
        return DeletedPartition(asked.partition, ErrorCode.REQUEST_TIMED_OUT, reached) if late else None

    def disconnected(self, connection: Connection) -> None:
        """Nobody is left to answer. What was deleted stays deleted."""
        self.waiting = [waiting for waiting in self.waiting if waiting.connection != connection]

    def _may_delete(self, name: str) -> bool:
        """A log that is only compacted keeps the last value of every key (Kafka refuses likewise)."""
        member = self._member
        return "delete" in overrides(member.image, name, member.settings.node).get("cleanup.policy", "delete")
