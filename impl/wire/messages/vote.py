"""Vote (KIP-595, KIP-996): a voter asks for votes, or whether it would get them."""

from impl.wire.message import NO_ID, Message
from impl.wire.messages.quorum import NodeEndpoint


class VotePartition(Message, frozen=True):
    partition_index: int = 0
    replica_epoch: int = 0
    replica_id: int = 0
    replica_directory_id: bytes = NO_ID
    voter_directory_id: bytes = NO_ID
    last_offset_epoch: int = 0
    last_offset: int = 0
    pre_vote: bool = False


class VoteTopic(Message, frozen=True):
    topic_name: str = ""
    partitions: tuple[VotePartition, ...] = ()


class VoteRequest(Message, frozen=True):
    cluster_id: str | None = None
    voter_id: int = -1
    topics: tuple[VoteTopic, ...] = ()


class VotedPartition(Message, frozen=True):
    partition_index: int = 0
    error_code: int = 0
    leader_id: int = -1
    leader_epoch: int = 0
    vote_granted: bool = False


class VotedTopic(Message, frozen=True):
    topic_name: str = ""
    partitions: tuple[VotedPartition, ...] = ()


class VoteResponse(Message, frozen=True):
    error_code: int = 0
    topics: tuple[VotedTopic, ...] = ()
    node_endpoints: tuple[NodeEndpoint, ...] = ()
