"""Recovery (I15): a log that comes back is a beginning of the log that was told, and no shorter than it must be.

A process that ends while its machine goes on loses nothing that it had written: only a step that the crash cut short
may have cut the log, and a leader, or a follower that has reconciled, cuts nothing but what its leader has deleted.
Where the power was lost, what was not flushed may be gone; a broker that says it stopped cleanly had flushed
everything.

That what is left is what was written there is judged by log matching and by what the fact says of its tail.
"""

from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import batch_words
from invariants.verdict import Violated
from traces.facts import Restart

ID = "recovery"


def _comes_back(partition: Partition, replica: Replica, fact: Restart) -> None:
    """Before the ghost takes over what was found."""
    # An unclean election may cut a log where compaction had taken out what stood last.
    cut_in_a_gap = partition.compacted and partition.last_unclean >= 0
    # Of an empty log nothing is lost: it may have begun anew, at a batch that its first offset lies in.
    had_records = replica.start < replica.log.end
    # Where its leader has deleted all that it has, it may have been dropping it.
    dropped = any(each.furthest_start >= replica.log.end for each in partition.replicas.values() if each is not replica)
    kept = replica.keeps_all and had_records and not cut_in_a_gap and not dropped
    if kept and fact.log_end < replica.log.end:
        raise Violated(
            ID,
            f"n{replica.node} comes back from a crash with a log that ends at {fact.log_end}; it had written up to "
            f"{replica.log.end}, and the machine never stopped",
        )
    if fact.clean and fact.log_end < replica.log.end:
        raise Violated(
            ID,
            f"n{replica.node} says that it stopped cleanly and comes back with a log that ends at {fact.log_end}; it "
            f"had written up to {replica.log.end}",
        )
    if fact.tail_from > fact.log_end:
        raise Violated(
            ID, f"n{replica.node} comes back with high watermark {fact.tail_from} and a log that ends at {fact.log_end}"
        )
    for batch in fact.tail:
        standing = replica.log.batch_at(batch.base_offset)
        if standing is not None and standing != batch:
            raise Violated(
                ID,
                f"n{replica.node} comes back with {batch_words(batch)} of epoch {batch.leader_epoch}, where it had "
                f"written {batch_words(standing)} of epoch {standing.leader_epoch}",
            )


def _everywhere(partition: Partition) -> None:
    """Every log is in one piece from its beginning to its end."""
    for replica in partition.replicas.values():
        end = 0
        for batch in replica.log.batches:
            if batch.base_offset != end:
                raise Violated(ID, f"the log of n{replica.node} has a gap at {end}")
            end = batch.base_offset + batch.record_count


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I15",),
    statement=(
        "A log that comes back after a crash is a beginning of what its broker had told, batch by batch, and all of it "
        "where the machine went on, or where the broker says that it stopped cleanly."
    ),
    argument=(
        "What was written is in the system's memory when its process dies; recovery keeps every batch whose checksum "
        "is right, up to the first that is not."
    ),
    breaks="recovers-to-checkpoint",
    before={"Restart": _comes_back},
    everywhere=_everywhere,
)
