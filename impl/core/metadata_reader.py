"""How a broker follows the metadata log, finds the active controller by it, and when it begins to act on it.

One rule: a broker acts on no partition before it has read the log to its end and past its own registration. The
controller registers a process only after it has fenced the one before it, so every epoch which that one led is over
by then: a restarted broker never leads an epoch again. What happened to a partition between two answers is applied
in its outcome only.

Whoever answers a fetch of the metadata log is the active controller, and whoever is not names it, as far as it knows
(KIP-595, KIP-631). A broker is told what is committed and nothing else, so it never has to take anything back.
"""

from collections.abc import Callable

from impl.core.calls import NEVER
from impl.core.events import Effect, SnapshotLoaded
from impl.core.member import Member
from impl.core.messages import Reply
from impl.core.quorum.effects import LoadSnapshot
from impl.core.quorum.messages import FetchedMetadata, FetchedSnapshot, FetchMetadata, FetchSnapshot
from impl.core.quorum.snapshots import PIECE_BYTES_MAX, Download
from impl.core.types import (
    NO_ERROR,
    LeaderEpoch,
    Millis,
    NodeId,
    TopicPartition,
)

Changed = Callable[[list[TopicPartition], Millis, list[Effect]], None]


class MetadataReader:
    """One FetchMetadata in flight at a time. `due` is when to try again after a failure."""

    __slots__ = ("_changed", "_download", "_member", "_target", "_voters", "due")

    def __init__(self, member: Member, changed: Changed) -> None:
        self._member = member
        self._changed = changed
        self._voters: tuple[NodeId, ...] = tuple(voter.node for voter in member.settings.voters)
        member.calls.controller = self._voters[0]
        self._target: NodeId = self._voters[0]
        """Whom to ask next."""
        self._download: Download | None = None
        """A snapshot being read, where the log does not reach back far enough."""
        self.due = Millis(0)

    def ask(self, now: Millis, out: list[Effect]) -> None:
        """Ask for what follows; the controller sits on the question until there is something."""
        self.due = NEVER
        if self._download is not None:
            self._ask_snapshot(self._download, now, out)
            return
        settings = self._member.settings
        max_wait = Millis(settings.replica_fetch_wait_ms_max)
        request = FetchMetadata(replica=settings.node, offset=self._member.image.offset, max_wait_ms=max_wait)
        # A controller that was cut off from its quorum may still be reached, and will not answer.
        timeout = min(settings.request_timeout_ms, settings.quorum_fetch_timeout_ms)
        self._member.calls.send(self._target, request, self._answered, now, out, max_wait, timeout=timeout)

    def _answered(self, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        image = self._member.image
        if not isinstance(reply, FetchedMetadata) or reply.error is not NO_ERROR:
            self._look_elsewhere(reply, now)
            return
        self._member.calls.turn_to(self._target, now, out)
        if reply.snapshot is not None:
            self._download = Download(reply.snapshot)
            self.ask(now, out)
            return
        if reply.batches and reply.batches[0].base_offset != image.offset:
            self.due = Millis(now + self._member.controller_backoff_ms)
            return
        touched: dict[TopicPartition, None] = {}
        for batch in reply.batches:
            for record in batch.records:
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

    # ------------------------------------------------------------ snapshots
    def _ask_snapshot(self, download: Download, now: Millis, out: list[Effect]) -> None:
        request = FetchSnapshot(
            replica=self._member.settings.node,
            epoch=LeaderEpoch(-1),
            snapshot=download.snapshot,
            position=download.position,
            max_bytes=PIECE_BYTES_MAX,
        )
        timeout = self._member.settings.request_timeout_ms
        self._member.calls.send(self._target, request, self._piece, now, out, timeout=timeout)

    def _piece(self, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        download = self._download
        assert download is not None
        if not isinstance(reply, FetchedSnapshot) or reply.error is not NO_ERROR or not download.take(reply):
            # There may be a newer one by now, or another leader.
            self._download = None
            self.due = Millis(now + self._member.controller_backoff_ms)
        elif download.whole(reply):
            out.append(LoadSnapshot(download.snapshot, download.data))
        else:
            self.ask(now, out)

    def loaded(self, event: SnapshotLoaded, now: Millis, out: list[Effect]) -> None:
        """All that the log was about may have changed; the log goes on where the snapshot ends."""
        self._download = None
        if event.records is None:
            self.due = Millis(now + self._member.controller_backoff_ms)
            return
        image = self._member.image
        names = {partition.name for partition in image.partitions()}
        image.load(event.records, event.snapshot.end)
        names |= {partition.name for partition in image.partitions()}
        if self._member.acting:
            self._changed(sorted(names), now, out)
        self.ask(now, out)

    def may_act(self, reply: FetchedMetadata) -> bool:
        """At the end of what is committed, and past the record that registered this process."""
        member = self._member
        return member.registered and member.broker_epoch < member.image.offset >= reply.high_watermark >= 0

    def _look_elsewhere(self, reply: Reply | None, now: Millis) -> None:
        """Ask whom the answer names; else the next voter, and so on in turn."""
        settings = self._member.settings
        if len(self._voters) == 1:
            self.due = Millis(now + self._member.controller_backoff_ms)
            return
        named = reply.leader if isinstance(reply, FetchedMetadata) else None
        if named in self._voters and named != self._target:
            self._target = named
        else:
            self._target = self._voters[(self._voters.index(self._target) + 1) % len(self._voters)]
        self.due = Millis(now + settings.quorum_retry_backoff_ms)
