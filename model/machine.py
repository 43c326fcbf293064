"""A model that is stepped by name: the state of one partition, and what the model says to each step.

One rule: a step is taken whole or refused, and a refusal names the `require` that is false, by its source text, with
the values of its sides. Refused steps change nothing.

There are no bounds: epochs and logs grow as the steps make them, and a step costs what the action costs as written
(about a microsecond for each line), however long the log is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from model.as_run import defined, maker_of, step_of
from model.design import Model
from model.explain import Refusal, shown
from model.language import Disabled
from model.reading_values import Bounds, Call, Majorities, Reading, Values
from model.shared_log import SharedLog


class UnknownAction(ValueError):
    """A step that names no action of the model, or other parameters than the action has."""

    def __init__(self, action: str, told: str) -> None:
        super().__init__(told)
        self.action = action


class ActionDisabled(Disabled):
    """A step that the model does not allow: which `require` is false.

    `conjunct` is its source text at `file`:`line`, `values` the texts and values of its sides. Where no `require` is
    false and the step reads what is not there, `conjunct` is empty.
    """

    def __init__(self, action: str, parameters: Mapping[str, Any], refusal: Refusal | None, error: Exception) -> None:
        self.action, self.parameters = action, dict(parameters)
        self.conjunct, self.file, self.line = "", "", 0
        self.values: tuple[tuple[str, Any], ...] = ()
        if refusal is None:
            super().__init__(str(error))
            return
        given = ", ".join(f"{name}={shown(value)}" for name, value in parameters.items())
        super().__init__(f"{action}({given}) is not allowed here: {refusal.text} is false{refusal.described}")
        self.conjunct, self.values, self.file, self.line = refusal.text, refusal.values, refusal.file, refusal.line


class GrowingTable(dict[Any, Any]):
    """A table without bounds: a key that was never assigned has the blank value."""

    __slots__ = ("blank",)

    def __init__(self, blank: object, known: Mapping[Any, Any]) -> None:
        super().__init__(known)
        self.blank = blank

    def __missing__(self, key: object) -> object:
        return self.blank


class Checks:
    """Which parameters an action has, and which of them must name replicas of the partition."""

    __slots__ = ("names", "order", "quorums", "replicas", "sets")

    def __init__(self, parameters: Sequence[tuple[str, str]]) -> None:
        self.order = tuple(name for name, _ in parameters)
        self.names = frozenset(self.order)
        self.replicas = tuple(name for name, domain in parameters if domain == "Replica")
        self.sets = tuple(name for name, domain in parameters if domain == "ReplicaSet")
        self.quorums = tuple(name for name, domain in parameters if domain == "Quorum")


class State(Values):
    """A state that is changed in place."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        # One by one: Python reads what was assigned so much faster than what came with a dict.
        for name, value in variables.items():
            setattr(self, name, value)


