"""What storage refuses to do, said in one line.

One rule: a sentence names the file, the place and the remedy. Losing what was synced is never a remedy taken here.
"""


class StorageError(Exception):
    """The disk's or a user's fault, never a bug of ours."""

    place: int | None = None
    """In which of the log directories, counted from 0, where a file is named within one of several."""


class LogDirectoryFailed(StorageError):
    """The system refused a read, a write or a sync (EIO, disk full): the node must stop using the directory."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"log directory failed at {path}: {reason}; free or replace the disk and restart the node")
        self.path = path
        self.reason = reason


class CorruptLog(StorageError):
    """A log lost or damaged something that had been synced, so that cutting it would drop what was acknowledged."""

    def __init__(self, file: str, position: int, reason: str) -> None:
        super().__init__(
            f"{file} at byte {position}: {reason}, although it was synced; restore the file from a backup, or, only if "
            f"another replica leads the partition, move its directory away and let the broker copy it again"
        )
        self.file = file
        self.position = position
        self.reason = reason


class CorruptCheckpoint(StorageError):
    """A checkpoint file is not in Kafka's format."""

    def __init__(self, file: str, line: int, reason: str, remedy: str) -> None:
        super().__init__(f"{file} line {line}: {reason}; {remedy}")
        self.file = file
        self.line = line
        self.reason = reason


class InconsistentTopic(StorageError):
    """A partition's directory belongs to an earlier topic of the same name."""

    def __init__(self, directory: str, found: str, expected: str) -> None:
        super().__init__(
            f"{directory} belongs to topic id {found}, not to {expected}: "
            f"it is left from a topic of the same name; move it away and restart the broker"
        )


class DuplicateLog(StorageError):
    """Two log directories hold the same partition."""

    def __init__(self, directory: str) -> None:
        super().__init__(f"{directory} lies in two of the log directories: move the older one away and start again")


class InsideBatch(StorageError):
    """A log cannot be cut in the middle of a batch: leader and follower then disagree on where batches begin."""

    def __init__(self, directory: str, offset: int, begins: int, ends: int) -> None:
        super().__init__(f"{directory} cannot be cut at offset {offset}, inside the batch {begins} to {ends - 1}")
