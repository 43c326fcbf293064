"""A counterexample taken again on the concrete reading, step by step, before it is believed.

One rule: what a search found is an execution of the model, or the readings differ and neither is to be believed.

A search over views that close gaps names numbers as they are after closing; the execution names them as they were.
"""

from collections.abc import Sequence
from dataclasses import replace

from invariants.exploration.on_values import Step
from model.language import Disabled
from model.reading_values import Call, Reading, Values
from model.view import Closing, View, forgotten


class ReadingsDisagree(AssertionError):
    """The concrete reading does not confirm a counterexample: the readings differ, and neither is to be believed."""


def replayed(
    reading: Reading, path: Sequence[Step], replicas: tuple[int, ...], view: View | None = None
) -> tuple[str, tuple[Call, ...], tuple[Call, ...]]:
    """The property that a counterexample violates, its steps, and the model's own actions, with the replicas' names.

    `view` is what was searched over. Raises ReadingsDisagree where the concrete reading does not take the steps, or
    finds nothing wrong after them.
    """
    if view is not None and view.closing is not None:
        reading = widened(reading, len(path))
    state = reading.initial()
    coarse: list[Call] = []
    fine: list[Call] = []
    for name, chosen in path:
        arguments = named_before(reading, view, state, name, chosen)
        fine += expanded(reading, state, name, arguments)
        coarse.append((name, reading.steps[name].named(arguments)))
        state = following(reading, state, name, arguments)
    broken = reading.broken(state)
    if broken is None:
        raise ReadingsDisagree(f"the concrete reading finds nothing wrong after {[name for name, _ in path]}")
    named = [tuple(renamed(reading, call, replicas) for call in calls) for calls in (coarse, fine)]
    return broken, named[0], named[1]


def widened(reading: Reading, more: int) -> Reading:
    """The reading with room for that many more versions of the partition: those that gaps had given back."""
    bounds = replace(reading.bounds, partition_epochs=reading.bounds.partition_epochs + more)
    return Reading(
        reading.model,
        replicas=reading.replicas,
        bounds=bounds,
        variant=reading.variant,
        synchronous=reading.synchronous,
    )


def named_before(
    reading: Reading, view: View | None, state: Values, name: str, arguments: Sequence[object]
) -> tuple[object, ...]:
    """A step's arguments as they were before the gaps of the state's view were closed."""
    if view is None or view.closing is None:
        return tuple(arguments)
    domains = [parameter.domain for parameter in reading.steps[name].function.parameters]
    if view.closing.domain not in domains:
        return tuple(arguments)
    numbers = kept(reading, view, view.closing, state)
    return tuple(
        numbers[x] if domain == view.closing.domain and isinstance(x, int) else x
        for domain, x in zip(domains, arguments, strict=True)
    )


def kept(reading: Reading, view: View, closing: Closing, state: Values) -> list[int]:
    """The numbers that are no gaps in the view of a state, in order; the first one, 0, never is."""
    before, gap = forgotten(reading, view, state), reading.function(closing.gap)
    return [number for number in reading.domains[closing.domain] if not gap(before, number)]


def expanded(reading: Reading, state: Values, name: str, arguments: Sequence[object]) -> list[Call]:
    """The model's own actions that a step stands for."""
    try:
        return reading.expanded(state, name, arguments)
    except (Disabled, LookupError):
        raise refused(name, arguments) from None


def following(reading: Reading, state: Values, name: str, arguments: Sequence[object]) -> Values:
    """The state after a step."""
    try:
        return reading.after(state, name, arguments)
    except (Disabled, LookupError):
        raise refused(name, arguments) from None


def refused(name: str, arguments: Sequence[object]) -> ReadingsDisagree:
    return ReadingsDisagree(f"the concrete reading does not allow {name}{tuple(arguments)} there")


def renamed(reading: Reading, call: Call, replicas: tuple[int, ...]) -> Call:
    """The call with the replicas' own names."""
    name, parameters = call
    function = reading.steps[name].function if name in reading.steps else reading.actions[name]
    domains = {parameter.name: parameter.domain for parameter in function.parameters}
    named = {}
    for parameter, value in parameters.items():
        if domains[parameter] == "Replica":
            value = replicas[value]
        elif domains[parameter] in ("ReplicaSet", "Quorum"):
            value = frozenset(replicas[r] for r in value)
        named[parameter] = value
    return name, named
