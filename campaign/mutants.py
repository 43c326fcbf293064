"""Bugs to plant in the broker: past mistakes of Kafka and its kin, each a few overridden lines with its history.

One rule: a mutant changes one decision. It subclasses the partition or the controller and overrides the small method
that decides, so that the code it breaks is the code that runs. What else it overrides puts the broker back to where
the bug lived, and says so.

A mutant that is not found is a question, not a pass: either the search is too small or the guard is redundant.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from impl.core.broker import Broker
from impl.core.controller import Controller
from impl.core.events import Effect
from impl.core.image import PartitionImage
from impl.core.leader import Peer
from impl.core.messages import AlterIsr, FetchedPartition, FetchPartition
from impl.core.partition import Partition
from impl.core.producers import ProducerStates
from impl.core.types import NO_EPOCH, Batch, ErrorCode, LeaderEpoch, Millis, NodeId, Offset


class Mutant(NamedTuple):
    """One planted bug and the classes to run in place of the broker's own."""

    id: str
    title: str
    history: str
    invariants: tuple[str, ...]
    """Ids of the invariants it may be seen to break; the first is the one it stands for."""
    broker: type[Broker]
    controller: type[Controller]


MUTANTS: dict[str, Mutant] = {}
"""By id."""


def _broker_of(partition: type[Partition]) -> type[Broker]:
    class PlantedBroker(Broker):
        partition_class = partition

    return PlantedBroker


def mutant(name: str, *invariants: str) -> Callable[[Any], Any]:
    """Register a subclass as a mutant. Its docstring's first line is the title, the rest the history."""

    def register(planted: Any) -> Any:
        title, _, history = planted.__doc__.partition("\n\n")
        broker: type[Broker] = Broker
        controller: type[Controller] = Controller
        if issubclass(planted, Controller):
            controller = planted
        else:
            broker = _broker_of(planted)
        text = " ".join(history.split())
        MUTANTS[name] = Mutant(name, title, text, invariants, broker, controller)
        return planted

    return register


# ---------------------------------------------------------------- following a new leader
class _AsksNobody(Partition):
    """A follower as it was before truncation on fetch: what it sends does not say which epoch its log ends in."""

    __slots__ = ()

    def position(self, max_bytes: int) -> FetchPartition:
        asked = super().position(max_bytes)
        return FetchPartition(
            partition=asked.partition,
            current_leader_epoch=asked.current_leader_epoch,
            fetch_offset=asked.fetch_offset,
            last_fetched_epoch=NO_EPOCH if self.reconciled else asked.last_fetched_epoch,
            max_bytes=max_bytes,
        )


