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
from invariants.step.ghost import Partition
from invariants.step.invariant import CONTROLLER, Judge
from invariants.step.judged import STEP_INVARIANTS
from invariants.step.take import TAKE
from invariants.verdict import Violated
from traces.schema import Op

STOPPING_FAULTS = frozenset({"crash", "power loss"})
"""Kinds of fault after which a simulated node's process is no more.

A live process's death is known from its `Restart` fact alone: who killed it wrote that down in a file of its own, and
nobody knows where in the order of things the line belongs.
"""

Plan = tuple[Judge, ...]


def _plan(name: str) -> Plan:
    before = [invariant.before[name] for invariant in STEP_INVARIANTS if name in invariant.before]
    after = [invariant.after[name] for invariant in STEP_INVARIANTS if name in invariant.after]
    return (*before, TAKE[name], *after)


_PLANS: Mapping[str, Plan] = {name: _plan(name) for name in TAKE}


class Checker:
    """Raises `Violated` at the first fact that breaks an invariant. One checker judges one execution.

    `may_repeat` says of which keys the producer is not idempotent, as in `invariants.history.judge`.
    """

    def __init__(self, may_repeat: Callable[[str], bool] = never) -> None:
        self.partitions: dict[str, Partition] = {}
        self.judged = 0
        """Facts judged so far."""
        self._nodes: dict[str, int] = {"controller": CONTROLLER.node}
        self._plans: dict[type, Plan] = {}
        self._may_repeat = may_repeat
        self._order = ReadOrder(may_repeat)
        self._ops: list[Op] = []

    def facts(self, node: str, at: int, facts: Iterable[Any]) -> None:  # noqa: ARG002 - an observer is told the time
        """What one step of `node` did, in order."""
        number = self._nodes.get(node)
        if number is None:
            number = self._nodes[node] = int(node.removeprefix("n"))
        for fact in facts:
            kind = type(fact)
            plan = self._plans.get(kind)
            if plan is None:
                plan = self._plans[kind] = _PLANS[kind.__name__]
            partition = self.partitions.get(fact.partition)
            if partition is None:
                partition = self.partitions[fact.partition] = Partition(fact.partition)
            replica = CONTROLLER if number < 0 else partition.replicas.get(number) or partition.replica(number)
            if not replica.running and kind.__name__ != "Restart":
                partition.returns(replica)
            for judge_or_take in plan:
                judge_or_take(partition, replica, fact)
            self.judged += 1

    def fault(self, kind: str, targets: Iterable[str], **detail: Any) -> None:  # noqa: ARG002 - only targets move the ghost
        """What the world did. Only what ends a process moves the ghost."""
        if kind in STOPPING_FAULTS:
            for target in targets:
                if target.startswith("n"):
                    for partition in self.partitions.values():
                        partition.stop(int(target[1:]))

    def op(self, op: Op) -> None:
        """One line of the clients' view: order per key is judged as records are read."""
        self._ops.append(op)
        anomaly = self._order.take(op)
        if anomaly is not None:
            raise Violated(CLASSES[anomaly[0]], anomaly[1])

    def finish(self, final: str = "") -> Judgement:
        """The execution is over: judge what the clients saw as a whole. Raises Violated for the worst of it.

        `final` names the client that read everything back after everything else, if there was one.
        """
        judgement = judge(self._ops, self._may_repeat, final, order_judged=True)
        verdict = come_to(judgement)
        if isinstance(verdict, Violated):
            raise verdict
        return judgement
