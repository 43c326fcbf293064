"""`Checker`: judges an execution fact by fact, as it happens or from a trace.

One rule: each step costs what it touched. A fact is judged by the invariants that name its type, taken into the ghost,
and judged again; nothing is scanned anew. `invariants.step.full.FullChecker` scans everything and holds this one to it.

Facts are any objects with the fields of `traces.facts`, told apart by the name of their class, so that a running
simulation is judged on the broker's own structs and a trace on the format's.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from invariants.history.judge import CLASSES, Judgement, judge
from invariants.history.judge import verdict as come_to
from invariants.history.order import ReadOrder, never
from invariants.step import log_start, one_decision, stable_read
from invariants.step.decisions import ALL, REGISTRATIONS
from invariants.step.deletion_due import Deletions
from invariants.step.ghost import Partition, Replica
from invariants.step.invariant import CONTROLLER, Judge
from invariants.step.judged import STEP_INVARIANTS
from invariants.step.take import TAKE, nothing
from invariants.verdict import Violated
from traces.generations import Generations
from traces.schema import Op
from traces.told import Contradiction, Told

STOPPING_FAULTS = {"crash": False, "power loss": True, "stopped": False}
"""Kinds of fault after which a simulated node's process is no more, and whether what was not synced may be lost.

A live process's death is known from its `Restart` fact alone: who killed it wrote that down in a file of its own, and
nobody knows where in the order of things the line belongs.
"""

REPLACING_FAULT = "wiped disk"
"""The fault after which a simulated node has nothing of what was on its disk; that its process ended is told
besides."""

OF_CONTROLLERS = frozenset(
    {
        *("CreatePartition", "BeginPartition", "DeletePartition", "RefusePartition", "CountOnAbsent", "AllowUnclean"),
        *ALL,
        *REGISTRATIONS,
    }
)


class Plan:
    """How facts of one kind are judged and taken."""

    __slots__ = ("ends_a_process", "name", "of_controllers", "rare", "steps")

    def __init__(self, name: str, steps: tuple[Judge, ...]) -> None:
        self.name = name
        self.steps = steps
        self.of_controllers = name in OF_CONTROLLERS
        self.ends_a_process = name in ("Restart", "RecoverStart")
        self.rare = name in ("DeleteReplica", "DeleteBelow", "FallBehind")


def _plan(name: str) -> Plan:
    before = [invariant.before[name] for invariant in STEP_INVARIANTS if name in invariant.before]
    after = [invariant.after[name] for invariant in STEP_INVARIANTS if name in invariant.after]
    take = () if TAKE[name] is nothing else (TAKE[name],)
    return Plan(name, (*before, *take, *after))


_PLANS: Mapping[str, Plan] = {name: _plan(name) for name in TAKE}


class Checker:
    """Raises `Violated` at the first fact that breaks an invariant. One checker judges one execution.

    `may_repeat` says of which keys the producer is not idempotent, as in `invariants.history.judge`. `one_clock` says
    that clients' operations stand in order with the facts, as in a simulated run; `deletions` then knows what may be
    deleted. `tombstone` as there: logs are compacted. `may_be_unclean`: somebody may have allowed unclean elections.
    """

    def __init__(
        self,
        may_repeat: Callable[[str], bool] = never,
        *,
        one_clock: bool = False,
        deletions: Deletions | None = None,
        tombstone: Callable[[str], bool] | None = None,
        may_be_unclean: bool = True,
    ) -> None:
        self._generations: Generations[Partition] = Generations()
        self.partitions = self._generations.current
        """Those there are now."""
        self.judged = 0
        """Facts judged so far."""
        self._told = Told()
        self._one_clock = one_clock
        self._deletions = deletions
        self._tombstone = tombstone
        self._may_be_unclean = may_be_unclean
        self._nodes: dict[str, int] = {}
        self._plans: dict[type, Plan] = {}
        self._may_repeat = may_repeat
        self._order = ReadOrder(may_repeat)
        self._ops: list[Op] = []

    def facts(self, node: str, at: int, facts: Iterable[Any]) -> None:
        """What one step of `node` did, in order."""
        number = self._nodes.get(node)
        if number is None:
            digits = node[1:]
            is_broker = node[:1] == "n" and digits.isdigit()
            number = self._nodes[node] = int(digits) if is_broker else CONTROLLER.node
        plans, partitions, generations = self._plans, self.partitions, self._generations
        for fact in facts:
            plan = plans.get(type(fact))
            if plan is None:
                plan = plans[type(fact)] = _PLANS[type(fact).__name__]
            self.judged += 1
            if plan.of_controllers:
                self._decision(fact, plan)
                continue
            name = fact.partition
            partition = generations.of(name, number) if generations.former else partitions.get(name)
            if partition is None:
                partition = generations.gone.get(name)
            if partition is None:
                partition = self._of(name)
            replica = partition.replicas.get(number) or partition.replica(number)
            if not replica.running and not plan.ends_a_process:
                partition.returns(replica)
            for judge_or_take in plan.steps:
                judge_or_take(partition, replica, fact)
            if plan.rare:
                if plan.name == "DeleteReplica":
                    self._generations.left(fact.partition, number)
                else:
                    partition.begins(at)
                    self._order.delete(fact.partition, replica.start)
                    if self._deletions is not None:
                        self._deletions.judge(partition, replica, at)

    def _of(self, name: str) -> Partition:
        """A partition that nobody has told of before."""
        partition = self.partitions[name] = Partition(name, may_be_unclean=self._may_be_unclean)
        return partition

    def replica(self, partition: str, node: int) -> Replica | None:
        """A node's replica of the partition that it knows under this name; None where no fact has told of one."""
        known = self._generations.of(partition, node)
        return None if known is None else known.replicas.get(node)

    def _decision(self, fact: Any, plan: Plan) -> None:
        """What the controllers have decided; told again, it moves nothing."""
        try:
            if self._told.again(fact):
                return
        except Contradiction as contradiction:
            raise Violated(one_decision.ID, str(contradiction)) from None
        partition = self.partitions.get(fact.partition)
        if partition is None:
            partition = self._of(fact.partition)
        for judge_or_take in plan.steps:
            judge_or_take(partition, CONTROLLER, fact)
        if plan.name == "ElectUnclean":
            self._order.forget(fact.partition)
            if self._deletions is not None:
                self._deletions.give_up(partition)
        if plan.name == "DeletePartition":
            self._generations.delete(fact.partition, partition.present())
            if self._deletions is not None:
                self._deletions.ends(fact.partition)
            self._told.forget(fact.partition)

    def fault(self, kind: str, targets: Iterable[str], _detail: str = "") -> None:
        """What the world did. Only what ends a process, or takes its disk away, moves the ghost."""
        if self._deletions is not None:
            self._deletions.fault(kind)
        loses = STOPPING_FAULTS.get(kind)
        if loses is None and kind != REPLACING_FAULT:
            return
        for target in targets:
            if target.startswith("n"):
                for partition in (*self.partitions.values(), *self._generations.deleted):
                    if loses is None:
                        partition.replace_disk(int(target[1:]))
                    else:
                        partition.stop(int(target[1:]), loses=loses)

    def op(self, op: Op) -> None:
        """One line of the clients' view: order per key is judged as records are read."""
        self._ops.append(op)
        partition = self._generations.known(op.partition)
        if partition is not None and op.operation == "consume" and op.phase == "ok":
            if self._one_clock and op.offset is not None and stable_read.given_up(partition, op.offset):
                return
            stable_read.judge(partition, op, one_clock=self._one_clock)
            if partition.floors:
                log_start.judge(partition, op, one_clock=self._one_clock)
        if self._deletions is not None and (self._deletions.retains or op.operation == "delete"):
            self._deletions.op(op)
        anomaly = self._order.take(op)
        if anomaly is not None:
            raise Violated(CLASSES[anomaly[0]], anomaly[1])

    def finish(self, final: str = "") -> Judgement:
        """The execution is over: judge what the clients saw as a whole. Raises Violated for the worst of it.

        `final` names the client that read everything back after everything else, if there was one.
        """
        unclean = {name for name, partition in self.partitions.items() if partition.last_unclean >= 0}
        # What was promised of a topic ends with it; what was read of it was judged as it was read.
        unclean |= self._generations.gone.keys()
        # What an unclean election gave up is lost by permission; the order of what is left was judged as it was read.
        ops = self._ops if not unclean else [op for op in self._ops if op.partition not in unclean]
        retained: dict[str, int] = {}
        if self._deletions is not None and self._deletions.retains:
            retained = {
                name: max((replica.start for replica in partition.replicas.values()), default=0)
                for name, partition in self.partitions.items()
            }
        judgement = judge(ops, self._may_repeat, final, order_judged=True, retained=retained, tombstone=self._tombstone)
        verdict = come_to(judgement)
        if isinstance(verdict, Violated):
            raise verdict
        return judgement
