"""Validation: a right execution is followed to its end, and every kind of planted divergence is found where it is."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.replication import REPLICATION
from tests.traces.execution import PARTITION, Execution, begun, kip_101, tour
from traces import facts
from traces.following import Divergence, Follower
from traces.recorder import whole
from traces.schema import Step
from traces.trace import NumberedLine, Trace
from traces.validate import validate

TOUR = tour().recorder.trace()


def diverges(run: Execution) -> Divergence:
    divergence = validate(run.recorder.trace()).divergence
    assert divergence is not None
    return divergence


def with_lines(lines: Iterable[NumberedLine]) -> Trace:
    return whole(TOUR.header, [msgspec.structs.replace(line, n=n) for n, line in enumerate(lines)])


def steps() -> Iterator[tuple[int, Step, Any]]:
    """Every step of the tour with its one fact."""
    for index, line in enumerate(TOUR.lines):
        if isinstance(line, Step):
            yield index, line, line.facts[0]


def with_fact(index: int, fact: Any) -> Trace:
    lines = list(TOUR.lines)
    line = lines[index]
    assert isinstance(line, Step)
    lines[index] = msgspec.structs.replace(line, facts=(fact,))
    return with_lines(lines)


# ---------------------------------------------------------------- a right execution
def test_a_right_execution_is_followed_to_its_end() -> None:
    result = validate(TOUR)
    assert result.divergence is None
    assert (result.facts, result.partitions) == (85, 1)
    assert result.steps == sum(result.actions.values()) == 83


def test_the_right_execution_takes_every_action_of_the_model() -> None:
    assert sorted(validate(TOUR).actions) == sorted(REPLICATION.actions_of())


def test_a_trace_read_from_a_file_is_followed_alike() -> None:
    lines = [msgspec.json.decode(msgspec.json.encode(line), type=type(line)) for line in TOUR.lines]
    assert validate(whole(TOUR.header, lines)) == validate(TOUR)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    validate(TOUR, lambda done, of: told.append((done, of)))
    assert told == [(0, len(TOUR.lines))]


# ---------------------------------------------------------------- facts dropped
OFTEN_REPEATED = {"Acknowledge", "AnswerProbe", "BecomeFollower", "LearnIsr", "Reconcile"}
"""Facts after which the execution may go on as if they had not been, where another like it follows."""
NOT_AN_ACTION = {"AcknowledgeProduce"}
EXPLAINED_BY_A_CRASH = {"Append", "ReceiveFetch", "Restart"}
"""Just before a crash: what the disk holds is explained by a step cut short."""


def test_a_dropped_fact_is_noticed() -> None:
    missed: set[str] = set()
    noticed: set[str] = set()
    for index, _, fact in steps():
        lines = [line for line in TOUR.lines if line.n != index]
        (noticed if validate(with_lines(lines)).divergence else missed).add(type(fact).__name__)
    assert noticed == {type(fact).__name__ for _, _, fact in steps()} - NOT_AN_ACTION
    assert missed <= OFTEN_REPEATED | NOT_AN_ACTION | EXPLAINED_BY_A_CRASH


def test_the_divergence_stands_at_the_first_step_that_cannot_follow() -> None:
    run = begun(Execution())
    run.send(2, 0, 1, 0)
    run.count(1, 0, 2, 0)
    line = run.count(1, 0, 3, 0)
    divergence = diverges(run)
    assert divergence.line == line
    assert (divergence.node, divergence.partition, divergence.action) == ("n1", PARTITION, "acknowledge")
    assert divergence.conjunct == "0 <= offset <= s.requested[follower, s.leader_epoch[leader]]"


# ---------------------------------------------------------------- facts changed
UNSEEN = {
    # What a prober said of itself is not checked: it does not name itself, and its next step shows the outcome.
    ("AnswerProbe", "offset"),
    ("AnswerProbe", "last_fetched_epoch"),
    ("AnswerProbe", "diverging_epoch"),
    ("AnswerProbe", "diverging_end"),
    # `replication` knows no registrations.
    ("Acknowledge", "broker_epoch"),
    ("AlterPartition", "broker_epoch"),
    ("ExpandIsr", "broker_epoch"),
    ("SendFetch", "broker_epoch"),
    # Any lower value could have happened as well.
    ("AnswerFetch", "offset"),
    ("Acknowledge", "offset"),
    ("Acknowledge", "follower"),
    ("ReceiveFetch", "high_watermark"),
    ("Restart", "high_watermark"),
    # A checkpoint may be anywhere below what was known; where the tail starts is the recovery's choice.
    ("Restart", "tail_from"),
    # A promise of less is true as well.
    ("AcknowledgeProduce", "acks"),
    ("AcknowledgeProduce", "record_count"),
    # Another member might have been elected, where nothing follows from it.
    ("Elect", "leader"),
}
ALWAYS_SEEN = (
    "log_end",
    "leader_epoch",
    "partition_epoch",
    "isr",
    "maximal_isr",
    "start_offset",
    "to",
    "crc",
    "removed",
)


def _changes(fact: Any) -> Iterator[tuple[str, Any]]:
    """The fact with one of its fields changed a little."""
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if type(value) is int:
            yield name, msgspec.structs.replace(fact, **{name: value + 1})
            yield name, msgspec.structs.replace(fact, **{name: value - 1})
        elif isinstance(value, tuple) and value and type(value[0]) is int:
            yield name, msgspec.structs.replace(fact, **{name: value[:-1]})


def test_a_changed_field_is_noticed() -> None:
    missed: set[tuple[str, str]] = set()
    noticed: set[tuple[str, str]] = set()
    for index, _, fact in steps():
        for name, changed in _changes(fact):
            found = validate(with_fact(index, changed)).divergence
            (noticed if found else missed).add((type(fact).__name__, name))
    assert missed <= UNSEEN
    assert {pair for pair in missed if pair[1] in ALWAYS_SEEN} == set()
    assert len(noticed) > 45


CONTENT_CHANGES: dict[str, Callable[[facts.Content], facts.Content]] = {
    "offset": lambda batch: msgspec.structs.replace(batch, base_offset=batch.base_offset + 1),
    "count": lambda batch: msgspec.structs.replace(batch, record_count=batch.record_count + 1),
    "none": lambda batch: msgspec.structs.replace(batch, record_count=0),
    "epoch": lambda batch: msgspec.structs.replace(batch, leader_epoch=batch.leader_epoch + 1),
    "crc": lambda batch: msgspec.structs.replace(batch, crc=batch.crc + 1),
}


@pytest.mark.parametrize("change", sorted(CONTENT_CHANGES))
def test_a_changed_batch_is_noticed(change: str) -> None:
    changed = CONTENT_CHANGES[change]
    tried = 0
    for index, _, fact in steps():
        other: facts.Fact
        if isinstance(fact, facts.ReceiveFetch) and fact.batches:
            other = msgspec.structs.replace(fact, batches=(changed(fact.batches[0]), *fact.batches[1:]))
        elif isinstance(fact, facts.Append) and change != "crc":
            other = msgspec.structs.replace(fact, batch=changed(fact.batch))
        else:
            continue
        tried += 1
        assert validate(with_fact(index, other)).divergence is not None
    assert tried >= 6


def test_swapped_elections_are_noticed() -> None:
    elections = [index for index, line, _ in steps() if line.node == "controller"]
    tried = 0
    for one, other in pairwise(elections):
        lines = list(TOUR.lines)
        lines[one], lines[other] = lines[other], lines[one]
        assert validate(with_lines(lines)).divergence is not None
        tried += 1
    assert tried == 8


def test_swapped_leader_epochs_are_noticed() -> None:
    leaders = [index for index, _, fact in steps() if isinstance(fact, facts.BecomeLeader)]
    lines = list(TOUR.lines)
    lines[leaders[0]], lines[leaders[1]] = lines[leaders[1]], lines[leaders[0]]
    found = validate(with_lines(lines)).divergence
    assert found is not None
    assert found.action == "become_leader"
    assert "epoch <= s.newest_leader_epoch" in found.conjunct


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nonsense_diverges_and_never_breaks_the_validator(data: st.DataObject) -> None:
    index = data.draw(st.sampled_from([index for index, _, _ in steps()]))
    line = TOUR.lines[index]
    assert isinstance(line, Step)
    small = st.integers(-3, 9)
    raw: dict[str, Any] = msgspec.to_builtins(line.facts[0])

    def nonsense(value: Any) -> Any:
        if isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            return data.draw(small | st.just(value))
        if isinstance(value, dict):
            return {name: nonsense(inner) for name, inner in value.items()}
        return [nonsense(inner) for inner in value]

    result = validate(with_fact(index, facts.decode(nonsense(raw))))
    assert result.divergence is None or result.divergence.reason


# ---------------------------------------------------------------- what the report of a divergence says
def test_kip_101_is_found_at_the_truncation() -> None:
    found = diverges(kip_101())
    assert found.action == "truncate"
    assert found.node == "n3"
    assert found.conjunct == "s.probe_answered[s.leader_epoch[follower]]"
    assert found.fact == {"fact": "truncate", "partition": PARTITION, "leader_epoch": 1, "to": 0, "high_watermark": 0}
    assert found.model["isr"] == [2, 3]
    assert found.model["replica"]["log_end"] == 1
    assert found.sentence == (
        f"line {found.line}: n3, {PARTITION}: truncate: the model refuses it: truncate(follower=3, to=0) is not allowed"
        " here: s.probe_answered[s.leader_epoch[follower]] is false"
    )


def test_log_ends_of_a_step_are_compared() -> None:
    run = begun(Execution())
    line = run.recorder.step(9_000, "n2", "tick", logs={PARTITION: (1, 0, 0)})
    found = diverges(run)
    assert (found.line, found.action) == (line, "logs")
    assert found.reason == "the log ends at 1 after this step, in the model at 0"
    run = begun(Execution())
    run.recorder.step(9_000, "n2", "tick", logs={PARTITION: (0, -1, 3)})
    assert diverges(run).reason == "the high watermark is 3 after this step, in the model 0"


def test_partitions_are_followed_apart() -> None:
    run = begun(Execution())
    other = facts.CreatePartition(partition="orders-1", replicas=(2, 3), isr=(2, 3), leader=2)
    run.step("controller", "CreateTopics from c1", other)
    run.append(1, 0, 0)
    result = validate(run.recorder.trace())
    assert (result.partitions, result.divergence) == (2, None)


def test_a_partition_without_a_beginning_is_outside_the_model() -> None:
    run = Execution()
    run.append(1, 0, 0)
    found = diverges(run)
    assert found.outside
    assert "record it from its creation on" in found.reason


def test_a_partition_made_twice_diverges() -> None:
    run = begun(Execution())
    run.create()
    assert validate(run.recorder.trace()).divergence is None
    run.create(isr=(1, 2))
    assert "told before was create_partition" in diverges(run).reason


def test_a_node_that_is_no_replica_diverges() -> None:
    run = begun(Execution())
    run.append(4, 0, 0)
    assert diverges(run).reason == f"n4 is no replica of {PARTITION} (n1, n2, n3)"


def test_a_promise_above_the_high_watermark_diverges() -> None:
    run = begun(Execution())
    run.append(1, 0, 0)
    run.promise(1, 0, 0)
    assert diverges(run).reason == (
        "it acknowledges offsets 0 to 1 with acks=-1, in the model the high watermark of n1 is 0"
    )
    run = begun(Execution())
    run.append(1, 0, 0)
    run.promise(1, 0, 0, acks=1)
    assert validate(run.recorder.trace()).divergence is None


def test_the_final_state_is_held_to_the_safety_properties() -> None:
    follower = Follower()
    for line in TOUR.lines:
        if isinstance(line, Step):
            assert follower.line(line) is None
    assert follower.end(len(TOUR.lines)) is None
    follower.partitions[PARTITION].state.high_watermark[2] = 99
    found = follower.end(len(TOUR.lines))
    assert found is not None
    assert found.action == "safety"
    assert found.sentence.startswith(f"after line {len(TOUR.lines) - 1}, {PARTITION}: safety: the model's property")
