"""Kafka's small text files: a version line, a line that counts, and one line for each entry.

One rule: a file is read whole and checked whole; one that does not say what it should is refused, by file and line.

`replication-offset-checkpoint`, `recovery-point-offset-checkpoint`, `log-start-offset-checkpoint` and
`cleaner-offset-checkpoint` lie at the root of a log directory (`topic partition offset`), `leader-epoch-checkpoint`
beside the segments of a partition (`epoch start-offset`), and so does `partition.metadata`, which has names instead
of a count.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping

from impl.core.types import EpochStart, LeaderEpoch, Offset, TopicPartition
from impl.storage.errors import CorruptCheckpoint

HIGH_WATERMARKS = "replication-offset-checkpoint"
RECOVERY_POINTS = "recovery-point-offset-checkpoint"
LOG_STARTS = "log-start-offset-checkpoint"
CLEANER_OFFSETS = "cleaner-offset-checkpoint"
LEADER_EPOCHS = "leader-epoch-checkpoint"
PARTITION_METADATA = "partition.metadata"

VERSION = 0
TOPIC_ID_BYTES = 16

_REMEDY = {
    HIGH_WATERMARKS: "delete the file: high watermarks are then learnt anew",
    RECOVERY_POINTS: "delete the file: every log is then checked from its beginning",
    LOG_STARTS: "delete the file: records that were deleted and not yet removed from the disk are then there again",
    CLEANER_OFFSETS: "delete the file: compacted logs are then cleaned from their beginning",
    LEADER_EPOCHS: "delete the file: it is then rebuilt from the log",
    PARTITION_METADATA: "restore the file: it says which topic the log belongs to",
}


def format_offsets(offsets: Mapping[TopicPartition, int]) -> bytes:
    """The text of a root checkpoint, sorted by partition."""
    return _format(f"{partition.topic} {partition.index} {offsets[partition]}" for partition in sorted(offsets))


def parse_offsets(path: str, data: bytes) -> dict[TopicPartition, Offset]:
    """An empty file, which Kafka leaves where it has nothing to say, has no entries. Raises CorruptCheckpoint."""
    offsets: dict[TopicPartition, Offset] = {}
    if not data:
        return offsets
    for number, words in _rows(path, data, width=3):
        partition = TopicPartition(words[0], _number(path, number, words[1]))
        offsets[partition] = Offset(_number(path, number, words[2]))
    return offsets


def format_epochs(epochs: Iterable[EpochStart]) -> bytes:
    """The text of a leader-epoch-checkpoint."""
    return _format(f"{entry.epoch} {entry.start}" for entry in epochs)


def parse_epochs(path: str, data: bytes) -> tuple[EpochStart, ...]:
    """Raises CorruptCheckpoint."""
    return tuple(
        EpochStart(LeaderEpoch(_number(path, number, words[0])), Offset(_number(path, number, words[1])))
        for number, words in _rows(path, data, width=2)
    )


def format_topic_id(topic_id: bytes) -> str:
    """Sixteen bytes the way Kafka prints them: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(topic_id).rstrip(b"=").decode("ascii")


def format_metadata(topic_id: bytes) -> bytes:
    """The text of a partition.metadata."""
    return f"version: {VERSION}\ntopic_id: {format_topic_id(topic_id)}\n".encode("ascii")


def parse_metadata(path: str, data: bytes) -> bytes:
    """The topic id. Raises CorruptCheckpoint."""
    lines = _lines(path, data)
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    if fields.get("version") != str(VERSION):
        raise _refused(path, 1, f"version {fields.get('version')} is not {VERSION}")
    try:
        topic_id = base64.b64decode(fields.get("topic_id", "") + "==", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        topic_id = b""
    if len(topic_id) != TOPIC_ID_BYTES:
        raise _refused(path, 2, f"topic_id {fields.get('topic_id')!r} is not 22 characters of URL-safe base64")
    return topic_id


def _format(rows: Iterable[str]) -> bytes:
    lines = list(rows)
    return "".join(f"{line}\n" for line in (VERSION, len(lines), *lines)).encode("utf-8")


def _rows(path: str, data: bytes, width: int) -> Iterable[tuple[int, list[str]]]:
    """(line number, words) of every entry."""
    lines = _lines(path, data)
    if len(lines) < 2:
        raise _refused(path, len(lines) + 1, "the file ends too early")
    if lines[0] != str(VERSION):
        raise _refused(path, 1, f"version {lines[0]!r} is not {VERSION}")
    count = _number(path, 2, lines[1])
    if count != len(lines) - 2:
        raise _refused(path, 2, f"{count} entries are announced, {len(lines) - 2} are there")
    for number, line in enumerate(lines[2:], 3):
        words = line.split(" ")
        if len(words) != width:
            raise _refused(path, number, f"{line!r} does not have {width} words")
        yield number, words


def _lines(path: str, data: bytes) -> list[str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(path, 1, "the file is not text") from None
    return text.removesuffix("\n").split("\n")


def _number(path: str, line: int, word: str) -> int:
    if not (word.isascii() and word.isdigit()):
        raise _refused(path, line, f"{word!r} is not a number")
    return int(word)


def _refused(path: str, line: int, reason: str) -> CorruptCheckpoint:
    return CorruptCheckpoint(path, line, reason, _REMEDY[path.rpartition("/")[2]])
