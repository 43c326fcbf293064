"""The concrete reading: actions and invariants run as written, on ints, bools, frozensets and logs.

One rule: nothing is translated. A function is compiled from its own tree under its own file and line numbers, once,
and its code is run with the domains' names bound to the bounds at hand. Where ghosts are not wanted, its `with ghost`
blocks are cut out; `require` raises where it stands and is no call. Tracebacks, debuggers and coverage show the model's
source.

`Reading` steps states that it is given and copies the tables an action writes: for searches. `model/machine.py` steps
one state in place: for the validation of traces.
"""

import ast
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from model import language
from model.as_run import code, code_of, defined, frozen
from model.design import Model, syntax
from model.explain import Refusal, explain
from model.kinds import Entry, Variable
from model.language import Disabled
from model.syntax import Function

Call = tuple[str, dict[str, Any]]
"""A step by name, with its parameters by name."""

WORDS = ("Disabled", "require", "ghost", "implies", "known", "as_offset", "as_epoch", "majority", "adjacent")


class Values:
    """A state: one attribute per variable, tables as dicts."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.__dict__.update(variables)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and self.__dict__ == other.__dict__

    if TYPE_CHECKING:  # at run time it would slow down every reading of a variable

        def __getattr__(self, name: str) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of the unbounded a search looks at: the highest leader and partition epochs, the longest log, and how
    many values there are. A step that leads beyond is not taken; that is the driver's doing, not the model's.

    Quorums are the smallest majorities of the replicas; the last `observers` of these have no vote.
    """

    leader_epochs: int = 3
    partition_epochs: int = 6
    log: int = 3
    values: int = 1
    observers: int = 0
    broker_epochs: int = 2

    def domains(self, replicas: Sequence[int]) -> dict[str, Sequence[Any]]:
        """The members of each domain, one beyond the bound where a step may write there before it is discarded."""
        return {
            "Replica": tuple(sorted(replicas)),
            "LeaderEpoch": range(self.leader_epochs + 2),
            "PartitionEpoch": range(self.partition_epochs + 2),
            "BrokerEpoch": range(self.broker_epochs + 1),
            "Offset": range(self.log + 1),
            "Value": range(self.values),
            "Quorum": Majorities(sorted(replicas)[: len(replicas) - self.observers]),
        }


def subsets(members: Sequence[int]) -> Iterator[frozenset[int]]:
    """Every non-empty subset, small ones first."""
    for size in range(1, len(members) + 1):
        for chosen in itertools.combinations(members, size):
            yield frozenset(chosen)


class Majorities(Sequence[frozenset[int]]):
    """The smallest sets of voters of which any two share one, made when asked for: many voters have too many."""

    def __init__(self, voters: Sequence[int]) -> None:
        self._voters = tuple(voters)
        self._size = len(voters) // 2 + 1

    def __iter__(self) -> Iterator[frozenset[int]]:
        return map(frozenset, itertools.combinations(self._voters, self._size))

    def decides(self, members: frozenset[int]) -> bool:
        """Whether one of them is among these."""
        return len(members.intersection(self._voters)) >= self._size

    def __len__(self) -> int:
        return math.comb(len(self._voters), self._size)

    @overload
    def __getitem__(self, index: int) -> frozenset[int]: ...

    @overload
    def __getitem__(self, index: slice) -> "tuple[frozenset[int], ...]": ...

    def __getitem__(self, index: int | slice) -> "frozenset[int] | tuple[frozenset[int], ...]":
        if isinstance(index, slice):
            return tuple(self)[index]
        return next(itertools.islice(self, range(len(self))[index], None))


