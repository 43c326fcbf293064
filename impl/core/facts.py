"""What a step did, as data: the vocabulary of the model, returned by the step that did it.

One rule: a fact has the name of the model action it claims to be. `traces/validate` replays every fact as that
action; `invariants/step` judges the same facts. The shell records them; the core has no logger and no tracer.

Every fact carries `partition`, printed `topic-index`. Epochs are Kafka's (the first leader epoch of a partition is 0).
"""

from impl.core.types import LeaderEpoch, NodeId, Offset, PartitionEpoch, Value


class Content(Value, frozen=True, gc=False):
    """One batch as evidence: where it stands, the epoch that wrote it, the CRC of its bytes, and its producer."""

    base_offset: Offset
    record_count: int
    leader_epoch: LeaderEpoch
    crc: int
    producer_id: int
    producer_epoch: int
    base_sequence: int


class Fact(Value, frozen=True, gc=False, kw_only=True, tag_field="fact"):
    partition: str


# ---------------------------------------------------------------- the controller
class CreatePartition(Fact, frozen=True, gc=False, kw_only=True, tag="create_partition"):
    """A partition exists, with its first leader, at leader epoch 0 and partition epoch 0."""

    replicas: tuple[NodeId, ...]
    isr: tuple[NodeId, ...]
    leader: NodeId


class Elect(Fact, frozen=True, gc=False, kw_only=True, tag="elect"):
    """A new leader out of the in-sync set, which stays as it is. `leader` is -1 when no member is alive."""

    leader: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]


class FailOver(Fact, frozen=True, gc=False, kw_only=True, tag="fail_over"):
    """A new leader out of the in-sync set, and `removed` leaves the set in the same change."""

    leader: NodeId
    removed: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]


class Fence(Fact, frozen=True, gc=False, kw_only=True, tag="fence"):
    """A replica that does not lead leaves the in-sync set; the leader epoch stays (KAFKA-15021)."""

    removed: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]


class AlterPartition(Fact, frozen=True, gc=False, kw_only=True, tag="alter_partition"):
    """The controller commits the leader's proposal: its compare-and-set held."""

    leader: NodeId
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    """The partition epoch after the change."""
    isr: tuple[NodeId, ...]


# ---------------------------------------------------------------- any replica
class BecomeLeader(Fact, frozen=True, gc=False, kw_only=True, tag="become_leader"):
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch
    isr: tuple[NodeId, ...]
    start_offset: Offset


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


class Acknowledge(Fact, frozen=True, gc=False, kw_only=True, tag="acknowledge"):
    """The leader counts the position that a follower's fetch shows."""

    leader_epoch: LeaderEpoch
    follower: NodeId
    offset: Offset


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


class SendFetch(Fact, frozen=True, gc=False, kw_only=True, tag="send_fetch"):
    leader_epoch: LeaderEpoch
    leader: NodeId
    offset: Offset


class ReceiveFetch(Fact, frozen=True, gc=False, kw_only=True, tag="receive_fetch"):
    """The follower appends what the leader sent and adopts its high watermark, bounded by its own log end."""

    leader_epoch: LeaderEpoch
    leader: NodeId
    log_end: Offset
    high_watermark: Offset
    batches: tuple[Content, ...]


FACTS = frozenset(Fact.__subclasses__())
"""Every class of fact."""
