"""The model's own executions as traces: replayed by action, drawn by fact, and the two agree."""

import random
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from invariants.proofs.walks import Walker
from model.machine import ActionDisabled
from model.reading_values import Bounds, Reading
from model.replication import REPLICATION
from traces.drawing import draw
from traces.modelled import calls_of, told, with_facts
from traces.reader import parse
from traces.recorder import encode, whole
from traces.schema import Step
from traces.storyteller import tell
from traces.trace import Trace, TraceError
from traces.validate import validate

Calls = list[tuple[str, dict[str, Any]]]

KIP_101: Calls = [
    ("elect", {"leader": 0}),
    ("become_leader", {"replica": 0, "epoch": 1, "partition_epoch": 1}),
    ("become_follower", {"replica": 1, "epoch": 1}),
    ("answer_probe", {"leader": 0}),
    ("truncate", {"follower": 1, "to": 0}),
    ("reconcile", {"follower": 1}),
    ("append", {"leader": 0, "value": 0}),
    ("send_fetch", {"follower": 1}),
    ("acknowledge", {"leader": 0, "follower": 1, "offset": 0}),
    ("answer_fetch", {"leader": 0, "follower": 1}),
    ("receive_fetch", {"follower": 1, "log_end": 1, "high_watermark": 0}),
    ("send_fetch", {"follower": 1}),
    ("acknowledge", {"leader": 0, "follower": 1, "offset": 1}),
    ("advance_high_watermark", {"leader": 0, "to": 1}),
    ("elect", {"leader": 0}),
    ("become_leader", {"replica": 0, "epoch": 2, "partition_epoch": 2}),
    ("become_follower", {"replica": 1, "epoch": 2}),
    ("answer_probe", {"leader": 0}),
    ("truncate", {"follower": 1, "to": 0}),
]
"""Two replicas: the follower cuts off a committed record because its own high watermark lags."""
SENTENCE = "record 0, committed in epoch 0, is missing from n2, which is in sync"


def kip_101() -> Trace:
    return told(KIP_101, replicas=(0, 1), variant="kip-101", invariant="committed_in_isr", sentence=SENTENCE)


def without_facts(trace: Trace) -> Trace:
    lines = [msgspec.structs.replace(line, facts=(), node="model") for line in trace.lines if isinstance(line, Step)]
    return whole(trace.header, lines, trace.verdict)


def walk(seed: int) -> Calls:
    """A random execution that begins with an election."""
    bounds = Bounds(leader_epochs=4, partition_epochs=9, log=5, values=1)
    reading = Reading(REPLICATION, replicas=(0, 1, 2), bounds=bounds)
    walker = Walker(reading, seed=seed)
    leader = random.Random(seed).choice((0, 1, 2))
    state = reading.after(reading.initial(), "elect", [leader])
    calls: Calls = [("elect", {"leader": leader})]
    for _ in range(120):
        taken = walker.step(state)
        if taken is not None:
            name, arguments, state = taken
            calls.append((name, reading.steps[name].named(arguments)))
    return calls


@pytest.fixture(scope="module")
def walks() -> list[Calls]:
    return [walk(seed) for seed in range(6)]


def test_a_walk_of_the_model_is_followed_by_action_and_by_fact(walks: list[Calls]) -> None:
    names: set[str] = set()
    for calls in walks:
        trace = told(calls, replicas=(0, 1, 2))
        by_action = validate(trace)
        assert by_action.divergence is None
        assert by_action.steps == len(calls)
        as_broker = replace(trace, header=msgspec.structs.replace(trace.header, origin="simulated"))
        by_fact = validate(as_broker)
        assert by_fact.divergence is None
        assert by_fact.facts == len(calls)
        names |= {name for name, _ in calls}
    assert names == set(REPLICATION.actions_of())


def test_actions_survive_the_file(walks: list[Calls]) -> None:
    trace = parse(encode(told(walks[0], replicas=(0, 1, 2))), "walk.jsonl")
    assert calls_of(trace) == walks[0]


def test_a_variant_s_execution_diverges_at_the_variant_s_step() -> None:
    found = validate(kip_101()).divergence
    assert found is not None
    assert (found.line, found.action) == (len(KIP_101) - 1, "truncate")
    assert found.conjunct.startswith("keeps_all_common(")


def test_a_variant_s_step_cannot_be_told_of_the_model() -> None:
    with pytest.raises(ActionDisabled, match=r"truncate\(follower=1, to=0\) is not allowed here"):
        told(KIP_101, replicas=(0, 1))


def test_it_is_drawn_on_the_lanes_of_its_replicas() -> None:
    drawing = draw(tell(kip_101()))
    assert drawing.lanes == ("controller", "n1", "n2")
    said = [(box.event.lane, box.event.words[0]) for box in drawing.boxes]
    assert said[0] == ("controller", "creates: n1 leads, ISR {n1 n2}")
    assert said[-1] == ("n2", "truncates to 0")
    assert drawing.boxes[-1].event.violating
    assert drawing.story.sentence == SENTENCE
    assert {arrow.kind for arrow in drawing.arrows} == {"metadata", "request", "answer"}


def test_facts_are_found_for_a_trace_that_has_only_actions() -> None:
    trace = kip_101()
    bare = without_facts(trace)
    assert draw(tell(bare)) == draw(tell(trace))
    assert with_facts(trace) is trace


def test_a_header_without_replicas_is_an_error() -> None:
    trace = without_facts(kip_101())
    bare = replace(trace, header=msgspec.structs.replace(trace.header, configuration={}), source="x.jsonl")
    with pytest.raises(TraceError, match=r"x\.jsonl, line 1: the configuration of a model's trace lists no replicas"):
        validate(bare)


def test_an_unknown_action_diverges() -> None:
    trace = told(KIP_101[:2], replicas=(0, 1))
    lines = list(trace.lines)
    line = lines[1]
    assert isinstance(line, Step)
    assert line.action is not None
    lines[1] = msgspec.structs.replace(line, action=msgspec.structs.replace(line.action, name="usurp"))
    found = validate(whole(trace.header, lines)).divergence
    assert found is not None
    assert "replication has no action 'usurp'" in found.reason
