"""One voter of the quorum as a whole: requests, answers and time in, effects out.

One rule: whoever wants to know what a step has changed looks at `leading`, `epoch` and `high_watermark` afterwards.

Source: Kafka's KafkaRaftClient, whose request and poll methods this follows.
"""

from typing import ClassVar

from impl.core.calls import NEVER
from impl.core.events import ConnectionLost, Disconnected, Effect, ReplyArrived, SendReply, SnapshotLoaded
from impl.core.metadata import MetadataRecord
from impl.core.quorum.batches import SnapshotId
from impl.core.quorum.effects import RecoveredQuorum
from impl.core.quorum.elections import Elections
from impl.core.quorum.following import Following
from impl.core.quorum.leading import UNKNOWN, Leading, Progress
from impl.core.quorum.log import QuorumLog
from impl.core.quorum.messages import (
    BeginQuorumEpoch,
    BegunQuorumEpoch,
    DescribedQuorum,
    DescribeQuorum,
    EndedQuorumEpoch,
    EndQuorumEpoch,
    FetchedSnapshot,
    FetchMetadata,
    FetchSnapshot,
    QuorumEndpoint,
    QuorumRequest,
    ReplicaState,
    SnapshotSlice,
    Vote,
    Voted,
)
from impl.core.quorum.readers import Readers
from impl.core.quorum.replica import EPOCH_MAX, LEADER, Replica, Role
from impl.core.quorum.snapshots import PIECE_BYTES_MAX
from impl.core.settings import Settings
from impl.core.types import (
    NO_ERROR,
    Connection,
    ErrorCode,
    LeaderEpoch,
    Millis,
    NodeId,
    Offset,
)


