"""Planted bugs of produce requests: what is taken for a repetition, and who is told that it is stored."""

from campaign.mutants.registry import mutant
from impl.core.events import Effect
from impl.core.image import PartitionImage
from impl.core.messages import FetchedPartition
from impl.core.parking import Lot, ParkedProduce
from impl.core.partition import Partition
from impl.core.producers import NO_PRODUCER, ProducedBatch, ProducerStates
from impl.core.types import Batch, ErrorCode, Millis, Offset


class _RemembersOne(ProducerStates):
    __slots__ = ()

    def find(self, batch: Batch) -> ProducedBatch | None:
        found = super().find(batch)
        stored = self.of(batch.producer_id)
        return found if stored and stored[-1] is found else None

    def check(self, batch: Batch) -> ErrorCode:
        """An old batch is taken for news, as where the window is too small to tell."""
        known = super().find(batch)
        return ErrorCode.NONE if known is not None else super().check(batch)


@mutant("window-of-one", "per_key_order")
class RecognisesTheLastOnly(Partition):
    """A batch is known as a repetition only if it is its producer's last.

    KAFKA-5494: a client has five requests in flight. If all their answers are lost it sends all of them again, and the
    first four are stored twice.
    """

    __slots__ = ()

    def become_leader(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        remembered = _RemembersOne()
        remembered._batches = self.producers._batches
        self.producers = remembered
        super().become_leader(version, now, out)


@mutant("repetition-acknowledged-at-once", "no_committed_loss")
class AcknowledgesRepetitions(Partition):
    """A batch that was sent again is answered at once, because the leader has it.

    It has it, and nobody else may: the first copy was never acknowledged for that reason.
    """

    __slots__ = ()

    def produce(
        self, batch: Batch | ErrorCode, acks: int, parked: ParkedProduce, index: int, out: list[Effect]
    ) -> None:
        if (
            isinstance(batch, Batch)
            and batch.producer_id != NO_PRODUCER
            and self.produce_refusal(batch, acks) is ErrorCode.NONE
        ):
            known = self.producers.find(batch)
            if known is not None:
                self.acknowledge(parked, index, acks, known.base_offset, batch, out)
                return
        super().produce(batch, acks, parked, index, out)


@mutant("memory-outlives-the-log", "no_committed_loss", "per_key_order")
class RemembersWhatWasCut(Partition):
    """What a follower knows of producers survives the truncation of the records it knows it from.

    Elected, it takes a batch that was cut off for one it has, and answers with an offset where something else stands.
    """

    __slots__ = ()

    def truncate(self, to: Offset, out: list[Effect]) -> None:
        remembered = ProducerStates()
        for producer, stored in self.producers._batches.items():
            remembered._batches[producer] = list(stored)
        super().truncate(to, out)
        self.producers = remembered


@mutant("deposed-acknowledges", "no_committed_loss")
class AnswersWhenDeposed(Partition):
    """A deposed leader goes on waiting for what it was sent, and acknowledges it by its successor's watermark.

    KAFKA-20634 tells the same of group offsets: the watermark passes an offset at which another record stands by then.
    """

    __slots__ = ()

    def resign(self, out: list[Effect], error: ErrorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER) -> None:
        waiting, self.waiting = self.waiting, Lot()
        super().resign(out, error)
        self.waiting = waiting

    def receive(self, part: FetchedPartition, now: Millis, out: list[Effect]) -> None:
        super().receive(part, now, out)
        for waiting in self.waiting.take():
            if waiting.end <= self.high_watermark:
                self.acknowledge(waiting.parked, waiting.index, -1, waiting.base_offset, waiting.batch, out)
            else:
                self.waiting.add(waiting)


@mutant("refused-yet-acknowledged", "no_committed_loss")
class ThanksWhenDeposed(Partition):
    """A leader that is deposed acknowledges what it still has, because it is in its log.

    The opposite of what NOT_LEADER_OR_FOLLOWER is for: its log is about to be cut to its successor's.
    """

    __slots__ = ()

    def resign(self, out: list[Effect], error: ErrorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER) -> None:
        for waiting in self.waiting.take():
            self.acknowledge(waiting.parked, waiting.index, -1, waiting.base_offset, waiting.batch, out)
        super().resign(out, error)
