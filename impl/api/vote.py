"""Vote: a voter asks the others for their votes, or with a pre-vote whether it would get them (KIP-595, KIP-996)."""

from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import METADATA_TOPIC, TopicNames
from impl.api.quorum import Endpoints
from impl.core.quorum.messages import Vote, Voted
from impl.core.types import ErrorCode, LeaderEpoch, NodeId, Offset
from impl.wire.apis import ApiKey
from impl.wire.messages import vote as wire
from impl.wire.messages.vote import VoteRequest, VoteResponse


class VoteHandler(CoreHandler[VoteRequest, VoteResponse, Vote, Voted]):
    key = ApiKey.VOTE
    core_request = Vote
    sent_version = 2

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def request_to_core(self, version: int, message: VoteRequest, names: TopicNames) -> Vote | Immediate:
        del names
        asked = [part for topic in message.topics if topic.topic_name == METADATA_TOPIC for part in topic.partitions]
        if len(asked) != 1 or len(message.topics) != 1 or asked[0].partition_index != 0:
            return Immediate(self.refuse(version, message, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        return Vote(
            cluster_id=message.cluster_id,
            candidate=NodeId(asked[0].replica_id),
            epoch=LeaderEpoch(asked[0].replica_epoch),
            last_epoch=LeaderEpoch(asked[0].last_offset_epoch),
            log_end=Offset(asked[0].last_offset),
            pre_vote=asked[0].pre_vote,
        )

    def reply_to_wire(self, version: int, request: Vote, reply: Voted, names: TopicNames) -> VoteResponse:
        del version, request, names
        part = wire.VotedPartition(
            error_code=reply.error, leader_id=reply.leader, leader_epoch=reply.epoch, vote_granted=reply.granted
        )
        return VoteResponse(
            topics=(wire.VotedTopic(topic_name=METADATA_TOPIC, partitions=(part,)),),
            node_endpoints=self._endpoints.of(reply.leader),
        )

    def request_to_wire(self, request: Vote, names: TopicNames) -> VoteRequest:
        del names
        part = wire.VotePartition(
            replica_epoch=request.epoch,
            replica_id=request.candidate,
            last_offset_epoch=request.last_epoch,
            last_offset=request.log_end,
            pre_vote=request.pre_vote,
        )
        topic = wire.VoteTopic(topic_name=METADATA_TOPIC, partitions=(part,))
        return VoteRequest(cluster_id=request.cluster_id, topics=(topic,))

    def reply_to_core(self, message: VoteResponse, names: TopicNames) -> Voted:
        del names
        parts = [part for topic in message.topics for part in topic.partitions]
        if message.error_code or not parts:
            return Voted(error_of(message.error_code or -1), LeaderEpoch(-1), NodeId(-1), False)
        part = parts[0]
        return Voted(
            error_of(part.error_code), LeaderEpoch(part.leader_epoch), NodeId(part.leader_id), part.vote_granted
        )

    def refuse(self, version: int, message: VoteRequest, error: ErrorCode) -> VoteResponse:
        del version, message
        return VoteResponse(error_code=error)
