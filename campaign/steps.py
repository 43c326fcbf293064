"""How long a counterexample is: the steps of a trace that a reader has to follow.

One rule: what the protocol does anyway does not count. A step is

- a fault,
- a batch that a client hands over (however often it is sent),
- a fact that changes a log, a watermark, a role, an in-sync set or a promise: elections and changes of the set, a role
  taken, an append, a copy of records, a truncation, an advance, an acknowledgement, a restart.

Not counted: the making of the topic and the roles of its first leader epoch, which every run begins with; ticks,
heartbeats, probes, empty fetches and their answers; watermarks adopted without records; the learning of a set.
"""

from collections.abc import Iterable
from typing import Any

from traces.facts import decoded
from traces.schema import Fault, Op, Step
from traces.trace import NumberedLine

_COUNTED = frozenset(
    {
        "Elect",
        "FailOver",
        "Fence",
        "AlterPartition",
        "BecomeLeader",
        "BecomeFollower",
        "Restart",
        "Append",
        "AcknowledgeProduce",
        "AdvanceHighWatermark",
        "ExpandIsr",
        "ShrinkIsr",
        "Truncate",
        "ReceiveFetch",
    }
)


def count_steps(lines: Iterable[NumberedLine]) -> int:
    """Steps of a trace, or of a part of one."""
    steps = 0
    handed_over: set[tuple[str, int, str]] = set()
    for line in lines:
        if isinstance(line, Fault):
            steps += 1
        elif isinstance(line, Op):
            if line.operation == "produce" and line.phase == "invoke":
                handed_over.add((line.client, line.at, line.key))
        elif isinstance(line, Step):
            steps += sum(1 for fact in decoded(line.facts) if _counts(fact))
    return steps + len(handed_over)


def _counts(fact: Any) -> bool:
    kind = type(fact).__name__
    if kind not in _COUNTED:
        return False
    if kind in ("BecomeLeader", "BecomeFollower"):
        return bool(fact.leader_epoch > 0)
    return kind != "ReceiveFetch" or bool(fact.batches)
