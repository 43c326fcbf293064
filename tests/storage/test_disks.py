"""The real and the simulated disk do the same, call for call; and the real one keeps its descriptors bounded."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.server.disk import RealDisk
from impl.sim.disk import SimDisk
from impl.storage.files import Disk


@pytest.fixture(params=["real", "simulated"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return RealDisk(tmp_path / "data") if request.param == "real" else SimDisk()


def test_files_grow_shrink_and_are_read_back(disk: Disk) -> None:
    file = disk.open("log", create=True)
    file.append(b"one")
    file.append([b"two", memoryview(b"-three-")[1:6], b""])
    assert file.size() == 11
    assert file.read(0, 100) == b"onetwothree"
    assert file.read(3, 3) == b"two"
    assert file.read(11, 5) == b""
    file.write_at(3, b"TWO")
    file.truncate(6)
    file.truncate(60)
    file.sync()
    assert (file.size(), disk.open("log").read(0, 9), disk.read_file("log")) == (6, b"oneTWO", b"oneTWO")
    file.append(b"!")
    assert disk.read_file("log") == b"oneTWO!"
    file.close()


def test_directories_list_what_they_hold(disk: Disk) -> None:
    disk.make_directory("t-0")
    disk.make_directory("t-0")
    for name in ("t-0/b", "t-0/a", "z"):
        disk.open(name, create=True)
    assert disk.list("") == ["t-0", "z"]
    assert disk.list("t-0") == ["a", "b"]
    disk.sync_directory("t-0")
    disk.sync_directory("")
    disk.replace("t-0/b", "t-0/a")
    assert disk.list("t-0") == ["a"]
    disk.remove("t-0")
    disk.remove("z")
    assert disk.list("") == []
    assert not disk.exists("t-0/a")


def test_whole_files_are_written_at_once(disk: Disk) -> None:
    disk.write_file("checkpoint", b"old and long")
    disk.write_file("checkpoint", b"new")
    assert disk.read_file("checkpoint") == b"new"
    assert disk.list("") == ["checkpoint"]


@pytest.mark.parametrize(
    "call",
    [
        lambda disk: disk.open("absent"),
        lambda disk: disk.open("absent/file", create=True),
        lambda disk: disk.read_file("absent"),
        lambda disk: disk.list("absent"),
        lambda disk: disk.remove("absent"),
        lambda disk: disk.replace("absent", "present"),
        lambda disk: disk.sync_directory("absent"),
    ],
)
def test_what_is_not_there_is_said_not_to_be(disk: Disk, call: object) -> None:
    assert callable(call)
    with pytest.raises(FileNotFoundError) as missing:
        call(disk)
    assert "absent" in str(missing.value.filename)


def test_more_files_than_descriptors(tmp_path: Path) -> None:
    disk = RealDisk(tmp_path, open_files_max=4)
    before = len(os.listdir("/proc/self/fd"))
    files = [disk.open(f"{number}", create=True) for number in range(20)]
    for turn in range(3):
        for number, file in enumerate(files):
            file.append(b"%d.%d " % (number, turn))
            files[0].sync()
    assert len(os.listdir("/proc/self/fd")) - before <= 4
    for number, file in enumerate(files):
        assert file.read(0, 99) == b"%d.0 %d.1 %d.2 " % (number, number, number)
        file.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_more_buffers_than_one_write_takes(tmp_path: Path) -> None:
    file = RealDisk(tmp_path).open("log", create=True)
    buffers = [b"%d," % number for number in range(3_000)]
    file.append(buffers)
    assert file.read(0, file.size()) == b"".join(buffers)
    file.close()


changes = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.binary(min_size=1, max_size=5)),
        st.tuples(st.just("truncate"), st.integers(0, 20)),
        st.tuples(st.just("write"), st.tuples(st.integers(0, 20), st.binary(min_size=1, max_size=5))),
        st.tuples(st.just("sync"), st.none()),
    ),
    max_size=12,
)


@given(changes, st.data())
def test_a_power_loss_leaves_a_file_as_it_was_at_some_moment_since_its_sync(
    changes: list[tuple[str, object]], data: st.DataObject
) -> None:
    disk = SimDisk()
    file = disk.open("f", create=True)
    disk.sync_directory("")
    moments = [b""]
    content = bytearray()
    for kind, what in changes:
        before = bytes(content)
        if kind == "append" and isinstance(what, bytes):
            file.append(what)
            content += what
            moments += [before + what[:kept] for kept in range(1, len(what) + 1)]
        elif kind == "truncate" and isinstance(what, int):
            file.truncate(what)
            del content[what:]
            moments.append(bytes(content))
        elif kind == "write" and isinstance(what, tuple):
            place, new = what
            if place + len(new) <= len(content):
                file.write_at(place, new)
                content[place : place + len(new)] = new
                moments += [before[:place] + new[:kept] + before[place + kept :] for kept in range(1, len(new) + 1)]
        else:
            file.sync()
            moments = [before]
    assert disk.read_file("f") == bytes(content)
    disk.lose_power(lambda _, unsynced: data.draw(st.integers(0, unsynced)))
    survived = disk.read_file("f")
    assert survived in moments
    disk.lose_power(lambda *_: 0)
    assert disk.read_file("f") == survived
