"""What must not leave a step in which a log directory failed: whatever the step believes of the logs in it.

One rule: a partition whose write failed says nothing but KAFKA_STORAGE_ERROR. Its facts are dropped, nobody is told
that it has a batch, and no leader that it has come further.
"""

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from impl.core.controller_messages import AlterPartition
from impl.core.events import Send, SendReply, Stopped
from impl.core.messages import Fetch, Fetched, ListedOffset, ListedOffsets, Produced
from impl.core.types import ErrorCode, Offset, TopicPartition

NOWHERE = Offset(-1)
Outgoing = Send | SendReply | Stopped


def facts_without(facts: list[Any], lost: Collection[TopicPartition]) -> list[Any]:
    labels = {str(partition) for partition in lost}
    return [fact for fact in facts if getattr(fact, "partition", None) not in labels]


def outgoing_without(outgoing: list[Outgoing], lost: Collection[TopicPartition]) -> list[Outgoing]:
    return [_without(each, lost) for each in outgoing]


def _without(each: Outgoing, lost: Collection[TopicPartition]) -> Outgoing:
    if type(each) is Send:
        request = each.request
        if isinstance(request, Fetch | AlterPartition):
            kept = tuple(part for part in request.partitions if part.partition not in lost)
            return replace(each, request=replace(request, partitions=kept))
    elif type(each) is SendReply:
        return replace(each, reply=_refused(each.reply, lost))
    return each


def _refused(reply: Any, lost: Collection[TopicPartition]) -> Any:
    error = ErrorCode.KAFKA_STORAGE_ERROR
    if isinstance(reply, Produced):
        return Produced(
            tuple(
                replace(part, error=error, base_offset=NOWHERE, log_start=NOWHERE) if part.partition in lost else part
                for part in reply.partitions
            )
        )
    if isinstance(reply, Fetched):
        return replace(
            reply,
            partitions=tuple(
                replace(part, error=error, records=(), diverging=None) if part.partition in lost else part
                for part in reply.partitions
            ),
        )
    if isinstance(reply, ListedOffsets):
        return ListedOffsets(
            tuple(
                ListedOffset(part.partition, error, NOWHERE, -1, part.leader_epoch) if part.partition in lost else part
                for part in reply.offsets
            )
        )
    return reply
