"""The sentence of every invariant, as a counterexample tells it: numbers aside, word for word.

The counterexamples are copies in `told/`: those of `traces/saved` are shrunk anew now and then, and may break something
else then.
"""

import re
from pathlib import Path

import pytest

from invariants.answers.invariant import ANSWER_IDS
from invariants.catalogue import CATALOGUE
from model.design import syntax
from model.models import MODELS
from tests.traces.execution import PARTITION, Execution, begun, content
from traces import facts
from traces.reader import read
from traces.reasons.conjuncts import plain, texts
from traces.reasons.epochs import fenced
from traces.reasons.logs import mismatched
from traces.reasons.past import Past
from traces.reasons.starts import early, misplaced
from traces.why import why

SAVED = Path(__file__).resolve().parents[2] / "traces" / "saved"
TOLD = Path(__file__).resolve().parent / "told"
SENTENCES = {
    "no_committed_loss": (
        "kip-101",
        "k#:# (a) was acknowledged to c# at offset # by n#, leader of epoch # (when); n# cut it off when it "
        "truncated its log to # to follow n# in epoch # (when), and n# is in the in-sync set {n# n# n#} of epoch #: "
        "it may be elected next",
    ),
    "high_watermark_bound": (
        "leader-trusts-its-log",
        "n# took everything below offset # for committed (when), k#:# (a) at offset # among it; n# had told it so "
        "(when); no leader had committed anything at all, so nobody had promised that it stays",
    ),
    "epoch_fencing": (
        "fetch-without-epoch-check",
        "n#, leader of epoch #, counted n# as having everything below offset # (when), and in that epoch n# had "
        "fetched from offset # at most (when); its last fetch from offset # it sent in epoch #, which n# led "
        "(when), and that does not count in epoch #",
    ),
    "recovery": (
        "recovers-to-checkpoint",
        "n# came back after its crash (when) with a log that ends at # (when), without p#:# (a), which it had "
        "copied at offset # (when): its machine never stopped, so what was written was there to be found",
    ),
    "log_matching": (
        "divergence-by-offset",
        "n# has k#:# (b) of epoch # at offset # (copied when) behind k#:# (b) of epoch # at offset #, where n# has "
        "p#:# (a) of epoch #: logs that have a record of one epoch in common are the same before it",
    ),
    "one_topic": (
        "log-of-the-name",
        "n# has its leader confirm a log of t-#@#fde#e#a with everything below offset # (when), and nobody had "
        "written any of it to this topic: n# had come back after its crash (when) with the log of t-#@#c#, end # "
        "(when), whose topic was deleted (when)",
    ),
    "per_key_order": (
        "producer-state-forgotten",
        "k#:#, sent once by c#, stands in the log of n# twice: written at offset # by n# in epoch # (when), and "
        "again at offset # by n# in epoch # (when), which did not know it for a repetition",
    ),
    "quorum_superset": (
        "commits-below-minimum",
        "n#, leader of epoch #, committed k#:# (a) at offset # by moving its high watermark to # (when) while {n#} "
        "alone was in sync, fewer than min.insync.replicas; controller commits ISR {n#}, eligible {n# n#} (when)",
    ),
    "stable_read": (
        "reads-uncommitted",
        "c# read k#:# (b) at offset # (when), and it was not committed: n# had written it in epoch # (when), and no "
        "leader had committed beyond offset # (n#, when); n# had not copied it, so whoever leads next may not have "
        "it",
    ),
    "log_start": (
        "deletion-forgotten",
        "n# came back after its power loss (when) with a log that begins at # (when), and had deleted everything "
        "below # before (when): what clients were told is gone is there again",
    ),
    "one_decision": (
        "decision-forgotten",
        "two decisions have partition epoch #: controller elects n#, epoch # (when), and controller, which should "
        "know of it, drops n#, elects n#, epoch # (when)",
    ),
    "counted_on": (
        "adds-the-fenced",
        "controller commits ISR {n# n# n#} (when) and so counts on n# in the in-sync set as of version # of t-#, "
        "though by its own records n# is fenced or about to stop: it was dropped from the in-sync set of t-# (when) "
        "and has not been unfenced since",
    ),
    "last_resort": (
        "unclean-by-default",
        "controller elects n# uncleanly, epoch # (when) although nobody has allowed it: {n# n#}, in sync or eligible, "
        "had everything and might have come back; before that controller drops n#, no leader in epoch #, ISR {}, "
        "eligible {n# n#} (when)",
    ),
    "one_leader": (
        "votes-twice",
        "controller-# stands in epoch #, log end # of epoch # (when), which is a vote for controller-#, and then "
        "votes for controller-# in epoch # as well (when): one voter, two votes in one epoch, so that two "
        "candidates can win it",
    ),
    "committed_prefix": (
        "commits-older-epoch",
        "controller-#, leader of epoch #, committed everything below offset # (when) because controller-# and "
        "controller-# have it, and nothing of its own epoch is among it: its first record stands at # (when); a "
        "voter without those records can still win a later epoch and overwrite them",
    ),
    "no_cut_below_commit": (
        "cuts-too-much",
        "controller-# cut its log to offset # in epoch # (when), and had taken everything below # for committed "
        "(when); controller-# had only told it that its log leaves the leader's at # (when)",
    ),
    "refines_the_model": (
        "majority-watermark",
        "n# sets its high watermark to # (when), but n#, whom n# must wait for, has shown it to have nothing in "
        "this epoch (false in the model: all(f == leader or to <= s.acknowledged[leader, f] for f in Replica if f "
        "in s.maximal_isr[leader]))",
    ),
    "compaction": (
        "tombstone-gone-at-once",
        "n# compacted offsets # to # (when): the log of n#, t-#, has lost record 'no k#:#' of key 'k#' at offset # at "
        "#; it was never seen cleaned before, and delete.retention.ms is #; c# had been told that it is stored (when)",
    ),
    "answered_once": (
        "refuses-the-answered",
        "n# answers request # of connection # (Produced), which it has answered already, or nobody sent (when)",
    ),
    "answered_in_time": (
        "waits-in-line",
        "a Fetch is not answered # ms after n# heard it, and was to wait for # ms at most (when)",
    ),
    "right_error": (
        "beyond-the-watermark-refused",
        "n# answers a Fetch of t-# with OFFSET_OUT_OF_RANGE, and it was asked for offset #, and its log has #"
        " to # (when)",
    ),
    "knows_first": (
        "unfences-the-ignorant",
        "controller counts on n# again, which has read the metadata log up to #: it was registered or fenced "
        "at # or later (when)",
    ),
    "watermark_due": (
        "moves-when-all-have-all",
        "n#, leader of epoch # of t-#, leaves its high watermark at #, and all of its maximal in-sync set "
        "{n#, n#, n#} have shown that they have what lies below # (when)",
    ),
    "obeyed": (
        "configured-for-itself",
        "an operator was told that min.insync.replicas of t is # now, and nobody asked for else since; n# has"
        " # in the end (when)",
    ),
    "told_as_set": (
        "replaced-and-added-to",
        "n# says that min.insync.replicas of t is #, and has read the metadata to #: by then it was set to "
        "nothing, and to nothing else since (when)",
    ),
    "right_offset": (
        "latest-is-the-end",
        "n#, leader of epoch # of t-#, says that # is the latest, and its high watermark is # (when)",
    ),
    "flushed_in_time": (
        "flushed-when-it-is-quiet",
        "n# has not synced what t-# holds below # for # ms, and flush.ms is #: it is synced below # (when)",
    ),
    "deleted_everywhere": (
        "deletes-with-the-news",
        "the log of n# begins at # in the end, and that of n#, which it follows, at #: it has not heard what of t-# is "
        "deleted (when)",
    ),
    "let_go": (
        "waits-for-the-newest",
        "controller does not let n# stop: its leaderships were moved below offset # of the metadata, and whoever is "
        "counted on has told that it has read up to # at least (when)",
    ),
    "election_due": (
        "asks-the-first-eligible",
        "controller leaves t-# without a leader, and n# is eligible and counted on (when)",
    ),
    "enough_as_set": (
        "raised-and-still-enough",
        "controller says that # in sync of t-# are enough, and as min.insync.replicas is set # are enough (when)",
    ),
    "retained_by_size": (
        "retention-by-a-former-size",
        "n# keeps # bytes of t-# for # ms: without the first segment # would be left, and retention.bytes is # (when)",
    ),
    "address_book": (
        "stopping-and-not-in-the-book",
        "n# leaves n# out of the addresses it tells, whom it counts as registered and not fenced (when)",
    ),
    "heals": (
        "judges-by-its-own-clock",
        "# s after the last fault c# still waits for an answer to a send: in the end n# leads epoch # of t-#, ISR "
        "{n# n# n#}; c# has waited for k#:# since # s (line #)",
    ),
}
"""By invariant: a counterexample and its sentence, with `#` for numbers and `when` for a moment."""


