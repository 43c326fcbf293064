"""Records deleted from the beginning of a log: by clients (DeleteRecords, KIP-107) and by retention.

One rule: only the leader decides where a log begins, never past the high watermark; followers take its start from what
they fetch. A follower's own retention may be ahead of its leader's: what it deletes is committed and due everywhere.
"""

from impl.core.effective_configs import overrides
from impl.core.events import Effect, LogStartDue, SendReply
from impl.core.member import Member
from impl.core.messages import DeletedPartition, DeletedRecords, DeletePartition, DeleteRecords
from impl.core.types import NO_ERROR, Connection, ErrorCode, Millis, Offset

TO_HIGH_WATERMARK = -1
"""The offset by which a client asks for all that is committed."""
NO_OFFSET = Offset(-1)


class Deletions:
    __slots__ = ("_member",)

    def __init__(self, member: Member) -> None:
        self._member = member

    def due(self, event: LogStartDue, out: list[Effect]) -> None:
        """Retention keeps nothing below an offset."""
        partition = self._member.partitions.get(event.partition)
        if partition is not None:
            partition.advance_log_start(event.offset, out)

    def delete(
        self, connection: Connection, correlation: int, request: DeleteRecords, _now: Millis, out: list[Effect]
    ) -> None:
        """Answer each partition with where its log begins now, on this broker, which leads it."""
        deleted = tuple([self._delete(asked, out) for asked in request.partitions])
        out.append(SendReply(connection, correlation, DeletedRecords(deleted)))

    def _delete(self, asked: DeletePartition, out: list[Effect]) -> DeletedPartition:
        partition = self._member.partitions.get(asked.partition)
        if partition is None:
            return DeletedPartition(asked.partition, self._member.error_without(asked.partition), NO_OFFSET)
        if not partition.leading:
            return DeletedPartition(asked.partition, ErrorCode.NOT_LEADER_OR_FOLLOWER, NO_OFFSET)
        offset = partition.high_watermark if asked.offset == TO_HIGH_WATERMARK else asked.offset
        if not self._may_delete(asked.partition.topic):
            return DeletedPartition(asked.partition, ErrorCode.POLICY_VIOLATION, NO_OFFSET)
        if not 0 <= offset <= partition.high_watermark:
            return DeletedPartition(asked.partition, ErrorCode.OFFSET_OUT_OF_RANGE, NO_OFFSET)
        partition.advance_log_start(offset, out)
        return DeletedPartition(asked.partition, NO_ERROR, partition.log_start)

    def _may_delete(self, name: str) -> bool:
        """A log that is only compacted keeps the last value of every key (Kafka refuses likewise)."""
        member = self._member
        return "delete" in overrides(member.image, name, member.settings.node).get("cleanup.policy", "delete")