class Raft:
    """Mutable. The classes of the parts are where a different behaviour can be planted."""

    replica_class: ClassVar[type[Replica]] = Replica
    elections_class: ClassVar[type[Elections]] = Elections
    following_class: ClassVar[type[Following]] = Following
    leading_class: ClassVar[type[Leading]] = Leading
    readers_class: ClassVar[type[Readers]] = Readers

    def __init__(self, settings: Settings, recovered: RecoveredQuorum) -> None:
        self.settings = settings
        self._replica = replica = self.replica_class(settings, recovered)
        self._leading = self.leading_class(replica)
        self._readers = self.readers_class(replica, self._leading)
        self._elections = self.elections_class(replica, self._won)
        self._following = self.following_class(replica)

    # ------------------------------------------------------------ what others may know
    @property
    def log(self) -> QuorumLog:
        return self._replica.log

    @property
    def epoch(self) -> LeaderEpoch:
        return self._replica.epoch

    @property
    def voted(self) -> NodeId:
        """For whom, in this epoch; -1: for nobody."""
        return self._replica.voted

    @property
    def leader(self) -> NodeId:
        """Of this epoch; -1 where it is not known."""
        return self._replica.known_leader

    @property
    def role(self) -> Role:
        return self._replica.role

    @property
    def leading(self) -> bool:
        return self._replica.leading

    def leads_in(self, epoch: LeaderEpoch) -> bool:
        """It is the leader of this epoch."""
        replica = self._replica
        return replica.epoch == epoch and replica.role is LEADER

    @property
    def established(self) -> bool:
        """It leads, and the first record of its epoch is committed."""
        return self._leading.established

    @property
    def high_watermark(self) -> Offset:
        return self._replica.high_watermark

    @property
    def inherited_from(self) -> Offset:
        """As a leader: what it knew to be committed when it won."""
        return self._leading.inherited_from

    @property
    def alone(self) -> bool:
        """There are no other voters."""
        return not self._replica.others

    @property
    def quiet(self) -> bool:
        """It awaits no answer."""
        return not self._replica.calls.open

    # ------------------------------------------------------------ steps
    def start(self, now: Millis, out: list[Effect]) -> None:
        """Begin with what the disk held. Who is alone need not wait to be elected."""
        self._replica.restarted(now, out)
        if self.alone:
            self.tick(now, out)

    def tick(self, now: Millis, out: list[Effect]) -> None:
        """Time has passed."""
        replica = self._replica
        before = len(out)
        if now >= replica.calls.due:
            replica.calls.expire(now, out)
        if now >= replica.deadline:
            self._elections.timed_out(now, out)
        if now >= self._elections.due:
            self._elections.ask_again(now, out)
        if replica.leading:
            if now >= self._leading.due:
                self._leading.look_around(now, out)
        elif replica.role is Role.FOLLOWER:
            self._following.pursue(now, out)
        if now >= self._readers.due:
            self._readers.expire(now, out)
        if len(out) > before:
            self._settle(now, out)

    def replied(self, event: ReplyArrived, now: Millis, out: list[Effect]) -> None:
        self._replica.calls.answered(event, now, out)
        self._settle(now, out)

    def lost(self, event: ConnectionLost, now: Millis, out: list[Effect]) -> None:
        self._replica.calls.lost(event.node, now, out)
        self._settle(now, out)

    def disconnected(self, event: Disconnected) -> None:
        self._readers.disconnected(event.connection)

    def requested(
        self, connection: Connection, correlation: int, request: QuorumRequest, now: Millis, out: list[Effect]
    ) -> None:
        """Another voter, a broker, or somebody who wants to know."""
        if isinstance(request, FetchMetadata):
            self._readers.asked(connection, correlation, request, now, out)
        elif isinstance(request, Vote):
            if self._is_stranger(request.cluster_id):
                answer = Voted(ErrorCode.INCONSISTENT_CLUSTER_ID, self.epoch, self.leader, False)
            else:
                answer = self._elections.asked(request, now, out)
            out.append(SendReply(connection, correlation, answer))
        elif isinstance(request, BeginQuorumEpoch):
            error = self._begun(request, now, out)
            out.append(SendReply(connection, correlation, BegunQuorumEpoch(error, self.epoch, self.leader)))
        elif isinstance(request, DescribeQuorum):
            out.append(SendReply(connection, correlation, self._describe(now)))
        elif isinstance(request, FetchSnapshot):
            out.append(SendReply(connection, correlation, self._snapshot(request, now)))
        else:
            error = self._ended(request, now, out)
            out.append(SendReply(connection, correlation, EndedQuorumEpoch(error, self.epoch, self.leader)))
        self._settle(now, out)

    def append(self, records: tuple[MetadataRecord, ...], now: Millis, out: list[Effect]) -> Offset:
        """The leader writes records; one past the last of them. Followers who wait are told."""
        end = self._leading.append(records, now, out)
        self._readers.wake(out)
        return end

    def loaded(self, event: SnapshotLoaded, now: Millis, out: list[Effect]) -> bool:
        """A snapshot has taken the place of the log; whether it has."""
        return self._following.loaded(event, now, out)

    def resign(self, now: Millis, out: list[Effect]) -> None:
        """Lead no longer."""
        self._leading.resign(now, out)
        self._settle(now, out)

    def _settle(self, now: Millis, out: list[Effect]) -> None:
        """Whatever has happened: who follows fetches, and who does not lead keeps nobody waiting."""
        if not self._replica.leading:
            if self._readers.due is not NEVER:
                self._readers.wake(out)
            self._following.pursue(now, out)

    # ------------------------------------------------------------ epochs
    def _won(self, granting: tuple[NodeId, ...], now: Millis, out: list[Effect]) -> None:
        self._leading.begin(granting, now, out)

    def _begun(self, request: BeginQuorumEpoch, now: Millis, out: list[Effect]) -> ErrorCode:
        """A leader announces itself."""
        replica = self._replica
        if self._is_stranger(request.cluster_id):
            return ErrorCode.INCONSISTENT_CLUSTER_ID
        if request.leader not in replica.others:
            return ErrorCode.INCONSISTENT_VOTER_SET
        if request.epoch < replica.epoch:
            return ErrorCode.FENCED_LEADER_EPOCH
        if request.epoch >= EPOCH_MAX:
            return ErrorCode.INVALID_REQUEST
        replica.learn(request.epoch, request.leader, now, out)
        if replica.role is Role.PROSPECTIVE:
            replica.follow(request.leader, now, out)
        return NO_ERROR

    def _ended(self, request: EndQuorumEpoch, now: Millis, out: list[Effect]) -> ErrorCode:
        """A leader has resigned: the first of its successors stands at once, the others give it time."""
        replica = self._replica
        if self._is_stranger(request.cluster_id):
            return ErrorCode.INCONSISTENT_CLUSTER_ID
        if request.epoch < replica.epoch:
            return ErrorCode.FENCED_LEADER_EPOCH
        if request.epoch >= EPOCH_MAX:
            return ErrorCode.INVALID_REQUEST
        if request.epoch > replica.epoch:
            replica.enter(request.epoch, now, out)
        elif replica.role is Role.FOLLOWER and replica.leader == request.leader:
            replica.detach(now)
        if replica.role is Role.UNATTACHED:
            order = (
                request.successors.index(replica.node) if replica.node in request.successors else len(replica.voters)
            )
            replica.wait(now, order * replica.settings.quorum_election_timeout_ms // 2)
        return NO_ERROR

    # ------------------------------------------------------------ answers to whoever wants to know
    def _describe(self, now: Millis) -> DescribedQuorum:
        if not self.leading:
            return DescribedQuorum(error=ErrorCode.NOT_LEADER_OR_FOLLOWER, epoch=self.epoch, leader=self.leader)
        replica = self._replica
        itself = ReplicaState(node=replica.node, log_end=replica.log.end, fetched_ago_ms=0, caught_up_ago_ms=0)
        progress = self._leading.progress
        voters = [itself, *(_state_of(node, progress[node], now) for node in replica.others)]
        observers = self._readers.observers
        return DescribedQuorum(
            error=NO_ERROR,
            epoch=self.epoch,
            leader=self.leader,
            high_watermark=self.high_watermark if self.established else Offset(-1),
            voters=tuple(sorted(voters, key=lambda state: state.node)),
            observers=tuple(_state_of(node, observers[node], now) for node in sorted(observers)),
            endpoints=tuple(QuorumEndpoint(voter.node, voter.host, voter.port) for voter in self.settings.voters),
        )

    def _snapshot(self, request: FetchSnapshot, now: Millis) -> FetchedSnapshot:
        """A piece of the newest snapshot, which is the only one; the host reads it."""
        if not self.leading:
            return FetchedSnapshot(error=ErrorCode.NOT_LEADER_OR_FOLLOWER, epoch=self.epoch, leader=self.leader)
        newest = SnapshotId(self.log.start, self.log.start_epoch)
        if newest.end == 0 or request.snapshot != newest or request.position < 0:
            return FetchedSnapshot(error=ErrorCode.SNAPSHOT_NOT_FOUND, epoch=self.epoch, leader=self.leader)
        progress = self._leading.progress.get(request.replica)
        if progress is not None:
            progress.fetched_at = now
        return FetchedSnapshot(
            error=NO_ERROR,
            epoch=self.epoch,
            leader=self.leader,
            snapshot=newest,
            position=request.position,
            data=SnapshotSlice(newest, request.position, min(request.max_bytes, PIECE_BYTES_MAX)),
        )

    def _is_stranger(self, cluster_id: str | None) -> bool:
        return cluster_id is not None and cluster_id != self.settings.cluster_id


def _state_of(node: NodeId, progress: Progress, now: Millis) -> ReplicaState:
    return ReplicaState(
        node=node,
        log_end=progress.offset,
        fetched_ago_ms=-1 if progress.offset == UNKNOWN else now - progress.fetched_at,
        caught_up_ago_ms=-1 if progress.caught_up_at < 0 else now - progress.caught_up_at,
    )
