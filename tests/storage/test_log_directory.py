"""A log directory across clean stops, crashes and power losses; its layout is Kafka's."""

from contextlib import suppress
from pathlib import Path

import pytest

from impl.core.topic_configs import CHECKS
from impl.core.types import Offset, TopicPartition
from impl.server.disk import RealDisk
from impl.sim.disk import Crashed, PowerLost, SimDisk
from impl.storage.errors import CorruptCheckpoint, CorruptLog, InconsistentTopic
from impl.storage.files import Disk
from impl.storage.log_config import LogConfig
from impl.storage.log_directory import LogDirectory
from tests.storage.logs import PARTITION, TOPIC_ID, a_batch, append, values

OTHER = TopicPartition("with-dashes-7", 12)
SYNCED = LogConfig(flush_messages=1)


def a_directory(disk: Disk, config: LogConfig | None = None) -> LogDirectory:
    directory = LogDirectory(disk, config or LogConfig())
    directory.create(PARTITION, TOPIC_ID, ())
    return directory


def nothing(_what: str, _unsynced: int) -> int:
    return 0


def test_the_layout_is_kafkas(tmp_path: Path) -> None:
    directory = a_directory(RealDisk(tmp_path))
    directory.create(OTHER, bytes(16), ())
    append(directory.logs[PARTITION], a_batch("a", 2))
    directory.write_high_watermarks(((PARTITION, Offset(2)), (OTHER, Offset(0))))
    directory.close(broker_epoch=17)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".kafka_cleanshutdown",
        "recovery-point-offset-checkpoint",
        "replication-offset-checkpoint",
        "t-0",
        "with-dashes-7-12",
    ]
    assert sorted(path.name for path in (tmp_path / "t-0").iterdir()) == [
        "00000000000000000000.index",
        "00000000000000000000.log",
        "00000000000000000000.timeindex",
        "leader-epoch-checkpoint",
        "partition.metadata",
    ]
    assert (tmp_path / "replication-offset-checkpoint").read_text() == "0\n2\nt 0 2\nwith-dashes-7 12 0\n"
    assert (tmp_path / "recovery-point-offset-checkpoint").read_text() == "0\n2\nt 0 2\nwith-dashes-7 12 0\n"
    assert (tmp_path / ".kafka_cleanshutdown").read_text() == '{"version":0,"brokerEpoch":17}'
    assert (tmp_path / "t-0" / "partition.metadata").read_text() == "version: 0\ntopic_id: AAECAwQFBgcICQoLDA0ODw\n"


def test_a_real_directory_is_found_again(tmp_path: Path) -> None:
    directory = a_directory(RealDisk(tmp_path), LogConfig(segment_bytes=400))
    append(directory.logs[PARTITION], *(a_batch(str(number)) for number in range(20)))
    directory.write_high_watermarks(((PARTITION, Offset(15)),))
    again = LogDirectory(RealDisk(tmp_path), LogConfig(segment_bytes=400))
    assert not again.stopped_cleanly
    (state,) = again.recovered
    assert (state.partition, state.topic_id, state.log_end, state.high_watermark) == (PARTITION, TOPIC_ID, 20, 15)
    assert [batch.base_offset for batch in state.tail] == list(range(15, 20))
    append(again.logs[PARTITION], a_batch("20"))
    again.close()
    clean = LogDirectory(RealDisk(tmp_path), LogConfig())
    assert clean.stopped_cleanly
    assert values(clean.logs[PARTITION]) == [f"{number}/0" for number in range(21)]
    assert not LogDirectory(RealDisk(tmp_path), LogConfig()).stopped_cleanly


def test_the_marker_of_a_clean_stop_is_gone_before_anything_else_happens() -> None:
    """KAFKA-10471: a crash while starting must not pass for a clean stop at the next start."""
    for operations, marked in ((1, True), (2, True), (3, False)):
        disk = SimDisk()
        a_directory(disk).close()
        written = {name: disk.read_file(f"t-0/{name}") for name in disk.list("t-0")}
        disk.fail_after(operations, PowerLost)
        if marked:
            with pytest.raises(PowerLost):
                LogDirectory(disk, LogConfig())
        else:
            assert LogDirectory(disk, LogConfig()).stopped_cleanly
        disk.lose_power(nothing)
        assert disk.exists(".kafka_cleanshutdown") == marked
        assert {name: disk.read_file(f"t-0/{name}") for name in disk.list("t-0")} == written


def test_a_partition_counts_from_the_moment_it_is_whole() -> None:
    """Wherever making one is cut off, the next start finds nothing or an empty log, and making it again works."""
    found = set()
    for operations in range(1, 40):
        for kept in (0, 1):
            disk = SimDisk()
            directory = LogDirectory(disk, SYNCED)
            disk.fail_after(operations, PowerLost)
            with suppress(PowerLost):
                directory.create(PARTITION, TOPIC_ID, ())
            disk.lose_power(lambda _, unsynced, kept=kept: kept * unsynced)
            again = LogDirectory(disk, SYNCED)
            found.add(tuple(state.log_end for state in again.recovered))
            again.create(PARTITION, TOPIC_ID, ())
            append(again.logs[PARTITION], a_batch("a"))
            again.logs[PARTITION].flush()
            disk.lose_power(nothing)
            assert LogDirectory(disk, SYNCED).recovered[0].log_end == 1
    assert found == {(), (0,)}


