"""Coverage says what was exercised, and its empty cells say what was not."""

import msgspec
import pytest

from campaign import coverage, trial
from campaign.commands.fuzz import document, told
from campaign.corpus import GENERATION, GUIDED_SHARE, UNGUIDED, Corpus, Fresh, Guide, fresh, guided, mutated
from campaign.coverage import Coverage, nothing, packed, unpacked
from campaign.coverage_grids import grids
from campaign.fuzz import CHUNK, fuzz, run_chunk
from campaign.journal import About, Journal
from campaign.mutants import usable
from campaign.profiles import PROFILES, Profile, seeded
from campaign.unreachable import ACTIONS, may_fail
from campaign.workers import local
from impl.sim import faults
from impl.sim.weights import Weights
from traces.refine_quorum import QUORUM_OF

CRASHES = PROFILES["crashes"]


def merged(profile: Profile, seeds: int) -> Coverage:
    total = nothing()
    for seed in range(seeds):
        total.add(trial.run(*seeded(profile, seed)).coverage)
    return total


def test_what_runs_exercise_is_counted_and_a_hole_is_found():
    """With no crashes nobody loses power, and the rows of crashes are empty."""
    tables = coverage.document(merged(CRASHES, 20), "survival")
    assert tables["actions"]["counts"]["append"] > 100
    assert tables["actions"]["cells"] == tables["actions"]["covered"] + len(tables["actions"]["empty"])
    assert tables["pairs"]["counts"]["send_fetch > acknowledge"] > 10
    assert any(cell.startswith("crash > ") for cell in tables["faults"]["counts"])
    assert "3 in sync, 0 eligible, led" in tables["situations"]
    assert "lose_power" in tables["actions"]["counts"]
    assert "crash > leader" in tables["faults"]["counts"]
    calm = Profile(CRASHES.scenario, (faults.MOVE,), "no process dies")
    holes = coverage.document(merged(calm, 12), "survival")
    assert {"restart", "member_loses_power"} <= set(holes["actions"]["empty"])
    empty = set(holes["faults"]["empty"])
    for role in ("leader", "in sync", "eligible", "out of sync"):
        assert f"crash > {role}" in empty
    assert "crash of leader" in " ".join(coverage.lines(holes))


def test_runs_that_the_model_does_not_follow_cover_nothing_of_it_by_their_own_word():
    """A count of none would read as if nothing had happened in them."""
    scenario, choices = seeded(CRASHES, 0)
    planted = coverage.document(trial.run(scenario, choices, usable("kip-101")).coverage, "survival")
    assert planted["actions"]["covered"] == 0
    unfollowed, by_role = coverage.lines(planted)
    assert unfollowed == "covered: of the model nothing is known, none of these runs is followed by it"
    assert by_role.startswith(f"covered: {planted['faults']['covered']} of ")
    followed = coverage.lines(coverage.document(merged(CRASHES, 1), "survival"))
    assert len(followed) == 4
    assert unfollowed not in followed


def test_coverage_is_the_same_from_a_file():
    whole = merged(CRASHES, 4)
    assert whole.walk
    assert whole.faults
    assert unpacked(*msgspec.json.decode(msgspec.json.encode(packed(whole)))) == whole


def test_cells_that_cannot_be_are_none():
    assert not may_fail(faults.CONTROLLER_CRASH, "leader")
    assert not may_fail(faults.CRASH, "client")
    assert may_fail(faults.BREAK, "client")
    assert may_fail(faults.PAUSE, "controller")


def test_what_cannot_be_says_why_and_is_no_empty_cell():
    one_step = nothing()
    one_step.walk["3 in sync, 0 eligible, led", "acknowledge", "append"] = 1
    tables = coverage.document(one_step, "survival")
    assert set(tables["unreachable"]) == set(ACTIONS)
    assert not set(ACTIONS) & set(tables["actions"]["empty"])
    pairs = tables["pairs"]["empty"]
    assert not [pair for pair in pairs if set(pair.split(" > ")) & set(ACTIONS)]
    assert {pair for pair in pairs if pair.startswith("- > ")} == {"- > elect"}
    assert {pair for pair in pairs if pair.endswith(" > expand_isr")} == {"acknowledge > expand_isr"}
    assert "cannot be: elect_none, leader_loses_power, resume, roll_back" in " ".join(coverage.lines(tables))
    actions = next(grid for grid in grids([tables]) if grid.title.startswith("Actions of the model"))
    assert actions.cells[actions.rows.index("roll_back")] == (None,)
    assert len(actions.notes) == len(ACTIONS)
    assert actions.size == tables["actions"]["cells"]


# ---------------------------------------------------------------- the corpus
def weights(fault: float = 0.1) -> Weights:
    return Weights((faults.CRASH, faults.MOVE), fault, 0.1, 0.2)


