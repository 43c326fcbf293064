"""A trace in the Informal Trace Format, which the viewers and tools of Apalache and Quint read.

One rule: a state is everything that is known after a line of the trace, and the first state is what was before it. A
trace of the model has the model's variables; a trace of brokers has what their facts say of every replica, believed
as told (`traces.replicas`).

`mbt::actionTaken` and `mbt::nondetPicks` name the step that led to a state, as Quint writes them. Source: ADR-015 of
Apalache (the format); integers are written as `#bigint`, as it recommends.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from model.language import Entry
from model.machine import ActionDisabled, Machine, UnknownAction
from traces import facts, replicas
from traces.modelled import acting, calls_of, machine_of
from traces.schema import Fault, Step
from traces.trace import Trace, TraceError
from traces.why import why

FORMAT = "ITF"
ACTION, PICKS = "mbt::actionTaken", "mbt::nondetPicks"

_Told = tuple[int | None, dict[str, Any]]
"""A state, and the line of the trace after which it was."""
_Known = dict[str, dict[str, replicas.Replica]]
"""By partition and node."""


def itf(trace: Trace) -> dict[str, Any]:
    """The trace as one ITF document. TraceError where nothing in it has a state."""
    told = list(_modelled(trace) if trace.header.origin == "model" else _told(trace))
    if len(told) < 2:
        remedy = "give one in which a replica changes; `--to perfetto` has every step of any"
        raise TraceError(trace.source, None, "no step of it has a state", remedy)
    states = [
        {"#meta": {"index": index} if line is None else {"index": index, "line": line}, **state}
        for index, (line, state) in enumerate(told)
    ]
    return {"#meta": _meta(trace), "vars": list(told[0][1]), "states": states}


def _meta(trace: Trace) -> dict[str, Any]:
    header = trace.header
    meta: dict[str, Any] = {
        "format": FORMAT,
        "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
        "source": header.model if header.origin == "model" else header.origin,
        "varTypes": {},
    }
    if trace.verdict is not None:
        meta["status"] = "violation"
        meta["description"] = why(trace)
    return meta


# ---------------------------------------------------------------- the model
def _modelled(trace: Trace) -> Iterable[_Told]:
    machine = machine_of(trace, variant=trace.header.variant)
    yield None, {**_variables(machine), ACTION: "init", PICKS: {}}
    for line, (name, parameters) in zip(acting(trace), calls_of(trace), strict=True):
        try:
            machine.step(name, **parameters)
        except (ActionDisabled, UnknownAction) as refused:
            wrong = f"the model does not take this step: {refused}"
            raise TraceError(
                trace.source, line.n + 2, wrong, "`fencepost validate` says where it leaves the model"
            ) from None
        picks = {key: value(picked) for key, picked in parameters.items()}
        yield line.n, {**_variables(machine), ACTION: name, PICKS: picks}


def _variables(machine: Machine) -> dict[str, Any]:
    return {name: value(getattr(machine.state, name)) for name in sorted(machine.reading.variables)}


# ---------------------------------------------------------------- brokers
def _told(trace: Trace) -> Iterable[_Told]:
    """A state after every step that changed a replica, and after every fault."""
    known: _Known = {}
    yield None, _cluster(known, at=0, node="", event="init")
    for line in trace.lines:
        if isinstance(line, Fault):
            yield line.n, _cluster(known, at=line.at, node="world", event=" ".join((line.kind, *line.targets)))
        elif isinstance(line, Step) and _apply(known, line):
            yield line.n, _cluster(known, at=line.at, node=line.node, event=line.event)


def _apply(known: _Known, line: Step) -> bool:
    """Whether the step changed a replica; who only decides about one has none."""
    changed = False
    for fact in facts.decoded(line.facts):
        nodes = known.setdefault(fact.partition, {})
        replica = nodes.get(line.node) or replicas.Replica()
        if replicas.apply(replica, fact):
            nodes[line.node] = replica
            changed = True
    return changed


def _cluster(known: _Known, *, at: int, node: str, event: str) -> dict[str, Any]:
    partitions = {
        partition: {"#map": [[name, _replica(replica)] for name, replica in sorted(nodes.items())]}
        for partition, nodes in sorted(known.items())
    }
    return {
        "at_ms": value(at),
        "node": node,
        "replicas": {"#map": [[name, nodes] for name, nodes in partitions.items()]},
        ACTION: event,
        PICKS: {},
    }


def _replica(replica: replicas.Replica) -> dict[str, Any]:
    return {
        "log": [{name: value(part) for name, part in cell._asdict().items()} for cell in replica.cells],
        "high_watermark": value(replica.high_watermark),
        "leader_epoch": value(replica.leader_epoch),
        "leading": replica.leading,
    }


# ---------------------------------------------------------------- values
def value(content: Any) -> Any:
    """A value of the model, or a plain one, as ITF writes it."""
    if isinstance(content, bool | str):
        return content
    if isinstance(content, int):
        return {"#bigint": str(content)}
    if isinstance(content, Entry):
        return {"epoch": value(content.epoch), "value": value(content.value)}
    if isinstance(content, set | frozenset):
        return {"#set": [value(each) for each in sorted(content)]}
    if isinstance(content, Mapping):
        return {"#map": [[value(key), value(content[key])] for key in sorted(content)]}
    if isinstance(content, tuple) and not any(isinstance(each, Entry) for each in content) and content:
        return {"#tup": [value(each) for each in content]}
    return [value(each) for each in content]
