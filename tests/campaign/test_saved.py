"""Every saved counterexample fails with its bug and passes without; a directory that lost them is noticed."""

import pytest

from campaign.commands import replay
from campaign.saved import SAVED, Kept, run_again, saved_traces


@pytest.mark.parametrize("path", saved_traces(), ids=lambda path: path.stem)
def test_a_saved_trace_fails_with_its_bug_and_passes_without(path):
    kept = run_again(path)
    assert kept.with_bug.verdict == "violated", kept.with_bug.lines
    assert kept.without is None or kept.without.verdict == "holds", kept.without.lines
    assert kept.as_expected


def test_there_are_saved_traces():
    assert {"kip-101", "model-kip-101", "elr-kept"} <= {path.stem for path in saved_traces()}


def test_a_trace_that_no_longer_fails_is_noticed():
    path = SAVED / "model-kip-101.jsonl"
    clean = replay.run(path, clean=True)
    kept = run_again(path)
    assert not Kept(path, kept.trace, kept.planted, clean, clean).as_expected
    assert not Kept(path, kept.trace, kept.planted, kept.with_bug, kept.with_bug).as_expected
