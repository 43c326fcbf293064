"""Log directories whose disk fails: one is lost with its logs, the others go on, and without any the broker stops."""

from typing import Any

import pytest

from impl.core.events import AppendBatch, CreateLog, Effect, Event, LogsLost, Send, SendReply, Stopped, WriteEpochs
from impl.core.facts import Append
from impl.core.messages import Fetch, Fetched, FetchedPartition, FetchPartition, Produced, ProducedPartition
from impl.core.replica import content
from impl.core.settings import Settings
from impl.core.types import ErrorCode, LeaderEpoch, LogSlice, Millis, NodeId, Offset, TopicPartition
from impl.host.broker import BrokerHost
from impl.sim.disk import SimDisk, SimFile
from impl.storage.errors import DuplicateLog, LogDirectoryFailed
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory
from tests.host.cores import NOW, ScriptedCore
from tests.storage.logs import TOPIC_ID, a_batch

T0, T1 = TopicPartition("t", 0), TopicPartition("t", 1)
EPOCH = LeaderEpoch(0)
NO_SPACE = OSError(28, "No space left on device", "a file")


class FullFile:
    """Writes and syncs fail once the disk is full."""

    def __init__(self, file: SimFile, disk: "FillingDisk") -> None:
        self._file = file
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        if name in self._disk.refuses:
            raise NO_SPACE
        return getattr(self._file, name)


class FillingDisk(SimDisk):
    """`refuses` names the calls that fail from now on."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: frozenset[str] = frozenset()

    def open(self, path: str, *, create: bool = False) -> Any:
        if "open" in self.refuses:
            raise NO_SPACE
        return FullFile(super().open(path, create=create), self)

    def list(self, path: str) -> list[str]:
        if "list" in self.refuses:
            raise NO_SPACE
        return super().list(path)


class TellingCore(ScriptedCore):
    """Remembers what it hears beside its script."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.heard: list[Event] = []

    def step(self, effects: Any, now: Millis) -> list[Effect]:
        if isinstance(effects, list):
            return super().step(effects, now)
        self.heard.append(effects)
        return []


class Running:
    """A broker on two disks, one log on each."""

    def __init__(self, flush_messages: int = 1) -> None:
        self.disks = [FillingDisk(), FillingDisk()]
        self.facts: list[Any] = []
        self.lines: list[str] = []
        self.host = BrokerHost(
            self.disks,
            Settings(node=NodeId(1)),
            LogConfig(flush_messages=flush_messages),
            host="n1",
            port=1,
            incarnation=bytes(16),
            record=self.facts.extend,
            make_broker=TellingCore,
            report=self.lines.append,
        )
        self.do(CreateLog(T0, TOPIC_ID, ()), CreateLog(T1, TOPIC_ID, ()))

    @property
    def heard(self) -> list[Event]:
        return self.host.broker.heard

    def do(self, *effects: Effect) -> list[Any]:
        return self.host.handle(list(effects), NOW)


def appended(partition: TopicPartition, offset: int = 0) -> list[Effect]:
    batch = a_batch("a")
    where = Offset(offset)
    return [
        AppendBatch(partition=partition, base_offset=where, leader_epoch=EPOCH, batch=batch),
        Append(partition=str(partition), leader_epoch=EPOCH, batch=content(batch, where, EPOCH)),
    ]


PRODUCED = Produced(tuple(ProducedPartition(each, ErrorCode.NONE, Offset(0), Offset(0)) for each in (T0, T1)))


def test_logs_are_spread_and_found_again() -> None:
    running = Running()
    assert [sorted(map(str, home.logs)) for home in running.host.directories.online] == [["t-0"], ["t-1"]]
    running.do(Stopped())
    again = BrokerHost(
        running.disks, Settings(node=NodeId(1)), LogConfig(), host="n1", port=1, incarnation=bytes(16), record=print
    )
    assert sorted(again.directories.logs) == [T0, T1]


