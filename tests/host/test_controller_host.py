"""What a voter promises is on the disk, synced, before anyone hears of it, and all comes back."""

from collections.abc import Callable
from typing import Any

import pytest

from impl.core.decided_facts import CreatePartition, Fact
from impl.core.events import SendReply, SnapshotLoaded, Stopped
from impl.core.metadata import (
    BrokerRegistrationChangeRecord,
    LeaderChangeRecord,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    TopicRecord,
)
from impl.core.quorum.batches import ElectionState, MetadataBatch, SnapshotId
from impl.core.quorum.effects import (
    DropMetadata,
    LoadSnapshot,
    NoteCommitted,
    RecoveredQuorum,
    TruncateMetadata,
    WriteElectionState,
    WriteMetadata,
    WriteSnapshot,
)
from impl.core.quorum.facts import Observe
from impl.core.quorum.messages import FetchedMetadata, FetchedSnapshot, SnapshotSlice
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
from impl.host import snapshots
from impl.host.controller import ControllerHost
from impl.sim.disk import PowerLost, SimDisk
from impl.storage.errors import CorruptCheckpoint, CorruptLog
from impl.wire import batches
from tests.host.cores import NOW, ScriptedCore, TellingDisk

LOG = "__cluster_metadata-0/00000000000000000000.log"
QUORUM_STATE = "__cluster_metadata-0/quorum-state"
REPLY = SendReply(Connection(5), 6, FetchedMetadata(error=ErrorCode.NONE))
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
    return ControllerHost(
        disk, Settings(node=NodeId(3000)), record=record, record_quorum=record, make_quorum=core, report=report
    )


def found(disk: SimDisk) -> RecoveredQuorum:
    _, recovered, _ = a_host(disk).controller.given
    assert isinstance(recovered, RecoveredQuorum)
    return recovered


def recovered(disk: SimDisk) -> tuple[MetadataRecord, ...]:
    return tuple(record for batch in found(disk).batches for record in batch.records)


def append(offset: int, *records: MetadataRecord, epoch: int = 1) -> WriteMetadata:
    return WriteMetadata(
        MetadataBatch(base_offset=Offset(offset), epoch=LeaderEpoch(epoch), timestamp=NOW, records=records)
    )


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
    assert [(batch.base_offset, batch.record_count, batch.leader_epoch) for batch in written] == [(0, 3, 1), (3, 2, 1)]
    assert recovered(disk) == RECORDS


def test_a_crash_leaves_whole_decisions_and_never_loses_one_that_was_told() -> None:
    outcomes = set()
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
            outcomes.add((bool(told), len(records)))
            assert recovered(disk) == records
    assert outcomes == {(False, 2), (False, 3), (False, 5), (True, 5)}


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


# ---------------------------------------------------------------- the quorum's own files
def test_a_vote_is_on_the_disk_before_the_next_effect_and_comes_back() -> None:
    disk = TellingDisk()
    host = a_host(disk, record=lambda facts: disk.story.append(f"record {len(facts)}"))
    disk.told()
    state = ElectionState(LeaderEpoch(4), NodeId(-1), NodeId(3002))
    assert host.handle([WriteElectionState(state), Observe(epoch=LeaderEpoch(4)), REPLY], NOW) == [REPLY]
    assert disk.told() == ["replace __cluster_metadata-0/quorum-state", "record 1"]
    disk.lose_power(lambda *_: 0)
    assert found(disk).election == state


