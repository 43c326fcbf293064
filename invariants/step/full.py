"""`FullChecker`: the same judgement, and at each step every invariant anew over everything.

One rule: it is for tests. It compares whole logs record by record and uses none of the names and shortcuts that make
`Checker` fast; where it finds something that `Checker` passed over, `Checker` is wrong.
"""

from collections.abc import Iterable
from typing import Any

from invariants.step.checker import Checker
from invariants.step.ghost import Partition
from invariants.step.judged import STEP_INVARIANTS


class FullChecker(Checker):
    """Raises what `Checker` raises, or, with its own sentence, what `Checker` should have raised."""

    def facts(self, node: str, at: int, facts: Iterable[Any]) -> None:
        for fact in facts:
            super().facts(node, at, (fact,))
            if fact.partition in self.partitions:
                self.sweep(self.partitions[fact.partition])

    def sweep(self, partition: Partition) -> None:
        """Every invariant over one whole partition."""
        for invariant in STEP_INVARIANTS:
            invariant.everywhere(partition)
