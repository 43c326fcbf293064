"""A full disk and an edited header: one line, the remedy, and nothing already found is lost."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from campaign import check as checking
from campaign.commands import fuzz as fuzz_command
from campaign.commands import replay as replay_command
from campaign.commands import report as report_command
from campaign.commands import shrink as shrink_command
from campaign.fuzz import fuzz
from campaign.outcome import Outcome, Refused
from campaign.progress import silent
from campaign.replay import scenario_of
from campaign.saved import SAVED
from campaign.workers import local
from invariants.report.build import Report, read_report, write_report
from traces.reader import parse, read
from traces.recorder import encode, write
from traces.trace import TraceError

REPORT = Report(
    generated="today",
    commit="abc",
    machine="here",
    verdict="holds",
    seconds=1.0,
    invariants=(),
    sections=(),
    exhibits=(),
)


@pytest.fixture
def full(monkeypatch, tmp_path) -> Path:
    """A directory on a disk without room: a write fails halfway."""
    directory = tmp_path / "full"
    directory.mkdir()
    write_text, write_bytes = Path.write_text, Path.write_bytes

    def none_left(path: Path) -> None:
        if path.is_relative_to(directory):
            write_bytes(path, b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    def text(path: Path, *arguments: object, **named: object) -> int:
        none_left(path)
        return write_text(path, *arguments, **named)

    def data(path: Path, content: bytes) -> int:
        none_left(path)
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_text", text)
    monkeypatch.setattr(Path, "write_bytes", data)
    return directory


def test_an_earlier_report_outlives_a_full_disk(tmp_path, monkeypatch):
    write_report(REPORT, tmp_path)

    def fails(path: Path, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(OSError, match="No space left"):
        write_report(msgspec.structs.replace(REPORT, verdict="violated"), tmp_path)
    with pytest.raises(Refused, match="the page cannot be written: No space left on device; make room"):
        report_command.run(tmp_path)
    assert read_report(tmp_path).verdict == "holds"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "report.json"]


def test_what_a_check_found_is_told_and_kept_elsewhere(full, monkeypatch):
    def parts(self: checking.Check) -> None:
        self.part(
            "saved traces", "fencepost replay", lambda: Outcome(verdict="holds", document={"n": 1}, lines=("ok",))
        )

    for name in ("_model", "_simulation", "_live"):
        monkeypatch.setattr(checking.Check, name, lambda _self: None)
    monkeypatch.setattr(checking, "saved_traces", list)
    monkeypatch.setattr(checking.Check, "_live", parts)
    outcome = checking.run(1.0, full, 0, silent, lambda _line: None)
    assert outcome.verdict == "unknown", "a report that nobody finds where he asked for it is no pass"
    assert "No space left on device" in outcome.lines[-1]
    assert "--out" in outcome.lines[-1]
    page = Path(outcome.document["report"])
    assert page.is_file()
    assert page.parent != full
    assert outcome.document["saved traces"]["verdict"] == "unknown"


def test_a_directory_that_cannot_be_made_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="name a directory with --out"):
        checking.run(1.0, tmp_path / "file" / "report", 0, silent, lambda _line: None)


def test_a_counterexample_that_cannot_be_written_is_told(full):
    result = fuzz(0, 60.0, mutant="ack-before-isr", out=full, workers=local(1))
    told = fuzz_command.told(result)
    assert told.verdict == "violated"
    assert told.document["traces"][0]["path"] is None
    assert told.document["traces"][0]["seed"] is not None
    assert "No space left on device; name a directory with room with --out" in told.lines[-1]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("brokers", -3, "brokers is -3, which is from 1 to 64"),
        ("replication", 9, "replication is 9, with 3 brokers"),
        ("horizon_ms", 1 << 40, "horizon_ms is"),
    ],
)
def test_a_header_that_no_run_can_have_is_bad_input_and_no_violation(field, value, said):
    trace = read(SAVED / "kip-101.jsonl")
    edited = msgspec.structs.replace(trace.header, configuration={**trace.header.configuration, field: value})
    with pytest.raises(TraceError, match=said):
        scenario_of(type(trace)(header=edited, lines=trace.lines, source="edited"))


def test_a_fault_that_the_cluster_cannot_suffer_is_bad_input():
    trace = read(SAVED / "kip-101.jsonl")
    edited = msgspec.structs.replace(trace.header, choices=((("fault", 3), 1 << 30),))
    with pytest.raises(TraceError, match="the faults of this cluster are 1 to"):
        scenario_of(type(trace)(header=edited, lines=trace.lines, source="edited"))


def test_a_trace_of_another_version_that_no_longer_fails_is_unknown(tmp_path):
    whole = (SAVED / "kip-101.jsonl").read_bytes()
    header, _, rest = whole.partition(b"\n")
    plain = msgspec.json.decode(header)
    other = tmp_path / "other.jsonl"
    # Choices that this code does nothing bad with, as if another version had.
    other.write_bytes(msgspec.json.encode({**plain, "choices": [], "commit": "0123abc"}) + b"\n" + rest)
    outcome = replay_command.run(other, clean=False)
    assert outcome.verdict == "unknown"
    assert "replay it with commit 0123abc, or search again" in outcome.lines[-1]


def test_a_trace_that_cannot_be_written_leaves_nothing_behind(full):
    with pytest.raises(OSError, match="No space left"):
        write(read(SAVED / "kip-101.jsonl"), full / "kept.jsonl")
    assert list(full.iterdir()) == []


def test_a_trace_is_not_shrunk_where_there_is_no_room_for_it(full, monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("room is asked for before the work")

    monkeypatch.setattr(shrink_command, "shrink_run", never)
    with pytest.raises(Refused, match=r"small.jsonl: cannot be written: No space left on device; name a file of yours"):
        shrink_command.run(SAVED / "kip-101.jsonl", full / "small.jsonl", silent)
    assert list(full.iterdir()) == []


@pytest.mark.parametrize("places", [1, 2])
def test_what_was_shrunk_is_kept_elsewhere_or_printed(places, tmp_path, monkeypatch):
    """The disk fills up meanwhile; with a second one full as well the trace itself is what is printed."""
    tried = []

    def fills_up(trace: object, path: Path) -> None:
        tried.append(path)
        if len(tried) <= places:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(trace, path)

    monkeypatch.setattr(shrink_command, "write", fills_up)
    monkeypatch.setattr(shrink_command, "regrown", lambda found, *_: found)
    target = tmp_path / "small.jsonl"
    outcome = shrink_command.run(SAVED / "ack-before-isr.jsonl", target, silent)
    assert outcome.verdict == "unknown", "it is not where it was asked for"
    said = next(line for line in outcome.lines if str(target) in line)
    assert "No space left on device" in said
    if places == 1:
        kept = read(Path(outcome.document["trace"]))
        assert outcome.document["trace"] in said
    else:
        assert outcome.document["trace"] is None
        kept = parse("\n".join((*outcome.document["lines"], "")).encode(), "printed")
        assert tuple(outcome.lines[-len(outcome.document["lines"]) :]) == tuple(outcome.document["lines"])
    assert kept.verdict is not None
    assert kept.verdict.invariant == outcome.document["invariant"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    trace = read(SAVED / "votes-twice.jsonl")
    with ThreadPoolExecutor(1) as reader:
        read_back = reader.submit(pipe.read_bytes)
        write(trace, pipe)
        assert read_back.result() == encode(trace)
    assert pipe.is_fifo()
