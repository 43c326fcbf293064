"""The black-box judge: each class of anomaly in a history of a few operations, and histories that are sound."""

import pytest

from invariants.history import judge, verdict
from invariants.history.judge import CLASSES
from invariants.step import Checker
from invariants.verdict import Holds, Unknown, Violated
from traces.schema import Op

P = "t-0"


class History:
    """Operations, in a line each. Clients `a` and `b` produce, each with its own process; `r1`, `r2`... read."""

    def __init__(self) -> None:
        self.ops: list[Op] = []

    def add(self, client: str, operation: str, phase: str, **fields) -> None:
        number = len(self.ops)
        self.ops.append(
            Op(n=number, at=number, client=client, process=1, id=number, operation=operation, phase=phase, **fields)
        )

    def send(self, value: str, client: str = "a", key: str = "k") -> None:
        self.add(client, "produce", "invoke", partition=P, key=key, value=value, acks=-1)

    def end(self, value: str, phase: str, offset: int | None = None, key: str = "k", acks: int = -1) -> None:
        self.add("a", "produce", phase, partition=P, key=key, value=value, offset=offset, acks=acks)

    def write(self, *values: str, first: int = 0) -> None:
        """Sent and acknowledged one after the other."""
        for place, value in enumerate(values):
            self.send(value)
            self.end(value, "ok", first + place)

    def read(self, value: str, offset: int, reader: str = "r1", key: str = "k") -> None:
        self.add(reader, "consume", "ok", partition=P, key=key, value=value, offset=offset)

    def delete(self, below: int, phase: str) -> None:
        self.ops.append(
            Op(n=0, at=0, client="d", process=2, id=0, operation="delete", phase=phase, partition=P, offset=below)
        )

    def read_end(self, offset: int, reader: str = "r1") -> None:
        self.add(reader, "consume", "ok", partition=P, offset=offset, error="PARTITION_EOF")


def lost_past_what_was_deleted(history: History) -> None:
    history.write("v0", "v1", "v2")
    history.delete(1, "invoke")
    history.delete(1, "ok")
    history.read("v2", 2)
    history.read_end(3)
    history.read("v0", 0, "r2")
    history.read("v2", 2, "r2")


def lost_though_its_deletion_was_refused(history: History) -> None:
    history.write("v0", "v1", "v2")
    history.read("v0", 0)
    history.delete(2, "invoke")
    history.delete(2, "fail")
    history.read("v2", 2)


def lost_by_passing_over(history: History) -> None:
    history.write("v0", "v1", "v2")
    history.read("v0", 0)
    history.read("v2", 2)


def lost_at_the_end(history: History) -> None:
    history.write("v0", "v1")
    history.read("v0", 0)
    history.read_end(1)


def lost_by_replacement(history: History) -> None:
    history.write("v0")
    history.send("w")
    history.read("w", 0)


def vanished(history: History) -> None:
    history.send("v0")
    history.write("v1", first=1)
    history.read("v0", 0, "r1")
    history.read("v1", 1, "r1")
    history.read("v1", 0, "r2")


def passed_over_later(history: History) -> None:
    history.send("v0")
    history.send("v1")
    history.send("v2")
    for place, value in enumerate(("v0", "v1", "v2")):
        history.read(value, place, "r1")
    history.read("v0", 0, "r2")
    history.read("v2", 2, "r2")


def misplaced(history: History) -> None:
    history.write("v0")
    history.read("v0", 3)


def duplicated(history: History) -> None:
    history.write("v0")
    history.read("v0", 0)
    history.read("v0", 1)


def reordered(history: History) -> None:
    history.send("v0")
    history.send("v1")
    history.read("v1", 0)
    history.read("v0", 1)


def failed_and_read(history: History) -> None:
    history.send("v0")
    history.end("v0", "fail")
    history.read("v0", 0)


def invented(history: History) -> None:
    history.read("x", 0)


ANOMALIES = [
    (lost_by_passing_over, "lost", "record 'v1' of key 'k', acknowledged at offset 1 in t-0, is not there"),
    (lost_at_the_end, "lost", "record 'v1' of key 'k', acknowledged at offset 1 in t-0, is not there"),
    (lost_past_what_was_deleted, "lost", "record 'v1' of key 'k', acknowledged at offset 1 in t-0, is not there"),
    (lost_though_its_deletion_was_refused, "lost", "record 'v1' of key 'k', acknowledged at offset 1 in t-0, is not"),
    (lost_by_replacement, "lost", "record 'v0' of key 'k', acknowledged at offset 0 in t-0, is not there"),
    (vanished, "vanished", "record 'v0' of key 'k', read at offset 0 of t-0, gave way to record 'v1' of key 'k'"),
    (passed_over_later, "vanished", "record 'v1' of key 'k', read at offset 1 of t-0, was passed over"),
    (misplaced, "misplaced", "acknowledged at offset 0 in t-0, is read at offset 3"),
    (duplicated, "duplicated", "record 'v0' of key 'k' is read twice, at offsets 0 and 1 of t-0"),
    (reordered, "reordered", "record 'v0' of key 'k' is read at offset 1 of t-0, after 'v1', which a sent later"),
    (failed_and_read, "failed", "record 'v0' of key 'k', read at offset 0 of t-0, had been reported as not written"),
    (invented, "invented", "record 'x' of key 'k', read at offset 0 of t-0, was sent by nobody"),
]


