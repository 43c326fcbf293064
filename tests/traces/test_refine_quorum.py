"""Following the controllers' quorum: sound executions to their end, lies to where they are."""

from typing import Any

import msgspec
import pytest

from traces import quorum_facts as q
from traces.abstraction import DivergedError
from traces.electorate import voter_of, voters_of
from traces.following import Follower
from traces.refine_quorum import QuorumRefinement
from traces.schema import VERSION, Header

A, B, C = 3001, 3002, 3003
Told = list[tuple[int, Any]]


def elected() -> Told:
    """A asks, stands, and leads epoch 1; it has written two records, and B has them."""
    return [
        *((voter, q.QuorumRestart(epoch=0, voted=-1, log_start=0, log_end=0, last_epoch=0)) for voter in (A, B, C)),
        (A, q.AskPreVote(epoch=0, last_epoch=0, log_end=0)),
        (B, q.GrantPreVote(epoch=0, candidate=A)),
        (A, q.Stand(epoch=1, last_epoch=0, log_end=0)),
        (B, q.GrantVote(epoch=1, candidate=A)),
        (A, q.Win(epoch=1, granting=(A, B))),
        (A, q.QuorumAppend(epoch=1, base_offset=0, record_count=1)),
        (A, q.QuorumAppend(epoch=1, base_offset=1, record_count=2)),
        (B, q.QuorumSendFetch(epoch=1, leader=A, offset=0, last_epoch=0)),
        (A, q.QuorumAcknowledge(epoch=1, follower=B, offset=0, last_epoch=0)),
        (B, q.QuorumReceiveFetch(epoch=1, leader=A, log_end=3, high_watermark=0)),
        (B, q.QuorumSendFetch(epoch=1, leader=A, offset=3, last_epoch=1)),
        (A, q.QuorumAcknowledge(epoch=1, follower=B, offset=3, last_epoch=1)),
        (A, q.QuorumAdvance(epoch=1, to=3, quorum=(A, B))),
        (A, q.Commit(start=0, to=3, epochs=(q.EpochStart(1, 0),))),
    ]


def follow(told: Told) -> QuorumRefinement:
    refinement = QuorumRefinement((A, B, C))
    for voter, fact in told:
        refinement.take(voter, fact)
    return refinement


def diverges(told: Told) -> DivergedError:
    with pytest.raises(DivergedError) as caught:
        follow(told)
    return caught.value


def back(voter: int, log_end: int, *, epoch: int = 1, voted: int = A) -> tuple[int, Any]:
    last_epoch = 1 if log_end else 0
    return voter, q.QuorumRestart(epoch=epoch, voted=voted, log_start=0, log_end=log_end, last_epoch=last_epoch)


def test_an_election_and_a_commit_are_followed() -> None:
    refinement = follow(elected())
    assert refinement.taken["win"] == 1
    assert refinement.taken["append"] == 2
    assert refinement.view(A)["high_watermark"] == 3
    assert refinement.view(B) == {
        "epoch": 1,
        "vote": A,
        "leading": False,
        "log_end": 3,
        "last_epoch": 1,
        "high_watermark": 0,
    }


def test_a_changed_number_is_noticed() -> None:
    """All but those that could have happened as well."""
    noticed: set[tuple[str, str]] = set()
    for place, (voter, fact) in enumerate(elected()):
        for name in fact.__struct_fields__:
            if type(getattr(fact, name)) is not int:
                continue
            changed = msgspec.structs.replace(fact, **{name: getattr(fact, name) + 1})
            told = [*elected()[:place], (voter, changed), *elected()[place + 1 :]]
            try:
                follow(told)
            except DivergedError:
                noticed.add((type(fact).__name__, name))
    expected = {
        ("AskPreVote", "log_end"),
        ("GrantPreVote", "candidate"),
        ("Stand", "epoch"),
        ("GrantVote", "candidate"),
        ("Win", "epoch"),
        ("QuorumAppend", "base_offset"),
        ("QuorumSendFetch", "offset"),
        ("QuorumAcknowledge", "offset"),
        ("QuorumReceiveFetch", "log_end"),
        ("QuorumReceiveFetch", "high_watermark"),
        ("QuorumAdvance", "to"),
        ("Commit", "to"),
    }
    assert expected <= noticed


def test_a_vote_is_given_once() -> None:
    told = [
        *elected()[:7],
        (C, q.AskPreVote(epoch=0, last_epoch=0, log_end=0)),
        (A, q.QuorumRestart(epoch=1, voted=A, log_start=0, log_end=0, last_epoch=0)),
    ]
    told.append((C, q.GrantVote(epoch=1, candidate=A)))
    told.append((C, q.GrantVote(epoch=1, candidate=B)))
    assert "grant_vote" in str(diverges(told))


