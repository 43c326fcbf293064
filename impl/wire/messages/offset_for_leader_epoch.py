"""OffsetForLeaderEpoch (KIP-101, KIP-320): where a leader's epoch ended."""

from impl.wire.message import Message


class OffsetForLeaderPartition(Message, frozen=True):
    partition: int = 0
    current_leader_epoch: int = -1
    leader_epoch: int = 0


class OffsetForLeaderTopic(Message, frozen=True):
    topic: str = ""
    partitions: tuple[OffsetForLeaderPartition, ...] = ()


class OffsetForLeaderEpochRequest(Message, frozen=True):
    replica_id: int = -2
    topics: tuple[OffsetForLeaderTopic, ...] = ()


class EpochEndOffset(Message, frozen=True):
    error_code: int = 0
    partition: int = 0
    leader_epoch: int = -1
    end_offset: int = -1


class OffsetForLeaderTopicResult(Message, frozen=True):
    topic: str = ""
    partitions: tuple[EpochEndOffset, ...] = ()


class OffsetForLeaderEpochResponse(Message, frozen=True):
    throttle_time: int = 0
    topics: tuple[OffsetForLeaderTopicResult, ...] = ()
