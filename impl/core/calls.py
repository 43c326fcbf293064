"""Requests this node has sent and not yet seen answered.

One rule: every call ends once: with its reply, or with None when the connection broke or the time was up. A reply
that comes after that is a stranger's and is dropped.

A call to `CONTROLLER` goes to whoever is the active controller, as far as this node knows. When another becomes known,
what the former has not answered is given up. A persistent call is made again then until its time is up, and likewise
after a broken connection or NOT_CONTROLLER: what a client has asked of the cluster is not refused because its
controller changes (Kafka's NodeToControllerChannelManager).
"""

from collections.abc import Callable

import msgspec

from impl.core.events import Effect, ReplyArrived, Send
from impl.core.messages import Reply, Request
from impl.core.quorum.messages import Refused
from impl.core.types import CONTROLLER, ErrorCode, Millis, NodeId

Handler = Callable[[Reply | None, Millis, list[Effect]], None]
NEVER = Millis(2**62)
RETRY_MS = 50
"""After NOT_CONTROLLER: how long to wait for the news of who is."""


class Call(msgspec.Struct, frozen=True):
    node: NodeId
    handler: Handler
    deadline: Millis
    request: Request | None
    """Of a call to the active controller, so that it can be made again."""
    persistent: bool = False


class Calls:
    """Mutable. `due` is no later than the earliest deadline."""

    __slots__ = ("_calls", "_last", "_refused", "_timeout", "controller", "due")

    def __init__(self, timeout_ms: int) -> None:
        self._calls: dict[int, Call] = {}
        self._last = 0
        self._timeout = timeout_ms
        self._refused: list[tuple[Millis, Call]] = []
        """Calls to be made again, and when."""
        self.controller: NodeId = CONTROLLER
        """Who is believed to be the active controller."""
        self.due = NEVER

    @property
    def open(self) -> int:
        """How many answers are awaited."""
        return len(self._calls) + len(self._refused)

    def send(
        self,
        node: NodeId,
        request: Request,
        handler: Handler,
        now: Millis,
        out: list[Effect],
        max_wait: int = 0,
        *,
        timeout: int | None = None,
        persistent: bool = False,
    ) -> int:
        """Send a request; `max_wait` is how long the peer may sit on it by agreement. Its correlation."""
        deadline = Millis(now + (self._timeout if timeout is None else timeout) + max_wait)
        if node == CONTROLLER:
            return self._send(Call(self.controller, handler, deadline, request, persistent), request, out)
        return self._send(Call(node, handler, deadline, None), request, out)

    def _send(self, call: Call, request: Request, out: list[Effect]) -> int:
        self._last = correlation = self._last + 1
        self._calls[correlation] = call
        if call.deadline < self.due:
            self.due = call.deadline
        out.append(Send(call.node, correlation, request))
        return correlation

    def turn_to(self, controller: NodeId, now: Millis, out: list[Effect]) -> None:
        """This is the active controller. What another was asked as such is given up."""
        before = self.controller
        if controller != before:
            self.controller = controller
            asked = [number for number, call in self._calls.items() if call.request is not None and call.node == before]
            self._fail(asked, now, out)

    def answered(self, event: ReplyArrived, now: Millis, out: list[Effect]) -> None:
        call = self._calls.get(event.correlation)
        if call is None or call.node != event.node:
            return
        del self._calls[event.correlation]
        if call.persistent and type(event.reply) is Refused and event.reply.error is ErrorCode.NOT_CONTROLLER:
            self._put_off(call, now)
        else:
            call.handler(event.reply, now, out)

    def _put_off(self, call: Call, now: Millis) -> None:
        again = Millis(min(now + RETRY_MS, call.deadline))
        self._refused.append((again, call))
        self.due = min(self.due, again)

    def lost(self, node: NodeId, now: Millis, out: list[Effect]) -> None:
        """The connection to `node` is gone, with everything asked over it."""
        self._fail([number for number, call in self._calls.items() if call.node == node], now, out)

    def expire(self, now: Millis, out: list[Effect]) -> None:
        """Give up on what is overdue, and ask again what was refused."""
        self._fail([number for number, call in self._calls.items() if call.deadline <= now], now, out)
        if self._refused:
            self._ask_again(now, out)
        earliest = min((call.deadline for call in self._calls.values()), default=NEVER)
        self.due = min((at for at, _ in self._refused), default=NEVER)
        if earliest < self.due:
            self.due = earliest

    def _ask_again(self, now: Millis, out: list[Effect]) -> None:
        refused, self._refused = self._refused, []
        for at, call in refused:
            if at > now:
                self._refused.append((at, call))
            elif call.deadline <= now:
                call.handler(None, now, out)
            else:
                assert call.request is not None
                again = Call(self.controller, call.handler, call.deadline, call.request, call.persistent)
                self._send(again, call.request, out)

    def _fail(self, correlations: list[int], now: Millis, out: list[Effect]) -> None:
        calls = [self._calls.pop(number) for number in correlations]
        for call in calls:
            if call.persistent and now < call.deadline:
                self._put_off(call, now)
            else:
                call.handler(None, now, out)
