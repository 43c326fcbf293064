"""Planted bugs of what a leader promises to those who produce."""

from campaign.mutants.registry import mutant
from impl.core.events import Effect
from impl.core.image import PartitionImage
from impl.core.partition import Partition
from impl.core.producers import ProducerStates
from impl.core.types import Batch, ErrorCode, Millis, Offset


@mutant("ack-before-isr", "no_committed_loss")
class AcknowledgesAtOnce(Partition):
    """acks=all is answered when the leader alone has the record.

    The classic: any broker that answers from its own log, or from memory, before its peers have it. The record is lost
    with the leader.
    """

    __slots__ = ()

    def is_acknowledged(self, acks: int, end: Offset) -> bool:  # noqa: ARG002 - not looking is the bug
        return True


@mutant("producer-state-forgotten", "per_key_order")
class ForgetsProducers(Partition):
    """A new leader does not know what the old one's producers have sent.

    Redpanda #3039 and its kin: deduplication lived in the leader's memory and was not rebuilt from the replicated log.
    A batch whose acknowledgement was lost is sent again to the new leader, and stands in the log twice.
    """

    __slots__ = ()

    def become_leader(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        self.producers = _TakesStrangers()
        super().become_leader(version, now, out)


class _TakesStrangers(ProducerStates):
    """Lets an unknown producer begin with any sequence, as Kafka does."""

    __slots__ = ()

    def check(self, batch: Batch) -> ErrorCode:
        return super().check(batch) if self.of(batch.producer_id) else ErrorCode.NONE
