"""A broker's log directory: one directory for each partition, and the checkpoints of all of them.

One rule: a recovery point on disk never lies past what is synced, at any moment. It is therefore lowered before a log
is cut, and raised only after a flush. Likewise the start of a log is raised on disk before segments are deleted.

The layout is Kafka's: `topic-index/` with segments, `partition.metadata` and `leader-epoch-checkpoint`; at the root
`replication-offset-checkpoint`, `recovery-point-offset-checkpoint`, `log-start-offset-checkpoint` (logs that begin
inside a segment), `cleaner-offset-checkpoint` (compacted logs, and where each is no longer clean), and
`.kafka_cleanshutdown` after a clean stop. That marker is removed before anything else is done, so that a crash while
starting is not taken for a clean stop (KAFKA-10471). A partition's directory counts from the moment
`partition.metadata` is in it; whatever a crash left before that is made anew.

A log that is deleted is renamed to `topic-index.<topic id>-delete` at once, and removed file.delete.delay.ms later.
Nothing of it is removed before that name is synced: a power loss could bring the old name back, and not what is gone.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

import msgspec

from impl.core.events import RecoveredLog
from impl.core.types import Offset, TopicPartition
from impl.storage import checkpoints
from impl.storage.errors import CorruptLog, InconsistentTopic
from impl.storage.files import Disk
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.producer_snapshots import ProducerEntry
from impl.storage.recovery import Found, Recovered, Recovery, recover
from impl.storage.trash import Trash

CLEAN_SHUTDOWN = ".kafka_cleanshutdown"
DELETE = "-delete"
_DIRECTORY = re.compile(r"(?P<topic>[A-Za-z0-9._-]{1,249})-(?P<index>0|[1-9][0-9]{0,9})")
_NOT_OURS = "__cluster_metadata"
"""The controller's log, where a Kafka node in combined mode keeps it."""

ProducersOf = Callable[[TopicPartition, int], Iterable[ProducerEntry]]
"""What a partition's idempotent producers had written below an offset."""


