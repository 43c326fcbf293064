"""What every wire message is: an immutable value with Kafka's field names and Kafka's defaults.

One rule: one class per Kafka message, whatever its version. A class holds the fields of every version spoken; the
codec of a version reads and writes those that version has, and the others keep their defaults (as Kafka's own
generated classes do). The classes stand in `impl/wire/messages/`; what they look like on the wire is read off kio's
schemas, and a test holds the two to each other.

Plain values only: times and durations are milliseconds, error codes ints, ids 16 bytes, records a buffer.
"""

import msgspec

from impl.core.types import Stored

NO_ID = bytes(16)
"""Kafka's zero uuid: no id."""

Buffer = bytes | bytearray | memoryview
Piece = Buffer | Stored
"""Of a response on its way out."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """Base of every message and of every structure inside one."""
