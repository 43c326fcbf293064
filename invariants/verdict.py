"""What a judge answers: `Holds | Violated | Unknown`, values and never strings or booleans.

One rule: *unknown* is not a pass. Code that asks whether something holds matches on the type.

`Violated` is also an exception, because a judge that watches a run has to end it at the step that broke the invariant;
it is the same value whether it was raised or returned.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Holds:
    """Nothing was found, and this is how far the judge looked."""

    figures: dict[str, int] = field(default_factory=dict)


class Violated(Exception):
    """An invariant does not hold: its id in `invariants/catalogue.py`, and one sentence made of facts."""

    def __init__(self, invariant: str, sentence: str) -> None:
        super().__init__(invariant, sentence)
        self.invariant = invariant
        self.sentence = sentence

    def __str__(self) -> str:
        return f"{self.invariant}: {self.sentence}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Violated) and self.args == other.args

    def __hash__(self) -> int:
        return hash(self.args)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The judge could not tell, and why."""

    reason: str


Verdict = Holds | Violated | Unknown
