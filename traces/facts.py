"""The fact vocabulary of the trace format: what a step did, under the name of the model action it claims to be.

One rule: this module is the format. The broker declares the same structs for itself (`impl.core.facts`), a test holds
the two equal, and neither imports the other: evidence stays readable without the program that wrote it.

Every fact carries `partition`, printed `topic-index`. Epochs are Kafka's (the first leader epoch of a partition is 0);
offsets are record offsets, ends exclusive; nodes are numbers, -1 is nobody.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec


class Value(msgspec.Struct, frozen=True, gc=False):
    """Base of every fact and of what stands in one."""


class Content(Value, frozen=True, gc=False):
    """One batch as evidence: where it stands, the epoch that wrote it, the CRC that names its bytes, its producer."""

    base_offset: int
    record_count: int
    leader_epoch: int
    crc: int
    producer_id: int
    producer_epoch: int
    base_sequence: int


class Fact(Value, frozen=True, gc=False, kw_only=True, tag_field="fact"):
    partition: str


# ---------------------------------------------------------------- the controller
class CreatePartition(Fact, frozen=True, gc=False, kw_only=True, tag="create_partition"):
    """A partition exists, with its first leader, at leader epoch 0 and partition epoch 0."""

    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    leader: int


class Elect(Fact, frozen=True, gc=False, kw_only=True, tag="elect"):
    """A new leader out of the in-sync set, which stays as it is. `leader` is -1 when no member is alive."""

    leader: int
    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]


class FailOver(Fact, frozen=True, gc=False, kw_only=True, tag="fail_over"):
    """A new leader out of the in-sync set, and `removed` leaves the set in the same change."""

    leader: int
    removed: int
    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]


class Fence(Fact, frozen=True, gc=False, kw_only=True, tag="fence"):
    """A replica that does not lead leaves the in-sync set; the leader epoch stays (KAFKA-15021)."""

    removed: int
    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]


class AlterPartition(Fact, frozen=True, gc=False, kw_only=True, tag="alter_partition"):
    """The controller commits the leader's proposal: its compare-and-set held."""

    leader: int
    leader_epoch: int
    partition_epoch: int
    """The partition epoch after the change."""
    isr: tuple[int, ...]


# ---------------------------------------------------------------- any replica
class BecomeLeader(Fact, frozen=True, gc=False, kw_only=True, tag="become_leader"):
    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]
    start_offset: int


class BecomeFollower(Fact, frozen=True, gc=False, kw_only=True, tag="become_follower"):
    leader_epoch: int
    leader: int
    """-1: the partition has no leader."""


class Restart(Fact, frozen=True, gc=False, kw_only=True, tag="restart"):
    """The process is back with this on its disk; it leads nothing until it is elected anew.

    `tail` is every batch recovered at or past `tail_from`, the last offset the log is known to have had in full
    (the recovered high watermark): enough to tell whether a step cut short by the crash reached the disk.
    """

    log_end: int
    high_watermark: int
    tail_from: int
    tail: tuple[Content, ...]


# ---------------------------------------------------------------- the leader
class Append(Fact, frozen=True, gc=False, kw_only=True, tag="append"):
    leader_epoch: int
    batch: Content


class AcknowledgeProduce(Fact, frozen=True, gc=False, kw_only=True, tag="acknowledge_produce"):
    """The leader answers a produce without an error. Not a model action: the promise the invariants hold it to."""

    acks: int
    base_offset: int
    record_count: int
    leader_epoch: int
    crc: int


class AdvanceHighWatermark(Fact, frozen=True, gc=False, kw_only=True, tag="advance_high_watermark"):
    leader_epoch: int
    to: int
    maximal_isr: tuple[int, ...]


class ExpandIsr(Fact, frozen=True, gc=False, kw_only=True, tag="expand_isr"):
    """The leader asks the controller to add `follower`, and counts it from now on."""

    leader_epoch: int
    partition_epoch: int
    follower: int
    isr: tuple[int, ...]