class Reading:
    """A model, or a variant of it, with bounds: its initial states, its steps, its invariants, on values.

    `synchronous` takes the coarse grain: macros are steps, and messages are forgotten after each.
    """

    def __init__(
        self,
        model: Model,
        *,
        replicas: Sequence[int] = (0, 1, 2),
        bounds: Bounds | None = None,
        variant: str | None = None,
        ghosts: bool = False,
        synchronous: bool = False,
    ) -> None:
        self.model, self.variant, self.ghosts, self.synchronous = model, variant, ghosts, synchronous
        self.bounds = bounds or Bounds()
        self.domains = self.bounds.domains(replicas)
        self.replicas = self.domains["Replica"]
        self.variables = {v.name: v for v in model.variables.values() if ghosts or not v.ghost}
        self.trail: list[Call] | None = None
        self.compiled: dict[str, Callable[..., Any]] = {}
        self.actions = model.actions_of(variant)
        steps = model.synchronous(variant) if synchronous else self.actions
        self.inner = {function.name: name for name, function in self.actions.items()}
        self.steps = {name: Step(self, name, function) for name, function in steps.items()}
        self.blank = Values({name: self.blank_value(v) for name, v in self.variables.items()})

    # ------------------------------------------------------------ functions
    def function(self, function: Function) -> Callable[..., Any]:
        """The Python function, bound to these domains; compiled once."""
        made = self.compiled.get(function.name)
        if made is None:
            shared = code_of(function.python, self.ghosts)
            made = self.compiled[function.name] = defined(shared, function.name, self.namespace(function))
        return made

    def namespace(self, function: Function) -> dict[str, Any]:
        names: dict[str, Any] = {**self.domains, "Entry": Entry}
        names.update({word: getattr(language, word) for word in WORDS})
        names.update({k: v for k, v in function.python.__globals__.items() if type(v) is int})
        for called in function.calls:
            if self.ghosts or called.role != "definition" or not called.uses_ghosts:
                bound = self.function(called)
                names[called.name] = self.recorded(called, bound) if called.role == "action" else bound
        return names

    def recorded(self, action: Function, bound: Callable[..., Any]) -> Callable[..., Any]:
        """An action inside a macro: taken, and noted in the trail when somebody keeps one."""
        names = [p.name for p in action.parameters]

        def take(state: Values, *arguments: Any) -> None:
            if self.trail is not None:
                self.trail.append((self.inner[action.name], dict(zip(names, arguments, strict=True))))
            bound(state, *arguments)

        return take

    def expression(self, function: Function, node: ast.expr) -> Callable[..., Any]:
        """One expression out of a function, as a function of the same parameters."""
        asked = ast.copy_location(ast.Return(frozen(node)), function.tree)
        return defined(code(function, [asked]), function.name, self.namespace(function))

    # ------------------------------------------------------------ states
    def blank_value(self, variable: Variable) -> Any:
        first = self.replicas[0]
        values = {"number": 0, "flag": False, "set": frozenset(), "log": (), "replica": first}
        value = self.domains["Quorum"][0] if variable.kind == "quorum" else values[variable.kind]
        if not variable.keys:
            return value
        keys = itertools.product(*(self.domains[k] for k in variable.keys))
        return {(key[0] if len(key) == 1 else key): value for key in keys}

    def initial(self, members: Iterable[int] | None = None) -> Values:
        """The initial state with this in-sync set, all replicas unless told; Disabled when it may not be."""
        chosen = frozenset(self.replicas if members is None else members)
        state = copied(self.blank, self.variables)
        self.function(syntax(self.model.initial))(state, chosen)
        return state

    def key(self, state: Values) -> tuple[Any, ...]:
        """What tells two states apart, hashable."""
        return tuple(tuple(v.values()) if type(v) is dict else v for v in state.__dict__.values())

    def after(self, state: Values, name: str, arguments: Sequence[Any]) -> Values:
        """The successor by one step; raises Disabled, or LookupError where a guard reads outside the bounds."""
        return self.steps[name].after(state, arguments)

    def successors(self, state: Values) -> Iterator[tuple[str, tuple[Any, ...], Values]]:
        """Every step that can be taken within the bounds, with its arguments and its successor."""
        for name, step in self.steps.items():
            for arguments in step.instances:
                try:
                    successor = step.after(state, arguments)
                except (Disabled, LookupError):
                    continue
                if step.inside(successor):
                    yield name, arguments, successor

    def expanded(self, state: Values, name: str, arguments: Sequence[Any]) -> list[Call]:
        """The model's own actions that a step of the synchronous grain stands for."""
        step = self.steps[name]
        if step.function.role != "macro":
            return [(name, step.named(arguments))]
        trail: list[Call] = []
        self.trail = trail
        try:
            step.after(state, arguments)
        finally:
            self.trail = None
        return trail

    # ------------------------------------------------------------ verdicts
    def holds(self, function: Function, state: Values) -> bool:
        """Whether an invariant holds; one that reads past the end of a log does not."""
        try:
            return bool(self.function(function)(state))
        except LookupError:
            return False

    def broken(self, state: Values) -> str | None:
        """The first safety property that does not hold."""
        for function in self.model.safety_of(ghosts=self.ghosts):
            if not self.holds(function, state):
                return function.name
        return None

    def refusal(self, name: str, state: Values, arguments: Sequence[Any]) -> Refusal | None:
        """Why a step cannot be taken, None where it can."""
        function = self.steps[name].function
        return explain(function, lambda node: self.expression(function, node)(state, *arguments))


