"""The words that models are written in.

One rule: an action, a definition or an invariant is an ordinary Python function over a state, in the subset that
`model/subset.py` checks when the module loads. As written it runs on ints, bools, frozensets and tuples
(`model/reading_values.py`); the same syntax tree is read as bits and as Z3 formulas in `invariants/proofs`.

    @action
    def append(s: State, leader: Replica, value: Value) -> None:
        '''What it models, and what it leaves out.'''
        require(s.leading[leader])
        s.log[leader] = s.log[leader] + (Entry(s.leader_epoch[leader], value),)

`require` states when the action may be taken, and comes first. Parameters are annotated with their domain; who
chooses them (a search, a proof, a recorded fact) is not the model's business, nor are bounds. `with ghost:` holds what
only the argument needs.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast, overload

from model.kinds import (
    BrokerEpoch,
    Cell,
    Domain,
    Entry,
    Ghost,
    LeaderEpoch,
    Log,
    Message,
    Offset,
    PartitionEpoch,
    Quorum,
    Replica,
    ReplicaSet,
    Table,
    Value,
)
from model.subset import OutsideSubset, check
from model.syntax import ATTRIBUTE, load

__all__ = [
    "BrokerEpoch",
    "Cell",
    "Disabled",
    "Domain",
    "Entry",
    "Ghost",
    "LeaderEpoch",
    "Log",
    "Message",
    "ModelState",
    "Offset",
    "OutsideSubset",
    "PartitionEpoch",
    "Quorum",
    "Replica",
    "ReplicaSet",
    "Table",
    "Value",
    "action",
    "adjacent",
    "as_epoch",
    "as_offset",
    "conjunct",
    "definition",
    "ghost",
    "implies",
    "initial",
    "known",
    "macro",
    "majority",
    "require",
    "safety",
]

F = TypeVar("F", bound=Callable[..., Any])


class ModelState:
    """Base of the classes whose annotations declare a model's state."""

    MODEL_STATE = True


class Disabled(Exception):
    """An action cannot be taken in this state."""


def require(condition: bool) -> None:
    """The action may be taken only where this holds; comes before every assignment."""
    if not condition:
        raise Disabled


def implies(premise: bool, conclusion: bool) -> bool:
    return not premise or conclusion


def known(epoch: int) -> bool:
    """True. Names, to the prover, the epochs for which it should use the completeness lemmas (no other has a say).

    Marks a trigger the way Dafny's dummy functions do: without it every epoch found in a log entry would be tried.
    """
    return epoch == epoch


def as_offset(length: int) -> Offset:
    """The same number, for the type checker: a length that is meant as a position."""
    return cast(Offset, length)


def as_epoch(epoch: int) -> LeaderEpoch:
    """The same number, for the type checker: the epoch of an entry, as an argument."""
    return cast(LeaderEpoch, epoch)


def majority(chosen: frozenset[Replica], voters: frozenset[Replica]) -> bool:
    """More than half of the voters are chosen. Counts, so only readings with a known number of replicas have it."""
    return 2 * len(chosen & voters) > len(voters)


def adjacent(a: frozenset[Replica], b: frozenset[Replica]) -> bool:
    """The two sets are the same but for one replica at most. For conjuncts: the prover is told what follows of it."""
    return len(a ^ b) <= 1


class GhostBlock:
    """`with ghost:` - assignments that only the argument needs; a reading without ghosts cuts them out."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


ghost = GhostBlock()


def declare(function: F, role: str) -> F:
    """Loads a function's tree, refuses what lies outside the subset, and marks the function with its syntax."""
    syntax = load(function, role)
    check(syntax)
    setattr(function, ATTRIBUTE, syntax)
    return function


def action(function: F) -> F:
    """One atomic step: requires, then assignments. Parameters over domains."""
    return declare(function, "action")


def macro(function: F) -> F:
    """A fixed sequence of actions that a coarser grain takes as one step."""
    return declare(function, "macro")


def initial(function: F) -> F:
    """What to assign to the blank state (numbers 0, flags off, sets and logs empty) to start from."""
    return declare(function, "initial")


def definition(function: F) -> F:
    """A name for an expression, or for a group of assignments, that other model functions use."""
    return declare(function, "definition")


def safety(function: F) -> F:
    """What users rely on; must hold in every reachable state."""
    return declare(function, "safety")


@overload
def conjunct(function: F) -> F: ...


@overload
def conjunct(*, at: Callable[..., Any]) -> Callable[[F], F]: ...


def conjunct(function: F | None = None, *, at: Callable[..., Any] | None = None) -> F | Callable[[F], F]:
    """A part of the inductive invariant. `at` names the terms on which the prover instantiates its quantifiers."""
    if function is not None:
        return declare(function, "conjunct")
    del at  # read from the source, where its terms still have names
    return lambda marked: declare(marked, "conjunct")
