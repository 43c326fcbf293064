"""Campaigns: kept in a file, gone on with, merged by seed, run by workers that may die, here and on a Dask cluster."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from pathlib import Path

import distributed
import pytest

from campaign import corpus, counterexamples, source
from campaign import fuzz as fuzzing
from campaign.commands import fuzz as fuzz_command
from campaign.counterexamples import regrow, shrink_failure
from campaign.fuzz import CHUNK, SEEDS_APART, FuzzResult, fuzz
from campaign.journal import About, Journal
from campaign.outcome import Refused
from campaign.replay import replay
from campaign.workers import DEATHS_MAX, NOT_YET, Here, Pool, dask, local
from traces.reader import read

A_MINUTE = 60.0
PLANTED = "reads-uncommitted"
ABOUT = About(profile="durable", mutant=PLANTED, commit="abc")


def kept(path: Path, about: About = ABOUT) -> Journal:
    return Journal(path, about)


@cache
def seed() -> int:
    """Of a campaign that finds the bug, and not among its first runs."""
    return next(seed for seed in range(100) if fuzz(seed, A_MINUTE, PLANTED, workers=local(1)).seeds > CHUNK)


@cache
def whole() -> FuzzResult:
    """The campaign without a stop, in this process."""
    return fuzz(seed(), A_MINUTE, PLANTED, workers=local(1))


# ---------------------------------------------------------------- the journal
def test_a_campaign_goes_on_where_it_stopped_and_ends_as_if_it_had_not(tmp_path):
    path = tmp_path / "campaign.jsonl"
    stopped = fuzz(seed(), 0.001, PLANTED, workers=local(1), journal=kept(path))
    assert stopped.seeds == CHUNK
    first = fuzz(seed(), A_MINUTE, PLANTED, workers=local(1), journal=kept(path))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2])
    again = fuzz(seed(), A_MINUTE, PLANTED, workers=local(1), journal=kept(path))
    assert first.resumed == CHUNK
    assert again.resumed == first.seeds - CHUNK
    assert 0 < again.fresh_events < again.events
    for result in (first, again):
        assert (result.seeds, result.events, result.failing) == (whole().seeds, whole().events, whole().failing)
        assert [found[:7] for found in result.counterexamples] == [found[:7] for found in whole().counterexamples]


def test_files_of_one_campaign_are_merged_by_seed(tmp_path):
    whole = kept(tmp_path / "whole.jsonl")
    result = fuzz(seed(), A_MINUTE, PLANTED, workers=local(1), journal=whole)
    firsts = sorted(whole.done)
    mine, theirs = kept(tmp_path / "mine.jsonl"), kept(tmp_path / "theirs.jsonl")
    for number, first in enumerate(firsts):
        (mine, theirs)[number % 2].keep(first, whole.done[first])
    theirs.keep(firsts[0], whole.done[firsts[0]])
    merged = Journal(mine.path, ABOUT, [theirs.path])
    assert merged.done == whole.done
    again = fuzz(seed(), A_MINUTE, PLANTED, workers=local(1), journal=merged)
    assert (again.resumed, again.seeds, again.fresh_events) == (result.seeds, result.seeds, 0)
    assert firsts[0] == seed() * SEEDS_APART


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (About(profile="default", mutant=PLANTED, commit="abc"), "profile durable, not default"),
        (About(profile="durable", mutant=None, commit="abc"), "mutant reads-uncommitted, not None"),
        (About(profile="durable", mutant=PLANTED, commit="def"), "commit abc, not def"),
    ],
)
def test_a_file_of_another_campaign_is_refused(tmp_path, other, named):
    path = tmp_path / "campaign.jsonl"
    kept(path)
    before = path.read_bytes()
    with pytest.raises(Refused, match=named):
        kept(path, other)
    assert path.read_bytes() == before


def test_a_file_that_is_no_campaign_is_refused(tmp_path):
    path = tmp_path / "campaign.jsonl"
    path.write_bytes(b"not JSON\n")
    with pytest.raises(Refused, match="line 1: not a campaign's line"):
        kept(path)
    assert path.read_bytes() == b"not JSON\n"
    with pytest.raises(Refused, match="cannot be read: No such file"):
        Journal(tmp_path / "mine.jsonl", ABOUT, [tmp_path / "nowhere.jsonl"])


def test_what_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Refused, match="cannot be written"):
        kept(tmp_path / "file" / "campaign.jsonl")


# ---------------------------------------------------------------- workers
def square_and_die_once(value: int, grave: str) -> int:
    """Ends its process the first time it is asked for 3."""
    if value == 3 and not Path(grave).exists():
        Path(grave).touch()
        os._exit(1)
    return value * value


def die(value: int) -> int:
    os._exit(1)
    return value


def test_the_work_of_a_worker_that_dies_is_done_again(tmp_path):
    grave = str(tmp_path / "grave")
    with local(2) as workers:
        results = list(workers.run(square_and_die_once, ((value, grave) for value in range(8))))
    assert Path(grave).exists()
    assert results == [value * value for value in range(8)]


class Broken(ThreadPoolExecutor):
    """A pool whose worker dies before anybody waits for it: it takes one call and refuses the next."""

    taken = False

    def submit(self, work, /, *call):
        if self.taken:
            raise BrokenProcessPool("a child process terminated abruptly")
        self.taken = True
        return super().submit(work, *call)


def test_a_worker_that_dies_before_the_next_call_is_handed_out_costs_nothing():
    pools = iter([Broken(1), ThreadPoolExecutor(1)])
    with Pool(lambda: next(pools), 2, (BrokenProcessPool,)) as workers:
        assert list(workers.run(abs, iter([(-1,), (-2,), (-3,)]))) == [1, 2, 3]


def test_workers_that_keep_dying_are_given_up_with_a_line():
    with local(2) as workers, pytest.raises(Refused, match=f"{DEATHS_MAX} workers died, the last while die"):
        list(workers.run(die, iter([(1,), (2,)])))


def test_one_process_runs_work_in_order_and_ahead_of_nobody():
    taken = []

    def calls():
        for value in range(4):
            taken.append(value)
            yield (value, "")

    with local(1) as workers:
        results = workers.run(square_and_die_once, calls())
        assert next(results) == 0
        assert taken == [0]


def test_what_is_not_known_yet_is_asked_for_again_once_there_are_results():
    taken = []

    def calls():
        for value in range(6):
            while len(taken) < value - 1:
                yield NOT_YET
            yield (value, "")

    with Pool(partial(ThreadPoolExecutor, 4), 4, ()) as workers:
        for place, result in enumerate(workers.run(square_and_die_once, calls())):
            taken.insert(place, result)
    assert taken == [value * value for value in range(6)]


def test_however_many_run_at_once_every_seed_has_the_same_run(monkeypatch):
    """Generations as short as they may be: what guides a run is known only when the run is due."""
    monkeypatch.setattr(corpus, "GENERATION", 1)
    monkeypatch.setattr(fuzzing, "KEEP", 24)
    monkeypatch.setattr(counterexamples, "SHRINK", 0)
    alone = fuzz(seed(), A_MINUTE, PLANTED, workers=local(1))
    together = fuzz(seed(), A_MINUTE, PLANTED, workers=Pool(partial(ThreadPoolExecutor, 1), 16, ()))
    assert alone.seeds > 2 * CHUNK
    assert alone.corpus > 1
    assert (together.seeds, together.events, together.failing) == (alone.seeds, alone.events, alone.failing)
    assert together.coverage == alone.coverage


# ---------------------------------------------------------------- Dask
@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as running:
        yield running


def test_a_dask_cluster_finds_what_this_machine_finds(cluster):
    here = whole()
    there = fuzz(seed(), A_MINUTE, PLANTED, workers=dask(cluster.scheduler_address))
    assert (there.seeds, there.events, there.failing) == (here.seeds, here.events, here.failing)
    assert [found[:7] for found in there.counterexamples] == [found[:7] for found in here.counterexamples]


def test_workers_with_other_source_are_refused(cluster, monkeypatch):
    monkeypatch.setattr(source, "commit", lambda: "another")
    with pytest.raises(Refused, match="this is another; update it"):
        dask(cluster.scheduler_address)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere"])
def test_an_address_where_nobody_answers_is_refused(address, monkeypatch):
    monkeypatch.setattr("campaign.workers.CONNECT_SECONDS", 1)
    with pytest.raises(Refused, match="no Dask scheduler answers there"):
        dask(address)


class InterruptedAfterOne(Here):
    """Does the first call of a search and is interrupted; of whatever follows, does one."""

    def run(self, work, calls):
        yield from (work(*call) for call in itertools.islice(calls, 1))
        if work is fuzzing.run_chunk:
            raise KeyboardInterrupt


def test_what_was_found_before_an_interrupt_is_shrunk_and_kept(tmp_path):
    result = fuzz(0, A_MINUTE, "waits-in-line", "mixed", tmp_path, workers=InterruptedAfterOne())
    assert result.interrupted
    assert result.seeds == CHUNK
    outcome = fuzz_command.told(result)
    assert outcome.verdict == "violated"
    assert all(Path(trace["path"]).is_file() for trace in outcome.document["traces"])
    assert len(outcome.document["traces"]) == 1


def test_an_interrupted_search_that_found_nothing_is_unknown_and_says_how_much_was_done():
    outcome = fuzz_command.told(fuzz(0, A_MINUTE, None, "durable", workers=InterruptedAfterOne()))
    assert outcome.verdict == "unknown"
    assert outcome.lines[-1].startswith(f"unknown: interrupted, none of {CHUNK} runs failed")


class InterruptedAt(Here):
    """Is interrupted before the first result of some work."""

    def __init__(self, work):
        self.unwanted = work

    def run(self, work, calls):
        for call in calls:
            if work is self.unwanted:
                raise KeyboardInterrupt
            yield work(*call)


def test_what_is_not_shrunk_when_shrinking_is_interrupted_is_kept_as_it_was_found(tmp_path):
    result = fuzz(0, A_MINUTE, "waits-in-line", "mixed", tmp_path, workers=InterruptedAt(shrink_failure))
    assert result.interrupted
    assert [found.minimal for found in result.counterexamples] == [False] * len(result.counterexamples) != []
    outcome = fuzz_command.told(result)
    assert outcome.verdict == "violated"
    for found, told in zip(result.counterexamples, outcome.document["traces"], strict=True):
        assert replay(read(Path(told["path"]))).invariant == found.invariant == told["invariant"]
        assert f"  more may be left out of it: fencepost shrink {told['path']}" in outcome.lines


def test_what_is_shrunk_when_changing_it_is_interrupted_is_kept():
    result = fuzz(0, A_MINUTE, "waits-in-line", "mixed", workers=InterruptedAt(regrow))
    whole = fuzz(0, A_MINUTE, "waits-in-line", "mixed", workers=InterruptedAt(shrink_failure))
    assert result.interrupted
    assert [found.invariant for found in result.counterexamples] == [found.invariant for found in whole.counterexamples]
    assert result.counterexamples[0].choices < whole.counterexamples[0].choices


def test_who_interrupts_even_the_recording_is_told_what_failed(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("campaign.counterexamples.recorded", interrupted)
    result = fuzz(0, A_MINUTE, "waits-in-line", "mixed", workers=InterruptedAt(shrink_failure))
    assert result.counterexamples == ()
    outcome = fuzz_command.told(result)
    assert outcome.verdict == "violated"
    first = result.untraced[0]
    assert f"  {first.invariant}: {first.sentence}" in outcome.lines
    assert f"  not recorded: it was seed {first.seed}, and the same --seed finds it again" in outcome.lines
    assert outcome.document["untraced"][0]["seed"] == first.seed


def test_a_failure_that_does_not_come_again_is_told_and_is_no_pass(monkeypatch):
    monkeypatch.setattr("campaign.counterexamples.shrink_run", lambda *_: None)
    monkeypatch.setattr("campaign.counterexamples.recorded", lambda *_: None)
    outcome = fuzz_command.told(fuzz(0, A_MINUTE, "waits-in-line", "mixed", workers=Here()))
    assert outcome.verdict == "violated"
    assert outcome.document["untraced"]
