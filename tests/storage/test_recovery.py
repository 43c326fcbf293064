"""What recovery makes of a log after any stop, byte by byte, and what it refuses to make anything of."""

import pytest

from impl.core.events import RecoveredProducer
from impl.core.types import EpochStart, LeaderEpoch, Offset
from impl.sim.disk import SimDisk
from impl.storage.errors import CorruptLog
from impl.storage.log import Log
from impl.storage.log_config import LogConfig
from tests.storage.logs import (
    DIRECTORY,
    FIRST,
    INDEX,
    TIME_INDEX,
    a_batch,
    append,
    epochs_of,
    names,
    new_log,
    open_log,
    values,
)

SMALL = LogConfig(segment_bytes=400, index_interval_bytes=100)
EPOCHS = f"{DIRECTORY}/leader-epoch-checkpoint"


def three_batches() -> tuple[SimDisk, list[int]]:
    """A log of three batches, nothing of it synced, and the bytes at which they end."""
    disk, log = new_log()
    ends = []
    for name in ("a", "b", "c"):
        append(log, a_batch(name, 2))
        ends.append(disk.open(FIRST).size())
    return disk, ends


# ---------------------------------------------------------------- torn tails
def test_a_tail_torn_at_any_byte_is_cut_at_the_last_whole_batch() -> None:
    whole, ends = three_batches()
    content = whole.read_file(FIRST)
    for size in range(len(content) + 1):
        disk, _ = new_log()
        disk.open(FIRST).append(content[:size])
        recovered = open_log(disk)
        batches_left = sum(end <= size for end in ends)
        assert recovered.state.log_end == 2 * batches_left
        assert values(recovered.log) == names(*((name, 2) for name in "abc"[:batches_left]))
        assert disk.open(FIRST).size() == ([0, *ends])[batches_left]
        assert bool(recovered.cut) == (size not in (0, *ends))
        append(recovered.log, a_batch("next"))
        assert values(open_log(disk).log)[-1] == "next/0"


def test_a_tail_of_zeros_or_noise_is_cut() -> None:
    """What a file system may leave where length was written and content was not."""
    for tail in (bytes(1), bytes(61), bytes(5_000), b"\xff" * 200, b"\0" * 8 + b"\x7f\xff\xff\xff" + b"\2" * 100):
        disk, ends = three_batches()
        disk.open(FIRST).append(tail)
        recovered = open_log(disk)
        assert recovered.state.log_end == 6
        assert recovered.cut.startswith(f"{FIRST} cut at byte {ends[-1]}, offset 6: ")
        assert disk.open(FIRST).size() == ends[-1]


@pytest.mark.parametrize("batch", [0, 1, 2])
def test_a_bit_flipped_past_the_recovery_point_cuts_there(batch: int) -> None:
    pristine, ends = three_batches()
    content = pristine.read_file(FIRST)
    starts = [0, *ends]
    for place in range(starts[batch], ends[batch]):
        disk, _ = new_log()
        damaged = bytearray(content)
        damaged[place] ^= 0x10
        disk.open(FIRST).append(bytes(damaged))
        if starts[batch] + 12 <= place < starts[batch] + 16:
            continue  # The leader epoch lies outside the CRC, as in Kafka; only its order is checked.
        recovered = open_log(disk)
        assert recovered.state.log_end == 2 * batch
        assert f"cut at byte {starts[batch]}, offset {2 * batch}: " in recovered.cut


def test_a_leader_epoch_that_falls_cuts_there() -> None:
    disk, log = new_log()
    append(log, a_batch("a"), epoch=5)
    append(log, a_batch("b"), epoch=4)
    recovered = open_log(disk)
    assert recovered.state.log_end == 1
    assert "leader epoch falls to 4" in recovered.cut


def test_a_gap_in_offsets_cuts_there() -> None:
    disk, log = new_log()
    append(log, a_batch("a"), a_batch("b"), a_batch("c"))
    content = disk.read_file(FIRST)
    size = len(content) // 3
    disk.open(FIRST).truncate(size)
    disk.open(FIRST).append(content[2 * size :])
    recovered = open_log(disk)
    assert recovered.state.log_end == 1
    assert "a batch for offset 2 where offset 1 is due" in recovered.cut