def masked(sentence: str) -> str:
    moments = re.sub(r"[\d.]+ s, line \d+", "when", sentence)
    return re.sub(r"\d+(\.\d+)*", "#", moments)


def test_every_invariant_of_the_catalogue_has_its_sentence_here():
    assert set(CATALOGUE) - set(SENTENCES) - {"deletion_due"} == set(), "that one is told below"


@pytest.mark.parametrize("invariant", SENTENCES)
def test_the_sentence_of_an_invariant(invariant):
    name, sentence = SENTENCES[invariant]
    trace = read(TOLD / f"{name}.jsonl")
    assert trace.verdict is not None
    assert trace.verdict.invariant == invariant
    assert masked(why(trace)) == sentence


@pytest.mark.parametrize("path", sorted(SAVED.glob("*.jsonl")), ids=lambda path: path.stem)
def test_no_saved_counterexample_is_left_with_what_the_judge_said(path):
    trace = read(path)
    assert trace.verdict is not None
    said = why(trace)
    # What a node answers is in no fact: of that the judge who heard it has said all there is.
    told_by_facts = trace.verdict.invariant not in ("heals", *ANSWER_IDS)
    assert not told_by_facts or not said.startswith(trace.verdict.sentence)
    assert re.search(r"line \d+|in the end", said), "it names a step, or where all are at last"
    assert "crc" not in said


