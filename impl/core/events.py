"""What happens to a node, and what it does about it: `core.step(event, now) -> effects`.

One rule: everything undetermined enters as an argument. Events in, effects out; no clock, randomness, id or set
order comes from inside.

Both node kinds (`impl.core.broker.Broker`, `impl.core.controller.Controller`) have

    step(event: Event, now: Millis) -> list[Effect]

The host performs effects in order. A storage effect has been performed (and, where the configuration says so, synced)
before the effects that follow it leave the node; a crash between two effects is a crash the log survives.
"""

from impl.core.decided_facts import Fact
from impl.core.image import MetadataImage
from impl.core.messages import Reply, Request
from impl.core.metadata import MetadataRecord
from impl.core.quorum.batches import SnapshotId
from impl.core.quorum.effects import QuorumEffect
from impl.core.types import (
    Batch,
    Connection,
    EpochStart,
    LeaderEpoch,
    NodeId,
    Offset,
    TopicPartition,
    Value,
)


# ---------------------------------------------------------------- events
class RequestArrived(Value, frozen=True, gc=False):
    """`correlation` is the sender's; the reply carries it back on the same connection."""

    connection: Connection
    correlation: int
    request: Request


class ReplyArrived(Value, frozen=True, gc=False):
    """The answer of `node` to the request this node sent under `correlation`."""

    node: NodeId
    correlation: int
    reply: Reply


class ConnectionLost(Value, frozen=True, gc=False):
    """The connection this node had opened to `node` is gone: nobody knows what arrived of the unanswered requests."""

    node: NodeId


class Disconnected(Value, frozen=True, gc=False):
    """An incoming connection is gone: answers parked for it have nowhere to go."""

    connection: Connection


class Tick(Value, frozen=True, gc=False):
    """Time has passed. The runtime ticks every node at a fixed period (`Settings.tick_ms`)."""

    wall: int | None = None
    """What people's clocks say, in milliseconds since 1970; None: nobody asks how old a record is."""


class ShutDown(Value, frozen=True, gc=False):
    """Stop cleanly: a broker tells the controller, which moves its leaderships away, and then says `Stopped`."""


class LogStartDue(Value, frozen=True, gc=False):
    """Retention keeps nothing below `offset` in this log: it may begin there."""

    partition: TopicPartition
    offset: Offset


class LogsLost(Value, frozen=True, gc=False):
    """The directory in which these logs lie has failed: they are gone until the process starts again."""

    partitions: tuple[TopicPartition, ...]


class SnapshotLoaded(Value, frozen=True, gc=False):
    """What a LoadSnapshot found; `records` is None where the bytes are no snapshot."""

    snapshot: SnapshotId
    records: tuple[MetadataRecord, ...] | None


Event = (
    RequestArrived
    | ReplyArrived
    | ConnectionLost
    | Disconnected
    | Tick
    | ShutDown
    | LogStartDue
    | LogsLost
    | SnapshotLoaded
)


# ---------------------------------------------------------------- effects
class Send(Value, frozen=True, gc=False):
    """Send a request to a peer over the connection to it, opened if there is none."""

    node: NodeId
    correlation: int
    request: Request


class SendReply(Value, frozen=True, gc=False):
    connection: Connection
    correlation: int
    reply: Reply


class CreateLog(Value, frozen=True, gc=False):
    """The partition is ours: make its directory and an empty log, unless it is there.

    Emitted once per partition and start of the process, so that a recovered log takes over its topic's configuration,
    and again when that changes.
    """

    partition: TopicPartition
    topic_id: bytes
    configs: tuple[tuple[str, str], ...]


class DeleteLog(Value, frozen=True, gc=False):
    """The partition is no longer ours, or its topic is deleted: take its log away, whole or not at all.

    Its content may go later (file.delete.delay.ms). A `CreateLog` of the same partition may follow in the same step.
    """

    partition: TopicPartition
    topic_id: bytes
    """Of the log that goes."""


class AppendBatch(Value, frozen=True, gc=False, kw_only=True):
    """Write a batch at the end of the log, under this base offset and leader epoch."""

    partition: TopicPartition
    base_offset: Offset
    leader_epoch: LeaderEpoch
    batch: Batch


class TruncateLog(Value, frozen=True, gc=False):
    """Cut the log to `to`. The epoch checkpoint is written by `WriteEpochs`, which follows."""

    partition: TopicPartition
    to: Offset


class AdvanceLogStart(Value, frozen=True, gc=False):
    """Records below `to` are gone: storage deletes the segments that hold nothing else."""

    partition: TopicPartition
    to: Offset


class ResetLog(Value, frozen=True, gc=False):
    """Drop the whole log and begin anew, empty, at `to`: the leader has nothing older (truncateFullyAndStartAt)."""

    partition: TopicPartition
    to: Offset


class WriteEpochs(Value, frozen=True, gc=False):
    """The whole leader-epoch cache, to the leader-epoch-checkpoint file."""

    partition: TopicPartition
    epochs: tuple[EpochStart, ...]


class WriteHighWatermarks(Value, frozen=True, gc=False):
    """All high watermarks, to the replication-offset-checkpoint file.

    Every replica.high.watermark.checkpoint.interval.ms.
    """

    watermarks: tuple[tuple[TopicPartition, Offset], ...]


class AppendMetadata(Value, frozen=True, gc=False):
    """The active controller only: the quorum is to commit these records together (impl/core/quorum/controller.py)."""

    base_offset: Offset
    records: tuple[MetadataRecord, ...]


class Stopped(Value, frozen=True, gc=False):
    """The node has nothing left to do; the process may end."""


Effect = (
    Send
    | SendReply
    | CreateLog
    | DeleteLog
    | AppendBatch
    | TruncateLog
    | AdvanceLogStart
    | ResetLog
    | WriteEpochs
    | WriteHighWatermarks
    | AppendMetadata
    | QuorumEffect
    | Stopped
    | Fact
)


# ---------------------------------------------------------------- what a node starts from
class RecoveredProducer(Value, frozen=True, gc=False):
    """The last five batches of one producer below the high watermark, oldest first (KAFKA-5494).

    Later ones are in `RecoveredLog.tail`.
    """

    producer_id: int
    producer_epoch: int
    batches: tuple[tuple[int, int, Offset], ...]
    """(first sequence, last sequence, base offset)."""
    timestamps: tuple[int, ...] = ()
    """Of each batch's youngest record, in ms since 1970, where they are known."""


class RecoveredLog(Value, frozen=True, gc=False, kw_only=True):
    """One partition as recovery found it on disk."""

    partition: TopicPartition
    topic_id: bytes
    log_start: Offset
    log_end: Offset
    high_watermark: Offset
    """From the checkpoint, never above `log_end`."""
    epochs: tuple[EpochStart, ...]
    producers: tuple[RecoveredProducer, ...]
    """As of the high watermark; what producers wrote after it is in `tail`."""
    tail: tuple[Batch, ...]
    """Headers of every batch at or past the high watermark; `data` is None."""


class RecoveredMetadata(Value, frozen=True):
    """What is committed when a controller begins to decide."""

    records: tuple[MetadataRecord, ...]
    """The metadata log, from 0 or from where `image` ends."""
    image: MetadataImage | None = None
    """What the log before them came to; whoever is given it may change it."""
