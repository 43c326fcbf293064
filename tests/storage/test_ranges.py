"""What a log names for sendfile: the bytes a read returns, still readable when the file has gone from its directory."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.server.disk import RealDisk
from impl.storage.log_config import LogConfig
from tests.storage.logs import DIRECTORY, FIRST, a_batch, append, new_log, open_log

SMALL = LogConfig(segment_bytes=400, index_interval_bytes=100)


@given(start=st.integers(0, 30), length=st.integers(0, 30), max_bytes=st.sampled_from([1, 150, 400, 10_000]))
def test_ranges_are_the_bytes_of_a_read(start: int, length: int, max_bytes: int) -> None:
    disk, log = new_log(SMALL)
    append(log, *(a_batch(str(number), 1 + number % 3) for number in range(15)))
    for each in (log, open_log(disk, SMALL).log):
        limit = min(start + length, each.end_offset)
        ranges = each.slices(start, limit, max_bytes)
        assert b"".join(found.read() for found in ranges) == each.read(start, limit, max_bytes)


def test_a_held_file_outlives_its_name_and_its_closing(tmp_path: Path) -> None:
    disk = RealDisk(tmp_path)
    log = open_log(disk).log
    append(log, a_batch("a"))
    (found,) = log.slices(0, 1, 1)
    whole = found.read()
    descriptor = found.file.hold()
    found.file.close()
    disk.remove(FIRST)
    assert os.pread(descriptor, found.size, found.position) == whole
    found.file.release()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.pread(descriptor, 1, 0)


def test_the_bound_on_open_files_spares_those_held(tmp_path: Path) -> None:
    disk = RealDisk(tmp_path, open_files_max=2)
    disk.make_directory(DIRECTORY)
    files = [disk.open(f"{DIRECTORY}/{name}", create=True) for name in "abcdef"]
    for number, file in enumerate(files):
        file.append(b"%d" % number)
    held = [file.hold() for file in files[:3]]
    for _ in range(3):
        assert [file.read(0, 1) for file in files] == [b"%d" % number for number in range(6)]
    assert [os.pread(descriptor, 1, 0) for descriptor in held] == [b"0", b"1", b"2"]
    for file in files[:3]:
        file.release()
    assert files[5].read(0, 1) == b"5"
