"""A file system of its own for each broker, small enough to be filled: writes to a full one fail with ENOSPC.

One rule: the disk is really full. A tmpfs of a fixed size is mounted where a broker keeps its data, and a file of zeros
takes what is left of it; where this process may not mount, there is no such fault, and the run says so.
"""

import contextlib
import errno
import os
import subprocess
from pathlib import Path

SIZE_BYTES = 256 * 1_048_576
FILLER = ".filler"
PIECE_BYTES = 1_048_576


class SmallDisks:
    """Mounts one for each directory; `close` takes them away again."""

    def __init__(self, directories: list[Path], size: int = SIZE_BYTES) -> None:
        """Raises OSError where it may not mount; nothing is mounted then."""
        self._mounted: list[Path] = []
        try:
            for directory in directories:
                directory.mkdir(parents=True, exist_ok=True)
                _run("mount", "-t", "tmpfs", "-o", f"size={size}", "fencepost", str(directory))
                self._mounted.append(directory)
        except OSError:
            self.close()
            raise

    def fill(self, directory: Path) -> None:
        """Leave no byte free. The filler is a file the broker knows nothing of."""
        descriptor = os.open(_filler(directory), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            piece = PIECE_BYTES
            while piece:
                try:
                    if os.write(descriptor, bytes(piece)) < piece:
                        piece //= 2
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    piece //= 2
        finally:
            os.close(descriptor)

    def free(self, directory: Path) -> None:
        """There is room again."""
        _filler(directory).unlink(missing_ok=True)

    def close(self) -> None:
        for directory in self._mounted:
            with contextlib.suppress(OSError):
                _run("umount", str(directory))
        self._mounted.clear()


def _filler(directory: Path) -> Path:
    return directory / FILLER


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(errno.EPERM, done.stderr.strip() or f"{command[0]} ended with status {done.returncode}")
