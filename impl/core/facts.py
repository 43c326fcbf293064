"""What a step did, as data: the vocabulary of the model, returned by the step that did it.

One rule: a fact has the name of the model action it claims to be. `traces/validate` replays every fact as that
action; `invariants/step` judges the same facts. The shell records them; the core has no logger and no tracer.

What controllers tell, and what all facts have in common, is in `impl.core.decided_facts`.

Every fact carries `partition`, printed `topic-index`. Epochs are Kafka's (the first leader epoch of a partition is 0).
"""

from impl.core.decided_facts import Decision, Fact
from impl.core.types import BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, Value


class Content(Value, frozen=True, gc=False):
    """One batch as evidence: where it stands, the epoch that wrote it, the CRC of its bytes, and its producer."""

    base_offset: Offset
    record_count: int
    leader_epoch: LeaderEpoch
    crc: int
    producer_id: int
    producer_epoch: int
    base_sequence: int


# ---------------------------------------------------------------- what was there when the trace began
class BeginPartition(Fact, frozen=True, gc=False, kw_only=True, tag="begin_partition"):
    """What was decided of a partition before the trace began, where the cluster had data by then.

    Told by each controller when it first decides anything, and the same by all, if they tell at the same version. No
    action of the model: with `begin_replica` the state it starts from.
    """

    replicas: tuple[NodeId, ...]
    leader: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]
    elr: tuple[NodeId, ...] = ()
    enough: bool = True
    broker_epochs: tuple[BrokerEpoch, ...] = ()
    """The newest registrations of `replicas`, in their order; -1: none is known."""


class BeginReplica(Fact, frozen=True, gc=False, kw_only=True, tag="begin_replica"):
    """A log as its broker found it, of which no trace tells how it came to be. Its `restart` follows.

    `batches` is all there is of it, from `start` on; what was before that is gone, and nobody can tell of it.
    """

    start: Offset
    high_watermark: Offset
    batches: tuple[Content, ...]


# ---------------------------------------------------------------- any replica
class BecomeLeader(Fact, frozen=True, gc=False, kw_only=True, tag="become_leader"):
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]
    start_offset: Offset
    enough: bool = True
    """The version it leads by has min.insync.replicas members in sync: it may commit."""


class Resume(Fact, frozen=True, gc=False, kw_only=True, tag="resume"):
    """A replica that restarted cleanly finds itself still the leader of its epoch, and leads on.

    Only executions of the model tell it: our controller ends an epoch whose leader has gone, however it went.
    """

    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]
    start_offset: Offset
    enough: bool = True


class DeleteReplica(Fact, frozen=True, gc=False, kw_only=True, tag="delete_replica"):
    """The replica is no longer of the partition, or the partition is deleted: its log is gone, and it tells no more."""


class BecomeFollower(Fact, frozen=True, gc=False, kw_only=True, tag="become_follower"):
    leader_epoch: LeaderEpoch
    leader: NodeId
    """-1: the partition has no leader."""


class Restart(Fact, frozen=True, gc=False, kw_only=True, tag="restart"):
    """The process is back with this on its disk; it leads nothing until it is elected anew.

    `tail` is every batch recovered at or past `tail_from`, the last offset the log is known to have had in full
    (the recovered high watermark): enough to tell whether a step cut short by the crash reached the disk.
    """

    log_end: Offset
    high_watermark: Offset
    tail_from: Offset
    tail: tuple[Content, ...]
    clean: bool = True
    """The process before it stopped cleanly. Where it did not, a record that was not flushed may be missing."""


class RecoverStart(Fact, frozen=True, gc=False, kw_only=True, tag="recover_start"):
    """The log that a process found on its disk begins at `to`, which is not 0. Its `restart` follows."""

    to: Offset


class DeleteBelow(Fact, frozen=True, gc=False, kw_only=True, tag="delete_below"):
    """A log begins at `to` from now on: retention, a client (DeleteRecords), or the leader's log begins there.

    No action of the model, whose logs are what was ever written: only what is committed may go.
    """

    to: Offset


class Compact(Fact, frozen=True, gc=False, kw_only=True, tag="compact"):
    """Compaction has replaced what a log has from `begin` on below `to`: later records stand in for what is gone.

    No action of the model, whose logs are what was ever written.
    """

    begin: Offset
    to: Offset


# ---------------------------------------------------------------- the leader
class Append(Fact, frozen=True, gc=False, kw_only=True, tag="append"):
    leader_epoch: LeaderEpoch
    batch: Content


class AcknowledgeProduce(Fact, frozen=True, gc=False, kw_only=True, tag="acknowledge_produce"):
    """The leader answers a produce without an error. Not a model action: the promise the invariants hold it to."""

    acks: int
    base_offset: Offset
    record_count: int
    leader_epoch: LeaderEpoch
    crc: int


