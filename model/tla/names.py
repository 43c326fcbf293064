"""Names: the model's words in TLA+'s spelling, each once.

One rule: TLA+ forbids a bound name that the module already uses, so a parameter that is called like a variable gets an
article: `leader` of an action becomes `theLeader` beside the variable `leader`.
"""

from collections.abc import Iterable

HELPERS = {
    "EndOffset": "EndOffset(aLog) == Len(aLog)",
    "At": "At(aLog, offset) == aLog[offset + 1]    \\* offsets count from 0",
    "Record": "Record(anEpoch, aValue) == <<[epoch |-> anEpoch, value |-> aValue]>>",
    "Joined": "Joined(aLog, more) == aLog \\o more",
    "Slice": (
        "Slice(aLog, from, to) == SubSeq(aLog, from + 1, IF to < Len(aLog) THEN to ELSE Len(aLog))\n"
        "    \\* from `from` up to, not including, `to`"
    ),
    "Majority": "Majority(chosen, voters) == 2 * Cardinality(chosen \\cap voters) > Cardinality(voters)",
    "Min": "Min(a, b) == IF a < b THEN a ELSE b",
    "Max": "Max(a, b) == IF a > b THEN a ELSE b",
}
"""Operators on logs and numbers that a module may use; those on logs stand in a module of their own, so that the
standard module Sequences, which defines an `Append` too, takes no name from the model."""

ON_LOGS = ("EndOffset", "At", "Record", "Joined", "Slice")

RESERVED = (
    "ASSUME ASSUMPTION AXIOM BOOLEAN CASE CHOOSE CONSTANT CONSTANTS DOMAIN ELSE ENABLED EXCEPT EXTENDS FALSE IF IN "
    "INSTANCE LET LOCAL MODULE OTHER SF_ STRING SUBSET THEN THEOREM TRUE UNCHANGED UNION VARIABLE VARIABLES WF_ WITH "
    "Int Nat Cardinality IsFiniteSet Logs Init Next WithinBounds Spec vars"
)
"""Words of TLA+, of the standard modules and of every printed module."""


def upper(name: str) -> str:
    """`become_leader` as an operator: `BecomeLeader`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def lower(name: str) -> str:
    """`leader_epoch` as a variable: `leaderEpoch`."""
    camel = upper(name)
    return camel[:1].lower() + camel[1:]


class Taken:
    """The names a module uses, and how bound names keep out of their way."""

    def __init__(self) -> None:
        self.names: set[str] = {*RESERVED.split(), *HELPERS}

    def claim(self, name: str) -> bool:
        """Takes a name for the module; False where something else has it already."""
        free = name not in self.names
        self.names.add(name)
        return free

    def bound(self, name: str, scope: Iterable[str]) -> str:
        """A name for a parameter or a loop's variable that neither the module nor the scope uses."""
        used = self.names.union(scope)
        plain = lower(name)
        candidates = (plain, f"the{upper(name)}")
        for candidate in candidates:
            if candidate not in used:
                return candidate
        number = 2
        while f"{candidates[0]}{number}" in used:
            number += 1
        return f"{candidates[0]}{number}"
