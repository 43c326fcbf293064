"""A run that breaks what only voters break is told by what the voters did."""

from pathlib import Path

import pytest

from traces import quorum_facts
from traces.drawing import draw
from traces.quorum_words import said, voter, weight
from traces.reader import read
from traces.storyteller import tell

SAVED = Path(__file__).resolve().parents[2] / "traces" / "saved"


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("votes-twice", "votes for controller-"),
        ("vote-not-written", "is back in epoch"),
        ("votes-unseen", "would vote for controller-"),
        ("cuts-too-much", "truncates to"),
    ],
)
def test_the_violating_step_is_told_in_the_words_of_its_vote(name, last):
    story = tell(read(SAVED / f"{name}.jsonl"))
    assert all(lane.startswith("controller") for lane in story.lanes)
    (violating,) = [event for event in story.events if event.violating]
    assert any(last in word for word in violating.words), violating.words


def test_the_drawing_keeps_whom_the_vote_was_asked_by():
    drawing = draw(tell(read(SAVED / "votes-twice.jsonl")))
    told = [word for box in drawing.boxes for word in box.event.words]
    assert any(word.startswith("stands in epoch") for word in told)
    assert drawing.folded > 0


def test_a_run_whose_violation_is_of_a_partition_is_told_of_that():
    assert tell(read(SAVED / "kip-101.jsonl")).partition.startswith("t-")


def test_every_fact_of_a_voter_has_words_and_a_weight():
    trace = read(SAVED / "votes-by-length.jsonl")
    seen = {
        type(fact).__name__: fact for line in trace.lines for fact in quorum_facts.decoded(getattr(line, "quorum", ()))
    }
    assert len(seen) > 8
    assert all(said(fact) and weight(fact) is not None for fact in seen.values())
    assert {voter(3000), voter(3002), voter(-1)} == {"controller", "controller-2", "nobody"}
