"""Planted bugs of compaction: which record goes, how far it may go, and what becomes of a cleaning that a crash cut
short.

One rule: each is found only in runs in which the topic is compacted.
"""

from campaign.mutants.registry import mutant
from impl.core.types import Offset, TopicPartition
from impl.host.upkeep import Upkeep
from impl.storage.cleaning.cleaner import Cleaner
from impl.storage.cleaning.rewrite import Cleaning, short
from impl.storage.files import Disk, Syncing
from impl.storage.leftovers import CLEANED, SWAP
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory, ProducersOf
from impl.storage.segment import Segment
from impl.wire.opened import Opened, Record


@mutant("tombstone-gone-at-once", "compaction")
class DropsTombstones(Cleaning):
    """The first cleaning that meets a tombstone takes it away with what it deletes.

    S6. KAFKA-4529: a tombstone could be removed earlier than delete.retention.ms allows, as soon as it was cleaned.
    Whoever has read the record and reads on never hears that it was deleted, and keeps it for ever.
    """

    def _stays(self, record: Record, header: Opened) -> bool:
        return super()._stays(record, header) and (not record.tombstone or record.offset >= self._known_to)


@mutant("tombstone-by-its-own-age", "compaction")
class CountsFromTheWriting(Cleaning):
    """A tombstone goes when it is delete.retention.ms old, counted from when it was written.

    S6, the other form: until KIP-534 its age was that of the segment in which it lay, whose first
    cleaning may come after delete.retention.ms is over. Then the tombstone goes with the record that it deletes, and a
    reader that is between the two keeps the record.
    """

    def _stays(self, record: Record, header: Opened) -> bool:
        stays = super()._stays(record, header)
        written = self._known_to > record.offset and record.tombstone
        return stays and not (written and record.timestamp + self._retention <= self._now)


@mutant("keys-that-collide", "compaction")
class TakesTwoKeysForOne(Cleaning):
    """The cleaner knows keys by too short a digest, and takes two for one.

    Kafka's SkimpyOffsetMap keeps an MD5 of each key and never the key, and is right as long as no two keys share one.
    With a digest of two bytes the latest record of a key goes when another key is written.
    """

    def _stays(self, record: Record, header: Opened) -> bool:
        if not super()._stays(record, header) or record.key is None:
            return False
        digest = short(record.key)[:2]
        alike = [offset for key, offset in self._latest.items() if key[:2] == digest]
        return record.offset >= self._known_to or max(alike, default=-1) <= record.offset


@mutant("cleans-the-uncommitted", "compaction")
class CleansAllItHas(Upkeep):
    """The cleaner goes up to the active segment, committed or not.

    Kafka bounds a cleaning by the first unstable offset (LogCleanerManager.cleanableOffsets). A record that another
    replaces which is then truncated is gone with it, though it was committed and acknowledged.
    """

    _cleaning = False

    def _begin_cleaning(self, directory: LogDirectory, wall: int) -> None:
        self._cleaning = True
        super()._begin_cleaning(directory, wall)
        self._cleaning = False

    def _watermark(self, partition: TopicPartition) -> Offset:
        held = self._partitions.get(partition)
        return held.log_end if self._cleaning and held is not None else super()._watermark(partition)


@mutant("cleaned-not-synced", "recovery", "compaction", "no_committed_loss", "heals")
class CountsBeforeItLasts(Cleaner):
    """The new segment takes the old ones' place before it is synced.

    Kafka flushes it first (Cleaner.cleanSegments, then UnifiedLog.replaceSegments). Without that the power takes what
    was on the disk before, as the old segments are removed by then: records that had been synced, on every replica.
    """

    def _begin_sync(self, written: Segment) -> list[Syncing]:
        del written
        return []


@mutant("cleaned-taken-for-whole", "compaction", "recovery", "no_committed_loss", "heals")
class CarriesOutWhatWasNot(LogDirectory):
    """A start carries out a replacement that a crash left half written.

    The two suffixes, .cleaned and .swap, are there to tell them apart (Kafka's LogLoader): what counts is that the file
    is complete, and not that it is there. The batches that were not
    copied yet are gone with the segment that had them.
    """

    def __init__(self, disk: Disk, config: LogConfig, producers_of: ProducersOf | None = None) -> None:
        for path in _ending(disk, CLEANED):
            disk.replace(path, path.removesuffix(CLEANED) + SWAP)
        super().__init__(disk, config, producers_of)


def _ending(disk: Disk, suffix: str) -> list[str]:
    """The files of all logs with this suffix."""
    logs = [name for name in disk.list("") if "." not in name and not name.endswith("checkpoint")]
    return [f"{log}/{name}" for log in logs for name in disk.list(log) if name.endswith(suffix)]
