"""All log directories of one broker: each partition lies in one of them, and each fails on its own.

One rule: a directory whose disk refuses a call is used no more until the broker starts again; the others go on
(KIP-112).

A new log goes where the fewest logs are. A directory that cannot be opened at the start is offline from the beginning;
one whose content is damaged is not: that is for people to decide, and the broker does not start.
"""

from collections.abc import Sequence
from typing import ClassVar

from impl.core.events import RecoveredLog
from impl.core.types import TopicPartition
from impl.storage.errors import DuplicateLog, StorageError
from impl.storage.files import Disk
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory, ProducersOf

NO_BROKER_EPOCH = -1


class LogDirectories:
    """The directories that work. Making one recovers them all. Raises StorageError, and OSError where none can be used.

    `logs` has every log of theirs.
    """

    directory_class: ClassVar[type[LogDirectory]] = LogDirectory
    """Where a different behaviour can be planted."""

    def __init__(self, disks: Sequence[Disk], config: LogConfig, producers_of: ProducersOf | None = None) -> None:
        self.online: list[LogDirectory] = []
        self.failures: list[OSError] = []
        """Why directories could not be opened."""
        for place, disk in enumerate(disks):
            try:
                self.online.append(self.directory_class(disk, config, producers_of))
            except OSError as error:
                self.failures.append(error)
            except StorageError as error:
                error.place = place
                raise
        if not self.online:
            raise self.failures[0]
        self.logs: dict[TopicPartition, Log] = {}
        self._homes: dict[TopicPartition, LogDirectory] = {}
        for directory in self.online:
            for partition, log in directory.logs.items():
                if partition in self.logs:
                    raise DuplicateLog(str(partition))
                self.logs[partition] = log
                self._homes[partition] = directory

    @property
    def recovered(self) -> tuple[RecoveredLog, ...]:
        return tuple(log for directory in self.online for log in directory.recovered)

    @property
    def cuts(self) -> tuple[str, ...]:
        return tuple(cut for directory in self.online for cut in directory.cuts)

    @property
    def previous_broker_epoch(self) -> int:
        """In which every directory was last stopped cleanly, whole; -1 where there is none (KIP-966)."""
        epochs = {directory.previous_broker_epoch for directory in self.online}
        return epochs.pop() if len(epochs) == 1 and not self.failures and not self.cuts else NO_BROKER_EPOCH

    def home(self, partition: TopicPartition) -> LogDirectory | None:
        return self._homes.get(partition)

    # ------------------------------------------------------------ effects
    def place(self, partition: TopicPartition) -> LogDirectory:
        """Where the partition's log is, or is to be made."""
        home = self._homes.get(partition)
        if home is None:
            home = min(self.online, key=lambda directory: len(directory.logs))
        return home

    def create(
        self, home: LogDirectory, partition: TopicPartition, topic_id: bytes, configs: tuple[tuple[str, str], ...]
    ) -> None:
        """As `LogDirectory.create`."""
        home.create(partition, topic_id, configs)
        self._homes[partition] = home
        self.logs[partition] = home.logs[partition]

    def delete(self, partition: TopicPartition, topic_id: bytes) -> None:
        """As `LogDirectory.delete`."""
        home = self._homes.get(partition)
        if home is not None:
            home.delete(partition, topic_id)
            if partition not in home.logs:
                del self._homes[partition], self.logs[partition]

    def fail(self, directory: LogDirectory) -> tuple[TopicPartition, ...]:
        """The disk refused a call: forget the directory. Whose logs are gone, sorted."""
        self.online.remove(directory)
        lost = tuple(sorted(directory.logs))
        for partition in lost:
            del self._homes[partition], self.logs[partition]
        return lost

    def close(self, broker_epoch: int) -> list[OSError]:
        """A clean stop. A directory that fails now is not said to have stopped cleanly; the others are. Why it failed.

        Raises OSError where there is but one.
        """
        failures = []
        for directory in self.online:
            try:
                directory.close(broker_epoch)
            except OSError as error:
                if len(self.online) == 1:
                    raise
                failures.append(error)
        return failures
