"""Every saved counterexample as it is drawn: small enough to follow, the violation last, nothing over another."""

from pathlib import Path

import pytest

from traces.drawing import MOST, draw
from traces.reader import read
from traces.storyteller import tell
from traces.where import place

SAVED = Path(__file__).resolve().parents[2] / "traces" / "saved"
TOLD = Path(__file__).resolve().parent / "told"
NODES_MAX = 40


@pytest.mark.parametrize("path", sorted(SAVED.glob("*.jsonl")), ids=lambda path: path.stem)
def test_at_most_forty_steps_are_drawn_the_violating_one_last_and_none_over_another(path):
    drawing = draw(tell(read(path)))
    assert MOST == NODES_MAX
    assert 0 < len(drawing.boxes) <= NODES_MAX
    assert drawing.boxes[-1].event.violating
    assert len(drawing.boxes) + drawing.folded == len(drawing.story.events)
    places = [(box.row, lane) for box in drawing.boxes for lane in (box.event.lane, *box.event.others)]
    assert len(places) == len(set(places))
    boxes = {box.event.line: box for box in drawing.boxes}
    for arrow in drawing.arrows:
        box = boxes[arrow.target]
        if arrow.source is None:
            first, last = sorted((drawing.lanes.index(arrow.lane), box.column))
            passed = [each for each in drawing.boxes if arrow.row <= each.row < box.row]
            assert not [each for each in passed if first <= each.column <= last], "nor one from a bare lane"
            continue
        sender = boxes[arrow.source]
        columns = {sender.column, box.column}
        between = [each for each in drawing.boxes if sender.row < each.row < box.row and each.column in columns]
        assert not between or box.row - sender.row == 1, "an arrow between boxes passes none"


def test_controllers_stand_left_of_brokers_and_these_left_of_clients():
    lanes = tell(read(TOLD / "kip-101.jsonl")).lanes
    kinds = ["controller" if lane.startswith("controller") else lane[0] for lane in lanes]
    assert kinds == sorted(kinds, key=["controller", "n", "c"].index)
    assert "controller" in kinds


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sync-tried-again", "refuses its disk, does not start"),
        ("judges-by-its-own-clock", "not healed by now"),
        ("reads-uncommitted", "reads k2.0:1 at 1"),
        ("retry-under-a-new-identity", "reads k1.0:0 again at 1"),
    ],
)
def test_a_violation_without_a_fact_is_said_in_its_own_words(name, words):
    trace = read(TOLD / f"{name}.jsonl")
    (violating,) = [event for event in tell(trace).events if event.violating]
    assert violating.words == (words,)
    found = place(trace)
    assert found is not None
    assert violating.lane == (found.lane or violating.lane)


def test_who_refuses_its_disk_is_whose_process_ended_last():
    trace = read(TOLD / "zeros-passed-over.jsonl")
    found = place(trace)
    assert found is not None
    assert found.lane.startswith("n")
    ended = [line for line in trace.lines if getattr(line, "kind", "") == "power loss"]
    assert found.lane in ended[-1].targets


def test_a_violation_with_a_fact_needs_no_other_words():
    assert place(read(TOLD / "kip-101.jsonl")) is None
