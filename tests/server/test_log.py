"""The log is logfmt: four keys first, one line an event, nothing a peer sends can forge either."""

import io
import re

from impl.server.log import Log

LINE = re.compile(r'((?:[a-z_]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=]+) ?)+)\n')
PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s"=]+)')


def logged(**fields):
    stream = io.StringIO()
    Log("n1", stream).warn("connection closed", **fields)
    return stream.getvalue()


def test_every_line_has_the_same_four_keys_first():
    line = logged(peer="127.0.0.1:5", bytes=7)
    assert LINE.fullmatch(line)
    pairs = PAIR.findall(line)
    assert [name for name, _ in pairs] == ["time", "level", "node", "event", "peer", "bytes"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", pairs[0][1])
    assert pairs[1:4] == [("level", "WARN"), ("node", "n1"), ("event", "connection_closed")]


def test_a_peer_forges_neither_a_line_nor_a_key():
    line = logged(reason='x"\nlevel=ERROR node=n9 event=fire é \\')
    assert line.count("\n") == 1
    assert LINE.fullmatch(line)
    assert [name for name, _ in PAIR.findall(line)] == ["time", "level", "node", "event", "reason"]


def test_an_empty_value_is_still_a_value():
    assert logged(reason="").endswith(' reason=""\n')
