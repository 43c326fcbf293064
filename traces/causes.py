"""Which step sent the message a fact handles, found from the facts alone.

One rule: an answer is never later than its question. A fetch is counted after it was sent, its answer arrives after it
left, leadership follows an election, a proposal is committed after it was made. This serves traces whose steps name no
`cause`; it may name a later copy of a message than the one that was handled.
"""

from typing import Any

from traces.schema import Op, Step
from traces.wording import node

_BEGIN_AN_EPOCH = frozenset(
    {
        *("Elect", "ElectNone", "ElectEligible", "ElectUnclean", "FailOver", "TakeOffline"),
        *("Reassign", "LeaderLosesPower"),
    }
)


class Causes:
    """Remembers, going through a trace once, the last line that sent each kind of message."""

    def __init__(self) -> None:
        self._sent: dict[tuple[Any, ...], int] = {}

    def invoked(self, op: Op) -> None:
        self._sent["invoke", op.client] = op.n

    def remember(self, line: Step, fact: Any) -> None:
        """This fact sent something that another line will handle."""
        match type(fact).__name__:
            case "CreatePartition":
                self._sent["epoch", 0] = line.n
            case name if name in _BEGIN_AN_EPOCH:
                self._sent["epoch", fact.leader_epoch] = line.n
                self._sent["version", fact.partition_epoch] = line.n
            case "Fence" | "AddReplicas" | "AlterPartition" | "MemberLosesPower":
                self._sent["version", fact.partition_epoch] = line.n
            case "ExpandIsr" | "ShrinkIsr":
                self._sent["proposal", fact.leader_epoch] = line.n
            case "SendFetch":
                self._sent["fetch", line.node, node(fact.leader)] = line.n
            case "AnswerFetch":
                self._sent["answer", node(fact.follower), line.node] = line.n
            case "AnswerProbe":
                self._sent["probe", fact.leader_epoch] = line.n

    def of(self, line: Step, fact: Any) -> int | None:
        """The line that sent what this fact handles; None where nothing was sent, or nobody knows."""
        match type(fact).__name__:
            case "BecomeLeader" | "Resume" | "BecomeFollower":
                return self._sent.get(("epoch", fact.leader_epoch))
            case "LearnIsr":
                return self._sent.get(("version", fact.partition_epoch))
            case "AlterPartition":
                return self._sent.get(("proposal", fact.leader_epoch))
            case "Acknowledge" | "AnswerFetch":
                return self._sent.get(("fetch", node(fact.follower), line.node))
            case "ReceiveFetch":
                return self._sent.get(("answer", line.node, node(fact.leader)))
            case "Truncate" | "Reconcile":
                return self._sent.get(("probe", fact.leader_epoch))
            case "Append":
                return self._sent.get(("invoke", line.event.rpartition(" from ")[2]))
        return None
