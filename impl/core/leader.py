"""A partition replica that leads: it appends, counts positions, moves the high watermark and proposes in-sync sets.

One rule: the watermark counts every replica that may be in the in-sync set the controller knows, so while a proposal
is under way it counts the *maximal* in-sync set: the committed one and everybody the proposal would add (KIP-497).

A proposal stays until a newer partition epoch is learnt, whatever the controller answers: it may be under way twice,
and while one copy was refused the other may yet be accepted.
"""

from impl.core.controller_messages import AlterIsr
from impl.core.events import Effect
from impl.core.facts import (
    AcknowledgeDeletion,
    AcknowledgeProduce,
    AdvanceHighWatermark,
    BecomeLeader,
    ExpandIsr,
    LearnIsr,
    ShrinkIsr,
)
from impl.core.fetch_sessions import FetchSession
from impl.core.follower import Follower
from impl.core.image import PartitionImage
from impl.core.messages import ProducedPartition
from impl.core.parking import Lot, ParkedFetch, ParkedProduce
from impl.core.types import (
    NO_BROKER_EPOCH,
    NO_ERROR,
    Batch,
    BrokerEpoch,
    ErrorCode,
    LeaderEpoch,
    Millis,
    NodeId,
    Offset,
    TopicPartition,
)

UNKNOWN = Offset(-1)


class Peer:
    """What the leader knows of another replica, from its fetches in this leader epoch."""

    __slots__ = (
        "broker_epoch",
        "caught_up_at",
        "fetched_at",
        "leader_end_at_fetch",
        "log_end",
        "log_start",
        "node",
        "watermark_sent",
    )

    def __init__(self, node: NodeId, caught_up_at: Millis) -> None:
        self.node = node
        self.log_end = UNKNOWN
        """The position last shown; -1 before the first, which is less than an empty log's.

        The last and not the highest: a follower that lost its tail must not count with what it had.
        """
        self.log_start = UNKNOWN
        self.broker_epoch = NO_BROKER_EPOCH
        """The registration under which it showed that (KIP-903)."""
        self.caught_up_at = caught_up_at
        self.fetched_at = caught_up_at
        self.leader_end_at_fetch = UNKNOWN
        self.watermark_sent = UNKNOWN

    def count(self, offset: Offset, broker_epoch: BrokerEpoch, leader_end: Offset, now: Millis) -> None:
        """A fetch shows `offset`. Caught up is who reaches what the leader had at the fetch before (Replica.scala)."""
        if broker_epoch != self.broker_epoch:
            self.broker_epoch = broker_epoch
            self.leader_end_at_fetch = UNKNOWN
        self.log_end = offset
        if offset >= leader_end:
            self.caught_up_at = now
        elif offset >= self.leader_end_at_fetch:
            self.caught_up_at = max(self.caught_up_at, self.fetched_at)
        self.leader_end_at_fetch = leader_end
        self.fetched_at = now


class WaitingProduce:
    """One partition's share of a produce with acks=all: answered once the watermark reaches `end`."""

    __slots__ = ("base_offset", "batch", "end", "index", "parked")

    def __init__(self, parked: ParkedProduce, index: int, base_offset: Offset, batch: Batch) -> None:
        self.parked = parked
        self.index = index
        self.base_offset = base_offset
        self.batch = batch
        self.end = Offset(base_offset + batch.record_count)

    @property
    def done(self) -> bool:
        return self.parked.done