class LogDirectory:
    """Every log of one broker in one directory, recovered and open. Making one recovers what is on the disk.

    Raises CorruptLog, CorruptCheckpoint, OSError.
    """

    recovery_class: ClassVar[type[Recovery]] = Recovery
    """Where a different behaviour can be planted."""

    def __init__(self, disk: Disk, config: LogConfig, producers_of: ProducersOf | None = None) -> None:
        """Without `producers_of`, no snapshots of producers are written."""
        self.disk = disk
        self.trash = Trash(disk)
        self._config = config
        self._producers_of = producers_of
        self._checkpointed: dict[str, bytes] = {}
        """Root checkpoints as last written, to write only what changed."""
        self.stopped_cleanly = disk.exists(CLEAN_SHUTDOWN)
        self.previous_broker_epoch = -1
        """In which this directory was last stopped cleanly (KIP-966); -1 where it was not, or nothing says."""
        if self.stopped_cleanly:
            self.previous_broker_epoch = _broker_epoch(disk.read_file(CLEAN_SHUTDOWN))
            disk.remove(CLEAN_SHUTDOWN)
            disk.sync_directory("")
        self._recovery_points: Mapping[TopicPartition, int] = self._read_offsets(checkpoints.RECOVERY_POINTS)
        self._log_starts: Mapping[TopicPartition, int] = self._read_offsets(checkpoints.LOG_STARTS)
        self.cleaner_offsets: Mapping[TopicPartition, int] = self._read_offsets(checkpoints.CLEANER_OFFSETS)
        """Of compacted logs: what lies below was cleaned once."""
        self._watermarks: Mapping[TopicPartition, int] = self._read_offsets(checkpoints.HIGH_WATERMARKS)
        self.logs: dict[TopicPartition, Log] = {}
        recovered = [self._recover(partition) for partition in self._partitions()]
        self.recovered: tuple[RecoveredLog, ...] = tuple(each.state for each in recovered)
        self.cuts: tuple[str, ...] = tuple(each.cut for each in recovered if each.cut)
        """What recovery had to cut off, one line each."""

    # ------------------------------------------------------------ effects
    def create(self, partition: TopicPartition, topic_id: bytes, configs: tuple[tuple[str, str], ...]) -> None:
        """Make the partition's directory and an empty log, unless it is there; take over its topic's configuration.

        Raises InconsistentTopic, OSError.
        """
        directory = str(partition)
        assert _DIRECTORY.fullmatch(directory), (
            f"{directory!r} cannot be a directory; the controller checks topic names"
        )
        config = self._config.overridden(configs)
        log = self.logs.get(partition)
        if log is None:
            self._forget(partition)
            self._make(directory, topic_id)
            found = Found(partition, directory, topic_id, Offset(0), Offset(0))
            log = self._open(partition, recover(self.disk, found, config, recovery=self.recovery_class).log)
        else:
            self._check_topic(directory, topic_id)
        log.config = config
        if config.compacts:
            self._expect_gaps(partition)

    def delete(self, partition: TopicPartition, topic_id: bytes) -> None:
        """Take a log away, if it is of this topic. Raises OSError."""
        directory = str(partition)
        if partition not in self.logs or self._read_topic_id(directory) != topic_id:
            return
        log = self.logs.pop(partition)
        log.release()
        doomed, number = f"{directory}.{topic_id.hex()}{DELETE}", 0
        while self.disk.exists(doomed):
            number += 1
            doomed = f"{directory}.{topic_id.hex()}{number}{DELETE}"
        self.disk.sync_directory(directory)
        self.disk.replace(directory, doomed)
        self.disk.sync_directory("")
        self.trash.put(doomed, log.config.file_delete_delay_ms)

    def truncate(self, partition: TopicPartition, to: Offset) -> None:
        """Cut a log. Raises InsideBatch, OSError."""
        log = self.logs[partition]
        if to == log.start_offset > log.first_base_offset:
            # Perhaps inside a batch.
            self.reset(partition, to)
            return
        self._lower_recovery_point(partition, log.cut_point(to))
        log.truncate_to(to)

    def advance_start(self, partition: TopicPartition, to: Offset) -> None:
        """Records below `to` are gone. Raises OSError."""
        self._write_log_starts({**self._log_starts, partition: to})
        self.logs[partition].advance_start(to)

    def reset(self, partition: TopicPartition, to: Offset) -> None:
        """Drop a whole log and begin anew at `to`. Raises OSError.

        Where that is further on, a crash in between must not make a log of it that begins at 0 again.
        """
        log = self.logs[partition]
        self._lower_recovery_point(partition, 0)
        if to > log.start_offset:
            self._write_log_starts({**self._log_starts, partition: to})
        log.reset_to(to)

    def write_high_watermarks(self, watermarks: Iterable[tuple[TopicPartition, Offset]]) -> None:
        """All root checkpoints: the given high watermarks, and how far each log is synced. Raises OSError."""
        self._write_watermarks({partition: offset for partition, offset in watermarks if partition in self.logs})
        for log in self.logs.values():
            log.flush_finished()
        self._write_recovery_points({partition: log.recovery_point for partition, log in self.logs.items()})
        self._write_log_starts({})

    def write_recovery_point(self, partition: TopicPartition) -> None:
        """How far a log is synced is to be known from now on: what lies below it may have gaps. Raises OSError."""
        log = self.logs[partition]
        log.gap_at = -1
        self._write_recovery_points({**self._recovery_points, partition: log.recovery_point})

    def write_cleaner_offset(self, partition: TopicPartition, offset: int) -> None:
        """A log was cleaned up to here. Raises OSError."""
        self._write_cleaner_offsets({**self.cleaner_offsets, partition: offset})

    def close(self, broker_epoch: int = -1) -> None:
        """A clean stop: sync and close every log, then say so, in Kafka's words. Raises OSError."""
        for log in self.logs.values():
            log.close()
        self._write_recovery_points({partition: log.recovery_point for partition, log in self.logs.items()})
        self._write_log_starts({})
        self.disk.write_file(CLEAN_SHUTDOWN, b'{"version":0,"brokerEpoch":%d}' % broker_epoch)

    # ------------------------------------------------------------ recovery
    def _partitions(self) -> list[TopicPartition]:
        """Partitions that have a directory here, sorted; deleted ones go to the trash."""
        found = []
        names = self.disk.list("")
        if any(name.endswith(DELETE) for name in names):
            self.disk.sync_directory("")  # The process may have died between the renaming and this.
        for name in names:
            if name.endswith(DELETE):
                self.trash.put(name, 0)
                continue
            match = _DIRECTORY.fullmatch(name)
            if match is None or match["topic"] == _NOT_OURS:
                continue
            if self.disk.exists(f"{name}/{checkpoints.PARTITION_METADATA}"):
                found.append(TopicPartition(match["topic"], int(match["index"])))
            elif any(each.endswith(".log") for each in self._within(name)):
                raise CorruptLog(f"{name}/{checkpoints.PARTITION_METADATA}", 0, "the file is missing")
        return sorted(found)

    def _within(self, name: str) -> list[str]:
        """The names in a directory; none where it is a file, which is nobody's log whatever its name."""
        try:
            return self.disk.list(name)
        except NotADirectoryError:
            return []

    def _recover(self, partition: TopicPartition) -> Recovered:
        directory = str(partition)
        found = Found(
            partition=partition,
            directory=directory,
            topic_id=self._read_topic_id(directory),
            recovery_point=Offset(self._recovery_points.get(partition, 0)),
            high_watermark=Offset(self._watermarks.get(partition, 0)),
            log_start=Offset(self._log_starts.get(partition, 0)),
            stopped_cleanly=self.stopped_cleanly,
            compacted=partition in self.cleaner_offsets,
        )
        recovered = recover(self.disk, found, self._config, recovery=self.recovery_class)
        self._open(partition, recovered.log)
        return recovered

    def _open(self, partition: TopicPartition, log: Log) -> Log:
        log.trash = self.trash
        producers_of = self._producers_of
        if producers_of is not None:
            log.producers_at = lambda to: producers_of(partition, to)
        log.discard_below_start()
        if partition not in self.cleaner_offsets:
            log.before_gap = lambda: self._expect_gaps(partition)
        self.logs[partition] = log
        return log

    def _expect_gaps(self, partition: TopicPartition) -> None:
        """From now on recovery, and whoever reads, take gaps in this log's offsets for compaction's work."""
        self.logs[partition].before_gap = None
        if partition not in self.cleaner_offsets:
            self.write_cleaner_offset(partition, self.logs[partition].start_offset)

    # ------------------------------------------------------------ inside
    def _make(self, directory: str, topic_id: bytes) -> None:
        self.disk.make_directory(directory)
        self.disk.write_file(f"{directory}/{checkpoints.PARTITION_METADATA}", checkpoints.format_metadata(topic_id))
        self.disk.sync_directory("")

    def _forget(self, partition: TopicPartition) -> None:
        """Nothing the checkpoints say of an earlier log of that name holds for a new one."""
        self._lower_recovery_point(partition, 0)
        if self._watermarks.get(partition):
            self._write_watermarks({name: at for name, at in self._watermarks.items() if name != partition})
        if partition in self._log_starts:
            self._log_starts = {name: at for name, at in self._log_starts.items() if name != partition}
            self._write(checkpoints.LOG_STARTS, self._log_starts)
        if partition in self.cleaner_offsets:
            self._write_cleaner_offsets({n: at for n, at in self.cleaner_offsets.items() if n != partition})

    def _check_topic(self, directory: str, topic_id: bytes) -> None:
        found = self._read_topic_id(directory)
        if found != topic_id:
            names = map(checkpoints.format_topic_id, (found, topic_id))
            raise InconsistentTopic(directory, *names)

    def _read_topic_id(self, directory: str) -> bytes:
        path = f"{directory}/{checkpoints.PARTITION_METADATA}"
        return checkpoints.parse_metadata(path, self.disk.read_file(path))

    # ------------------------------------------------------------ checkpoints
    def _read_offsets(self, path: str) -> dict[TopicPartition, Offset]:
        if not self.disk.exists(path):
            return {}
        self._checkpointed[path] = self.disk.read_file(path)
        return checkpoints.parse_offsets(path, self._checkpointed[path])

    def _lower_recovery_point(self, partition: TopicPartition, to: int) -> None:
        if to < self._recovery_points.get(partition, 0):
            self._write_recovery_points({**self._recovery_points, partition: to})

    def _write_recovery_points(self, points: Mapping[TopicPartition, int]) -> None:
        self._write(checkpoints.RECOVERY_POINTS, points)
        self._recovery_points = points

    def _write_watermarks(self, watermarks: Mapping[TopicPartition, int]) -> None:
        self._write(checkpoints.HIGH_WATERMARKS, watermarks)
        self._watermarks = watermarks

    def _write_cleaner_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._write(checkpoints.CLEANER_OFFSETS, offsets)
        self.cleaner_offsets = offsets

    def _write_log_starts(self, starts: Mapping[TopicPartition, int]) -> None:
        """Those given, and every log that begins inside its first segment: of others the segment tells."""
        logs = self.logs.items()
        begun = {partition: log.start_offset for partition, log in logs if log.start_offset > log.first_base_offset}
        for partition in sorted(self._log_starts.keys() - begun.keys() - starts.keys()):
            if partition in self.logs:
                self.logs[partition].sync_names()  # Else segments below the start could come back.
        self._log_starts = {**begun, **starts}
        if self._log_starts or checkpoints.LOG_STARTS in self._checkpointed:
            self._write(checkpoints.LOG_STARTS, self._log_starts)

    def _write(self, path: str, offsets: Mapping[TopicPartition, int]) -> None:
        data = checkpoints.format_offsets(offsets)
        if self._checkpointed.get(path) != data:
            self.disk.write_file(path, data)
            self._checkpointed[path] = data


def _broker_epoch(marker: bytes) -> int:
    try:
        return int(msgspec.json.decode(marker, type=dict[str, int])["brokerEpoch"])
    except (msgspec.MsgspecError, KeyError):
        return -1