def test_the_vote_is_kafkas_file() -> None:
    disk = SimDisk()
    a_host(disk).handle([WriteElectionState(ElectionState(LeaderEpoch(4), NodeId(3001), NodeId(3002)))], NOW)
    assert disk.read_file(QUORUM_STATE) == (
        b'{"clusterId":"","leaderId":3001,"leaderEpoch":4,"votedId":3002,"appliedOffset":0,'
        b'"currentVoters":[{"voterId":3000}],"data_version":0}'
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "truncated"),
        (b'{"leaderId":1}', "missing required field"),
        (
            b'{"leaderId":1,"leaderEpoch":2,"votedId":1,"currentVoters":[],"data_version":7}',
            "data_version 7, known is 0",
        ),
        (b'{"leaderId":1,"leaderEpoch":-2,"votedId":1,"currentVoters":[],"data_version":0}', "leaderEpoch -2"),
    ],
)
def test_a_damaged_vote_is_no_empty_one(content: bytes, reason: str) -> None:
    disk = SimDisk()
    a_host(disk)
    disk.write_file(QUORUM_STATE, content)
    with pytest.raises(CorruptCheckpoint, match=f"{QUORUM_STATE} line 1: .*{reason}"):
        a_host(disk)


def test_what_a_leader_says_of_itself_stands_in_a_control_batch_of_kafkas() -> None:
    disk = SimDisk()
    record = LeaderChangeRecord(NodeId(3002), (NodeId(3001), NodeId(3002)), (NodeId(3002),))
    a_host(disk).handle([append(0, record, epoch=7), append(1, *RECORDS, epoch=7)], NOW)
    control, data = batches.split(disk.read_file(LOG))
    assert [batches.is_control(batch) for batch in (control, data)] == [True, False]
    ((_, _, key, _),) = batches.records_of(control)
    assert key == b"\0\0\0\2"
    assert [batch.epoch for batch in found(disk).batches] == [7, 7]
    assert recovered(disk) == (record, *RECORDS)


def test_a_log_is_cut_between_two_batches() -> None:
    disk = SimDisk()
    host = a_host(disk)
    host.handle([append(0, *RECORDS[:3]), append(3, *RECORDS[3:]), TruncateMetadata(Offset(3))], NOW)
    host.handle([append(3, RECORDS[3], epoch=2)], NOW)
    disk.lose_power(lambda *_: 0)
    assert [(batch.base_offset, batch.epoch) for batch in found(disk).batches] == [(0, 1), (3, 2)]


def test_what_is_noted_to_be_committed_is_never_more_than_was() -> None:
    committed = set()
    for kept in range(13):
        disk = SimDisk()
        host = a_host(disk)
        host.handle([append(0, *RECORDS), NoteCommitted(Offset(3))], NOW)
        host.handle([NoteCommitted(Offset(5))], NOW)
        disk.lose_power(lambda _, unsynced, kept=kept: min(unsynced, kept))
        committed.add(found(disk).committed)
        assert found(disk).committed <= 5
    assert 0 in committed
    assert committed > {0}
    disk = SimDisk()
    a_host(disk).handle([append(0, *RECORDS), NoteCommitted(Offset(3)), NoteCommitted(Offset(4))], NOW)
    assert found(disk).committed == 4


# ---------------------------------------------------------------- snapshots
FIRST, SECOND = SnapshotId(Offset(5), LeaderEpoch(1)), SnapshotId(Offset(9), LeaderEpoch(2))
DIRECTORY = "__cluster_metadata-0"


def with_a_snapshot(disk: SimDisk) -> Any:
    host = a_host(disk)
    host.handle([append(0, *RECORDS), WriteSnapshot(FIRST, NOW, RECORDS), DropMetadata(FIRST)], NOW)
    return host


def test_a_snapshot_is_kafkas_file_and_the_log_goes_on_after_it() -> None:
    disk = SimDisk()
    with_a_snapshot(disk).handle([append(5, RECORDS[4], epoch=2)], NOW)
    name = f"{DIRECTORY}/00000000000000000005-0000000001.checkpoint"
    header, data, footer = batches.split(disk.read_file(name))
    assert [batches.is_control(batch) for batch in (header, data, footer)] == [True, False, True]
    assert [next(iter(batches.records_of(batch)))[2] for batch in (header, footer)] == [b"\0\0\0\3", b"\0\0\0\4"]
    disk.lose_power(lambda *_: 0)
    state = found(disk)
    assert (state.snapshot, state.snapshot_records) == (FIRST, RECORDS)
    assert [(batch.base_offset, batch.epoch) for batch in state.batches] == [(5, 2)]
    assert disk.list(DIRECTORY).count("00000000000000000000.log") == 0


