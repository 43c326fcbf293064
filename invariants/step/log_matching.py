"""Log matching (I4): where two logs have the same offset from the same leader epoch, they are equal up to there.

The judging happens as the ghost grows: `invariants.step.log.Prefixes` names prefixes, and a second, different batch of
one epoch behind one prefix has no name. Here are the facts that would contradict the ghost, and the plain statement.
"""

from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import StepInvariant
from invariants.step.words import batch_words, node_words
from invariants.verdict import Violated
from traces.facts import Append, ReceiveFetch, Restart

ID = "log_matching"


def _appends_at_end(_partition: Partition, replica: Replica, fact: Append) -> None:
    if fact.batch.base_offset != replica.log.end:
        raise Violated(ID, f"n{replica.node} appends {batch_words(fact.batch)}, and its log ends at {replica.log.end}")


def _copies_at_end(_partition: Partition, replica: Replica, fact: ReceiveFetch) -> None:
    end = replica.log.end
    if fact.batches and fact.batches[0].base_offset == replica.log.whole_end:
        # It began inside this batch, where its leader's log begins: the batch comes whole.
        end = replica.log.whole_end
    for batch in fact.batches:
        if batch.base_offset != end:
            raise Violated(ID, f"n{replica.node} copies {batch_words(batch)}, and its log ends at {end}")
        end = batch.base_offset + batch.record_count


def _ends_where_it_says(_partition: Partition, replica: Replica, fact: ReceiveFetch | Restart) -> None:
    if fact.log_end != replica.log.end:
        who = node_words(replica.node)
        raise Violated(
            ID, f"{who} says that its log ends at {fact.log_end}; by what it wrote it ends at {replica.log.end}"
        )


def _everywhere(partition: Partition) -> None:
    """Every pair of logs, batch by batch: the last batch they have in common by epoch and offset ends equal
    prefixes."""
    logs = [replica.log.batches for replica in partition.replicas.values()]
    for index, one in enumerate(logs):
        for other in logs[index + 1 :]:
            places = {(batch.leader_epoch, batch.base_offset): place for place, batch in enumerate(other)}
            for place in range(len(one) - 1, -1, -1):
                same = places.get((one[place].leader_epoch, one[place].base_offset))
                if same is not None:
                    if one[: place + 1] != other[: same + 1]:
                        raise Violated(ID, f"two logs with {batch_words(one[place])} in common differ below it")
                    break


INVARIANT: StepInvariant = StepInvariant(
    id=ID,
    names=("I4",),
    statement="Where two logs have a record of the same leader epoch at the same offset, they are equal up to "
    "and including it.",
    argument=(
        "One leader writes an epoch and only appends; a follower appends what its leader has at the end of its "
        "own log, and "
        "only after the leader confirmed that the log so far is a prefix of its own."
    ),
    breaks="kip-279",
    before={"Append": _appends_at_end, "ReceiveFetch": _copies_at_end},
    after={"ReceiveFetch": _ends_where_it_says, "Restart": _ends_where_it_says},
    everywhere=_everywhere,
)
