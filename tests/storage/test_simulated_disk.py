"""What a simulated power loss takes, name by name and byte by byte, and where a step can be cut."""

import itertools

import pytest

from impl.sim.disk import Crashed, PowerLost, SimDisk


def nothing(_what: str, _unsynced: int) -> int:
    return 0


def everything(_what: str, unsynced: int) -> int:
    return unsynced


def disk_with(*names: str) -> SimDisk:
    disk = SimDisk()
    for name in names:
        disk.open(name, create=True).append(b"old")
        disk.open(name).sync()
    disk.sync_directory("")
    return disk


def test_unsynced_bytes_survive_as_far_as_asked_and_synced_ones_always() -> None:
    disk = disk_with("log")
    file = disk.open("log")
    file.append(b"-synced")
    file.sync()
    file.append(b"-torn")
    file.append(b"-gone")
    assert disk.unsynced() == {"log": 10}
    disk.lose_power(lambda what, unsynced: 3 if (what, unsynced) == ("log", 10) else -1)
    assert disk.read_file("log") == b"old-synced-to"
    assert disk.unsynced() == {}


def test_an_unsynced_truncation_can_come_undone() -> None:
    for kept, expected in ((0, b"old"), (1, b"o"), (2, b"on"), (4, b"onew")):
        disk = disk_with("log")
        disk.open("log").truncate(1)
        disk.open("log").append(b"new")
        disk.lose_power(lambda *_, kept=kept: kept)
        assert disk.read_file("log") == expected


def test_a_crash_of_the_process_takes_nothing_but_a_later_power_loss_does() -> None:
    disk = disk_with("log")
    disk.open("log").append(b"-new")
    disk.crash_process()
    assert disk.read_file("log") == b"old-new"
    disk.lose_power(nothing)
    assert disk.read_file("log") == b"old"


def test_a_created_file_vanishes_unless_its_directory_was_synced() -> None:
    disk = SimDisk()
    disk.open("a", create=True).append(b"content")
    disk.open("a").sync()
    assert disk.unsynced() == {"entry a": 1}
    disk.lose_power(nothing)
    assert disk.list("") == []

    disk.open("a", create=True).append(b"content")
    disk.sync_directory("")
    disk.lose_power(nothing)
    assert disk.read_file("a") == b""


def test_a_directory_takes_what_is_in_it_along() -> None:
    disk = SimDisk()
    disk.make_directory("t-0")
    disk.write_file("t-0/partition.metadata", b"id")
    disk.lose_power(lambda what, _: 0 if what == "entry t-0" else 1)
    assert disk.list("") == []

    disk.make_directory("t-0")
    disk.write_file("t-0/partition.metadata", b"id")
    disk.sync_directory("")
    disk.lose_power(nothing)
    assert disk.read_file("t-0/partition.metadata") == b"id"


def test_a_removal_can_come_undone_also_of_a_whole_directory() -> None:
    disk = SimDisk()
    disk.make_directory("t-0")
    disk.write_file("t-0/log", b"records")
    disk.sync_directory("")
    disk.remove("t-0")
    assert disk.list("") == []
    disk.lose_power(nothing)
    assert disk.read_file("t-0/log") == b"records"
    disk.remove("t-0")
    disk.lose_power(everything)
    assert disk.list("") == []


def test_a_rename_happens_to_both_names_or_to_neither() -> None:
    for decide, expected in ((nothing, {"a": b"old", "a.tmp": b"old"}), (everything, {"a": b"new"})):
        disk = disk_with("a", "a.tmp")
        temporary = disk.open("a.tmp")
        temporary.truncate(0)
        temporary.append(b"new")
        if decide is everything:
            temporary.sync()
        disk.replace("a.tmp", "a")
        disk.lose_power(decide)
        assert {name: disk.read_file(name) for name in disk.list("")} == expected


def test_names_survive_independently_of_each_other() -> None:
    disk = SimDisk()
    for name in ("first", "second"):
        disk.open(name, create=True)
    disk.lose_power(lambda what, _: int(what == "entry second"))
    assert disk.list("") == ["second"]