class Functions(dict[str, Callable[..., None]]):
    """A machine's actions by name, each made when it is first used.

    They take the state and the arguments in order, look at their arguments themselves, and raise ActionDisabled or
    UnknownAction.
    """

    def __init__(self, make: Callable[[str], Callable[..., None]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> Callable[..., None]:
        made = self[name] = self._make(name)
        return made


class Machine:
    """One partition's model. `replicas` are its members, any ints; `isr` the set to start from, in sync or with a vote,
    all of them unless told; the last `observers` of them are in no quorum; `state` may be read, variable by variable,
    and is changed by `step` and `functions` only.
    """

    def __init__(
        self,
        model: Model,
        *,
        replicas: Sequence[int],
        isr: Iterable[int] | None = None,
        variant: str | None = None,
        observers: int = 0,
    ) -> None:
        bounds = Bounds(leader_epochs=-1, partition_epochs=-1, log=0, values=1, observers=observers)
        self.reading = Reading(model, replicas=replicas, bounds=bounds, variant=variant)
        self.members = frozenset(replicas)
        self.parameters = {
            name: tuple((p.name, p.domain) for p in step.function.parameters)
            for name, step in self.reading.steps.items()
        }
        self.checks = {name: Checks(parameters) for name, parameters in self.parameters.items()}
        self.functions = Functions(self._function)
        self._logs = [name for name, variable in self.reading.variables.items() if variable.kind == "log"]
        self._fresh: dict[frozenset[int], State] = {}
        self.state = self.begun(isr)

    # ------------------------------------------------------------ states
    def begun(self, isr: Iterable[int] | None = None) -> Any:
        """The initial state, over growing tables: what it says of the first epoch holds for those to come, except what
        it assigns to the first epoch alone, which differs from the blank."""
        members = self.members if isr is None else frozenset(isr)
        fresh = self._fresh.get(members)
        if fresh is None:
            fresh = self._fresh[members] = self._unbounded(self.reading.initial(members))
        began = dict(vars(fresh))
        for name, value in began.items():
            if type(value) is dict:
                began[name] = value.copy()
            elif type(value) is GrowingTable:
                began[name] = GrowingTable(value.blank, value)
        # A buffer of its own: it is shared by the logs of one execution.
        empty = SharedLog()
        for name in self._logs:
            table = began[name]
            table.update(dict.fromkeys(table, empty))
            if type(table) is GrowingTable:
                table.blank = empty
        made = maker_of(self.reading.model.name)
        return State(began) if made is None else made(began)

    def _unbounded(self, state: Values) -> State:
        grown: dict[str, Any] = {}
        for name, variable in self.reading.variables.items():
            value = getattr(state, name)
            if any(domain != "Replica" for domain in variable.keys):
                value = GrowingTable(self._blank(name, len(variable.keys), value), value)
            grown[name] = value
        return State(grown)

    def _blank(self, name: str, keys: int, value: Mapping[Any, Any]) -> object:
        """The value of keys that the initial state does not name: of the whole table, or of a blank one."""
        return next(iter((value if keys > 1 else getattr(self.reading.blank, name)).values()))

    # ------------------------------------------------------------ steps
    def _function(self, name: str) -> Callable[..., None]:
        """An action that looks at its arguments and says why it is refused."""
        if name not in self.checks:
            raise self._no_action(name)
        function = self.reading.steps[name].function
        namespace = self.reading.namespace(function)
        own = {"_members": self.members, "_decides": self._decides, "_refused": self._refused}
        return defined(step_of(function.python, name), function.name, {**namespace, **own})

    def _decides(self, members: frozenset[int]) -> bool:
        """Whether these are a quorum."""
        quorums = self.reading.domains["Quorum"]
        assert isinstance(quorums, Majorities)
        return quorums.decides(members)

    def _refused(self, error: Exception, name: str, state: Values, arguments: Sequence[Any]) -> Exception:
        """Why a step was refused, in words."""
        parameters = dict(zip(self.checks[name].order, arguments, strict=True))
        try:
            self.arguments(name, parameters)
        except UnknownAction as unknown:
            return unknown
        return ActionDisabled(name, parameters, self.reading.refusal(name, state, arguments), error)

    def arguments(self, name: str, parameters: Mapping[str, Any]) -> list[Any]:
        """The arguments in order; UnknownAction names what is missing, superfluous, or no member."""
        checks = self.checks.get(name)
        if checks is None:
            raise self._no_action(name)
        if parameters.keys() != checks.names:
            wanted = ", ".join(checks.order) or "none"
            given = ", ".join(sorted(parameters)) or "none"
            raise UnknownAction(name, f"{name} has the parameters {wanted}, not {given}")
        members = self.members
        for parameter in checks.replicas:
            if parameters[parameter] not in members:
                raise self._no_replica(name, parameter, parameters[parameter])
        for parameter in checks.sets:
            if not parameters[parameter] <= members:
                raise self._no_replica(name, parameter, parameters[parameter])
        for parameter in checks.quorums:
            value = parameters[parameter]
            if not self._decides(value):
                raise UnknownAction(name, f"{name}: {parameter}={sorted(value)!r} is no majority of the voters")
        return [parameters[parameter] for parameter in checks.order]

    def _no_action(self, name: str) -> UnknownAction:
        known = ", ".join(self.parameters)
        return UnknownAction(name, f"{self.reading.model.name} has no action {name!r}; it has {known}")

    def _no_replica(self, name: str, parameter: str, value: object) -> UnknownAction:
        members = ", ".join(map(str, sorted(self.members)))
        return UnknownAction(name, f"{name}: {parameter}={value!r} is no replica of this partition ({members})")

    def step(self, name: str, **parameters: Any) -> None:
        """Takes one action. ActionDisabled when the model does not allow it, UnknownAction when there is none such."""
        self.take(name, parameters)

    def take(self, name: str, parameters: Mapping[str, Any]) -> None:
        """`step`, with the parameters as they are at hand."""
        checks = self.checks.get(name)
        if checks is None or parameters.keys() != checks.names:
            self.arguments(name, parameters)
            return
        # The function looks at its arguments itself.
        self.functions[name](self.state, *[parameters[parameter] for parameter in checks.order])

    def enabled(self, name: str, **parameters: Any) -> bool:
        """Whether the step could be taken; nothing is changed."""
        return self.reading.refusal(name, self.state, self.arguments(name, parameters)) is None

    def run(self, steps: Iterable[Call]) -> None:
        """Takes steps one after the other."""
        for name, parameters in steps:
            self.take(name, parameters)

    def broken(self) -> str | None:
        """The first safety property that does not hold now; reads whole logs."""
        return self.reading.broken(self.state)
