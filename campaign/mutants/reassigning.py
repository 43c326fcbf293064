"""Planted bugs of operators who change their minds about where a partition is to be (KIP-455).

One rule: each is found only where a reassignment is replaced or given up while it is under way
(`impl.sim.reassigning`).
"""

from campaign.mutants.registry import mutant
from impl.core.decisions import Nodes
from impl.core.image import PartitionImage
from impl.core.reassignments import Reassignments
from impl.core.topic_creation import Refusal


@mutant("second-target-not-heard", "obeyed")
class TakesItForTheFirst(Reassignments):
    """A reassignment of a partition that is on its way already is taken for that one asked for again.

    Tools repeat what was not answered in time, and whoever makes that harmless by asking only whether something is
    under way tells an operator who has thought again that it is done (KIP-455 lets the newest target count).
    """

    def _begin(self, partition: PartitionImage, target: Nodes, *, factor_may_change: bool) -> Refusal | None:
        if partition.adding or partition.removing:
            return None
        return super()._begin(partition, target, factor_may_change=factor_may_change)


@mutant("given-up-and-kept", "obeyed")
class KeepsWhomItAdded(Reassignments):
    """A reassignment that is given up ends where it is: whoever was being added stays.

    KIP-455 has null for a target mean the replicas of before. Tools that roll a move back because it takes the disk of
    the added broker find it taken.
    """

    def given_up(self, partition: PartitionImage) -> Nodes:
        del partition
        return ()
