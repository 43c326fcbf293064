"""Files that wait to be written whole: seen meanwhile, all there afterwards, and nothing in between on the disk."""

import os
from pathlib import Path

import pytest

from impl.server import whole_files
from impl.server.disk import RealDisk
from impl.server.whole_files import THREADS_MAX, WholeFiles


@pytest.fixture
def disk(tmp_path: Path) -> RealDisk:
    made = RealDisk(tmp_path)
    made.make_directory("t-0")
    return made


def test_a_waiting_file_is_seen_and_not_yet_written(disk: RealDisk, tmp_path: Path) -> None:
    disk.write_file("t-0/epochs", b"old")
    disk.gather(whole=True)
    disk.write_file("t-0/epochs", b"new")
    disk.write_file("t-0/metadata", b"id")
    assert disk.read_file("t-0/epochs") == b"new"
    assert disk.exists("t-0/metadata")
    assert disk.list("t-0") == ["epochs", "metadata"]
    assert (tmp_path / "t-0/epochs").read_bytes() == b"old"
    assert os.listdir(tmp_path / "t-0") == ["epochs"]
    disk.settle()
    assert (tmp_path / "t-0/epochs").read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path / "t-0")) == ["epochs", "metadata"]


@pytest.mark.parametrize("act", ["root", "remove", "replace"])
def test_what_is_asked_for_at_once_comes_after_what_waits(disk: RealDisk, tmp_path: Path, act: str) -> None:
    disk.open("t-0/log", create=True)
    disk.gather(whole=True)
    disk.write_file("t-0/metadata", b"id")
    if act == "root":
        disk.write_file("checkpoint", b"all")
    elif act == "remove":
        disk.remove("t-0/log")
    else:
        disk.replace("t-0/log", "t-0/log.deleted")
    assert (tmp_path / "t-0/metadata").read_bytes() == b"id"
    disk.settle()


def test_syncs_wait_and_come_before_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = RealDisk(tmp_path)
    synced: list[str] = []
    monkeypatch.setattr(whole_files, "sync_data", lambda at: synced.append(os.readlink(f"/proc/self/fd/{at}")))
    disk.gather(whole=True)
    for number in range(6):
        file = disk.open(f"{number}", create=True)
        file.append(b"content")
        file.sync()
        file.close()
    assert not synced
    disk.write_file("checkpoint", b"all")
    assert sorted(synced) == [str(tmp_path / f"{number}") for number in range(6)]
    assert (tmp_path / "5").read_bytes() == b"content"
    disk.settle()
    assert len(synced) == 6


def test_each_file_is_synced_before_its_name_and_each_directory_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story: list[tuple[str, str]] = []
    system, rename = os.fsync, os.replace

    def told(descriptor: int) -> None:
        story.append(("sync", os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))))
        system(descriptor)

    def renamed(source: str, target: str) -> None:
        story.append(("name", os.path.basename(target)))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", told)
    monkeypatch.setattr(os, "replace", renamed)
    whole = WholeFiles()
    count = 2 * THREADS_MAX
    for number in range(count):
        (tmp_path / f"d{number}").mkdir()
        whole.write(str(tmp_path / f"d{number}/f{number}"), b"%d" % number)
    whole.write(str(tmp_path / "d0/f0"), b"again")
    whole.settle()
    first, second, third = story[:count], story[count : 2 * count], story[2 * count :]
    assert sorted(first) == sorted(("sync", f"f{number}.tmp") for number in range(count))
    assert second == [("name", f"f{number}") for number in [*range(1, count), 0]]
    assert sorted(third) == sorted(("sync", f"d{number}") for number in range(count))
    assert (tmp_path / "d0/f0").read_bytes() == b"again"
    story.clear()
    whole.settle()
    assert not story


def test_what_one_file_is_refused_is_raised(tmp_path: Path) -> None:
    whole = WholeFiles()
    for number in range(10):
        whole.write(str(tmp_path / f"absent{number}/f"), b"")
    with pytest.raises(FileNotFoundError):
        whole.settle()
