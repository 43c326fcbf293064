"""EndQuorumEpoch (KIP-595): a leader says that it leads no longer."""

from impl.wire.message import NO_ID, Message
from impl.wire.messages.quorum import EpochTopic, LeaderEndpoint, NodeEndpoint


class ReplicaInfo(Message, frozen=True):
    candidate_id: int = 0
    candidate_directory_id: bytes = NO_ID


class EndPartition(Message, frozen=True):
    partition_index: int = 0
    leader_id: int = 0
    leader_epoch: int = 0
    preferred_successors: tuple[int, ...] = ()
    preferred_candidates: tuple[ReplicaInfo, ...] = ()


class EndTopic(Message, frozen=True):
    topic_name: str = ""
    partitions: tuple[EndPartition, ...] = ()


class EndQuorumEpochRequest(Message, frozen=True):
    cluster_id: str | None = None
    topics: tuple[EndTopic, ...] = ()
    leader_endpoints: tuple[LeaderEndpoint, ...] = ()


class EndQuorumEpochResponse(Message, frozen=True):
    error_code: int = 0
    topics: tuple[EpochTopic, ...] = ()
    node_endpoints: tuple[NodeEndpoint, ...] = ()
