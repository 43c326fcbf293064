"""The seed scenario: a network partition isolates the leader from both followers; and the page that tells it."""

import msgspec
import pytest

from campaign.isolated_leader import PAGES, TELLINGS, page, play
from traces.facts import decoded
from traces.reader import read
from traces.schema import Step
from traces.validate import validate


@pytest.fixture(scope="module")
def plays():
    return {telling.name: play(controller_too=telling.controller_too) for telling in TELLINGS}


@pytest.fixture(scope="module")
def heard(plays):
    """The controller still hears both sides."""
    return plays["isolated-leader"]


@pytest.fixture(scope="module")
def cut_off(plays):
    """The controller is on the other side."""
    return plays["isolated-leader-and-controller"]


# ---------------------------------------------------------------- what must hold in both
@pytest.mark.parametrize("name", [telling.name for telling in TELLINGS])
def test_nothing_acknowledged_by_either_side_is_lost(plays, name):
    outcome = plays[name].outcome
    assert (outcome.lost, outcome.disordered) == ((), ())
    assert outcome.healthy
    assert outcome.acknowledged == outcome.invoked == outcome.consumed


@pytest.mark.parametrize("name", [telling.name for telling in TELLINGS])
def test_producers_get_errors_and_the_isolated_leader_acknowledges_nothing(plays, name):
    played = plays[name]
    assert played.acknowledged_before == 3
    assert played.during("Append", node="n1")
    assert played.during("AcknowledgeProduce", node="n1") == []
    assert set(played.refusals) & {"NOT_ENOUGH_REPLICAS", "REQUEST_TIMED_OUT"}


@pytest.mark.parametrize("name", [telling.name for telling in TELLINGS])
def test_the_isolated_leader_commits_nothing(plays, name):
    assert plays[name].during("AdvanceHighWatermark", node="n1") == []


# ---------------------------------------------------------------- the controller hears both sides
def test_the_leader_is_left_alone_in_sync_and_the_others_stay_eligible(heard):
    assert heard.acknowledged_during == 0
    [proposal] = heard.during("ShrinkIsr")
    assert proposal.isr == (1,)
    [committed] = heard.during("AlterPartition")
    assert (committed.isr, committed.elr, committed.enough) == ((1,), (2, 3), False)
    [learnt] = heard.during("LearnIsr")
    assert not learnt.enough
    assert heard.facts("Elect", "FailOver", "ElectEligible", "ElectUnclean") == []
    assert heard.refusals["NOT_ENOUGH_REPLICAS"] > 0


def test_when_the_network_heals_both_join_again_in_the_same_epoch(heard):
    after = heard.cut_at + 1_501
    assert [fact.isr for fact in heard.facts("AlterPartition", after=after)] == [(1, 2), (1, 2, 3)]
    assert {fact.leader_epoch for fact in heard.facts("AdvanceHighWatermark")} == {0}


# ---------------------------------------------------------------- the controller is on the other side
def test_two_nodes_lead_and_one_commits(cut_off):
    [election] = cut_off.during("FailOver")
    assert (election.leader, election.removed, election.isr) == (2, 1, (2, 3))
    [leading] = cut_off.during("BecomeLeader")
    assert (leading.leader_epoch, leading.enough) == (1, True)
    assert cut_off.acknowledged_during > 0
    assert {fact.leader_epoch for fact in cut_off.during("AdvanceHighWatermark")} == {1}
    assert cut_off.during("AdvanceHighWatermark", node="n2")
    # The old one does not know: it appends, in its own epoch, after the other was elected.
    elected_at = next(told.at for told in cut_off.told if told.fact is election)
    assert cut_off.facts("Append", node="n1", after=elected_at, before=cut_off.cut_at + 1_500)


def test_each_epoch_has_one_node_that_commits(plays):
    for played in plays.values():
        committers = {}
        for told in played.told:
            if type(told.fact).__name__ == "AdvanceHighWatermark":
                committers.setdefault(told.fact.leader_epoch, set()).add(told.node)
        assert committers
        assert {epoch: len(nodes) for epoch, nodes in committers.items()} == dict.fromkeys(committers, 1)


def test_the_old_leader_gives_up_what_it_alone_had(cut_off):
    before = max(fact.to for fact in cut_off.facts("AdvanceHighWatermark", before=cut_off.cut_at))
    cuts = cut_off.facts("Truncate", node="n1", after=cut_off.cut_at + 1_500)
    assert [cut.to for cut in cuts] == [before]
    assert cut_off.facts("AlterPartition", after=cut_off.cut_at + 1_500)[-1].isr == (1, 2, 3)


# ---------------------------------------------------------------- the page
def test_the_page_tells_what_is_played(plays):
    told = (PAGES / "isolated-leader.md").read_text(encoding="utf-8")
    assert told == page(plays), "make it anew: python -m campaign.isolated_leader"


def told(trace):
    """What each step of a node did; how the controllers came to agree is another matter."""
    steps = [line for line in trace.lines if isinstance(line, Step) and line.facts]
    return [(line.at, line.node, msgspec.json.encode(decoded(line.facts))) for line in steps]


@pytest.mark.parametrize("name", [telling.name for telling in TELLINGS])
def test_the_trace_beside_the_page_is_the_play(plays, name):
    kept = read(PAGES / f"{name}.jsonl")
    assert told(kept) == told(plays[name].trace), "make it anew: python -m campaign.isolated_leader"
    assert validate(kept).divergence is None
    assert (PAGES / f"{name}.svg").is_file()