class Leader(Follower):
    """The leader's share of the state.

    `enough`: the version of the partition that it knows has min.insync.replicas members in sync, as the controller
    counts; without, nothing is committed (KIP-966). A leader that went by its own number could commit what an eligible
    leader replica lacks. `counted` are the peers in the maximal in-sync set; `proposing` is the broker's list of
    partitions whose proposal it has yet to send.
    """

    __slots__ = (
        "counted",
        "enough",
        "fetches",
        "leading",
        "maximal_isr",
        "min_insync_replicas",
        "peers",
        "proposal",
        "proposing",
        "sessions",
        "start_offset",
        "waiting",
    )

    leading: bool
    start_offset: Offset
    peers: dict[NodeId, Peer]
    maximal_isr: tuple[NodeId, ...]
    enough: bool
    counted: tuple[Peer, ...]
    proposal: AlterIsr | None
    proposing: list[TopicPartition]
    min_insync_replicas: int
    waiting: Lot[WaitingProduce]
    fetches: Lot[ParkedFetch]
    sessions: dict[int, FetchSession]
    """Fetch sessions that ask for this partition, by number; they park their fetches themselves."""

    # ------------------------------------------------------------ role
    def become_leader(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        """Lead in a new epoch, which begins where this log ends, even if nothing will be written in it."""
        self.leading = True
        self.start_offset = self.log_end
        if self.assign_own_epoch():
            self.write_epochs(out)
        in_sync = version.isr
        self.peers = {
            node: Peer(node, now if node in in_sync else Millis(0)) for node in version.replicas if node != self.node
        }
        self.proposal = None
        self.enough = version.enough
        self.count_set(in_sync)
        out.append(
            BecomeLeader(
                partition=self.label,
                leader_epoch=self.leader_epoch,
                partition_epoch=self.partition_epoch,
                isr=in_sync,
                start_offset=self.start_offset,
                enough=self.enough,
            )
        )
        self.advance(out)
        self.wake_fetches(out)

    def assign_own_epoch(self) -> bool:
        """Enter the new epoch into the cache before any record of it (KAFKA-7415)."""
        return self.epochs.assign(self.leader_epoch, self.log_end)

    def count_set(self, maximal_isr: tuple[NodeId, ...]) -> None:
        """From now on the watermark counts these."""
        self.maximal_isr = maximal_isr
        self.counted = tuple(peer for node, peer in self.peers.items() if node in maximal_isr)

    def learn_isr(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        """A newer version of the partition within this leader epoch: it ends whatever was proposed before it."""
        for node in version.replicas:
            if node != self.node and node not in self.peers:
                self.peers[node] = Peer(node, now if node in version.isr else Millis(0))
        self.proposal = None
        self.enough = version.enough
        self.count_set(version.isr)
        out.append(
            LearnIsr(
                partition=self.label,
                leader_epoch=self.leader_epoch,
                partition_epoch=self.partition_epoch,
                isr=version.isr,
                enough=self.enough,
            )
        )
        self.advance(out)

    # ------------------------------------------------------------ the high watermark
    def watermark_candidate(self) -> Offset:
        """What everybody in the maximal in-sync set is known to have."""
        lowest = self.log_end
        for peer in self.counted:
            if peer.log_end < lowest:
                lowest = peer.log_end
        return lowest

    def advance(self, out: list[Effect]) -> None:
        """Raise the watermark if it can be raised, and answer what waited for it."""
        to = self.watermark_candidate()
        if to <= self.high_watermark or not self.may_commit():
            return
        self.high_watermark = to
        out.append(
            AdvanceHighWatermark(
                partition=self.label,
                leader_epoch=self.leader_epoch,
                to=to,
                maximal_isr=tuple(sorted(self.maximal_isr)),
            )
        )
        if self.waiting.items:
            self._answer_committed(out)
        self.wake_fetches(out)

    def low_watermark(self) -> Offset:
        """From where every replica on a broker that lives has its log (Partition.lowWatermarkIfLeader)."""
        return min([self.log_start, *(peer.log_start for peer in self.living())])

    def living(self) -> list[Peer]:
        """The others on brokers that live."""
        return [peer for node, peer in self.peers.items() if not self.image.is_fenced(node)]

    def acknowledge_deletion(self, to: Offset, out: list[Effect]) -> None:
        """Answer that what lies below is deleted, everywhere."""
        out.append(
            AcknowledgeDeletion(
                partition=self.label,
                leader_epoch=self.leader_epoch,
                to=to,
                replicas=tuple(sorted([self.node, *(peer.node for peer in self.living())])),
            )
        )

    def may_commit(self) -> bool:
        """Enough are in sync: fewer could lose what they alone have, and nobody would know (KIP-966)."""
        return self.enough

    def wake_fetches(self, out: list[Effect]) -> None:
        """Answer the parked fetches that have something to hear by now."""
        for session in self.sessions.values():
            parked = session.stir(self.name)
            if parked is not None:
                parked.answer(out)
        if not self.fetches.items:
            return
        for fetch in self.fetches.take():
            if fetch.ready():
                fetch.answer(out)
            else:
                self.fetches.add(fetch)

    # ------------------------------------------------------------ the in-sync set
    def consider_expanding(self, peer: Peer, out: list[Effect]) -> None:
        if self.proposal is None and peer.node not in self.maximal_isr and self.may_join(peer):
            self.propose_expansion(peer, out)

    def may_join(self, peer: Peer) -> bool:
        """It has all that is committed, all that was there when this epoch began (KAFKA-7128), and is alive (KIP-841)
        under the registration by which it showed that (KIP-903)."""
        return (
            peer.log_end >= self.high_watermark
            and peer.log_end >= self.start_offset
            and self.image.is_active(peer.node)
            and self.is_registered(peer)
        )

    def is_registered(self, peer: Peer) -> bool:
        """What the leader counted of it is of its newest registration, as far as metadata was read."""
        return peer.broker_epoch == self.image.brokers[peer.node].epoch

    def propose_expansion(self, peer: Peer, out: list[Effect]) -> None:
        """Count the follower from now on, and ask the controller to add it."""
        isr = tuple(sorted((*self.isr, peer.node)))
        self._propose(isr)
        self.count_set(isr)
        out.append(
            ExpandIsr(
                partition=self.label,
                leader_epoch=self.leader_epoch,
                partition_epoch=self.partition_epoch,
                follower=peer.node,
                isr=isr,
                broker_epoch=peer.broker_epoch,
            )
        )

    def consider_shrinking(self, now: Millis, out: list[Effect]) -> None:
        """Ask the controller to drop all who lag; they count until it has (KIP-497)."""
        if self.proposal is not None:
            return
        isr = tuple(node for node in self.isr if node == self.node or not self.lags(self.peers[node], now))
        if len(isr) == len(self.isr):
            return
        self.propose_shrinking(isr, out)

    def lags(self, peer: Peer, now: Millis) -> bool:
        """It has not reached the leader's end for longer than replica.lag.time.max.ms."""
        return peer.log_end != self.log_end and now - peer.caught_up_at > self.settings.replica_lag_time_ms_max

    def propose_shrinking(self, isr: tuple[NodeId, ...], out: list[Effect]) -> None:
        self._propose(isr)
        out.append(
            ShrinkIsr(
                partition=self.label, leader_epoch=self.leader_epoch, partition_epoch=self.partition_epoch, isr=isr
            )
        )

    def _propose(self, isr: tuple[NodeId, ...]) -> None:
        self.proposal = AlterIsr(
            partition=self.name,
            leader_epoch=self.leader_epoch,
            partition_epoch=self.partition_epoch,
            isr=isr,
            broker_epochs=tuple(self.registration_of(node) for node in isr),
        )
        self.proposing.append(self.name)

    def registration_of(self, node: NodeId) -> BrokerEpoch:
        """Under which a member of a proposed set showed its position. This broker has its own, newest one."""
        if node == self.node:
            own = self.image.brokers.get(node)
            return NO_BROKER_EPOCH if own is None else own.epoch
        return self.peers[node].broker_epoch

    # ------------------------------------------------------------ waiting produces
    def enough_in_sync(self, isr: tuple[NodeId, ...]) -> bool:
        """min.insync.replicas, which a partition with fewer replicas than that cannot ask for."""
        return len(isr) >= min(self.min_insync_replicas, len(self.replicas))

    def acknowledge(
        self, parked: ParkedProduce, index: int, acks: int, base_offset: Offset, batch: Batch, out: list[Effect]
    ) -> None:
        """Answer one partition of a produce without an error."""
        if acks:
            out.append(
                AcknowledgeProduce(
                    partition=self.label,
                    acks=acks,
                    base_offset=base_offset,
                    record_count=batch.record_count,
                    leader_epoch=self.leader_epoch,
                    crc=batch.crc,
                )
            )
        parked.settle(index, ProducedPartition(self.name, NO_ERROR, base_offset, self.log_start), out)

    def refuse(self, parked: ParkedProduce, index: int, error: ErrorCode, out: list[Effect]) -> None:
        parked.settle(index, ProducedPartition(self.name, error, Offset(-1), Offset(-1)), out)

    def _answer_committed(self, out: list[Effect]) -> None:
        enough = self.enough_in_sync(self.maximal_isr)
        for waiting in self.waiting.take():
            if waiting.end > self.high_watermark:
                self.waiting.add(waiting)
            elif enough:
                self.acknowledge(waiting.parked, waiting.index, -1, waiting.base_offset, waiting.batch, out)
            else:
                self.refuse(waiting.parked, waiting.index, ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND, out)

    def resign(self, out: list[Effect], error: ErrorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER) -> None:
        """Lead no longer: whoever waits must ask the new leader."""
        self.leading = False
        self.proposal = None
        for produce in self.waiting.take():
            self.refuse(produce.parked, produce.index, error, out)
        self.wake_fetches(out)

    def epoch_error(self, current_leader_epoch: LeaderEpoch) -> ErrorCode:
        """Whether the asker believes in this leader's epoch; -1 is an old consumer that does not say (KIP-320)."""
        if current_leader_epoch == self.leader_epoch or current_leader_epoch < 0:
            return NO_ERROR
        if current_leader_epoch < self.leader_epoch:
            return ErrorCode.FENCED_LEADER_EPOCH
        return ErrorCode.UNKNOWN_LEADER_EPOCH
