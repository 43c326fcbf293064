"""One topic (KIP-516): a topic is its id, and a replica of it begins with nothing, whatever had its name before.

Judged where a replica first says how much it has: a leader when its epoch begins, a follower when it cuts its log, or
when its leader has confirmed that. What it has by then was written to this topic, or copied from a log of it, and was
told.
"""

from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import node_words
from invariants.verdict import Violated
from traces.facts import BecomeLeader, Reconcile, Truncate

ID = "one_topic"


def _begin(partition: Partition, replica: Replica, act: str, end: int) -> None:
    if end > replica.log.end == replica.start == replica.found_at == 0:
        raise Violated(
            ID,
            f"{node_words(replica.node)} {act} {partition.name} with a log that ends at {end}, and nobody wrote any of "
            "it to this topic",
        )


def _leads(partition: Partition, replica: Replica, fact: BecomeLeader) -> None:
    _begin(partition, replica, f"begins epoch {fact.leader_epoch} as leader of", fact.start_offset)


def _follows(partition: Partition, replica: Replica, fact: Reconcile) -> None:
    _begin(partition, replica, f"has its log confirmed in epoch {fact.leader_epoch} of", fact.log_end)


def _cuts(partition: Partition, replica: Replica, fact: Truncate) -> None:
    _begin(partition, replica, f"cuts its log in epoch {fact.leader_epoch} of", fact.to)


def _everywhere(_partition: Partition) -> None:
    """What a replica says that it has is in its facts alone."""


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("KIP-516",),
    statement="A replica of a topic begins with nothing: it takes over no log of a topic that had the same name.",
    argument=(
        "A log directory says of which topic id it is. A broker that has read of another topic under that name, or of "
        "none, takes the directory away before it acts for the new one."
    ),
    breaks="log-of-the-name",
    before={"BecomeLeader": _leads, "Reconcile": _follows, "Truncate": _cuts},
    everywhere=_everywhere,
)
