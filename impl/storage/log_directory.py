"""A broker's log directory: one directory for each partition, and the checkpoints of all of them.

One rule: a recovery point on disk never lies past what is synced, at any moment. It is therefore lowered before a log
is cut, and raised only after a flush.

The layout is Kafka's: `topic-index/` with segments, `partition.metadata` and `leader-epoch-checkpoint`; at the root
`replication-offset-checkpoint`, `recovery-point-offset-checkpoint`, and `.kafka_cleanshutdown` after a clean stop. That
marker is removed before anything else is done, so that a crash while starting is not taken for a clean stop
(KAFKA-10471). A partition's directory counts from the moment `partition.metadata` is in it; whatever a crash left
before that is made anew.
"""

import re
from collections.abc import Mapping

from impl.core.events import RecoveredLog
from impl.core.types import Offset, TopicPartition
from impl.storage import checkpoints
from impl.storage.errors import CorruptLog, InconsistentTopic
from impl.storage.files import Disk
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.recovery import Found, Recovered, recover

CLEAN_SHUTDOWN = ".kafka_cleanshutdown"
_DIRECTORY = re.compile(r"(?P<topic>[A-Za-z0-9._-]{1,249})-(?P<index>0|[1-9][0-9]{0,9})")
_NOT_OURS = "__cluster_metadata"
"""The controller's log, where a Kafka node in combined mode keeps it."""


class LogDirectory:
    """Every log of one broker, recovered and open. Making one recovers what is on the disk.

    Raises CorruptLog, CorruptCheckpoint, OSError.
    """

    def __init__(self, disk: Disk, config: LogConfig) -> None:
        self._disk = disk
        self._config = config
        self._checkpointed: dict[str, bytes] = {}
        """Root checkpoints as last written, to write only what changed."""
        self.stopped_cleanly = disk.exists(CLEAN_SHUTDOWN)
        if self.stopped_cleanly:
            disk.remove(CLEAN_SHUTDOWN)
            disk.sync_directory("")
        self._recovery_points: Mapping[TopicPartition, int] = self._read_offsets(checkpoints.RECOVERY_POINTS)
        watermarks = self._read_offsets(checkpoints.HIGH_WATERMARKS)
        self.logs: dict[TopicPartition, Log] = {}
        recovered = [self._recover(partition, watermarks) for partition in self._partitions()]
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
            self._make(directory, topic_id)
            found = Found(partition, directory, topic_id, Offset(0), Offset(0))
            log = self.logs[partition] = recover(self._disk, found, config).log
        else:
            self._check_topic(directory, topic_id)
        log.config = config

    def truncate(self, partition: TopicPartition, to: Offset) -> None:
        """Cut a log. Raises InsideBatch, OSError."""
        log = self.logs[partition]
        if to < self._recovery_points.get(partition, 0):
            self._write_recovery_points({**self._recovery_points, partition: to})
        log.truncate_to(to)

    def write_high_watermarks(self, watermarks: tuple[tuple[TopicPartition, Offset], ...]) -> None:
        """Both root checkpoints: the given high watermarks, and how far each log is synced. Raises OSError."""
        self._write(checkpoints.HIGH_WATERMARKS, checkpoints.format_offsets(dict(watermarks)))
        self._write_recovery_points({partition: log.recovery_point for partition, log in self.logs.items()})

    def close(self, broker_epoch: int = -1) -> None:
        """A clean stop: sync and close every log, then say so, in Kafka's words. Raises OSError."""
        for log in self.logs.values():
            log.close()
        self._write_recovery_points({partition: log.recovery_point for partition, log in self.logs.items()})
        self._disk.write_file(CLEAN_SHUTDOWN, b'{"version":0,"brokerEpoch":%d}' % broker_epoch)

    # ------------------------------------------------------------ inside
    def _partitions(self) -> list[TopicPartition]:
        """Partitions that have a directory here, sorted."""
        found = []
        for name in self._disk.list(""):
            match = _DIRECTORY.fullmatch(name)
            if match is None or match["topic"] == _NOT_OURS:
                continue
            if self._disk.exists(f"{name}/{checkpoints.PARTITION_METADATA}"):
                found.append(TopicPartition(match["topic"], int(match["index"])))
            elif any(each.endswith(".log") for each in self._disk.list(name)):
                raise CorruptLog(f"{name}/{checkpoints.PARTITION_METADATA}", 0, "the file is missing")
        return sorted(found)

    def _recover(self, partition: TopicPartition, watermarks: Mapping[TopicPartition, Offset]) -> Recovered:
        directory = str(partition)
        found = Found(
            partition=partition,
            directory=directory,
            topic_id=self._read_topic_id(directory),
            recovery_point=Offset(self._recovery_points.get(partition, 0)),
            high_watermark=watermarks.get(partition, Offset(0)),
        )
        recovered = recover(self._disk, found, self._config)
        self.logs[partition] = recovered.log
        return recovered

    def _make(self, directory: str, topic_id: bytes) -> None:
        self._disk.make_directory(directory)
        self._disk.write_file(f"{directory}/{checkpoints.PARTITION_METADATA}", checkpoints.format_metadata(topic_id))
        self._disk.sync_directory("")

    def _check_topic(self, directory: str, topic_id: bytes) -> None:
        found = self._read_topic_id(directory)
        if found != topic_id:
            names = map(checkpoints.format_topic_id, (found, topic_id))
            raise InconsistentTopic(directory, *names)

    def _read_topic_id(self, directory: str) -> bytes:
        path = f"{directory}/{checkpoints.PARTITION_METADATA}"
        return checkpoints.parse_metadata(path, self._disk.read_file(path))

    def _read_offsets(self, path: str) -> dict[TopicPartition, Offset]:
        if not self._disk.exists(path):
            return {}
        self._checkpointed[path] = self._disk.read_file(path)
        return checkpoints.parse_offsets(path, self._checkpointed[path])

    def _write_recovery_points(self, points: Mapping[TopicPartition, int]) -> None:
        self._write(checkpoints.RECOVERY_POINTS, checkpoints.format_offsets(points))
        self._recovery_points = points

    def _write(self, path: str, data: bytes) -> None:
        if self._checkpointed.get(path) != data:
            self._disk.write_file(path, data)
            self._checkpointed[path] = data
