"""Planted bugs of those who are asked for offsets (ListOffsets): by the end of the log, by its start, by time.

One rule: each is found only in runs in which somebody asks.
"""

from campaign.mutants.registry import mutant
from impl.core.messages import LATEST, ListedOffset, OffsetQuery
from impl.core.partition import Partition
from impl.core.types import NO_ERROR, Offset
from impl.storage.log import Log
from impl.storage.segment import FoundOffset, Segment


@mutant("latest-is-the-end", "right_offset")
class SaysWhereItEnds(Partition):
    """The latest offset is where the leader's log ends, and not its high watermark.

    As followers were told that asked for it as replicas (replica_id of ListOffsets); a consumer that is told so waits
    for records which may never be committed, and a group that resets to it misses what comes in their place.
    """

    def list_offset(self, query: OffsetQuery) -> ListedOffset:
        listed = super().list_offset(query)
        if listed.error is NO_ERROR and query.timestamp == LATEST:
            return ListedOffset(listed.partition, NO_ERROR, self.log_end, -1, listed.leader_epoch)
        return listed


@mutant("latest-before-it-knows", "right_offset")
class SaysItTooEarly(Partition):
    """A new leader says what is latest before it knows what was committed before it.

    KIP-207: the watermark of a new leader lags until its followers have fetched, and the latest offset went back for
    as long. Since then the answer is OFFSET_NOT_AVAILABLE.
    """

    def list_offset(self, query: OffsetQuery) -> ListedOffset:
        begins, self.start_offset = self.start_offset, Offset(0)
        try:
            return super().list_offset(query)
        finally:
            self.start_offset = begins


@mutant("times-below-the-start", "right_offset")
class LooksBelowItsStart(Log):
    """A look-up by time finds records that are deleted and still lie in the first segment.

    KIP-107 moved the start of a log into a segment. Whoever goes on at what he was told is out of range.
    """

    def offset_for_time(self, timestamp: int, limit: int) -> FoundOffset | None:
        start, self.start_offset = self.start_offset, self.first_base_offset
        try:
            return super().offset_for_time(timestamp, limit)
        finally:
            self.start_offset = start


@mutant("finished-without-its-last-time", "right_offset")
class FinishesWithoutTheLastTime(Log):
    """A segment is finished without the last entry of its time index, which a later start believes.

    Kafka's LogSegment.onBecomeInactiveSegment appends that entry: without it the youngest records of a segment that is
    not read again are older, for whoever looks them up, than they are.
    """

    def _roll(self) -> Segment:
        indexing = self._active.indexing
        indexing.timestamp_indexed = indexing.max_timestamp
        return super()._roll()
