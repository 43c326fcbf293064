"""A file in memory that remembers what is synced, and what may be wrong with the disk it lies on.

One rule: a file decides nothing; what survives of it is told to it.
"""

import errno
from collections.abc import Callable, Sequence

from impl.sim.faults import DISK_FULL, INPUT_OUTPUT_ERROR, READ_ERROR, SHORT_WRITE

_ONE_BUFFER = (bytes, memoryview)


class Synced:
    """A sync that was done at once: simulated time does not pass meanwhile."""

    def done(self) -> bool:
        return True

    def wait(self) -> None:
        """There is nothing to wait for."""


SYNCED = Synced()


class Delayed:
    """A sync that a slow disk does in the background, done when the disk is slow no more."""

    def __init__(self, file: "SimFile") -> None:
        self._file = file

    def done(self) -> bool:
        if self._file.disk.slow:
            return False
        self.wait()
        return True

    def wait(self) -> None:
        self._file.sync()


class Crashed(Exception):
    """The process was cut down in the middle of a step: what it wrote stands."""


class PowerLost(Crashed):
    """The machine lost power in the middle of a step: call `lose_power`."""


def input_output_error(_when: str) -> OSError:
    """What a disk says that could not do it."""
    return OSError(errno.EIO, "Input/output error")


class Trouble:
    """What is wrong with a disk now. Files ask it before they change."""

    def __init__(self) -> None:
        self.well()

    def well(self) -> None:
        """Nothing is wrong."""
        self.fuse: int | None = None
        self._fuse_error: Callable[[str], Exception] = Crashed
        self.short = False
        """The next that is refused is a write, and it is done in part."""
        self.aside = False
        """Only changes of files that hold no records count."""
        self.reads_left: int | None = None
        """Until a read of records is refused."""
        self.full = False
        self.slow = False
        self.slow_syncs = 0
        """How many syncs it was asked for while it was slow."""
        self.lying = False
        """It acknowledges syncs of what was appended to the segments that grow, and does nothing."""
        self.refused = ""
        """As what kind of fault it has refused something last; nothing: it has not. After an input/output error memory
        and disk differ."""
        self.rotten = False
        """Of what was synced, some bit is another."""
        self.damaged = False
        """It has lost or changed what was synced, so that its node may rightly refuse to start."""

    def fail_after(
        self,
        operations: int,
        error: Callable[[str], Exception] = Crashed,
        *,
        short: bool = False,
        aside: bool = False,
    ) -> None:
        """Raise `error` in place of the change or sync that many from now (1: the next one); those before it stand.
        With `short` only appends count, and half of that one is done; with `aside` only what holds no records."""
        assert operations > 0
        self.fuse = operations
        self.short, self.aside = short, aside
        self._fuse_error = error

    def fail_read_after(self, reads: int) -> None:
        """Refuse the read of records that is that many from now (1: the next one)."""
        self.reads_left = reads

    def burn_read(self) -> None:
        """Records are about to be read."""
        assert self.reads_left is not None
        self.reads_left -= 1
        if self.reads_left <= 0:
            self.reads_left = None
            self.refuses(READ_ERROR)
            raise input_output_error("")

    def burn(self, *, records: bool = False) -> None:
        """A change or a sync is about to happen; `records`: of a file that holds some."""
        if not self.short and not (records and self.aside):
            self.burn_write()

    def burn_write(self) -> None:
        """The same, of whatever counts."""
        assert self.fuse is not None
        self.fuse -= 1
        if self.fuse <= 0:
            self.fuse = None
            error = self._fuse_error("in the middle of a step")
            if isinstance(error, OSError):
                self.refuses(SHORT_WRITE if self.short else INPUT_OUTPUT_ERROR)
            raise error

    def refuses(self, kind: str) -> None:
        """It is about to. What comes after an input/output error makes nothing good."""
        if self.refused != INPUT_OUTPUT_ERROR:
            self.refused = kind


class _Change:
    """One change to a file since its last sync, and how to take it back.

    `weight` is how many bytes it counts for; `before` what the change overwrote or cut off, at `position`.
    """

    __slots__ = ("before", "kind", "position", "weight")

    def __init__(self, kind: str, position: int, weight: int, before: bytes) -> None:
        self.kind = kind
        self.position = position
        self.weight = weight
        self.before = before

    def undo(self, content: bytearray, kept: int) -> None:
        """Leave only the first `kept` bytes of this change; all changes after it are undone already."""
        if self.kind == "append":
            del content[self.position + kept :]
        elif self.kind == "truncate":
            content += self.before
        else:
            end = self.position + self.weight
            content[self.position + kept : end] = self.before[kept:]


