"""Planted bugs of what is deleted from the beginning of a log: by clients (DeleteRecords), by retention, by falling
behind a leader that has deleted.

One rule: each breaks one of the orders that keep a log's start below its watermark and its deletions remembered.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from campaign.mutants.registry import mutant
from impl.core.broker import Broker
from impl.core.events import Effect, Event, RequestArrived
from impl.core.messages import DeleteRecords, FetchedPartition, FetchPartition
from impl.core.partition import Partition
from impl.core.types import Millis, Offset, TopicPartition
from impl.storage.log_directory import LogDirectory


@mutant("watermark-below-the-start", "log_start", "high_watermark_bound")
class KeepsItsWatermark(Partition):
    """A follower that begins anew where its leader's log begins keeps the high watermark that it had.

    KAFKA-9491: Log.truncateFullyAndStartAt moved both ends of the log and left the watermark below its start. Elected
    soon after, such a replica could not raise the watermark over offsets that its log does not have, and followers
    failed on what it told them.
    """

    def reset(self, to: Offset, out: list[Effect]) -> None:
        before = self.high_watermark
        super().reset(to, out)
        self.high_watermark = min(before, to)


@mutant("deletes-beyond-its-watermark", "high_watermark_bound", "log_start")
class DeletesAllItHas(Broker):
    """A leader deletes whatever it has, also what is not committed yet.

    KAFKA-5634 was the same of retention: a segment past the high watermark was deleted, the log began above its
    watermark, and followers that were to copy it could not. Since then UnifiedLog.maybeIncrementLogStartOffset refuses
    a start above the watermark, whoever asks for it.
    """

    def step(self, event: Event, now: Millis) -> list[Effect]:
        if type(event) is not RequestArrived or not isinstance(event.request, DeleteRecords):
            return super().step(event, now)
        asked = [self.partitions.get(part.partition) for part in event.request.partitions]
        known = [(each, each.high_watermark) for each in asked if each is not None and each.leading]
        for partition, _ in known:
            partition.high_watermark = partition.log_end
        effects = super().step(event, now)
        for partition, high_watermark in known:
            partition.high_watermark = high_watermark
        return effects


@mutant("deletes-when-committed", "answered_in_time")
class WaitsForTheWatermark(Broker):
    """Whoever asks a leader to delete what is not committed yet is heard when it is.

    Kafka refuses with OFFSET_OUT_OF_RANGE at once (KIP-107, Partition.deleteRecordsOnLeader): what is not committed may
    never be, and then the client waits for as long as it allows, and longer.
    """

    _held: tuple[RequestArrived, ...] = ()

    def step(self, event: Event, now: Millis) -> list[Effect]:
        if isinstance(event, RequestArrived) and self._is_early(event):
            self._held = (*self._held, event)
            return []
        effects = super().step(event, now)
        ready = [held for held in self._held if not self._is_early(held)]
        self._held = tuple(held for held in self._held if held not in ready)
        for held in ready:
            effects.extend(super().step(held, now))
        return effects

    def _is_early(self, event: RequestArrived) -> bool:
        request = event.request
        return isinstance(request, DeleteRecords) and any(
            (partition := self.partitions.get(asked.partition)) is not None
            and partition.high_watermark < asked.offset <= partition.log_end
            for asked in request.partitions
        )


@mutant("deletion-forgotten", "log_start")
class ForgetsWhereItBegan(LogDirectory):
    """Where a log begins is known by its first segment alone, and not written down.

    As before KIP-107, which brought log-start-offset-checkpoint: a start inside a segment is forgotten by the next
    restart, and what clients were told is gone can be read again.
    """

    def _write_log_starts(self, starts: Mapping[TopicPartition, int]) -> None:
        del starts


@mutant("deleted-here-is-deleted", "log_start")
class AnswersAlone(Partition):
    """The leader answers a deletion when it has deleted itself, and does not wait for its followers.

    KIP-107 has a purgatory for it: the next leader begins where it did before, and clients read again what they were
    told is gone.
    """

    def low_watermark(self) -> Offset:
        return self.log_start


@mutant("deletes-with-the-news", "deleted_everywhere")
class DeletesWithTheNews(Partition):
    """A follower takes over where its leader's log begins when there are records to copy or a watermark to raise.

    What a fetch brings is looked at first, and an answer that brings nothing is put aside as a whole. Where nothing is
    written any more, what clients were to have deleted stays where it is, and whoever asked is told that his time is
    up.
    """

    def receive(self, part: FetchedPartition, now: Millis, out: list[Effect]) -> None:
        if not part.records and part.high_watermark == self.high_watermark:
            part = replace(part, log_start=self.log_start)
        super().receive(part, now, out)


@mutant("start-shown-not-taken", "log_start")
class ShowsWhatItHeard(Partition):
    """A follower shows its leader the start it was last told, and keeps the records.

    Two variables for one thing, of which the fetcher sends the one that it has at hand: the leader believes that all
    have deleted, answers the client, and fails; the follower leads, and serves the records again.
    """

    _told = Offset(0)

    def receive(self, part: FetchedPartition, now: Millis, out: list[Effect]) -> None:
        self._told = part.log_start
        super().receive(part, now, out)

    def advance_log_start(self, to: Offset, out: list[Effect]) -> None:
        if self.leading:
            super().advance_log_start(to, out)

    def position(self, max_bytes: int) -> FetchPartition:
        return replace(super().position(max_bytes), log_start=max(self._told, self.log_start))