@pytest.mark.parametrize(("story", "kind", "words"), ANOMALIES, ids=lambda value: getattr(value, "__name__", ""))
def test_an_anomaly_is_found(story, kind, words):
    history = History()
    story(history)
    judgement = judge(history.ops)
    found = {anomaly.kind: anomaly for anomaly in judgement.anomalies}
    assert words in found[kind].example
    assert found[kind].count == 1
    result = verdict(judgement, allowed=frozenset(CLASSES) - {kind})
    assert result == Violated(CLASSES[kind], found[kind].example)
    assert not isinstance(verdict(judgement, allowed=frozenset(CLASSES)), Violated)


def test_every_class_is_shown():
    assert {kind for _, kind, _ in ANOMALIES} == set(CLASSES)


def test_a_sound_history_holds():
    history = History()
    history.write("v0", "v1", "v2")
    for place, value in enumerate(("v0", "v1", "v2")):
        history.read(value, place)
    assert verdict(judge(history.ops)) == Holds({"operations": 6, "acknowledged": 3, "read": 3})


def test_what_a_client_wanted_deleted_may_be_there_or_not():
    history = History()
    history.write("v0", "v1", "v2")
    history.delete(2, "invoke")
    history.delete(2, "unknown")
    history.read("v2", 2, "last")
    assert isinstance(verdict(judge(history.ops, final="last")), Holds)
    history.delete(3, "invoke")
    history.delete(3, "ok")
    assert isinstance(verdict(judge(history.ops, final="nobody")), Holds)
    history.read("w", 2)
    assert [each.kind for each in judge(history.ops).anomalies] == ["vanished", "invented"]


def test_what_a_client_asks_to_delete_it_asks_of_the_topic_that_has_the_name():
    def told(number: int, operation: str, phase: str, **fields) -> Op:
        return Op(n=0, at=0, client="a", process=1, id=number, operation=operation, phase=phase, **fields)

    def deleted(number: int, phase: str) -> Op:
        return told(number, "delete", phase, partition="t-0", offset=2)

    def written(partition: str) -> list[Op]:
        record = {"partition": partition, "key": "k", "value": "v0"}
        return [
            told(7, "produce", "invoke", **record, acks=-1),
            told(7, "produce", "ok", **record, acks=-1, offset=0),
        ]

    granted = [*written("t-0@aaaaaaaa"), deleted(1, "invoke"), deleted(1, "ok")]
    assert isinstance(verdict(judge(granted, final="nobody")), Holds)
    lost = judge([*granted, *written("t-0@bbbbbbbb")], final="nobody")
    assert [anomaly.kind for anomaly in lost.anomalies] == ["lost"]
    pending = [*granted, deleted(2, "invoke"), *written("t-0@bbbbbbbb"), deleted(2, "ok")]
    assert isinstance(verdict(judge(pending, final="nobody")), Holds)


def test_what_nobody_reached_is_unknown_until_it_is_read_or_the_end_is():
    history = History()
    history.write("v0", "v1")
    history.read("v0", 0)
    assert isinstance(verdict(judge(history.ops)), Unknown)
    assert judge(history.ops).unread == 1
    history.read("v1", 1)
    assert isinstance(verdict(judge(history.ops)), Holds)


def test_the_second_copy_of_a_record_may_lie_past_all_reading():
    history = History()
    history.write("v0", first=2)
    history.read("v0", 1)
    assert (judge(history.ops).unread, judge(history.ops).anomalies) == (1, ())
    history.read("v0", 2)
    assert isinstance(verdict(judge(history.ops, lambda key: key == "k")), Holds)


def test_an_end_says_nothing_of_what_was_acknowledged_after_it():
    history = History()
    history.read_end(0)
    history.write("v0")
    assert judge(history.ops).unread == 1


def test_the_final_reader_is_known_to_have_read_everything():
    history = History()
    history.write("v0", "v1", "v2")
    history.read("v1", 1, "last")
    judgement = judge(history.ops, final="last")
    assert [(anomaly.kind, anomaly.count) for anomaly in judgement.anomalies] == [("lost", 2)]
    assert judge(history.ops).anomalies == ()


def test_unknown_and_weakly_acknowledged_records_may_be_lost():
    history = History()
    history.send("v0")
    history.end("v0", "unknown")
    history.send("v1")
    history.end("v1", "ok", 0, acks=1)
    history.write("v2", first=5)
    history.read("v2", 5)
    history.read_end(6)
    assert isinstance(verdict(judge(history.ops, final="r1")), Holds)


def test_a_producer_that_is_not_idempotent_may_repeat_itself_in_order():
    history = History()
    history.write("v0", "v1")
    for place, value in enumerate(("v0", "v1", "v0", "v1")):
        history.read(value, place)
    assert judge(history.ops, may_repeat=lambda key: key == "k").anomalies == ()
    assert [anomaly.kind for anomaly in judge(history.ops).anomalies] == ["duplicated"]


def test_reading_again_from_the_start_is_no_repetition():
    history = History()
    history.write("v0", "v1")
    for _ in range(2):
        history.read("v0", 0)
        history.read("v1", 1)
    assert judge(history.ops).anomalies == ()


def test_values_that_name_no_record_make_the_verdict_unknown():
    history = History()
    history.write("v0", "v0")
    history.read("v0", 0)
    assert isinstance(verdict(judge(history.ops)), Unknown)


def test_the_checker_judges_order_as_records_are_read():
    history = History()
    reordered(history)
    checker = Checker()
    for op in history.ops[:-1]:
        checker.op(op)
    with pytest.raises(Violated, match="which a sent later") as caught:
        checker.op(history.ops[-1])
    assert caught.value.invariant == "per_key_order"


def test_the_checker_judges_the_whole_history_when_it_is_over():
    history = History()
    lost_by_passing_over(history)
    checker = Checker()
    for op in history.ops:
        checker.op(op)
    with pytest.raises(Violated, match="'v1' of key 'k', acknowledged at offset 1"):
        checker.finish()
