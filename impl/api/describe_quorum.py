"""DescribeQuorum: who votes, who watches, how far each has come (KIP-642, KIP-836).

One rule: the core counts time since something happened, for it knows no calendar; the answer says when that was, by the
clock it is given.
"""

from collections.abc import Callable

from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import METADATA_TOPIC, TopicNames
from impl.api.quorum import LISTENER
from impl.core.quorum.messages import DescribedQuorum, DescribeQuorum, QuorumEndpoint, ReplicaState
from impl.core.types import ErrorCode, LeaderEpoch, NodeId, Offset
from impl.wire.apis import ApiKey
from impl.wire.messages import describe_quorum as wire
from impl.wire.messages.describe_quorum import DescribeQuorumRequest, DescribeQuorumResponse

WallClock = Callable[[], int]
"""Milliseconds since 1970."""


def no_clock() -> int:
    """For a world without a calendar: times are counted from 0."""
    return 0


class DescribeQuorumHandler(
    CoreHandler[DescribeQuorumRequest, DescribeQuorumResponse, DescribeQuorum, DescribedQuorum]
):
    key = ApiKey.DESCRIBE_QUORUM
    core_request = DescribeQuorum
    sent_version = 2

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock

    def request_to_core(
        self, version: int, message: DescribeQuorumRequest, names: TopicNames
    ) -> DescribeQuorum | Immediate:
        del names
        asked = [part for topic in message.topics if topic.topic_name == METADATA_TOPIC for part in topic.partitions]
        if len(asked) != 1 or len(message.topics) != 1 or asked[0].partition_index != 0:
            return Immediate(self.refuse(version, message, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        return DescribeQuorum()

    def reply_to_wire(
        self, version: int, request: DescribeQuorum, reply: DescribedQuorum, names: TopicNames
    ) -> DescribeQuorumResponse:
        del version, request, names
        now = self._clock()
        part = wire.DescribedPartition(
            error_code=reply.error,
            leader_id=reply.leader,
            leader_epoch=reply.epoch,
            high_watermark=reply.high_watermark,
            current_voters=tuple(_state(each, now) for each in reply.voters),
            observers=tuple(_state(each, now) for each in reply.observers),
        )
        return DescribeQuorumResponse(
            topics=(wire.DescribedTopic(topic_name=METADATA_TOPIC, partitions=(part,)),),
            nodes=tuple(
                wire.Node(node_id=each.node, listeners=(wire.Listener(name=LISTENER, host=each.host, port=each.port),))
                for each in reply.endpoints
            ),
        )

    def request_to_wire(self, request: DescribeQuorum, names: TopicNames) -> DescribeQuorumRequest:
        del request, names
        topic = wire.TopicData(topic_name=METADATA_TOPIC, partitions=(wire.PartitionData(),))
        return DescribeQuorumRequest(topics=(topic,))

    def reply_to_core(self, message: DescribeQuorumResponse, names: TopicNames) -> DescribedQuorum:
        """A broker passes the controller's answer on: times are counted back again."""
        del names
        parts = [part for topic in message.topics for part in topic.partitions]
        if message.error_code or not parts:
            return DescribedQuorum(error=error_of(message.error_code or -1), epoch=LeaderEpoch(-1), leader=NodeId(-1))
        now = self._clock()
        part = parts[0]
        return DescribedQuorum(
            error=error_of(part.error_code),
            epoch=LeaderEpoch(part.leader_epoch),
            leader=NodeId(part.leader_id),
            high_watermark=Offset(part.high_watermark),
            voters=tuple(_progress(each, now) for each in part.current_voters),
            observers=tuple(_progress(each, now) for each in part.observers),
            endpoints=tuple(
                QuorumEndpoint(NodeId(node.node_id), listener.host, listener.port)
                for node in message.nodes
                for listener in node.listeners[:1]
            ),
        )

    def refuse(self, version: int, message: DescribeQuorumRequest, error: ErrorCode) -> DescribeQuorumResponse:
        del version, message
        return DescribeQuorumResponse(error_code=error)


def _state(state: ReplicaState, now: int) -> wire.ReplicaState:
    return wire.ReplicaState(
        replica_id=state.node,
        log_end_offset=state.log_end,
        last_fetch_timestamp=-1 if state.fetched_ago_ms < 0 else now - state.fetched_ago_ms,
        last_caught_up_timestamp=-1 if state.caught_up_ago_ms < 0 else now - state.caught_up_ago_ms,
    )


def _progress(state: wire.ReplicaState, now: int) -> ReplicaState:
    return ReplicaState(
        node=NodeId(state.replica_id),
        log_end=Offset(state.log_end_offset),
        fetched_ago_ms=-1 if state.last_fetch_timestamp == -1 else max(0, now - state.last_fetch_timestamp),
        caught_up_ago_ms=-1 if state.last_caught_up_timestamp == -1 else max(0, now - state.last_caught_up_timestamp),
    )
