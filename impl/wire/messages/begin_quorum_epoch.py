"""BeginQuorumEpoch (KIP-595): a leader says that it has won."""

from impl.wire.message import NO_ID, Message
from impl.wire.messages.quorum import EpochTopic, LeaderEndpoint, NodeEndpoint


class BeginPartition(Message, frozen=True):
    partition_index: int = 0
    voter_directory_id: bytes = NO_ID
    leader_id: int = 0
    leader_epoch: int = 0


class BeginTopic(Message, frozen=True):
    topic_name: str = ""
    partitions: tuple[BeginPartition, ...] = ()


class BeginQuorumEpochRequest(Message, frozen=True):
    cluster_id: str | None = None
    voter_id: int = -1
    topics: tuple[BeginTopic, ...] = ()
    leader_endpoints: tuple[LeaderEndpoint, ...] = ()


class BeginQuorumEpochResponse(Message, frozen=True):
    error_code: int = 0
    topics: tuple[EpochTopic, ...] = ()
    node_endpoints: tuple[NodeEndpoint, ...] = ()
