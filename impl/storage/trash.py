"""Files that are deleted but still lie on the disk for a while, so that whoever reads them can finish.

One rule: what is in the trash has lost its name already (`.deleted`, `-delete`); a restart removes it unread.

file.delete.delay.ms counts from the first `empty` that sees a path: storage itself knows no time.
"""

from impl.storage.files import Disk

DELETED = ".deleted"


class Trash:
    """The deleted files and directories of one log directory."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._waiting: list[tuple[str, int, int | None]] = []
        """Path, delay in ms, and when it is due once that is known."""

    def __len__(self) -> int:
        return len(self._waiting)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, path: str, delay_ms: int) -> None:
        self._waiting.append((path, delay_ms, None))

    def empty(self, now: int) -> None:
        """Remove what is due. Raises OSError."""
        waiting: list[tuple[str, int, int | None]] = []
        for path, delay, due in self._waiting:
            if due is None:
                due = now + delay
            if due > now:
                waiting.append((path, delay, due))
            elif self._disk.exists(path):
                self._disk.remove(path)
        self._waiting = waiting
