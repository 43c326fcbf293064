"""The drawing: what is kept, where it stands, and that every format can be made. Structure, not bytes."""

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import msgspec
import pytest

from tests.traces.execution import PARTITION, Execution, begun, content, kip_101, simulated, tour
from traces import facts
from traces import render as rendering
from traces.drawing import FOOT, HEAD, Drawing, draw
from traces.labels import _ascii
from traces.picture import source
from traces.render import RenderError, render
from traces.schema import Step
from traces.story import letter
from traces.storyteller import tell
from traces.trace import Trace
from traces.wording import Weight, weight, words


def drawn(run: Execution, most: int = 40) -> Drawing:
    return draw(tell(run.recorder.trace()), most)


def told(drawing: Drawing) -> list[tuple[str, str]]:
    return [(box.event.lane, "; ".join(box.event.words)) for box in drawing.boxes]


# ---------------------------------------------------------------- the story
KIP_101_STORY = [
    ("controller", "creates: n1 leads, ISR {n1 n2 n3}"),
    ("n1", "leads epoch 0 from 0"),
    ("n1", "appends a"),
    ("n2", "copies a"),
    ("n3", "copies a"),
    ("n1", "acknowledges a at 0 (acks=all)"),
    ("c1", "acknowledged at 0"),
    ("n1", "crash"),
    ("controller", "drops n1, elects n2, epoch 1"),
    ("n2", "leads epoch 1 from 1"),
    ("n3", "truncates to 0"),
    ("n2", "crash"),
    ("controller", "drops n2, elects n3, epoch 2"),
    ("n3", "leads epoch 2 from 0"),
]


def test_kip_101_is_told_in_the_steps_that_matter() -> None:
    drawing = drawn(kip_101(), most=14)
    assert drawing.lanes == ("controller", "n1", "n2", "n3", "c1")
    assert told(drawing) == KIP_101_STORY
    assert drawing.folded == 20
    assert drawing.story.sentence.startswith("record a, acknowledged at offset 0 in epoch 0, is missing from n3")


def test_a_short_story_in_which_nothing_is_violated_is_told_whole() -> None:
    drawing = drawn(tour(), most=100)
    assert drawing.folded == 0
    assert drawing.story.sentence == ""
    assert any(words.startswith("fetches from") for _, words in told(drawing))


def test_of_a_counterexample_only_what_matters_causally_is_drawn() -> None:
    drawing = drawn(kip_101())
    whole = {event.line: event for event in drawing.story.events}
    kept = {box.event.line for box in drawing.boxes}
    assert 0 < drawing.folded == len([line for line in whole if line <= max(kept)]) - len(kept)
    assert ("n3", "learns high watermark 1") not in told(drawing)
    assert ("n1", "counts n2 at 1") in told(drawing), "the watermark rests on it"
    assert ("n1", "high watermark 1") in told(drawing), "the acknowledgement rests on it"
    for box in drawing.boxes:
        cause = box.event.cause
        assert cause not in whole or cause in kept, f"{box.event.words} rests on line {cause}"


def test_the_violating_step_is_last_and_marked() -> None:
    run = kip_101()
    run.append(3, 2, 0, crc=9)
    drawing = drawn(run)
    assert [box.event.violating for box in drawing.boxes][-1]
    assert sum(box.event.violating for box in drawing.boxes) == 1
    assert ("n3", "appends b") not in told(drawing)


def test_at_most_so_many_steps_are_drawn_and_the_violating_one_is_among_them() -> None:
    for most in (1, 5, 12):
        drawing = drawn(kip_101(), most)
        assert len(drawing.boxes) == most
        assert drawing.boxes[-1].event.violating
        assert drawing.folded == 34 - most


def test_the_log_after_a_step_is_what_the_facts_say() -> None:
    boxes = {box.event.words[0]: box.event for box in drawn(tour(), most=100).boxes}
    view = boxes["truncates to 3"].view
    assert view is not None
    assert [(cell.base_offset, cell.record_count, cell.leader_epoch, name) for cell, name in view.cells] == [
        (0, 1, 0, "a"),
        (1, 2, 0, "b"),
    ]
    assert (view.log_end, view.high_watermark, view.leader_epoch, view.leading) == (3, 1, 1, False)
    restarted = boxes["is back with 5 on its disk"].view
    assert restarted is not None
    assert [name for _, name in restarted.cells] == ["a", "b", "d", "e"]