def test_a_minority_commits_nothing() -> None:
    told = [*elected()[:-2], (A, q.QuorumAdvance(epoch=1, to=3, quorum=(A,)))]
    assert "is no majority of the voters" in str(diverges(told))


def test_who_is_not_elected_does_not_lead() -> None:
    assert diverges([*elected(), (B, q.QuorumAppend(epoch=1, base_offset=3, record_count=1))]).conjunct == (
        "s.leading[leader]"
    )


def test_what_was_on_the_disk_comes_back() -> None:
    found = diverges([*elected(), back(B, 2)])
    assert found.conjunct is not None
    assert found.conjunct.startswith("s.diverging[follower, ")
    assert follow([*elected(), back(B, 3)]).view(B)["log_end"] == 3


def test_a_step_cut_short_is_replayed() -> None:
    """A leader had written one record more, a voter had received what it was sent, another had voted."""
    assert follow([*elected(), back(A, 4)]).taken["append"] == 3
    cut = [*elected()[:10], back(B, 3)]
    assert follow(cut).view(B)["log_end"] == 3
    voted = [*elected()[:6], (B, q.QuorumRestart(epoch=1, voted=A, log_start=0, log_end=0, last_epoch=0))]
    assert follow(voted).taken["grant_vote"] == 1


def test_a_voter_remembers_what_it_took_for_committed() -> None:
    told = [*elected(), back(A, 3), (A, q.Commit(start=0, to=3, epochs=(q.EpochStart(1, 0),)))]
    assert follow(told).view(A)["high_watermark"] == 0
    beyond = [*told[:-1], (A, q.Commit(start=0, to=4, epochs=(q.EpochStart(1, 0),)))]
    assert "in the model its high watermark is 3" in str(diverges(beyond))


def test_a_snapshot_stands_for_the_records_below_it() -> None:
    told = [*elected(), (C, q.Observe(epoch=1)), (C, q.QuorumLoadSnapshot(epoch=1, end=2, last_epoch=1))]
    assert follow(told).view(C)["log_end"] == 2
    wrong = [*told[:-1], (C, q.QuorumLoadSnapshot(epoch=1, end=2, last_epoch=0))]
    assert "it says the snapshot ends in epoch 0" in str(diverges(wrong))


def test_what_a_snapshot_holds_is_committed_whatever_the_next_leader_has_told_of() -> None:
    """Its watermark begins where its snapshot ends, and is told when a record of its own epoch is committed."""
    told = [
        *elected(),
        (C, q.Observe(epoch=1)),
        (C, q.QuorumLoadSnapshot(epoch=1, end=2, last_epoch=1)),
        (B, q.AskPreVote(epoch=1, last_epoch=1, log_end=3)),
        (C, q.GrantPreVote(epoch=1, candidate=B)),
        (B, q.Stand(epoch=2, last_epoch=1, log_end=3)),
        (C, q.GrantVote(epoch=2, candidate=B)),
        (B, q.Win(epoch=2, granting=(B, C))),
        (B, q.QuorumAppend(epoch=2, base_offset=3, record_count=1)),
        (C, q.QuorumSendFetch(epoch=2, leader=B, offset=2, last_epoch=1)),
        (B, q.QuorumAcknowledge(epoch=2, follower=C, offset=2, last_epoch=1)),
    ]
    follow([*told, (C, q.QuorumReceiveFetch(epoch=2, leader=B, log_end=4, high_watermark=2))])
    more = [*told, (C, q.QuorumReceiveFetch(epoch=2, leader=B, log_end=4, high_watermark=3))]
    assert "it says high_watermark is 3, the leader has told of 0" in str(diverges(more))


def test_a_leader_that_resigns_may_ask_again() -> None:
    told = [*elected(), (A, q.Resign(epoch=1)), (A, q.AskPreVote(epoch=1, last_epoch=1, log_end=3))]
    assert not follow(told).view(A)["leading"]
    assert diverges([*elected(), told[-1]]).conjunct.endswith("not s.leading[candidate]")


# ---------------------------------------------------------------- who votes
def test_a_header_says_who_votes() -> None:
    def header(**configuration: Any) -> Header:
        return Header(version=VERSION, origin="simulated", model="survival", configuration=configuration)

    assert voters_of(header(controllers=1)) == (3000,)
    assert voters_of(header(controllers=3)) == (A, B, C)
    assert voters_of(header(processes={"n1": {}, "controller-1": {}, "controller-2": {}})) == (A, B)
    assert voters_of(header()) == ()
    assert Follower.of(header()).quorum is None
    assert [voter_of(name) for name in ("controller", "controller-2", "n1", "c1")] == [3000, B, None, None]
