"""The file interface: all that storage asks of a disk.

One rule: no code in `impl/storage/` touches the operating system except through this interface, so that the same
recovery code runs on a real disk (`impl/server/disk.py`) and on one that loses, tears and keeps unsynced bytes by
choice (`impl/sim/disk.py`).

Paths are relative to one log directory, with `/`. What a crash may do to each call's effect:

- `append`, `write_at`, `truncate`: survives a process crash whole; after power loss any prefix of what was not synced.
- `sync`: after it returns, everything written to the file, and its length, survives power loss.
- `replace`: atomic (rename over the target); survives power loss once `sync_directory` returned.
- `create`, `remove`: likewise survive power loss once `sync_directory` returned.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class File(Protocol):
    """An open file. Offsets and sizes are in bytes."""

    cuts: int
    """How often it was truncated: what was named before may have given way to other bytes since."""

    def size(self) -> int: ...

    def append(self, data: bytes | memoryview | Sequence[bytes | memoryview]) -> None:
        """Write at the end; several buffers as one write. Raises OSError (disk full, EIO)."""

    def write_at(self, position: int, data: bytes | memoryview) -> None: ...

    def read(self, position: int, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end of the file."""

    def truncate(self, size: int) -> None: ...

    def sync(self) -> None:
        """fdatasync."""

    def sync_later(self) -> "Syncing":
        """The same without waiting for it."""

    def close(self) -> None: ...

    def fileno(self) -> int:
        """The descriptor, opened if need be; -1 where the file is not a real one. Good until the next call."""

    def hold(self) -> int:
        """The descriptor, which stays open until `release`, whatever happens to the file meanwhile."""

    def release(self) -> None:
        """Once for every `hold`."""


class Syncing(Protocol):
    """A sync under way. Whoever began it asks until it is done, or waits for it."""

    def done(self) -> bool:
        """Raises OSError if it failed."""

    def wait(self) -> None:
        """Raises OSError if it failed."""


class FileRange(NamedTuple):
    """Bytes of a file, named and not read: `size` of them from `position`. For sendfile.

    Whoever sends them later than now holds the file: `descriptor = range.file.hold()`, send, `range.file.release()`.
    A held file stays readable when its segment is deleted, replaced by compaction, or its topic removed. Only a
    truncation can take bytes away from under a range: a sender that gets fewer bytes than `size` closes the connection,
    because the length was promised. What truncation takes was never committed, so no consumer was being sent it.
    """

    file: File
    position: int
    size: int

    def read(self) -> bytes:
        """The bytes. Raises OSError."""
        return self.file.read(self.position, self.size)


class Disk(Protocol):
    """One log directory."""

    def open(self, path: str, *, create: bool = False) -> File:
        """Open for reading and writing. Raises FileNotFoundError unless `create`."""

    def exists(self, path: str) -> bool: ...

    def list(self, path: str) -> list[str]:
        """Names in a directory, sorted."""

    def make_directory(self, path: str) -> None:
        """Does nothing where it exists."""

    def remove(self, path: str) -> None:
        """A file, or a directory with all it holds."""

    def replace(self, source: str, target: str) -> None: ...

    def read_file(self, path: str) -> bytes: ...

    def write_file(self, path: str, data: bytes) -> None:
        """Whole file, atomically: write `path + ".tmp"`, sync, replace, sync the directory (Kafka's CheckpointFile)."""

    def sync_directory(self, path: str) -> None: ...
