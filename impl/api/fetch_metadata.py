"""A voter or a broker reads the metadata log: on the wire a Fetch of `__cluster_metadata-0`, as in Kafka (KIP-595,
KIP-631).

One rule: the records travel as Kafka's own metadata records in ordinary batches, one for each batch of the log, so the
reply of a controller can be read by whatever reads Kafka's.
"""

from impl.api.fetch import refusal
from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import METADATA_TOPIC, METADATA_TOPIC_ID, TopicNames
from impl.api.quorum import Endpoints
from impl.core.quorum.batches import MetadataBatch, SnapshotId
from impl.core.quorum.messages import FetchedMetadata, FetchMetadata
from impl.core.types import ErrorCode, LeaderEpoch, Millis, NodeId, Offset
from impl.wire import metadata_batches
from impl.wire.apis import ApiKey
from impl.wire.messages import fetch as wire
from impl.wire.messages.common import LeaderIdAndEpoch
from impl.wire.messages.fetch import FetchRequest, FetchResponse

FETCH_BYTES_MAX = 0x7FFFFFFF


class FetchMetadataHandler(CoreHandler[FetchRequest, FetchResponse, FetchMetadata, FetchedMetadata]):
    """The controller's side of Fetch, which serves this one log and nothing else."""

    key = ApiKey.FETCH
    core_request = FetchMetadata
    sent_version = 16

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def request_to_core(self, version: int, message: FetchRequest, names: TopicNames) -> FetchMetadata | Immediate:
        del names
        asked = [part for topic in message.topics if is_metadata(topic) for part in topic.partitions]
        if len(asked) != 1 or len(message.topics) != 1 or asked[0].partition != 0:
            return Immediate(self.refuse(version, message, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        return FetchMetadata(
            replica=NodeId(message.replica_state.replica_id if message.replica_id < 0 else message.replica_id),
            epoch=LeaderEpoch(asked[0].current_leader_epoch),
            offset=Offset(asked[0].fetch_offset),
            last_epoch=LeaderEpoch(asked[0].last_fetched_epoch),
            max_wait_ms=Millis(message.max_wait),
        )

    def reply_to_wire(
        self, version: int, request: FetchMetadata, reply: FetchedMetadata, names: TopicNames
    ) -> FetchResponse:
        del version, request, names
        diverging, snapshot = wire.EpochEndOffset(), wire.SnapshotId()
        if reply.diverging is not None:
            diverging = wire.EpochEndOffset(epoch=reply.diverging[0], end_offset=reply.diverging[1])
        if reply.snapshot is not None:
            snapshot = wire.SnapshotId(end_offset=reply.snapshot.end, epoch=reply.snapshot.epoch)
        part = wire.PartitionData(
            partition_index=0,
            error_code=reply.error,
            high_watermark=reply.high_watermark,
            last_stable_offset=reply.high_watermark,
            log_start_offset=reply.log_start,
            diverging_epoch=diverging,
            snapshot_id=snapshot,
            current_leader=LeaderIdAndEpoch(leader_id=reply.leader, leader_epoch=reply.epoch),
            records=b"".join(map(metadata_batches.encode, reply.batches)),
        )
        topic = wire.FetchableTopicResponse(topic=METADATA_TOPIC, topic_id=METADATA_TOPIC_ID, partitions=(part,))
        return FetchResponse(responses=(topic,), node_endpoints=self._endpoints.for_fetch(reply.leader))

    def request_to_wire(self, request: FetchMetadata, names: TopicNames) -> FetchRequest:
        del names
        part = wire.FetchPartition(
            partition=0,
            current_leader_epoch=request.epoch,
            fetch_offset=request.offset,
            last_fetched_epoch=request.last_epoch,
            partition_max_bytes=FETCH_BYTES_MAX,
        )
        topic = wire.FetchTopic(topic=METADATA_TOPIC, topic_id=METADATA_TOPIC_ID, partitions=(part,))
        return FetchRequest(
            replica_id=request.replica,
            replica_state=wire.ReplicaState(replica_id=request.replica),
            max_wait=request.max_wait_ms,
            min_bytes=1,
            topics=(topic,),
        )

    def reply_to_core(self, message: FetchResponse, names: TopicNames) -> FetchedMetadata:
        del names
        part = message.responses[0].partitions[0]
        error = error_of(part.error_code)
        batches: tuple[MetadataBatch, ...] = ()
        try:
            batches = metadata_batches.decode(part.records or b"")
        except metadata_batches.MalformedBatch:
            error = ErrorCode.CORRUPT_MESSAGE
        diverging, snapshot = part.diverging_epoch, part.snapshot_id
        return FetchedMetadata(
            error=error,
            epoch=LeaderEpoch(part.current_leader.leader_epoch),
            leader=NodeId(part.current_leader.leader_id),
            high_watermark=Offset(part.high_watermark),
            log_start=Offset(part.log_start_offset),
            diverging=(LeaderEpoch(diverging.epoch), Offset(diverging.end_offset))
            if diverging.end_offset >= 0
            else None,
            snapshot=SnapshotId(Offset(snapshot.end_offset), LeaderEpoch(snapshot.epoch))
            if snapshot.end_offset >= 0
            else None,
            batches=batches,
        )

    def refuse(self, version: int, message: FetchRequest, error: ErrorCode) -> FetchResponse:
        del version
        return refusal(message, error)


def is_metadata(topic: wire.FetchTopic | wire.FetchableTopicResponse) -> bool:
    return topic.topic_id == METADATA_TOPIC_ID or topic.topic == METADATA_TOPIC


def is_metadata_response(message: FetchResponse) -> bool:
    """Whether this answers a fetch of the metadata log, and of nothing else."""
    topics = message.responses
    return len(topics) == 1 and is_metadata(topics[0]) and len(topics[0].partitions) == 1
