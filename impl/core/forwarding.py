"""Requests that a broker passes on to the active controller, as Kafka's brokers do for their clients (KIP-590).

One rule: the client gets one answer: the controller's, or that nobody knows what became of it.
"""

from impl.core.admin_messages import (
    AlterConfigs,
    AlteredConfigs,
    AlteredReassignments,
    AlterReassignments,
    ConfigOutcome,
    CreatedPartitions,
    CreatePartitions,
    DeletedTopic,
    DeletedTopics,
    DeleteTopics,
    ElectedLeaders,
    ElectLeaders,
    PartitionOutcome,
    ReplaceConfigs,
    ReplacedConfigs,
    TopicOutcome,
)
from impl.core.events import Effect, SendReply
from impl.core.member import Member
from impl.core.messages import Reply
from impl.core.quorum.messages import DescribedQuorum, DescribeQuorum
from impl.core.topics import NO_TOPIC_ID
from impl.core.types import CONTROLLER, NO_EPOCH, NO_LEADER, Connection, ErrorCode, Millis

Forwarded = (
    DeleteTopics | CreatePartitions | AlterReassignments | ElectLeaders | AlterConfigs | ReplaceConfigs | DescribeQuorum
)
TIMED_OUT = ErrorCode.REQUEST_TIMED_OUT
MESSAGE = "The controller did not answer in time; it may have done what was asked nevertheless."


class Forwarding:
    __slots__ = ("_member",)

    def __init__(self, member: Member) -> None:
        self._member = member

    def forward(
        self, connection: Connection, correlation: int, request: Forwarded, now: Millis, out: list[Effect]
    ) -> None:
        """Ask the controller, and pass its answer back."""

        def answered(reply: Reply | None, _now: Millis, out: list[Effect]) -> None:
            out.append(SendReply(connection, correlation, unanswered(request) if reply is None else reply))

        self._member.calls.send(CONTROLLER, request, answered, now, out, persistent=True)


def unanswered(request: Forwarded) -> Reply:
    """What the client is told where the controller says nothing."""
    match request:
        case DeleteTopics():
            return DeletedTopics(tuple(DeletedTopic(name, NO_TOPIC_ID, TIMED_OUT, MESSAGE) for name in request.topics))
        case CreatePartitions():
            return CreatedPartitions(tuple(TopicOutcome(more.topic, TIMED_OUT, MESSAGE) for more in request.topics))
        case AlterReassignments():
            return AlteredReassignments(
                tuple(PartitionOutcome(each.partition, TIMED_OUT, MESSAGE) for each in request.partitions)
            )
        case DescribeQuorum():
            return DescribedQuorum(error=TIMED_OUT, epoch=NO_EPOCH, leader=NO_LEADER)
        case ElectLeaders():
            return ElectedLeaders(
                tuple(PartitionOutcome(name, TIMED_OUT, MESSAGE) for name in request.partitions or ())
            )
    outcomes = tuple(ConfigOutcome(each.resource, each.name, TIMED_OUT, MESSAGE) for each in request.resources)
    return AlteredConfigs(outcomes) if isinstance(request, AlterConfigs) else ReplacedConfigs(outcomes)
