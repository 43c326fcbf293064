"""Traces for other viewers: what is written is read back by a reader that is not ours, and says what the trace says."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import itf_py
import pytest

from traces.itf import ACTION, PICKS, itf
from traces.modelled import acting, calls_of, machine_of
from traces.perfetto import perfetto
from traces.reader import read
from traces.schema import Fault, Op, Step
from traces.storyteller import tell
from traces.trace import Trace, TraceError
from traces.why import why

SAVED = Path(__file__).parents[2] / "traces" / "saved"
MODELLED = ("model-kip-101", "model-quorum-vote-doubled", "model-survival-last-replica-standing")
SIMULATED = "kip-101"


def saved(name: str) -> Trace:
    return read(SAVED / f"{name}.jsonl")


# ---------------------------------------------------------------- ITF
@pytest.mark.parametrize("name", MODELLED)
def test_itf_of_a_model_trace_reads_back_as_the_models_states(name: str) -> None:
    trace = saved(name)
    found = itf_py.trace_from_json(itf(trace))
    machine = machine_of(trace, variant=trace.header.variant)
    assert len(found.states) == 1 + len(acting(trace))
    for state, (action, parameters) in zip(found.states[1:], calls_of(trace), strict=True):
        machine.step(action, **parameters)
        assert state.values[ACTION] == action
        assert state.values[PICKS]._asdict() == parameters
        for replica, log in state.values["log"].items():
            assert [(record.epoch, record.value) for record in log] == [
                (entry.epoch, entry.value) for entry in machine.state.log[replica]
            ]
        assert dict(state.values["high_watermark"]) == dict(machine.state.high_watermark)


def test_itf_holds_sets_pairs_and_numbers_as_such() -> None:
    last = itf_py.trace_from_json(itf(saved("model-kip-101"))).states[-1].values
    assert all(isinstance(members, frozenset) for members in last["isr"].values())
    assert all(isinstance(pair, tuple) for pair in last["acknowledged"])
    assert last["newest_leader_epoch"] == 2


def test_itf_of_a_simulated_trace_ends_with_the_loss() -> None:
    trace = saved(SIMULATED)
    document = itf(trace)
    found = itf_py.trace_from_json(document)
    assert document["#meta"]["status"] == "violation"
    assert [state["#meta"]["index"] for state in document["states"]] == list(range(len(found.states)))
    assert found.states[0].values["replicas"] == {}
    replicas = found.states[-1].values["replicas"][tell(trace).partition]
    assert sorted(replicas) == ["n1", "n2", "n3"]
    ends = {node: sum(cell.record_count for cell in replica.log) for node, replica in replicas.items()}
    assert len(set(ends.values())) == 2, "the planted bug makes a replica lose what another has"


def test_itf_of_a_trace_without_states_is_refused() -> None:
    trace = saved(SIMULATED)
    empty = Trace(header=trace.header, lines=(), source="empty.jsonl")
    with pytest.raises(TraceError, match=r"empty\.jsonl: no step of it has a state"):
        itf(empty)


def test_itf_of_a_trace_in_which_only_voters_act_is_refused_and_perfetto_has_its_steps() -> None:
    trace = saved("votes-twice")
    with pytest.raises(TraceError, match=r"no step of it has a state; .*`--to perfetto` has every step"):
        itf(trace)
    told = [fact for each in events(perfetto(trace), "X") for fact in each["args"].get("quorum", ())]
    assert {"grant_vote", "stand"} <= {fact["fact"] for fact in told}


# ---------------------------------------------------------------- Perfetto
def events(document: dict[str, Any], phase: str) -> list[dict[str, Any]]:
    return [event for event in document["traceEvents"] if event["ph"] == phase]


def named(document: dict[str, Any]) -> dict[int, str]:
    """Processes by their number."""
    return {each["pid"]: each["args"]["name"] for each in events(document, "M") if each["name"] == "process_name"}


def test_perfetto_has_every_line_of_the_trace() -> None:
    trace = saved(SIMULATED)
    document = perfetto(trace)
    kinds = Counter(type(line) for line in trace.lines)
    assert len(events(document, "X")) == kinds[Step]
    assert len(events(document, "b")) + len(events(document, "e")) == kinds[Op]
    faults = [event for event in events(document, "i") if event["cat"] == "fault"]
    assert len(faults) == sum(len(line.targets) or 1 for line in trace.lines if isinstance(line, Fault))
    assert [event["s"] for event in events(document, "i") if event["cat"] == "violation"] == ["g"]


def test_perfetto_arrows_join_slices_that_exist_and_never_go_back_in_time() -> None:
    document = perfetto(saved(SIMULATED))
    starts = {event["id"]: event for event in events(document, "s")}
    ends = {event["id"]: event for event in events(document, "f")}
    slices = {(event["pid"], event["ts"]) for event in events(document, "X")}
    assert starts
    assert starts.keys() == ends.keys()
    for number, start in starts.items():
        assert start["ts"] <= ends[number]["ts"]
        assert (start["pid"], start["ts"]) in slices
        assert (ends[number]["pid"], ends[number]["ts"]) in slices


def test_perfetto_slices_of_one_node_do_not_overlap() -> None:
    document = perfetto(saved(SIMULATED))
    free: dict[int, int] = {}
    slices = events(document, "X")
    assert len(slices) > len({event["pid"] for event in slices})
    for event in slices:
        assert event["ts"] >= free.get(event["pid"], 0)
        free[event["pid"]] = event["ts"] + event["dur"]


def test_perfetto_counts_log_ends_and_high_watermarks() -> None:
    document = perfetto(saved(SIMULATED))
    names = named(document)
    counted = {names[event["pid"]]: event["args"] for event in events(document, "C")}
    assert counted["n1"] == {"log end": 1, "high watermark": 1}


def test_perfetto_of_an_empty_trace_is_refused() -> None:
    trace = saved(SIMULATED)
    with pytest.raises(TraceError, match="has no lines"):
        perfetto(Trace(header=trace.header, lines=(), source="empty.jsonl"))


EVERY_KIND = ("kip-101", "vote-not-written", "zeros-passed-over", "reads-uncommitted", "model-kip-101", "model-kip-320")


@pytest.mark.parametrize("name", EVERY_KIND)
def test_both_exports_of_every_kind_of_trace_are_json_and_say_why(name: str) -> None:
    trace = saved(name)
    for document in (itf(trace), perfetto(trace)):
        again = json.loads(json.dumps(document))
        assert again == document
        assert why(trace) in json.dumps(document, ensure_ascii=False)
    assert len(itf_py.trace_from_json(itf(trace)).states) == len(itf(trace)["states"])


@pytest.mark.parametrize("name", EVERY_KIND)
def test_perfetto_tracks_are_named_and_ordered_and_nothing_is_told_of_another(name: str) -> None:
    document = perfetto(saved(name))
    names = named(document)
    order = {
        names[each["pid"]]: each["args"]["sort_index"]
        for each in events(document, "M")
        if each["name"] == "process_sort_index"
    }
    assert order.keys() == set(names.values())
    kinds = [
        "controller" if lane.startswith("controller") else lane[0] for lane in sorted(order, key=order.__getitem__)
    ]
    known = [kind for kind in kinds if kind in ("controller", "n", "c")]
    assert known == sorted(known, key=["controller", "n", "c"].index)
    for event in document["traceEvents"]:
        assert event["pid"] in names
        assert event["ph"] == "M" or event["ts"] >= 0
        assert "dur" not in event or event["dur"] > 0


def test_perfetto_keeps_what_voters_told() -> None:
    slices = events(perfetto(saved("vote-not-written")), "X")
    told = [fact for each in slices for fact in each["args"].get("quorum", ())]
    assert {"grant_vote", "stand", "win"} <= {fact["fact"] for fact in told}
