"""Domains and bounds: what is a constant of the configuration, and what follows from it.

One rule: the members are those that a search on values tries (`model/reading_values.py`): parameters range to the
bound, tables have one epoch more, because a step may write there before it is found to lead outside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from model.kinds import Variable
from model.reading_values import Bounds
from model.tla import names
from model.tla.scope import Used, keys_of

EPOCHS = ("LeaderEpoch", "PartitionEpoch")


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant, when the module has it, and what it is by replicas and bounds."""

    name: str
    domains: tuple[str, ...]

    def value(self, replicas: Sequence[int], bounds: Bounds) -> str:
        voters = replicas[: len(replicas) - bounds.observers]
        values = {
            "Replica": members(replicas),
            "Voter": members(voters),
            "MaxLeaderEpoch": bounds.leader_epochs,
            "MaxPartitionEpoch": bounds.partition_epochs,
            "MaxBrokerEpoch": bounds.broker_epochs,
            "MaxEndOffset": bounds.log,
            "Values": bounds.values,
        }
        return str(values[self.name])


CONSTANTS = (
    Constant("Replica", ()),
    Constant("Voter", ("Quorum",)),
    Constant("MaxLeaderEpoch", ("LeaderEpoch",)),
    Constant("MaxPartitionEpoch", ("PartitionEpoch",)),
    Constant("MaxBrokerEpoch", ("BrokerEpoch",)),
    Constant("MaxEndOffset", ("Offset",)),
    Constant("Values", ("Value",)),
)

DEFINED = {
    "LeaderEpoch": "0 .. MaxLeaderEpoch",
    "PartitionEpoch": "0 .. MaxPartitionEpoch",
    "BrokerEpoch": "0 .. MaxBrokerEpoch",
    "Offset": "0 .. MaxEndOffset",
    "Value": "0 .. (Values - 1)",
    "ReplicaSet": "SUBSET Replica \\ {{}}",
    "Quorum": "{q \\in SUBSET Voter : Cardinality(q) = (Cardinality(Voter) \\div 2) + 1}",
    "AnyReplica": "CHOOSE r \\in Replica : \\A other \\in Replica : r <= other",
    "AnyQuorum": "CHOOSE q \\in Quorum : TRUE",
}
"""Domains, and the values of the blank state that stand for none."""

TAKEN = (*(constant.name for constant in CONSTANTS), *DEFINED, *(f"{epoch}Key" for epoch in EPOCHS))


def members(replicas: Iterable[int]) -> str:
    return f"{{{', '.join(map(str, replicas))}}}"


def constants(used: Used, replicas: Sequence[int], bounds: Bounds) -> dict[str, str]:
    """The constants that the module uses, with their values in these bounds."""
    needed = [c for c in CONSTANTS if not c.domains or used.domains.intersection(c.domains)]
    return {constant.name: constant.value(replicas, bounds) for constant in needed}


def definitions(used: Used) -> list[str]:
    """The domains, and the helpers on numbers and sets, that the module uses."""
    found = []
    for name, text in DEFINED.items():
        if name in used.domains:
            found.append(f"{name} == {text}")
            if name in EPOCHS:
                found.append(f"{name}Key == 0 .. (Max{name} + 1)    \\* a step may write one beyond the bound")
    helpers = [name for name in names.HELPERS if name not in names.ON_LOGS and name in used.helpers]
    return [*found, *(names.HELPERS[name] for name in helpers)]


def limits(variables: Iterable[Variable], used: Used) -> list[str]:
    """What keeps a state within the bounds: the newest epochs, every registration, the length of every log."""
    found = []
    for variable in variables:
        name = names.lower(variable.name)
        if variable.kind == "log" and variable.keys:
            used.domains.add("Offset")
            used.helpers.add("EndOffset")
            binders, keys = every(variable, used)
            found.append(f"\\A {binders} : EndOffset({name}[{keys}]) <= MaxEndOffset")
        elif variable.domain == "BrokerEpoch" and variable.keys:
            used.domains.add("BrokerEpoch")
            binders, keys = every(variable, used)
            found.append(f"\\A {binders} : {name}[{keys}] <= MaxBrokerEpoch")
        elif variable.domain in EPOCHS and not variable.keys:
            used.domains.add(variable.domain)
            found.append(f"{name} <= Max{variable.domain}")
    return found or ["TRUE"]


def every(variable: Variable, used: Used) -> tuple[str, str]:
    """Binders over the keys of a table, and the keys."""
    used.domains.update(variable.keys)
    bound: list[str] = []
    for key in variable.keys:
        bound.append(used.taken.bound(key[0].lower(), bound))
    binders = ", ".join(f"{name} \\in {keys_of(key)}" for name, key in zip(bound, variable.keys, strict=True))
    return binders, ", ".join(bound)
