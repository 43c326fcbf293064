"""Producer ids handed out by this broker, from blocks that the controller allocates to it (KIP-730).

One rule: an id is handed out once. A block belongs to one start of one broker; what a crash leaves of it is lost.
"""

from impl.core.controller_messages import AllocatedProducerIds, AllocateProducerIds
from impl.core.events import Effect, SendReply
from impl.core.member import Member
from impl.core.messages import InitializedProducerId, InitProducerId, Reply
from impl.core.types import (
    CONTROLLER,
    NO_ERROR,
    Connection,
    ErrorCode,
    Millis,
)


class ProducerIds:
    __slots__ = ("_end", "_in_flight", "_member", "_next", "_waiting")

    def __init__(self, member: Member) -> None:
        self._member = member
        self._next = 0
        self._end = 0
        self._in_flight = False
        self._waiting: list[tuple[Connection, int]] = []

    def initialize(
        self, connection: Connection, correlation: int, request: InitProducerId, now: Millis, out: list[Effect]
    ) -> None:
        """Hand out an id now, or once the controller has allocated some. Transactional ids are not known here."""
        if request.transactional_id is not None:
            _refuse(connection, correlation, ErrorCode.INVALID_REQUEST, out)
        elif self._next < self._end:
            self._hand_out(connection, correlation, out)
        elif not self._member.registered:
            _refuse(connection, correlation, ErrorCode.COORDINATOR_NOT_AVAILABLE, out)
        else:
            self._waiting.append((connection, correlation))
            if not self._in_flight:
                self._ask(now, out)

    def disconnected(self, connection: Connection) -> None:
        if self._waiting:
            self._waiting = [waiting for waiting in self._waiting if waiting[0] != connection]

    def _ask(self, now: Millis, out: list[Effect]) -> None:
        self._in_flight = True
        member = self._member
        request = AllocateProducerIds(member.settings.node, member.broker_epoch)
        member.calls.send(CONTROLLER, request, self._allocated, now, out)

    def _allocated(self, reply: Reply | None, _now: Millis, out: list[Effect]) -> None:
        self._in_flight = False
        waiting, self._waiting = self._waiting, []
        if isinstance(reply, AllocatedProducerIds) and reply.error is NO_ERROR:
            self._next = reply.first
            self._end = reply.first + reply.count
        for connection, correlation in waiting:
            if self._next < self._end:
                self._hand_out(connection, correlation, out)
            else:
                # Clients ask again after this one, as they do while a coordinator moves.
                _refuse(connection, correlation, ErrorCode.COORDINATOR_NOT_AVAILABLE, out)

    def _hand_out(self, connection: Connection, correlation: int, out: list[Effect]) -> None:
        out.append(SendReply(connection, correlation, InitializedProducerId(NO_ERROR, self._next, 0)))
        self._next += 1


def _refuse(connection: Connection, correlation: int, error: ErrorCode, out: list[Effect]) -> None:
    out.append(SendReply(connection, correlation, InitializedProducerId(error, -1, -1)))
