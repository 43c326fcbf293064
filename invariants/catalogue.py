"""Every invariant: its id, what it says, why it should hold, where it is checked, and the planted bug that it catches.

One rule: an invariant exists when it is here. The step checker judges exactly these, the report lists exactly these,
and
a test breaks each of them.
"""

from invariants.step import epoch_fencing, high_watermark_bound, log_matching, no_committed_loss, per_key_order
from invariants.step.invariant import StepInvariant

HEADLINE: tuple[StepInvariant, ...] = (
    no_committed_loss.INVARIANT,
    per_key_order.INVARIANT,
    high_watermark_bound.INVARIANT,
    epoch_fencing.INVARIANT,
)
"""The four that the project promises on its front page."""

STEP_INVARIANTS: tuple[StepInvariant, ...] = (
    epoch_fencing.INVARIANT,
    log_matching.INVARIANT,
    high_watermark_bound.INVARIANT,
    no_committed_loss.INVARIANT,
    per_key_order.INVARIANT,
)
"""All that are judged step by step, in the order in which a fact is judged."""

CATALOGUE: dict[str, StepInvariant] = {invariant.id: invariant for invariant in STEP_INVARIANTS}
"""By id, as verdicts name them."""
