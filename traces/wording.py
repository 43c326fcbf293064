"""What a fact says in a few words, and how much it matters in a drawing.

One rule: a fact's words come from its own fields. `Weight` orders facts by how much a reader needs them to follow a
counterexample; the drawing keeps the weightiest and folds the rest.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any

from traces import facts


class Weight(IntEnum):
    """Lower matters more."""

    TURN = 0
    """Who leads, who is gone, what was cut off: the turns of the story."""
    SET = 1
    """The in-sync set changes."""
    RECORD = 2
    """Records appear, are copied, are acknowledged."""
    VIEW = 3
    """A node's view moves: it follows, its watermark rises."""
    MESSAGE = 4
    """A message by itself: a fetch is counted, an answer leaves."""
    ROUTINE = 5
    """Nothing new: folded unless there is room."""


NAMED = 8
"""Batches that are named one by one."""


def node(number: int) -> str:
    return f"n{number}" if number >= 0 else "nobody"


def members(nodes: Iterable[int]) -> str:
    return "{" + " ".join(node(number) for number in sorted(nodes)) + "}"


def _records(batches: Iterable[facts.Content], name: Callable[[int], str]) -> str:
    names = [name(batch.crc) for batch in batches]
    return " ".join(names) if len(names) <= NAMED else f"{names[0]} to {names[-1]}, {len(names)} batches"


def _promised(fact: facts.AcknowledgeProduce) -> str:
    return {0: "acks=0", 1: "acks=1"}.get(fact.acks, "acks=all")


def _answered(fact: facts.AnswerProbe) -> str:
    if fact.last_fetched_epoch < 0:
        return "answers a probe"
    if fact.diverging_epoch < 0:
        return "answers a probe: no divergence"
    return f"answers a probe: epoch {fact.diverging_epoch} ends at {fact.diverging_end}"


def _received(fact: facts.ReceiveFetch, name: Callable[[int], str]) -> str:
    if fact.batches:
        return f"copies {_records(fact.batches, name)}"
    return f"learns high watermark {fact.high_watermark}"


def _elected(fact: facts.Elect) -> str:
    if fact.leader < 0:
        return f"no leader in epoch {fact.leader_epoch}"
    return f"elects {node(fact.leader)}, epoch {fact.leader_epoch}"


def _sets(fact: Any) -> str:
    return f"ISR {members(fact.isr)}" + (f", eligible {members(fact.elr)}" if fact.elr else "")


