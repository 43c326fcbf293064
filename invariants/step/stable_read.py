"""Stable reads (I8): what a consumer has read at an offset stays there, and it reads nothing that is not committed.

Judged as records are read. Where clients and nodes share a clock (a simulated run), a record that is read must be below
a high watermark that a leader has set by then. An unclean election gives up what was read, as it does what was
committed.
"""

from invariants.step.ghost import Partition
from invariants.step.invariant import StepInvariant
from invariants.verdict import Violated
from traces.schema import Op

ID = "stable_read"


def judge(partition: Partition, op: Op, *, one_clock: bool) -> None:
    """One operation of a client; only a record read says anything."""
    if op.operation != "consume" or op.phase != "ok" or op.offset is None or op.error:
        return
    if one_clock and op.offset >= partition.committed.end and partition.last_unclean < 0:
        raise Violated(
            ID,
            f"{op.client} reads record {op.value!r} at offset {op.offset} of {op.partition}, and no leader has "
            f"committed beyond {partition.committed.end}",
        )
    known = partition.read.setdefault(op.offset, op.value)
    if known != op.value:
        raise Violated(
            ID,
            f"{op.client} reads record {op.value!r} at offset {op.offset} of {op.partition}, where {known!r} was read "
            "before",
        )


def given_up(partition: Partition, offset: int) -> bool:
    """What is read there may be what an unclean election gave up: nothing is committed there since, or somebody has
    not heard of it and calls it committed."""
    return partition.last_unclean >= 0 and (
        offset >= partition.committed.end
        or any(
            replica.reconciled < partition.last_unclean and replica.high_watermark > offset
            for replica in partition.replicas.values()
        )
    )


def _everywhere(partition: Partition) -> None:
    """Whatever was read is committed."""
    beyond = [offset for offset in partition.read if offset >= partition.committed.end]
    if beyond and partition.last_unclean < 0 and partition.committed.end:
        raise Violated(ID, f"offset {min(beyond)} was read and is not committed")


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I8",),
    statement=(
        "What a consumer reads is committed, and whoever reads the same offset again reads the same record; but for "
        "what an unclean election gave up."
    ),
    argument=(
        "A leader serves consumers below its high watermark alone, which passes only what every replica that may lead "
        "next has."
    ),
    breaks="reads-uncommitted",
    everywhere=_everywhere,
)
