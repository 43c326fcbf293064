"""Reading traces: every line checked, every error named by file, line and remedy.

One rule: what `read` returns can be used without looking again. Lines are numbered without a gap, facts are facts of
the vocabulary, a trace that claims to be whole is whole, and its digest is that of its bytes.

A live process's own file (its header names the `node`) has no `end`, and its last line may be torn: the process was
killed while writing it. Such a line is dropped and noted; anywhere else it is an error.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from traces.facts import FactError, decode
from traces.schema import VERSION, AnyLine, End, Fault, Header, Op, Step, Verdict
from traces.trace import NumberedLine, Trace, TraceError

__all__ = ["Trace", "TraceError", "parse", "read"]

_RECORD_AGAIN = "lines were lost: take the file from its source again, or record the run again"
GZIP = b"\x1f\x8b"
"""How a file begins that gzip has packed."""
_NOT_A_TRACE = "give a file that starts with a header line, as `fencepost fuzz` and `fencepost serve` write"

_decode_line = msgspec.json.Decoder(AnyLine).decode
_decode_any = msgspec.json.Decoder().decode


def read(path: str | Path) -> Trace:
    """The trace in a file; TraceError where it is not one, not whole, or not understood."""
    source = str(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise TraceError(source, None, f"cannot be read: {error.strerror}", "give the path of a trace") from None
    return parse(data, source)


def parse(data: bytes, source: str) -> Trace:
    """The trace in these bytes; `source` names them in errors."""
    if not data.strip():
        raise TraceError(source, None, "not a trace: it is empty", _NOT_A_TRACE)
    *rows, tail = data.split(b"\n")
    header = _header(rows[0] if rows else tail, source)
    notes: tuple[str, ...] = ()
    if tail and rows:
        if header.node is None:
            wrong = "the last line is torn: the end is missing"
            raise TraceError(source, len(rows) + 1, wrong, _RECORD_AGAIN)
        notes = (f"line {len(rows) + 1}: torn, dropped: {header.node} stopped while writing it",)
    return _Body(source, header).read(rows[1:], notes)


class _Body:
    """Reads the lines after the header."""

    def __init__(self, source: str, header: Header) -> None:
        self.source = source
        self.header = header
        self.lines: list[NumberedLine] = []
        self.verdict: Verdict | None = None
        self.end: End | None = None
        self.digest = hashlib.sha256()

    def read(self, rows: list[bytes], notes: tuple[str, ...]) -> Trace:
        for number, row in enumerate(rows, start=2):
            if self.end is not None:
                raise TraceError(self.source, number, "a line after the end", "cut the file after its end line")
            self._take(_line(row, self.source, number), row, number)
        if self.end is None and self.header.node is None:
            wrong = f"the end is missing after {len(self.lines)} numbered lines"
            raise TraceError(self.source, len(rows) + 1, wrong, _RECORD_AGAIN)
        return Trace(
            header=self.header,
            lines=tuple(self.lines),
            verdict=self.verdict,
            end=self.end,
            source=self.source,
            notes=notes,
        )

    def _take(self, line: AnyLine, row: bytes, number: int) -> None:
        if isinstance(line, Step | Fault | Op):
            self._number(line, number)
            self.lines.append(line)
            self.digest.update(row)
            self.digest.update(b"\n")
        elif isinstance(line, Verdict):
            if self.verdict is not None:
                raise TraceError(self.source, number, "a second verdict", "keep the first, which ended the run")
            self.verdict = line
        elif isinstance(line, End):
            self._close(line, number)
        else:
            raise TraceError(
                self.source, number, "a second header", "give one trace a file; `fencepost` merges live ones"
            )

    def _number(self, line: NumberedLine, number: int) -> None:
        expected = len(self.lines)
        if line.n != expected:
            wrong = f"numbered {line.n} where {expected} was expected"
            if line.n > expected:
                lost = line.n - expected
                wrong += f": {lost} line{'s' if lost > 1 else ''} missing before it"
            raise TraceError(self.source, number, wrong, _RECORD_AGAIN)
        if isinstance(line, Step):
            for fact in line.facts:
                try:
                    decode(fact)
                except FactError as error:
                    raise TraceError(
                        self.source,
                        number,
                        str(error),
                        f"read it with the version that wrote it ({_writer(self.header)})",
                    ) from None

    def _close(self, end: End, number: int) -> None:
        if end.lines != len(self.lines):
            wrong = f"the end counts {end.lines} numbered lines, the file has {len(self.lines)}"
            raise TraceError(self.source, number, wrong, _RECORD_AGAIN)
        if end.digest and end.digest != self.digest.hexdigest():
            wrong = f"the lines do not have the digest {end.digest[:12]}... that the end names: they were changed"
            raise TraceError(self.source, number, wrong, "take the file from its source again")
        self.end = end


def _writer(header: Header) -> str:
    return f"commit {header.commit}" if header.commit else "its header names no commit"


def _header(row: bytes, source: str) -> Header:
    """The first line. The version is looked at first: another version's header need not decode."""
    if row.startswith(GZIP):
        raise TraceError(source, 1, "not a trace: it is compressed", "unpack it with gunzip first")
    try:
        line: Any = _decode_any(row)
    except msgspec.DecodeError:
        raise TraceError(source, 1, "not a trace: the first line is not JSON", _NOT_A_TRACE) from None
    if not isinstance(line, dict) or not isinstance(line.get("line"), str):
        raise TraceError(source, 1, "not a trace: the first line is no trace line", _NOT_A_TRACE)
    if line["line"] != "header":
        raise TraceError(source, 1, f"the header is missing: the first line is a {line['line']}", _RECORD_AGAIN)
    version = line.get("version")
    if version != VERSION:
        wrong = f"trace version {version!r}, this program reads {VERSION}"
        raise TraceError(source, 1, wrong, "read it with the fencepost that wrote it, or record the run again")
    try:
        return msgspec.convert(line, Header)
    except msgspec.ValidationError as error:
        raise TraceError(source, 1, f"header: {error}", "write it as traces/schema.py declares it") from None


def _line(row: bytes, source: str, number: int) -> AnyLine:
    try:
        line: AnyLine = _decode_line(row)
    except msgspec.ValidationError as error:
        raise TraceError(source, number, str(error), "write it as traces/schema.py declares it") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TraceError(source, number, f"invalid JSON: {error}", _RECORD_AGAIN) from None
    return line