def test_long_logs_are_counted_where_they_are_not_shown() -> None:
    run = begun(Execution())
    for offset in range(30):
        run.append(1, 0, offset)
    view = drawn(run).boxes[-1].event.view
    assert view is not None
    assert (len(view.cells), view.hidden, view.cells[-1][1]) == (7, 23, "ad")


def test_letters() -> None:
    assert [letter(index) for index in (0, 25, 26, 51, 52, 701, 702)] == ["a", "z", "aa", "az", "ba", "zz", "aaa"]


def test_every_fact_has_words_and_a_weight() -> None:
    happened = [fact for line in tour().recorder.lines if isinstance(line, Step) for fact in line.facts]
    spoken = {type(fact).__name__: words(fact, str) for fact in happened}
    assert len(spoken) == len(set(spoken.values())) == 21
    assert spoken["ShrinkIsr"] == "proposes ISR {n1 n2}"
    turns = {type(fact).__name__ for fact in happened if weight(fact) == Weight.TURN}
    assert turns == {"CreatePartition", "Elect", "FailOver", "BecomeLeader", "Truncate", "Restart"}


# ---------------------------------------------------------------- places
@pytest.mark.parametrize(("run", "most"), [(kip_101, 40), (kip_101, 22), (tour, 40), (tour, 100), (tour, 9)])
def test_time_goes_down_and_nothing_overlaps(run: object, most: int) -> None:
    assert callable(run)
    drawing = drawn(run(), most)
    rows = [box.row for box in drawing.boxes]
    assert rows == sorted(rows)
    assert rows[0] == 0
    assert set(rows) == set(range(max(rows) + 1))
    places = [(box.row, lane) for box in drawing.boxes for lane in (box.event.lane, *box.event.others)]
    assert len(places) == len(set(places))
    row_of = {box.event.line: box.row for box in drawing.boxes}
    for arrow in drawing.arrows:
        assert arrow.row <= row_of[arrow.target]
        if arrow.source is not None:
            assert row_of[arrow.source] < row_of[arrow.target]


def test_arrows_are_found_from_the_facts_where_no_cause_is_written() -> None:
    drawing = drawn(kip_101())
    lane_of = {box.event.line: box.event.lane for box in drawing.boxes}
    said = {box.event.line: box.event.words[0] for box in drawing.boxes}
    arrows = {(arrow.lane, lane_of[arrow.target], said[arrow.target], arrow.kind) for arrow in drawing.arrows}
    assert ("controller", "n1", "leads epoch 0 from 0", "metadata") in arrows
    assert ("controller", "n3", "leads epoch 2 from 0", "metadata") in arrows
    assert ("n2", "n1", "counts n2 at 1", "request") in arrows
    assert ("n1", "n3", "copies a", "answer") in arrows
    assert ("c1", "n1", "appends a", "client") in arrows
    assert ("n1", "c1", "acknowledged at 0", "client") in arrows


def test_a_written_cause_goes_before_what_the_facts_suggest() -> None:
    run = begun(Execution())
    asked = run.send(2, 0, 1, 0)
    run.send(2, 0, 1, 0)
    run.recorder.lines[-1] = msgspec.structs.replace(run.recorder.lines[-1], at=9)
    counted = run.count(1, 0, 2, 0)
    line = run.recorder.lines[counted]
    run.recorder.lines[counted] = msgspec.structs.replace(line, cause=asked)
    arrow = next(arrow for arrow in drawn(run).arrows if arrow.target == counted)
    assert arrow.source == asked


def test_an_arrow_leaves_the_bare_lane_where_its_step_is_folded() -> None:
    drawing = drawn(kip_101(), most=16)
    copied = next(box for box in drawing.boxes if box.event.words[0] == "copies a")
    arrow = next(arrow for arrow in drawing.arrows if arrow.target == copied.event.line)
    assert (arrow.lane, arrow.source, arrow.row) == ("n1", None, copied.row)


def test_lanes_show_who_leads_and_who_is_down() -> None:
    stretches = [stretch for stretch in drawn(kip_101()).stretches if stretch.lane == "n1"]
    assert stretches[0].source == HEAD
    assert stretches[-1].target == FOOT
    assert (stretches[0].leading, stretches[0].down) == (None, False)
    assert {(stretch.leading, stretch.down) for stretch in stretches[1:-1]} == {(0, False)}
    assert (stretches[-1].leading, stretches[-1].down) == (None, True)


