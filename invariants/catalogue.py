"""Every invariant: its id, what it says, why it should hold, and the planted bug that breaks it.

One rule: an invariant exists when it is here. The step checker judges exactly these, the report lists exactly these,
and a test breaks each of them.
"""

from invariants.answers.invariant import ANSWER_INVARIANTS, AnswerInvariant
from invariants.step.invariant import StepInvariant
from invariants.step.judged import STEP_INVARIANTS
from invariants.step.quorum import QUORUM_INVARIANTS, QuorumInvariant

Invariant = StepInvariant | QuorumInvariant | AnswerInvariant
_ALL: tuple[Invariant, ...] = (*STEP_INVARIANTS, *QUORUM_INVARIANTS, *ANSWER_INVARIANTS)

CATALOGUE: dict[str, Invariant] = {invariant.id: invariant for invariant in _ALL}
"""By id, as verdicts name them."""

HEADLINE: tuple[Invariant, ...] = (
    CATALOGUE["no_committed_loss"],
    CATALOGUE["per_key_order"],
    CATALOGUE["high_watermark_bound"],
    CATALOGUE["epoch_fencing"],
)
"""The four that the front page promises."""
