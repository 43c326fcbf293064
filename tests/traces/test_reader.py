"""Every way a file can fail to be a trace: the error names the file, the line, what is wrong and what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.traces.execution import small
from traces.reader import TraceError, read
from traces.recorder import LiveRecorder, encode
from traces.schema import VERSION, Header

Rows = list[bytes]


def _rows() -> Rows:
    return encode(small().trace()).splitlines()


def _without(index: int) -> Rows:
    rows = _rows()
    del rows[index]
    return rows


def _with(index: int, old: bytes, new: bytes) -> Rows:
    rows = _rows()
    assert old in rows[index]
    rows[index] = rows[index].replace(old, new)
    return rows


def _twice(index: int) -> Rows:
    rows = _rows()
    return [*rows[: index + 1], rows[index], *rows[index + 1 :]]


BROKEN: dict[str, tuple[Callable[[], Rows], int | None, str]] = {
    "empty": (list, None, r"not a trace: it is empty; give a file that starts with a header"),
    "not JSON": (lambda: [b"GIF89a", *_rows()], 1, r"not a trace: the first line is not JSON; give a file"),
    "other JSON": (lambda: [b'{"a":1}', *_rows()], 1, r"not a trace: the first line is no trace line; give a file"),
    "version": (
        lambda: _with(0, b'"version":1', b'"version":9'),
        1,
        r"trace version 9, this program reads 1; read it with the fencepost that wrote it",
    ),
    "header missing": (lambda: _without(0), 1, r"the header is missing: the first line is a step; lines were lost"),
    "header wrong": (lambda: _with(0, b"simulated", b"dreamt"), 1, r"header: Invalid enum value 'dreamt'.*; write it"),
    "header twice": (lambda: _twice(0), 2, r"a second header; give one trace a file"),
    "line missing": (lambda: _without(3), 4, r"numbered 3 where 2 was expected: 1 line missing before it; lines were"),
    "line twice": (lambda: _twice(3), 5, r"numbered 2 where 3 was expected; lines were lost"),
    "end missing": (lambda: _without(-1), 7, r"the end is missing after 6 numbered lines; lines were lost"),
    "count": (lambda: _with(-1, b'"lines":6', b'"lines":8'), 8, r"the end counts 8 numbered lines, the file has 6"),
    "last missing": (lambda: _without(-2), 7, r"the end counts 6 numbered lines, the file has 5; lines were lost"),
    "changed": (lambda: _with(4, b'"crc":1000', b'"crc":1001'), 8, r"the lines do not have the digest .*were changed"),
    "after the end": (lambda: _twice(7), 9, r"a line after the end; cut the file"),
    "invalid JSON": (lambda: _with(4, b'"at":3', b'"at":'), 5, r"invalid JSON: .*; lines were lost"),
    "bad field": (lambda: _with(4, b'"at":3', b'"at":"3"'), 5, r"Expected `int`, got `str` - at `\$.at`; write it as"),
    "unknown kind of line": (lambda: _with(5, b'"fault"', b'"doom"'), 6, r"Invalid value 'doom' - at `\$.line`"),
    "unknown fact": (
        lambda: _with(4, b'"append"', b'"apend"'),
        5,
        r"unknown fact 'apend'; known are .*; read it with the version that wrote it",
    ),
    "fact without a field": (
        lambda: _with(4, b'"leader_epoch":0,"batch"', b'"batch"'),
        5,
        r"fact 'append': Object missing required field `leader_epoch`",
    ),
}


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_error_names_file_line_and_remedy(case: str, tmp_path: Path) -> None:
    rows, line, message = BROKEN[case]
    path = tmp_path / "broken.jsonl"
    path.write_bytes(b"".join(row + b"\n" for row in rows()))
    place = str(path) if line is None else f"{path}, line {line}"
    with pytest.raises(TraceError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(place + ": ")
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


def test_the_unbroken_file_reads(tmp_path: Path) -> None:
    path = tmp_path / "whole.jsonl"
    path.write_bytes(b"".join(row + b"\n" for row in _rows()))
    assert len(read(path).lines) == 6


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"none.jsonl: cannot be read: No such file or directory; give the path"):
        read(tmp_path / "none.jsonl")


def test_a_torn_end_of_a_whole_trace_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "torn.jsonl"
    path.write_bytes(encode(small().trace())[:-20])
    with pytest.raises(TraceError, match=r"line 8: the last line is torn: the end is missing; lines were lost"):
        read(path)


def test_a_torn_last_line_of_a_live_process_is_dropped_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "n2.jsonl"
    recorder = LiveRecorder(path, Header(version=VERSION, origin="live", node="n2"))
    for clock in range(1, 4):
        recorder.step(clock, "n2", "tick", clock=clock)
    recorder.close()
    path.write_bytes(path.read_bytes()[:-7])
    trace = read(path)
    assert len(trace.lines) == 2
    assert trace.notes == ("line 4: torn, dropped: n2 stopped while writing it",)


def test_a_torn_line_in_the_middle_of_a_live_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "n2.jsonl"
    recorder = LiveRecorder(path, Header(version=VERSION, origin="live", node="n2"))
    for clock in range(1, 4):
        recorder.step(clock, "n2", "tick", clock=clock)
    recorder.close()
    rows = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([rows[0], rows[1], rows[2][:-9], rows[3], b""]))
    with pytest.raises(TraceError, match=r"line 3: invalid JSON"):
        read(path)