class SimFile:
    """A file. All who open one path share it, as processes share a real one through the page cache."""

    __slots__ = ("_changes", "_content", "_forgets", "_kept_back", "_synced", "cuts", "disk", "newest", "segment")

    def __init__(self, disk: Trouble, *, segment: bool = False) -> None:
        self.disk = disk
        self.segment = segment
        """It holds records."""
        self.newest = segment
        """It is the segment that grows, the newest of its log."""
        self._forgets = False
        """A sync failed: what was to be written then never will be, and whoever syncs again is told that all is
        well."""
        self._kept_back = False
        """A sync was acknowledged and not done."""
        self._content = bytearray()
        self._synced = 0
        """Without `_changes`: everything past this was appended since the last sync."""
        self._changes: list[_Change] | None = None
        """Every change since the last sync, once one of them was not an append."""
        self.cuts = 0

    def size(self) -> int:
        return len(self._content)

    def append(self, data: bytes | memoryview | Sequence[bytes | memoryview]) -> None:
        if self.disk.fuse is not None:
            self._burn_writing(data)
        if self.disk.full:
            self.disk.refuses(DISK_FULL)
            raise OSError(errno.ENOSPC, "No space left on device")
        content = self._content
        position = len(content)
        if isinstance(data, _ONE_BUFFER):
            content += data
        else:
            for buffer in data:
                content += buffer
        if self._changes is not None:
            self._changes.append(_Change("append", position, len(content) - position, b""))

    def _burn_writing(self, data: bytes | memoryview | Sequence[bytes | memoryview]) -> None:
        """A write may be refused now; of a short one the first half is there."""
        disk = self.disk
        if not disk.short:
            disk.burn(records=self.segment)
            return
        try:
            disk.burn_write()
        except OSError:
            disk.short = False
            whole = bytes(data) if isinstance(data, _ONE_BUFFER) else b"".join(data)
            self.append(whole[: len(whole) // 2])
            raise

    def write_at(self, position: int, data: bytes | memoryview) -> None:
        if self.disk.fuse is not None:
            self.disk.burn(records=self.segment)
        end = position + len(data)
        assert end <= len(self._content), "write_at writes within the file; append makes it longer"
        before = bytes(self._content[position:end])
        self._change(_Change("write", position, len(data), before))
        self._content[position:end] = data

    def read(self, position: int, size: int) -> bytes:
        if self.disk.reads_left is not None and self.segment:
            self.disk.burn_read()
        return bytes(self._content[position : position + size])

    def content(self) -> bytes:
        """All of it, whatever ails the disk."""
        return bytes(self._content)

    def truncate(self, size: int) -> None:
        if self.disk.fuse is not None:
            self.disk.burn(records=self.segment)
        if size < len(self._content):
            self._change(_Change("truncate", size, 1, bytes(self._content[size:])))
            del self._content[size:]
            self.cuts += 1

    def sync(self) -> None:
        disk = self.disk
        if disk.fuse is not None:
            try:
                disk.burn(records=self.segment)
            except OSError:
                self._forgets = True
                raise
        if disk.slow:
            disk.slow_syncs += 1
        if self._forgets:
            return
        if disk.lying and self.newest and self._changes is None:
            self._kept_back = True
        else:
            self.settle()

    def settle(self) -> None:
        """All of it is on the disk."""
        self._synced = len(self._content)
        self._changes = None
        self._kept_back = False

    def outgrown(self) -> None:
        """Its log goes on in another file: what a lying disk has kept back of it, be it then or before, arrives."""
        if self.newest:
            self.newest = False
            if self.disk.lying or self._kept_back:
                self.settle()

    def sync_later(self) -> Synced | Delayed:
        if self.disk.slow:
            return Delayed(self)
        self.sync()
        return SYNCED

    def close(self) -> None:
        """Nothing to give back."""

    def fileno(self) -> int:
        return -1

    def hold(self) -> int:
        return -1

    def release(self) -> None:
        """Nothing is held: a file removed stays readable by whoever has it."""

    def unsynced(self) -> int:
        """Bytes of change since the last sync."""
        if self._changes is None:
            return len(self._content) - self._synced
        return sum(change.weight for change in self._changes)

    def reread(self) -> None:
        """Memory has nothing of the file any more: what is read and synced from now on is what the disk has."""
        self._forgets = False

    def flip(self, position: int, bit: int) -> None:
        """What is there is another bit from now on."""
        self._content[position] ^= 1 << bit

    def survive(self, kept: int, spoil: Callable[[bytes], bytes] | None = None) -> None:
        """Power is lost: the first `kept` bytes of the unsynced change remain, and are now what is on the disk."""
        if self._changes is None:
            del self._content[self._synced + kept :]
            if spoil is not None:
                self._content[self._synced :] = spoil(bytes(self._content[self._synced :]))
        else:
            left = self.unsynced()
            for change in reversed(self._changes):
                left -= change.weight
                if left >= kept:
                    change.undo(self._content, 0)
                elif left + change.weight > kept:
                    change.undo(self._content, kept - left)
        self.settle()

    def _change(self, change: _Change) -> None:
        if self._changes is None:
            appended = len(self._content) - self._synced
            self._changes = [_Change("append", self._synced, appended, b"")] if appended else []
        self._changes.append(change)
