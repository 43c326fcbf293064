"""A live process's trace: its clock follows what it hears, and goes on where it, and the others, had been."""

from impl.core.facts import BecomeFollower
from impl.core.types import LeaderEpoch, NodeId
from impl.server.tracing import BEGINS, Tracer
from traces.reader import read

FACT = BecomeFollower(partition="t-0", leader_epoch=LeaderEpoch(0), leader=NodeId(2))


def traced(directory, node="n1"):
    tracer = Tracer(node)
    tracer.open(directory, {})
    return tracer


def test_without_a_directory_nothing_is_recorded_and_the_clock_stays_0():
    tracer = Tracer("n1")
    tracer.happens("tick", "n2", 40)
    tracer.record([FACT])
    assert tracer.clock == 0


def test_the_clock_passes_what_is_heard_and_the_line_says_from_whom(tmp_path):
    tracer = traced(tmp_path)
    tracer.happens("Fetch", "n2", 40)
    tracer.record([FACT])
    tracer.happens("tick")
    tracer.record([])
    tracer.happens("tick")
    tracer.record([FACT])
    tracer.close()
    begins, first, second = read(tmp_path / "n1.jsonl").lines
    assert (begins.event, begins.facts) == (BEGINS, ())
    assert (first.event, first.clock, first.cause) == ("Fetch from n2", 41, 40)
    assert (second.event, second.clock, second.cause) == ("tick", 43, None)


def test_a_process_that_comes_back_goes_on_after_everything_written_meanwhile(tmp_path):
    first, other = traced(tmp_path), traced(tmp_path, "n2")
    first.happens("tick")
    first.record([FACT])
    other.happens("Fetch", "n3", 500)
    other.record([FACT])
    # The first is killed: nothing is closed, and its last line is torn.
    with (tmp_path / "n1.jsonl").open("ab") as file:
        file.write(b'{"line":"step","n":')
    again = traced(tmp_path)
    again.happens("restart")
    again.record([FACT])
    again.close()
    other.close()
    lines = read(tmp_path / "n1.jsonl").lines
    assert [line.n for line in lines] == [0, 1, 2, 3]
    assert [line.event for line in lines] == [BEGINS, "tick", BEGINS, "restart"]
    assert lines[2].clock > 501
