"""How a broker follows the controller's metadata log, and when it begins to act on it.

One rule: a broker acts on no partition before it has read the log to its end and past its own registration. The
controller registers a process only after it has fenced the one before it, so every epoch which that one led is over
by then: a restarted broker never leads an epoch again. What happened to a partition between two answers is applied
in its outcome only.
"""

from collections.abc import Callable

from impl.core.calls import NEVER
from impl.core.events import Effect
from impl.core.member import Member
from impl.core.messages import FetchedMetadata, FetchMetadata, Reply
from impl.core.types import (
    CONTROLLER,
    NO_ERROR,
    Millis,
    TopicPartition,
)

Changed = Callable[[list[TopicPartition], Millis, list[Effect]], None]


class MetadataReader:
    """One FetchMetadata in flight at a time. `due` is when to try again after a failure."""

    __slots__ = ("_changed", "_member", "due")

    def __init__(self, member: Member, changed: Changed) -> None:
        self._member = member
        self._changed = changed
        self.due = Millis(0)

    def ask(self, now: Millis, out: list[Effect]) -> None:
        """Ask for what follows; the controller sits on the question until there is something."""
        self.due = NEVER
        settings = self._member.settings
        max_wait = Millis(settings.replica_fetch_wait_ms_max)
        request = FetchMetadata(broker=settings.node, offset=self._member.image.offset, max_wait_ms=max_wait)
        self._member.calls.send(CONTROLLER, request, self._answered, now, out, max_wait)

    def _answered(self, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        image = self._member.image
        if not isinstance(reply, FetchedMetadata) or reply.error is not NO_ERROR or reply.base_offset != image.offset:
            self.due = Millis(now + self._member.controller_backoff_ms)
            return
        touched: dict[TopicPartition, None] = {}
        for record in reply.records:
            name = image.apply(record)
            if name is not None:
                touched[name] = None
        if self._member.acting:
            if touched:
                self._changed(list(touched), now, out)
        elif self.may_act(reply):
            self._member.acting = True
            self._changed([partition.name for partition in image.partitions()], now, out)
        self.ask(now, out)

    def may_act(self, reply: FetchedMetadata) -> bool:
        """At the end of the log, and past the record that registered this process."""
        member = self._member
        return member.registered and member.broker_epoch < member.image.offset >= reply.end_offset
