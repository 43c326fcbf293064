"""BeginQuorumEpoch: a voter that has won says so to the others (KIP-595)."""

from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import METADATA_TOPIC, TopicNames
from impl.api.quorum import LISTENER, Endpoints, epoch_topics
from impl.core.quorum.messages import BeginQuorumEpoch, BegunQuorumEpoch
from impl.core.types import ErrorCode, LeaderEpoch, NodeId
from impl.wire.apis import ApiKey
from impl.wire.messages import begin_quorum_epoch as wire
from impl.wire.messages.begin_quorum_epoch import BeginQuorumEpochRequest, BeginQuorumEpochResponse
from impl.wire.messages.quorum import LeaderEndpoint


class BeginQuorumEpochHandler(
    CoreHandler[BeginQuorumEpochRequest, BeginQuorumEpochResponse, BeginQuorumEpoch, BegunQuorumEpoch]
):
    key = ApiKey.BEGIN_QUORUM_EPOCH
    core_request = BeginQuorumEpoch
    sent_version = 1

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def request_to_core(
        self, version: int, message: BeginQuorumEpochRequest, names: TopicNames
    ) -> BeginQuorumEpoch | Immediate:
        del names
        said = [part for topic in message.topics if topic.topic_name == METADATA_TOPIC for part in topic.partitions]
        if len(said) != 1 or len(message.topics) != 1 or said[0].partition_index != 0:
            return Immediate(self.refuse(version, message, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        return BeginQuorumEpoch(
            cluster_id=message.cluster_id,
            leader=NodeId(said[0].leader_id),
            epoch=LeaderEpoch(said[0].leader_epoch),
        )

    def reply_to_wire(
        self, version: int, request: BeginQuorumEpoch, reply: BegunQuorumEpoch, names: TopicNames
    ) -> BeginQuorumEpochResponse:
        del version, request, names
        return BeginQuorumEpochResponse(
            topics=epoch_topics(reply.error, reply.leader, reply.epoch),
            node_endpoints=self._endpoints.of(reply.leader),
        )

    def request_to_wire(self, request: BeginQuorumEpoch, names: TopicNames) -> BeginQuorumEpochRequest:
        del names
        part = wire.BeginPartition(leader_id=request.leader, leader_epoch=request.epoch)
        return BeginQuorumEpochRequest(
            cluster_id=request.cluster_id,
            topics=(wire.BeginTopic(topic_name=METADATA_TOPIC, partitions=(part,)),),
            leader_endpoints=tuple(
                LeaderEndpoint(name=LISTENER, host=each.host, port=each.port)
                for each in self._endpoints.of(request.leader)
            ),
        )

    def reply_to_core(self, message: BeginQuorumEpochResponse, names: TopicNames) -> BegunQuorumEpoch:
        del names
        parts = [part for topic in message.topics for part in topic.partitions]
        if message.error_code or not parts:
            return BegunQuorumEpoch(error_of(message.error_code or -1), LeaderEpoch(-1), NodeId(-1))
        return BegunQuorumEpoch(
            error_of(parts[0].error_code), LeaderEpoch(parts[0].leader_epoch), NodeId(parts[0].leader_id)
        )

    def refuse(self, version: int, message: BeginQuorumEpochRequest, error: ErrorCode) -> BeginQuorumEpochResponse:
        del version, message
        return BeginQuorumEpochResponse(error_code=error)