class Step:
    """One action or macro of a reading, with what stepping needs to know about it."""

    def __init__(self, reading: Reading, name: str, function: Function) -> None:
        self.reading, self.name, self.function = reading, name, function

    @cached_property
    def written(self) -> frozenset[str]:
        """The variables it may assign. What follows from them is asked for by searches alone."""
        return self.function.writes(ghosts=self.reading.ghosts) & self.reading.variables.keys()

    @cached_property
    def cells(self) -> list[str]:
        return sorted(w for w in self.written if not self.reading.variables[w].keys)

    @cached_property
    def tables(self) -> list[str]:
        return sorted(w for w in self.written if self.reading.variables[w].keys)

    @cached_property
    def logs(self) -> list[str]:
        return [w for w in self.tables if self.reading.variables[w].kind == "log"]

    @cached_property
    def registrations(self) -> list[str]:
        return [w for w in self.tables if self.reading.variables[w].domain == "BrokerEpoch"]

    @cached_property
    def messages(self) -> list[str]:
        return sorted(w for w in self.written if self.reading.variables[w].message)

    @cached_property
    def python(self) -> Callable[..., Any]:
        """It as Python: a reading compiles what is used of it."""
        return self.reading.function(self.function)

    @property
    def instances(self) -> list[tuple[Any, ...]]:
        """Every choice of arguments from the domains."""
        if not hasattr(self, "_instances"):
            self._instances = list(itertools.product(*(self.members(p.domain) for p in self.function.parameters)))
        return self._instances

    def members(self, domain: str) -> Sequence[Any]:
        reading = self.reading
        if domain == "ReplicaSet":
            return list(subsets(reading.replicas))
        if domain == "bool":
            return (False, True)
        if domain in ("LeaderEpoch", "PartitionEpoch"):
            return reading.domains[domain][:-1]
        return reading.domains[domain]

    def named(self, arguments: Sequence[Any]) -> dict[str, Any]:
        return dict(zip((p.name for p in self.function.parameters), arguments, strict=True))

    def after(self, state: Values, arguments: Sequence[Any]) -> Values:
        successor = copied(state, self.tables)
        self.python(successor, *arguments)
        if self.reading.synchronous:
            before = state.__dict__
            for name in self.messages:
                successor.__dict__[name] = before[name]
        return successor

    def inside(self, state: Values) -> bool:
        """Whether what the step wrote is within the bounds."""
        bounds = self.reading.bounds
        for name in self.cells:
            domain = self.reading.variables[name].domain
            limit = {"LeaderEpoch": bounds.leader_epochs, "PartitionEpoch": bounds.partition_epochs}.get(domain)
            if limit is not None and getattr(state, name) > limit:
                return False
        if any(max(getattr(state, name).values()) > bounds.broker_epochs for name in self.registrations):
            return False
        return all(len(log) <= bounds.log for name in self.logs for log in getattr(state, name).values())


def copied(state: Values, tables: Iterable[str]) -> Values:
    """A state that shares all but these tables."""
    made = Values(state.__dict__)
    for name in tables:
        value = made.__dict__[name]
        if isinstance(value, dict):
            made.__dict__[name] = value.copy()
    return made
