"""A view of a model's states: what of a state the future does not depend on, replaced by one value.

One rule: a view is an optimisation, and its soundness a proof. Of every state that can be reached, for every step,
guard(s) <=> guard(view s) and view(step(s)) = view(step(view s)); for every safety property, safety(s) <=>
safety(view s). Then a search may visit views in place of states, and misses no violation, nor finds one that is none.
A step that leads from a state to another of the same view need not be there for the view.
`invariants/proofs/views.py` discharges these obligations.

A closing goes further: it renumbers. Where a number of a domain is a gap, because the view has forgotten all that goes
by it, all later numbers move down by one. Steps that name a number name the moved one; else the obligations are the
same, gap by gap, and closing all gaps in any order leaves the same state: the numbers that are no gaps, in order.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from model.reading_values import Reading, Values, copied
from model.syntax import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Moves the numbers after a gap down by one: `function(s, number)`, which changes nothing where `gap(s, number)` is
    false. `given` is what it relies on, and views see to."""

    function: Function
    gap: Function
    given: Function

    @property
    def domain(self) -> str:
        return self.function.parameters[0].domain


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Assignments that forget, and perhaps a closing of the gaps that this leaves.

    `given` is what the proof knows of reachable states; that it holds of them is among the obligations. A variant may
    read what the model does not: `instead` has the weaker views of those that do, which close no gaps.
    """

    function: Function
    given: Function
    instead: Mapping[str, Function]
    closing: Closing | None = None

    def of(self, variant: str | None) -> "View":
        """The view of the model, or of a variant."""
        if variant is None or variant not in self.instead:
            return self
        return View(function=self.instead[variant], given=self.given, instead={})


def numbers_of(reading: Reading, closing: Closing) -> range:
    """The numbers that may be gaps, the last first: closing one leaves those before it where they are."""
    highest = {"PartitionEpoch": reading.bounds.partition_epochs, "LeaderEpoch": reading.bounds.leader_epochs}
    return range(highest[closing.domain], 0, -1)


def forgotten(reading: Reading, view: View, state: Values) -> Values:
    """The concrete state with what is dead forgotten, and no gap closed."""
    after = copied(state, state.__dict__)
    reading.function(view.function)(after)
    return after


def viewed(reading: Reading, view: View, state: Values) -> Values:
    """The view of a concrete state."""
    after = forgotten(reading, view, state)
    if view.closing is not None:
        for number in numbers_of(reading, view.closing):
            reading.function(view.closing.function)(after, number)
    return after
