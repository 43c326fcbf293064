"""Counted on (KIP-841): controllers elect nobody, and add nobody to an in-sync set, whom they do not count on.

A broker that is fenced or about to stop leads nothing and holds up no watermark. Nothing is lost where that is broken,
but a partition waits for somebody who is not there. What the controllers know of a broker is in their own log, so that
it is they who tell of such a decision, by the record and the image before it; whoever made the decision has no say.
"""

from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.verdict import Violated
from traces.facts import CountOnAbsent

ID = "counted_on"


def _absent(_partition: Partition, _replica: Replica, fact: CountOnAbsent) -> None:
    raise Violated(
        ID,
        f"version {fact.partition_epoch} of {fact.partition} counts on n{fact.node}, which is fenced or about to stop",
    )


def _everywhere(_partition: Partition) -> None:
    """The ghost does not know who is fenced."""


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("KIP-841",),
    statement="Whoever is elected, or added to an in-sync set, is registered, not fenced, and not about to stop.",
    argument=(
        "The controller asks its own image before it elects or adds anybody, and takes whoever it fences out of every "
        "in-sync set in the same step."
    ),
    breaks="elects-the-fenced",
    before={"CountOnAbsent": _absent},
    everywhere=_everywhere,
)
