"""The log of one partition on this broker: what stands in it, without the bytes.

One rule: offsets and epochs change here exactly when the effect that does the same on disk is emitted, so memory and
disk never tell two stories.

`Replica` is the ground both roles stand on: `Follower` (impl/core/follower.py) and `Leader` (impl/core/leader.py)
build on it, `Partition` (impl/core/partition.py) is all three.
"""

from impl.core.epochs import LeaderEpochCache
from impl.core.events import (
    AdvanceLogStart,
    AppendBatch,
    Effect,
    RecoveredLog,
    ResetLog,
    TruncateLog,
    WriteEpochs,
)
from impl.core.facts import Content, DeleteBelow, RecoverStart, Restart, Truncate
from impl.core.image import MetadataImage
from impl.core.labels import label
from impl.core.producers import NO_PRODUCER, ProducerStates
from impl.core.settings import Settings
from impl.core.sizes import RecentSizes
from impl.core.types import (
    NO_EPOCH,
    NO_LEADER,
    Batch,
    LeaderEpoch,
    NodeId,
    Offset,
    PartitionEpoch,
    TopicPartition,
)

NO_TOPIC_ID = bytes(16)


def content(batch: Batch, base_offset: Offset, leader_epoch: LeaderEpoch) -> Content:
    """The batch as evidence, at the place and in the epoch its leader gave it."""
    return Content(
        base_offset,
        batch.record_count,
        leader_epoch,
        batch.crc,
        batch.producer_id,
        batch.producer_epoch,
        batch.base_sequence,
    )


class Replica:
    """Mutable state of one log and of the partition's version this broker acts on."""

    __slots__ = (
        "epochs",
        "high_watermark",
        "image",
        "isr",
        "label",
        "leader",
        "leader_epoch",
        "log_end",
        "log_start",
        "name",
        "node",
        "partition_epoch",
        "producers",
        "replicas",
        "settings",
        "sizes",
        "topic_id",
    )

    def __init__(self, name: TopicPartition, settings: Settings, image: MetadataImage) -> None:
        self.name = name
        self.label = str(name)
        self.settings = settings
        self.image = image
        self.node = settings.node
        self.topic_id = NO_TOPIC_ID
        """Of the topic whose log this is; one that is deleted and made again is another (KIP-516)."""
        self.log_start = Offset(0)
        self.log_end = Offset(0)
        self.high_watermark = Offset(0)
        self.epochs = LeaderEpochCache()
        self.producers = ProducerStates()
        self.sizes = RecentSizes()
        self.replicas: tuple[NodeId, ...] = ()
        self.isr: tuple[NodeId, ...] = ()
        self.leader = NO_LEADER
        self.leader_epoch = NO_EPOCH
        self.partition_epoch = PartitionEpoch(-1)

    def be_of(self, topic_id: bytes) -> None:
        """Be a replica of this topic's partition."""
        self.topic_id = topic_id
        self.label = label(self.name, topic_id, self.settings)

    def restore(self, log: RecoveredLog, *, clean: bool, out: list[Effect]) -> None:
        """Begin from what is on the disk. The partition plays no role until the metadata log gives it one."""
        self.be_of(log.topic_id)
        self.log_start = log.log_start
        self.log_end = log.log_end
        self.high_watermark = Offset(max(min(log.high_watermark, log.log_end), log.log_start))
        self.epochs = LeaderEpochCache(log.epochs)
        self.producers.restore(log.producers, log.tail)
        tail = tuple(content(batch, batch.base_offset, batch.leader_epoch) for batch in log.tail)
        if self.log_start:
            out.append(RecoverStart(partition=self.label, to=self.log_start))
        out.append(
            Restart(
                partition=self.label,
                log_end=self.log_end,
                high_watermark=self.high_watermark,
                tail_from=self.high_watermark,
                tail=tail,
                clean=clean,
            )
        )

    def append(
        self, batch: Batch, leader_epoch: LeaderEpoch, out: list[Effect], base_offset: Offset | None = None
    ) -> None:
        """Write the batch at the end of the log; past it where compaction has left a gap in the leader's."""
        if base_offset is None:
            base_offset = self.log_end
        out.append(AppendBatch(partition=self.name, base_offset=base_offset, leader_epoch=leader_epoch, batch=batch))
        self.log_end = Offset(base_offset + batch.record_count)
        self.sizes.append(base_offset, self.log_end, batch.size)
        if batch.producer_id != NO_PRODUCER:
            self.producers.record(batch, base_offset, self.high_watermark)

    def truncate(self, to: Offset, out: list[Effect]) -> None:
        """Cut the log to `to`, with everything that is remembered of what is cut."""
        if to < self.log_end:
            out.append(TruncateLog(self.name, to))
            self.log_end = to
            self.producers.truncate(to)
            self.sizes.truncate(to)
        if self.epochs.truncate_from_end(to):
            self.write_epochs(out)
        if self.high_watermark > to:
            self.high_watermark = to
        out.append(
            Truncate(partition=self.label, leader_epoch=self.leader_epoch, to=to, high_watermark=self.high_watermark)
        )

    def advance_log_start(self, to: Offset, out: list[Effect]) -> None:
        """Records below `to` are gone, as far as they are committed. The checkpoint goes first, as recovery expects."""
        to = Offset(min(to, self.high_watermark))
        if to <= self.log_start:
            return
        self.log_start = to
        if self.epochs.truncate_from_start(to):
            self.write_epochs(out)
        out.append(AdvanceLogStart(self.name, to))
        out.append(DeleteBelow(partition=self.label, to=to))

    def reset(self, to: Offset, out: list[Effect]) -> None:
        """Begin anew at `to`, where the leader's log begins. The watermark goes there too (KAFKA-9491)."""
        self.log_start = self.log_end = self.high_watermark = to
        self.producers.clear()
        self.sizes = RecentSizes()
        self.epochs.clear()
        self.write_epochs(out)
        out.append(ResetLog(self.name, to))

    def write_epochs(self, out: list[Effect]) -> None:
        out.append(WriteEpochs(self.name, self.epochs.entries))