def test_a_fault_between_two_stands_on_both_lanes() -> None:
    run = begun(Execution())
    line = run.fault("break", "n1", "n3")
    drawing = drawn(run)
    box = next(box for box in drawing.boxes if box.event.line == line)
    assert (box.event.lane, box.event.others) == ("n1", ("n3",))
    text = source(drawing).source
    assert f'"n1 {line}" -> "n3 {line}"' in text


# ---------------------------------------------------------------- files
@pytest.mark.parametrize("suffix", [".svg", ".png", ".json", ".gv"])
def test_every_format_is_made_with_the_source_beside_it(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / "pictures" / f"kip{suffix}"
    assert render(kip_101().recorder.trace(), out) == out
    gv = out.with_suffix(".gv").read_text()
    assert gv.startswith("digraph trace {")
    assert gv.count("pos=") == gv.count('!"')
    data = out.read_bytes()
    if suffix == ".svg":
        texts = [element.text for element in ElementTree.fromstring(data).iter("{http://www.w3.org/2000/svg}text")]
        assert "no-committed-loss violated" in texts
        assert "leads epoch 2 from 0" in texts
    elif suffix == ".png":
        assert data.startswith(b"\x89PNG")
    elif suffix == ".json":
        names = {node["name"] for node in json.loads(data)["objects"]}
        assert {"head n1", "foot c1", "legend"} <= names


def test_the_picture_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    program = (
        "from tests.traces.execution import tour; from traces.render import render;"
        f"render(tour().recorder.trace(), {str(tmp_path)!r} + '/' + __import__('os').environ['PYTHONHASHSEED'] + '.gv')"
    )
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", program], cwd=Path(__file__).parents[2], env={"PYTHONHASHSEED": seed}, check=True
        )
    assert (tmp_path / "1.gv").read_bytes() == (tmp_path / "2.gv").read_bytes()


def test_the_violation_is_red_and_on_top() -> None:
    text = source(drawn(kip_101())).source
    assert text.count("#fde8e8") == 1
    assert "<B>no-committed-loss violated</B>" in text
    assert "record a, acknowledged at offset 0 in epoch 0, is missing from n3" in text


def test_what_a_trace_says_cannot_break_the_picture(tmp_path: Path) -> None:
    run = begun(Execution())
    run.fault('crash <b>&"x"\\', "n1")
    run.produce("invoke", "\u2713")
    run.recorder.verdict("a<b", 'record <1> & "two" \\N is gone', at_line=3)
    render(run.recorder.trace(), tmp_path / "odd.svg")
    assert "record &lt;1&gt; &amp; &quot;two&quot;" in (tmp_path / "odd.gv").read_text()
    assert _ascii("\u2713<") == "?&lt;"


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"x.pdf: cannot draw a .pdf; name it with one of .svg, .png, .gv, .json"):
        render(kip_101().recorder.trace(), tmp_path / "x.pdf")


def test_an_empty_trace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="trace: has no steps to draw"):
        render(Trace(header=simulated(), lines=()), tmp_path / "x.svg")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RenderError, match=r"file/x.gv: cannot be written: .*; name a file in a directory"):
        render(kip_101().recorder.trace(), tmp_path / "file" / "x.svg")


def test_without_a_renderer_the_source_is_saved_and_the_remedy_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "RENDERERS", ("no-such-program", "nor-this"))
    with pytest.raises(RenderError, match=r"no Graphviz program found .*pip install graphviz-pure") as caught:
        render(kip_101().recorder.trace(), tmp_path / "x.svg")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "x.gv").exists()
    assert not (tmp_path / "x.svg").exists()


def test_a_renderer_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    false = shutil.which("false")
    assert false is not None
    monkeypatch.setattr(rendering, "renderer", lambda: false)
    with pytest.raises(RenderError, match=r"x.gv: .*false cannot draw it \(it gave no reason\)"):
        render(kip_101().recorder.trace(), tmp_path / "x.svg")


def test_long_boxes_say_how_much_they_leave_out() -> None:
    run = begun(Execution())
    run.receive(2, 0, 1, 60, 0, *[content(offset) for offset in range(60)])
    appended = [facts.Append(partition=PARTITION, leader_epoch=0, batch=content(offset)) for offset in range(6)]
    run.step("n1", "Produce from c1", *appended)
    text = source(drawn(run)).source
    assert re.findall(r">(copies [^<]*|[^<]*[0-9]+ more)<", text) == [
        "copies a to bh, 60 batches",
        "55 more",
        "and 3 more",
    ]
