"""What an invariant judged step by step consists of.

One rule: `before` and `after` see the fact and the ghost, raise `Violated` or return, and cost what the fact touches;
`everywhere` looks at the whole ghost and is what the two must amount to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from invariants.step.ghost import Partition, Replica

Judge = Callable[[Partition, Replica, Any], None]
"""`(partition, the replica whose fact it is, fact)`; for a controller's fact the replica is `CONTROLLER`."""

CONTROLLER = Replica(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInvariant:
    """One invariant: its id, what it says, why it should hold, and how it is judged on facts."""

    id: str
    names: tuple[str, ...]
    """Its names in the literature this project argues with: I1 to I16 of the protocol notes."""
    statement: str
    argument: str
    breaks: str
    """The planted bug (`campaign/mutants/`) that breaks it."""
    before: Mapping[str, Judge] = field(default_factory=dict)
    """Fact class name -> judged before the fact is taken into the ghost."""
    after: Mapping[str, Judge] = field(default_factory=dict)
    everywhere: Callable[[Partition], None]
