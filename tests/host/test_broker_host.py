"""The order in which a broker's step takes effect, told by the disk; and what storage knows of its answers."""

import errno
from collections.abc import Callable
from typing import Any

import pytest

from impl.core.controller_messages import RegisterBroker
from impl.core.decided_facts import Fact
from impl.core.events import (
    AppendBatch,
    CreateLog,
    Effect,
    Send,
    SendReply,
    Stopped,
    TruncateLog,
    WriteEpochs,
    WriteHighWatermarks,
)
from impl.core.facts import Truncate
from impl.core.messages import Fetched, FetchedPartition, ListedOffset, ListedOffsets, Produced, TimestampLookup
from impl.core.settings import Settings
from impl.core.types import (
    Connection,
    EpochStart,
    ErrorCode,
    LeaderEpoch,
    LogSlice,
    NodeId,
    Offset,
    TopicPartition,
)
from impl.host.broker import BrokerHost
from impl.sim.disk import Crashed, PowerLost, SimDisk
from impl.storage.errors import LogDirectoryFailed
from impl.storage.log_config import LogConfig
from impl.wire import batches
from tests.host.cores import NOW, ScriptedCore, TellingDisk
from tests.storage.logs import TOPIC_ID, a_batch

T0 = TopicPartition("t", 0)
T1 = TopicPartition("t", 1)
LOG0 = "t-0/00000000000000000000.log"
LOG1 = "t-1/00000000000000000000.log"
SYNCED = LogConfig(flush_messages=1)
SEND = Send(NodeId(3000), 1, RegisterBroker(broker=NodeId(1), incarnation=b"", cluster_id="", host="", port=0))
REPLY = SendReply(Connection(5), 6, Produced(()))
FACT = Truncate(partition="t-0", leader_epoch=LeaderEpoch(0), to=Offset(0), high_watermark=Offset(0))


def a_host(
    disk: SimDisk,
    config: LogConfig = SYNCED,
    record: Callable[[list[Fact]], None] = lambda _: None,
    report: Callable[[str], None] = lambda _: None,
) -> Any:
    core: Any = ScriptedCore
    return BrokerHost(
        disk,
        Settings(node=NodeId(1)),
        config,
        host="n1",
        port=9092,
        incarnation=bytes(16),
        record=record,
        make_broker=core,
        report=report,
    )


def create(partition: TopicPartition) -> Effect:
    return CreateLog(partition, TOPIC_ID, ())


def append(name: str, offset: int, partition: TopicPartition = T0, epoch: int = 0, timestamp: int = 1_000) -> Effect:
    return AppendBatch(
        partition=partition,
        base_offset=Offset(offset),
        leader_epoch=LeaderEpoch(epoch),
        batch=a_batch(name, timestamp=timestamp),
    )


# ---------------------------------------------------------------- order
def test_nothing_is_recorded_or_sent_before_the_step_is_on_the_disk_and_synced() -> None:
    disk = TellingDisk()
    host = a_host(disk, record=lambda facts: disk.story.append(f"record {len(facts)}"))
    host.handle([create(T0), create(T1)], NOW)
    disk.told()
    step = [FACT, SEND, append("a", 0), REPLY, append("x", 0, T1), FACT, append("b", 1)]
    assert host.handle(step, NOW) == [SEND, REPLY]
    assert disk.told() == [
        f"append {LOG0}",
        f"append {LOG1}",
        f"append {LOG0}",
        f"sync {LOG0}",
        f"sync {LOG1}",
        "record 2",
    ]


def test_without_flush_messages_nothing_is_synced_but_cuts() -> None:
    disk = TellingDisk()
    host = a_host(disk, LogConfig())
    host.handle([create(T0)], NOW)
    disk.told()
    host.handle([append("a", 0), append("b", 1), REPLY], NOW)
    assert disk.told() == [f"append {LOG0}", f"append {LOG0}"]
    host.handle([TruncateLog(T0, Offset(1))], NOW)
    assert disk.told()[:2] == [f"truncate {LOG0}", f"sync {LOG0}"]


