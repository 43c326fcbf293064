"""FetchSnapshot: whoever the log no longer reaches back to reads a snapshot first, piece by piece (KIP-630)."""

from impl.api.handler import CoreHandler, Immediate, error_of
from impl.api.names import METADATA_TOPIC, TopicNames
from impl.api.quorum import Endpoints
from impl.core.quorum.batches import SnapshotId
from impl.core.quorum.messages import FetchedSnapshot, FetchSnapshot
from impl.core.types import ErrorCode, LeaderEpoch, NodeId, Offset
from impl.wire.apis import ApiKey
from impl.wire.messages import fetch_snapshot as wire
from impl.wire.messages.common import LeaderIdAndEpoch
from impl.wire.messages.fetch_snapshot import FetchSnapshotRequest, FetchSnapshotResponse


class FetchSnapshotHandler(CoreHandler[FetchSnapshotRequest, FetchSnapshotResponse, FetchSnapshot, FetchedSnapshot]):
    key = ApiKey.FETCH_SNAPSHOT
    core_request = FetchSnapshot
    sent_version = 1

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def request_to_core(
        self, version: int, message: FetchSnapshotRequest, names: TopicNames
    ) -> FetchSnapshot | Immediate:
        del names
        asked = [part for topic in message.topics if topic.name == METADATA_TOPIC for part in topic.partitions]
        if len(asked) != 1 or len(message.topics) != 1 or asked[0].partition != 0:
            return Immediate(self.refuse(version, message, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        return FetchSnapshot(
            replica=NodeId(message.replica_id),
            epoch=LeaderEpoch(asked[0].current_leader_epoch),
            snapshot=SnapshotId(Offset(asked[0].snapshot_id.end_offset), LeaderEpoch(asked[0].snapshot_id.epoch)),
            position=asked[0].position,
            max_bytes=message.max_bytes,
        )

    def reply_to_wire(
        self, version: int, request: FetchSnapshot, reply: FetchedSnapshot, names: TopicNames
    ) -> FetchSnapshotResponse:
        del version, request, names
        assert isinstance(reply.data, bytes), f"the host has not read {reply.data}"
        part = wire.FetchedPartitionSnapshot(
            error_code=reply.error,
            snapshot_id=wire.SnapshotId(end_offset=reply.snapshot.end, epoch=reply.snapshot.epoch),
            current_leader=LeaderIdAndEpoch(leader_id=reply.leader, leader_epoch=reply.epoch),
            size=reply.size,
            position=reply.position,
            unaligned_records=reply.data,
        )
        return FetchSnapshotResponse(
            topics=(wire.FetchedTopicSnapshot(name=METADATA_TOPIC, partitions=(part,)),),
            node_endpoints=self._endpoints.of(reply.leader),
        )

    def request_to_wire(self, request: FetchSnapshot, names: TopicNames) -> FetchSnapshotRequest:
        del names
        part = wire.PartitionSnapshot(
            current_leader_epoch=request.epoch,
            snapshot_id=wire.SnapshotId(end_offset=request.snapshot.end, epoch=request.snapshot.epoch),
            position=request.position,
        )
        topic = wire.TopicSnapshot(name=METADATA_TOPIC, partitions=(part,))
        return FetchSnapshotRequest(replica_id=request.replica, max_bytes=request.max_bytes, topics=(topic,))

    def reply_to_core(self, message: FetchSnapshotResponse, names: TopicNames) -> FetchedSnapshot:
        del names
        parts = [part for topic in message.topics for part in topic.partitions]
        if message.error_code or not parts:
            return FetchedSnapshot(error=error_of(message.error_code or -1))
        part = parts[0]
        return FetchedSnapshot(
            error=error_of(part.error_code),
            epoch=LeaderEpoch(part.current_leader.leader_epoch),
            leader=NodeId(part.current_leader.leader_id),
            snapshot=SnapshotId(Offset(part.snapshot_id.end_offset), LeaderEpoch(part.snapshot_id.epoch)),
            size=part.size,
            position=part.position,
            data=bytes(part.unaligned_records),
        )

    def refuse(self, version: int, message: FetchSnapshotRequest, error: ErrorCode) -> FetchSnapshotResponse:
        del version, message
        return FetchSnapshotResponse(error_code=error)