def test_segments_past_a_cut_or_a_gap_are_removed() -> None:
    for damage in ("flip", "remove"):
        disk, log = new_log(SMALL)
        append(log, *(a_batch(str(number)) for number in range(20)))
        second = log.segments[1]
        if damage == "flip":
            disk.open(second.path).write_at(100, b"\xff")
        else:
            disk.remove(second.path)
        recovered = open_log(disk, SMALL)
        assert second.base_offset <= recovered.state.log_end < second.end_offset
        assert values(recovered.log) == [f"{number}/0" for number in range(recovered.state.log_end)]
        left = {name for name in disk.list(DIRECTORY) if name.endswith("log")}
        assert left == {segment.path.rpartition("/")[2] for segment in recovered.log.segments}
        append(recovered.log, *(a_batch("again") for _ in range(10)))
        assert open_log(disk, SMALL).state.log_end == recovered.log.end_offset


# ---------------------------------------------------------------- what was synced
def test_damage_below_the_recovery_point_is_refused_and_nothing_is_touched() -> None:
    disk, ends = three_batches()
    disk.open(FIRST).write_at(ends[0] + 20, b"\xff\xff")
    assert open_log(disk, recovery_point=2).state.log_end == 2

    disk, ends = three_batches()
    disk.open(FIRST).write_at(ends[0] + 16, b"\xff")
    before = disk.read_file(FIRST)
    with pytest.raises(CorruptLog, match=f"{FIRST} at byte {ends[0]}: magic .*although it was synced; restore"):
        open_log(disk, recovery_point=4)
    assert disk.read_file(FIRST) == before


def test_a_log_that_lost_what_it_had_synced_is_refused() -> None:
    disk, ends = three_batches()
    disk.open(FIRST).truncate(ends[1])
    with pytest.raises(CorruptLog, match="ends at offset 4, below its recovery point 6"):
        open_log(disk, recovery_point=6)
    disk, log = new_log(SMALL)
    append(log, *(a_batch(str(number)) for number in range(20)))
    disk.remove(log.segments[1].path)
    with pytest.raises(CorruptLog, match=r"the segment begins where offset \d+ is due"):
        open_log(disk, SMALL, recovery_point=20)
    with pytest.raises(CorruptLog, match="below its recovery point"):
        open_log(SimDisk(), recovery_point=1)


def test_a_log_whose_first_segment_is_gone_is_refused_and_not_emptied() -> None:
    disk, log = new_log(SMALL)
    append(log, *(a_batch(str(number)) for number in range(20)))
    log.write_epochs((EpochStart(LeaderEpoch(0), Offset(0)),))
    disk.remove(log.segments[0].path)
    before = [name for name in disk.list(DIRECTORY) if name.endswith(".log")]
    with pytest.raises(CorruptLog, match="the log begins here"):
        open_log(disk, SMALL)
    assert [name for name in disk.list(DIRECTORY) if name.endswith(".log")] == before


def test_recovery_syncs_what_it_found() -> None:
    """A replica is counted from its log end as soon as it is back: a power loss after a crash must not take it."""
    disk, log = new_log(SMALL)
    append(log, *(a_batch(str(number)) for number in range(20)))
    disk.crash_process()
    assert open_log(disk, SMALL).log.recovery_point == 20
    disk.lose_power(lambda *_: 0)
    assert open_log(disk, SMALL, recovery_point=20).state.log_end == 20


def test_a_log_synced_batch_by_batch_loses_at_most_its_last() -> None:
    pristine, ends = three_batches()
    content = pristine.read_file(FIRST)
    for place in range(len(content)):
        disk, _ = new_log()
        damaged = bytearray(content)
        damaged[place] ^= 0x10
        disk.open(FIRST).append(bytes(damaged))
        if place >= ends[1]:
            assert open_log(disk, every_batch_synced=True).state.log_end in (4, 6)
        elif not any(start + 12 <= place < start + 16 for start in (0, *ends)):
            with pytest.raises(CorruptLog, match="and a whole batch follows"):
                open_log(disk, every_batch_synced=True)
            assert disk.open(FIRST).size() == len(content)


# ---------------------------------------------------------------- indexes
def many() -> tuple[SimDisk, Log]:
    disk, log = new_log(LogConfig(index_interval_bytes=100))
    append(log, *(a_batch(str(number), timestamp=1_000 + number) for number in range(30)))
    return disk, log


@pytest.mark.parametrize("path", [INDEX, TIME_INDEX])
@pytest.mark.parametrize("recovery_point", [0, 30])
def test_a_missing_short_or_corrupt_index_is_rebuilt(path: str, recovery_point: int) -> None:
    disk, _ = many()
    open_log(disk, LogConfig(index_interval_bytes=100))
    good = disk.read_file(path)
    assert len(good) > 24
    for damage in ("missing", "empty", "short", "odd", "long", *range(0, len(good), 3)):
        match damage:
            case "missing":
                disk.remove(path)
            case "empty":
                disk.open(path).truncate(0)
            case "short":
                disk.open(path).truncate(len(good) - 12)
            case "odd":
                disk.open(path).truncate(len(good) - 1)
            case "long":
                disk.open(path).append(bytes(24))
            case int(place):
                disk.open(path).write_at(place, bytes([good[place] ^ 0x40]))
        log = open_log(disk, LogConfig(index_interval_bytes=100), recovery_point=recovery_point).log
        assert disk.read_file(path) == good, damage
        assert values(log, 17) == [f"{number}/0" for number in range(17, 30)]
        assert log.offset_for_time(1_017, 30) == (17, 1_017, 0)


