"""Structures that stand in more than one message of the quorum."""

from impl.wire.message import Message


class NodeEndpoint(Message, frozen=True):
    """Where a leader listens."""

    node_id: int = 0
    host: str = ""
    port: int = 0


class LeaderEndpoint(Message, frozen=True):
    """The same, said by the leader itself, by listener."""

    name: str = ""
    host: str = ""
    port: int = 0


class EpochPartition(Message, frozen=True):
    """The answer to the beginning or the end of an epoch."""

    partition_index: int = 0
    error_code: int = 0
    leader_id: int = -1
    leader_epoch: int = 0


class EpochTopic(Message, frozen=True):
    topic_name: str = ""
    partitions: tuple[EpochPartition, ...] = ()
