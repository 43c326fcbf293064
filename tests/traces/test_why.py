"""The sentence that says why: which record, acknowledged where and when, lost by whom and by which step."""

import re
from pathlib import Path

import pytest

from tests.traces.execution import PARTITION, Execution, begun, kip_101
from traces import facts
from traces.chronicle import Chronicle
from traces.reader import read
from traces.why import why

SAVED = Path(__file__).resolve().parents[2] / "traces" / "saved"


TOLD = Path(__file__).resolve().parent / "told"
"""Copies of counterexamples as they were, which nobody shrinks anew."""


def of(name: str) -> str:
    kept = TOLD / f"{name}.jsonl"
    return why(read(kept if kept.is_file() else SAVED / f"{name}.jsonl"))


def test_a_lost_record_is_named_with_who_promised_it_and_who_cut_it_off():
    trace = read(TOLD / "kip-101.jsonl")
    said = why(trace)
    shape = (
        r"\S+ \(\w+\) was acknowledged to c\d at offset \d+ by n\d, leader of epoch \d+ \([\d.]+ s, line (\d+)\); "
        r"(n\d) cut it off when it truncated its log to \d+ .*in epoch \d+ \([\d.]+ s, line \d+\), and \2 .*"
    )
    found = re.fullmatch(shape, said)
    assert found, said
    promise = trace.lines[int(found.group(1))]
    assert any(fact["fact"] == "acknowledge_produce" for fact in promise.facts), "the line it names is the promise"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("late-expand", ["never copied it", "may be elected next"]),
        ("unheard-not-counted", ["told clients that everything below offset", "is in the set it must wait for"]),
        ("producer-state-forgotten", ["sent once by c", "twice", "which did not know it for a repetition"]),
        ("decision-forgotten", ["two decisions have partition epoch", "which should know of it"]),
        ("majority-watermark", ["sets its high watermark to", "whom n1 must wait for", "s.acknowledged[leader, f]"]),
        ("votes-twice", ["votes for controller-", "two votes in one epoch"]),
        (
            "deleted-when-there-is-time",
            ["n2 is back with 1 on its disk", "the leader of that epoch has sent it nothing"],
        ),
        ("judges-by-its-own-clock", ["in the end n1 leads", "has waited for k1.0:0 since"]),
        ("recovers-to-checkpoint", ["came back after its crash", "line "]),
        ("model-kip-101", ["record a was committed at offset 0 by n1", "n2 cut it off", "(line 16)"]),
        ("model-survival-no-broker-epoch", ["n2 came back from a restart without it"]),
        ("model-quorum-vote-doubled", ["n1, elected by", "and n3, elected by", "both lead epoch 1"]),
    ],
)
def test_what_planted_bugs_are_told_by(name, parts):
    said = of(name)
    assert [part for part in parts if part not in said] == [], said
    assert "crc" not in said, "a reader has no use for checksums"


@pytest.mark.parametrize("path", sorted(SAVED.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_saved_trace_has_one_sentence(path):
    said = why(read(path))
    assert said
    assert "\n" not in said


@pytest.mark.parametrize("path", sorted(SAVED.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_sentence_of_a_planted_bug_says_who_of_what_and_when(path):
    trace = read(path)
    assert trace.verdict is not None
    if trace.header.origin == "model":
        assert re.search(r"\b(n\d|r\d|controller)", why(trace)), "a model's steps have no time, only who does them"
        return
    said = why(trace).partition(" (false in the model:")[0]
    assert re.search(r"\b(n\d|controller)(-\d)?\b", said), "who"
    assert re.search(r"\b[\d.]+ s\b|\bin the end\b", said), "when, or where all are at last"
    what = r"\b(offset|epoch|version|log|registers|watermark|request|metadata|ISR|in sync|t-\d)\b|as having"
    assert re.search(what, said) or trace.verdict.invariant in ("answered_in_time", "address_book", "obeyed"), "of what"
    action = {"_".join(words) for words in re.findall(r"\b(receive|send|become|lose|answer) (\w+)", said)}
    assert action & set(facts.VOCABULARY) == set(), "a model's name for an action is no wording"


def test_a_trace_in_which_nothing_is_violated_has_none():
    run = begun(Execution())
    run.append(1, 0, 0)
    assert why(run.recorder.trace()) == ""


def test_a_batch_that_is_sent_again_in_another_epoch_is_another_batch():
    run = begun(Execution())
    run.append(1, 0, 0, crc=7)
    run.append(2, 1, 0, crc=7)
    chronicle = Chronicle(run.recorder.trace(), PARTITION)
    assert [life.cell.leader_epoch for life in chronicle.lives.values()] == [0, 1]
    one, two = chronicle.lives.values()
    assert chronicle.has("n1", one)
    assert not chronicle.has("n1", two)


def test_who_is_down_is_not_blamed():
    run = kip_101()
    chronicle = Chronicle(run.recorder.trace(), PARTITION)
    assert "n2" in chronicle.away
    assert "n2 is in the in-sync set" not in why(run.recorder.trace())