def test_making_a_partition_again_keeps_it_and_takes_over_its_configuration() -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    append(directory.logs[PARTITION], a_batch("a"))
    directory.create(PARTITION, TOPIC_ID, (("flush.messages", "1"), ("min.insync.replicas", "2")))
    assert directory.logs[PARTITION].config == LogConfig(flush_messages=1)
    assert directory.logs[PARTITION].end_offset == 1
    with pytest.raises(InconsistentTopic, match="t-0 belongs to topic id AAECAwQFBgcICQoLDA0ODw, not to AAAAAA"):
        directory.create(PARTITION, bytes(16), ())


def test_a_recovery_point_never_lies_past_what_is_synced() -> None:
    """A log is cut below its recovery point, grows past it again, and loses power: the checkpoint knew better."""
    disk = SimDisk()
    directory = a_directory(disk)
    log = directory.logs[PARTITION]
    append(log, *(a_batch(str(number)) for number in range(10)))
    log.flush()
    directory.write_high_watermarks(((PARTITION, Offset(4)),))
    assert disk.read_file("recovery-point-offset-checkpoint") == b"0\n1\nt 0 10\n"
    directory.truncate(PARTITION, Offset(5))
    assert disk.read_file("recovery-point-offset-checkpoint") == b"0\n1\nt 0 5\n"
    append(log, *(a_batch(f"new{number}") for number in range(10)), epoch=1)
    disk.lose_power(nothing)
    again = LogDirectory(disk, LogConfig())
    assert values(again.logs[PARTITION]) == [f"{number}/0" for number in range(5)]


def test_a_cut_that_is_interrupted_leaves_a_log_that_can_be_recovered() -> None:
    """At every operation of a cut across segments, with all and nothing of the unsynced surviving."""
    ends = set()
    for operations in range(1, 40):
        for kept in (0, 1):
            disk = SimDisk()
            directory = a_directory(disk, LogConfig(segment_bytes=400))
            log = directory.logs[PARTITION]
            append(log, *(a_batch(str(number)) for number in range(20)))
            log.flush()
            directory.write_high_watermarks(())
            disk.fail_after(operations, PowerLost)
            try:
                directory.truncate(PARTITION, Offset(3))
                finished = True
            except PowerLost:
                finished = False
            disk.lose_power(lambda _, unsynced, kept=kept: kept * unsynced)
            state = LogDirectory(disk, LogConfig(segment_bytes=400)).recovered[0]
            assert state.log_end == 3 if finished else 3 <= state.log_end <= 20
            ends.add(state.log_end)
    assert {3, 20} < ends


def test_what_is_not_a_partition_is_left_alone() -> None:
    disk = SimDisk()
    for name in ("lost+found", "__cluster_metadata-0", "t-0.abc-delete", "t-1", "t-01"):
        disk.make_directory(name)
    disk.open("__cluster_metadata-0/00000000000000000000.log", create=True)
    disk.open("meta.properties", create=True)
    assert LogDirectory(disk, LogConfig()).recovered == ()
    assert len(disk.list("")) == 6


def test_records_without_a_topic_are_refused() -> None:
    disk = SimDisk()
    append(a_directory(disk).logs[PARTITION], a_batch("a"))
    disk.remove("t-0/partition.metadata")
    with pytest.raises(CorruptLog, match=r"t-0/partition\.metadata at byte 0: the file is missing"):
        LogDirectory(disk, LogConfig())


@pytest.mark.parametrize("name", ["replication-offset-checkpoint", "recovery-point-offset-checkpoint"])
def test_a_damaged_root_checkpoint_is_refused_and_deleting_it_is_the_remedy(name: str) -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    append(directory.logs[PARTITION], a_batch("a"))
    directory.close()
    directory.write_high_watermarks(((PARTITION, Offset(1)),))
    disk.write_file(name, b"0\n1\nt 0 x\n")
    with pytest.raises(CorruptCheckpoint, match=f"{name} line 3: 'x' is not a number; delete the file: "):
        LogDirectory(disk, LogConfig())
    disk.remove(name)
    assert LogDirectory(disk, LogConfig()).recovered[0].log_end == 1


def test_what_was_cut_is_said() -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    append(directory.logs[PARTITION], a_batch("a"))
    disk.open("t-0/00000000000000000000.log").append(b"torn")
    assert LogDirectory(disk, LogConfig()).cuts == (
        "t-0/00000000000000000000.log cut at byte 71, offset 1: 4 bytes are fewer than a batch header",
    )


