"""A schedule is a function of its seed; what it damages is what it says it damages."""

import errno
import random
from pathlib import Path

import pytest

from campaign.storm import schedule as kinds
from campaign.storm.damage import META, corrupt_tails, synced, wipe
from campaign.storm.disks import SmallDisks
from campaign.storm.proxy import CLIENTS
from campaign.storm.schedule import ABOUT, KINDS, schedule

BROKERS = ("n1", "n2", "n3")
CONTROLLERS = ("controller",)


def test_the_same_seed_gives_the_same_schedule_and_another_another():
    one = schedule(7, 60, BROKERS, CONTROLLERS, KINDS)
    assert one == schedule(7, 60, BROKERS, CONTROLLERS, KINDS)
    assert one != schedule(8, 60, BROKERS, CONTROLLERS, KINDS)
    assert [strike.at for strike in one] == sorted(strike.at for strike in one)
    assert all(strike.at < 60 for strike in one)


def test_every_kind_comes_and_has_targets_of_its_own():
    strikes = schedule(1, 2_000, BROKERS, CONTROLLERS, KINDS)
    assert {strike.kind for strike in strikes} == set(KINDS) == set(ABOUT)
    for strike in strikes:
        if strike.kind in (kinds.CUT, kinds.ONE_WAY, kinds.SLOW):
            one, other = strike.targets
            assert one != other
            assert {one, other} <= {*BROKERS, *CONTROLLERS, CLIENTS}
        elif strike.kind.startswith("controller"):
            assert strike.targets == CONTROLLERS
        else:
            assert strike.targets[0] in BROKERS


def test_only_the_kinds_asked_for():
    strikes = schedule(1, 100, BROKERS, CONTROLLERS, (kinds.KILL, kinds.PAUSE))
    assert {strike.kind for strike in strikes} == {kinds.KILL, kinds.PAUSE}
    assert schedule(1, 100, BROKERS, CONTROLLERS, ()) == []


@pytest.fixture
def directory(tmp_path):
    for partition in ("t-0", "t-1", META):
        (tmp_path / partition).mkdir()
        (tmp_path / partition / "00000000000000000000.log").write_bytes(bytes(500))
        (tmp_path / partition / "00000000000000000100.log").write_bytes(bytes(1_000))
    (tmp_path / "meta.properties").write_text("version=1\n")
    return tmp_path


def contents(directory):
    return {path.relative_to(directory): path.read_bytes() for path in sorted(directory.rglob("*.log"))}


def test_a_tail_is_torn_and_nothing_else(directory):
    before = contents(directory)
    assert corrupt_tails(directory, random.Random(1), {}) == 2
    after = contents(directory)
    changed = sorted(str(path) for path in before if before[path] != after[path])
    assert changed == ["t-0/00000000000000000100.log", "t-1/00000000000000000100.log"]


@pytest.mark.parametrize("seed", range(8))
def test_what_was_synced_is_never_torn(directory, seed):
    kept = synced(directory)
    for path in kept:
        path.write_bytes(path.read_bytes() + b"x" * (seed * 10))
    corrupt_tails(directory, random.Random(seed), kept)
    assert all(path.read_bytes()[:size] == bytes(size) for path, size in kept.items())


def test_a_wiped_directory_is_empty_and_there(directory):
    wipe(directory)
    assert list(directory.iterdir()) == []


def mounted(path):
    return str(path) in Path("/proc/mounts").read_text()


def mountable(tmp_path):
    """A small disk, or None where this process may not mount one."""
    try:
        return SmallDisks([tmp_path / "small"], size=4 * 1_048_576)
    except OSError:
        return None


def test_a_full_disk_refuses_writes_and_takes_them_again_or_the_system_refuses_to_mount_one(tmp_path):
    disks = mountable(tmp_path)
    if disks is None:
        assert not mounted(tmp_path)
        return
    small = tmp_path / "small"
    try:
        (small / "before").write_bytes(b"x" * 1000)
        disks.fill(small)
        with pytest.raises(OSError, match="No space left") as caught:
            (small / "more").write_bytes(b"x" * 100_000)
        assert caught.value.errno == errno.ENOSPC
        disks.free(small)
        (small / "more").write_bytes(b"x" * 100_000)
        assert (small / "before").read_bytes() == b"x" * 1000
    finally:
        disks.close()
    assert not mounted(small)