# ---------------------------------------------------------------- epochs
def with_epochs() -> SimDisk:
    """Epochs 0 from 0, 2 from 1, and 3 from 3, as the checkpoint says too."""
    disk, log = new_log()
    append(log, a_batch("a"), epoch=0)
    append(log, a_batch("b", 2), epoch=2)
    append(log, a_batch("c"), epoch=3)
    disk.write_file(EPOCHS, b"0\n3\n0 0\n2 1\n3 3\n")
    return disk


@pytest.mark.parametrize(
    "checkpoint",
    [
        b"0\n3\n0 0\n2 1\n3 3\n",
        b"0\n4\n0 0\n2 1\n3 3\n4 4\n",
        b"0\n5\n0 0\n2 1\n3 3\n4 9\n5 11\n",
        b"0\n2\n2 1\n3 3\n",
        b"0\n1\n0 0\n",
        b"0\n3\n0 0\n1 1\n3 2\n",
        b"0\n0\n",
        b"",
        b"0\n7\n0 0\n",
        b"nonsense",
        b"\xff\xfe",
        None,
    ],
)
def test_epochs_are_those_of_the_batches_whatever_the_checkpoint_says(checkpoint: bytes | None) -> None:
    """Also epoch 0 (KAFKA-10432), and no epoch at or past the end of the log."""
    disk = with_epochs()
    if checkpoint is None:
        disk.remove(EPOCHS)
    else:
        disk.write_file(EPOCHS, checkpoint)
    assert epochs_of(open_log(disk).state) == [(0, 0), (2, 1), (3, 3)]
    assert disk.read_file(EPOCHS) == b"0\n3\n0 0\n2 1\n3 3\n"


def test_epochs_past_a_cut_are_dropped() -> None:
    disk = with_epochs()
    disk.open(FIRST).truncate(disk.open(FIRST).size() - 1)
    assert epochs_of(open_log(disk).state) == [(0, 0), (2, 1)]
    assert disk.read_file(EPOCHS) == b"0\n2\n0 0\n2 1\n"


# ---------------------------------------------------------------- high watermark, tail, producers
def test_the_high_watermark_is_never_above_the_end_and_the_tail_is_what_lies_past_it() -> None:
    for high_watermark, expected, tail in ((0, 0, [0, 2, 4]), (2, 2, [2, 4]), (6, 6, []), (99, 6, [])):
        disk, _ = three_batches()
        state = open_log(disk, high_watermark=high_watermark).state
        assert (state.high_watermark, state.log_end) == (expected, 6)
        assert [batch.base_offset for batch in state.tail] == tail
        assert all(batch.data is None and batch.record_count == 2 for batch in state.tail)


def test_producers_are_those_of_the_log_up_to_the_high_watermark() -> None:
    disk, log = new_log()
    append(log, *(a_batch(str(number), 2, producer=2 * number) for number in range(7)), a_batch("other"))
    (producer,) = open_log(disk, high_watermark=15).state.producers
    assert producer == RecoveredProducer(7, 1, tuple((2 * n, 2 * n + 1, 2 * n) for n in range(2, 7)), (1_000,) * 5)
    state = open_log(disk, high_watermark=4).state
    assert state.producers == (RecoveredProducer(7, 1, ((0, 1, 0), (2, 3, 2)), (1_000, 1_000)),)
    assert [batch.base_sequence for batch in state.tail] == [4, 6, 8, 10, 12, -1]


def test_sequences_wrap() -> None:
    """KAFKA-7692."""
    disk, log = new_log()
    append(log, a_batch("a", 3, producer=2**31 - 2))
    assert open_log(disk, high_watermark=3).state.producers[0].batches == ((2**31 - 2, 0, 0),)


def test_names_left_by_interrupted_writes_are_removed() -> None:
    disk, _ = three_batches()
    disk.open(f"{DIRECTORY}/leader-epoch-checkpoint.tmp", create=True)
    open_log(disk)
    assert not any(name.endswith(".tmp") for name in disk.list(DIRECTORY))
