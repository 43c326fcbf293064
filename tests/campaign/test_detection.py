"""`fencepost mutants`: what the table says is what the search did, and a bug that cannot be planted is an error."""

import inspect
import json

import pytest
from click.testing import CliRunner

from campaign import mutants
from campaign.commands import mutants as command
from campaign.detection import Detection, detect, median_seconds
from campaign.mutants import MUTANTS, StaleMutant, usable
from campaign.mutants.registry import stale
from campaign.outcome import Refused
from campaign.progress import silent
from campaign.replay import replay
from campaign.workers import local
from fencepost import main
from impl.core.partition import Partition
from traces.reader import parse, read

QUICK = "ack-before-isr"


def test_a_planted_bug_is_found_and_its_trace_fails_only_with_it():
    found = detect(QUICK, 0, 60.0, "durable")
    assert found.found
    assert found.expected
    assert found.without is None
    assert found.seeds >= 1
    trace = parse(found.data, "found")
    assert replay(trace).invariant == found.invariant
    assert replay(trace, clean=True).invariant is None


def test_without_a_budget_a_bug_is_missed():
    missed = detect(QUICK, 0, 0.0, "durable")
    assert (missed.found, missed.expected, missed.seeds, missed.invariant) == (False, False, 0, None)
    assert median_seconds([missed]) is None
    assert command.told([missed], [None], "durable").verdict == "unknown"


def test_a_failure_that_the_sound_broker_shares_is_no_detection():
    shared = Detection("kip-101", 1, 0.1, "no_committed_loss", "lost", 3, 1, 0.1, b"{}", without="no_committed_loss")
    outcome = command.told([shared], [None], "durable")
    assert outcome.verdict == "violated"
    assert "without the bug, too" in outcome.lines[-1]


def test_a_bug_seen_only_by_another_invariant_is_not_known_as_found():
    other = Detection("kip-101", 1, 0.1, "one_decision", "decided twice", 3, 1, 0.1, b"{}")
    assert command.told([other], [None], "durable").verdict == "unknown"


def test_an_exception_of_the_broker_is_a_detection():
    crashed = Detection("kip-101", 1, 0.1, "no_exception", "crashed", 3, 1, 0.1, b"{}")
    assert command.told([crashed], [None], "durable").verdict == "done"


def test_the_command_writes_what_it_found(tmp_path):
    result = CliRunner().invoke(main, ["mutants", QUICK, "--processes", "1", "--out", str(tmp_path), "--json"])
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (document["found"], document["missed"]) == (1, [])
    [entry] = document["mutants"]
    assert read(tmp_path / f"{QUICK}.jsonl").verdict.invariant == entry["invariant"]
    assert {"id", "found", "seeds", "seconds", "steps", "invariant", "trace"} <= entry.keys()


def test_rows_are_told_as_they_are_found_and_kept_when_it_is_interrupted(tmp_path):
    said = []

    def say(line):
        said.append(line)
        if line.startswith(QUICK):
            raise KeyboardInterrupt

    outcome = command.run((QUICK, "kip-101"), 0, 60.0, "durable", tmp_path, local(1), silent, say)
    assert [line.split()[0] for line in said] == ["planted", QUICK]
    assert outcome.verdict == "unknown"
    assert (outcome.document["found"], outcome.document["unsearched"]) == (1, ["kip-101"])
    assert outcome.lines[-1] == "interrupted: 1 not searched for, from kip-101 on; name them to go on"
    assert read(tmp_path / f"{QUICK}.jsonl").verdict.invariant == outcome.document["mutants"][0]["invariant"]


@pytest.mark.parametrize(("arguments", "named"), [((("kip-0",), "durable"), "kip-0"), (((), "nowhere"), "nowhere")])
def test_names_there_are_not_are_refused(arguments, named):
    names, profile = arguments
    with pytest.raises(Refused, match=f"{named}: there is no such"):
        command.run(names, 0, 1.0, profile, None, local(1), silent)


# ---------------------------------------------------------------- bugs whose seam has moved
def test_every_planted_class_overrides_what_there_is():
    modules = [module for _, module in inspect.getmembers(mutants, inspect.ismodule)]
    planted = [cls for module in modules for _, cls in inspect.getmembers(module, inspect.isclass)]
    planted = [cls for cls in planted if cls.__module__.startswith("campaign.mutants.")]
    assert len(planted) >= len(MUTANTS)
    assert {cls.__name__: stale(cls) for cls in planted if stale(cls)} == {}


class _OverridesNothing(Partition):
    def a_decision_that_was_taken_elsewhere_since(self):
        return True


class _TakesOther(Partition):
    def may_join(self, peer, more):
        return peer is more


@pytest.mark.parametrize(
    ("planted", "told"), [(_OverridesNothing, "overrides nothing"), (_TakesOther, "what it overrides self, peer")]
)
def test_a_bug_whose_seam_has_moved_cannot_be_planted(monkeypatch, planted, told):
    monkeypatch.setattr(planted, "__module__", "campaign.mutants.moved")
    assert told in stale(planted)
    monkeypatch.setitem(MUTANTS, "moved", MUTANTS[QUICK]._replace(id="moved", stale=stale(planted)))
    with pytest.raises(StaleMutant, match=r"moved: .*move the override"):
        usable("moved")
    result = CliRunner().invoke(main, ["mutants", "moved", "--processes", "1"])
    assert result.exit_code == 2
    assert told in result.stderr
