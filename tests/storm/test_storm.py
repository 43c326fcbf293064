"""Storms over running processes: the broker weathers them, and a broker with a bug does not.

pytest -m long tests/storm      # ten minutes of it
"""

import pytest

from campaign.commands import storm as command
from campaign.outcome import Refused
from campaign.progress import silent
from campaign.storm import schedule as kinds
from campaign.storm.evidence import complaints, doubts, judged
from campaign.storm.run import Storm, weather
from invariants.verdict import Violated


def weathered(directory, **fields):
    result = weather(Storm(**fields), directory, silent)
    return result, judged(result, directory / "storm.jsonl")


def test_a_short_storm_is_weathered_and_every_judge_agrees(tmp_path):
    result, found = weathered(
        tmp_path, seed=1, seconds=8.0, kinds=(kinds.KILL, kinds.PAUSE, kinds.ISOLATE, kinds.CORRUPT)
    )
    assert complaints(result, found) == []
    assert doubts(found) == []
    assert sum(result.counts.values()) >= 3
    assert result.acknowledged > 500
    assert result.read_back >= result.acknowledged
    assert found.judgement.read > result.read_back
    assert found.validation.steps > result.acknowledged
    assert {path.stem for path in result.histories} == {"c1", "c2", "c3", "faults", "r1", "r2", "reader"}


def test_emptied_directories_are_filled_again_and_every_judge_agrees(tmp_path):
    """Also one from which its broker has come back before, and has synced what it found: a replaced disk."""
    result, found = weathered(tmp_path, seed=123, seconds=5.0, kinds=(kinds.KILL, kinds.WIPE))
    assert complaints(result, found) == []
    assert doubts(found) == []
    assert result.counts["wipe"] >= 1
    assert result.counts["kill"] >= 1
    assert result.read_back >= result.acknowledged > 300


def test_a_planted_bug_is_caught_by_every_judge(tmp_path):
    """acks=all is answered before it is replicated, by leaders cut off from their followers and not from clients."""
    result, found = weathered(tmp_path, seed=4, seconds=9.0, kinds=(kinds.ISOLATE,), mutant="ack-before-isr")
    assert isinstance(found.history, Violated)
    assert "lost" in {anomaly.kind for anomaly in found.judgement.anomalies}
    assert isinstance(found.steps, Violated)
    assert found.validation.divergence is not None
    assert {judge for judge, _ in complaints(result, found)} >= {"history", "steps", "model"}
    told = command.told(result, found, kept=True)
    assert told.verdict == "violated"
    assert str(found.trace) in told.lines[-1]


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_ten_minutes_of_storm(tmp_path):
    result, found = weathered(tmp_path, seed=10, seconds=600.0)
    assert complaints(result, found) == []
    assert doubts(found) == []


def test_the_command_refuses_what_there_is_not(tmp_path):
    with pytest.raises(Refused, match="--faults flood: there is no such failure; there is kill"):
        command.run(0, 1.0, "kill, flood", None, None, silent)
    with pytest.raises(Refused, match="--mutant nobody: there is no such planted bug"):
        command.run(0, 1.0, None, "nobody", None, silent)
    (tmp_path / "something").write_text("")
    with pytest.raises(Refused, match="is not empty"):
        command.run(0, 1.0, None, None, tmp_path, silent)


def test_the_command_lists_the_failures():
    told = command.run(0, 1.0, "list", None, None, silent)
    assert told.verdict == "done"
    assert [each["kind"] for each in told.document["faults"]] == list(kinds.KINDS)
