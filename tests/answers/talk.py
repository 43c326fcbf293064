"""Conversations by hand: a desk, one node with one partition, and what is said to it."""

from impl.core.messages import (
    EpochEnd,
    EpochEnds,
    EpochQuery,
    Fetch,
    Fetched,
    FetchedPartition,
    FetchPartition,
    ListedOffset,
    ListedOffsets,
    ListOffsets,
    OffsetForLeaderEpoch,
    OffsetQuery,
    Produce,
    Produced,
    ProducedPartition,
    ProducePartition,
)
from impl.core.types import ErrorCode, TopicPartition
from impl.wire.batches import build, validate_produce
from invariants.answers.desk import Desk
from invariants.answers.standing import Standing
from invariants.step.ghost import Replica
from traces.facts import Content

T0 = TopicPartition("t", 0)
NODE, LIFE, CONNECTION = "n1", 0, 7


def leading(epoch=3, end=4, high_watermark=2, **more):
    """n1, a leader with records 0 to `end` of producer 5, each a batch."""
    replica = Replica(1, leading=True, leader_epoch=epoch, high_watermark=high_watermark, maximal_isr=(1, 2), **more)
    for offset in range(end):
        replica.log.append(Content(offset, 1, epoch, offset, 5, 0, offset), f"prefix {offset}")
    return replica


def elected():
    """n1, a leader that has written nothing in its epoch, 4, and does not know yet what is committed."""
    replica = leading()
    replica.leader_epoch = 4
    return replica


class Stands(Standing):
    """Where one says that it stands."""

    here = known = reads = deletes = knows_producers = True
    replicas, isr, minimum, batch_bytes_max = (1, 2, 3), (1, 2), 2, 1 << 60

    def __init__(self, replica, **standing):
        super().__init__(replica)
        vars(self).update(standing)


class Talk:
    """One node, and where it stands; `broken` is what its desk found."""

    def __init__(self, replica=None, **standing):
        self.replica = leading() if replica is None else replica
        self.standing = Stands(self.replica, **standing)
        self.desk = Desk(lambda *_: self.standing, lambda *_: self.replica)
        self.correlation = 0

    def ask(self, request, at=0, step=0):
        self.correlation += 1
        self.desk.asked(NODE, LIFE, CONNECTION, self.correlation, request, at, step)
        return self.correlation

    def answer(self, correlation, reply, at=0, step=0, **more):
        self.desk.answered(NODE, LIFE, CONNECTION, correlation, reply, at, step, **more)

    def exchange(self, request, reply, at=0, step=0, **more):
        self.answer(self.ask(request), reply, at, step, **more)
        return self.broken

    @property
    def broken(self):
        violated = self.desk.violated
        return None if violated is None else (violated.invariant, violated.sentence)


def fetch(epoch=3, offset=2, replica=-1, rack="", wait=200, last=-1, **more):
    wanted = FetchPartition(
        partition=T0,
        current_leader_epoch=epoch,
        fetch_offset=offset,
        last_fetched_epoch=last,
        max_bytes=100,
        rack=rack if replica < 0 else None,
    )
    more.setdefault("partitions", (wanted,))
    return Fetch(replica_id=replica, max_wait_ms=wait, min_bytes=1, max_bytes=100, **more)


def fetched(error=ErrorCode.NONE, **more):
    return Fetched((FetchedPartition(partition=T0, error=error, high_watermark=2, log_start=0),), **more)


def produce(acks=-1, sequence=4, timeout=500, producer=5, epoch=0):
    data = build([(b"k", b"v")], timestamp=0, producer_id=producer, producer_epoch=epoch, base_sequence=sequence)
    return Produce(acks=acks, timeout_ms=timeout, partitions=(ProducePartition(T0, validate_produce(data)),))


def produced(error=ErrorCode.NONE):
    return Produced((ProducedPartition(T0, error, 4, 0),))


def list_offsets(epoch=3):
    return ListOffsets((OffsetQuery(T0, epoch, -1),))


def listed(error=ErrorCode.NONE):
    return ListedOffsets((ListedOffset(T0, error, -1, -1, -1),))


def epoch_end(epoch=3):
    return OffsetForLeaderEpoch((EpochQuery(T0, epoch, 0),))


def ended(error=ErrorCode.NONE):
    return EpochEnds((EpochEnd(T0, error, -1, -1),))
