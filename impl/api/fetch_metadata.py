"""A broker reads the controller's log: on the wire a Fetch of `__cluster_metadata-0`, as in Kafka (KIP-595, KIP-631).

One rule: the records travel as Kafka's own metadata records in one ordinary batch, so the reply of a controller can be
read by whatever reads Kafka's.

A reply without records says only how long the log is; its base offset is taken to be the log's end.
"""

from impl.api.fetch import refusal
from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import METADATA_TOPIC, METADATA_TOPIC_ID, TopicNames
from impl.core.messages import FetchedMetadata, FetchMetadata
from impl.core.types import ErrorCode, LeaderEpoch, Millis, NodeId, Offset
from impl.wire import metadata_records
from impl.wire.apis import ApiKey
from impl.wire.batches import BatchError, build, records, split, stamp
from impl.wire.errors import WireError
from impl.wire.messages import fetch as wire
from impl.wire.messages.fetch import FetchRequest, FetchResponse

FETCH_BYTES_MAX = 0x7FFFFFFF
UNKNOWN_EPOCH = LeaderEpoch(-1)


class FetchMetadataHandler(CoreHandler[FetchRequest, FetchResponse, FetchMetadata, FetchedMetadata]):
    """The controller's side of Fetch, which serves this one log and nothing else."""

    key = ApiKey.FETCH
    core_request = FetchMetadata
    sent_version = 16

    def request_to_core(self, version: int, message: FetchRequest, names: TopicNames) -> FetchMetadata | Immediate:
        del names
        asked = [part for topic in message.topics if is_metadata(topic) for part in topic.partitions]
        if len(asked) != 1 or len(message.topics) != 1 or asked[0].partition != 0:
            return Immediate(self.refuse(version, message, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        return FetchMetadata(
            broker=NodeId(message.replica_state.replica_id if message.replica_id < 0 else message.replica_id),
            offset=Offset(asked[0].fetch_offset),
            max_wait_ms=Millis(message.max_wait),
        )

    def reply_to_wire(
        self, version: int, request: FetchMetadata, reply: FetchedMetadata, names: TopicNames
    ) -> FetchResponse:
        del version, request, names
        return _response(
            wire.PartitionData(
                partition_index=0,
                error_code=reply.error,
                high_watermark=reply.end_offset,
                last_stable_offset=reply.end_offset,
                log_start_offset=0,
                records=_batch_of(reply),
            )
        )

    def request_to_wire(self, request: FetchMetadata, names: TopicNames) -> FetchRequest:
        del names
        part = wire.FetchPartition(partition=0, fetch_offset=request.offset, partition_max_bytes=FETCH_BYTES_MAX)
        topic = wire.FetchTopic(topic=METADATA_TOPIC, topic_id=METADATA_TOPIC_ID, partitions=(part,))
        return FetchRequest(
            replica_id=request.broker,
            replica_state=wire.ReplicaState(replica_id=request.broker),
            max_wait=request.max_wait_ms,
            min_bytes=1,
            topics=(topic,),
        )

    def reply_to_core(self, message: FetchResponse, names: TopicNames) -> FetchedMetadata:
        del names
        part = message.responses[0].partitions[0]
        end = Offset(part.high_watermark)
        try:
            batches = split(part.records or b"")
            decoded = tuple(
                metadata_records.decode(value) for _, _, _, value in records(part.records or b"") if value is not None
            )
        except (BatchError, WireError):
            return FetchedMetadata(ErrorCode.CORRUPT_MESSAGE, end, (), end)
        return FetchedMetadata(error_of(part.error_code), batches[0].base_offset if batches else end, decoded, end)

    def refuse(self, version: int, message: FetchRequest, error: ErrorCode) -> FetchResponse:
        del version
        return refusal(message, error)


def is_metadata(topic: wire.FetchTopic | wire.FetchableTopicResponse) -> bool:
    return topic.topic_id == METADATA_TOPIC_ID or topic.topic == METADATA_TOPIC


def is_metadata_response(message: FetchResponse) -> bool:
    """Whether this answers a fetch of the metadata log, and of nothing else."""
    topics = message.responses
    return len(topics) == 1 and is_metadata(topics[0]) and len(topics[0].partitions) == 1


def _response(part: wire.PartitionData) -> FetchResponse:
    topic = wire.FetchableTopicResponse(topic=METADATA_TOPIC, topic_id=METADATA_TOPIC_ID, partitions=(part,))
    return FetchResponse(responses=(topic,))


def _batch_of(reply: FetchedMetadata) -> bytes:
    if not reply.records:
        return b""
    batch = build([(None, metadata_records.encode(record)) for record in reply.records], timestamp=0)
    return b"".join(stamp(batch, reply.base_offset, UNKNOWN_EPOCH))
