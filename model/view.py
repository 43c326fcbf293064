"""A view of a model's states: what of a state the future does not depend on, replaced by one value.

One rule: a view is an optimisation, and its soundness a proof. Of every state that can be reached, for every step,
guard(s) <=> guard(view s) and view(step(s)) = view(step(view s)); for every safety property, safety(s) <=>
safety(view s). Then a search may visit views in place of states, and misses no violation, nor finds one that is none.
`invariants/proofs/views.py` discharges these obligations.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from model.syntax import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Assignments that forget.

    `given` is what the proof knows of reachable states; that it holds of them is among the obligations. A variant may
    read what the model does not: `instead` has the weaker views of those that do.
    """

    function: Function
    given: Function
    instead: Mapping[str, Function]

    def of(self, variant: str | None) -> Function:
        """The view of the model, or of a variant."""
        return self.function if variant is None else self.instead.get(variant, self.function)
