"""Which invariants are judged step by step, in the order in which a fact is judged by them.

One rule: what a node may do in its epoch comes first, so that a sentence names the first thing that went wrong.
"""

from invariants.step import (
    compaction,
    counted_on,
    deletion_due,
    epoch_fencing,
    high_watermark_bound,
    last_resort,
    log_matching,
    log_start,
    no_committed_loss,
    one_decision,
    one_topic,
    per_key_order,
    quorum_superset,
    recovery,
    stable_read,
)
from invariants.step.invariant import StepInvariant

STEP_INVARIANTS: tuple[StepInvariant, ...] = (
    epoch_fencing.INVARIANT,
    one_topic.INVARIANT,
    recovery.INVARIANT,
    log_matching.INVARIANT,
    high_watermark_bound.INVARIANT,
    no_committed_loss.INVARIANT,
    per_key_order.INVARIANT,
    quorum_superset.INVARIANT,
    stable_read.INVARIANT,
    one_decision.INVARIANT,
    counted_on.INVARIANT,
    last_resort.INVARIANT,
    log_start.INVARIANT,
    deletion_due.INVARIANT,
    compaction.INVARIANT,
)
