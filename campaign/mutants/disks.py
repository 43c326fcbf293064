"""Planted bugs of what a broker makes of a disk that refuses, is slow, or is not what it was.

One rule: each is found by one kind of fault alone, that for which the code it takes away is there.
"""

import errno
from collections.abc import Iterable

from crc32c import crc32c
from msgspec.structs import replace

from campaign.mutants.registry import mutant
from impl.core.events import SendReply
from impl.core.messages import Fetched
from impl.core.metadata_reader import MetadataReader
from impl.core.quorum.messages import FetchedMetadata
from impl.core.types import Batch, Offset, TopicPartition
from impl.host.broker import BrokerHost
from impl.storage.errors import CorruptLog
from impl.storage.log_directory import LogDirectory
from impl.storage.recovery import Recovered, Recovery
from impl.storage.segment import Segment
from impl.storage.walk import Torn
from impl.wire.batches import CRC_FROM, HEADER_BYTES, LENGTH_ENDS, MAGIC, MAGIC_AT


@mutant("sync-tried-again", "no_committed_loss", "recovery", "heals")
class SyncsAgain(BrokerHost):
    """A sync that fails is tried again, and the second says that all is well.

    PostgreSQL until 2018 ("fsyncgate"), and most who wrote to disks before. Linux forgets after a failed sync what it
    was to write: the next one has nothing to do and succeeds, and what is in memory only is answered for as synced.
    """

    def _flush(self) -> None:
        for log in self._due:
            try:
                log.flush()
            except OSError:
                log.flush()
        self._due.clear()


@mutant("disk-full-unnoticed", "log_matching", "no_committed_loss", "recovery", "heals")
class WritesOnWhenFull(BrokerHost):
    """A batch for which the disk has no room is dropped, and the broker goes on as if it had been written.

    Any code that looks at the error of a write and not at ENOSPC's (KAFKA-1196's kin): the core believes that the batch
    is in the log, answers for it, and puts the next one behind it, where nothing is.
    """

    def _lose_log(self, partition: TopicPartition, error: OSError) -> None:
        if error.errno != errno.ENOSPC:
            super()._lose_log(partition, error)


@mutant("sync-begun-is-done", "recovery", "heals")
class TakesBegunForDone(LogDirectory):
    """The recovery point is raised when the sync of the finished segments begins, and not when it is done.

    The kin of KAFKA-15391: what the checkpoint says is synced lies in the queue of a slow disk. Power lost meanwhile
    takes it, and the log ends below its recovery point.
    """

    def write_high_watermarks(self, watermarks: Iterable[tuple[TopicPartition, Offset]]) -> None:
        for log in self.logs.values():
            log.flush_finished()
            log.recovery_point = max(log.recovery_point, log.segments[-1].base_offset)
        super().write_high_watermarks(watermarks)


@mutant("checkpoint-before-data", "recovery", "heals")
class ChecksBeforeSyncing(LogDirectory):
    """The recovery point is written when the log has grown, and the log is left to the system.

    Two files, and no order between them unless somebody syncs the first before writing the second. After a power loss
    the checkpoint is there and what it speaks of is not.
    """

    def write_high_watermarks(self, watermarks: Iterable[tuple[TopicPartition, Offset]]) -> None:
        for log in self.logs.values():
            log.recovery_point = log.segments[-1].written_end
        super().write_high_watermarks(watermarks)


@mutant("checksum-not-read", "recovery", "no_committed_loss", "heals")
class BelievesWhatIsFramed(Recovery):
    """Recovery looks at the length of a batch and where it begins, and not at its checksum.

    A torn tail is too short and is found all the same; a bit that changed while the power went is not.
    """

    def needs_crc(self, batch: Batch) -> bool:
        del batch
        return False


@mutant("offset-not-compared", "log_matching", "recovery", "no_committed_loss", "heals")
class TakesAnyOffset(Recovery):
    """Recovery takes a batch with a right checksum for the next one, whatever offset it says it is for.

    A disk that writes a sector in another's place returns it intact: a checksum of the content says nothing about where
    it belongs. As if every log had been compacted.
    """

    def continues(self, batch: Batch) -> bool:
        return batch.base_offset >= self.end


