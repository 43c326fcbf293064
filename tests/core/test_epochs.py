"""The leader-epoch cache against the words of the protocol, and against a log of epochs looked at one by one."""

from hypothesis import given
from hypothesis import strategies as st

from impl.core.epochs import LeaderEpochCache
from impl.core.types import EpochStart


def cache(*starts):
    return LeaderEpochCache([EpochStart(*start) for start in starts])


def test_the_latest_epoch_ends_at_the_log_end():
    assert cache((0, 0), (3, 10)).end_offset_for(3, 25) == (3, 25)


def test_an_older_epoch_ends_where_the_next_begins():
    assert cache((0, 0), (3, 10), (5, 12)).end_offset_for(3, 25) == (3, 12)


def test_an_epoch_never_seen_ends_with_the_one_below_it():
    assert cache((0, 0), (3, 10), (5, 12)).end_offset_for(4, 25) == (3, 12)


def test_an_epoch_before_the_first_ends_where_the_first_begins():
    assert cache((3, 10), (5, 12)).end_offset_for(1, 25) == (1, 10)


def test_nothing_is_known_of_newer_epochs_or_of_none():
    assert cache((3, 10)).end_offset_for(4, 25) == (-1, -1)
    assert cache((3, 10)).end_offset_for(-1, 25) == (-1, -1)
    assert cache().end_offset_for(0, 0) == (-1, -1)


def test_an_epoch_is_assigned_even_with_no_record_and_gives_way_to_the_next():
    epochs = cache((0, 0))
    assert epochs.assign(1, 10)
    assert epochs.end_offset_for(0, 10) == (0, 10)
    assert epochs.assign(2, 10)
    assert epochs.entries == ((0, 0), (2, 10))
    assert not epochs.assign(2, 11)
    assert not epochs.assign(1, 11)


def test_truncation_cuts_epochs_that_start_at_the_new_end():
    epochs = cache((0, 0), (3, 10), (5, 12))
    assert not epochs.truncate_from_end(13)
    assert epochs.truncate_from_end(12)
    assert (epochs.entries, epochs.latest) == (((0, 0), (3, 10)), 3)
    assert epochs.truncate_from_end(0)
    assert (epochs.entries, epochs.latest) == ((), -1)


@given(st.lists(st.integers(0, 4), max_size=12).map(sorted), st.integers(0, 5))
def test_the_answer_is_what_the_log_itself_says(log, epoch):
    """Built from a log's own epochs, the cache answers as a look at every record would."""
    epochs = LeaderEpochCache()
    for offset, written in enumerate(log):
        epochs.assign(written, offset)
    answer = epochs.end_offset_for(epoch, len(log))
    if not log or epoch > log[-1]:
        assert answer == (-1, -1)
        return
    end = sum(written <= epoch for written in log)
    floor = max((written for written in log if written <= epoch), default=epoch)
    assert answer == (floor, end)
