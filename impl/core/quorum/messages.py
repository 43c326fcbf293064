"""What the voters of the quorum say to each other, and what anybody may ask of it (KIP-595, KIP-996, KIP-630).

One rule: a reply names the epoch and the leader that its sender knows of, so that whoever is behind learns it from any
answer.
"""

from impl.core.quorum.batches import MetadataBatch, SnapshotId
from impl.core.types import NO_LEADER, ErrorCode, LeaderEpoch, Millis, NodeId, Offset, Value


class Vote(Value, frozen=True, gc=False, kw_only=True):
    """`candidate` asks for a vote in `epoch`, or with `pre_vote` whether it would get one in the epoch after it."""

    cluster_id: str | None
    candidate: NodeId
    epoch: LeaderEpoch
    last_epoch: LeaderEpoch
    """Of the last record of the candidate's log; 0 of an empty one."""
    log_end: Offset
    pre_vote: bool


class Voted(Value, frozen=True, gc=False):
    error: ErrorCode
    epoch: LeaderEpoch
    leader: NodeId
    granted: bool


class BeginQuorumEpoch(Value, frozen=True, gc=False, kw_only=True):
    """`leader` has won `epoch`."""

    cluster_id: str | None
    leader: NodeId
    epoch: LeaderEpoch


class EndQuorumEpoch(Value, frozen=True, gc=False, kw_only=True):
    """`leader` leads `epoch` no longer; the first of `successors` has most of its log and should stand at once."""

    cluster_id: str | None
    leader: NodeId
    epoch: LeaderEpoch
    successors: tuple[NodeId, ...]


class BegunQuorumEpoch(Value, frozen=True, gc=False):
    error: ErrorCode
    epoch: LeaderEpoch
    leader: NodeId


class EndedQuorumEpoch(Value, frozen=True, gc=False):
    error: ErrorCode
    epoch: LeaderEpoch
    leader: NodeId


class FetchMetadata(Value, frozen=True, gc=False, kw_only=True):
    """A voter or an observer reads the metadata log from `offset`; on the wire a Fetch of `__cluster_metadata-0`.

    A voter's fetch is its acknowledgement of everything below `offset`.
    """

    replica: NodeId
    epoch: LeaderEpoch = LeaderEpoch(-1)
    """The epoch the fetcher is in; -1: it does not say (an observer, who is told what is committed and no more)."""
    offset: Offset
    last_epoch: LeaderEpoch = LeaderEpoch(-1)
    """Of the record before `offset`; -1: it does not say."""
    max_wait_ms: Millis


class FetchedMetadata(Value, frozen=True, gc=False, kw_only=True):
    """`batches` follow the offset asked for without a gap. At most one of `diverging`, `snapshot` and `batches`."""

    error: ErrorCode
    epoch: LeaderEpoch = LeaderEpoch(-1)
    leader: NodeId = NO_LEADER
    high_watermark: Offset = Offset(-1)
    """One past the last record known to be committed; -1: the leader does not know yet."""
    log_start: Offset = Offset(0)
    diverging: tuple[LeaderEpoch, Offset] | None = None
    """The greatest epoch of the leader's log that is no later than the fetcher's, and where it ends."""
    snapshot: SnapshotId | None = None
    """The log no longer reaches back so far: read this snapshot first."""
    batches: tuple[MetadataBatch, ...] = ()


class FetchSnapshot(Value, frozen=True, gc=False, kw_only=True):
    """Bytes of a snapshot, from `position` on (KIP-630)."""

    replica: NodeId
    epoch: LeaderEpoch
    snapshot: SnapshotId
    position: int
    max_bytes: int


class SnapshotSlice(Value, frozen=True, gc=False):
    """Bytes of a snapshot, named and not held: the host reads them when it sends."""

    snapshot: SnapshotId
    position: int
    max_bytes: int


class FetchedSnapshot(Value, frozen=True, gc=False, kw_only=True):
    """`data` is a SnapshotSlice when the core answers, and bytes once the host has read it."""

    error: ErrorCode
    epoch: LeaderEpoch = LeaderEpoch(-1)
    leader: NodeId = NO_LEADER
    snapshot: SnapshotId = SnapshotId(Offset(-1), LeaderEpoch(-1))
    size: int = 0
    position: int = 0
    data: SnapshotSlice | bytes = b""


class DescribeQuorum(Value, frozen=True, gc=False):
    pass


class ReplicaState(Value, frozen=True, gc=False, kw_only=True):
    """How far a replica has come, as the leader knows it. Times in milliseconds before the answer; -1: never."""

    node: NodeId
    log_end: Offset
    fetched_ago_ms: int = -1
    caught_up_ago_ms: int = -1


class QuorumEndpoint(Value, frozen=True, gc=False):
    node: NodeId
    host: str
    port: int


class DescribedQuorum(Value, frozen=True, gc=False, kw_only=True):
    error: ErrorCode
    epoch: LeaderEpoch
    leader: NodeId
    high_watermark: Offset = Offset(-1)
    voters: tuple[ReplicaState, ...] = ()
    observers: tuple[ReplicaState, ...] = ()
    endpoints: tuple[QuorumEndpoint, ...] = ()


class Refused(Value, frozen=True, gc=False):
    """Any request refused as a whole; the api layer says it in the words of the request."""

    error: ErrorCode


QuorumRequest = Vote | BeginQuorumEpoch | EndQuorumEpoch | FetchMetadata | FetchSnapshot | DescribeQuorum
QuorumReply = (
    Voted | BegunQuorumEpoch | EndedQuorumEpoch | FetchedMetadata | FetchedSnapshot | DescribedQuorum | Refused
)
