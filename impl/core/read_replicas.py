"""Which replica a consumer had better read from (KIP-392): one in its own rack.

One rule: only a replica in sync that has the offset asked for, on a broker that is alive, is worth being sent to; where
there is none in the consumer's rack, or the leader itself is in it, the leader serves.

Source: Kafka's RackAwareReplicaSelector and ReplicaManager.findPreferredReadReplica.
"""

from collections.abc import Iterable
from typing import NamedTuple

from impl.core.image import MetadataImage
from impl.core.types import NO_LEADER, Millis, NodeId, Offset


class Candidate(NamedTuple):
    """A follower in sync, as its leader knows it. The best is the one that has most, then the one last caught up."""

    log_end: Offset
    caught_up_at: Millis
    node: NodeId


def preferred(
    rack: str | None, leader: NodeId, offset: Offset, in_sync: Iterable[Candidate], image: MetadataImage
) -> NodeId:
    """Whom to send a consumer in this rack to that asks for `offset`; -1: to nobody else."""
    if not rack or image.brokers[leader].rack == rack:
        return NO_LEADER
    near = [
        candidate
        for candidate in in_sync
        if candidate.log_end >= offset
        and image.is_active(candidate.node)
        and image.brokers[candidate.node].rack == rack
    ]
    return max(near).node if near else NO_LEADER
