"""One partition replica as a whole: which role it plays, and what it does with what producers send.

One rule: a role changes only by a newer version of the partition (`learn`).
"""

from collections.abc import Mapping

from impl.core import replication_quotas
from impl.core.events import DeleteLog, Effect
from impl.core.facts import Append, DeleteReplica
from impl.core.image import MetadataImage, PartitionImage
from impl.core.leader import WaitingProduce
from impl.core.parking import Lot, ParkedProduce
from impl.core.producers import NO_PRODUCER
from impl.core.replica import content
from impl.core.replication_quotas import FOLLOWER_REPLICAS, LEADER_REPLICAS
from impl.core.serving import Serving
from impl.core.settings import Settings
from impl.core.topic_configs import number
from impl.core.types import (
    NO_ERROR,
    Batch,
    ErrorCode,
    Millis,
    Offset,
    TopicPartition,
)


class Partition(Serving):
    """Mutable. Methods that decide one thing are small, so that a broken decision can be planted in a subclass."""

    __slots__ = ("configs", "message_bytes_max", "timestamp_after_ms_max", "timestamp_before_ms_max")

    def __init__(
        self, name: TopicPartition, settings: Settings, image: MetadataImage, proposing: list[TopicPartition]
    ) -> None:
        super().__init__(name, settings, image)
        self.asked = 0
        self.reconciled = False
        self.retry_at = Millis(0)
        self.leading = False
        self.start_offset = Offset(0)
        self.peers = {}
        self.maximal_isr = ()
        self.enough = False
        self.counted = ()
        self.proposal = None
        self.proposing = proposing
        self.min_insync_replicas = settings.min_insync_replicas
        self.message_bytes_max = settings.message_bytes_max
        self.timestamp_after_ms_max = settings.message_timestamp_after_ms_max
        self.timestamp_before_ms_max = settings.message_timestamp_before_ms_max
        self.configs: Mapping[str, str] = {}
        """What is set for the topic, by itself or for all brokers."""
        self.waiting = Lot()
        self.fetches = Lot()
        self.deleted = False
        self.lost = False
        self.sessions = {}
        self.quotas = None
        self.throttled_leading = self.throttled_following = False

    # ------------------------------------------------------------ role
    def configure(self, configs: Mapping[str, str]) -> None:
        """Take over what is set for the topic, by itself or for all."""
        settings = self.settings
        self.configs = configs
        self.min_insync_replicas = number(configs.get("min.insync.replicas"), settings.min_insync_replicas)
        self.message_bytes_max = number(configs.get("max.message.bytes"), settings.message_bytes_max)
        self.timestamp_after_ms_max = number(
            configs.get("message.timestamp.after.max.ms"), settings.message_timestamp_after_ms_max
        )
        self.timestamp_before_ms_max = number(
            configs.get("message.timestamp.before.max.ms"), settings.message_timestamp_before_ms_max
        )
        index, node = self.name.index, self.node
        self.throttled_leading = replication_quotas.names(configs, LEADER_REPLICAS, index, node)
        self.throttled_following = replication_quotas.names(configs, FOLLOWER_REPLICAS, index, node)

    def learn(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        """Act on a version of the partition, if it is newer than the one this replica acts on."""
        if version.partition_epoch <= self.partition_epoch:
            return
        self.partition_epoch = version.partition_epoch
        self.replicas = version.replicas
        self.isr = version.isr
        if version.leader_epoch == self.leader_epoch:
            if self.leading:
                self.learn_isr(version, now, out)
            return
        self.leader_epoch = version.leader_epoch
        self.leader = version.leader
        if version.leader == self.node:
            self.become_leader(version, now, out)
        else:
            if self.leading:
                self.resign(out)
            self.become_follower(version, now, out)
            self.wake_fetches(out)

    def lose(self, out: list[Effect]) -> None:
        """The disk with its log has failed: whoever waits hears so."""
        self.lost = True
        if self.leading:
            self.resign(out, ErrorCode.KAFKA_STORAGE_ERROR)
        self.wake_fetches(out)

    def delete(self, out: list[Effect]) -> None:
        """The partition is no longer this broker's: whoever waits must look elsewhere, and the log goes."""
        self.deleted = True
        if self.leading:
            self.resign(out)
        self.wake_fetches(out)
        out.append(DeleteLog(self.name, self.topic_id))
        out.append(DeleteReplica(partition=self.label))

    # ------------------------------------------------------------ produce
    def produce(
        self, batch: Batch | ErrorCode, acks: int, parked: ParkedProduce, index: int, out: list[Effect]
    ) -> None:
        """Append a batch, or find it appended before; answer now or when the in-sync set has it."""
        error = self.produce_refusal(batch, acks)
        if error is not NO_ERROR or isinstance(batch, ErrorCode):
            self.refuse(parked, index, error, out)
            return
        known = self.producers.find(batch) if batch.producer_id != NO_PRODUCER else None
        if known is None:
            if batch.producer_id != NO_PRODUCER:
                error = self.producers.check(batch)
                if error is not NO_ERROR:
                    self.refuse(parked, index, error, out)
                    return
            base_offset = self.log_end
            self.append(batch, self.leader_epoch, out)
            out.append(
                Append(
                    partition=self.label,
                    leader_epoch=self.leader_epoch,
                    batch=content(batch, base_offset, self.leader_epoch),
                )
            )
        else:
            base_offset = known.base_offset
        if self.is_acknowledged(acks, Offset(base_offset + batch.record_count)):
            self.acknowledge(parked, index, acks, base_offset, batch, out)
        else:
            self.waiting.add(WaitingProduce(parked, index, base_offset, batch))
        if known is None:
            self.advance(out)
            self.wake_fetches(out)

    def timely(self, batch: Batch | ErrorCode, wall: int) -> Batch | ErrorCode:
        """The batch, or INVALID_TIMESTAMP where it is from too far ahead or back; `wall` in milliseconds since 1970.

        A batch is as old as its youngest record, which is what its header tells; Kafka looks at each record (KIP-937).
        """
        if isinstance(batch, ErrorCode) or batch.max_timestamp < 0:
            return batch
        ahead = batch.max_timestamp - wall
        in_range = -self.timestamp_before_ms_max <= ahead <= self.timestamp_after_ms_max
        return batch if in_range else ErrorCode.INVALID_TIMESTAMP

    def produce_refusal(self, batch: Batch | ErrorCode, acks: int) -> ErrorCode:
        """Kafka's order of checks (ReplicaManager.appendToLocalLog, Partition.appendRecordsToLeader)."""
        if not self.leading:
            return ErrorCode.NOT_LEADER_OR_FOLLOWER
        if acks == -1 and not (self.enough and self.enough_in_sync(self.isr)):
            return ErrorCode.NOT_ENOUGH_REPLICAS
        if isinstance(batch, ErrorCode):
            return batch
        if batch.size > self.message_bytes_max:
            return ErrorCode.MESSAGE_TOO_LARGE
        return NO_ERROR

    def is_acknowledged(self, acks: int, end: Offset) -> bool:
        """Whether a stored batch that ends at `end` may be answered now."""
        return acks != -1 or self.high_watermark >= end