class ShrinkIsr(Fact, frozen=True, gc=False, kw_only=True, tag="shrink_isr"):
    """The leader asks the controller to keep only `isr`, and goes on counting all until that is committed."""

    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]


class LearnIsr(Fact, frozen=True, gc=False, kw_only=True, tag="learn_isr"):
    """The leader adopts a newer version of the partition, within its own epoch."""

    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]


class Acknowledge(Fact, frozen=True, gc=False, kw_only=True, tag="acknowledge"):
    """The leader counts the position that a follower's fetch shows."""

    leader_epoch: int
    follower: int
    offset: int


class AnswerFetch(Fact, frozen=True, gc=False, kw_only=True, tag="answer_fetch"):
    """The leader answers a follower's fetch with records from `offset` and its high watermark."""

    leader_epoch: int
    follower: int
    offset: int
    log_end: int
    high_watermark: int


class AnswerProbe(Fact, frozen=True, gc=False, kw_only=True, tag="answer_probe"):
    """The leader answers where a log that is not yet reconciled leaves its own.

    The prober does not name itself on the wire (it fetches as a consumer does), so neither does the fact.
    """

    leader_epoch: int
    offset: int
    last_fetched_epoch: int
    diverging_epoch: int
    """-1 with `diverging_end` -1: it does not leave it, the log is a prefix."""
    diverging_end: int
    log_end: int


# ---------------------------------------------------------------- the follower
class Truncate(Fact, frozen=True, gc=False, kw_only=True, tag="truncate"):
    leader_epoch: int
    to: int
    high_watermark: int


class Reconcile(Fact, frozen=True, gc=False, kw_only=True, tag="reconcile"):
    """The leader of `leader_epoch` has confirmed that this log is a prefix of its own: fetches count from here."""

    leader_epoch: int
    leader: int
    log_end: int


class SendFetch(Fact, frozen=True, gc=False, kw_only=True, tag="send_fetch"):
    leader_epoch: int
    leader: int
    offset: int


class ReceiveFetch(Fact, frozen=True, gc=False, kw_only=True, tag="receive_fetch"):
    """The follower appends what the leader sent and adopts its high watermark, bounded by its own log end."""

    leader_epoch: int
    leader: int
    log_end: int
    high_watermark: int
    batches: tuple[Content, ...]


AnyFact = (
    CreatePartition
    | Elect
    | FailOver
    | Fence
    | AlterPartition
    | BecomeLeader
    | BecomeFollower
    | Restart
    | Append
    | AcknowledgeProduce
    | AdvanceHighWatermark
    | ExpandIsr
    | ShrinkIsr
    | LearnIsr
    | Acknowledge
    | AnswerFetch
    | AnswerProbe
    | Truncate
    | Reconcile
    | SendFetch
    | ReceiveFetch
)

VOCABULARY: dict[str, type[Fact]] = {
    str(kind.__struct_config__.tag): kind for kind in sorted(Fact.__subclasses__(), key=lambda kind: kind.__name__)
}
"""Every fact's struct by its name in a trace."""


class FactError(ValueError):
    """An object in a trace that is no fact of this vocabulary: the message names what is wrong with it."""


def decode(fact: Mapping[str, Any]) -> Fact:
    """The struct of one fact as a trace holds it; FactError for an unknown name, a missing field, a wrong type."""
    name = fact.get("fact")
    if name not in VOCABULARY:
        raise FactError(f"unknown fact {name!r}; known are {', '.join(VOCABULARY)}")
    try:
        # By its own class: for a union msgspec would look at all classes anew with every call.
        struct = msgspec.convert(fact, VOCABULARY[name])
    except msgspec.ValidationError as error:
        raise FactError(f"fact {name!r}: {error}") from None
    return struct


def decoded(facts: Iterable[Any]) -> tuple[Any, ...]:
    """The facts of a step as structs, whether they were read from a file or never left memory."""
    return tuple(decode(fact) if isinstance(fact, Mapping) else fact for fact in facts)
