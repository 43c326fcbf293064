"""The controller's decisions are on the disk, synced, before anyone hears of them, and all come back."""

from collections.abc import Callable
from typing import Any

import pytest

from impl.core.events import AppendMetadata, RecoveredMetadata, SendReply, Stopped
from impl.core.facts import CreatePartition, Fact
from impl.core.messages import FetchedMetadata
from impl.core.metadata import (
    BrokerRegistrationChangeRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    TopicRecord,
)
from impl.core.settings import Settings
from impl.core.types import (
    BrokerEpoch,
    Connection,
    ErrorCode,
    LeaderEpoch,
    NodeId,
    Offset,
    PartitionEpoch,
    TopicPartition,
)
from impl.host.controller import ControllerHost
from impl.sim.disk import PowerLost, SimDisk
from impl.storage.errors import CorruptLog
from impl.wire import batches
from tests.host.cores import NOW, ScriptedCore, TellingDisk

LOG = "__cluster_metadata-0/00000000000000000000.log"
REPLY = SendReply(Connection(5), 6, FetchedMetadata(ErrorCode.NONE, Offset(0), (), Offset(0)))
T0 = TopicPartition("t", 0)
FACT = CreatePartition(partition="t-0", replicas=(NodeId(1),), isr=(NodeId(1),), leader=NodeId(1))
RECORDS: tuple[MetadataRecord, ...] = (
    RegisterBrokerRecord(broker=NodeId(1), incarnation=bytes(16), broker_epoch=BrokerEpoch(0), host="h", port=1),
    BrokerRegistrationChangeRecord(broker=NodeId(1), broker_epoch=BrokerEpoch(0), fenced=False),
    TopicRecord("t", bytes(range(16))),
    PartitionRecord(
        partition=T0,
        replicas=(NodeId(1),),
        isr=(NodeId(1),),
        leader=NodeId(1),
        leader_epoch=LeaderEpoch(0),
        partition_epoch=PartitionEpoch(0),
    ),
    PartitionChangeRecord(
        partition=T0,
        why="elect_none",
        replicas=(NodeId(1),),
        isr=(NodeId(1),),
        leader=NodeId(-1),
        leader_epoch=LeaderEpoch(1),
        partition_epoch=PartitionEpoch(1),
    ),
)


def a_host(
    disk: SimDisk,
    record: Callable[[list[Fact]], None] = lambda _: None,
    report: Callable[[str], None] = lambda _: None,
) -> Any:
    core: Any = ScriptedCore
    return ControllerHost(disk, Settings(node=NodeId(3000)), record=record, make_controller=core, report=report)


def recovered(disk: SimDisk) -> tuple[MetadataRecord, ...]:
    _, metadata = a_host(disk).controller.given
    assert isinstance(metadata, RecoveredMetadata)
    return metadata.records


def append(offset: int, *records: MetadataRecord) -> AppendMetadata:
    return AppendMetadata(Offset(offset), records)


def test_each_decision_is_written_and_synced_before_the_next_and_before_anyone_hears() -> None:
    disk = TellingDisk()
    host = a_host(disk, record=lambda facts: disk.story.append(f"record {len(facts)}"))
    assert disk.list("") == ["__cluster_metadata-0"]
    disk.told()
    assert host.handle([append(0, *RECORDS[:3]), FACT, REPLY, append(3, RECORDS[3]), REPLY], NOW) == [REPLY, REPLY]
    assert disk.told() == [f"append {LOG}", f"sync {LOG}", f"append {LOG}", f"sync {LOG}", "record 1"]


def test_one_effect_is_one_batch_of_one_record_each() -> None:
    disk = SimDisk()
    a_host(disk).handle([append(0, *RECORDS[:3]), append(3, *RECORDS[3:])], NOW)
    written = batches.split(disk.read_file(LOG))
    assert [(batch.base_offset, batch.record_count, batch.leader_epoch) for batch in written] == [(0, 3, 0), (3, 2, 0)]
    assert recovered(disk) == RECORDS


def test_a_crash_leaves_whole_decisions_and_never_loses_one_that_was_told() -> None:
    found = set()
    for operations in range(1, 8):
        for kept in (0, 1, 2):
            disk = SimDisk()
            recorded: list[Fact] = []
            host = a_host(disk, record=recorded.extend)
            host.handle([append(0, *RECORDS[:2])], NOW)
            disk.fail_after(operations, PowerLost)
            try:
                told = host.handle([append(2, RECORDS[2]), append(3, *RECORDS[3:]), FACT, REPLY], NOW)
            except PowerLost:
                told = []
            assert (recorded == [FACT]) == (told == [REPLY])
            disk.lose_power(lambda _, unsynced, kept=kept: unsynced * kept // 2)
            records = recovered(disk)
            assert records in (RECORDS[:2], RECORDS[:3], RECORDS)
            assert records == RECORDS or not told
            found.add((bool(told), len(records)))
            assert recovered(disk) == records
    assert found == {(False, 2), (False, 3), (False, 5), (True, 5)}


def test_a_damaged_decision_that_others_follow_is_refused_and_not_cut_off() -> None:
    disk = SimDisk()
    host = a_host(disk)
    host.handle([append(0, *RECORDS[:3]), append(3, *RECORDS[3:])], NOW)
    first = batches.split(disk.read_file(LOG))[0].size
    content = disk.read_file(LOG)
    for place in (10, 40, first - 1):
        disk.open(LOG).write_at(place, bytes([content[place] ^ 1]))
        with pytest.raises(CorruptLog, match=f"{LOG} at byte 0: .*, and a whole batch follows, although it was synced"):
            a_host(disk)
        disk.open(LOG).write_at(place, content[place : place + 1])
    assert recovered(disk) == RECORDS


def test_a_torn_last_decision_is_cut_off_and_said() -> None:
    disk = SimDisk()
    a_host(disk).handle([append(0, *RECORDS[:3]), append(3, *RECORDS[3:])], NOW)
    first = batches.split(disk.read_file(LOG))[0].size
    disk.open(LOG).truncate(disk.open(LOG).size() - 1)
    lines: list[str] = []
    a_host(disk, report=lines.append)
    assert [line.partition(":")[0] for line in lines] == [f"{LOG} cut at byte {first}, offset 3"]
    assert recovered(disk) == RECORDS[:3]


def test_bytes_that_are_no_record_are_refused() -> None:
    disk = SimDisk()
    a_host(disk)
    disk.open(LOG).append(batches.stamp(batches.build([(None, b"\x01\x7f\x00nonsense")], timestamp=0), 0, 0))
    with pytest.raises(CorruptLog, match="offset 0: "):
        a_host(disk)


def test_a_controller_that_stops_has_synced_everything() -> None:
    disk = SimDisk()
    assert a_host(disk).handle([append(0, *RECORDS), Stopped()], NOW) == [Stopped()]
    disk.lose_power(lambda *_: 0)
    assert recovered(disk) == RECORDS
