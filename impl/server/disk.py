"""A log directory on a real file system: the real half of `impl/storage/files.py`.

One rule: nothing here decides anything; each call is the system call its interface names.

A log directory may have many more files than a process may have open, so files open themselves when used, and the
least recently opened ones that were not used since are closed behind the scenes (`_Descriptors`, second chance). That
loses no sync: Linux reports a write-back error to the next fsync of the file, whichever descriptor it comes through.

Between `gather` and `settle` what is appended waits, so that many small appends to a file become one write; whatever
else is asked of the file comes after what waits for it.
"""

import os
import shutil
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from impl.server.whole_files import TEMPORARY, WholeFiles, sync_data, sync_directory, write_synced

OPEN_FILES_MAX = 512
"""Default bound on descriptors held open for one log directory."""
_BUFFERS_MAX = 1_024
"""IOV_MAX on every system we know."""
_ONE_BUFFER = (bytes, memoryview)
_BACKGROUND = ThreadPoolExecutor(1, "sync")
"""Where large files are synced while the node goes on: it idles in a system call and takes no processor time."""


class _Descriptors:
    """Which files hold a descriptor; closes one that was not used lately when there are too many."""

    def __init__(self, bound: int) -> None:
        assert bound > 0
        self._bound = bound
        self._open: deque[RealFile] = deque()
        self.gathering = False
        self.unsettled: list[RealFile] = []
        """Files with something that waits to be written."""
        self.whole: WholeFiles | None = None
        """What else waits."""

    def opened(self, file: "RealFile") -> None:
        while len(self._open) >= self._bound:
            oldest = self._open.popleft()
            if oldest.descriptor is None:
                continue
            if oldest.holders and all(file.holders for file in self._open):
                self._open.append(oldest)
                break
            if oldest.used_lately or oldest.holders:
                oldest.used_lately = False
                self._open.append(oldest)
            else:
                oldest.close()
        self._open.append(file)


