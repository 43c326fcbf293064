"""What storage does as time passes: retention asked of the core, compaction in steps, the trash emptied."""

from types import SimpleNamespace
from typing import Any

import pytest

from impl.core.events import AdvanceLogStart, CreateLog, Effect, LogStartDue, Tick
from impl.core.settings import Settings
from impl.core.types import Millis, NodeId, Offset, TopicPartition
from impl.host.broker import BrokerHost
from impl.host.upkeep import UpkeepConfig
from impl.sim.disk import SimDisk
from impl.storage.errors import LogDirectoryFailed
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from impl.wire import batches
from tests.host.test_lost_directories import T0, FillingDisk, TellingCore
from tests.storage.logs import TOPIC_ID

CONFIG = LogConfig(segment_bytes=400, retention_ms=10_000, min_cleanable_dirty_ratio=0.0, file_delete_delay_ms=2_000)
UPKEEP = UpkeepConfig(retention_check_interval_ms=5_000, initial_task_delay_ms=1_000, cleaner_backoff_ms=1_000)
WALL = 1_700_000_000_000


class Running:
    """A broker with one log of forty records of two keys, one a second, and a wall clock far from its own time."""

    def __init__(
        self, policy: str, watermark: int = 40, upkeep: UpkeepConfig = UPKEEP, disk: SimDisk | None = None
    ) -> None:
        self.disk = disk or SimDisk()
        self.lines: list[str] = []
        self.now = 0
        self.host = BrokerHost(
            self.disk,
            Settings(node=NodeId(1)),
            CONFIG,
            host="n1",
            port=1,
            incarnation=bytes(16),
            record=print,
            make_broker=TellingCore,
            report=self.lines.append,
            upkeep=upkeep,
            wall_clock=lambda: WALL + self.now,
        )
        core: Any = self.host.broker
        core.partitions[T0] = SimpleNamespace(
            high_watermark=Offset(watermark), producers=SimpleNamespace(written_below=lambda _to: iter(()))
        )
        self.heard = core.heard
        self.do(CreateLog(T0, TOPIC_ID, (("cleanup.policy", policy),)))
        for number in range(40):
            data = batches.build([(b"key%d" % (number % 2), b"%d" % number)], timestamp=WALL - 40_000 + 1_000 * number)
            self.log.append(batches.parse_header(data), number, 0)

    @property
    def log(self) -> Log:
        return self.host.directories.logs[T0]

    def do(self, *effects: Effect) -> None:
        self.host.handle(list(effects), Millis(self.now))

    def tick(self, ms: int) -> None:
        for _ in range(0, ms, 100):
            self.now += 100
            self.host.handle(Tick(), Millis(self.now))

    def due(self) -> list[int]:
        return [event.offset for event in self.heard if isinstance(event, LogStartDue)]


def test_retention_asks_the_core_when_it_is_time_by_the_wall_clock() -> None:
    running = Running("delete")
    running.tick(900)
    assert running.due() == []
    running.tick(300)
    (first,) = running.due()
    assert 25 <= first <= 30
    assert running.log.start_offset == 0, "the core decides"
    running.tick(4_000)
    assert running.due() == [first]
    running.tick(1_500)
    assert len(running.due()) == 2
    assert running.due()[1] >= first


def test_retention_stays_below_the_high_watermark() -> None:
    running = Running("delete", watermark=12)
    running.tick(2_000)
    (due,) = running.due()
    assert 0 < due <= 12


def test_deleted_files_are_gone_after_their_delay() -> None:
    running = Running("delete")
    running.do(AdvanceLogStart(T0, Offset(20)))
    running.tick(1_500)
    assert any(name.endswith(".deleted") for name in running.disk.list("t-0"))
    running.tick(3_000)
    assert not any(name.endswith(".deleted") for name in running.disk.list("t-0"))


def test_a_compacted_log_is_cleaned_in_the_background() -> None:
    running = Running("compact")
    running.tick(3_000)
    found = batches.records(b"".join(segment.log.read(0, segment.size) for segment in running.log.segments))
    active = running.log.segments[-1].base_offset
    assert [offset for offset, *_ in found if offset < active] == [active - 2, active - 1]
    assert running.host.directories.online[0].cleaner_offsets[T0] == active
    assert running.due() == []
    assert running.host._upkeep.due > running.now, "nothing is due at every tick"


def test_a_log_that_cannot_be_cleaned_is_told_of_once_and_left_alone() -> None:
    running = Running("compact")
    running.log.segments[0].log.write_at(75, b"\xff")
    running.tick(5_000)
    (line,) = running.lines
    assert "it is not compacted any more until the broker starts again" in line
    assert running.log.first_base_offset == 0


@pytest.mark.parametrize("policy", ["delete", "compact"])
def test_a_disk_that_refuses_a_read_while_something_due_is_looked_for_is_used_no_more(policy: str) -> None:
    """Where the segments begin and end in time is read when it is asked for the first time."""
    disk = FillingDisk()
    running = Running(policy, disk=disk)
    for segment in running.log.segments:
        segment._first_timestamp = segment._indexing = None
    disk.refuses = frozenset({"read"})
    with pytest.raises(LogDirectoryFailed, match="free or replace the disk and restart the node"):
        running.tick(3_000)


def test_what_has_waited_for_flush_ms_is_synced() -> None:
    running = Running("delete", upkeep=UpkeepConfig(flush_check_interval_ms=100))
    running.tick(5_000)
    assert running.log.recovery_point < running.log.end_offset, "nobody asked for it"
    running.do(CreateLog(T0, TOPIC_ID, (("flush.ms", "500"),)))
    running.tick(500)
    assert running.log.recovery_point < running.log.end_offset
    running.tick(200)
    assert running.log.recovery_point == running.log.end_offset == 40
    running.log.append(batches.parse_header(batches.build([(b"k", b"v")], timestamp=WALL)), 40, 0)
    running.tick(400)
    assert running.log.recovery_point == 40
    running.tick(300)
    assert running.log.recovery_point == 41


def test_many_logs_are_synced_a_few_at_a_time() -> None:
    running = Running("delete", upkeep=UpkeepConfig(flush_check_interval_ms=100))
    logs = []
    for index in range(10):
        name = TopicPartition("many", index)
        running.do(CreateLog(name, TOPIC_ID, (("flush.ms", "0"),)))
        logs.append(running.host.directories.logs[name])
        logs[-1].append(batches.parse_header(batches.build([(b"k", b"v")], timestamp=WALL)), 0, 0)
    running.tick(100)
    synced = []
    while sum(log.recovery_point for log in logs) < 10:
        synced.append(sum(log.recovery_point for log in logs))
        running.tick(100)
    assert synced == [4, 8]


@pytest.mark.parametrize("policy", ["compact,delete", "delete,compact"])
def test_both_policies_together(policy: str) -> None:
    running = Running(policy, upkeep=UpkeepConfig(initial_task_delay_ms=0))
    running.tick(3_000)
    assert running.due()
    assert running.host.directories.online[0].cleaner_offsets[T0] > 0