def test_storage_effects_are_performed_in_the_order_of_the_step() -> None:
    disk = TellingDisk()
    host = a_host(disk)
    epochs = (EpochStart(LeaderEpoch(0), Offset(0)), EpochStart(LeaderEpoch(1), Offset(1)))
    host.handle([create(T0)], NOW)
    host.handle([append("a", 0), append("b", 1)], NOW)
    disk.told()
    host.handle(
        [
            TruncateLog(T0, Offset(1)),
            WriteEpochs(T0, epochs),
            append("c", 1, epoch=1),
            WriteHighWatermarks(((T0, Offset(1)),)),
        ],
        NOW,
    )
    told = [line for line in disk.told() if "index" not in line]
    assert told == [
        f"truncate {LOG0}",
        f"sync {LOG0}",
        "replace t-0/leader-epoch-checkpoint",
        f"append {LOG0}",
        "replace replication-offset-checkpoint",
        "replace recovery-point-offset-checkpoint",
        f"sync {LOG0}",
    ]
    assert disk.read_file("t-0/leader-epoch-checkpoint") == b"0\n2\n0 0\n1 1\n"
    assert disk.read_file("replication-offset-checkpoint") == b"0\n1\nt 0 1\n"
    assert disk.read_file("recovery-point-offset-checkpoint") == b"0\n1\nt 0 1\n"


def test_a_step_without_storage_effects_leaves_the_disk_alone() -> None:
    disk = TellingDisk()
    facts: list[Fact] = []
    host = a_host(disk, record=facts.extend)
    disk.told()
    assert host.handle([SEND, FACT, REPLY], NOW) == [SEND, REPLY]
    assert host.handle([], NOW) == []
    assert (disk.told(), facts) == ([], [FACT])


def test_a_step_cut_anywhere_has_told_nobody_and_is_recovered() -> None:
    """Whichever operation is the last: nothing recorded, nothing sent, and the log is one the step led through."""
    ends = set()
    for operations in range(1, 30):
        for error in (Crashed, PowerLost):
            disk = SimDisk()
            recorded: list[Fact] = []
            host = a_host(disk, record=recorded.extend)
            host.handle([create(T0)], NOW)
            disk.fail_after(operations, error)
            step = [append("a", 0), append("b", 1), TruncateLog(T0, Offset(1)), append("c", 1, epoch=1), FACT, REPLY]
            try:
                sent = host.handle(step, NOW)
            except Crashed:
                sent = None
                assert recorded == []
            disk.crash_process()
            if error is PowerLost:
                disk.lose_power(lambda *_: 0)
            (state,) = a_host(disk).broker.named["logs"]
            ends.add((sent is not None, state.log_end))
            if sent is not None:
                assert (sent, recorded, state.log_end) == ([REPLY], [FACT], 2)
    assert ends == {(False, 0), (False, 1), (False, 2), (True, 2)}


# ---------------------------------------------------------------- starting and stopping
def test_the_core_is_told_what_recovery_found() -> None:
    disk = SimDisk()
    host = a_host(disk)
    host.handle([create(T0), create(T1)], NOW)
    host.handle([append("a", 0), append("b", 1), WriteHighWatermarks(((T0, Offset(1)), (T1, Offset(0))))], NOW)
    lines: list[str] = []
    disk.open(LOG1).append(b"torn")
    core = a_host(disk, report=lines.append).broker
    assert {name: core.named[name] for name in ("host", "port", "incarnation")} == {
        "host": "n1",
        "port": 9092,
        "incarnation": bytes(16),
    }
    first, second = core.named["logs"]
    assert (first.partition, first.topic_id, first.log_end, first.high_watermark) == (T0, TOPIC_ID, 2, 1)
    assert [batch.base_offset for batch in first.tail] == [1]
    assert (second.partition, second.log_end) == (T1, 0)
    assert lines == [f"{LOG1} cut at byte 0, offset 0: 4 bytes are fewer than a batch header"]


def test_a_broker_that_stops_leaves_a_clean_directory() -> None:
    disk = SimDisk()
    host = a_host(disk, LogConfig())
    host.broker.clean_epoch = 44
    host.handle([create(T0), append("a", 0)], NOW)
    assert host.handle([SEND, Stopped()], NOW) == [SEND, Stopped()]
    disk.lose_power(lambda *_: 0)
    assert disk.read_file(".kafka_cleanshutdown") == b'{"version":0,"brokerEpoch":44}'
    host = a_host(disk)
    assert host.directories.online[0].stopped_cleanly
    assert host.broker.named["logs"][0].log_end == 1


# ---------------------------------------------------------------- answers
def slice_of(start: int, limit: int, max_bytes: int = 1_000, partition: TopicPartition = T0) -> FetchedPartition:
    return FetchedPartition(
        partition=partition,
        error=ErrorCode.NONE,
        high_watermark=Offset(7),
        log_start=Offset(3),
        diverging=(LeaderEpoch(1), Offset(2)),
        records=LogSlice(partition=partition, start=Offset(start), limit=Offset(limit), max_bytes=max_bytes),
    )


