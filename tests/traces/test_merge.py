"""Merging: the order respects every file and every clock, whatever order the files are given in."""

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traces.execution import small
from traces.merge import merge
from traces.reader import TraceError, read
from traces.recorder import LiveRecorder, write
from traces.schema import VERSION, Header, Step


def live(directory: Path, node: str, started_ms: int | None = 1_000) -> LiveRecorder:
    configuration = {} if started_ms is None else {"started_ms": started_ms}
    header = Header(version=VERSION, origin="live", node=node, configuration=configuration, commit="abc")
    return LiveRecorder(directory / f"{node}.jsonl", header)


def three_processes(directory: Path) -> list[Path]:
    """n2 fetches from n1, which answers; the client writes; n1 is killed."""
    n1, n2, client = live(directory, "n1"), live(directory, "n2", 1_500), live(directory, "client", 900)
    n1.step(100, "n1", "metadata", clock=1)
    n2.step(1, "n2", "metadata", clock=1)
    n2.step(2, "n2", "send fetch", clock=2)
    n1.step(510, "n1", "Fetch from n2", clock=3, cause=2)
    n2.step(20, "n2", "Fetched from n1", clock=4, cause=3)
    n2.step(21, "n2", "Fetched from n1", clock=5, cause=77)
    client.op(at=500, client="c1", process=0, id=0, operation="produce", phase="invoke", value="a")
    client.op(at=615, client="c1", process=0, id=0, operation="produce", phase="ok", value="a", offset=0)
    client.fault(900, "kill -9", ("n1",))
    return [directory / f"{name}.jsonl" for name in ("n1", "n2", "client")]


def words(path_lines: object) -> list[str]:
    assert isinstance(path_lines, tuple)
    return [f"{line.node} {line.clock}" if isinstance(line, Step) else type(line).__name__ for line in path_lines]


def test_lines_are_put_in_the_order_of_their_clocks(tmp_path: Path) -> None:
    trace = merge(three_processes(tmp_path))
    assert words(trace.lines) == ["n1 1", "n2 1", "Op", "n2 2", "n1 3", "Op", "n2 4", "n2 5", "Fault"]
    assert [line.n for line in trace.lines] == list(range(9))
    assert trace.end is not None
    assert trace.end.lines == 9
    assert trace.header.node is None
    assert trace.header.commit == "abc"


def test_times_count_from_the_earliest_process(tmp_path: Path) -> None:
    trace = merge(three_processes(tmp_path))
    assert [line.at for line in trace.lines] == [200, 601, 500, 602, 610, 615, 620, 621, 900]


def test_causes_become_line_numbers(tmp_path: Path) -> None:
    trace = merge(three_processes(tmp_path))
    causes = {line.n: line.cause for line in trace.lines if isinstance(line, Step)}
    assert causes == {0: None, 1: None, 3: None, 4: 3, 6: 4, 7: None}


def test_the_order_of_the_arguments_does_not_matter(tmp_path: Path) -> None:
    paths = three_processes(tmp_path)
    results = {merge(order).end for order in permutations(paths)}
    assert len(results) == 1


def test_the_merged_trace_writes_and_reads(tmp_path: Path) -> None:
    trace = merge(three_processes(tmp_path))
    write(trace, tmp_path / "merged.jsonl")
    assert read(tmp_path / "merged.jsonl").lines == trace.lines


def test_a_torn_line_is_noted(tmp_path: Path) -> None:
    paths = three_processes(tmp_path)
    paths[1].write_bytes(paths[1].read_bytes()[:-4])
    trace = merge(paths)
    assert len(trace.lines) == 8
    assert trace.notes == (f"{paths[1]}: line 5: torn, dropped: n2 stopped while writing it",)


def test_a_clock_that_goes_back_is_an_error(tmp_path: Path) -> None:
    recorder = live(tmp_path, "n1")
    recorder.step(1, "n1", "tick", clock=9)
    recorder.step(2, "n1", "restart", clock=1)
    with pytest.raises(TraceError, match=r"n1.jsonl, line 3: the clock goes back from 9 to 1; start a process's clock"):
        merge([tmp_path / "n1.jsonl"])


def test_two_files_of_one_process_are_an_error(tmp_path: Path) -> None:
    paths = three_processes(tmp_path)
    copy = tmp_path / "z.jsonl"
    copy.write_bytes(paths[0].read_bytes())
    with pytest.raises(TraceError, match=r"z.jsonl, line 1: a second file of n1, whose first is .*n1.jsonl; give each"):
        merge([*paths, copy])


def test_a_simulated_trace_is_not_merged(tmp_path: Path) -> None:
    small().write(tmp_path / "small.jsonl")
    with pytest.raises(TraceError, match=r"its origin is 'simulated': only traces of live processes are merged"):
        merge([tmp_path / "small.jsonl"])


def test_nothing_to_merge_is_an_error() -> None:
    with pytest.raises(TraceError, match="there is no file to merge"):
        merge([])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2), st.integers(0, 5)), max_size=40), st.booleans())
def test_any_execution_merges_into_a_causal_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, int]], timed: bool
) -> None:
    """Processes that tick, or receive what another has sent, merge so that causes stand before effects."""
    directory = tmp_path_factory.mktemp("run")
    recorders = [live(directory, f"n{i}", 1_000 + i if timed else None) for i in range(3)]
    clocks, times = [0, 0, 0], [0, 0, 0]
    sent: list[list[int]] = [[], [], []]
    for process, sender, wait in steps:
        times[process] += wait
        cause = sent[sender][-1] if sender >= 0 and sender != process and sent[sender] else None
        clocks[process] = max(clocks[process], cause or 0) + 1
        event = "tick" if cause is None else f"message from n{sender}"
        recorders[process].step(times[process], f"n{process}", event, clock=clocks[process], cause=cause)
        sent[process].append(clocks[process])
    for recorder in recorders:
        recorder.close()
    trace = merge([directory / f"n{i}.jsonl" for i in range(3)])
    for i in range(3):
        own = [line.clock for line in trace.lines if isinstance(line, Step) and line.node == f"n{i}"]
        assert own == sent[i]
    for line in trace.lines:
        assert isinstance(line, Step)
        if line.event != "tick":
            assert line.cause is not None
            assert line.cause < line.n
            origin = trace.lines[line.cause]
            assert isinstance(origin, Step)
            assert line.event == f"message from {origin.node}"
