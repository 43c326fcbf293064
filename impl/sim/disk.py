"""A disk in memory that remembers what is synced: the simulated half of `impl/storage/files.py`.

One rule: the disk decides nothing. What survives a power loss is asked of a callback, once per file and once per
unsynced directory entry, so that the world can map its choices onto it.

Theory of operation. A process crash keeps all that was written: nothing happens here. A power loss keeps, of every
file, its synced bytes and some prefix of the unsynced changes after them, in the order they were made; and of every
name in a directory some prefix of what was done to it (created, removed, renamed over) since the directory was synced.
Names are independent of each other and of the files' content, as POSIX has it; a rename happens to both its names or
to neither. What lies in a directory that did not survive is gone with it.

What a real disk may do besides this (reorder blocks within one file, lie about a sync) is not modelled here.
"""

from collections.abc import Callable, Sequence

Decide = Callable[[str, int], int]
"""`decide(what, unsynced)` -> how much of it survives, 0 to `unsynced`.

`what` is a file's path, and `unsynced` the bytes written to it since its last sync (a truncation counts as one byte);
or `what` is "entry PATH", and `unsynced` the number of changes to that name since its directory was last synced.
"""

_ONE_BUFFER = (bytes, memoryview)


class Synced:
    """A sync that was done at once: simulated time does not pass meanwhile."""

    def done(self) -> bool:
        return True

    def wait(self) -> None:
        """There is nothing to wait for."""


SYNCED = Synced()


class Crashed(Exception):
    """The process was cut down in the middle of a step: what it wrote stands."""


class PowerLost(Crashed):
    """The machine lost power in the middle of a step: call `lose_power`."""


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

    __slots__ = ("_changes", "_content", "_disk", "_synced", "cuts")

    def __init__(self, disk: "SimDisk") -> None:
        self._disk = disk
        self._content = bytearray()
        self._synced = 0
        """Without `_changes`: everything past this was appended since the last sync."""
        self._changes: list[_Change] | None = None
        """Every change since the last sync, once one of them was not an append."""
        self.cuts = 0

    def size(self) -> int:
        return len(self._content)

    def append(self, data: bytes | memoryview | Sequence[bytes | memoryview]) -> None:
        if self._disk.fuse is not None:
            self._disk.burn()
        content = self._content
        position = len(content)
        if isinstance(data, _ONE_BUFFER):
            content += data
        else:
            for buffer in data:
                content += buffer
        if self._changes is not None:
            self._changes.append(_Change("append", position, len(content) - position, b""))

    def write_at(self, position: int, data: bytes | memoryview) -> None:
        if self._disk.fuse is not None:
            self._disk.burn()
        end = position + len(data)
        assert end <= len(self._content), "write_at writes within the file; append makes it longer"
        before = bytes(self._content[position:end])
        self._change(_Change("write", position, len(data), before))
        self._content[position:end] = data

    def read(self, position: int, size: int) -> bytes:
        return bytes(self._content[position : position + size])

    def truncate(self, size: int) -> None:
        if self._disk.fuse is not None:
            self._disk.burn()
        if size < len(self._content):
            self._change(_Change("truncate", size, 1, bytes(self._content[size:])))
            del self._content[size:]
            self.cuts += 1

    def sync(self) -> None:
        if self._disk.fuse is not None:
            self._disk.burn()
        self._synced = len(self._content)
        self._changes = None

    def sync_later(self) -> "Synced":
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

    def survive(self, kept: int) -> None:
        """Power is lost: the first `kept` bytes of the unsynced change remain, and are now what is on the disk."""
        if self._changes is None:
            del self._content[self._synced + kept :]
        else:
            left = self.unsynced()
            for change in reversed(self._changes):
                left -= change.weight
                if left >= kept:
                    change.undo(self._content, 0)
                elif left + change.weight > kept:
                    change.undo(self._content, kept - left)
        self._synced = len(self._content)
        self._changes = None

    def _change(self, change: _Change) -> None:
        if self._changes is None:
            appended = len(self._content) - self._synced
            self._changes = [_Change("append", self._synced, appended, b"")] if appended else []
        self._changes.append(change)


class _Directory:
    """What a directory's name stands for."""


DIRECTORY = _Directory()
Entry = SimFile | _Directory
Binding = tuple[str, Entry | None]
"""A name, and what it stands for from now on: a file, a directory, or nothing."""