@pytest.mark.parametrize("call", ["append", "sync"])
def test_what_a_failing_disk_did_not_take_is_told_to_nobody(call: str) -> None:
    running = Running()
    running.disks[0].refuses = frozenset([call])
    asks = [
        FetchPartition(
            partition=each, current_leader_epoch=EPOCH, fetch_offset=Offset(1), last_fetched_epoch=EPOCH, max_bytes=1
        )
        for each in (T0, T1)
    ]
    fetch = Fetch(replica_id=NodeId(1), max_wait_ms=1, min_bytes=1, max_bytes=1, partitions=tuple(asks))
    sent = running.do(*appended(T0), *appended(T1), SendReply(1, 1, PRODUCED), Send(NodeId(2), 1, fetch))
    reply, send = sent
    assert [(part.partition, part.error) for part in reply.reply.partitions] == [
        (T0, ErrorCode.KAFKA_STORAGE_ERROR),
        (T1, ErrorCode.NONE),
    ]
    assert [part.partition for part in send.request.partitions] == [T1]
    assert [fact.partition for fact in running.facts] == ["t-1"]
    assert running.heard == [LogsLost((T0,))]
    assert running.lines == [
        "log directory failed at a file: No space left on device; free or replace the disk and restart the node"
    ]
    running.facts.clear()
    running.do(*appended(T0, 1), WriteEpochs(T0, ()), *appended(T1, 1))
    assert running.host.directories.logs[T1].end_offset == 2
    assert T0 not in running.host.directories.logs


def test_a_read_that_fails_is_an_error_and_the_end_of_the_directory() -> None:
    running = Running()
    running.do(*appended(T0), *appended(T1))
    running.disks[1].refuses = frozenset(["read"])
    parts = tuple(
        FetchedPartition(
            partition=each,
            error=ErrorCode.NONE,
            high_watermark=Offset(1),
            log_start=Offset(0),
            records=LogSlice(partition=each, start=Offset(0), limit=Offset(1), max_bytes=1_000),
        )
        for each in (T0, T1)
    )
    (reply,) = running.do(SendReply(1, 1, Fetched(parts)))
    assert [part.error for part in reply.reply.partitions] == [ErrorCode.NONE, ErrorCode.KAFKA_STORAGE_ERROR]
    assert running.heard == [LogsLost((T1,))]


def test_a_new_log_goes_where_there_is_a_disk() -> None:
    running = Running()
    other = TopicPartition("t", 2)
    running.disks[0].refuses = frozenset(["open", "append"])
    running.do(CreateLog(other, TOPIC_ID, ()))
    home = running.host.directories.home(other)
    assert home is not None
    assert home.disk is running.disks[1]
    assert running.heard == [LogsLost((T0,))]


def test_without_a_directory_the_broker_cannot_go_on() -> None:
    running = Running()
    for disk in running.disks:
        disk.refuses = frozenset(["append"])
    with pytest.raises(LogDirectoryFailed, match="No space left on device"):
        running.do(*appended(T0), *appended(T1))


def test_a_directory_is_lost_once() -> None:
    """Whatever else fails in it afterwards, the other directory goes on."""
    running = Running()
    running.disks[0].refuses = frozenset(["append"])
    home = running.host.directories.home(T0)
    assert home is not None
    running.do(*appended(T0))
    running.host._lose(home, NO_SPACE)
    running.do(*appended(T1))
    assert running.heard == [LogsLost((T0,))]
    assert len(running.lines) == 1


def test_a_directory_that_cannot_be_opened_is_lost_from_the_start() -> None:
    running = Running()
    running.do(Stopped())
    running.disks[0].refuses = frozenset(["list"])
    lines: list[str] = []
    again = BrokerHost(
        running.disks,
        Settings(node=NodeId(1)),
        LogConfig(),
        host="n1",
        port=1,
        incarnation=bytes(16),
        record=print,
        report=lines.append,
    )
    assert sorted(again.directories.logs) == [T1]
    assert "No space left" in lines[0]
    assert again.directories.previous_broker_epoch == -1, "what is lost was not stopped cleanly"


def test_one_partition_in_two_directories_is_refused() -> None:
    disks = [FillingDisk(), FillingDisk()]
    for disk in disks:
        LogDirectory(disk, LogConfig()).create(T0, TOPIC_ID, ())
    with pytest.raises(DuplicateLog, match="t-0 lies in two of the log directories: move"):
        BrokerHost(disks, Settings(node=NodeId(1)), LogConfig(), host="n1", port=1, incarnation=bytes(16), record=print)
