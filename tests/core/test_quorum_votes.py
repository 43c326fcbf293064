"""Votes, pre-votes, and what is said at the beginning and the end of an epoch: given, refused, remembered."""

import pytest

from impl.core.quorum.batches import ElectionState
from impl.core.quorum.facts import AskPreVote
from impl.core.quorum.messages import BeginQuorumEpoch, DescribeQuorum, EndQuorumEpoch, FetchMetadata, Vote
from impl.core.quorum.replica import Role
from impl.core.types import ErrorCode
from tests.core.quorum_pump import Quorum


@pytest.fixture
def quorum():
    quorum = Quorum()
    quorum.elected()
    return quorum


# ---------------------------------------------------------------- votes
def ask_vote(candidate, epoch, *, last_epoch=9, log_end=99, pre_vote=False, cluster="fencepost"):
    return Vote(
        cluster_id=cluster,
        candidate=candidate,
        epoch=epoch,
        last_epoch=last_epoch,
        log_end=log_end,
        pre_vote=pre_vote,
    )


def test_a_vote_is_given_once_and_survives_a_restart():
    quorum = Quorum()
    assert quorum.answer(3001, ask_vote(3002, 5)).granted
    assert quorum.disks[3001].election == ElectionState(5, -1, 3002)
    assert not quorum.answer(3001, ask_vote(3003, 5)).granted
    quorum.crash(3001)
    quorum.start(3001)
    assert not quorum.answer(3001, ask_vote(3003, 5)).granted
    assert quorum.answer(3001, ask_vote(3002, 5)).granted
    assert quorum.answer(3001, ask_vote(3003, 6)).granted


def test_a_candidate_whose_log_ends_earlier_gets_no_vote(quorum):
    leader = quorum.active[0]
    quorum.register(leader)
    quorum.pass_time(100)
    voter, candidate = (number for number in quorum.numbers if number != leader)
    log = quorum.nodes[voter].raft.log
    epoch = quorum.nodes[voter].raft.epoch
    assert not quorum.answer(voter, ask_vote(candidate, epoch + 1, last_epoch=log.last_epoch, log_end=1)).granted
    assert not quorum.answer(voter, ask_vote(candidate, epoch + 2, last_epoch=0, log_end=99)).granted
    same = ask_vote(candidate, epoch + 3, last_epoch=log.last_epoch, log_end=log.end)
    assert quorum.answer(voter, same).granted


def test_a_pre_vote_is_not_given_while_there_is_a_leader_and_promises_nothing(quorum):
    leader = quorum.active[0]
    voter, candidate = (number for number in quorum.numbers if number != leader)
    raft = quorum.nodes[voter].raft
    asked = ask_vote(candidate, raft.epoch, pre_vote=True)
    assert not quorum.answer(voter, asked).granted
    assert not quorum.answer(leader, ask_vote(candidate, raft.epoch, pre_vote=True)).granted
    quorum.crash(leader)
    quorum.isolate(voter)
    quorum.pass_time(420)
    assert raft.role is Role.PROSPECTIVE
    written = quorum.disks[voter].election
    assert quorum.answer(voter, ask_vote(candidate, raft.epoch, pre_vote=True)).granted
    assert quorum.disks[voter].election == written


def test_a_voter_that_was_cut_off_disturbs_nobody_when_it_is_back(quorum):
    leader = quorum.active[0]
    lonely = next(number for number in quorum.numbers if number != leader)
    epoch = quorum.nodes[leader].raft.epoch
    quorum.isolate(lonely)
    quorum.pass_time(3_000)
    assert quorum.told(AskPreVote, lonely)
    quorum.heal()
    quorum.pass_time(1_000)
    assert quorum.active == [leader]
    assert quorum.nodes[lonely].raft.epoch == epoch
    assert quorum.nodes[lonely].raft.role is Role.FOLLOWER


def test_votes_from_strangers_and_from_the_past_are_refused(quorum):
    number = quorum.active[0]
    epoch = quorum.nodes[number].raft.epoch
    refusals = {
        ask_vote(3002, epoch + 1, cluster="another"): "INCONSISTENT_CLUSTER_ID",
        ask_vote(17, epoch + 1): "INCONSISTENT_VOTER_SET",
        ask_vote(3002, epoch - 1): "FENCED_LEADER_EPOCH",
    }
    for request, error in refusals.items():
        answer = quorum.answer(number, request)
        assert (answer.error.name, answer.granted) == (error, False)
    assert quorum.active == [number]


def test_nobody_is_driven_out_of_epochs(quorum):
    leader = quorum.active[0]
    epoch = quorum.nodes[leader].raft.epoch
    last = 2**31 - 1
    other = next(number for number in quorum.numbers if number != leader)
    requests = (
        ask_vote(other, last),
        ask_vote(other, last, pre_vote=True),
        BeginQuorumEpoch(cluster_id="fencepost", leader=other, epoch=last),
        EndQuorumEpoch(cluster_id="fencepost", leader=other, epoch=last, successors=()),
    )
    assert [quorum.answer(leader, request).error.name for request in requests] == ["INVALID_REQUEST"] * 4
    fetch = FetchMetadata(replica=other, epoch=last, offset=0, last_epoch=0, max_wait_ms=0)
    assert quorum.answer(leader, fetch).error is ErrorCode.UNKNOWN_LEADER_EPOCH
    assert (quorum.nodes[leader].raft.epoch, quorum.active) == (epoch, [leader])


def test_strangers_who_read_are_forgotten_in_time(quorum):
    leader = quorum.active[0]
    for stranger in range(5_000, 6_500):
        quorum.answer(leader, FetchMetadata(replica=stranger, offset=0, max_wait_ms=0))
    described = quorum.answer(leader, DescribeQuorum())
    assert len(described.observers) == 1_000
    assert quorum.answer(leader, FetchMetadata(replica=1, offset=-1, max_wait_ms=0)).error.name == "OFFSET_OUT_OF_RANGE"


# ---------------------------------------------------------------- the beginning and the end of an epoch
def test_a_leader_that_stops_is_followed_at_once(quorum):
    leader = quorum.active[0]
    quorum.shut_down(leader)
    quorum.run()
    assert leader in quorum.stopped
    quorum.crash(leader)
    assert quorum.elected(milliseconds=100) != leader


def test_announcements_of_the_past_and_of_strangers_are_refused(quorum):
    leader = quorum.active[0]
    follower = next(number for number in quorum.numbers if number != leader)
    epoch = quorum.nodes[leader].raft.epoch
    for request in (
        BeginQuorumEpoch(cluster_id="fencepost", leader=leader, epoch=epoch - 1),
        EndQuorumEpoch(cluster_id="fencepost", leader=leader, epoch=epoch - 1, successors=(follower,)),
    ):
        assert quorum.answer(follower, request).error is ErrorCode.FENCED_LEADER_EPOCH
    strange = BeginQuorumEpoch(cluster_id="another", leader=leader, epoch=epoch + 1)
    assert quorum.answer(follower, strange).error is ErrorCode.INCONSISTENT_CLUSTER_ID
    unknown = BeginQuorumEpoch(cluster_id="fencepost", leader=17, epoch=epoch + 1)
    assert quorum.answer(follower, unknown).error is ErrorCode.INCONSISTENT_VOTER_SET
    assert quorum.nodes[follower].raft.epoch == epoch
