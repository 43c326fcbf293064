"""The seeded search: what it finds depends on the seeds alone, and what it keeps is a trace that fails again."""

from dataclasses import replace

import pytest

from campaign.commands.fuzz import told
from campaign.fuzz import CHUNK, fuzz, run_chunk
from campaign.replay import replay
from campaign.workers import local
from traces.reader import read

A_MINUTE = 60.0
"""More than any of these needs: none of them is to end by its budget."""


def test_one_process_and_two_find_the_same(tmp_path):
    one = fuzz(7, A_MINUTE, "reads-uncommitted", out=tmp_path / "one", workers=local(1))
    two = fuzz(7, A_MINUTE, "reads-uncommitted", out=tmp_path / "two", workers=local(2))
    assert one.failing == two.failing > 1
    assert (one.seeds, one.events, one.seeds_to_failure) == (two.seeds, two.events, two.seeds_to_failure)
    assert [found[:7] for found in one.counterexamples] == [found[:7] for found in two.counterexamples]
    assert [path.name for path in one.paths] == [path.name for path in two.paths]
    for path, other in zip(one.paths, two.paths, strict=True):
        assert path.read_bytes() == other.read_bytes()


def test_what_is_kept_fails_with_the_bug_and_only_with_it(tmp_path):
    found = fuzz(3, A_MINUTE, "majority-watermark", out=tmp_path, workers=local(1))
    assert found.failing
    for counterexample, path in zip(found.counterexamples, found.paths, strict=True):
        trace = read(path)
        assert (trace.header.mutant, trace.header.seed) == ("majority-watermark", counterexample.seed)
        again = replay(trace)
        assert (again.invariant, again.sentence) == (counterexample.invariant, counterexample.sentence)
        assert again.same
        assert (again.steps, len(trace.header.choices)) == (counterexample.steps, counterexample.choices)
        assert replay(trace, clean=True).invariant is None


def test_who_reads_what_was_found_is_told_where_more_may_be_left_out(tmp_path):
    found = fuzz(3, A_MINUTE, "majority-watermark", out=tmp_path, workers=local(1))
    path = found.paths[0]
    goes_on = f"  more may be left out of it: fencepost shrink {path}"
    tired = replace(found, counterexamples=tuple(each._replace(minimal=False) for each in found.counterexamples))
    assert goes_on not in told(found).lines
    assert goes_on in told(tired).lines
    assert [told(one).document["traces"][0]["minimal"] for one in (found, tired)] == [True, False]


def test_the_sound_broker_survives_what_may_fail():
    for profile in ("durable", "default", "crashes"):
        result = fuzz(1, 2.0, profile=profile, workers=local(1))
        assert result.failing == 0, f"repeat it: fencepost fuzz --seed 1 --profile {profile}"
        assert result.counterexamples == ()
        assert result.unhealthy == 0
        assert result.seeds >= CHUNK
        assert result.events > 1_000 * result.seeds / 10
        assert result.events_per_core_second > 0


def test_progress_is_told():
    told = []
    fuzz(1, A_MINUTE, "ack-before-isr", progress=lambda fraction, text: told.append((fraction, text)), workers=local(1))
    assert told[0][0] < 1
    assert "failing" in told[0][1]
    assert told[-2][1].startswith("shrinking")
    assert told[-1][1].startswith("changing the shortest of 1 invariants a little: ")


def test_a_chunk_counts_what_it_did():
    chunk = run_chunk(10, None, "durable")
    assert (chunk.seeds, chunk.failures, chunk.unhealthy) == (CHUNK, (), 0)
    assert chunk.events > 1_000
    assert chunk.simulated_ms > CHUNK * 1_000


def test_unknown_names_are_refused():
    with pytest.raises(KeyError):
        fuzz(1, 1.0, "kip-0")
    with pytest.raises(KeyError):
        fuzz(1, 1.0, profile="nowhere")
