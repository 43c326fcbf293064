"""Round trip: what is recorded is what is read, and the bytes depend on nothing else."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from tests.traces.execution import PARTITION, content, simulated, small
from traces import facts
from traces.reader import read
from traces.recorder import LiveRecorder, encode
from traces.schema import VERSION, Fault, Header, Op, Step

LIVE = Header(version=VERSION, origin="live", node="n1", configuration={"started_ms": 1_000_000})


def test_what_is_recorded_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "small.jsonl"
    recorder = small()
    recorder.verdict("no-loss", "record 0 is gone", at_line=4)
    recorder.verdict("later", "the first verdict stands")
    written = recorder.write(path)
    trace = read(path)
    assert trace.header == simulated()
    assert [type(line) for line in trace.lines] == [Step, Step, Op, Step, Fault, Op]
    assert [line.n for line in trace.lines] == [0, 1, 2, 3, 4, 5]
    assert trace.verdict is not None
    assert (trace.verdict.invariant, trace.verdict.at_line) == ("no-loss", 4)
    assert trace.end == written.end
    step = trace.lines[3]
    assert isinstance(step, Step)
    assert facts.decoded(step.facts) == (facts.Append(partition=PARTITION, leader_epoch=0, batch=content(0)),)
    assert step.logs == {PARTITION: (1, 0, 0)}


def test_a_trace_read_and_written_again_has_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    small().write(path)
    assert encode(read(path)) == path.read_bytes()


def test_the_digest_is_over_the_numbered_lines_as_written(tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    trace = small().write(path)
    rows = path.read_bytes().splitlines(keepends=True)
    assert trace.end is not None
    assert trace.end.digest == hashlib.sha256(b"".join(rows[1:7])).hexdigest()
    assert trace.end.lines == 6


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "import sys; from tests.traces.execution import small; from traces.recorder import encode;"
        "sys.stdout.buffer.write(encode(small().trace()))"
    )
    root = Path(__file__).parents[2]
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert outputs == {encode(small().trace())}


def test_free_form_keys_are_sorted() -> None:
    recorder = small()
    recorder.header = msgspec.structs.replace(recorder.header, configuration={"b": 1, "a": {"d": 1, "c": 2}})
    assert b'"configuration":{"a":{"c":2,"d":1},"b":1}' in encode(recorder.trace()).splitlines()[0]


def test_every_line_of_a_live_process_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "n1.jsonl"
    recorder = LiveRecorder(path, LIVE)
    assert recorder.step(5, "n1", "tick", clock=3) == 0
    assert len(read(path).lines) == 1
    assert recorder.fault(6, "pause", ["n1"], clock=4) == 1
    trace = read(path)
    assert [line.clock for line in trace.lines] == [3, 4]
    assert trace.end is None
    recorder.close()


def test_a_live_trace_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "n1.jsonl"
    program = (
        "import sys; from traces.recorder import LiveRecorder; from traces.schema import Header\n"
        f"recorder = LiveRecorder({str(path)!r}, Header(version={VERSION}, origin='live', node='n1'))\n"
        "for clock in range(50): recorder.step(clock, 'n1', 'tick', clock=clock)\n"
        "print('written', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"written\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(read(path).lines) == 50


def test_a_process_that_comes_back_goes_on_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "n1.jsonl"
    first = LiveRecorder(path, LIVE)
    assert first.clock == 0
    first.step(10, "n1", "tick", clock=41)
    first.close()
    path.write_bytes(path.read_bytes() + b'{"line":"step","n":1,"at"')
    later = msgspec.structs.replace(LIVE, configuration={"started_ms": 1_005_000})
    second = LiveRecorder(path, later)
    assert second.clock == 41
    assert second.step(20, "n1", "restart", clock=42) == 1
    second.close()
    trace = read(path)
    assert [(line.n, line.at, line.clock) for line in trace.lines] == [(0, 10, 41), (1, 5020, 42)]
    assert trace.notes == ()


def test_a_process_that_died_before_its_header_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "n1.jsonl"
    path.write_bytes(b'{"line":"hea')
    recorder = LiveRecorder(path, LIVE)
    recorder.step(1, "n1", "tick")
    recorder.close()
    assert len(read(path).lines) == 1
