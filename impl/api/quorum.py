"""What the APIs of the quorum have in common: each is about `__cluster_metadata-0` and nothing else, and names its
leader.

One rule: a request about anything else is refused before the core sees it.
"""

from collections.abc import Iterable

from impl.api.names import METADATA_TOPIC
from impl.core.settings import Voter
from impl.core.types import NodeId
from impl.wire.messages import common
from impl.wire.messages.quorum import EpochPartition, EpochTopic, NodeEndpoint

LISTENER = "CONTROLLER"


class Endpoints:
    """Where the voters listen, as controller.quorum.voters says."""

    def __init__(self, voters: Iterable[Voter] = ()) -> None:
        self._voters = {voter.node: voter for voter in voters}

    def of(self, leader: NodeId) -> tuple[NodeEndpoint, ...]:
        """The leader's, where it is known."""
        voter = self._voters.get(leader)
        return () if voter is None else (NodeEndpoint(node_id=leader, host=voter.host, port=voter.port),)

    def for_fetch(self, leader: NodeId) -> tuple[common.NodeEndpoint, ...]:
        """The same as Fetch says it."""
        return tuple(
            common.NodeEndpoint(node_id=each.node_id, host=each.host, port=each.port) for each in self.of(leader)
        )


def epoch_topics(error: int, leader: int, epoch: int) -> tuple[EpochTopic, ...]:
    part = EpochPartition(error_code=error, leader_id=leader, leader_epoch=epoch)
    return (EpochTopic(topic_name=METADATA_TOPIC, partitions=(part,)),)
