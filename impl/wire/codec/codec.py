"""One version of one message: its reader and writer, and the error a reader's trouble becomes.

One rule: `read` ends in a message or in `Malformed`; `write` of a message our own code has built cannot fail.
"""

import functools
import struct
from typing import Any, Generic, TypeVar

from impl.wire.codec.reader import Refused, reader_for
from impl.wire.codec.schema import describe
from impl.wire.codec.source import path_of
from impl.wire.codec.writer import writer_for
from impl.wire.errors import Malformed
from impl.wire.message import Buffer
from impl.wire.varint import Overlong

M = TypeVar("M")


class Codec(Generic[M]):
    """Reads and writes instances of one class in one version."""

    def __init__(self, value_class: Any, schema: Any) -> None:
        entity = describe(schema)
        self.title = f"{entity.name} version {entity.version}"
        self.is_flexible = entity.is_flexible
        self._read = reader_for(entity, value_class)
        self.write_to = writer_for(entity, value_class)
        """`(message, add)`: gives each part of the message to `add`, in order."""

    def read(self, data: Buffer, position: int = 0, *, to_the_end: bool = True) -> M:
        """The message that starts at `position` and ends where `data` does. Records are views into `data`.

        Not `to_the_end`: bytes after it are passed over.
        """
        end = len(data)
        try:
            message, position = self._read(data, position, end)
        except (Refused, Overlong) as trouble:
            raise Malformed(self.title, path_of(trouble.__traceback__), str(trouble)) from None
        except UnicodeDecodeError as trouble:
            raise Malformed(self.title, path_of(trouble.__traceback__), f"not UTF-8: {trouble.object!r:.40}") from None
        except (IndexError, struct.error) as trouble:
            raise Malformed(self.title, path_of(trouble.__traceback__), f"the frame of {end} bytes ends here") from None
        if to_the_end and position != end:
            raise Malformed(self.title, "end", f"{end - position} bytes are left over")
        read: M = message
        return read

    def write(self, message: M) -> list[Buffer]:
        """The message as buffers to be joined; records stand among them as they were given."""
        parts: list[Buffer] = []
        self.write_to(message, parts.append)
        return parts


@functools.cache
def codec_for(value_class: type[M], schema: Any) -> Codec[M]:
    """The codec of a message class in the version of a schema class, compiled on first use."""
    return Codec(value_class, schema)
