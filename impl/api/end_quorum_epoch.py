"""EndQuorumEpoch: a leader that gives up says so, and who should follow it (KIP-595)."""

from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import METADATA_TOPIC, TopicNames
from impl.api.quorum import LISTENER, Endpoints, epoch_topics
from impl.core.quorum.messages import EndedQuorumEpoch, EndQuorumEpoch
from impl.core.types import ErrorCode, LeaderEpoch, NodeId
from impl.wire.apis import ApiKey
from impl.wire.messages import end_quorum_epoch as wire
from impl.wire.messages.end_quorum_epoch import EndQuorumEpochRequest, EndQuorumEpochResponse
from impl.wire.messages.quorum import LeaderEndpoint


class EndQuorumEpochHandler(
    CoreHandler[EndQuorumEpochRequest, EndQuorumEpochResponse, EndQuorumEpoch, EndedQuorumEpoch]
):
    key = ApiKey.END_QUORUM_EPOCH
    core_request = EndQuorumEpoch
    sent_version = 1

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def request_to_core(
        self, version: int, message: EndQuorumEpochRequest, names: TopicNames
    ) -> EndQuorumEpoch | Immediate:
        del names
        said = [part for topic in message.topics if topic.topic_name == METADATA_TOPIC for part in topic.partitions]
        if len(said) != 1 or len(message.topics) != 1 or said[0].partition_index != 0:
            return Immediate(self.refuse(version, message, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        candidates = [candidate.candidate_id for candidate in said[0].preferred_candidates]
        return EndQuorumEpoch(
            cluster_id=message.cluster_id,
            leader=NodeId(said[0].leader_id),
            epoch=LeaderEpoch(said[0].leader_epoch),
            successors=tuple(map(NodeId, candidates or said[0].preferred_successors)),
        )

    def reply_to_wire(
        self, version: int, request: EndQuorumEpoch, reply: EndedQuorumEpoch, names: TopicNames
    ) -> EndQuorumEpochResponse:
        del version, request, names
        return EndQuorumEpochResponse(
            topics=epoch_topics(reply.error, reply.leader, reply.epoch),
            node_endpoints=self._endpoints.of(reply.leader),
        )

    def request_to_wire(self, request: EndQuorumEpoch, names: TopicNames) -> EndQuorumEpochRequest:
        del names
        part = wire.EndPartition(
            leader_id=request.leader,
            leader_epoch=request.epoch,
            preferred_successors=request.successors,
            preferred_candidates=tuple(wire.ReplicaInfo(candidate_id=node) for node in request.successors),
        )
        return EndQuorumEpochRequest(
            cluster_id=request.cluster_id,
            topics=(wire.EndTopic(topic_name=METADATA_TOPIC, partitions=(part,)),),
            leader_endpoints=tuple(
                LeaderEndpoint(name=LISTENER, host=each.host, port=each.port)
                for each in self._endpoints.of(request.leader)
            ),
        )

    def reply_to_core(self, message: EndQuorumEpochResponse, names: TopicNames) -> EndedQuorumEpoch:
        del names
        parts = [part for topic in message.topics for part in topic.partitions]
        if message.error_code or not parts:
            return EndedQuorumEpoch(error_of(message.error_code or -1), LeaderEpoch(-1), NodeId(-1))
        return EndedQuorumEpoch(
            error_of(parts[0].error_code), LeaderEpoch(parts[0].leader_epoch), NodeId(parts[0].leader_id)
        )

    def refuse(self, version: int, message: EndQuorumEpochRequest, error: ErrorCode) -> EndQuorumEpochResponse:
        del version, message
        return EndQuorumEpochResponse(error_code=error)