class AcknowledgeDeletion(Fact, frozen=True, gc=False, kw_only=True, tag="acknowledge_deletion"):
    """The leader answers a client that what lies below `to` is deleted. Not a model action: a promise.

    `replicas` are those on brokers that live, by the metadata it has read: they have shown that they begin there.
    """

    leader_epoch: LeaderEpoch
    to: Offset
    replicas: tuple[NodeId, ...]


class AdvanceHighWatermark(Fact, frozen=True, gc=False, kw_only=True, tag="advance_high_watermark"):
    leader_epoch: LeaderEpoch
    to: Offset
    maximal_isr: tuple[NodeId, ...]


class ExpandIsr(Fact, frozen=True, gc=False, kw_only=True, tag="expand_isr"):
    """The leader asks the controller to add `follower`, and counts it from now on."""

    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    follower: NodeId
    isr: tuple[NodeId, ...]
    broker_epoch: BrokerEpoch = BrokerEpoch(-1)
    """The registration under which the follower showed its position (KIP-903)."""


class ShrinkIsr(Fact, frozen=True, gc=False, kw_only=True, tag="shrink_isr"):
    """The leader asks the controller to keep only `isr`, and goes on counting all until that is committed."""

    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]


class LearnIsr(Fact, frozen=True, gc=False, kw_only=True, tag="learn_isr"):
    """The leader adopts a newer version of the partition, within its own epoch."""

    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]
    enough: bool = True
    """That version has min.insync.replicas members in sync: the leader may commit."""


class Acknowledge(Fact, frozen=True, gc=False, kw_only=True, tag="acknowledge"):
    """The leader counts the position that a follower's fetch shows."""

    leader_epoch: LeaderEpoch
    follower: NodeId
    offset: Offset
    broker_epoch: BrokerEpoch = BrokerEpoch(-1)
    """The registration under which the follower sent the fetch; -1: it does not say."""


class AnswerFetch(Fact, frozen=True, gc=False, kw_only=True, tag="answer_fetch"):
    """The leader answers a follower's fetch with records from `offset` and its high watermark."""

    leader_epoch: LeaderEpoch
    follower: NodeId
    offset: Offset
    log_end: Offset
    high_watermark: Offset


class AnswerProbe(Fact, frozen=True, gc=False, kw_only=True, tag="answer_probe"):
    """The leader answers where a log that is not yet reconciled leaves its own.

    The prober does not name itself on the wire (it fetches as a consumer does), so neither does the fact.
    """

    leader_epoch: LeaderEpoch
    offset: Offset
    last_fetched_epoch: LeaderEpoch
    diverging_epoch: LeaderEpoch
    """-1 with `diverging_end` -1: it does not leave it, the log is a prefix."""
    diverging_end: Offset
    log_end: Offset


# ---------------------------------------------------------------- the follower
class Truncate(Fact, frozen=True, gc=False, kw_only=True, tag="truncate"):
    leader_epoch: LeaderEpoch
    to: Offset
    high_watermark: Offset


class Reconcile(Fact, frozen=True, gc=False, kw_only=True, tag="reconcile"):
    """The leader of `leader_epoch` has confirmed that this log is a prefix of its own: fetches count from here."""

    leader_epoch: LeaderEpoch
    leader: NodeId
    log_end: Offset


class FallBehind(Fact, frozen=True, gc=False, kw_only=True, tag="fall_behind"):
    """The leader has deleted what comes next in this log: the replica drops its own and begins where the leader does,
    at `to`, with nothing. What was there before is as if it had been copied and deleted: it is the leader's."""

    leader_epoch: LeaderEpoch
    leader: NodeId
    to: Offset
    high_watermark: Offset = Offset(-1)
    """As it is then; -1 in older traces."""


class SendFetch(Fact, frozen=True, gc=False, kw_only=True, tag="send_fetch"):
    leader_epoch: LeaderEpoch
    leader: NodeId
    offset: Offset
    broker_epoch: BrokerEpoch = BrokerEpoch(-1)
    """The follower's own registration."""


class ReceiveFetch(Fact, frozen=True, gc=False, kw_only=True, tag="receive_fetch"):
    """The follower appends what the leader sent and adopts its high watermark, bounded by its own log end."""

    leader_epoch: LeaderEpoch
    leader: NodeId
    log_end: Offset
    high_watermark: Offset
    batches: tuple[Content, ...]


FACTS = frozenset([*Fact.__subclasses__(), *Decision.__subclasses__()]) - {Decision}
"""Every class of fact."""
