"""No committed loss (I1, I2, I3): who may lead has everything that was committed or acknowledged.

The leader of the newest epoch; every running member of the in-sync set and every running eligible leader replica,
because the controller may elect any of them next (KIP-966); and whom the newest leader proposes to add. Judging the
candidates and not only the leader finds a loss before the election that would show it.

An unclean election gives up what the elected replica lacks: from then on only the rest counts, and what is committed
after it.
"""

from typing import Any

from invariants.step import decisions
from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import batch_words, node_words, records_words
from invariants.verdict import Violated
from traces.facts import AcknowledgeProduce, Content, ExpandIsr

ID = "no_committed_loss"


def complete(partition: Partition, replica: Replica, role: str = "") -> None:
    """The replica has every committed and every acknowledged record. `role` says why it must, unless it is plain."""
    if not replica.log.holds(partition.committed):
        missing = replica.log.first_missing(partition.committed)
        assert missing is not None, "a log that lacks a prefix lacks one of its batches"
        who = _role_words(partition, replica, role)
        raise Violated(ID, f"{_committed_words(partition, missing)} is missing from {who}")
    for promise in partition.unsettled.values():
        if not _stands(promise, replica.log.batch_at(promise.base_offset)):
            words = _promise_words(promise)
            raise Violated(ID, f"{words}, is missing from {_role_words(partition, replica, role)}")


def _candidates(partition: Partition, _replica: Replica, _fact: Any) -> None:
    for replica in partition.candidates:
        complete(partition, replica)


def _this_replica(partition: Partition, replica: Replica, _fact: Any) -> None:
    """After a fact of one replica: it is judged if it may lead."""
    if replica.counts and (replica.node in partition.eligible or _leads_newest(partition, replica)):
        complete(partition, replica)


def _proposed(partition: Partition, replica: Replica, fact: ExpandIsr) -> None:
    """The newest leader asks the controller to make a follower a candidate."""
    follower = partition.replicas.get(fact.follower)
    if follower is not None and follower.counts and _leads_newest(partition, replica):
        complete(
            partition,
            follower,
            f", which n{replica.node}, leader of epoch {fact.leader_epoch}, adds to the in-sync set",
        )


def _promised(partition: Partition, _replica: Replica, fact: AcknowledgeProduce) -> None:
    """The leader has answered acks=all. The record must stand in every log that may lead."""
    if fact.leader_epoch < partition.last_unclean:
        return
    if fact.acks != -1 or fact.base_offset not in partition.unsettled:
        _settled_right(partition, fact)
        return
    for replica in partition.candidates:
        complete(partition, replica)


def _settled_right(partition: Partition, fact: AcknowledgeProduce) -> None:
    if fact.acks == -1 and not _stands(fact, partition.committed.batch_at(fact.base_offset)):
        standing = partition.committed.batch_at(fact.base_offset)
        there = "nothing" if standing is None else batch_words(standing)
        raise Violated(ID, f"{_promise_words(fact)}, is lost: {there} is committed at offset {fact.base_offset}")


def _committed(partition: Partition, replica: Replica, fact: Any) -> None:
    """The committed prefix may have grown: promises it has reached must stand in it, and candidates must have it."""
    for base_offset in [offset for offset in partition.unsettled if offset < partition.committed.end]:
        _settled_right(partition, partition.unsettled.pop(base_offset))
    _candidates(partition, replica, fact)


def _everywhere(partition: Partition) -> None:
    """The same by comparing every record of every candidate, without names for prefixes."""
    for replica in partition.replicas.values():
        if not replica.counts or not (replica.node in partition.eligible or _leads_newest(partition, replica)):
            continue
        count = len(partition.committed.batches)
        if replica.log.batches[:count] != partition.committed.batches:
            raise Violated(ID, f"something committed is missing from {_role_words(partition, replica)}")
        for promise in partition.promises.values():
            if not any(_stands(promise, batch) for batch in replica.log.batches):
                raise Violated(ID, f"{_promise_words(promise)}, is missing from {_role_words(partition, replica)}")


def _stands(promise: AcknowledgeProduce, batch: Content | None) -> bool:
    return (
        batch is not None
        and batch.base_offset == promise.base_offset
        and batch.crc == promise.crc
        and batch.record_count == promise.record_count
    )


def _leads_newest(partition: Partition, replica: Replica) -> bool:
    return replica.leading and replica.leader_epoch == partition.leader_epoch


def _role_words(partition: Partition, replica: Replica, role: str = "") -> str:
    if role:
        return f"{node_words(replica.node)}{role}"
    if _leads_newest(partition, replica):
        return f"{node_words(replica.node)}, leader of epoch {replica.leader_epoch}"
    if replica.node not in partition.isr:
        return f"{node_words(replica.node)}, which runs and is eligible to lead after epoch {partition.leader_epoch}"
    return f"{node_words(replica.node)}, which runs and is in the in-sync set of epoch {partition.leader_epoch}"


def _promise_words(promise: AcknowledgeProduce) -> str:
    words = records_words(promise.base_offset, promise.record_count, promise.crc)
    return f"{words}, acknowledged at offset {promise.base_offset} in epoch {promise.leader_epoch}"


def _committed_words(partition: Partition, batch: Content) -> str:
    promise = partition.promises.get(batch.base_offset)
    if promise is not None and _stands(promise, batch):
        return f"{_promise_words(promise)},"
    return f"{batch_words(batch)}, committed, written in epoch {batch.leader_epoch},"


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I1", "I2", "I3"),
    statement=(
        "Everything committed or acknowledged with acks=all stands, unchanged and in place, in the log of the newest "
        "leader, of every running replica that may be elected next (in sync, or an eligible leader replica), and of "
        "whoever is about to join these; but for what an unclean election gave up."
    ),
    argument=(
        "The high watermark passes a record only when the whole maximal in-sync set has it; leaders come from "
        "the in-sync "
        "set alone; a follower cuts only what its leader's log does not have."
    ),
    breaks="kip-101",
    after={
        "AdvanceHighWatermark": _committed,
        "AcknowledgeProduce": _promised,
        "ExpandIsr": _proposed,
        "BecomeLeader": _this_replica,
        "BecomeFollower": _this_replica,
        "Truncate": _this_replica,
        "FallBehind": _this_replica,
        "CreatePartition": _candidates,
        **dict.fromkeys(decisions.ALL, _candidates),
    },
    everywhere=_everywhere,
)
