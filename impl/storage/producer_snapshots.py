"""What a log knows of its idempotent producers up to one offset, in a file named after that offset.

One rule: a snapshot is believed only if its CRC fits and the log reaches its offset; what is missing is read from the
log, from the newest snapshot on (Kafka's ProducerStateManager).

The file, big-endian: version 2 bytes (1) | CRC-32C of all that follows 4 | count 4 | entries of

    producer id 8 | epoch 2 | last sequence 4 | last offset 8 | offset delta 4 | timestamp 8 |
    coordinator epoch 4 | first offset of the open transaction 8

Kafka writes one entry for a producer, its last batch. Here there may be several, oldest first: the last five, so that
any of them is still known for a repetition after a restart (KAFKA-5494), and all past the high watermark. Kafka reads
the entries in their order and keeps the last.
"""

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

from crc32c import crc32c

from impl.storage.files import Disk

SUFFIX = ".snapshot"
_VERSION = 1
_HEAD = Struct(">hIi")
_ENTRY = Struct(">qhiqiqiq")
_CRC_FROM = 6
_NONE = -1
SEQUENCES = 2**31


class ProducerEntry(NamedTuple):
    """One batch of one producer: where it lies, and between which sequences. Timestamp in ms since 1970."""

    producer_id: int
    producer_epoch: int
    first_sequence: int
    last_sequence: int
    base_offset: int
    timestamp: int

    @property
    def last_offset(self) -> int:
        return self.base_offset + (self.last_sequence - self.first_sequence) % SEQUENCES


def snapshot_name(offset: int) -> str:
    return f"{offset:020}{SUFFIX}"


def snapshot_offset(name: str) -> int | None:
    """The offset a file is a snapshot of; None where it is none."""
    stem = name.removesuffix(SUFFIX)
    return int(stem) if stem != name and len(stem) == 20 and stem.isascii() and stem.isdigit() else None


def format_snapshot(entries: Iterable[ProducerEntry]) -> bytes:
    """The file of these entries, which are grouped by producer, oldest first."""
    packed = []
    for entry in entries:
        delta = (entry.last_sequence - entry.first_sequence) % SEQUENCES
        last_offset = entry.base_offset + delta
        packed.append(
            _ENTRY.pack(
                entry.producer_id,
                entry.producer_epoch,
                entry.last_sequence,
                last_offset,
                delta,
                entry.timestamp,
                _NONE,
                _NONE,
            )
        )
    body = len(packed).to_bytes(4, "big") + b"".join(packed)
    return _HEAD.pack(_VERSION, crc32c(body), len(packed)) + body[4:]


def parse_snapshot(data: bytes) -> tuple[ProducerEntry, ...] | None:
    """The entries; None for a file that is not whole. Entries without a batch (an offset of -1) say nothing."""
    if len(data) < _HEAD.size:
        return None
    version, crc, count = _HEAD.unpack_from(data)
    if version != _VERSION or crc32c(data[_CRC_FROM:]) != crc or len(data) != _HEAD.size + count * _ENTRY.size:
        return None
    entries = []
    for place in range(_HEAD.size, len(data), _ENTRY.size):
        producer_id, epoch, last, last_offset, delta, timestamp, _, _ = _ENTRY.unpack_from(data, place)
        if last_offset >= 0 and last >= 0:
            first = (last - delta) % SEQUENCES
            entries.append(ProducerEntry(producer_id, epoch, first, last, last_offset - delta, timestamp))
    return tuple(entries)


def list_snapshots(disk: Disk, directory: str) -> list[int]:
    """Offsets of the snapshots in a partition's directory, ascending."""
    found = (snapshot_offset(name) for name in disk.list(directory))
    return sorted(offset for offset in found if offset is not None)


def newest_snapshot(
    disk: Disk, directory: str, offsets: Iterable[int], limit: int
) -> tuple[int, tuple[ProducerEntry, ...]]:
    """The newest readable one at or below `limit`, with its offset; (0, ()) where there is none."""
    for offset in sorted((offset for offset in offsets if offset <= limit), reverse=True):
        entries = parse_snapshot(disk.read_file(f"{directory}/{snapshot_name(offset)}"))
        if entries is not None:
            return offset, entries
    return 0, ()
