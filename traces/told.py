"""What the controllers have told so far: a decision may be told twice, and must then be the same decision.

One rule: a decision is known by what there is one of: the version of a partition, the registration of a broker, the
refusal in a version. Whoever tells another one in its place contradicts a committed record.

Decisions are told once they are committed, by whoever leads the controllers then: when the leader changes, the new one
may tell again what the old one had told already.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from traces.topic_labels import is_identified

_OF_CONTROLLERS = frozenset({"DeletePartition", "CountOnAbsent", "AllowUnclean", "BeginPartition"})
"""What they tell besides, of which there is not one only."""
_OF_A_REGISTRATION = frozenset({"Register", "LosePower"})
_OF_A_VERSION = frozenset(
    {
        *("Elect", "ElectNone", "ElectEligible", "ElectUnclean", "FailOver", "TakeOffline", "Fence", "AddReplicas"),
        *("Reassign", "AlterPartition", "MemberLosesPower", "LeaderLosesPower"),
    }
)


class Contradiction(Exception):
    """Something else was told before; the message says what."""


class Told:
    """The controllers' facts of one execution, partition by partition."""

    def __init__(self) -> None:
        self._facts: dict[str, dict[tuple[Any, ...], Any]] = {}
        self._over: set[str] = set()
        """Partitions that are deleted, and that no other will be called like."""

    def again(self, fact: Any) -> bool:
        """Whether this was told before. Contradiction where something else was told in its place."""
        key_of = _KEYS.get(type(fact).__name__)
        if key_of is None:
            return bool(self._over) and fact.partition in self._over and type(fact).__name__ in _OF_CONTROLLERS
        if fact.partition in self._over:
            return True
        key = key_of(fact)
        known = self._facts.setdefault(fact.partition, {})
        told = known.get(key)
        if told is None:
            known[key] = fact
            return False
        if told != fact:
            raise Contradiction(f"a controller tells {_words(fact)}; told before was {_words(told)}")
        return True

    def forget(self, partition: str) -> None:
        """The partition is deleted: another one may have its name."""
        self._facts.pop(partition, None)
        if is_identified(partition):
            self._over.add(partition)


_Key = tuple[Any, ...]


def _version(fact: Any) -> _Key:
    return ("version", fact.partition_epoch)


def _registration(fact: Any) -> _Key:
    return ("registration", fact.replica, fact.broker_epoch)


def _creation(_fact: Any) -> _Key:
    return ("creation",)


def _refusal(fact: Any) -> _Key:
    return ("refusal", fact.leader, fact.member, fact.partition_epoch)


_KEYS: Mapping[str, Callable[[Any], _Key]] = {
    **dict.fromkeys(sorted(_OF_A_VERSION), _version),
    **dict.fromkeys(sorted(_OF_A_REGISTRATION), _registration),
    "CreatePartition": _creation,
    "RefusePartition": _refusal,
}
"""By the class name of a controller's fact, what makes it known again."""


def _words(fact: Any) -> str:
    fields: dict[str, Any] = msgspec.to_builtins(fact)
    name = fields.pop("fact")
    told = ", ".join(f"{field} {value}" for field, value in fields.items() if field != "partition")
    return f"{name} ({told})"
