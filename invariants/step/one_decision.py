"""One decision (I14): of each version of a partition, and of each registration, there is one, whoever tells it.

A decision is told once it is committed, by whoever leads the controllers then; when the leader changes, the new one may
tell again what the old one had told. That the two say the same is what the controllers' quorum is for: a committed
prefix of the metadata log never changes. The judging is the checker's, for every decision (`traces.told`): one that was
told otherwise before never reaches the ghost.
"""

from invariants.step.ghost import Partition
from invariants.step.invariant import StepInvariant
from invariants.verdict import Violated

ID = "one_decision"


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
    everywhere=_everywhere,
)
