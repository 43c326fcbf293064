"""Validation: is this execution one of the model's?

One rule: the first divergence ends it. Every fact, in the order of the trace and partition by partition, is replayed
as a model action (`traces.refine`); what the model says is compared with what the fact says and with the log ends the
step reports. After the last line the model's safety properties are checked on where the execution has led.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from model.machine import ActionDisabled, UnknownAction
from traces.abstraction import DivergedError, action_of
from traces.facts import decoded
from traces.modelled import PARTITION, acting, calls_of, machine_of
from traces.refine import Refinement
from traces.schema import Step
from traces.trace import Trace

NOT_AN_ACTION = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """Where an execution leaves the model: the fact, and the model's view beside it."""

    line: int
    """The number of the line in the trace; the number of lines where the end state is meant."""
    node: str
    partition: str
    action: str
    reason: str
    conjunct: str = ""
    """The text of the `require` that is false, where the model refused the action."""
    outside: bool = False
    """The model of this version does not speak of such a step: no verdict, rather than a wrong one."""
    fact: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        where = f"line {self.line}: {self.node}" if self.node else f"after line {self.line - 1}"
        return f"{where}, {self.partition}: {self.action}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    steps: int
    """Model actions taken."""
    facts: int
    partitions: int
    actions: dict[str, int]
    """Model actions taken, by name."""
    divergence: Divergence | None = None


Progress = Callable[[int, int], None]
"""Called now and then with the lines done and the lines there are."""


def validate(trace: Trace, progress: Progress | None = None) -> Validation:
    """Follow the trace with the model, to its end or to the first divergence.

    A trace of the model itself, or of a variant, is followed action by action. TraceError where its header does not say
    which state it starts from.
    """
    if trace.header.origin == "model":
        return _replayed(trace)
    follower = Follower()
    divergence: Divergence | None = None
    for line in trace.lines:
        if progress is not None and line.n % 1000 == 0:
            progress(line.n, len(trace.lines))
        if isinstance(line, Step):
            divergence = follower.line(line)
            if divergence is not None:
                break
    if divergence is None:
        divergence = follower.end(len(trace.lines))
    actions: Counter[str] = Counter()
    for refinement in follower.partitions.values():
        actions.update(refinement.taken)
    return Validation(
        steps=actions.total(),
        facts=follower.facts,
        partitions=len(follower.partitions),
        actions=dict(sorted(actions.items())),
        divergence=divergence,
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


class Follower:
    """The models of all partitions, each following its own facts."""

    def __init__(self) -> None:
        self.partitions: dict[str, Refinement] = {}
        self.facts = 0

    def line(self, line: Step) -> Divergence | None:
        node = int(line.node[1:]) if line.node[:1] == "n" and line.node[1:].isdigit() else NOT_AN_ACTION
        for fact in decoded(line.facts):
            try:
                self.fact(node, fact)
            except DivergedError as diverged:
                return self.divergence(line, node, fact, diverged)
            self.facts += 1
        for partition, (log_end, _, high_watermark) in line.logs.items():
            diverged_logs = self.logs(node, partition, log_end, high_watermark)
            if diverged_logs:
                return Divergence(
                    line=line.n,
                    node=line.node,
                    partition=partition,
                    action="logs",
                    reason=diverged_logs,
                    model=self.partitions[partition].view(node),
                )
        return None

    def fact(self, node: int, fact: Any) -> None:
        refinement = self.partitions.get(fact.partition)
        if type(fact).__name__ == "CreatePartition":
            if refinement is not None:
                raise DivergedError("create_partition", "it exists already")
            self.partitions[fact.partition] = Refinement(fact)
        elif refinement is None:
            told = "the trace does not tell how this partition came to be: record it from its creation on"
            raise DivergedError(action_of(fact), told, outside=True)
        else:
            refinement.take(node, fact)

    def logs(self, node: int, partition: str, log_end: int, high_watermark: int) -> str:
        """What a step says of its logs, beside the facts: an effect without a fact shows here."""
        refinement = self.partitions.get(partition)
        if refinement is None or node not in refinement.machine.members:
            return ""
        model_end = len(refinement.state.log[node])
        model_watermark = refinement.state.high_watermark[node]
        if log_end != model_end:
            return f"the log ends at {log_end} after this step, in the model at {model_end}"
        if high_watermark != model_watermark:
            return f"the high watermark is {high_watermark} after this step, in the model {model_watermark}"
        return ""

    def divergence(self, line: Step, node: int, fact: Any, diverged: DivergedError) -> Divergence:
        refinement = self.partitions.get(fact.partition)
        return Divergence(
            line=line.n,
            node=line.node,
            partition=fact.partition,
            action=diverged.action,
            reason=diverged.reason,
            conjunct=diverged.conjunct,
            outside=diverged.outside,
            fact=msgspec.to_builtins(fact),
            model={} if refinement is None else refinement.view(node),
        )

    def end(self, lines: int) -> Divergence | None:
        """The model's safety properties, where the execution has led."""
        for partition, refinement in sorted(self.partitions.items()):
            broken = refinement.machine.broken()
            if broken is not None:
                return Divergence(
                    line=lines,
                    node="",
                    partition=partition,
                    action="safety",
                    reason=f"the model's property {broken} does not hold in the state this execution ends in",
                    model=refinement.view(NOT_AN_ACTION),
                )
        return None
