"""Where logs begin: what is deleted is committed, stays deleted, and is gone wherever a client was told that it is.

A log's start only rises, and never past its high watermark (KAFKA-9491, KAFKA-5634); a process that comes back has not
forgotten it. When a client is answered that records are deleted (KIP-107), every replica on a broker that lives begins
there or later. A record that a consumer reads was in somebody's log when it may have asked.

The one step back there may be: records are deleted one by one and batches are copied whole, so a log that begins inside
a batch may begin again where the batch does. And an unclean election may give up what was deleted with the rest.
"""

from typing import Any

from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import node_words
from invariants.verdict import Violated
from traces.facts import AcknowledgeDeletion, DeleteBelow, FallBehind, Restart
from traces.schema import Op

ID = "log_start"
READ_MS = 1_000
"""A simulated client gives up a request sooner than this: what it reads was asked for since."""


def _rises(partition: Partition, replica: Replica, fact: DeleteBelow | FallBehind) -> None:
    """Before the ghost's start is moved."""
    if fact.to < replica.start and partition.last_unclean < 0:
        who = node_words(replica.node)
        raise Violated(ID, f"{who} begins its log at {fact.to}, which began at {replica.start} before")


def _falls_behind(partition: Partition, replica: Replica, fact: FallBehind) -> None:
    _rises(partition, replica, fact)
    if 0 <= fact.high_watermark < fact.to:
        who = node_words(replica.node)
        raise Violated(
            ID, f"{who} begins its log anew at {fact.to}, and its high watermark stays at {fact.high_watermark}"
        )


def _comes_back(partition: Partition, replica: Replica, fact: Restart) -> None:
    """Before the ghost takes over what was found."""
    # A replica that has not reconciled since an unclean election may have begun anew, and not have lived to tell.
    may_begin_anew = replica.reconciled < partition.last_unclean
    if replica.found_at < _least(partition, replica.start) and not may_begin_anew:
        raise Violated(
            ID,
            f"n{replica.node} comes back with a log that begins at {replica.found_at}; what lies below "
            f"{replica.start} it had deleted",
        )
    # Where the trace began on data, its process knows more of what is committed than has been told.
    committed = max(replica.high_watermark, partition.committed.end)
    if replica.found_at > max(replica.start, committed):
        raise Violated(
            ID,
            f"n{replica.node} comes back with a log that begins at {replica.found_at}, and what is committed ends at "
            f"{committed}",
        )
    if fact.high_watermark < replica.found_at:
        raise Violated(
            ID,
            f"n{replica.node} comes back with high watermark {fact.high_watermark} and a log that begins at "
            f"{replica.found_at}",
        )


def _least(partition: Partition, start: int) -> int:
    """Where the batch begins that holds the offset."""
    batch = partition.committed.batch_at(start)
    return start if batch is None else min(start, batch.base_offset)


def _acknowledged(partition: Partition, replica: Replica, fact: AcknowledgeDeletion) -> None:
    """A client is told that what lies below is deleted."""
    for node in fact.replicas:
        counted = partition.replicas.get(node)
        if counted is not None and counted.counts and counted.start < fact.to and counted.log.end > counted.start:
            raise Violated(
                ID,
                f"n{replica.node}, leader of epoch {fact.leader_epoch}, answers that all below {fact.to} is deleted, "
                f"and the log of n{node}, which it counts, begins at {counted.start}",
            )


def judge(partition: Partition, op: Op, *, one_clock: bool) -> None:
    """One operation of a client; only a record read says anything, where clients and nodes share a clock."""
    if not one_clock or not partition.floors or partition.last_unclean >= 0:
        return
    if op.operation != "consume" or op.phase != "ok" or op.offset is None:
        return
    floor = max((floor for at, floor in partition.floors if at <= op.at - READ_MS), default=0)
    if op.offset < floor:
        raise Violated(
            ID,
            f"{op.client} reads record {op.value!r} at offset {op.offset} of {op.partition}, and since {READ_MS} ms "
            f"every log begins at {floor} or later",
        )


def _everywhere(partition: Partition) -> None:
    """No log begins past what it takes for committed."""
    for replica in partition.replicas.values():
        if replica.running and replica.start > replica.high_watermark:
            raise Violated(
                ID, f"n{replica.node} begins its log at {replica.start}, with high watermark {replica.high_watermark}"
            )


def _within(_partition: Partition, replica: Replica, _fact: Any) -> None:
    """After its start or its high watermark was set."""
    if replica.start > replica.high_watermark:
        raise Violated(
            ID, f"n{replica.node} begins its log at {replica.start}, with high watermark {replica.high_watermark}"
        )


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("log start",),
    statement=(
        "Where a log begins only rises, also over a restart, and never past its high watermark; when a client is told "
        "that records are deleted, they are so on every living replica; and nobody reads what every replica has "
        "deleted."
    ),
    argument=(
        "A leader deletes below its high watermark alone; followers take over its start, bounded by their own "
        "watermark; the start is on disk before anything is deleted; the leader answers when every living replica has "
        "shown in a fetch that it begins there."
    ),
    breaks="deletion-forgotten",
    before={"DeleteBelow": _rises, "FallBehind": _falls_behind, "Restart": _comes_back},
    after={"Truncate": _within, "AcknowledgeDeletion": _acknowledged},
    everywhere=_everywhere,
)
