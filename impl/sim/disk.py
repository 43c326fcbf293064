"""A disk in memory that remembers what is synced: the simulated half of `impl/storage/files.py`.

One rule: the disk decides nothing. What survives a power loss is asked of a callback, once per file and once per
unsynced directory entry, so that the world can map its choices onto it.

Theory of operation. A process crash keeps all that was written: nothing happens here. A power loss keeps, of every
file, its synced bytes and some prefix of the unsynced changes after them, in the order they were made; and of every
name in a directory some prefix of what was done to it (created, removed, renamed over) since the directory was synced.
Names are independent of each other and of the files' content, as POSIX has it; a rename happens to both its names or
to neither, and stays within one directory. What lies in a directory that did not survive is gone with it.

What is durable is known of each directory and not of paths: one that is made under the name of another that was renamed
a moment ago shares nothing with it, whichever of them is synced first.

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
    """What a directory's name stands for, whatever that name is."""

    def __init__(self) -> None:
        self.durable: dict[str, Entry] = {}
        """What was in it as of its last sync, by name."""


Entry = SimFile | _Directory
Binding = tuple[str, Entry | None]
"""A name, and what it stands for from now on: a file, a directory, or nothing."""


class _Change:
    """What was done to names in one directory since it was synced."""

    __slots__ = ("bindings", "directory", "path")

    def __init__(self, path: str, directory: _Directory, bindings: tuple[Binding, ...]) -> None:
        self.path = path
        """As which it is known."""
        self.directory = directory
        self.bindings = bindings
        """Names within the directory (a rename binds two)."""


class SimDisk(Trouble):
    """One log directory in memory. Deterministic: the same calls and the same decisions leave the same bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}
        """By path."""
        self._root = _Directory()
        self._unsynced: list[_Change] = []
        """Oldest first."""
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
        self._directory(parent_of(path))
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
        self._directory(path)
        return sorted(name.rpartition("/")[2] for name in self._entries if parent_of(name) == path)

    def make_directory(self, path: str) -> None:
        if path not in self._entries:
            self._bind(path, (path, _Directory()))

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
        assert parent_of(source) == parent_of(target), f"{source} and {target} are in two directories"
        self._burn_swapping()
        if isinstance(entry, _Directory):
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
        directory = self._directory(path)
        waiting = []
        for change in self._unsynced:
            if change.directory is directory:
                _apply(change.bindings, directory.durable)
            else:
                waiting.append(change)
        self._unsynced = waiting

    # ------------------------------------------------------------ faults
    def crash_process(self) -> None:
        """The process is gone; the machine goes on, with all that was written, and may still lose power later."""
        self.fuse = None

    def wipe(self) -> None:
        """Another disk, with nothing on it."""
        self.well()
        self._entries, self._root, self._unsynced = {}, _Directory(), []

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
        for name, entry in sorted({**_durable(self._root), **self._entries}.items()):
            if isinstance(entry, SimFile) and entry.unsynced():
                asked[name] = entry.unsynced()
        return asked

    def lose_power(self, decide: Decide, spoil: Spoil | None = None) -> None:
        """The machine is gone, and back: whatever was not synced survives as far as `decide` says, as `spoil` has
        it."""
        self.fuse = None
        self.lying = False
        left = {name: _within(decide(f"entry {name}", count), count) for name, count in self._changed_names().items()}
        for change in self._unsynced:
            if left[change.path] > 0:
                left[change.path] -= 1
                _apply(change.bindings, change.directory.durable)
        self._unsynced = []
        self._entries = dict(sorted(_durable(self._root).items()))
        for name, entry in self._entries.items():
            if not isinstance(entry, SimFile):
                continue
            entry.reread()
            if entry.unsynced():
                kept = _within(decide(name, entry.unsynced()), entry.unsynced())
                entry.survive(kept, None if spoil is None else partial(spoil, name))

    # ------------------------------------------------------------ inside
    def _bind(self, name: str, *bindings: Binding) -> None:
        directory = self._directory(parent_of(name))
        if self.fuse is not None:
            self.burn()
        _apply(bindings, self._entries)
        names = tuple((path.rpartition("/")[2], entry) for path, entry in bindings)
        self._unsynced.append(_Change(name, directory, names))

    def _move(self, source: str, target: str) -> None:
        """Rename a directory and all in it: one change, which survives whole or not at all."""
        assert target not in self._entries, f"{target} is there already"
        within = source + "/"
        assert not any(change.path.startswith(within) for change in self._unsynced), f"{source} has unsynced names"
        self._bind(target, (target, self._entries[source]), (source, None))
        for name in [name for name in self._entries if name.startswith(within)]:
            self._entries[target + name[len(source) :]] = self._entries.pop(name)

    def _begin_segment(self, directory: str) -> None:
        """A log goes on in another file: the one before is the newest no more."""
        for path, file in self.segments().items():
            if parent_of(path) == directory:
                file.outgrown()

    def _directory(self, path: str) -> _Directory:
        entry = self._entries.get(path) if path else self._root
        if not isinstance(entry, _Directory):
            raise FileNotFoundError(2, "no such directory", path)
        return entry

    def _changed_names(self) -> dict[str, int]:
        """Names with unsynced changes, sorted, and how many each has."""
        counts: dict[str, int] = {}
        for change in self._unsynced:
            counts[change.path] = counts.get(change.path, 0) + 1
        return dict(sorted(counts.items()))


def parent_of(path: str) -> str:
    return path.rpartition("/")[0]


def _apply(bindings: tuple[Binding, ...], entries: dict[str, Entry]) -> None:
    for name, entry in bindings:
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry


def _durable(directory: _Directory, path: str = "") -> dict[str, Entry]:
    """All that is durable in a directory that is, by path: what it names, and what is in the directories among that."""
    found: dict[str, Entry] = {}
    for name, entry in directory.durable.items():
        found[path + name] = entry
        if isinstance(entry, _Directory):
            found.update(_durable(entry, f"{path}{name}/"))
    return found


def _within(kept: int, unsynced: int) -> int:
    assert 0 <= kept <= unsynced, f"{kept} of {unsynced} cannot survive"
    return kept
