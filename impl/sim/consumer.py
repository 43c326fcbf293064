"""A consumer: reads each partition below the high watermark, from the start of the log onwards, in turn from its leader
and from a follower (KIP-392).

One rule: it never goes back, and skips nothing but what is deleted; an offset it cannot read is asked for again, and of
the leader.
"""

from msgspec.structs import replace

from impl.core.events import Send
from impl.core.messages import CONSUMER, Fetch, Fetched, FetchPartition, Reply
from impl.core.types import (
    NO_EPOCH,
    NO_ERROR,
    Batch,
    ErrorCode,
    NodeId,
    Offset,
    TopicPartition,
)
from impl.sim.client import BACKOFF_MS, Client, Target, moved
from impl.sim.ledger import Report
from impl.sim.tombstones import name_at
from impl.wire.batches import CorruptBatch, records_of

WAIT_MS = 200
BYTES_MAX = 65_536


class Consumer(Client):
    """One reading client; `number` is its place among the clients, from 1."""

    def __init__(self, name: str, number: int, target: Target, report: Report) -> None:
        super().__init__(name, target)
        self.positions: dict[TopicPartition, Offset] = dict.fromkeys(self.partitions, Offset(0))
        self._read_of: dict[bytes, dict[TopicPartition, Offset]] = {}
        """By topic id, where topics of one name follow each other: the positions in each."""
        self.high_watermarks: dict[TopicPartition, Offset] = {}
        """As the last answer of each partition's leader gave it."""
        self._number = number
        self._report = report
        self._operations = 0
        self._fetching: set[TopicPartition] = set()
        self._resume_at = 0
        self._asked: dict[TopicPartition, NodeId] = {}
        self._turns: dict[TopicPartition, int] = dict.fromkeys(self.partitions, 0)
        """An even turn is the leader's."""

    def flow(self, now: int, sends: list[Send]) -> None:
        if now < self._resume_at:
            return
        for partition in self.partitions:
            if partition not in self._fetching:
                self._fetching.add(partition)
                epoch = self.leaders[partition][1]
                wanted = FetchPartition(
                    partition=partition,
                    current_leader_epoch=epoch,
                    fetch_offset=self.positions[partition],
                    last_fetched_epoch=NO_EPOCH,
                    max_bytes=BYTES_MAX,
                    rack="",
                )
                request = Fetch(
                    replica_id=CONSUMER,
                    max_wait_ms=WAIT_MS,
                    min_bytes=1,
                    max_bytes=BYTES_MAX,
                    partitions=(wanted,),
                )
                self._asked[partition] = node = self._next(partition)
                self.request(node, request, partition, now, sends)

    def _next(self, partition: TopicPartition) -> NodeId:
        """Whom to ask now: the leader, a follower, the leader, another follower, ..."""
        turn = self._turns[partition]
        self._turns[partition] = turn + 1
        leader = self.leaders[partition][0]
        followers = [node for node in self.replicas[partition] if node != leader]
        return leader if turn % 2 == 0 or not followers else followers[turn // 2 % len(followers)]

    def _ask_leader(self, partition: TopicPartition) -> None:
        """What went wrong may be the follower's alone."""
        self._turns[partition] += self._turns[partition] % 2

    def answered(self, about: TopicPartition, reply: Reply, now: int) -> None:
        assert isinstance(reply, Fetched)
        self._fetching.discard(about)
        answer = reply.partitions[0]
        if answer.error == NO_ERROR and answer.partition != about:
            # It answers for another topic of the name than was asked about.
            answer = replace(answer, error=ErrorCode.UNKNOWN_TOPIC_ID)
        if answer.error == NO_ERROR:
            if self._asked.get(about) == self.leaders[about][0]:
                self.high_watermarks[about] = answer.high_watermark
            assert isinstance(answer.records, tuple), "whoever reads from a connection cuts records into batches"
            for batch in answer.records:
                self._read(about, batch, now)
            return
        if answer.error == ErrorCode.OFFSET_OUT_OF_RANGE and answer.log_start > self.positions[about]:
            self.positions[about] = answer.log_start
        self._resume_at = now + BACKOFF_MS
        self._ask_leader(about)
        if moved(answer.error):
            self.refresh(now)

    def _read(self, partition: TopicPartition, batch: Batch, now: int) -> None:
        try:
            for offset, _, key, value in records_of(batch):
                # A whole batch is sent even where the position is in its middle.
                if offset >= self.positions[partition]:
                    name = _text(value) if value is not None else name_at(batch, offset)
                    self._tell_read(partition, Offset(offset), _text(key), name, now)
        except CorruptBatch as error:
            # Its checksum is right, so a broker answers for it: whoever judges what was read is told what is there.
            self._tell_read(partition, self.positions[partition], "", str(error), now)
        # Past what compaction has taken out of its end, too.
        self.positions[partition] = max(self.positions[partition], Offset(batch.base_offset + batch.record_count))

    def _tell_read(self, partition: TopicPartition, offset: Offset, key: str, value: str, now: int) -> None:
        self.positions[partition] = Offset(offset + 1)
        self._operations += 1
        self._report(
            {
                "at": now,
                "client": self.name,
                "process": self._number * 16,
                "id": self._operations,
                "operation": "consume",
                "phase": "ok",
                "partition": self.label(partition),
                "key": key,
                "value": value,
                "offset": offset,
            }
        )

    def renew(self, topic_id: bytes, now: int) -> None:
        """Go on in that topic where this consumer was, if it ever read it."""
        del now
        self.forget_all(TopicPartition)
        self._fetching.clear()
        self._asked.clear()
        self.high_watermarks.clear()
        self.positions = self._read_of.setdefault(topic_id, dict.fromkeys(self.partitions, Offset(0)))

    def unanswered(self, about: TopicPartition, now: int) -> None:
        self._fetching.discard(about)
        self._ask_leader(about)
        self._resume_at = now + BACKOFF_MS
        self.refresh(now)

    def caught_up(self) -> bool:
        """Every partition has been read up to the high watermark last told."""
        return all(
            partition in self.high_watermarks and position >= self.high_watermarks[partition]
            for partition, position in self.positions.items()
        )


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="backslashreplace")
