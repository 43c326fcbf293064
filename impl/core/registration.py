"""A broker's standing with the controller: it registers, sends heartbeats, and asks leave to stop (KIP-500, KIP-631).

One rule: the broker never believes itself more alive than the controller does. Whether it is fenced is read from the
metadata log, in order with everything else the controller decided.
"""

from impl.core.calls import NEVER
from impl.core.controller_messages import BrokerHeartbeat, HeartbeatAnswer, RegisterBroker, RegisteredBroker
from impl.core.events import Effect
from impl.core.member import Member
from impl.core.messages import Reply
from impl.core.types import (
    CONTROLLER,
    NO_ERROR,
    BrokerEpoch,
    ErrorCode,
    Millis,
    Offset,
)

CONTROLLED_SHUTDOWN_MS_MAX = 5_000
"""A broker whose controller does not answer stops anyway after this long; a stopped process is fenced in the end."""


class Registration:
    """`due` is when to speak to the controller next; NEVER while an answer is awaited."""

    __slots__ = ("_member", "_shut_down_by", "_told", "due", "stopping")

    def __init__(self, member: Member) -> None:
        self._member = member
        self.due = Millis(0)
        self.stopping = False
        """The controller has let this broker go, or it has waited long enough."""
        self._shut_down_by = NEVER
        self._told = Offset(-1)
        """How much metadata the last heartbeat reported."""

    @property
    def fenced(self) -> bool:
        member = self._member
        own = member.image.brokers.get(member.settings.node)
        return own is None or own.fenced or own.epoch != member.broker_epoch

    def tick(self, now: Millis, out: list[Effect]) -> None:
        """Call when `due` has passed."""
        if now >= self._shut_down_by:
            self.stopping = True
        else:
            self.speak(now, out)

    def shut_down(self, now: Millis, out: list[Effect]) -> None:
        """Ask the controller to move this broker's leaderships away."""
        if self._shut_down_by is not NEVER:
            return
        self._shut_down_by = Millis(now + CONTROLLED_SHUTDOWN_MS_MAX)
        if not self._member.registered:
            self.stopping = True
        elif self.due is not NEVER:
            self.speak(now, out)
        else:
            self.due = self._shut_down_by

    def caught_up(self, now: Millis, out: list[Effect]) -> None:
        """More metadata has been applied: a fenced broker tells at once, for that may unfence it."""
        if self._member.registered and self.fenced and self.due is not NEVER:
            self.speak(now, out)

    def speak(self, now: Millis, out: list[Effect]) -> None:
        """Register, or send a heartbeat."""
        member = self._member
        settings = member.settings
        self.due = NEVER
        if not member.registered:
            register = RegisterBroker(
                broker=settings.node,
                incarnation=member.incarnation,
                cluster_id=settings.cluster_id,
                host=member.host,
                port=member.port,
                previous_broker_epoch=member.previous_broker_epoch,
                rack=settings.broker_rack,
            )
            member.calls.send(CONTROLLER, register, self._registered, now, out)
            return
        self._told = member.image.offset
        heartbeat = BrokerHeartbeat(
            broker=settings.node,
            broker_epoch=member.broker_epoch,
            metadata_offset=member.image.offset,
            want_shut_down=self._shut_down_by is not NEVER,
        )
        member.calls.send(CONTROLLER, heartbeat, self._heard, now, out)

    def _registered(self, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        if isinstance(reply, RegisteredBroker) and reply.error is NO_ERROR:
            self._member.broker_epoch = reply.broker_epoch
            self.speak(now, out)
        else:
            # DUPLICATE_BROKER_REGISTRATION: the process before this one still has a session; it will expire.
            self._again(now)

    def _heard(self, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        if not isinstance(reply, HeartbeatAnswer):
            self._again(now)
        elif reply.error in (ErrorCode.BROKER_ID_NOT_REGISTERED, ErrorCode.STALE_BROKER_EPOCH):
            self._member.broker_epoch = BrokerEpoch(-1)
            self._again(now)
        elif reply.error is not NO_ERROR:
            self._again(now)
        elif reply.should_shut_down and self._shut_down_by is not NEVER:
            self.stopping = True
        elif reply.fenced and self._member.image.offset > self._told:
            self.speak(now, out)
        else:
            wait = self._member.settings.broker_heartbeat_interval_ms
            if self._shut_down_by is not NEVER or reply.fenced:
                wait = self._member.controller_backoff_ms
            self.due = Millis(min(now + wait, self._shut_down_by))

    def _again(self, now: Millis) -> None:
        self.due = Millis(min(now + self._member.controller_backoff_ms, self._shut_down_by))