def test_a_generation_is_guided_by_those_up_to_the_one_before_the_last():
    corpus = Corpus()
    for chunk in range(3 * GENERATION):
        assert corpus.knows(chunk)
        assert corpus.knows(2 * GENERATION) == (chunk >= GENERATION)
        assert (corpus.guide(chunk) == UNGUIDED) == (chunk < 2 * GENERATION)
        corpus.take([Fresh(weights(), frozenset({chunk % 5}))])
    guide = corpus.guide(2 * GENERATION)
    assert guide.seen == frozenset(range(5))
    assert len(guide.entries) == 5
    assert corpus.guide(3 * GENERATION - 1) == guide


def test_what_is_not_new_is_not_kept():
    corpus = Corpus()
    corpus.take([Fresh(weights(), frozenset({1, 2}))])
    corpus.take([Fresh(weights(), frozenset({2})), Fresh(weights(), frozenset({2, 3}))])
    assert (len(corpus.entries), corpus.seen) == (2, {1, 2, 3})


def test_guided_runs_are_weighted_like_those_of_the_corpus():
    guide = Guide(entries=(weights(0.4),))
    drawn = [guided(CRASHES, seed, guide)[1].weights for seed in range(200)]
    plain = [seeded(CRASHES, seed)[1].weights for seed in range(200)]
    changed = sum(one != other for one, other in zip(drawn, plain, strict=True))
    assert 0.3 < changed / 200 < 0.7
    assert abs(changed / 200 - GUIDED_SHARE) < 0.15
    assert [guided(CRASHES, seed, UNGUIDED)[1].weights for seed in range(50)] == plain[:50]


def test_weights_are_mutated_within_the_kinds_of_the_profile():
    import random

    draw = random.Random(1)
    for _ in range(100):
        other = mutated(weights(), CRASHES.kinds, draw)
        assert set(other.kinds) <= set(CRASHES.kinds)
        assert other.kinds
        assert 0 < other.fault <= 0.6


def test_weights_of_another_profile_bring_no_kind_that_this_one_has_not():
    """What a disk may lose where more may fail would be no failure of a cluster that syncs every write."""
    import random

    draw = random.Random(1)
    foreign = Weights((faults.WIPED_DISK, faults.BIT_ROT), 0.1, 0.1, 0.2)
    for _ in range(100):
        assert set(mutated(foreign, PROFILES["durable"].kinds, draw).kinds) <= set(PROFILES["durable"].kinds)


def test_what_a_run_did_is_new_only_beside_what_was_seen():
    ran = trial.run(*seeded(CRASHES, 1)).coverage
    new = fresh(ran, weights(), UNGUIDED)
    assert new is not None
    assert new.features == ran.features()
    assert fresh(ran, weights(), Guide(seen=ran.features())) is None


# ---------------------------------------------------------------- a campaign
def test_a_campaign_has_its_coverage_and_a_journal_keeps_it(tmp_path):
    about = About(profile="crashes", mutant=None, commit="x")
    first = fuzz(1, 3.0, profile="crashes", workers=local(1), journal=Journal(tmp_path / "c", about))
    chunks = first.seeds // CHUNK
    again = fuzz(1, 0.0, profile="crashes", workers=local(1), journal=Journal(tmp_path / "c", about))
    known = Journal(tmp_path / "c", about).done
    assert len(known) == chunks
    total = nothing()
    for chunk in known.values():
        total.add(chunk.coverage)
    assert total == first.coverage
    assert again.seeds == 0
    assert first.corpus > 0
    assert document(first)["coverage"]["actions"]["covered"] > 15
    assert any(line.startswith("covered: ") for line in told(first).lines)


def test_what_the_model_does_not_speak_of_makes_the_verdict_unknown():
    result = fuzz(1, 1.0, profile="crashes", workers=local(1))
    silent = result.__class__(
        **{field: getattr(result, field) for field in result.__dataclass_fields__} | {"unspoken": ("seed 1: hm",)}
    )
    outcome = told(silent)
    assert outcome.verdict == "unknown"
    assert outcome.lines[-1].strip() == "seed 1: hm"
    assert outcome.document["unspoken"] == {"runs": 1, "first": "seed 1: hm"}


def test_a_chunk_tells_what_was_new():
    chunk = run_chunk(10, None, "crashes")
    assert 1 <= len(chunk.fresh) <= CHUNK
    assert chunk.unspoken == ()
    seen = frozenset().union(*(each.features for each in chunk.fresh))
    assert run_chunk(10, None, "crashes", Guide(seen=seen)).fresh == ()


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_profiles_have_a_table_without_surprises(profile):
    """Whatever is hit, it is a cell of the table."""
    total = merged(PROFILES[profile], 10)
    tables = coverage.document(total, "survival")
    assert {" > ".join(cell) for cell in total.faults} == set(tables["faults"]["counts"])
    walked = {(before, action) for situation, before, action in total.walk if not situation.startswith(QUORUM_OF)}
    assert {" > ".join(pair) for pair in walked} == set(tables["pairs"]["counts"])
    assert {action for _, action in walked} == set(tables["actions"]["counts"])
