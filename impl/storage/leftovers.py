"""What an interrupted write, deletion or compaction left in a partition's directory: finished or undone.

One rule: a segment's replacement counts from the moment its log is named `.swap`; before that it never happened, and
after that it is carried out (Kafka's LogLoader).

Suffixes: `.tmp` a checkpoint being written, `.cleaned` a segment being compacted, `.swap` one that is complete and
takes the place of its predecessors, `.deleted` a file that waits in the trash.
"""

from itertools import pairwise
from typing import NamedTuple

from impl.storage.files import Disk
from impl.storage.producer_snapshots import snapshot_name
from impl.storage.segment import file_names
from impl.storage.trash import DELETED
from impl.storage.walk import Torn, walk

CLEANED = ".cleaned"
SWAP = ".swap"
_UNFINISHED = (".tmp", CLEANED, DELETED)


class Layout(NamedTuple):
    """The segments of a directory: their base offsets, ascending, and those of which an index is missing."""

    bases: list[int]
    unindexed: frozenset[int]


def tidy(disk: Disk, directory: str) -> Layout:
    """Leave only whole segments and checkpoints. Raises OSError."""
    names = set(disk.list(directory))
    for name in sorted(names):
        if name.endswith(_UNFINISHED):
            disk.remove(f"{directory}/{name}")
            names.discard(name)
    swaps = [name for name in sorted(names) if name.endswith(SWAP)]
    if swaps:
        for name in swaps:
            base = _base_of(name.removesuffix(SWAP), ".log")
            if base is not None:
                finish_swap(disk, directory, base, _segments_within(disk, directory, base, names))
        for name in swaps:
            if disk.exists(f"{directory}/{name}"):
                disk.remove(f"{directory}/{name}")
        names = set(disk.list(directory))
    bases = sorted(base for name in names if (base := _base_of(name, ".log")) is not None)
    whole = set(bases)
    for name in sorted(names):
        base = _base_of(name, ".index") if name.endswith(".index") else _base_of(name, ".timeindex")
        if base is not None and base not in whole:
            disk.remove(f"{directory}/{name}")
    unindexed = frozenset(base for base in bases if not names.issuperset(file_names(base)))
    return Layout(bases, unindexed)


def without_deleted(disk: Disk, directory: str, layout: Layout, log_start: int) -> Layout:
    """Remove segments wholly below the log's start: they were deleted, and a power loss has brought some of them back,
    others not. Nobody misses those in between. Raises OSError."""
    below = [base for base, end in pairwise(layout.bases) if end <= log_start]
    for base in below:
        for name in file_names(base):
            if disk.exists(f"{directory}/{name}"):
                disk.remove(f"{directory}/{name}")
    return Layout(layout.bases[len(below) :], layout.unindexed)


def begin_swap(disk: Disk, directory: str, base: int) -> None:
    """A replacement is written and synced under `.cleaned`: from now on it counts. Raises OSError."""
    log, *indexes = (f"{directory}/{name}" for name in file_names(base))
    for path in indexes:
        disk.replace(path + CLEANED, path + SWAP)
    disk.sync_directory(directory)
    disk.replace(log + CLEANED, log + SWAP)
    disk.sync_directory(directory)


def finish_swap(disk: Disk, directory: str, base: int, replaced: list[int]) -> None:
    """Give the replacement its name and remove what else it replaces. Raises OSError."""
    for other in replaced:
        if other != base:
            for name in (*file_names(other), snapshot_name(other)):
                if disk.exists(f"{directory}/{name}"):
                    disk.remove(f"{directory}/{name}")
    log, *indexes = (f"{directory}/{name}" for name in file_names(base))
    for path in (*indexes, log):
        if disk.exists(path + SWAP):
            disk.replace(path + SWAP, path)
    disk.sync_directory(directory)


def _segments_within(disk: Disk, directory: str, base: int, names: set[str]) -> list[int]:
    """Base offsets of the segments that begin where the replacement reaches."""
    file = disk.open(f"{directory}/{file_names(base, SWAP)[0]}")
    end = base + 1
    try:
        for _, _, _, end_offset, _, _ in walk(file, 0, file.size()):
            end = end_offset
    except Torn:
        pass
    file.close()
    bases = (_base_of(name, ".log") for name in sorted(names))
    return [other for other in bases if other is not None and base <= other < end]


def _base_of(name: str, suffix: str) -> int | None:
    stem = name.removesuffix(suffix)
    return int(stem) if stem != name and len(stem) == 20 and stem.isascii() and stem.isdigit() else None
