"""The leader of an epoch: it appends, counts what voters have, commits, and answers whoever reads (KIP-595).

One rule: what it counts is on the disk of whoever is counted, in its own epoch; and it commits nothing before a record
of its own epoch is on a majority of disks (KAFKA-12619, Raft 5.4.2).

A leader that a majority of voters has not fetched from for one and a half times controller.quorum.fetch.timeout.ms is
cut off, and resigns (KAFKA-15489): nobody shall wait for it.
"""

from impl.core.calls import NEVER
from impl.core.events import Effect
from impl.core.messages import Reply
from impl.core.metadata import LeaderChangeRecord, MetadataRecord
from impl.core.quorum.batches import MetadataBatch
from impl.core.quorum.effects import WriteMetadata
from impl.core.quorum.facts import QuorumAdvance, QuorumAppend, Resign, Win
from impl.core.quorum.messages import BeginQuorumEpoch, BegunQuorumEpoch, EndQuorumEpoch
from impl.core.quorum.replica import Replica, Role
from impl.core.types import NO_ERROR, NO_LEADER, Millis, NodeId, Offset

UNKNOWN = Offset(-1)


class Progress:
    """How far a voter or an observer has come, as the leader knows it."""

    __slots__ = ("behind_since", "caught_up_at", "fetched_at", "offset", "told", "told_begin_at")

    def __init__(self, now: Millis) -> None:
        self.offset = UNKNOWN
        self.fetched_at = now
        self.caught_up_at = Millis(-1)
        self.told = UNKNOWN
        """The high watermark it was last told."""
        self.told_begin_at: Millis | None = None
        """When it was told that the epoch has begun; None while no answer is awaited."""


class Leading:
    """`due` is when to look whether a majority still fetches, and to tell those who do not that there is a leader."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self.progress: dict[NodeId, Progress] = {}
        self.epoch_start = Offset(0)
        """Where the records of its own epoch begin."""
        self.inherited_from = Offset(0)
        """What it knew to be committed when it won: an earlier leader has told all that lies below."""
        self.due = NEVER

    @property
    def established(self) -> bool:
        """Its first record is committed: it knows how far the log is."""
        return self._replica.leading and self._replica.high_watermark > self.epoch_start

    def begin(self, granting: tuple[NodeId, ...], now: Millis, out: list[Effect]) -> None:
        """It has won: write that down, and tell the others."""
        replica = self._replica
        replica.role = Role.LEADER
        replica.leader = replica.node
        replica.failures = 0
        replica.deadline = NEVER
        replica.write_election(out)
        out.append(Win(epoch=replica.epoch, granting=granting))
        self.progress = {node: Progress(now) for node in replica.others}
        self.epoch_start = replica.log.end
        self.inherited_from = replica.high_watermark
        self.append((LeaderChangeRecord(replica.node, replica.voters, granting),), now, out)
        if replica.others:
            self.look_around(now, out)

    def append(self, records: tuple[MetadataRecord, ...], now: Millis, out: list[Effect]) -> Offset:
        """Write records that are committed together or not at all; one past the last of them."""
        replica = self._replica
        batch = MetadataBatch(base_offset=replica.log.end, epoch=replica.epoch, timestamp=now, records=records)
        replica.log.append(batch)
        out.append(WriteMetadata(batch))
        out.append(QuorumAppend(epoch=batch.epoch, base_offset=batch.base_offset, record_count=len(records)))
        self.advance(out)
        return batch.end

    # ------------------------------------------------------------ committing
    def advance(self, out: list[Effect]) -> bool:
        """Commit what a majority has; whether that is more than before."""
        replica = self._replica
        ends = [(replica.log.end, replica.node)]
        ends += [(self.progress[node].offset, node) for node in replica.others]
        ends.sort(reverse=True)
        to = ends[replica.majority - 1][0]
        if to <= replica.high_watermark or not self.may_commit(to):
            return False
        replica.high_watermark = to
        quorum = tuple(sorted(node for end, node in ends if end >= to))
        out.append(QuorumAdvance(epoch=replica.epoch, to=to, quorum=quorum))
        return True

    def may_commit(self, to: Offset) -> bool:
        """What an earlier leader wrote is committed by nothing but a record of this epoch after it."""
        return self._replica.log.epoch_before(to) == self._replica.epoch

    # ------------------------------------------------------------ the others
    def look_around(self, now: Millis, out: list[Effect]) -> None:
        """Resign where a majority has gone; remind whoever has not fetched for a while."""
        replica = self._replica
        if self.is_cut_off(now):
            self.resign(now, out)
            return
        patience = replica.settings.quorum_fetch_timeout_ms // 2
        self.due = Millis(now + patience)
        for node in replica.others:
            progress = self.progress[node]
            silent = progress.offset == UNKNOWN or progress.fetched_at + patience <= now
            if silent and progress.told_begin_at is None:
                self._tell(node, progress, now, out)

    def is_cut_off(self, now: Millis) -> bool:
        """Too few voters have fetched lately for anything to be committed."""
        replica = self._replica
        newest = sorted((self.progress[node].fetched_at for node in replica.others), reverse=True)
        needed = replica.majority - 1
        return needed > 0 and newest[needed - 1] + replica.settings.quorum_fetch_timeout_ms * 3 // 2 <= now

    def _tell(self, node: NodeId, progress: Progress, now: Millis, out: list[Effect]) -> None:
        replica = self._replica
        epoch = replica.epoch
        progress.told_begin_at = now

        def answered(reply: Reply | None, now: Millis, out: list[Effect]) -> None:
            progress.told_begin_at = None
            if isinstance(reply, BegunQuorumEpoch):
                replica.learn(reply.epoch, reply.leader, now, out)
            if replica.leading and replica.epoch == epoch and not _accepted(reply):
                self.due = min(self.due, Millis(now + replica.settings.quorum_retry_backoff_ms))

        request = BeginQuorumEpoch(cluster_id=replica.settings.cluster_id, leader=replica.node, epoch=epoch)
        replica.calls.send(node, request, answered, now, out)

    def resign(self, now: Millis, out: list[Effect]) -> None:
        """Give the epoch up; who has most of the log should stand first."""
        replica = self._replica
        replica.role = Role.RESIGNED
        replica.leader = NO_LEADER
        self.due = NEVER
        out.append(Resign(epoch=replica.epoch))
        replica.wait(now, replica.election_timeout())
        order = sorted(replica.others, key=lambda node: (-self.progress[node].offset, node))
        request = EndQuorumEpoch(
            cluster_id=replica.settings.cluster_id,
            leader=replica.node,
            epoch=replica.epoch,
            successors=tuple(order),
        )
        for node in replica.others:
            replica.calls.send(node, request, _unheard, now, out)


def _accepted(reply: Reply | None) -> bool:
    return isinstance(reply, BegunQuorumEpoch) and reply.error is NO_ERROR


def _unheard(_reply: Reply | None, _now: Millis, _out: list[Effect]) -> None:
    """Whether the others have heard of a resignation changes nothing: their patience ends by itself."""
