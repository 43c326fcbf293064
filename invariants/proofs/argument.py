"""What a proof is made of, beside the model: the invariant, lemmas, what grows, and where to look first.

One rule: an argument is advice for finding proofs, except for its conjuncts: each of those must be shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.symbols import SymbolicState
from invariants.proofs.terms import Term
from model.design import Python

Growth = Callable[[SymbolicReading, SymbolicState, SymbolicState], Mapping[str, Term]]
"""By name, what must hold between the state before any step and the state after it."""


@dataclass(frozen=True, slots=True)
class ByInduction:
    """A step lemma about every epoch, its last parameter: shown of one where it holds of all earlier epochs."""

    claim: Python


@dataclass(frozen=True, slots=True)
class Towards:
    """A step lemma that only serves to show some other claims of its step, by name, and is not used beyond them.

    With `of_epoch` its last parameter is the epoch that an induction is at, and its goals are shown by that induction.
    """

    goals: tuple[str, ...]
    claim: Python
    of_epoch: bool = False


StepLemma = Python | ByInduction | Towards


@dataclass(frozen=True, kw_only=True)
class Argument:
    """The invariant's conjuncts by group, and how to go from it to the safety properties.

    The group `named` holds no claims but names epochs for triggers: of the state after a step always, or, where
    `named_on_demand`, only in questions that use it. `names` names the epochs of a step's replicas.

    `layers` gives, by group, the groups to try as hypotheses, in turn. `step_lemmas` are claims about the state before
    a step, shown first and then used, by action; their parameters are the action's, by name. `first` gives, by
    obligation, the hypotheses to try first, where the layers are too wide and nothing is recorded yet.
    """

    groups: Mapping[str, tuple[Python, ...]]
    lemmas: tuple[Python, ...]
    growth: Growth
    layers: Mapping[str, tuple[tuple[str, ...], ...]]
    hints: str
    """The package that holds the recorded hints."""
    step_lemmas: Mapping[str, tuple[StepLemma, ...]] = field(default_factory=dict)
    first: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    named_on_demand: bool = False
    names: Python | None = None
    majorities: bool = False
    """Sets of replicas are terms, and majorities of them meet as `majorities.py` shows."""