# ------------------------------------------------------------ what the model refuses
@pytest.mark.parametrize(("models", "quorum"), [(("survival", "replication"), False), (("quorum-pre-vote",), True)])
def test_every_condition_of_the_models_has_plain_words_and_no_other_has(models, quorum):
    written = {
        " ".join(function.text(conjunct).split())
        for model in models
        for function in map(syntax, MODELS[model].actions)
        for conjunct in function.requires
    }
    assert texts(quorum=quorum) == written


def test_a_condition_that_no_model_has_has_no_words():
    assert plain("s.unheard_of[leader]", quorum=False) == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("any-sender", "n# had asked for that (when) in leader epoch #, and that was over: controller-# elects n#"),
        ("alter-partition-without-cas", "on top of version # of the partition, and version # stood by then"),
        (
            "expand-without-epoch-start",
            "n# has shown it to have only what lies below offset #, and n#'s epoch began at",
        ),
        (
            "follows-into-a-later-epoch",
            "controller-# fetches from controller-# in epoch # (when), which nobody has won; controller-# won epoch #",
        ),
        ("votes-by-length", "controller-#'s log, as it told, ends before controller-#'s"),
        (
            "unclean-keeps-elr",
            "the set of eligible leader replicas it tells is {n#}, and by what was told before it is",
        ),
    ],
)
def test_what_is_false_is_said_in_plain_words(name, words):
    assert words in masked(why(read(TOLD / f"{name}.jsonl")))


# ------------------------------------------------------------ epochs
def judged(run: Execution) -> str:
    """What is wrong with the last step, by the epoch it claims."""
    trace = run.recorder.trace()
    return fenced(Past(trace, PARTITION, trace.lines[-1].n))


def test_two_leaders_of_one_epoch_are_both_named():
    run = begun(Execution())
    run.lead(2, 0, 0, (1, 2, 3), 0)
    assert "n2 began to lead epoch 0" in judged(run)
    assert "which n1 had led since" in judged(run)


