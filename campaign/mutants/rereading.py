"""Planted bugs of what a process makes of its disk when it comes back, and of what it lets consumers read."""

import msgspec

from campaign.mutants.registry import mutant
from impl.core.controller import Controller
from impl.core.events import Effect, RecoveredLog, RecoveredMetadata, TruncateLog
from impl.core.messages import FetchedPartition, FetchPartition
from impl.core.metadata import PartitionChangeRecord, ProducerIdsRecord
from impl.core.partition import Partition
from impl.core.settings import Settings
from impl.core.types import BrokerEpoch, NodeId, Offset


@mutant("recovers-to-checkpoint", "recovery", "no_committed_loss", "high_watermark_bound", "log_matching")
class RecoversToCheckpoint(Partition):
    """A broker that comes back keeps its log up to its checkpointed high watermark.

    As replicas did before KIP-101, at the start of the process already: what lies above the checkpoint may be committed
    all the same, because the checkpoint is written every few seconds and a follower's watermark lags its leader's.
    """

    __slots__ = ()

    def restore(self, log: RecoveredLog, *, clean: bool, out: list[Effect]) -> None:
        to = Offset(min(log.high_watermark, log.log_end))
        super().restore(_cut(log, to), clean=clean, out=out)
        if to < log.log_end:
            out.append(TruncateLog(self.name, to))


def _cut(log: RecoveredLog, to: Offset) -> RecoveredLog:
    """What recovery would have found of a log that ends at `to`."""
    return msgspec.structs.replace(
        log,
        log_end=to,
        high_watermark=to,
        epochs=tuple(entry for entry in log.epochs if entry.start < to),
        tail=tuple(batch for batch in log.tail if batch.base_offset + batch.record_count <= to),
    )


@mutant("reads-uncommitted", "stable_read", "no_committed_loss")
class ServesConsumersEverything(Partition):
    """A leader serves consumers up to the end of its log.

    What a consumer has read and acted on may be cut off by the next leader. Any broker that takes its log end for the
    high watermark in a fetch, if only in a moment between two reads of it (KAFKA-9835 and its kin).
    """

    __slots__ = ()

    def answer(self, asked: FetchPartition, replica: NodeId, max_bytes: int, out: list[Effect]) -> FetchedPartition:
        watermark = self.high_watermark
        if replica < 0:
            self.high_watermark = self.log_end
        try:
            return super().answer(asked, replica, max_bytes, out)
        finally:
            self.high_watermark = watermark


@mutant("decision-forgotten", "one_decision", "epoch_fencing", "quorum_superset", "no_committed_loss")
class ForgetsTheLastDecision(Controller):
    """A controller that comes back does not know the last change of a partition that it had committed.

    What a metadata log without a sync, or a quorum that elects a controller without all that was committed, amounts to
    (KAFKA-12460 and its kin): the next decision takes the place of one that brokers have acted on.
    """

    def __init__(self, settings: Settings, recovered: RecoveredMetadata) -> None:
        records = list(recovered.records)
        for place in range(len(records) - 1, -1, -1):
            if isinstance(records[place], PartitionChangeRecord):
                next_id = max(
                    (each.next_producer_id for each in records if isinstance(each, ProducerIdsRecord)), default=0
                )
                records[place] = ProducerIdsRecord(
                    broker=NodeId(0), broker_epoch=BrokerEpoch(-1), next_producer_id=next_id
                )
                break
        super().__init__(settings, RecoveredMetadata(tuple(records)))