_WORDS: dict[str, tuple[Weight, Callable[[Any, Callable[[int], str]], str]]] = {
    "CreatePartition": (Weight.TURN, lambda f, _: f"creates: {node(f.leader)} leads, ISR {members(f.isr)}"),
    "BeginPartition": (Weight.TURN, lambda f, _: f"was there: {node(f.leader)} leads, {_sets(f)}"),
    "BeginReplica": (Weight.TURN, lambda f, _: f"has {len(f.batches)} batches from {f.start} on its disk"),
    "Elect": (Weight.TURN, lambda f, _: _elected(f)),
    "FailOver": (
        Weight.TURN,
        lambda f, _: f"drops {node(f.removed)}, elects {node(f.leader)}, epoch {f.leader_epoch}",
    ),
    "DeletePartition": (Weight.TURN, lambda _f, _: "deletes the partition"),
    "ElectNone": (Weight.TURN, lambda f, _: f"no leader in epoch {f.leader_epoch}"),
    "ElectEligible": (Weight.TURN, lambda f, _: f"elects the eligible {node(f.leader)}, epoch {f.leader_epoch}"),
    "ElectUnclean": (Weight.TURN, lambda f, _: f"elects {node(f.leader)} uncleanly, epoch {f.leader_epoch}"),
    "TakeOffline": (
        Weight.TURN,
        lambda f, _: f"drops {node(f.removed)}, no leader in epoch {f.leader_epoch}, {_sets(f)}",
    ),
    "Fence": (
        Weight.SET,
        lambda f, _: f"drops {node(f.removed)}: {_sets(f)}" if f.removed >= 0 else f"a new minimum: {_sets(f)}",
    ),
    "AddReplicas": (Weight.SET, lambda f, _: f"puts in {members(f.added)}" if f.added else "the replicas stay"),
    "Reassign": (
        Weight.TURN,
        lambda f, _: f"takes out {node(f.removed)}; {node(f.leader)} leads epoch {f.leader_epoch}",
    ),
    "AlterPartition": (Weight.SET, lambda f, _: f"commits {_sets(f)}"),
    "CountOnAbsent": (Weight.SET, lambda f, _: f"counts on {node(f.node)}, which is fenced or about to stop"),
    "AllowUnclean": (
        Weight.SET,
        lambda f, _: f"unclean elections for {'every topic' if f.everywhere else 'the topic'}: {f.value or 'not said'}",
    ),
    "RefusePartition": (Weight.SET, lambda f, _: f"refuses {node(f.member)}, which has registered anew"),
    "Register": (Weight.VIEW, lambda f, _: f"registers {node(f.replica)}"),
    "LosePower": (Weight.VIEW, lambda f, _: f"registers {node(f.replica)}, which lost power"),
    "MemberLosesPower": (Weight.SET, lambda f, _: f"{node(f.replica)} lost power: {_sets(f)}"),
    "LeaderLosesPower": (
        Weight.TURN,
        lambda f, _: f"{node(f.replica)} lost power: {_sets(f)}, no leader in epoch {f.leader_epoch}",
    ),
    "BecomeLeader": (Weight.TURN, lambda f, _: f"leads epoch {f.leader_epoch} from {f.start_offset}"),
    "Resume": (Weight.TURN, lambda f, _: f"leads epoch {f.leader_epoch} on"),
    "DeleteReplica": (Weight.TURN, lambda _f, _: "deletes its log"),
    "BecomeFollower": (Weight.VIEW, lambda f, _: f"follows {node(f.leader)}, epoch {f.leader_epoch}"),
    "Restart": (Weight.TURN, lambda f, _: f"is back with {f.log_end} on its disk"),
    "Append": (Weight.RECORD, lambda f, name: f"appends {name(f.batch.crc)}"),
    "AcknowledgeProduce": (
        Weight.RECORD,
        lambda f, name: f"acknowledges {name(f.crc)} at {f.base_offset} ({_promised(f)})",
    ),
    "AdvanceHighWatermark": (Weight.VIEW, lambda f, _: f"high watermark {f.to}"),
    "ExpandIsr": (Weight.SET, lambda f, _: f"proposes to add {node(f.follower)}"),
    "ShrinkIsr": (Weight.SET, lambda f, _: f"proposes ISR {members(f.isr)}"),
    "LearnIsr": (Weight.MESSAGE, lambda f, _: f"learns ISR {members(f.isr)}"),
    "Acknowledge": (Weight.MESSAGE, lambda f, _: f"counts {node(f.follower)} at {f.offset}"),
    "AnswerFetch": (Weight.ROUTINE, lambda f, _: f"answers {node(f.follower)} from {f.offset}"),
    "AnswerProbe": (Weight.MESSAGE, lambda f, _: _answered(f)),
    "Truncate": (Weight.TURN, lambda f, _: f"truncates to {f.to}"),
    "FallBehind": (Weight.TURN, lambda f, _: f"drops its log, begins at {f.to} as {node(f.leader)} does"),
    "DeleteBelow": (Weight.VIEW, lambda f, _: f"deletes all below {f.to}"),
    "Compact": (Weight.VIEW, lambda f, _: f"compacts {f.begin} to {f.to}"),
    "RecoverStart": (Weight.VIEW, lambda f, _: f"finds a log that begins at {f.to}"),
    "AcknowledgeDeletion": (Weight.RECORD, lambda f, _: f"answers that all below {f.to} is deleted"),
    "Reconcile": (Weight.VIEW, lambda f, _: f"log confirmed by {node(f.leader)}"),
    "SendFetch": (Weight.ROUTINE, lambda f, _: f"fetches from {f.offset}"),
    "ReceiveFetch": (Weight.RECORD, _received),
}


def words(fact: Any, name: Callable[[int], str]) -> str:
    """The fact in a few words; `name` turns a batch's CRC into a letter."""
    return _WORDS[type(fact).__name__][1](fact, name)


def weight(fact: Any) -> Weight:
    return _WORDS[type(fact).__name__][0]
