"""Last resort (KIP-966): nobody is elected from outside of both sets while somebody in them may come back.

Where unclean elections are not allowed, the last leader alone may be elected without being in sync or eligible, and
only once nobody is either, dead or alive. It has everything, but for what its own disk had not synced; any other may
lack what was acknowledged. What allows them is unclean.leader.election.enable as it is in force when the election is
decided: of the topic, else of every broker, else what brokers are started with, which in simulated runs is false.
"""

from invariants.step.ghost import NOBODY, Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import set_words
from invariants.verdict import Violated
from traces.facts import ElectUnclean

ID = "last_resort"


def _elected(partition: Partition, _replica: Replica, fact: ElectUnclean) -> None:
    if partition.may_be_unclean or partition.unclean_allowed:
        return
    elected = f"n{fact.leader} is elected to lead epoch {fact.leader_epoch} of {fact.partition} uncleanly"
    if partition.isr:
        raise Violated(ID, f"{elected}, and {set_words(partition.isr)} are in sync; nobody has allowed it")
    if partition.elr:
        raise Violated(ID, f"{elected}, and {set_words(partition.elr)} are eligible; nobody has allowed it")
    led = [epoch for epoch, node in partition.leaders.items() if node != NOBODY and epoch < fact.leader_epoch]
    last = partition.leaders[max(led)] if led else fact.leader
    if fact.leader != last:
        raise Violated(ID, f"{elected}, and the last leader was n{last}; nobody has allowed it")


def _everywhere(_partition: Partition) -> None:
    """Of an election there is nothing to be seen later."""


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("KIP-966", "KIP-106"),
    statement=(
        "Where unclean.leader.election.enable does not allow it (of the topic, or where that is not set of every "
        "broker), nobody is elected from outside of the in-sync set and of the eligible leader replicas but the last "
        "leader, once both sets are empty."
    ),
    argument=(
        "The controller looks for a member of the in-sync set, then for an eligible one, and for the last leader only "
        "where neither set has anybody, dead or alive; for anybody else it asks unclean.leader.election.enable."
    ),
    breaks="unclean-by-default",
    before={"ElectUnclean": _elected},
    everywhere=_everywhere,
)
