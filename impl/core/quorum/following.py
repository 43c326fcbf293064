"""A voter that follows: it fetches from the leader of its epoch, and takes over what it is sent (KIP-595).

One rule: it fetches only from a log end that is on its disk, because the leader counts that as its acknowledgement.
"""

from impl.core.calls import NEVER
from impl.core.events import Effect, SnapshotLoaded
from impl.core.messages import Reply
from impl.core.quorum.batches import MetadataBatch
from impl.core.quorum.effects import LoadSnapshot, TruncateMetadata, WriteMetadata
from impl.core.quorum.facts import QuorumLoadSnapshot, QuorumReceiveFetch, QuorumSendFetch, QuorumTruncate
from impl.core.quorum.messages import FetchedMetadata, FetchedSnapshot, FetchMetadata, FetchSnapshot
from impl.core.quorum.replica import Replica, Role
from impl.core.quorum.snapshots import PIECE_BYTES_MAX, Download
from impl.core.types import NO_ERROR, LeaderEpoch, Millis, NodeId, Offset

FETCH_WAIT_MS_MAX = 500
"""How long a leader may sit on a fetch, as in Kafka; less where a follower would lose patience sooner."""


class Following:
    """One fetch in flight at a time. `due` is when to try again after a failure."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._asked = 0
        """The correlation of the fetch whose answer counts; 0: none is in flight."""
        self._download: Download | None = None
        """A snapshot being read, where the leader's log does not reach back far enough."""
        self._told: tuple[LeaderEpoch, NodeId, Offset, LeaderEpoch] | None = None
        self._max_wait = Millis(min(FETCH_WAIT_MS_MAX, replica.settings.quorum_fetch_timeout_ms // 4))
        self.due = NEVER

    def pursue(self, now: Millis, out: list[Effect]) -> None:
        """Fetch, where there is somebody to fetch from and nothing in flight."""
        replica = self._replica
        if replica.role is not Role.FOLLOWER:
            self._asked = 0
            self._download = None
            self.due = NEVER
        elif not self._asked and (self.due is NEVER or self.due <= now):
            if self._download is None:
                self._ask(now, out)
            else:
                self._ask_snapshot(self._download, now, out)

    def _ask(self, now: Millis, out: list[Effect]) -> None:
        replica = self._replica
        log = replica.log
        self.due = NEVER
        request = FetchMetadata(
            replica=replica.node,
            epoch=replica.epoch,
            offset=log.end,
            last_epoch=log.last_epoch,
            max_wait_ms=self._max_wait,
        )
        told = (replica.epoch, replica.leader, log.end, log.last_epoch)
        if told != self._told:
            self._told = told
            out.append(
                QuorumSendFetch(epoch=replica.epoch, leader=replica.leader, offset=log.end, last_epoch=log.last_epoch)
            )
        position = (replica.epoch, log.end)

        def answered(reply: Reply | None, now: Millis, out: list[Effect]) -> None:
            if self._asked == correlation:
                self._asked = 0
                self._answered(position, reply, now, out)

        correlation = replica.calls.send(replica.leader, request, answered, now, out, self._max_wait)
        self._asked = correlation

    def _answered(
        self, position: tuple[LeaderEpoch, Offset], reply: Reply | None, now: Millis, out: list[Effect]
    ) -> None:
        replica = self._replica
        if isinstance(reply, FetchedMetadata):
            replica.learn(reply.epoch, reply.leader, now, out)
        if replica.role is not Role.FOLLOWER or position != (replica.epoch, replica.log.end):
            return
        if not isinstance(reply, FetchedMetadata) or reply.error is not NO_ERROR or reply.epoch != replica.epoch:
            self.due = Millis(now + replica.settings.quorum_retry_backoff_ms)
            return
        replica.heard = True
        replica.wait(now, replica.settings.quorum_fetch_timeout_ms)
        if reply.snapshot is not None:
            self._download = Download(reply.snapshot)
        elif reply.diverging is not None:
            self._diverged(*reply.diverging, now, out)
        else:
            self._received(reply, now, out)
        self.pursue(now, out)

    # ------------------------------------------------------------ snapshots
    def _ask_snapshot(self, download: Download, now: Millis, out: list[Effect]) -> None:
        replica = self._replica
        self.due = NEVER
        request = FetchSnapshot(
            replica=replica.node,
            epoch=replica.epoch,
            snapshot=download.snapshot,
            position=download.position,
            max_bytes=PIECE_BYTES_MAX,
        )

        def answered(reply: Reply | None, now: Millis, out: list[Effect]) -> None:
            if self._asked == correlation:
                self._asked = 0
                self._piece(download, reply, now, out)

        correlation = replica.calls.send(replica.leader, request, answered, now, out)
        self._asked = correlation

    def _piece(self, download: Download, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        replica = self._replica
        if isinstance(reply, FetchedSnapshot):
            replica.learn(reply.epoch, reply.leader, now, out)
        if replica.role is not Role.FOLLOWER or self._download is not download:
            return
        if not isinstance(reply, FetchedSnapshot) or reply.error is not NO_ERROR or not download.take(reply):
            # There may be a newer one by now: the leader is asked where to go on from.
            self._download = None
            self.due = Millis(now + replica.settings.quorum_retry_backoff_ms)
            return
        replica.heard = True
        replica.wait(now, replica.settings.quorum_fetch_timeout_ms)
        if download.whole(reply):
            out.append(LoadSnapshot(download.snapshot, download.data))
        else:
            self.pursue(now, out)

    def loaded(self, event: SnapshotLoaded, now: Millis, out: list[Effect]) -> bool:
        """The snapshot is kept, and the log begins where it ends; whether that is so."""
        replica = self._replica
        self._download = None
        if event.records is None:
            self.due = Millis(now + replica.settings.quorum_retry_backoff_ms)
            return False
        replica.log.begin_at(event.snapshot)
        replica.high_watermark = Offset(max(replica.high_watermark, event.snapshot.end))
        end, epoch = event.snapshot
        out.append(QuorumLoadSnapshot(epoch=replica.epoch, end=end, last_epoch=epoch))
        self.pursue(now, out)
        return True

    # ------------------------------------------------------------ what the leader says
    def _received(self, reply: FetchedMetadata, now: Millis, out: list[Effect]) -> None:
        replica = self._replica
        for batch in reply.batches:
            if not self._continues(batch):
                self.due = Millis(now + replica.settings.quorum_retry_backoff_ms)
                break
            replica.log.append(batch)
            out.append(WriteMetadata(batch))
        before = replica.high_watermark
        replica.high_watermark = Offset(max(before, min(reply.high_watermark, replica.log.end)))
        if reply.batches or replica.high_watermark > before:
            out.append(
                QuorumReceiveFetch(
                    epoch=replica.epoch,
                    leader=replica.leader,
                    log_end=replica.log.end,
                    high_watermark=replica.high_watermark,
                )
            )

    def _continues(self, batch: MetadataBatch) -> bool:
        """What a leader sends goes on where this log ends, in epochs that do not fall or reach beyond its own."""
        replica = self._replica
        log = replica.log
        return bool(batch.records) and batch.base_offset == log.end and log.last_epoch <= batch.epoch <= replica.epoch

    def _diverged(self, epoch: LeaderEpoch, end: Offset, now: Millis, out: list[Effect]) -> None:
        """Cut what the leader does not have, and ask again."""
        replica = self._replica
        to = self.cut_at(epoch, end)
        if to >= replica.log.end or not self.may_cut(to) or not replica.log.begins_batch(to):
            self.due = Millis(now + replica.settings.quorum_retry_backoff_ms)
            return
        replica.log.truncate(to)
        replica.high_watermark = Offset(min(replica.high_watermark, to))
        out.append(TruncateMetadata(to))
        out.append(QuorumTruncate(epoch=replica.epoch, to=to, high_watermark=replica.high_watermark))

    def cut_at(self, epoch: LeaderEpoch, end: Offset) -> Offset:
        """Where the logs may leave each other: the end of the leader's `epoch`, here or there, whichever is first."""
        own_epoch, own_end = self._replica.log.end_of_epoch(epoch)
        return Offset(min(own_end, end)) if own_epoch == epoch else own_end

    def may_cut(self, to: Offset) -> bool:
        """What is committed is never cut (KAFKA-12460)."""
        return to >= self._replica.high_watermark