def test_who_acts_as_the_leader_of_an_epoch_it_has_left_is_told_where_it_is():
    run = begun(Execution())
    run.elect(2, 1, 1, (1, 2, 3))
    run.follow(1, 1, 2)
    run.append(1, 0, 0)
    assert re.fullmatch(
        r"n1 appends a \(.*\) as leader of epoch 0, and had followed n2 in epoch 1 since \(.*\)", judged(run)
    )


def test_a_follower_whose_leader_is_another_is_told_so():
    run = begun(Execution())
    run.step("n2", "Fetched", facts.Reconcile(partition=PARTITION, leader_epoch=0, leader=3, log_end=0))
    assert "with n3 for the leader of epoch 0, which n1 led" in judged(run)


def test_a_position_under_an_old_registration_is_told_beside_the_new_one():
    run = begun(Execution())
    for registration in (9, 7):
        asked = facts.SendFetch(partition=PARTITION, leader_epoch=0, leader=1, offset=0, broker_epoch=registration)
        run.step("n2", "tick", asked)
        counted = facts.Acknowledge(
            partition=PARTITION, leader_epoch=0, follower=2, offset=0, broker_epoch=registration
        )
        run.step("n1", "Fetch", counted)
    assert "under its registration 7, and had counted it under registration 9 before" in judged(run)


def test_a_step_that_fits_its_epoch_is_left_alone():
    run = begun(Execution())
    run.append(1, 0, 0)
    run.receive(2, 0, 1, 1, 0, content(0))
    assert judged(run) == ""


# ------------------------------------------------------------ where logs begin
def test_a_log_that_begins_earlier_again_is_told_with_what_it_had_deleted():
    run = begun(Execution())
    for offset in range(3):
        run.append(1, 0, offset)
    run.advance(1, 0, 3, (1, 2, 3))
    for to in (2, 1):
        run.step("n1", "tick", facts.DeleteBelow(partition=PARTITION, to=to))
    trace = run.recorder.trace()
    said = misplaced(Past(trace, PARTITION, trace.lines[-1].n))
    assert masked(said) == (
        "n# lets its log begin at # (when), and had deleted everything below # before (when): what clients were told "
        "is gone is there again"
    )


def test_what_is_deleted_before_it_is_committed_is_told_with_the_watermark():
    run = begun(Execution())
    run.append(1, 0, 0)
    run.step("n1", "tick", facts.DeleteBelow(partition=PARTITION, to=1))
    trace = run.recorder.trace()
    assert "its high watermark is 0" in misplaced(Past(trace, PARTITION, trace.lines[-1].n))


def test_what_is_deleted_too_early_is_told_with_the_last_record_that_goes():
    run = begun(Execution())
    run.append(1, 0, 0)
    run.append(1, 0, 1)
    run.advance(1, 0, 2, (1, 2, 3))
    run.step("n1", "tick", facts.DeleteBelow(partition=PARTITION, to=2))
    trace = run.recorder.trace()
    assert masked(early(Past(trace, PARTITION, trace.lines[-1].n))) == (
        "n# lets its log begin at # (when), and no client had asked for that; record b, the last that goes, was "
        "written by n# (when), and nothing here is ever too old to be kept"
    )


# ------------------------------------------------------------ logs
def test_a_record_behind_another_than_its_leader_had_is_told_when_nobody_has_that_log_any_more():
    run = begun(Execution())
    run.append(1, 0, 0, crc=1)
    run.elect(2, 1, 1, (1, 2, 3))
    run.lead(2, 1, 1, (1, 2, 3), 0)
    run.append(2, 1, 0, crc=2)
    run.append(2, 1, 1, crc=3)
    run.step("n2", "tick", facts.DeleteReplica(partition=PARTITION))
    run.receive(1, 1, 2, 2, 0, content(1, epoch=1, crc=3))
    trace = run.recorder.trace()
    assert masked(mismatched(Past(trace, PARTITION, trace.lines[-1].n))) == (
        "n# has record c of epoch # at offset # (copied when) behind record a of epoch # at offset #, where n# had "
        "when it wrote it record b of epoch #: logs that have a record of one epoch in common are the same before it"
    )
