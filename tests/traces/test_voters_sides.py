"""The controllers' two sides: what voters tell and what the model says are the same until the model refuses a step."""

from pathlib import Path

import pytest

from traces.reader import read
from traces.voters_sides import VotersSides, stretches
from traces.voters_story import is_of_voters

SAVED = Path(__file__).resolve().parents[2] / "traces" / "saved"
TOLD = Path(__file__).resolve().parent / "told"
NOT_REFUSED = {"follows-into-a-later-epoch"}
"""The model does not say from whom a voter fetches: `one_leader` does."""
OF_VOTERS = [path for path in sorted(SAVED.glob("*.jsonl")) if is_of_voters(read(path))]


def test_there_are_counterexamples_of_voters():
    assert len(OF_VOTERS) >= 5


@pytest.mark.parametrize("path", OF_VOTERS, ids=lambda path: path.stem)
def test_the_two_sides_agree_until_the_model_stops(path):
    trace = read(path)
    sides, early = VotersSides(trace), []
    for line in trace.lines:
        sides.line(line)
        if sides.stopped is not None:
            break
        for name, model in (sides.model.replicas if sides.model is not None else {}).items():
            told = sides.told.replicas[name]
            if not told.away and told != model:
                early.append(f"line {line.n}: {name} tells {told}, the model has {model}")
    assert early == []
    assert (sides.stopped is None) == (path.stem in NOT_REFUSED), "each other one is refused somewhere"


def test_of_a_vote_given_twice_the_told_side_has_the_second_and_the_model_the_first():
    trace = read(TOLD / "votes-twice.jsonl")
    sides = VotersSides(trace)
    for line in trace.lines:
        sides.line(line)
    assert sides.model is not None
    differ = [name for name, model in sides.model.replicas.items() if sides.told.replicas[name] != model]
    assert len(differ) == 1
    assert sides.told.replicas[differ[0]].voted != sides.model.replicas[differ[0]].voted == differ[0]


def test_a_log_is_shown_as_the_stretches_that_one_epoch_wrote():
    shown = [(each.base_offset, each.record_count, each.leader_epoch) for each in stretches([1, 1, 2, 4, 4])]
    assert shown == [(0, 2, 1), (2, 1, 2), (3, 2, 4)]
    assert stretches([]) == []
