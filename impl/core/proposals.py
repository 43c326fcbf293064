"""Proposals of new in-sync sets on their way to the controller (KIP-497).

One rule: a proposal is sent again, unchanged, until the partition learns a newer version from the metadata log; no
answer settles it or takes it back, for an answer does not say whether enough are in sync (`Leader.enough`).
One AlterPartition is in flight at a time and carries every open proposal.
"""

from impl.core.calls import NEVER
from impl.core.controller_messages import AlteredPartition, AlterIsr, AlterPartition
from impl.core.events import Effect
from impl.core.member import Member
from impl.core.messages import Reply
from impl.core.types import (
    CONTROLLER,
    NO_ERROR,
    Millis,
    TopicPartition,
)


class Proposals:
    """`due` is when to send what is still open again."""

    __slots__ = ("_in_flight", "_member", "_open", "due")

    def __init__(self, member: Member) -> None:
        self._member = member
        self._open: dict[TopicPartition, None] = {}
        self._in_flight = False
        self.due = NEVER

    def take_new(self, now: Millis, out: list[Effect]) -> None:
        """Partitions have made proposals in this step."""
        for name in self._member.proposing:
            self._open[name] = None
        self._member.proposing.clear()
        self.send(now, out)

    def send(self, now: Millis, out: list[Effect]) -> None:
        """Send every open proposal, unless an answer is awaited."""
        if self._in_flight:
            return
        self.due = NEVER
        proposals = self._prune()
        if not proposals:
            return
        member = self._member
        request = AlterPartition(member.settings.node, member.broker_epoch, proposals)
        member.calls.send(CONTROLLER, request, self._answered, now, out)
        self._in_flight = True

    def _prune(self) -> tuple[AlterIsr, ...]:
        """Forget what has been settled; what is left."""
        proposals = []
        for name in list(self._open):
            partition = self._member.partitions.get(name)
            proposal = None if partition is None else partition.proposal
            if proposal is None:
                del self._open[name]
            else:
                proposals.append(proposal)
        return tuple(proposals)

    def _answered(self, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        self._in_flight = False
        member = self._member
        if not isinstance(reply, AlteredPartition) or reply.error is not NO_ERROR:
            self.due = Millis(now + member.controller_backoff_ms)
            return
        answered = {altered.partition for altered in reply.partitions}
        self._prune()
        if any(name not in answered for name in self._open):
            self.send(now, out)
        elif self._open:
            # Committed or refused, and the metadata that says so is on its way.
            self.due = Millis(now + member.controller_backoff_ms)
