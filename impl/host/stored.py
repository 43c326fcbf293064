"""Records of an answer that stay in their file until the socket takes them.

One rule: a range is held from the moment it is promised until it has been sent or dropped, so that its file can be
deleted, renamed or closed meanwhile and is readable all the same.
"""

from impl.core.types import Stored
from impl.storage.files import FileRange


class HeldRange(Stored):
    """A range of a file with its descriptor. Its length is what is still to be sent.

    Released by being forgotten: an answer may be dropped anywhere between the log and the socket.
    """

    __slots__ = ("_cuts", "_file", "descriptor", "position", "size")

    def __init__(self, found: FileRange) -> None:
        self._file = found.file
        self._cuts = found.file.cuts
        self.descriptor = found.file.hold()
        self.position = found.position
        self.size = found.size

    def __len__(self) -> int:
        return self.size

    def __del__(self) -> None:
        self._file.release()

    @property
    def is_stale(self) -> bool:
        """The file was cut since: what stands in this place may be another leader's by now."""
        return self._file.cuts != self._cuts

    def advance(self, sent: int) -> None:
        """So many bytes are on their way."""
        self.position += sent
        self.size -= sent