@mutant("kip-101", "no_committed_loss", "log_matching", "high_watermark_bound")
class TruncatesToHighWatermark(_AsksNobody):
    """A new follower cuts its log to its own high watermark.

    KIP-101 (KAFKA-1211), until Kafka 0.11. A follower's watermark lags its leader's by one fetch, so what it cuts may
    be committed; when it is elected next, the record is gone. The fix asks the new leader where the logs differ.
    """

    __slots__ = ()

    def become_follower(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        super().become_follower(version, now, out)
        if self.high_watermark < self.log_end:
            self.truncate(self.high_watermark, out)
        self.reconcile(out)


@mutant("kip-279", "log_matching", "high_watermark_bound", "no_committed_loss")
class TruncatesInOneRound(_AsksNobody):
    """A follower takes the leader's first answer for the last.

    KIP-279 (KAFKA-6361), until Kafka 2.0. After two elections in a row the leader may not have the follower's last
    epoch at all, and answers with where the next one begins: foreign records of the same length survive below it.
    """

    __slots__ = ()

    def truncation_point(self, diverging: tuple[LeaderEpoch, Offset]) -> Offset:
        return Offset(min(diverging[1], self.log_end))

    def diverged(self, diverging: tuple[LeaderEpoch, Offset], out: list[Effect]) -> None:
        super().diverged(diverging, out)
        self.reconcile(out)


# ---------------------------------------------------------------- what a leader counts
@mutant("fetch-without-epoch-check", "epoch_fencing", "no_committed_loss", "high_watermark_bound", "log_matching")
class CountsAnyEpoch(Partition):
    """A leader counts the fetch of a follower that is in another epoch.

    KAFKA-6880, KIP-320, until Kafka 2.1. A follower that missed two elections still counts for the watermark and the
    in-sync set, although its log may differ below its position.
    """

    __slots__ = ()

    def epoch_error(self, current_leader_epoch: LeaderEpoch) -> ErrorCode:  # noqa: ARG002 - not looking is the bug
        return ErrorCode.NONE


@mutant("diverging-fetch-counted", "high_watermark_bound", "no_committed_loss", "log_matching")
class CountsDivergingFetch(Partition):
    """A leader counts the position of a log that it just found to differ from its own.

    KAFKA-13141, Kafka 2.7 to 3.0. With truncation on fetch a follower fetches at once, and the leader recorded the
    fetch offset before it looked whether the logs diverge. Here followers do not probe first, as in Kafka.
    """

    __slots__ = ()

    def become_follower(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        super().become_follower(version, now, out)
        self.reconciled = True

    def diverged(self, diverging: tuple[LeaderEpoch, Offset], out: list[Effect]) -> None:
        super().diverged(diverging, out)
        self.reconciled = True

    def admit(self, asked: FetchPartition, replica: NodeId, now: Millis, out: list[Effect]) -> FetchedPartition | None:
        if replica >= 0 and self.refusal(asked) is ErrorCode.NONE and self.divergence(asked) is not None:
            self.count(asked.fetch_offset, replica, now, out)
        return super().admit(asked, replica, now, out)


# ---------------------------------------------------------------- what a leader promises
@mutant("ack-before-isr", "no_committed_loss")
class AcknowledgesAtOnce(Partition):
    """acks=all is answered when the leader alone has the record.

    The classic: any broker that answers from its own log, or from memory, before its peers have it. The record is lost
    with the leader.
    """

    __slots__ = ()

    def is_acknowledged(self, acks: int, end: Offset) -> bool:  # noqa: ARG002 - not looking is the bug
        return True


@mutant("producer-state-forgotten", "per_key_order")
class ForgetsProducers(Partition):
    """A new leader does not know what the old one's producers have sent.

    Redpanda #3039 and its kin: deduplication lived in the leader's memory and was not rebuilt from the replicated log.
    A batch whose acknowledgement was lost is sent again to the new leader, and stands in the log twice.
    """

    __slots__ = ()

    def become_leader(self, version: PartitionImage, now: Millis, out: list[Effect]) -> None:
        self.producers = _TakesStrangers()
        super().become_leader(version, now, out)


class _TakesStrangers(ProducerStates):
    """Lets an unknown producer begin with any sequence, as Kafka does."""

    __slots__ = ()

    def check(self, batch: Batch) -> ErrorCode:
        return super().check(batch) if self.of(batch.producer_id) else ErrorCode.NONE


# ---------------------------------------------------------------- the in-sync set
@mutant("expand-without-epoch-start", "no_committed_loss", "high_watermark_bound")
class ExpandsBelowEpochStart(Partition):
    """A new leader admits a follower that has not reached the start of its epoch.

    KAFKA-7128, until Kafka 2.0. A new leader's watermark lags; a follower at that watermark joins the in-sync set
    without the committed tail, and may be elected.
    """

    __slots__ = ()

    def may_join(self, peer: Peer) -> bool:
        return peer.log_end >= self.high_watermark and self.image.is_active(peer.node)


@mutant("eager-shrink", "no_committed_loss", "high_watermark_bound", "quorum_superset")
class ShrinksAtOnce(Partition):
    """A leader stops counting a follower before the controller has removed it from the in-sync set.

    What KIP-497 forbids (Partition.prepareIsrShrink keeps the maximal set). The watermark passes a member that the
    controller may still elect.
    """

    __slots__ = ()

    def propose_shrinking(self, isr: tuple[NodeId, ...], out: list[Effect]) -> None:
        super().propose_shrinking(isr, out)
        self.count_set(isr)
        self.advance(out)


@mutant("late-expand", "quorum_superset", "no_committed_loss")
class CountsAfterCommit(Partition):
    """A leader counts a follower only once it has learnt that the controller admitted it.

    The other half of KIP-497: between the controller's decision and the leader's learning of it, the watermark passes
    a replica that the controller may already elect.
    """

    __slots__ = ()

    def propose_expansion(self, peer: Peer, out: list[Effect]) -> None:
        super().propose_expansion(peer, out)
        self.count_set(self.isr)


@mutant("majority-watermark", "high_watermark_bound", "no_committed_loss")
class CommitsByMajority(Partition):
    """The watermark moves when most of the in-sync set has a record.

    Right for Raft, where a leader needs a majority's votes; wrong for Kafka, where any member of the in-sync set may
    be elected by itself.
    """

    __slots__ = ()

    def watermark_candidate(self) -> Offset:
        ends = sorted([self.log_end, *(peer.log_end for peer in self.counted)])
        return ends[(len(ends) - 1) // 2]


@mutant("alter-partition-without-cas", "quorum_superset", "no_committed_loss", "high_watermark_bound")
class AcceptsOutdatedProposals(Controller):
    """The controller accepts an in-sync set that was proposed in sight of an older version of the partition.

    KIP-497 gave AlterPartition its compare-and-set. Without it a proposal that was delayed overwrites a newer set, and
    puts back a replica that the leader has stopped counting.
    """

    def is_outdated(self, proposal: AlterIsr, partition: PartitionImage) -> bool:  # noqa: ARG002 - not looking is the bug
        return False
