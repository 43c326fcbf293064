"""Executions of the model `survival`, drawn at random and told in the facts that brokers and controllers would tell.

What is told here is what the docstrings of `traces.facts` promise, so that following the facts must lead to the state
that the model is in.
"""

import random
from typing import Any

from model.language import Disabled
from model.machine import Machine
from model.survival import SURVIVAL
from traces import facts as f

P = "orders-0"
MEMBERS = (1, 2, 3)
KAFKA_EPOCH = 10
"""The broker epoch of the model's registration 0; each later one is 10 higher."""
NEVER = {"roll_back", "flush"}
"""A broker of ours never takes a proposal back; what is flushed is told by the header."""


class Telling:
    """A machine, and what is told of its steps: pairs of a node (0: the controller) and a fact."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.machine = Machine(SURVIVAL, replicas=MEMBERS)
        self.state: Any = self.machine.state
        self.told: list[tuple[int, f.Fact]] = []
        self.values = 0
        self.machine.step("elect", leader=1)
        self.told.append((0, f.CreatePartition(partition=P, replicas=MEMBERS, isr=MEMBERS, leader=1)))

    # ------------------------------------------------------------ walking
    def walk(self, steps: int) -> None:
        taken = 0
        while taken < steps:
            names = [name for name in self.machine.parameters if name not in NEVER]
            name = self.draw.choices(names, [WEIGHTS.get(name, 1 if name in DECIDED else 100) for name in names])[0]
            parameters = {p: self._value(p, domain) for p, domain in self.machine.parameters[name]}
            if self._take(name, parameters):
                taken += 1

    def _value(self, name: str, domain: str) -> Any:
        state, draw = self.state, self.draw
        if domain == "Replica":
            leading = [member for member in MEMBERS if state.leading[member]]
            return draw.choice(leading if leading and name == "leader" and draw.random() < 0.9 else MEMBERS)
        if domain == "ReplicaSet":
            return frozenset(draw.sample(MEMBERS, draw.choice((1, 2))))
        if domain == "bool":
            return draw.random() < 0.5
        newest = {"LeaderEpoch": state.newest_leader_epoch, "PartitionEpoch": state.newest_partition_epoch}
        if domain in newest:
            # A broker that registers acts on no metadata older than that.
            return newest[domain] if name == "known" else max(0, newest[domain] - draw.choice((0, 0, 0, 1, 2)))
        if domain == "BrokerEpoch":
            return max(0, draw.choice([state.broker_epoch[member] for member in MEMBERS]) - draw.choice((0, 0, 1)))
        if domain == "Value":
            self.values += 1
            return (self.values, 0)
        longest = max(len(state.log[member]) for member in MEMBERS)
        return draw.choice((longest, longest, draw.randint(0, longest)))

    def _take(self, name: str, parameters: dict[str, Any]) -> bool:
        """One step of the model, if it is one; whether it was."""
        if name == "leader_loses_power":
            parameters["known"] = self.state.newest_leader_epoch + 1
        actor = parameters.get("replica", parameters.get("follower" if "leader" not in parameters else "leader"))
        ends = {member: len(self.state.log[member]) for member in MEMBERS}
        before = self._restart(name, parameters)
        try:
            # Not by `Machine.step`, which takes its time to say why it refuses.
            function = self.machine.reading.steps[name].python
            function(self.state, *(parameters[p] for p, _ in self.machine.parameters[name]))
        except (Disabled, LookupError):
            return False
        if before is not None:
            self.told.append((parameters["replica"], before))
        self.told.append(self._fact(name, parameters, actor, ends))
        return True

    def _restart(self, name: str, parameters: dict[str, Any]) -> f.Fact | None:
        """What a broker that comes back tells, before the controller tells that it is registered."""
        if name != "restart" and "power" not in name:
            return None
        log = self.state.log[parameters["replica"]]
        kept = min(parameters.get("kept", len(log)), len(log))
        watermark = min(parameters["high_watermark"], kept)
        tail = tuple(self._batch(parameters["replica"], offset) for offset in range(watermark, kept))
        return f.Restart(
            partition=P,
            log_end=kept,
            high_watermark=parameters["high_watermark"],
            tail_from=watermark,
            tail=tail,
            clean=name == "restart",
        )

    def _batch(self, replica: int, offset: int) -> f.Content:
        entry = self.state.log[replica][offset]
        return f.Content(offset, 1, entry.epoch - 1, entry.value[0], -1, -1, -1)

    # ------------------------------------------------------------ telling
    def _fact(self, name: str, parameters: dict[str, Any], actor: Any, ends: dict[int, int]) -> tuple[int, f.Fact]:
        if name in CONTROLLERS:
            return 0, self._decided(name, parameters)
        if name in ("restart", "lose_power"):
            kind = f.Register if name == "restart" else f.LosePower
            return 0, kind(partition=P, replica=actor, broker_epoch=self._registration(actor))
        return actor, self._done(name, actor, parameters, ends)

    def _registration(self, replica: int, number: int | None = None) -> int:
        number = self.state.broker_epoch[replica] if number is None else number
        return KAFKA_EPOCH * (1 + number)

    def _decided(self, name: str, parameters: dict[str, Any]) -> f.Fact:
        state = self.state
        newest = state.newest_leader_epoch
        told: dict[str, Any] = {
            "partition": P,
            "leader_epoch": newest - 1,
            "partition_epoch": state.newest_partition_epoch - 1,
            "isr": tuple(sorted(state.isr[newest])),
            "elr": tuple(sorted(state.elr[newest])),
            "enough": state.enough[newest],
        }
        if name == "refuse_partition":
            epochs = {key: told[key] for key in ("partition", "leader_epoch", "partition_epoch")}
            return f.RefusePartition(**epochs, **parameters)
        given = {key: value for key, value in parameters.items() if key in ("leader", "removed", "replica")}
        if name.endswith("loses_power"):
            given["broker_epoch"] = self._registration(parameters["replica"])
        if name == "alter_partition":
            given["broker_epoch"] = self._registration(parameters["leader"])
        if name == "reassign":
            given["replicas"] = tuple(sorted(set(MEMBERS) - {parameters["removed"]}))
        fact: f.Fact = f.VOCABULARY[name](**told, **given)
        return fact

    def _done(self, name: str, r: int, parameters: dict[str, Any], ends: dict[int, int]) -> f.Fact:
        """What a replica tells of its own step."""
        state = self.state
        epoch = state.leader_epoch[r]
        told: dict[str, Any] = {"partition": P, "leader_epoch": epoch - 1}
        version = {"partition_epoch": state.partition_epoch[r] - 1}
        counted = tuple(sorted(state.maximal_isr[r]))
        leader = {"leader": state.leader[epoch] if state.has_leader[epoch] else -1}
        log_end, watermark = len(state.log[r]), state.high_watermark[r]
        follower = parameters.get("follower", 0)
        match name:
            case "become_leader" | "resume":
                start = {"start_offset": state.epoch_start[r], "enough": state.may_commit[r]}
                fact: f.Fact = f.VOCABULARY[name](**told, **version, isr=counted, **start)
                return fact
            case "learn_isr":
                return f.LearnIsr(**told, **version, isr=counted, enough=state.may_commit[r])
            case "append":
                return f.Append(**told, batch=self._batch(r, log_end - 1))
            case "acknowledge":
                shown = self._registration(follower, parameters["broker_epoch"])
                return f.Acknowledge(**told, follower=follower, offset=parameters["offset"], broker_epoch=shown)
            case "advance_high_watermark":
                return f.AdvanceHighWatermark(**told, to=watermark, maximal_isr=counted)
            case "expand_isr":
                shown = self._registration(follower, state.proposed_broker_epoch[r, follower])
                return f.ExpandIsr(**told, **version, follower=follower, isr=counted, broker_epoch=shown)
            case "shrink_isr":
                return f.ShrinkIsr(**told, **version, isr=tuple(sorted(state.proposed_isr[r])))
            case "answer_probe":
                none = {"offset": 0, "last_fetched_epoch": -1, "diverging_epoch": -1, "diverging_end": -1}
                return f.AnswerProbe(**told, **none, log_end=log_end)
            case "answer_fetch":
                return f.AnswerFetch(**told, follower=follower, offset=0, log_end=log_end, high_watermark=watermark)
            case "become_follower":
                return f.BecomeFollower(**told, **leader)
            case "truncate":
                return f.Truncate(**told, to=log_end, high_watermark=watermark)
            case "reconcile":
                return f.Reconcile(**told, **leader, log_end=log_end)
            case "send_fetch":
                return f.SendFetch(**told, **leader, offset=log_end, broker_epoch=self._registration(r))
        assert name == "receive_fetch", name
        copied = tuple(self._batch(r, offset) for offset in range(ends[r], log_end))
        return f.ReceiveFetch(**told, **leader, log_end=log_end, high_watermark=watermark, batches=copied)


WEIGHTS = {"append": 10, "answer_probe": 10, "become_follower": 20, "truncate": 10, "shrink_isr": 10}
"""How often an action is tried; 100 unless told, and 1 for decisions."""
DECIDED = {
    *("elect", "elect_none", "elect_eligible", "elect_unclean", "fail_over", "reassign", "take_offline", "fence"),
    *("restart", "lose_power", "member_loses_power", "leader_loses_power"),
}
"""What can be done at almost any time."""
CONTROLLERS = {
    *("elect", "elect_none", "elect_eligible", "elect_unclean", "fail_over", "reassign", "take_offline", "fence"),
    *("alter_partition", "refuse_partition", "member_loses_power", "leader_loses_power"),
}
