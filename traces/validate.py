"""Validation: is this execution one of the model's?

One rule: the first divergence ends it. Every fact, in the order of the trace and partition by partition, is replayed
as an action of the model that the header names (`traces.refine`, `traces.survive`); what the model says is compared
with what the fact says and with the log ends the step reports. After the last line the model's safety properties are
checked on where the execution has led.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from model.machine import ActionDisabled, UnknownAction
from traces.compacted import Restored
from traces.following import FOLLOWED, Divergence, Follower
from traces.modelled import PARTITION, acting, calls_of, machine_of
from traces.schema import Step
from traces.trace import Trace, TraceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    steps: int
    """Model actions taken."""
    facts: int
    partitions: int
    actions: dict[str, int]
    """Model actions taken, by name."""
    divergence: Divergence | None = None
    quorum: bool = False
    """The controllers were followed, too: the header says who they are."""


Progress = Callable[[int, int], None]
"""Called now and then with the lines done and the lines there are."""


def validate(trace: Trace, progress: Progress | None = None) -> Validation:
    """Follow the trace with the model, to its end or to the first divergence.

    A trace of the model itself, or of a variant, is followed action by action. TraceError where its header does not say
    which state it starts from.
    """
    if trace.header.origin == "model":
        return _replayed(trace)
    if trace.header.model not in FOLLOWED:
        wrong = f"no execution is followed by the model {trace.header.model!r}"
        raise TraceError(trace.source, 1, wrong, f"the models are {', '.join(FOLLOWED)}")
    follower = Follower.of(trace.header)
    if any(isinstance(line, Step) and _compacts(line) for line in trace.lines):
        follower.restored = Restored()
    divergence: Divergence | None = None
    for line in trace.lines:
        if progress is not None and line.n % 1000 == 0:
            progress(line.n, len(trace.lines))
        if isinstance(line, Step):
            divergence = follower.line(line)
            if divergence is not None:
                break
    if divergence is not None and follower.restored is not None and follower.restored.given_up:
        divergence = replace(divergence, outside=True)
    if divergence is None:
        divergence = follower.end(len(trace.lines))
    actions: Counter[str] = Counter()
    for (_, _, action), times in follower.walk.items():
        actions[action] += times
    return Validation(
        steps=actions.total(),
        facts=follower.facts,
        partitions=len(follower.partitions),
        quorum=follower.quorum is not None,
        actions=dict(sorted(actions.items())),
        divergence=divergence,
    )


def _compacts(line: Step) -> bool:
    return any(
        fact.get("fact") == "compact" if isinstance(fact, Mapping) else type(fact).__name__ == "Compact"
        for fact in line.facts
    )


def _replayed(trace: Trace) -> Validation:
    """The actions of a model's trace, taken by the model as it is."""
    machine = machine_of(trace)
    taken: Counter[str] = Counter()
    divergence: Divergence | None = None
    for line, (name, parameters) in zip(acting(trace), calls_of(trace), strict=True):
        try:
            machine.step(name, **parameters)
        except (ActionDisabled, UnknownAction) as refused:
            divergence = Divergence(
                line=line.n,
                node=line.node,
                partition=PARTITION,
                action=name,
                reason=f"the model refuses it: {refused}",
                conjunct=refused.conjunct if isinstance(refused, ActionDisabled) else "",
            )
            break
        taken[name] += 1
    broken = machine.broken() if divergence is None else None
    if broken is not None:
        reason = f"the model's property {broken} does not hold in the state this execution ends in"
        divergence = Divergence(line=len(trace.lines), node="", partition=PARTITION, action="safety", reason=reason)
    return Validation(
        steps=taken.total(), facts=0, partitions=1, actions=dict(sorted(taken.items())), divergence=divergence
    )