class SimDisk:
    """One log directory in memory. Deterministic: the same calls and the same decisions leave the same bytes."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._durable: dict[str, Entry] = {}
        """The entries as of the last sync of their directories."""
        self._unsynced: list[tuple[str, tuple[Binding, ...]]] = []
        """Changes since then, oldest first: the name each is known by, and what it binds (a rename binds two)."""
        self.fuse: int | None = None
        self._fuse_error: type[Crashed] = Crashed

    # ------------------------------------------------------------ the interface of impl/storage/files.py
    def open(self, path: str, *, create: bool = False) -> SimFile:
        entry = self._entries.get(path)
        if isinstance(entry, SimFile):
            return entry
        if entry is not None:
            raise IsADirectoryError(21, "is a directory", path)
        if not create:
            raise FileNotFoundError(2, "no such file", path)
        self._must_be_directory(parent_of(path))
        file = SimFile(self)
        self._bind(path, (path, file))
        return file

    def exists(self, path: str) -> bool:
        return path in self._entries

    def list(self, path: str) -> list[str]:
        self._must_be_directory(path)
        return sorted(name.rpartition("/")[2] for name in self._entries if parent_of(name) == path)

    def make_directory(self, path: str) -> None:
        if path not in self._entries:
            self._must_be_directory(parent_of(path))
            self._bind(path, (path, DIRECTORY))

    def remove(self, path: str) -> None:
        if path not in self._entries:
            raise FileNotFoundError(2, "no such file", path)
        for name in sorted(self._entries, reverse=True):
            if name == path or name.startswith(path + "/"):
                self._bind(name, (name, None))

    def replace(self, source: str, target: str) -> None:
        entry = self._entries.get(source)
        if entry is None:
            raise FileNotFoundError(2, "no such file", source)
        if entry is DIRECTORY:
            self._move(source, target)
        else:
            self._bind(target, (target, entry), (source, None))

    def read_file(self, path: str) -> bytes:
        file = self.open(path)
        return file.read(0, file.size())

    def write_file(self, path: str, data: bytes) -> None:
        temporary = path + ".tmp"
        file = self.open(temporary, create=True)
        file.truncate(0)
        file.append(data)
        file.sync()
        self.replace(temporary, path)
        self.sync_directory(parent_of(path))

    def sync_directory(self, path: str) -> None:
        if self.fuse is not None:
            self.burn()
        self._must_be_directory(path)
        waiting = []
        for name, bindings in self._unsynced:
            if parent_of(name) == path:
                _apply(bindings, self._durable)
            else:
                waiting.append((name, bindings))
        self._unsynced = waiting

    # ------------------------------------------------------------ faults
    def fail_after(self, operations: int, error: type[Crashed] = Crashed) -> None:
        """Raise `error` in place of the change or sync that many from now (1: the next one); those before it stand."""
        assert operations > 0
        self.fuse = operations
        self._fuse_error = error

    def burn(self) -> None:
        """A change or a sync is about to happen."""
        assert self.fuse is not None
        self.fuse -= 1
        if self.fuse <= 0:
            self.fuse = None
            raise self._fuse_error("in the middle of a step")

    def crash_process(self) -> None:
        """The process is gone; the machine goes on, with all that was written, and may still lose power later."""
        self.fuse = None

    def unsynced(self) -> dict[str, int]:
        """What a power loss would ask about, in the order in which it would, and how much of each is unsynced."""
        asked = {f"entry {name}": count for name, count in self._changed_names().items()}
        for name, entry in sorted({**self._durable, **self._entries}.items()):
            if isinstance(entry, SimFile) and entry.unsynced():
                asked[name] = entry.unsynced()
        return asked

    def lose_power(self, decide: Decide) -> None:
        """The machine is gone, and back: whatever was not synced survives as far as `decide` says."""
        self.fuse = None
        left = {name: _within(decide(f"entry {name}", count), count) for name, count in self._changed_names().items()}
        for name, bindings in self._unsynced:
            if left[name] > 0:
                left[name] -= 1
                _apply(bindings, self._durable)
        self._unsynced = []
        reachable = {name: entry for name, entry in sorted(self._durable.items()) if self._reachable(name)}
        for name, entry in reachable.items():
            if isinstance(entry, SimFile) and entry.unsynced():
                entry.survive(_within(decide(name, entry.unsynced()), entry.unsynced()))
        self._durable = reachable
        self._entries = dict(reachable)

    # ------------------------------------------------------------ inside
    def _bind(self, name: str, *bindings: Binding) -> None:
        if self.fuse is not None:
            self.burn()
        _apply(bindings, self._entries)
        self._unsynced.append((name, bindings))

    def _move(self, source: str, target: str) -> None:
        """Rename a directory and all in it: one change, which survives whole or not at all."""
        assert target not in self._entries, f"{target} is there already"
        assert not any(name.startswith(source + "/") for name, _ in self._unsynced), f"{source} has unsynced names"
        bindings: list[Binding] = []
        for name in sorted(self._entries):
            if name == source or name.startswith(source + "/"):
                bindings += [(target + name[len(source) :], self._entries[name]), (name, None)]
        self._bind(target, *bindings)

    def _must_be_directory(self, path: str) -> None:
        if path and self._entries.get(path) is not DIRECTORY:
            raise FileNotFoundError(2, "no such directory", path)

    def _changed_names(self) -> dict[str, int]:
        """Names with unsynced changes, sorted, and how many each has."""
        counts: dict[str, int] = {}
        for name, _ in self._unsynced:
            counts[name] = counts.get(name, 0) + 1
        return dict(sorted(counts.items()))

    def _reachable(self, name: str) -> bool:
        """Whether every directory above a durable name is durable too."""
        above = parent_of(name)
        return not above or (self._durable.get(above) is DIRECTORY and self._reachable(above))


def parent_of(path: str) -> str:
    return path.rpartition("/")[0]


def _apply(bindings: tuple[Binding, ...], entries: dict[str, Entry]) -> None:
    for name, entry in bindings:
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry


def _within(kept: int, unsynced: int) -> int:
    assert 0 <= kept <= unsynced, f"{kept} of {unsynced} cannot survive"
    return kept
