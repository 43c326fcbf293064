"""Stories of what compaction took away too early."""

from invariants.step.compaction import Compactions
from tests.invariants.story import P, Story, content
from traces import facts as f


def loses_the_latest_of_a_key(story: Story) -> None:
    compactions = Compactions(story.checker.partitions, delete_retention_ms=500, min_compaction_lag_ms=0)
    story.create(isr=(1,))
    story.lead(1, 0, isr=(1,))
    compactions.wrote(10, "k", ("k:0",), 0)
    story.append(1, content(0, 0, 10))
    story.tell(1, f.AdvanceHighWatermark(partition=P, leader_epoch=0, to=1, maximal_isr=(1,)))
    compactions.held("n1", 100, P, 0, 1, (), cleaned=True)


VIOLATIONS = [
    (loses_the_latest_of_a_key, "compaction", "the log of n1, t-0, has lost record 'k:0' of key 'k' at offset 0"),
]
