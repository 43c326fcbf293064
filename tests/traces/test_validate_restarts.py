"""Validation of restarts: what a crash may have completed, and what it may not have done."""

from tests.traces.execution import Execution, begun, content
from tests.traces.test_validate import diverges
from traces.validate import validate


def crashed() -> Execution:
    """n1 leads with two records, of which n2 has the first; both processes die."""
    run = begun(Execution())
    run.append(1, 0, 0)
    run.fetch(2, 0, 1, 0, 0, content(0))
    run.append(1, 0, 1)
    run.send(2, 0, 1, 1)
    run.count(1, 0, 2, 1)
    run.answer(1, 0, 2, 1, 2, 0)
    return run


def test_a_leader_may_come_back_with_an_append_it_did_not_tell() -> None:
    run = crashed()
    run.restart(1, 3, 0, 2, content(2))
    result = validate(run.recorder.trace())
    assert result.divergence is None
    assert result.actions["append"] == 3


def test_a_follower_may_come_back_with_what_it_was_sent() -> None:
    run = crashed()
    run.restart(2, 2, 0, 0, content(0), content(1))
    result = validate(run.recorder.trace())
    assert result.divergence is None
    assert result.actions["receive_fetch"] == 2


def test_a_follower_may_not_come_back_with_what_nobody_sent() -> None:
    run = crashed()
    run.restart(3, 1, 0, 0, content(0))
    assert diverges(run).conjunct == "s.answered[follower, s.leader_epoch[follower]]"


def test_a_follower_may_not_come_back_with_another_batch() -> None:
    run = crashed()
    run.restart(2, 2, 0, 0, content(0), content(1, crc=5))
    assert diverges(run).reason.startswith("it says offset 1 of n2 holds record 0 of batch 00000005")


def test_a_leader_may_not_come_back_with_a_batch_of_another_epoch() -> None:
    run = crashed()
    run.restart(1, 3, 0, 2, content(2, epoch=1))
    assert "it could only have appended in its epoch 0" in diverges(run).reason


def test_a_truncation_cut_short_is_replayed() -> None:
    run = crashed()
    run.fail_over(2, 1, 1, 1, (2, 3))
    run.lead(2, 1, 1, (2, 3), 1)
    run.follow(1, 1, 2)
    run.probed(2, 1, 2, 0, 1, diverging=(0, 1))
    run.restart(1, 1, 0, 0, content(0))
    result = validate(run.recorder.trace())
    assert result.divergence is None
    assert result.actions["truncate"] == 1


def test_a_lost_tail_is_outside_the_model() -> None:
    run = crashed()
    run.restart(1, 1, 0, 0, content(0))
    found = diverges(run)
    assert found.outside
    assert found.reason == (
        "n1 comes back with 1 of its 2 records: an unflushed tail was lost, which is outside the model replication"
    )


def test_a_high_watermark_may_not_rise_by_a_restart() -> None:
    run = crashed()
    run.restart(1, 2, 1, 1, content(1))
    assert "high_watermark <= s.high_watermark[replica]" in diverges(run).conjunct


def test_a_high_watermark_that_an_old_checkpoint_brings_back_is_believed_again() -> None:
    run = begun(Execution())
    run.append(1, 0, 0)
    run.fetch(2, 0, 1, 0, 0, content(0))
    run.fetch(3, 0, 1, 0, 0, content(0))
    for node in (2, 3):
        run.send(node, 0, 1, 1)
        run.count(1, 0, node, 1)
    run.advance(1, 0, 1, (1, 2, 3))
    run.answer(1, 0, 3, 1, 1, 1)
    run.receive(3, 0, 1, 1, 1)
    run.elect(2, 1, 1, (1, 2, 3))
    run.lead(2, 1, 1, (1, 2, 3), 1)
    run.follow(3, 1, 2)
    run.probed(2, 1, 1, 0, 1)
    run.reconcile(3, 1, 2, 1)
    run.append(2, 1, 1)
    run.send(3, 1, 2, 1)
    run.answer(2, 1, 3, 1, 2, 0)
    run.receive(3, 1, 2, 2, 0, content(1, epoch=1))
    assert validate(run.recorder.trace()).divergence is None
    for high_watermark in (1, 2):
        # It had believed so of the first record, and of no other.
        run.restart(3, 2, high_watermark, high_watermark, *([content(1, epoch=1)] if high_watermark == 1 else []))
        if high_watermark == 1:
            assert validate(run.recorder.trace()).divergence is None
    assert "high_watermark <= s.high_watermark[replica]" in diverges(run).conjunct