def test_a_later_snapshot_takes_the_place_of_an_earlier_one() -> None:
    disk = SimDisk()
    host = with_a_snapshot(disk)
    host.handle([append(5, *RECORDS[:4], epoch=2), WriteSnapshot(SECOND, NOW, RECORDS[:3]), DropMetadata(SECOND)], NOW)
    assert [name for name in disk.list(DIRECTORY) if name.endswith(".checkpoint")] == [snapshots.name_of(SECOND)]
    assert found(disk).snapshot_records == RECORDS[:3]


def test_pieces_of_a_snapshot_are_read_when_the_answer_leaves() -> None:
    disk = SimDisk()
    host = with_a_snapshot(disk)
    content = disk.read_file(f"{DIRECTORY}/{snapshots.name_of(FIRST)}")

    def ask(position: int) -> FetchedSnapshot:
        named = SnapshotSlice(FIRST, position, 100)
        reply = FetchedSnapshot(error=ErrorCode.NONE, snapshot=FIRST, position=position, data=named)
        (sent,) = host.handle([SendReply(Connection(5), 6, reply)], NOW)
        assert isinstance(sent.reply, FetchedSnapshot)
        return sent.reply

    assert (ask(0).size, ask(0).data) == (len(content), content[:100])
    assert ask(100).data == content[100:200]
    assert ask(len(content) + 1).error is ErrorCode.POSITION_OUT_OF_RANGE


def test_a_leaders_snapshot_takes_the_place_of_the_log_whenever_the_process_ends() -> None:
    sent = snapshots.encode(SECOND, NOW, RECORDS[:3], lambda _: bytes(16))
    outcomes = set()
    for operations in range(1, 16):
        disk = SimDisk()
        host = a_host(disk)
        host.handle([append(0, *RECORDS[:3]), append(3, *RECORDS, *RECORDS)], NOW)
        disk.fail_after(operations, PowerLost)
        try:
            host.handle([LoadSnapshot(SECOND, sent)], NOW)
        except PowerLost:
            disk.lose_power(lambda *_: 0)
        disk.fuse = None
        state = found(disk)
        if state.snapshot is None:
            assert recovered(disk) == (*RECORDS[:3], *RECORDS, *RECORDS)
        else:
            assert (state.snapshot, state.snapshot_records, state.batches) == (SECOND, RECORDS[:3], ())
        outcomes.add(state.snapshot)
        a_host(disk).handle([append(13 if state.snapshot is None else 9, RECORDS[0], epoch=3)], NOW)
        assert found(disk).batches[-1].epoch == 3
    assert outcomes == {None, SECOND}


def test_what_is_no_snapshot_is_not_kept() -> None:
    disk = SimDisk()
    host = a_host(disk)
    host.handle([append(0, *RECORDS)], NOW)
    whole = snapshots.encode(SECOND, NOW, RECORDS[:3], lambda _: bytes(16))
    for data in (b"", whole[:-1], whole[60:], whole[:70] + bytes([whole[70] ^ 1]) + whole[71:]):
        host.handle([LoadSnapshot(SECOND, data)], NOW)
        assert host.controller.loaded == SnapshotLoaded(SECOND, None)
    assert recovered(disk) == RECORDS


def test_a_damaged_snapshot_is_named() -> None:
    disk = SimDisk()
    with_a_snapshot(disk)
    path = f"{DIRECTORY}/{snapshots.name_of(FIRST)}"
    disk.write_file(path, disk.read_file(path)[:-1])
    with pytest.raises(CorruptLog, match=f"{path} at byte 0: .*header and ends with its footer"):
        a_host(disk)
