"""What a model's state is made of: domains, cells, tables, logs.

One rule: a declaration has no bounds. `Replica` is any finite set and `LeaderEpoch`, `PartitionEpoch`, `Offset` are all
the naturals; a reading brings the bounds it needs, or none.

A model declares its state as a class whose annotations are the variables:

    class State:
        newest_leader_epoch: Cell[LeaderEpoch]
        log: Table[Replica, Log]
        started: Ghost[Table[LeaderEpoch, bool]]

The class is never instantiated. Each reading makes states of its own with these attributes; to the type checker the
annotations are descriptors, so that actions can be checked as ordinary code.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Generic, NamedTuple, Self, TypeVar, get_args, get_origin, get_type_hints, overload

D = TypeVar("D")
K = TypeVar("K")
V = TypeVar("V")


class Domain(type):
    """Makes a class of values a domain that models quantify over: `for r in Replica`."""

    def __iter__(cls: type[D]) -> Iterator[D]:
        raise TypeError(f"{cls.__name__} has no members of its own: run the model through a reading")


class Replica(int, metaclass=Domain):
    """A replica of the partition."""


class LeaderEpoch(int, metaclass=Domain):
    """The number of a leadership; 0 is the pseudo-epoch before the first, whose log is empty."""


class PartitionEpoch(int, metaclass=Domain):
    """The number of a version of the partition's metadata, 0 the first."""


class BrokerEpoch(int, metaclass=Domain):
    """The number of a broker's registration; every start of the process is a newer one (KIP-903)."""


class Offset(int, metaclass=Domain):
    """A position in a log; also the length of one."""


class Value(int, metaclass=Domain):
    """What a record holds: anything that can be told from another."""


ReplicaSet = frozenset[Replica]


class Quorum(ReplicaSet, metaclass=Domain):
    """Enough voters to decide: a set of replicas, any two of which share one. Majorities, where voters are counted."""


class Entry(NamedTuple):
    """One record of a log: the leader epoch that wrote it, and what it holds."""

    epoch: int
    value: Any


class Log(ABC):
    """A sequence of entries as models may use it: index, prefix `log[:t]`, `log + (Entry(e, v),)`,
    `log + other[len(log):b]`."""

    @abstractmethod
    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> "Log": ...

    @abstractmethod
    def __getitem__(self, index: int | slice) -> "Entry | Log": ...

    @abstractmethod
    def __add__(self, other: "Log | tuple[Entry]") -> "Log": ...


class Cell(ABC, Generic[V]):
    """A variable that holds one value."""

    @abstractmethod
    def __get__(self, instance: object, owner: type | None = None) -> V: ...

    @abstractmethod
    def __set__(self, instance: object, value: V | int | Set[Any]) -> None: ...


class Table(ABC, Generic[K, V]):
    """A variable that holds one value per key; several keys are written as a tuple."""

    @abstractmethod
    def __get__(self, instance: object, owner: type | None = None) -> Self: ...

    @abstractmethod
    def __set__(self, instance: object, value: Mapping[Any, Any]) -> None: ...

    @abstractmethod
    def __getitem__(self, key: int | tuple[int, ...]) -> V: ...

    @abstractmethod
    def __setitem__(self, key: int | tuple[int, ...], value: V | int | Set[Any]) -> None: ...


GHOST = "ghost"
MESSAGE = "message"

Ghost = Annotated[D, GHOST]
"""A variable that only the argument needs: written under `with ghost`, never read by the protocol."""

Message = Annotated[D, MESSAGE]
"""A variable that holds what is in flight: at the synchronous grain it is forgotten after every step."""

NUMBERS = (LeaderEpoch, PartitionEpoch, BrokerEpoch, Offset, Value)
DOMAINS: dict[str, Any] = {domain.__name__: domain for domain in (Replica, *NUMBERS, Quorum)}
PARAMETER_DOMAINS = (*DOMAINS, "ReplicaSet", "bool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One declared variable: its keys' domains in order, and the kind of its values.

    `kind` is `number`, `flag`, `replica`, `set` (of replicas), `quorum` or `log`; `domain` names a number's domain.
    """

    name: str
    keys: tuple[str, ...]
    kind: str
    domain: str
    ghost: bool
    message: bool


def kind_of(value_type: Any, where: str) -> tuple[str, str]:
    """The kind and the domain's name of a declared value type; TypeError names the variable when it is neither."""
    if value_type is bool:
        return "flag", ""
    if value_type is Log:
        return "log", "Offset"
    if value_type is Replica:
        return "replica", "Replica"
    if value_type == ReplicaSet:
        return "set", "Replica"
    if value_type is Quorum:
        return "quorum", "Quorum"
    if value_type in NUMBERS:
        return "number", value_type.__name__
    raise TypeError(
        f"{where}: {value_type!r} is no kind of value; use bool, Log, Replica, ReplicaSet, Quorum or a number's domain"
    )


@cache
def variables_of(state: type) -> dict[str, Variable]:
    """The variables a state class declares, in order."""
    found = {}
    for name, hint in get_type_hints(state, include_extras=True).items():
        marks: tuple[Any, ...] = ()
        if get_origin(hint) is Annotated:
            hint, *rest = get_args(hint)
            marks = tuple(rest)
        where = f"{state.__name__}.{name}"
        if get_origin(hint) is Cell:
            keys: tuple[str, ...] = ()
            (value_type,) = get_args(hint)
        elif get_origin(hint) is Table:
            key_type, value_type = get_args(hint)
            keys = tuple(key.__name__ for key in (get_args(key_type) or (key_type,)))
        else:
            raise TypeError(f"{where}: {hint!r} is neither Cell[...] nor Table[...]")
        kind, domain = kind_of(value_type, where)
        found[name] = Variable(
            name=name, keys=keys, kind=kind, domain=domain, ghost=GHOST in marks, message=MESSAGE in marks
        )
    return found
