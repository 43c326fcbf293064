"""One decision (I14): of each version of a partition, and of each registration, there is one, whoever tells it.

A decision is told once it is committed, by whoever leads the controllers then; when the leader changes, the new one may
tell again what the old one had told. That the two say the same is what the controllers' quorum is for: a committed
prefix of the metadata log never changes. The judging is the checker's, for every decision (`traces.told`): one that was
told otherwise before never reaches the ghost.
"""

from typing import Any

from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.verdict import Violated

ID = "one_decision"


def _same(partition: Partition, _replica: Replica, fact: Any) -> None:
    """What was there when the trace began is told once by each controller: the same of the same version."""
    known = (partition.leader_epoch, partition.partition_epoch, partition.isr, partition.elr, partition.enough)
    told = (fact.leader_epoch, fact.partition_epoch, fact.isr, fact.elr, fact.enough)
    if partition.partition_epoch >= 0 and tuple(map(_sorted, told)) != tuple(map(_sorted, known)):
        raise Violated(
            ID, f"a controller tells that {partition.name} is {told}, and what was told before makes it {known}"
        )


def _sorted(value: Any) -> Any:
    return sorted(value) if isinstance(value, tuple) else value


def _everywhere(partition: Partition) -> None:
    """What the partition is now agrees with who was given each epoch."""
    if partition.leaders and partition.leaders.get(partition.leader_epoch, partition.leader) != partition.leader:
        raise Violated(ID, f"epoch {partition.leader_epoch} was given to another than n{partition.leader}")


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I14",),
    statement=(
        "Of each version of a partition and of each registration of a broker there is one decision: controllers never "
        "tell two."
    ),
    argument=(
        "A decision is told once it is committed by the controllers' quorum; every later leader of the quorum has it "
        "in its log, in its place."
    ),
    breaks="decision-forgotten",
    before={"BeginPartition": _same},
    everywhere=_everywhere,
)