def fetched(*partitions: FetchedPartition) -> SendReply:
    return SendReply(Connection(1), 2, Fetched(partitions))


def records_of(answer: FetchedPartition) -> list[int]:
    assert isinstance(answer.records, bytes)
    return [offset for offset, *_ in batches.records(answer.records)]


def test_slices_become_bytes_as_the_log_is_at_that_place_of_the_step() -> None:
    host = a_host(SimDisk())
    host.handle([create(T0), append("a", 0), append("b", 1)], NOW)
    empty = FetchedPartition(
        partition=T1, error=ErrorCode.NOT_LEADER_OR_FOLLOWER, high_watermark=Offset(-1), log_start=Offset(-1)
    )
    before, after = host.handle(
        [
            fetched(slice_of(0, 2), empty),
            TruncateLog(T0, Offset(1)),
            append("c", 1, epoch=1),
            append("d", 2, epoch=1),
            fetched(slice_of(0, 3), slice_of(1, 2), slice_of(3, 3)),
        ],
        NOW,
    )
    answer, untouched = before.reply.partitions
    assert [value for _, _, _, value in batches.records(answer.records)] == [b"a/0", b"b/0"]
    assert (answer.high_watermark, answer.log_start, answer.diverging) == (7, 3, (1, 2))
    assert (before.connection, before.correlation, untouched) == (1, 2, empty)
    whole, limited, nothing = after.reply.partitions
    assert [value for _, _, _, value in batches.records(whole.records)] == [b"a/0", b"c/0", b"d/0"]
    assert records_of(limited) == [1]
    assert nothing.records == b""


def test_times_become_offsets() -> None:
    host = a_host(SimDisk())
    host.handle([create(T0), append("a", 0, timestamp=100), append("b", 1, epoch=2, timestamp=200)], NOW)

    def ask(timestamp: int, limit: int) -> ListedOffset:
        lookup = TimestampLookup(T0, timestamp, Offset(limit))
        asked = ListedOffset(T0, ErrorCode.NONE, lookup, -1, LeaderEpoch(-1))
        known = ListedOffset(T1, ErrorCode.NONE, Offset(9), -1, LeaderEpoch(4))
        (sent,) = host.handle([SendReply(Connection(1), 2, ListedOffsets((asked, known)))], NOW)
        answer, untouched = sent.reply.offsets
        assert untouched == known
        assert isinstance(answer, ListedOffset)
        return answer

    assert ask(150, 2) == ListedOffset(T0, ErrorCode.NONE, Offset(1), 200, LeaderEpoch(2))
    assert ask(150, 1) == ask(201, 2) == ListedOffset(T0, ErrorCode.NONE, Offset(-1), -1, LeaderEpoch(-1))


def test_a_damaged_log_is_one_partitions_error_and_a_line_for_people() -> None:
    disk = SimDisk()
    lines: list[str] = []
    host = a_host(disk, report=lines.append)
    host.handle([create(T0), create(T1), append("a", 0), append("b", 1), append("x", 0, T1)], NOW)
    host = a_host(disk, report=lines.append)
    disk.open(LOG0).write_at(8, b"\0\0\0\0")
    (sent,) = host.handle([fetched(slice_of(0, 2), slice_of(0, 1, partition=T1))], NOW)
    damaged, sound = sent.reply.partitions
    assert (damaged.error, damaged.records) == (ErrorCode.KAFKA_STORAGE_ERROR, b"")
    assert (sound.error, records_of(sound)) == (ErrorCode.NONE, [0])
    assert len(lines) == 1
    assert lines[0].startswith(f"{LOG0} at byte 0: length 0 is shorter than a batch header, although it was synced")


# ---------------------------------------------------------------- a disk that fails
class FullDisk(SimDisk):
    full = False

    def burn(self, *, records: bool = False) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device", LOG0)
        self.fuse = 1
        self.records_too = records


def test_what_the_system_refuses_is_said_in_one_line_and_nobody_is_told() -> None:
    disk = FullDisk()
    disk.fuse = 1
    recorded: list[Fact] = []
    host = a_host(disk, record=recorded.extend)
    host.handle([create(T0)], NOW)
    disk.full = True
    with pytest.raises(
        LogDirectoryFailed, match=f"log directory failed at {LOG0}: No space left on device; free"
    ) as failed:
        host.handle([FACT, append("a", 0), REPLY], NOW)
    assert (failed.value.path, failed.value.reason, recorded) == (LOG0, "No space left on device", [])
    with pytest.raises(LogDirectoryFailed):
        a_host(disk)
