"""`FullChecker`: the same judgement, and at each step every invariant anew over everything.

One rule: it is for tests. It compares whole logs record by record and uses none of the names and shortcuts that make
`Checker` fast; where it finds something that `Checker` passed over, `Checker` is wrong.
"""

from typing import Any

from invariants.step.checker import Checker, Plan
from invariants.step.ghost import Partition, Replica
from invariants.step.judged import STEP_INVARIANTS


class FullChecker(Checker):
    """Raises what `Checker` raises, or, with its own sentence, what `Checker` should have raised."""

    def _judge(self, plan: Plan, partition: Partition, replica: Replica, fact: Any) -> None:
        super()._judge(plan, partition, replica, fact)
        self.sweep(partition)

    def sweep(self, partition: Partition) -> None:
        """Every invariant over one whole partition."""
        for invariant in STEP_INVARIANTS:
            invariant.everywhere(partition)
