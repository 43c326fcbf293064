"""Executions of the model as traces: what a search finds, drawn and read like any other execution.

One rule: a step of such a trace carries its action, by which it is replayed, and the fact a broker would tell of that
step, by which it is drawn. Facts are in Kafka's numbers (the model's epoch 1 is Kafka's epoch 0); replica r of the
model is the node n(r + 1) where replicas count from 0, else n(r).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from model.design import Model
from model.machine import Machine
from model.models import MODELS
from model.replication import REPLICATION
from model.survival import SURVIVAL
from traces import facts
from traces.recorder import Recorder, whole
from traces.schema import VERSION, Action, Header, Step
from traces.trace import Trace, TraceError

PARTITION = "model-0"
_TOLD = frozenset({REPLICATION.name, SURVIVAL.name})
"""The models of a partition, whose steps have facts; those of other models have their actions alone."""
_ELECTIONS = frozenset({"elect", "elect_none", "elect_eligible", "elect_unclean"})
_FAIL_OVERS = frozenset({"fail_over", "take_offline", "reassign"})
_CONTROLLER = frozenset({"alter_partition", "fence", *_ELECTIONS, *_FAIL_OVERS})
_SILENT = frozenset({"refuse_partition", "flush"})
"""Actions of which nobody tells a fact."""
_RESTARTS = frozenset({"restart", "lose_power", "member_loses_power", "leader_loses_power"})
_LEADER = frozenset(
    {
        "become_leader",
        "resume",
        "learn_isr",
        "roll_back",
        "append",
        "acknowledge",
        "advance_high_watermark",
        "expand_isr",
        "shrink_isr",
        "answer_probe",
        "answer_fetch",
    }
)
_ACTORS = ("replica", "leader", "follower", "voter", "candidate")
"""Parameters that name who takes a replica's action: the first of these it has."""


def told(
    calls: Iterable[tuple[str, Mapping[str, Any]]],
    *,
    replicas: Sequence[int],
    isr: Iterable[int] | None = None,
    variant: str | None = None,
    commit: str = "",
    invariant: str = "",
    sentence: str = "",
    model: Model = REPLICATION,
) -> Trace:
    """The execution that takes these actions of the model, or of a variant, in order.

    `isr` is the in-sync set it starts from, all replicas unless told. With `invariant`, the last step is said to
    violate it. ActionDisabled where an action cannot be taken.
    """
    members = sorted(replicas if isr is None else isr)
    configuration = {"replicas": sorted(replicas), "isr": members}
    header = Header(
        version=VERSION,
        origin="model",
        model=model.name,
        variant=variant,
        commit=commit,
        configuration=configuration,
    )
    recorder = Recorder(header)
    teller = _Teller(Machine(model, replicas=replicas, isr=members, variant=variant))
    for number, (name, parameters) in enumerate(calls):
        node, told_facts = teller.take(name, parameters)
        shown = {key: sorted(value) if isinstance(value, frozenset) else value for key, value in parameters.items()}
        recorder.step(number, node, name, told_facts, action=Action(name=name, parameters=shown))
    if invariant:
        recorder.verdict(invariant, sentence, at_line=len(recorder.lines) - 1)
    return recorder.trace()


def acting(trace: Trace) -> list[Step]:
    """The steps of a trace that carry an action."""
    return [line for line in trace.lines if isinstance(line, Step) and line.action is not None]


def calls_of(trace: Trace) -> list[tuple[str, dict[str, Any]]]:
    """The actions of a trace of origin `model`, with sets as the machine takes them."""
    actions = [line.action for line in acting(trace) if line.action is not None]
    return [
        (action.name, {k: frozenset(v) if isinstance(v, list) else v for k, v in action.parameters.items()})
        for action in actions
    ]


def machine_of(trace: Trace, *, variant: str | None = None) -> Machine:
    """A machine in the initial state of a trace of origin `model`; TraceError where the header does not tell it."""
    configuration = trace.header.configuration
    replicas = configuration.get("replicas")
    if not isinstance(replicas, list | tuple) or not replicas:
        wrong = "the configuration of a model's trace lists no replicas"
        raise TraceError(trace.source, 1, wrong, "write it as traces.modelled.told does")
    model = MODELS.get(trace.header.model)
    if model is None:
        raise TraceError(
            trace.source, 1, f"there is no model {trace.header.model!r}", f"the models are {', '.join(MODELS)}"
        )
    return Machine(model, replicas=replicas, isr=configuration.get("isr"), variant=variant)


def with_facts(trace: Trace) -> Trace:
    """The same execution with the facts that its actions stand for, where the trace has none."""
    lines = acting(trace)
    if not lines or any(line.facts for line in lines):
        return trace
    teller = _Teller(machine_of(trace, variant=trace.header.variant))
    changed: dict[int, Step] = {}
    for line, (name, parameters) in zip(lines, calls_of(trace), strict=True):
        node, told_facts = teller.take(name, parameters)
        changed[line.n] = msgspec.structs.replace(line, node=node, facts=tuple(map(msgspec.to_builtins, told_facts)))
    return whole(trace.header, [changed.get(line.n, line) for line in trace.lines], trace.verdict)


