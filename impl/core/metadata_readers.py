"""Brokers that wait at the controller for more metadata.

One rule: a question is answered when there is something to tell or when it has waited long enough, never both.
"""

from impl.core.calls import NEVER
from impl.core.events import Effect, SendReply
from impl.core.messages import FetchedMetadata, FetchMetadata
from impl.core.metadata import MetadataRecord
from impl.core.types import (
    NO_ERROR,
    Connection,
    ErrorCode,
    Millis,
    Offset,
    Value,
)

RECORDS_MAX = 2_000
"""In one answer."""


class Waiting(Value, frozen=True, gc=False):
    connection: Connection
    correlation: int
    offset: Offset
    deadline: Millis


class MetadataReaders:
    """`due` is the earliest deadline of those who wait."""

    __slots__ = ("_log", "_waiting", "due")

    def __init__(self, log: list[MetadataRecord]) -> None:
        self._log = log
        self._waiting: list[Waiting] = []
        self.due = NEVER

    def ask(
        self, connection: Connection, correlation: int, request: FetchMetadata, now: Millis, out: list[Effect]
    ) -> None:
        """Answer if there is news, else let the question wait."""
        end = Offset(len(self._log))
        if not 0 <= request.offset <= end:
            answer = FetchedMetadata(ErrorCode.OFFSET_OUT_OF_RANGE, request.offset, (), end)
            out.append(SendReply(connection, correlation, answer))
        elif request.offset < end or request.max_wait_ms <= 0:
            self._answer(connection, correlation, request.offset, out)
        else:
            deadline = Millis(now + request.max_wait_ms)
            self._waiting.append(Waiting(connection, correlation, request.offset, deadline))
            self.due = Millis(min(self.due, deadline))

    def wake(self, out: list[Effect]) -> None:
        """There is news for all who wait."""
        for waiting in self._waiting:
            self._answer(waiting.connection, waiting.correlation, waiting.offset, out)
        self._waiting.clear()
        self.due = NEVER

    def expire(self, now: Millis, out: list[Effect]) -> None:
        """Tell those who have waited long enough that there is nothing new."""
        still_waiting = []
        for waiting in self._waiting:
            if waiting.deadline <= now:
                self._answer(waiting.connection, waiting.correlation, waiting.offset, out)
            else:
                still_waiting.append(waiting)
        self._waiting[:] = still_waiting
        self.due = min((waiting.deadline for waiting in still_waiting), default=NEVER)

    def disconnected(self, connection: Connection) -> None:
        self._waiting[:] = [waiting for waiting in self._waiting if waiting.connection != connection]

    def _answer(self, connection: Connection, correlation: int, offset: Offset, out: list[Effect]) -> None:
        records = tuple(self._log[offset : offset + RECORDS_MAX])
        answer = FetchedMetadata(NO_ERROR, offset, records, Offset(len(self._log)))
        out.append(SendReply(connection, correlation, answer))
