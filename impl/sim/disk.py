"""A disk in memory that remembers what is synced: the simulated half of `impl/storage/files.py`.

One rule: the disk decides nothing. What survives a power loss is asked of a callback, once per file and once per
unsynced directory entry, so that the world can map its choices onto it.

Theory of operation. A process crash keeps all that was written: nothing happens here. A power loss keeps, of every
file, its synced bytes and some prefix of the unsynced changes after them, in the order they were made; and of every
name in a directory some prefix of what was done to it (created, removed, renamed over) since the directory was synced.
Names are independent of each other and of the files' content, as POSIX has it; a rename happens to both its names or
to neither. What lies in a directory that did not survive is gone with it.

What a real disk may do besides this it does here on demand: refuse a write or a sync (and, as Linux does, forget what a
failed sync was to write), be full, be slow to sync, acknowledge syncs that it has not done of the newest segments,
leave the unsynced bytes of a file in another order than they were written, change a bit, be another, empty disk.
"""

from collections.abc import Callable
from functools import partial

from impl.sim.files import Crashed, PowerLost, SimFile, Trouble
from impl.storage.leftovers import CLEANED, SWAP

__all__ = ["Crashed", "Decide", "PowerLost", "SimDisk", "SimFile", "Spoil"]

Decide = Callable[[str, int], int]
"""`decide(what, unsynced)` -> how much of it survives, 0 to `unsynced`.

`what` is a file's path, and `unsynced` the bytes written to it since its last sync (a truncation counts as one byte);
or `what` is "entry PATH", and `unsynced` the number of changes to that name since its directory was last synced.
"""

Spoil = Callable[[str, bytes], bytes]
"""`spoil(path, data)` -> what is found where the unsynced bytes `data` of a file that was only appended to survived."""

SEGMENT = ".log"


class _Directory:
    """What a directory's name stands for."""


DIRECTORY = _Directory()
Entry = SimFile | _Directory
Binding = tuple[str, Entry | None]
"""A name, and what it stands for from now on: a file, a directory, or nothing."""


class SimDisk(Trouble):
    """One log directory in memory. Deterministic: the same calls and the same decisions leave the same bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}
        self._durable: dict[str, Entry] = {}
        """The entries as of the last sync of their directories."""
        self._unsynced: list[tuple[str, tuple[Binding, ...]]] = []
        """Changes since then, oldest first: the name each is known by, and what it binds (a rename binds two)."""
        self.cleaning_begins: Callable[[], None] | None = None
        """Called when a segment is about to be written anew by compaction."""

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
        if self.cleaning_begins is not None and path.endswith(SEGMENT + CLEANED):
            self.cleaning_begins()
        if path.endswith(SEGMENT):
            self._begin_segment(parent_of(path))
        file = SimFile(self, segment=path.endswith(SEGMENT))
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
        self._burn_swapping()
        for name in sorted(self._entries, reverse=True):
            if name == path or name.startswith(path + "/"):
                self._bind(name, (name, None))

    def replace(self, source: str, target: str) -> None:
        entry = self._entries.get(source)
        if entry is None:
            raise FileNotFoundError(2, "no such file", source)
        self._burn_swapping()
        if entry is DIRECTORY:
            self._move(source, target)
        else:
            self._bind(target, (target, entry), (source, None))

    def _burn_swapping(self) -> None:
        """A change of a name counts as a write while a segment is being compacted: a step may be cut short there."""
        if self.fuse is not None and any(name.endswith((CLEANED, SWAP)) for name in self._entries):
            self.burn()

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
    def crash_process(self) -> None:
        """The process is gone; the machine goes on, with all that was written, and may still lose power later."""
        self.fuse = None

    def wipe(self) -> None:
        """Another disk, with nothing on it."""
        self.well()
        self._entries, self._durable, self._unsynced = {}, {}, []

    def segments(self) -> dict[str, SimFile]:
        """Files that hold records, by path, sorted."""
        return {
            name: entry
            for name, entry in sorted(self._entries.items())
            if isinstance(entry, SimFile) and name.endswith(SEGMENT)
        }

    def unsynced(self) -> dict[str, int]:
        """What a power loss would ask about, in the order in which it would, and how much of each is unsynced."""
        asked = {f"entry {name}": count for name, count in self._changed_names().items()}
        for name, entry in sorted({**self._durable, **self._entries}.items()):
            if isinstance(entry, SimFile) and entry.unsynced():
                asked[name] = entry.unsynced()
        return asked

    def lose_power(self, decide: Decide, spoil: Spoil | None = None) -> None:
        """The machine is gone, and back: whatever was not synced survives as far as `decide` says, as `spoil` has
        it."""
        self.fuse = None
        self.lying = False
        left = {name: _within(decide(f"entry {name}", count), count) for name, count in self._changed_names().items()}
        for name, bindings in self._unsynced:
            if left[name] > 0:
                left[name] -= 1
                _apply(bindings, self._durable)
        self._unsynced = []
        reachable = {name: entry for name, entry in sorted(self._durable.items()) if self._reachable(name)}
        for name, entry in reachable.items():
            if not isinstance(entry, SimFile):
                continue
            entry.reread()
            if entry.unsynced():
                kept = _within(decide(name, entry.unsynced()), entry.unsynced())
                entry.survive(kept, None if spoil is None else partial(spoil, name))
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

    def _begin_segment(self, directory: str) -> None:
        """A log goes on in another file: the one before is the newest no more."""
        for path, file in self.segments().items():
            if parent_of(path) == directory:
                file.outgrown()

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
