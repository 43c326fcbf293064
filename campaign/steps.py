"""How long a counterexample is: the steps of a trace that a reader has to follow.

One rule: what the protocol does anyway does not count. A step is

- a fault,
- a batch that a client hands over (however often it is sent),
- a fact of a partition that changes a log, a watermark, a role, an in-sync set or a promise: elections and changes of
  the set, a role taken, an append, a copy of records, a truncation, an advance, an acknowledgement, a restart,
- a fact of a voter of the controllers' quorum that changes a role or a promise there: a candidacy, a vote, an election
  won or given up, a truncation, a snapshot, a restart.

Where it is voters that break something (`traces.voters_story`), brokers are not drawn, and their facts and clients do
not count; what voters write, copy and commit does, and their first election. Elsewhere that is how a decision comes to
be, and the decision is counted.

Not counted: the making of the topic and the roles of its first leader epoch, the election of the first controller and
what is written in its epoch, which every run begins with; ticks, heartbeats, probes, pre-votes, empty fetches and their
answers; watermarks adopted without records; the learning of a set or of an epoch.
"""

from collections.abc import Iterable
from typing import Any

from traces import quorum_facts
from traces.facts import decoded
from traces.schema import Fault, Op, Step
from traces.trace import NumberedLine, Trace
from traces.voters_story import is_of_voters

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
_OF_VOTERS = frozenset({"Stand", "GrantVote", "Win", "Resign"})
_OF_THEIR_LOG = frozenset({"QuorumAppend", "QuorumAdvance"})
_CUTS = frozenset({"QuorumTruncate", "QuorumLoadSnapshot"})
FIRST_EPOCH = 1
"""The epoch of the quorum's first leader; a voter with an empty disk is in epoch 0."""


def steps_of(trace: Trace) -> int:
    """Steps of a whole trace."""
    return count_steps(trace.lines, of_voters=is_of_voters(trace))


def count_steps(lines: Iterable[NumberedLine], of_voters: bool = False) -> int:
    """Steps of these lines of a trace, as of one in which it is voters that break something, or partitions."""
    steps = 0
    handed_over: set[tuple[str, int, str]] = set()
    voters = _Voters(of_voters)
    for line in lines:
        if isinstance(line, Fault):
            steps += 1
        elif isinstance(line, Op):
            if line.operation == "produce" and line.phase == "invoke" and not of_voters:
                handed_over.add((line.client, line.at, line.key))
        elif isinstance(line, Step):
            if not of_voters:
                steps += sum(1 for fact in decoded(line.facts) if _counts(fact))
            steps += sum(1 for fact in quorum_facts.decoded(line.quorum) if voters.counts(line.node, fact))
    return steps + len(handed_over)


def _counts(fact: Any) -> bool:
    kind = type(fact).__name__
    if kind not in _COUNTED:
        return False
    if kind in ("BecomeLeader", "BecomeFollower"):
        return bool(fact.leader_epoch > 0)
    return kind != "ReceiveFetch" or bool(fact.batches)


class _Voters:
    """Which facts of the quorum are steps. That a voter copied something shows in how far its log went before."""

    def __init__(self, they_break_it: bool) -> None:
        self._they_break_it = they_break_it
        self._log_end: dict[str, int] = {}

    def counts(self, node: str, fact: Any) -> bool:
        kind = type(fact).__name__
        before = self._log_end.get(node, 0)
        self._log_end[node] = _log_end(fact, before)
        if kind in _CUTS:
            return True
        if kind == "QuorumRestart":
            return bool(fact.epoch > 0)
        if kind in _OF_VOTERS:
            return self._they_break_it or bool(fact.epoch > FIRST_EPOCH)
        grows = kind in _OF_THEIR_LOG or (kind == "QuorumReceiveFetch" and fact.log_end > before)
        return grows and self._they_break_it and bool(fact.epoch > FIRST_EPOCH)


def _log_end(fact: Any, before: int) -> int:
    """Where a voter's log ends after a fact of it."""
    match type(fact).__name__:
        case "QuorumReceiveFetch" | "QuorumRestart":
            return int(fact.log_end)
        case "QuorumTruncate":
            return int(fact.to)
        case "QuorumLoadSnapshot":
            return int(fact.end)
        case "QuorumAppend":
            return int(fact.base_offset + fact.record_count)
    return before
