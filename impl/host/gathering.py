"""A disk that can put off small writes: how a host asks for it, and how it knows one."""

from functools import cache
from typing import Any, Protocol, runtime_checkable

from impl.storage.files import Disk


@runtime_checkable
class Gathering(Protocol):
    """A disk that can let small writes wait for each other (impl/server/disk.py); the simulated one does not."""

    def gather(self, *, whole: bool = False) -> None:
        """From now on, until `settle`, what is appended may wait; whatever else is asked of a file comes after it.

        `whole`: so may syncs, and the files of one log that are written whole, until one at the root is written.
        """

    def settle(self) -> None:
        """Write what waits, and sync what was to be synced. Raises OSError."""


def gathering(disk: Disk) -> Gathering | None:
    """The disk, if it is one."""
    return disk if _gathers(type(disk)) and isinstance(disk, Gathering) else None


@cache
def _gathers(kind: type[Any]) -> bool:
    """Asking a protocol takes long, and a simulated run starts a hundred brokers."""
    return issubclass(kind, Gathering)
