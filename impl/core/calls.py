"""Requests this node has sent and not yet seen answered.

One rule: every call ends once: with its reply, or with None when the connection broke or the time was up. A reply
that comes after that is a stranger's and is dropped.
"""

from collections.abc import Callable

import msgspec

from impl.core.events import Effect, ReplyArrived, Send
from impl.core.messages import Reply, Request
from impl.core.types import Millis, NodeId

Handler = Callable[[Reply | None, Millis, list[Effect]], None]
NEVER = Millis(2**62)


class Call(msgspec.Struct, frozen=True):
    node: NodeId
    handler: Handler
    deadline: Millis


class Calls:
    """Mutable. `due` is no later than the earliest deadline."""

    __slots__ = ("_calls", "_last", "_timeout", "due")

    def __init__(self, timeout_ms: int) -> None:
        self._calls: dict[int, Call] = {}
        self._last = 0
        self._timeout = timeout_ms
        self.due = NEVER

    def send(
        self, node: NodeId, request: Request, handler: Handler, now: Millis, out: list[Effect], max_wait: int = 0
    ) -> int:
        """Send a request; `max_wait` is how long the peer may sit on it by agreement. Its correlation."""
        self._last = correlation = self._last + 1
        deadline = Millis(now + self._timeout + max_wait)
        self._calls[correlation] = Call(node, handler, deadline)
        if deadline < self.due:
            self.due = deadline
        out.append(Send(node, correlation, request))
        return correlation

    def answered(self, event: ReplyArrived, now: Millis, out: list[Effect]) -> None:
        call = self._calls.get(event.correlation)
        if call is not None and call.node == event.node:
            del self._calls[event.correlation]
            call.handler(event.reply, now, out)

    def lost(self, node: NodeId, now: Millis, out: list[Effect]) -> None:
        """The connection to `node` is gone, with everything asked over it."""
        self._fail([number for number, call in self._calls.items() if call.node == node], now, out)

    def expire(self, now: Millis, out: list[Effect]) -> None:
        """Give up on what is overdue."""
        self._fail([number for number, call in self._calls.items() if call.deadline <= now], now, out)
        self.due = min((call.deadline for call in self._calls.values()), default=NEVER)

    def _fail(self, correlations: list[int], now: Millis, out: list[Effect]) -> None:
        calls = [self._calls.pop(number) for number in correlations]
        for call in calls:
            call.handler(None, now, out)
