"""Whole small files, names and syncs of a log directory that wait to become lasting together.

One rule: what holds after `settle` is what would hold had each file been written, synced, renamed and its directory
synced one after the other. Until then all of it may be missing after a crash, and nobody has been told of it.

A thousand new partitions, or as many logs that are closed, ask for thousands of syncs. Asked one by one each waits for
a commit of the file system's journal; asked at the same time many share one. So the files are written and synced in
parallel, then renamed in the order they were asked for, then the directories are synced in parallel.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

THREADS_MAX = 32
FEW = 4
"""So many are synced one after the other: threads would cost more than they spare."""
TEMPORARY = ".tmp"
sync_data = getattr(os, "fdatasync", os.fsync)
"""macOS has no fdatasync."""


class WholeFiles:
    """By absolute path."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._directories: dict[str, None] = {}
        self._written: dict[str, None] = {}
        """Files whose content is to be synced."""

    def write(self, path: str, data: bytes) -> None:
        """Replace the file, and sync its directory."""
        self._files.pop(path, None)
        self._files[path] = data
        self.sync_directory(os.path.dirname(path))

    def sync_directory(self, path: str) -> None:
        self._directories[path] = None

    def sync_file(self, path: str) -> None:
        """Of a file that is written to otherwise. By its path: it may be closed by then."""
        self._written[path] = None

    def find(self, path: str) -> bytes | None:
        """What the file holds, if it waits."""
        return self._files.get(path)

    def names_in(self, directory: str) -> set[str]:
        return {os.path.basename(path) for path in self._files if os.path.dirname(path) == directory}

    def settle(self) -> None:
        """Make it all last. Raises OSError."""
        files, self._files = self._files, {}
        directories, self._directories = self._directories, {}
        written, self._written = self._written, {}
        _each(sync_content, written)
        _each(lambda path: write_synced(path + TEMPORARY, files[path]), files)
        for path in files:
            os.replace(path + TEMPORARY, path)
        _each(sync_directory, directories)


def write_synced(path: str, data: bytes) -> None:
    """Make a file that holds this, synced; its name may yet be lost. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_content(path: str) -> None:
    """Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        sync_data(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: str) -> None:
    """Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _each(act: Callable[[str], None], paths: Iterable[str]) -> None:
    """Do it to every path. Raises the first OSError, which names its file."""

    def named(path: str) -> None:
        try:
            act(path)
        except OSError as error:
            error.filename = error.filename or path
            raise

    asked = list(paths)
    if len(asked) <= FEW:
        for path in asked:
            named(path)
    else:
        with ThreadPoolExecutor(min(THREADS_MAX, len(asked)), "sync") as pool:
            list(pool.map(named, asked))
