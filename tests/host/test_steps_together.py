"""Steps handled together leave and tell what the same steps leave and tell one by one, with one write for each log."""

import os
from pathlib import Path
from typing import Any

import pytest

from impl.core.events import AppendBatch, CreateLog, DeleteLog, Effect, SendReply, TruncateLog, WriteEpochs
from impl.core.facts import Append
from impl.core.messages import Fetched, FetchedPartition, Produced, ProducedPartition
from impl.core.replica import content
from impl.core.settings import Settings
from impl.core.types import Connection, EpochStart, ErrorCode, LeaderEpoch, LogSlice, NodeId, Offset, TopicPartition
from impl.host.broker import BrokerHost
from impl.server.disk import RealDisk
from impl.storage.log_config import LogConfig
from tests.host.cores import NOW, ScriptedCore
from tests.storage.logs import TOPIC_ID, a_batch

T0, T1 = TopicPartition("t", 0), TopicPartition("t", 1)
EPOCH = LeaderEpoch(0)


def a_host(place: Path, recorded: list[Any], disks: int = 1, **config: int) -> Any:
    core: Any = ScriptedCore
    return BrokerHost(
        [RealDisk(place / f"{number}") for number in range(disks)],
        Settings(node=NodeId(1)),
        LogConfig(index_interval_bytes=100, **config),
        host="n1",
        port=9092,
        incarnation=bytes(16),
        record=recorded.extend,
        make_broker=core,
        stored=False,
    )


def appended(partition: TopicPartition, offset: int) -> list[Effect]:
    """What a step appends, claims and answers."""
    batch = a_batch(f"{partition}-{offset}", timestamp=1_000 + offset)
    answer = ProducedPartition(partition, ErrorCode.NONE, Offset(offset), Offset(0))
    return [
        AppendBatch(partition=partition, base_offset=Offset(offset), leader_epoch=EPOCH, batch=batch),
        Append(partition=str(partition), leader_epoch=EPOCH, batch=content(batch, Offset(offset), EPOCH)),
        SendReply(Connection(1), offset, Produced((answer,))),
    ]


def read(partition: TopicPartition, start: int, limit: int) -> list[Effect]:
    records = LogSlice(partition=partition, start=Offset(start), limit=Offset(limit), max_bytes=10_000)
    part = FetchedPartition(
        partition=partition, error=ErrorCode.NONE, high_watermark=Offset(0), log_start=Offset(0), records=records
    )
    return [SendReply(Connection(2), start, Fetched((part,)))]


CREATED: list[Effect] = [CreateLog(T0, TOPIC_ID, ()), CreateLog(T1, TOPIC_ID, ())]
STEPS = [
    *(appended(T0, offset) for offset in range(5)),
    appended(T1, 0),
    read(T0, 1, 4),
    appended(T0, 5),
    [TruncateLog(T0, Offset(3))],
    appended(T0, 3),
    appended(T1, 1),
    read(T1, 0, 2),
]


def contents(place: Path) -> dict[str, bytes]:
    return {str(file.relative_to(place)): file.read_bytes() for file in sorted(place.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("config", [{}, {"segment_bytes": 300}, {"flush_messages": 1}], ids=["", "rolling", "synced"])
def test_the_same_bytes_facts_and_replies(tmp_path: Path, config: dict[str, int]) -> None:
    outcomes = []
    for name in ("one by one", "together"):
        facts: list[Any] = []
        host = a_host(tmp_path / name, facts, **config)
        host.handle(CREATED, NOW)
        if name == "together":
            told = host.handle_together(STEPS, NOW)
        else:
            told = [outgoing for step in STEPS for outgoing in host.handle(step, NOW)]
        outcomes.append((told, facts, contents(tmp_path / name)))
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0][1]) == len([step for step in STEPS if len(step) == 3])


def test_a_step_that_makes_many_logs_leaves_what_single_steps_leave(tmp_path: Path) -> None:
    partitions = [TopicPartition("many", index) for index in range(20)]
    effects: list[Effect] = []
    for partition in partitions:
        effects += [CreateLog(partition, TOPIC_ID, ()), WriteEpochs(partition, (EpochStart(EPOCH, Offset(0)),))]
    together = a_host(tmp_path / "together", [])
    together.handle(effects, NOW)
    single = a_host(tmp_path / "one by one", [])
    for effect in effects:
        single.handle([effect], NOW)
    assert contents(tmp_path / "together") == contents(tmp_path / "one by one")
    assert together.directories.logs.keys() == single.directories.logs.keys() == set(partitions)
    # What it makes is written at the end of the step, and then no longer waits.
    together.handle(appended(partitions[0], 0), NOW)
    assert together.directories.logs[partitions[0]].read(0, 1, 1_000)


def test_a_log_gets_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = a_host(tmp_path, [])
    host.handle(CREATED, NOW)
    writes: list[int] = []
    system = os.pwritev

    def counted(descriptor: int, buffers: list[bytes], position: int) -> int:
        writes.append(descriptor)
        return system(descriptor, buffers, position)

    monkeypatch.setattr(os, "pwritev", counted)
    host.handle_together([appended(T0, offset) for offset in range(2_000)], NOW)
    # More buffers than the system takes at once are joined; its indexes are two files more.
    assert len(writes) == 3
    assert host.directories.logs[T0].end_offset == 2_000
    assert (tmp_path / "0/t-0/00000000000000000000.log").stat().st_size == host.directories.logs[T0].size


def test_a_log_deleted_meanwhile_holds_nothing_up(tmp_path: Path) -> None:
    host = a_host(tmp_path, [])
    host.handle(CREATED, NOW)
    told = host.handle_together([appended(T0, 0), [DeleteLog(T0, TOPIC_ID)], appended(T1, 0)], NOW)
    assert len(told) == 2
    assert host.directories.logs.keys() == {T1}
    assert host.directories.logs[T1].read(0, 1, 1_000)


def test_what_the_disk_refuses_at_the_end_was_told_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts: list[Any] = []
    host = a_host(tmp_path, facts, disks=2)
    host.handle(CREATED, NOW)
    assert host.directories.home(T0) is not host.directories.home(T1)
    broken = os.stat(tmp_path / "0/t-0/00000000000000000000.log").st_ino
    system = os.pwritev

    def refusing(descriptor: int, buffers: list[bytes], position: int) -> int:
        if os.fstat(descriptor).st_ino == broken:
            raise OSError(28, "No space left on device")
        return system(descriptor, buffers, position)

    monkeypatch.setattr(os, "pwritev", refusing)
    host.broker.step = lambda event, _now: list(event) if isinstance(event, list) else []
    told = host.handle_together([appended(T0, 0), appended(T1, 0), appended(T0, 1)], NOW)
    errors = [reply.reply.partitions[0].error for reply in told]
    assert errors == [ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NONE, ErrorCode.KAFKA_STORAGE_ERROR]
    assert [fact.partition for fact in facts] == ["t-1"]
    assert host.directories.logs.keys() == {T1}