class RealFile:
    """A file of a log directory. Only this object makes it longer or shorter, so it knows its size."""

    __slots__ = (
        "_closing",
        "_descriptors",
        "_path",
        "_size",
        "_waiting",
        "cuts",
        "descriptor",
        "holders",
        "used_lately",
    )

    def __init__(self, path: str, descriptors: _Descriptors, *, create: bool) -> None:
        self._path = path
        self._descriptors = descriptors
        self.descriptor: int | None = None
        self.used_lately = True
        self.holders = 0
        """Who is sending from it: until they are done, the descriptor stays open."""
        self.cuts = 0
        self._closing = False
        self._waiting: list[bytes | memoryview] = []
        """Appended, counted in the size, and yet to be written."""
        try:
            self._size = os.stat(path).st_size
        except FileNotFoundError:
            if not create:
                raise
            self._size = os.fstat(self._opened(os.O_CREAT)).st_size

    @property
    def path(self) -> str:
        return self._path

    def size(self) -> int:
        return self._size

    def append(self, data: bytes | memoryview | Sequence[bytes | memoryview]) -> None:
        buffers = [data] if isinstance(data, _ONE_BUFFER) else data
        size = sum(map(len, buffers))
        if self._descriptors.gathering:
            if not self._waiting:
                self._descriptors.unsettled.append(self)
            self._waiting += buffers
        else:
            try:
                _write_buffers(self.fileno(), buffers, size, self._size)
            except OSError as error:
                raise _of(self._path, error) from None
        self._size += size

    def settle(self) -> None:
        """Write what waits. Raises OSError."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            size = sum(map(len, waiting))
            try:
                _write_buffers(self.fileno(), waiting, size, self._size - size)
            except OSError as error:
                raise _of(self._path, error) from None

    def write_at(self, position: int, data: bytes | memoryview) -> None:
        try:
            _write_all(self.fileno(), data, position)
        except OSError as error:
            raise _of(self._path, error) from None
        self._size = max(self._size, position + len(data))

    def read(self, position: int, size: int) -> bytes:
        try:
            found = os.pread(self.fileno(), size, position)
        except OSError as error:
            raise _of(self._path, error) from None
        end = min(position + size, self._size)
        while found and position + len(found) < end:
            more = os.pread(self.fileno(), end - position - len(found), position + len(found))
            if not more:
                break
            found += more
        return found

    def truncate(self, size: int) -> None:
        if size < self._size:
            os.ftruncate(self.fileno(), size)
            self._size = size
            self.cuts += 1

    def sync(self) -> None:
        whole = self._descriptors.whole
        try:
            descriptor = self.fileno()
            if whole is None:
                sync_data(descriptor)
            else:
                whole.sync_file(self._path)
        except OSError as error:
            raise _of(self._path, error) from None

    def sync_later(self) -> "BackgroundSync":
        return BackgroundSync(self)

    def close(self) -> None:
        self.settle()
        self._closing = True
        if self.descriptor is not None and not self.holders:
            os.close(self.descriptor)
            self.descriptor = None

    def fileno(self) -> int:
        self.used_lately = True
        if self._waiting:
            self.settle()
        return self._opened() if self.descriptor is None else self.descriptor

    def hold(self) -> int:
        descriptor = self.fileno()
        self.holders += 1
        return descriptor

    def release(self) -> None:
        assert self.holders > 0, f"{self._path} is released more often than held"
        self.holders -= 1
        if self._closing:
            self.close()

    def _opened(self, flags: int = 0) -> int:
        self._closing = False
        self._descriptors.opened(self)
        self.descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | flags, 0o644)
        return self.descriptor


class BackgroundSync:
    """A sync in another thread. The file is held until somebody has heard that it is done."""

    def __init__(self, file: RealFile) -> None:
        self._path = file.path
        self._file: RealFile | None = file
        self._future = _BACKGROUND.submit(sync_data, file.hold())

    def done(self) -> bool:
        if not self._future.done():
            return False
        self.wait()
        return True

    def wait(self) -> None:
        try:
            self._future.result()
        except OSError as error:
            raise _of(self._path, error) from None
        finally:
            if self._file is not None:
                self._file.release()
                self._file = None


class RealDisk:
    """One log directory. Whoever makes it holds the directory's lock (`impl.server.directory.DirectoryLock`)."""

    def __init__(self, root: Path, *, open_files_max: int = OPEN_FILES_MAX) -> None:
        self._root = str(root)
        os.makedirs(self._root, exist_ok=True)
        self._descriptors = _Descriptors(open_files_max)

    def gather(self, *, whole: bool = False) -> None:
        """From now on, until `settle`, what is appended may wait; `whole`: so may syncs, and files written whole.

        Those at the root do not wait, but come after what waits: they are the checkpoints of all logs.
        """
        self._descriptors.gathering = True
        self._descriptors.whole = WholeFiles() if whole else None

    def settle(self) -> None:
        """Write what waits, and sync what was to be synced. Raises OSError."""
        descriptors = self._descriptors
        descriptors.gathering = False
        if descriptors.unsettled:
            unsettled, descriptors.unsettled = descriptors.unsettled, []
            for file in unsettled:
                file.settle()
        whole, descriptors.whole = descriptors.whole, None
        if whole is not None:
            whole.settle()

    def open(self, path: str, *, create: bool = False) -> RealFile:
        return RealFile(self._at(path), self._descriptors, create=create)

    def exists(self, path: str) -> bool:
        whole = self._whole
        return os.path.exists(self._at(path)) or (whole is not None and whole.find(self._at(path)) is not None)

    def list(self, path: str) -> list[str]:
        found = os.listdir(self._at(path))
        return sorted(found if self._whole is None else {*found, *self._whole.names_in(self._at(path))})

    def make_directory(self, path: str) -> None:
        os.makedirs(self._at(path), exist_ok=True)

    def remove(self, path: str) -> None:
        self._settle_whole()
        target = self._at(path)
        if os.path.isdir(target):
            shutil.rmtree(target)
        else:
            os.remove(target)

    def replace(self, source: str, target: str) -> None:
        self._settle_whole()
        os.replace(self._at(source), self._at(target))

    def read_file(self, path: str) -> bytes:
        waiting = None if self._whole is None else self._whole.find(self._at(path))
        if waiting is not None:
            return waiting
        with open(self._at(path), "rb") as file:
            return file.read()

    def write_file(self, path: str, data: bytes) -> None:
        if self._whole is not None and "/" in path:
            self._whole.write(self._at(path), data)
            return
        self._settle_whole()
        target = self._at(path)
        try:
            write_synced(target + TEMPORARY, data)
        except OSError as error:
            raise _of(target, error) from None
        os.replace(target + TEMPORARY, target)
        sync_directory(os.path.dirname(target))

    def sync_directory(self, path: str) -> None:
        if self._whole is not None:
            self._whole.sync_directory(self._at(path))
        else:
            sync_directory(self._at(path))

    @property
    def _whole(self) -> WholeFiles | None:
        return self._descriptors.whole

    def _settle_whole(self) -> None:
        """What is asked now comes after what waits."""
        if self._whole is not None:
            for file in self._descriptors.unsettled:
                file.settle()
            self._descriptors.unsettled.clear()
            self._whole.settle()

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


def _write_buffers(descriptor: int, buffers: Sequence[bytes | memoryview], size: int, position: int) -> None:
    """Write buffers of `size` bytes altogether, as one call where the system takes it."""
    written = os.pwritev(descriptor, buffers[:_BUFFERS_MAX], position)
    if written < size:
        _write_all(descriptor, b"".join(buffers)[written:], position + written)


def _of(path: str, error: OSError) -> OSError:
    """The same error, of a file by name: calls on descriptors do not say whose they are."""
    return OSError(error.errno, error.strerror, error.filename or path)


def _write_all(descriptor: int, data: bytes | memoryview, position: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, position)
        rest = rest[written:]
        position += written