def test_a_topics_configuration_is_checked() -> None:
    with pytest.raises(ValueError, match=r"segment\.bytes=many is not a whole number from 14 to"):
        LogConfig().overridden((("segment.bytes", "many"),))
    with pytest.raises(ValueError, match=r"flush\.messages=0 is not"):
        LogConfig().overridden((("flush.messages", "0"),))


def test_storage_takes_every_value_that_the_controller_takes() -> None:
    """Otherwise a topic's configuration could stop every broker."""
    for text in ("-1", "0", "1", "4", "12", "14", " 20 ", "+30", "1_000", str(2**31 - 1), str(2**31), "x", "", "1.5"):
        for name in ("segment.bytes", "segment.ms", "segment.index.bytes", "index.interval.bytes", "flush.messages"):
            if CHECKS[name](text) is None:
                assert getattr(LogConfig().overridden(((name, text),)), name.replace(".", "_")) == int(text)
            else:
                with pytest.raises(ValueError, match=name):
                    LogConfig().overridden(((name, text),))


def test_a_deleted_log_is_renamed_at_once_and_removed_later() -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    append(directory.logs[PARTITION], a_batch("a"))
    directory.delete(PARTITION, bytes(16))
    assert PARTITION in directory.logs, "the log is of another topic"
    directory.delete(PARTITION, TOPIC_ID)
    doomed = f"t-0.{TOPIC_ID.hex()}-delete"
    assert (directory.logs, disk.exists("t-0"), disk.exists(doomed)) == ({}, False, True)
    directory.create(PARTITION, bytes(16), ())
    directory.delete(PARTITION, bytes(16))
    directory.trash.empty(1_000)
    assert disk.exists(doomed)
    directory.trash.empty(61_000)
    assert not disk.exists(doomed)
    assert LogDirectory(disk, LogConfig()).recovered == ()


def test_a_deletion_that_is_interrupted_leaves_the_log_or_nothing() -> None:
    ends = set()
    for operations in range(1, 20):
        for kept in (0, 1):
            disk = SimDisk()
            directory = a_directory(disk, LogConfig(segment_bytes=400))
            append(directory.logs[PARTITION], *(a_batch(str(number)) for number in range(20)))
            directory.logs[PARTITION].flush()
            disk.fail_after(operations, PowerLost)
            with suppress(PowerLost):
                directory.delete(PARTITION, TOPIC_ID)
                directory.trash.empty(0)
                directory.trash.empty(60_000)
            disk.lose_power(lambda _, unsynced, kept=kept: kept * unsynced)
            again = LogDirectory(disk, LogConfig(segment_bytes=400))
            ends.add(tuple(state.log_end for state in again.recovered))
            again.trash.empty(0)
            assert disk.list("") in ([], ["t-0"])
    assert ends == {(20,), ()}


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("gone", ["partition.metadata", "00000000000000000000.log", ""])
def test_a_deleted_log_is_not_removed_before_its_new_name_is_synced(gone: str, anew: bool) -> None:
    """The process dies in between, the next one removes what it finds, and power is lost: of what was removed at most
    one file is gone. Were its directory to have its old name again, it would be a damaged log."""
    disk = SimDisk()
    directory = a_directory(disk)
    append(directory.logs[PARTITION], a_batch("a"))
    directory.logs[PARTITION].flush()
    disk.fail_after(3)
    with pytest.raises(Crashed):
        directory.delete(PARTITION, TOPIC_ID)
    assert disk.list("") == [f"t-0.{TOPIC_ID.hex()}-delete"], "it has died after the renaming"
    again = LogDirectory(disk, LogConfig())
    again.trash.empty(0)
    if anew:
        again.create(PARTITION, bytes(16), ())
    disk.lose_power(lambda what, unsynced: unsynced if what.endswith(f"-delete/{gone}") else 0)
    recovered = LogDirectory(disk, LogConfig()).recovered
    assert [(state.topic_id, state.log_end) for state in recovered] == ([(bytes(16), 0)] if anew else [])


def test_a_new_log_inherits_nothing_from_an_earlier_one_of_its_name() -> None:
    disk = SimDisk()
    directory = a_directory(disk)
    append(directory.logs[PARTITION], *(a_batch(str(number)) for number in range(9)))
    directory.logs[PARTITION].flush()
    directory.advance_start(PARTITION, Offset(4))
    directory.write_high_watermarks(((PARTITION, Offset(9)),))
    directory.delete(PARTITION, TOPIC_ID)
    directory.create(PARTITION, bytes(16), ())
    append(directory.logs[PARTITION], a_batch("new"))
    (state,) = LogDirectory(disk, LogConfig()).recovered
    assert (state.log_start, state.log_end, state.high_watermark) == (0, 1, 0)


def test_a_file_with_the_name_of_a_partition_is_nobodys_log(tmp_path: Path) -> None:
    (tmp_path / "notes-1").write_bytes(b"not a directory")
    assert LogDirectory(RealDisk(tmp_path), LogConfig()).recovered == ()