class _Teller:
    """Steps a machine and says what a broker would have told."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.state: Any = machine.state
        self.shift = 1 if min(machine.members) == 0 else 0
        self.created = False

    def take(self, name: str, parameters: Mapping[str, Any]) -> tuple[str, list[facts.Fact]]:
        """The node that takes the action, and its fact, if it has one."""
        actor = next((parameters[key] for key in _ACTORS if key in parameters), None)
        end = len(self.state.log[actor]) if actor is not None else 0
        self.machine.step(name, **parameters)
        if name in _CONTROLLER:
            return "controller", [self._decided(name, parameters)]
        assert actor is not None, f"{name} has a parameter that says who takes it"
        node = f"n{actor + self.shift}"
        if name in _SILENT or self.machine.reading.model.name not in _TOLD:
            return "controller" if name == "refuse_partition" else node, []
        if name in _LEADER:
            return node, [self._led(name, actor, parameters)]
        return node, [self._followed(name, actor, end)]

    def nodes(self, replicas: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted(replica + self.shift for replica in replicas))

    def entry(self, replica: int, offset: int) -> facts.Content:
        """One record as a batch of one. Its CRC is made of what tells records of one execution apart."""
        entry = self.state.log[replica][offset]
        value = entry.value if isinstance(entry.value, int) else 0
        return facts.Content(
            base_offset=offset,
            record_count=1,
            leader_epoch=entry.epoch - 1,
            crc=(entry.epoch << 20) + (offset << 8) + value % 256,
            producer_id=-1,
            producer_epoch=-1,
            base_sequence=-1,
        )

    def leader(self, epoch: int) -> int:
        return self.state.leader[epoch] + self.shift if self.state.has_leader[epoch] else -1

    # ------------------------------------------------------------ the controller
    def _decided(self, name: str, parameters: Mapping[str, Any]) -> facts.Fact:
        newest = self.state.newest_leader_epoch
        isr = self.nodes(self.state.isr[newest])
        version = {"leader_epoch": newest - 1, "partition_epoch": self.state.newest_partition_epoch - 1, "isr": isr}
        if name in _ELECTIONS and not self.created and self.state.newest_partition_epoch == 1:
            self.created = True
            replicas = self.nodes(self.machine.members)
            return facts.CreatePartition(partition=PARTITION, replicas=replicas, isr=isr, leader=self.leader(newest))
        if name in _ELECTIONS:
            return facts.Elect(partition=PARTITION, leader=self.leader(newest), **version)
        if name in _FAIL_OVERS:
            removed = parameters["removed"] + self.shift
            return facts.FailOver(partition=PARTITION, leader=self.leader(newest), removed=removed, **version)
        if name == "fence":
            return facts.Fence(partition=PARTITION, removed=parameters["removed"] + self.shift, **version)
        return facts.AlterPartition(partition=PARTITION, leader=self.leader(newest), **version)

    # ------------------------------------------------------------ the leader
    def _led(self, name: str, r: int, parameters: Mapping[str, Any]) -> facts.Fact:
        state = self.state
        common: dict[str, Any] = {"partition": PARTITION, "leader_epoch": state.leader_epoch[r] - 1}
        known = {**common, "partition_epoch": state.partition_epoch[r] - 1}
        log_end, high_watermark = len(state.log[r]), state.high_watermark[r]
        follower = parameters.get("follower", 0) + self.shift
        counted = self.nodes(state.maximal_isr[r])
        match name:
            case "become_leader" | "resume":
                return facts.BecomeLeader(**known, isr=counted, start_offset=state.epoch_start[r])
            case "learn_isr" | "roll_back":
                return facts.LearnIsr(**known, isr=counted)
            case "append":
                return facts.Append(**common, batch=self.entry(r, log_end - 1))
            case "acknowledge":
                return facts.Acknowledge(**common, follower=follower, offset=parameters["offset"])
            case "advance_high_watermark":
                return facts.AdvanceHighWatermark(**common, to=high_watermark, maximal_isr=counted)
            case "expand_isr":
                return facts.ExpandIsr(**known, follower=follower, isr=self.nodes(state.proposed_isr[r]))
            case "shrink_isr":
                return facts.ShrinkIsr(**known, isr=self.nodes(state.proposed_isr[r]))
            case "answer_probe":
                return facts.AnswerProbe(
                    **common,
                    offset=log_end,
                    last_fetched_epoch=-1,
                    diverging_epoch=-1,
                    diverging_end=-1,
                    log_end=log_end,
                )
        offset = max(0, state.requested[parameters["follower"], state.leader_epoch[r]])
        return facts.AnswerFetch(
            **common, follower=follower, offset=offset, log_end=log_end, high_watermark=high_watermark
        )

    # ------------------------------------------------------------ the follower
    def _followed(self, name: str, r: int, end: int) -> facts.Fact:
        state = self.state
        log_end, high_watermark = len(state.log[r]), state.high_watermark[r]
        common: dict[str, Any] = {"partition": PARTITION, "leader_epoch": state.leader_epoch[r] - 1}
        leader = self.leader(state.leader_epoch[r])
        match name:
            case "become_follower":
                return facts.BecomeFollower(**common, leader=leader)
            case "truncate":
                return facts.Truncate(**common, to=log_end, high_watermark=high_watermark)
            case "reconcile":
                return facts.Reconcile(**common, leader=leader, log_end=log_end)
            case "send_fetch":
                return facts.SendFetch(**common, leader=leader, offset=log_end)
            case "receive_fetch":
                copied = tuple(self.entry(r, offset) for offset in range(end, log_end))
                return facts.ReceiveFetch(
                    **common, leader=leader, log_end=log_end, high_watermark=high_watermark, batches=copied
                )
        assert name in _RESTARTS, f"the model's action {name} has a fact"
        return facts.Restart(
            partition=PARTITION, log_end=log_end, high_watermark=high_watermark, tail_from=log_end, tail=()
        )
