"""The live run: kill -9 in mid-stream, everything acknowledged read back, the trace one of the model's.

The same files, edited, show that the judges would have said so.
"""

import json
import shutil

import pytest

from campaign.clients import UNSAID, Written
from campaign.judges import evidence
from campaign.live import live_run
from campaign.live_result import READER, counted
from invariants.verdict import Holds, Violated


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("live")
    return directory, live_run(directory, seconds=6.0, records_per_second=150)


def test_nothing_acknowledged_is_lost_when_the_leader_is_killed(run):
    _, result = run
    assert result.killed is not None
    assert result.failover_seconds > 0
    assert result.acknowledged > 500
    assert (result.lost, result.duplicates, result.out_of_order, result.misplaced) == ((), (), (), ())
    assert result.read >= result.acknowledged
    assert result.forced == ()
    assert [path.stem for path in result.traces] == ["controller", "n1", "n2", "n3"]
    assert [path.stem for path in result.histories] == ["c1", "c2", "faults", READER]


def test_the_judges_agree_and_the_trace_is_one_of_the_models(run, tmp_path):
    _, result = run
    found = evidence([*result.traces, *result.histories], tmp_path / "merged.jsonl", READER)
    assert isinstance(found.history, Holds)
    assert isinstance(found.steps, Holds)
    assert found.validation.divergence is None
    assert found.judgement.acknowledged == result.acknowledged
    assert found.validation.actions["fail_over"] >= 1
    assert found.validation.actions["restart"] >= 1
    assert found.validation.actions["append"] >= result.acknowledged
    assert (tmp_path / "merged.jsonl").exists()


def edited(run, tmp_path, name, change):
    """The run's evidence after one of its files was changed, line by line, by `change`."""
    directory, result = run
    copy = tmp_path / "copy"
    shutil.copytree(directory, copy, ignore=shutil.ignore_patterns("data"))
    (path,) = copy.rglob(f"{name}.jsonl")
    header, *lines = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [line for line in map(change, lines) if line is not None]
    for number, line in enumerate(kept):
        line["n"] = number
    path.write_text("".join(json.dumps(line) + "\n" for line in [header, *kept]))

    def moved(paths):
        return tuple(copy / path.relative_to(directory) for path in paths)

    return evidence([*moved(result.traces), *moved(result.histories)], tmp_path / "merged.jsonl", READER)


def test_a_record_missing_at_the_end_is_noticed(run, tmp_path):
    gone = []

    def without_one(line):
        if line["operation"] == "consume" and line.get("offset") == 100 and not gone:
            gone.append(line["value"])
            return None
        return line

    found = edited(run, tmp_path, READER, without_one)
    assert isinstance(found.history, Violated)
    assert found.history.invariant == "no_committed_loss"
    assert gone[0] in found.history.sentence


def test_a_broker_that_hides_an_append_is_noticed(run, tmp_path):
    hidden = []

    def without_an_append(line):
        facts = line.get("facts", [])
        appends = [fact for fact in facts if fact["fact"] == "append"]
        if appends and line["n"] > 200 and not hidden:
            hidden.extend(appends)
            line["facts"] = [fact for fact in facts if fact not in appends]
        return line

    _, result = run
    survivor = next(path.stem for path in result.traces if path.stem not in ("controller", f"n{result.killed}"))
    names = [f"n{result.killed}", survivor]
    found = [edited(run, tmp_path / name, name, without_an_append) for name in names]
    assert hidden
    assert any(one.validation.divergence is not None for one in found)


class Producer:
    def __init__(self, acknowledged):
        self.acknowledged = acknowledged
        self.unknown = []


def record(offset, value, partition=0):
    return Written(partition, offset, value.rpartition(":")[0], value)


KNOWN = {
    "brokers": 3,
    "seconds": 1.0,
    "traces": (),
    "histories": (),
    "killed": None,
    "failover_seconds": None,
    "forced": (),
}


def test_the_counts_notice_each_kind_of_trouble():
    promised = [record(0, "k:0"), record(1, "k:1"), record(2, "k:2"), record(3, "j:0")]
    found = [record(0, "k:0"), record(1, "k:2"), record(2, "k:0"), record(3, "j:0")]
    result = counted(found, [Producer(promised)], **KNOWN)
    assert result.lost == ("k:1",)
    assert result.duplicates == ("k:0",)
    assert result.out_of_order == ("k:0",)
    assert result.misplaced == ("k:2",)
    clean = counted(promised, [Producer(promised)], **KNOWN)
    assert (clean.lost, clean.duplicates, clean.out_of_order, clean.misplaced) == ((), (), (), ())
    unsaid = [written._replace(offset=UNSAID) for written in promised]
    assert counted(promised, [Producer(unsaid)], **KNOWN).misplaced == ()
