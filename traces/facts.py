"""The fact vocabulary of the trace format: what a step did, under the name of the model action it claims to be.

One rule: this module is the format. The broker declares the same structs for itself (`impl.core.facts`), a test holds
the two equal, and neither imports the other: evidence stays readable without the program that wrote it.

Every fact carries `partition`, printed `topic-index`. Epochs are Kafka's (the first leader epoch of a partition is 0);
offsets are record offsets, ends exclusive; nodes are numbers, -1 is nobody.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from traces.decided_facts import (
    AddReplicas,
    AllowUnclean,
    AlterPartition,
    CountOnAbsent,
    CreatePartition,
    Decision,
    DeletePartition,
    Elect,
    ElectEligible,
    ElectNone,
    ElectUnclean,
    Fact,
    FailOver,
    Fence,
    LeaderLosesPower,
    LosePower,
    MemberLosesPower,
    Reassign,
    RefusePartition,
    Register,
    TakeOffline,
    Value,
)

__all__ = [
    "AddReplicas",
    "AllowUnclean",
    "AlterPartition",
    "CountOnAbsent",
    "CreatePartition",
    "Decision",
    "DeletePartition",
    "Elect",
    "ElectEligible",
    "ElectNone",
    "ElectUnclean",
    "Fact",
    "FailOver",
    "Fence",
    "LeaderLosesPower",
    "LosePower",
    "MemberLosesPower",
    "Reassign",
    "RefusePartition",
    "Register",
    "TakeOffline",
    "Value",
]


class Content(Value, frozen=True, gc=False):
    """One batch as evidence: where it stands, the epoch that wrote it, the CRC that names its bytes, its producer."""

    base_offset: int
    record_count: int
    leader_epoch: int
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

    replicas: tuple[int, ...]
    leader: int
    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]
    elr: tuple[int, ...] = ()
    enough: bool = True
    broker_epochs: tuple[int, ...] = ()
    """The newest registrations of `replicas`, in their order; -1: none is known."""


class BeginReplica(Fact, frozen=True, gc=False, kw_only=True, tag="begin_replica"):
    """A log as its broker found it, of which no trace tells how it came to be. Its `restart` follows.

    `batches` is all there is of it, from `start` on; what was before that is gone, and nobody can tell of it.
    """

    start: int
    high_watermark: int
    batches: tuple[Content, ...]


# ---------------------------------------------------------------- any replica
class BecomeLeader(Fact, frozen=True, gc=False, kw_only=True, tag="become_leader"):
    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]
    start_offset: int
    enough: bool = True
    """The version it leads by has min.insync.replicas members in sync: it may commit."""


class Resume(Fact, frozen=True, gc=False, kw_only=True, tag="resume"):
    """A replica that restarted cleanly finds itself still the leader of its epoch, and leads on.

    Only executions of the model tell it: our controller ends an epoch whose leader has gone, however it went.
    """

    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]
    start_offset: int
    enough: bool = True


class DeleteReplica(Fact, frozen=True, gc=False, kw_only=True, tag="delete_replica"):
    """The replica is no longer of the partition, or the partition is deleted: its log is gone, and it tells no more."""


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
    clean: bool = True
    """The process before it stopped cleanly. Where it did not, a record that was not flushed may be missing."""


class RecoverStart(Fact, frozen=True, gc=False, kw_only=True, tag="recover_start"):
    """The log that a process found on its disk begins at `to`, which is not 0. Its `restart` follows."""

    to: int


class DeleteBelow(Fact, frozen=True, gc=False, kw_only=True, tag="delete_below"):
    """A log begins at `to` from now on: retention, a client (DeleteRecords), or the leader's log begins there.

    No action of the model, whose logs are what was ever written: only what is committed may go.
    """

    to: int


class Compact(Fact, frozen=True, gc=False, kw_only=True, tag="compact"):
    """Compaction has replaced what a log has from `begin` on below `to`: later records stand in for what is gone.

    No action of the model, whose logs are what was ever written.
    """

    begin: int
    to: int


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


class AcknowledgeDeletion(Fact, frozen=True, gc=False, kw_only=True, tag="acknowledge_deletion"):
    """The leader answers a client that what lies below `to` is deleted. Not a model action: a promise.

    `replicas` are those on brokers that live, by the metadata it has read: they have shown that they begin there.
    """

    leader_epoch: int
    to: int
    replicas: tuple[int, ...]


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
    broker_epoch: int = -1
    """The registration under which the follower showed its position (KIP-903)."""


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
    enough: bool = True
    """That version has min.insync.replicas members in sync: the leader may commit."""


class Acknowledge(Fact, frozen=True, gc=False, kw_only=True, tag="acknowledge"):
    """The leader counts the position that a follower's fetch shows."""

    leader_epoch: int
    follower: int
    offset: int
    broker_epoch: int = -1
    """The registration under which the follower sent the fetch; -1: it does not say."""


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


class FallBehind(Fact, frozen=True, gc=False, kw_only=True, tag="fall_behind"):
    """The leader has deleted what comes next in this log: the replica drops its own and begins where the leader does,
    at `to`, with nothing. What was there before is as if it had been copied and deleted: it is the leader's."""

    leader_epoch: int
    leader: int
    to: int
    high_watermark: int = -1
    """As it is then; -1 in older traces."""


class SendFetch(Fact, frozen=True, gc=False, kw_only=True, tag="send_fetch"):
    leader_epoch: int
    leader: int
    offset: int
    broker_epoch: int = -1
    """The follower's own registration."""


class ReceiveFetch(Fact, frozen=True, gc=False, kw_only=True, tag="receive_fetch"):
    """The follower appends what the leader sent and adopts its high watermark, bounded by its own log end."""

    leader_epoch: int
    leader: int
    log_end: int
    high_watermark: int
    batches: tuple[Content, ...]


VOCABULARY: dict[str, type[Fact]] = {
    str(kind.__struct_config__.tag): kind
    for kind in sorted([*Fact.__subclasses__(), *Decision.__subclasses__()], key=lambda kind: kind.__name__)
    if kind is not Decision
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