def test_writing_a_whole_file_is_atomic_wherever_it_is_cut() -> None:
    seen = set()
    for operations, decide in itertools.product(range(1, 9), (nothing, everything)):
        disk = SimDisk()
        disk.write_file("checkpoint", b"old")
        disk.fail_after(operations, PowerLost)
        try:
            disk.write_file("checkpoint", b"new")
            finished = True
        except PowerLost:
            finished = False
        disk.lose_power(decide)
        content = disk.read_file("checkpoint")
        assert content in (b"old", b"new")
        assert content == b"new" or not finished
        seen.add((finished, content))
    assert seen == {(False, b"old"), (False, b"new"), (True, b"new")}


def test_a_step_is_cut_at_the_operation_asked_for_and_only_once() -> None:
    disk = disk_with("log")
    disk.fail_after(2)
    disk.open("log").append(b"-1")
    with pytest.raises(Crashed):
        disk.open("log").append(b"-2")
    disk.open("log").append(b"-3")
    assert disk.read_file("log") == b"old-1-3"
    disk.fail_after(1)
    disk.crash_process()
    disk.open("log").sync()


def test_a_decision_outside_its_range_is_a_bug() -> None:
    disk = disk_with("log")
    disk.open("log").append(b"x")
    with pytest.raises(AssertionError, match="2 of 1"):
        disk.lose_power(lambda *_: 2)


@pytest.mark.parametrize("survives", [0, 1])
def test_a_renamed_directory_takes_all_it_holds_along_or_nothing(survives: int) -> None:
    disk = SimDisk()
    disk.make_directory("a")
    disk.open("a/file", create=True).append(b"content")
    disk.open("a/file").sync()
    disk.sync_directory("a")
    disk.sync_directory("")
    disk.replace("a", "b")
    assert (disk.list(""), disk.read_file("b/file")) == (["b"], b"content")
    disk.lose_power(lambda _, unsynced: survives * unsynced)
    assert disk.list("") == (["b"] if survives else ["a"])
    assert disk.read_file("b/file" if survives else "a/file") == b"content"


def a_renamed_directory_and_another_of_its_name() -> SimDisk:
    """The first is renamed, the second made and synced, and of their names nothing is synced."""
    disk = SimDisk()
    disk.make_directory("a")
    for name, content in (("id", b"first"), ("records", b"many")):
        disk.write_file(f"a/{name}", content)
    disk.sync_directory("")
    disk.replace("a", "b")
    disk.make_directory("a")
    disk.write_file("a/id", b"second")
    return disk


def test_what_is_synced_in_a_directory_outlasts_an_earlier_renaming_of_another_of_that_name() -> None:
    disk = a_renamed_directory_and_another_of_its_name()
    disk.sync_directory("")
    disk.lose_power(nothing)
    assert (disk.list("a"), disk.read_file("a/id")) == (["id"], b"second")
    assert (disk.list("b"), disk.read_file("b/id")) == (["id", "records"], b"first")


def test_a_directory_whose_renaming_comes_undone_has_nothing_of_the_one_made_under_its_name() -> None:
    disk = a_renamed_directory_and_another_of_its_name()
    disk.lose_power(nothing)
    assert (disk.list(""), disk.list("a"), disk.read_file("a/id")) == (["a"], ["id", "records"], b"first")


def test_what_was_removed_in_a_renamed_directory_is_gone_though_the_renaming_comes_undone() -> None:
    disk = a_renamed_directory_and_another_of_its_name()
    disk.remove("b/id")
    disk.sync_directory("b")
    disk.lose_power(nothing)
    assert (disk.list(""), disk.list("a")) == (["a"], ["records"])


@pytest.mark.parametrize("well_again", [False, True])
def test_a_disk_that_lies_about_syncs_keeps_back_the_newest_segment_and_no_other(well_again: bool) -> None:
    """Else a log would come back with a hole in it, and not just short. It may be that it lies no more by then."""
    disk = disk_with()
    older = disk.open("00.log", create=True)
    disk.lying = True
    older.append(b"older")
    older.sync()
    disk.lying = not well_again
    newer = disk.open("01.log", create=True)
    disk.lying = True
    newer.append(b"newer")
    newer.sync()
    disk.sync_directory("")
    disk.lose_power(nothing)
    assert (disk.read_file("00.log"), disk.read_file("01.log")) == (b"older", b"")


def test_what_nobody_has_asked_to_sync_does_not_arrive_because_the_log_goes_on() -> None:
    disk = disk_with()
    disk.open("00.log", create=True).append(b"older")
    disk.open("01.log", create=True)
    disk.sync_directory("")
    disk.lose_power(nothing)
    assert disk.read_file("00.log") == b""