@mutant("zeros-passed-over", "log_matching", "recovery", "no_committed_loss", "heals")
class PassesOverZeros(Recovery):
    """Recovery takes zeros for room made ready in advance, and goes on with what comes after them.

    With log.preallocate a segment does end in zeros. But a disk writes in its own order: what follows the hole was
    written after what is missing.
    """

    _after_zeros = False

    def _scan_segment(self, segment: Segment) -> Torn | None:
        data = segment.log.read(0, segment.log.size())
        first = _end_of_batches(data, 0)
        after = next((place for place in range(first, len(data)) if _end_of_batches(data, place) > place), None)
        if after is not None and not any(data[first : after - 1]):
            self._after_zeros = True
            segment.log.truncate(first)
            segment.log.append(data[after:])
        return super()._scan_segment(segment)

    def continues(self, batch: Batch) -> bool:
        return super().continues(batch) or (self._after_zeros and batch.base_offset > self.end)


def _end_of_batches(data: bytes, place: int) -> int:
    """Where what looks like batches from `place` on ends."""
    while place + HEADER_BYTES <= len(data) and data[place + MAGIC_AT] == MAGIC:
        end = place + LENGTH_ENDS + int.from_bytes(data[place + 8 : place + LENGTH_ENDS], "big")
        if not place + HEADER_BYTES <= end <= len(data):
            break
        place = end
    return place


@mutant("recovery-point-lowered", "no_committed_loss", "recovery", "quorum_superset")
class TakesWhatIsThere(LogDirectory):
    """A log that ends below its recovery point is taken as it is, and a clean stop for one.

    As Kafka does: recovery cuts a log where it no longer holds, whatever had been synced, and says that it did in a
    line of the log. A disk that lied about a sync before the machine was switched off is believed, and a broker that
    stopped cleanly claims to have all that it had.
    """

    def _recover(self, partition: TopicPartition) -> Recovered:
        try:
            return super()._recover(partition)
        except CorruptLog:
            self._recovery_points = {**self._recovery_points, partition: 0}
            return super()._recover(partition)


@mutant("empty-disk-acts-at-once", "no_committed_loss", "epoch_fencing", "log_matching", "quorum_superset", "recovery")
class ActsAtOnceIfEmpty(MetadataReader):
    """A broker with nothing on its disk does not wait to be registered before it acts on metadata: it has nothing to
    lose.

    As brokers did before KIP-966 knew what a broker had lost. Its disk was replaced, it still leads partitions by the
    last metadata it reads, and it leads them with empty logs until the controller hears that it is back.
    """

    def may_act(self, reply: FetchedMetadata) -> bool:
        member = self._member
        if member.partitions or member.registered:
            return super().may_act(reply)
        return bool(member.image.offset >= reply.high_watermark >= 0)


@mutant("checksum-made-anew", "log_matching", "no_committed_loss", "stable_read", "per_key_order")
class SumsAnew(BrokerHost):
    """What is read from the disk gets a new checksum on its way out.

    Brokers that convert batches for older clients, or compress them anew, did so (KAFKA-6927's kin): what has rotted on
    the disk leaves it with a seal that says all is well.
    """

    def _complete(self, effect: SendReply) -> SendReply:
        sent = super()._complete(effect)
        reply = sent.reply
        if not isinstance(reply, Fetched):
            return sent
        parts = [
            replace(part, records=_summed(part.records)) if isinstance(part.records, bytes) else part
            for part in reply.partitions
        ]
        return SendReply(sent.connection, sent.correlation, replace(reply, partitions=tuple(parts)))


def _summed(data: bytes) -> bytes:
    out, place = bytearray(data), 0
    while place + HEADER_BYTES <= len(data):
        end = place + LENGTH_ENDS + int.from_bytes(data[place + 8 : place + LENGTH_ENDS], "big")
        out[place + MAGIC_AT + 1 : place + CRC_FROM] = crc32c(data[place + CRC_FROM : end]).to_bytes(4, "big")
        place = max(end, place + HEADER_BYTES)
    return bytes(out)


@mutant("large-segments-refused", "recovery", "no_committed_loss", "heals")
class RefusesLargeSegments(LogDirectory):
    """A segment that is larger than segment.bytes is taken for damaged and cut to that size.

    No broker writes one, until an operator makes segment.bytes smaller and restarts it (KAFKA-2235's kin: a limit of
    the present held against the files of the past).
    """

    def _recover(self, partition: TopicPartition) -> Recovered:
        directory = str(partition)
        for name in self.disk.list(directory):
            if name.endswith(".log"):
                file = self.disk.open(f"{directory}/{name}")
                if file.size() > self._config.segment_bytes:
                    self._recovery_points = {**self._recovery_points, partition: 0}
                    file.truncate(self._config.segment_bytes)
        return super()._recover(partition)
