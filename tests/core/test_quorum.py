"""Voters that elect, commit, lose each other and come back: the quorum and the controller on top of it."""

import pytest

from impl.core.controller_messages import BrokerHeartbeat, RegisteredBroker
from impl.core.decided_facts import CreatePartition, Elect
from impl.core.events import ConnectionLost, ReplyArrived
from impl.core.messages import CreatedTopics
from impl.core.quorum.controller import QuorumController
from impl.core.quorum.facts import Commit, GrantVote, Observe, QuorumAdvance, QuorumTruncate, Resign, Win
from impl.core.quorum.leading import Leading
from impl.core.quorum.messages import (
    DescribeQuorum,
    FetchedMetadata,
    FetchMetadata,
    Refused,
    Voted,
)
from impl.core.quorum.raft import Raft
from impl.core.types import ErrorCode
from tests.core.quorum_pump import Quorum


@pytest.fixture
def quorum():
    quorum = Quorum()
    quorum.elected()
    return quorum


def brokers(quorum, number):
    return sorted(quorum.nodes[number].image.brokers)


# ---------------------------------------------------------------- one voter
def test_a_single_voter_leads_at_once_and_answers_in_the_same_step():
    quorum = Quorum(voters=1)
    (number,) = quorum.active
    assert quorum.now == 1_000
    key = quorum.register(number, run=False)
    assert quorum.replies[key] == RegisteredBroker(ErrorCode.NONE, 1)
    assert quorum.disks[number].epochs() == [1, 1]


def test_a_single_voter_that_comes_back_begins_the_next_epoch_and_remembers():
    quorum = Quorum(voters=1)
    quorum.register(3001)
    quorum.crash(3001)
    quorum.start(3001)
    assert quorum.active == [3001]
    assert brokers(quorum, 3001) == [1]
    assert quorum.disks[3001].epochs() == [1, 1, 2]


# ---------------------------------------------------------------- three voters
@pytest.mark.parametrize("voters", [3, 5])
def test_voters_elect_one_leader_and_commit(voters):
    quorum = Quorum(voters=voters)
    leader = quorum.elected()
    answer = quorum.replies[quorum.register(leader)]
    assert answer == RegisteredBroker(ErrorCode.NONE, 1)
    quorum.pass_time(100)
    assert [brokers(quorum, number) for number in quorum.numbers] == [[1]] * voters
    assert len({tuple(disk.epochs()) for disk in quorum.disks.values()}) == 1
    assert quorum.active == [leader]


def test_nothing_is_told_before_a_majority_has_it(quorum):
    leader = quorum.active[0]
    quorum.isolate(leader)
    told = len(quorum.told(CreatePartition))
    first = quorum.register(leader)
    second = quorum.create(leader)
    assert first not in quorum.replies
    assert second not in quorum.replies
    assert len(quorum.told(CreatePartition)) == told
    quorum.heal()
    quorum.pass_time(500)
    assert quorum.replies[first] == RegisteredBroker(ErrorCode.NONE, 1)
    assert isinstance(quorum.replies[second], CreatedTopics)


def test_an_answer_that_decides_nothing_waits_for_what_was_decided_before_it(quorum):
    leader = quorum.active[0]
    quorum.isolate(leader)
    quorum.register(leader)
    heartbeat = BrokerHeartbeat(broker=1, broker_epoch=1, metadata_offset=0, want_shut_down=False)
    key = quorum.ask(leader, heartbeat)
    assert key not in quorum.replies
    quorum.heal()
    quorum.pass_time(500)
    assert quorum.replies[key].error is ErrorCode.NONE


def test_the_next_leader_has_what_was_committed(quorum):
    leader = quorum.active[0]
    quorum.register(leader)
    quorum.crash(leader)
    following = quorum.elected()
    assert following != leader
    assert brokers(quorum, following) == [1]
    assert quorum.replies[quorum.register(following, broker=2)].error is ErrorCode.NONE
    quorum.start(leader)
    quorum.pass_time(1_000)
    assert brokers(quorum, leader) == [1, 2]
    assert len({tuple(disk.epochs()) for disk in quorum.disks.values()}) == 1


def test_who_is_not_the_active_controller_says_so(quorum):
    leader = quorum.active[0]
    for number in quorum.numbers:
        if number != leader:
            assert quorum.replies[quorum.register(number)] == Refused(ErrorCode.NOT_CONTROLLER)
            request = FetchMetadata(replica=1, offset=0, max_wait_ms=0)
            answer = quorum.answer(number, request)
            assert (answer.error.name, answer.leader) == ("NOT_LEADER_OR_FOLLOWER", leader)


def test_without_a_majority_nobody_is_elected(quorum):
    leader = quorum.active[0]
    others = [number for number in quorum.numbers if number != leader]
    quorum.crash(leader)
    quorum.crash(others[0])
    epoch = quorum.nodes[others[1]].raft.epoch
    quorum.pass_time(3_000)
    assert quorum.active == []
    assert quorum.nodes[others[1]].raft.epoch == epoch
    quorum.start(others[0])
    assert quorum.elected() in others


# ---------------------------------------------------------------- leaders that are cut off
def test_a_leader_that_is_cut_off_resigns_and_refuses_who_waits(quorum):
    leader = quorum.active[0]
    quorum.isolate(leader)
    key = quorum.register(leader)
    quorum.pass_time(400)
    assert key not in quorum.replies
    quorum.pass_time(400)
    assert quorum.replies[key] == Refused(ErrorCode.NOT_CONTROLLER)
    assert quorum.told(Resign, leader)
    assert quorum.active == [number for number in quorum.active if number != leader]


class NeverCutOff(Leading):
    """KAFKA-15489: a leader that nobody fetches from goes on."""

    def is_cut_off(self, now):
        return now < 0


class RaftThatNeverResigns(Raft):
    leading_class = NeverCutOff


class NeverResigns(QuorumController):
    raft_class = RaftThatNeverResigns


def test_a_leader_that_never_resigns_keeps_everybody_waiting():
    """What `is_cut_off` is for: nothing becomes unsafe without it, but who asks here never hears to look elsewhere."""
    quorum = Quorum(planted=dict.fromkeys(range(3001, 3004), NeverResigns))
    leader = quorum.elected()
    quorum.isolate(leader)
    key = quorum.register(leader)
    quorum.pass_time(5_000)
    assert key not in quorum.replies
    assert leader in quorum.active
    assert len(quorum.active) == 2


def test_what_a_cut_off_leader_wrote_is_cut_and_what_was_committed_stays(quorum):
    leader = quorum.active[0]
    quorum.register(leader, broker=1)
    quorum.pass_time(100)
    quorum.isolate(leader)
    quorum.register(leader, broker=2)
    following = next(number for number in quorum.numbers if number != leader)
    while leader in quorum.active or not quorum.active:
        quorum.pass_time(20)
    following = quorum.active[0]
    quorum.register(following, broker=3)
    quorum.heal()
    quorum.pass_time(1_000)
    assert [brokers(quorum, number) for number in quorum.numbers] == [[1, 3]] * 3
    (cut,) = quorum.told(QuorumTruncate)
    assert (cut.to, cut.high_watermark) == (2, 2)
    assert len({tuple(disk.epochs()) for disk in quorum.disks.values()}) == 1


def test_what_an_earlier_leader_wrote_and_could_not_tell_is_told_by_the_next(quorum):
    """Written to a majority, and then the leader died: who inherits it commits it, and tells its facts."""
    leader = quorum.active[0]
    quorum.register(leader)
    heartbeat = BrokerHeartbeat(broker=1, broker_epoch=1, metadata_offset=9, want_shut_down=False)
    quorum.ask(leader, heartbeat)
    quorum.pass_time(100)
    key = quorum.create(leader, run=False)
    # The followers write it down, and what they answer is lost.
    for _ in range(2):
        quorum.deliver()
    others = [number for number in quorum.numbers if number != leader]
    assert any(len(quorum.disks[number].epochs()) == len(quorum.disks[leader].epochs()) for number in others)
    quorum.crash(leader)
    following = quorum.elected()
    assert key not in quorum.replies
    assert [number for number, fact in quorum.facts if isinstance(fact, CreatePartition)] == [following]
    assert "t" in quorum.nodes[following].image.topics


def test_a_leader_commits_what_it_inherits_only_with_a_record_of_its_own(quorum):
    advances = quorum.told(QuorumAdvance)
    assert advances
    for fact in advances:
        start = min(batch.base_offset for batch in quorum.disks[quorum.active[0]].batches if batch.epoch == fact.epoch)
        assert fact.to > start


# ---------------------------------------------------------------- readers
def test_an_observer_is_told_what_is_committed_and_nothing_else(quorum):
    leader = quorum.active[0]
    quorum.register(leader)
    quorum.pass_time(100)
    quorum.register(leader, broker=2, run=False)
    answered = quorum.ask(leader, FetchMetadata(replica=1, offset=0, max_wait_ms=0), run=False)
    assert quorum.replies[answered].batches[-1].end == quorum.replies[answered].high_watermark == 2
    waiting = quorum.ask(leader, FetchMetadata(replica=1, offset=2, max_wait_ms=10_000), run=False)
    assert waiting not in quorum.replies
    quorum.run()
    (batch,) = quorum.replies[waiting].batches
    assert (batch.base_offset, batch.end) == (2, 3)


def test_an_observer_waits_no_longer_than_it_said(quorum):
    leader = quorum.active[0]
    waiting = quorum.ask(leader, FetchMetadata(replica=1, offset=1, max_wait_ms=100))
    quorum.pass_time(80)
    assert waiting not in quorum.replies
    quorum.pass_time(20)
    assert (quorum.replies[waiting].error, quorum.replies[waiting].batches) == (ErrorCode.NONE, ())


def test_who_waits_at_a_leader_that_resigns_is_sent_on(quorum):
    leader = quorum.active[0]
    waiting = quorum.ask(leader, FetchMetadata(replica=1, offset=1, max_wait_ms=10_000))
    quorum.isolate(leader)
    quorum.pass_time(1_000)
    assert quorum.replies[waiting].error is ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_a_position_past_the_end_is_out_of_range(quorum):
    answer = quorum.answer(quorum.active[0], FetchMetadata(replica=1, offset=50, max_wait_ms=0))
    assert isinstance(answer, FetchedMetadata)
    assert answer.error is ErrorCode.OFFSET_OUT_OF_RANGE


def test_a_voter_of_another_epoch_is_not_counted(quorum):
    leader = quorum.active[0]
    epoch = quorum.nodes[leader].raft.epoch
    follower = next(number for number in quorum.numbers if number != leader)
    old = FetchMetadata(replica=follower, epoch=epoch - 1, offset=1, last_epoch=1, max_wait_ms=0)
    assert quorum.answer(leader, old).error is ErrorCode.FENCED_LEADER_EPOCH
    new = FetchMetadata(replica=follower, epoch=epoch + 1, offset=1, last_epoch=1, max_wait_ms=0)
    assert quorum.answer(leader, new).error is ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert quorum.told(Observe, leader)[-1].epoch == epoch + 1


def test_the_quorum_is_described(quorum):
    leader = quorum.active[0]
    quorum.answer(leader, FetchMetadata(replica=1, offset=0, max_wait_ms=0))
    quorum.pass_time(300)
    described = quorum.answer(leader, DescribeQuorum())
    assert (described.error, described.leader, described.high_watermark) == (ErrorCode.NONE, leader, 1)
    assert [(voter.node, voter.log_end) for voter in described.voters] == [(n, 1) for n in quorum.numbers]
    assert [(each.node, each.log_end, each.fetched_ago_ms) for each in described.observers] == [(1, 0, 300)]
    other = next(number for number in quorum.numbers if number != leader)
    assert quorum.answer(other, DescribeQuorum()).error is ErrorCode.NOT_LEADER_OR_FOLLOWER


# ---------------------------------------------------------------- what else may arrive
def test_answers_nobody_asked_for_change_nothing(quorum):
    leader = quorum.active[0]
    epoch = quorum.nodes[leader].raft.epoch
    voted = Voted(ErrorCode.NONE, epoch + 5, -1, True)
    for number in quorum.numbers:
        quorum.give(number, ReplyArrived(3002, 12_345, voted))
        quorum.give(number, ConnectionLost(77))
    quorum.run()
    assert quorum.active == [leader]
    assert quorum.nodes[leader].raft.epoch == epoch


def test_every_commit_is_told_once_and_in_order(quorum):
    for number in range(1, 6):
        quorum.register(quorum.active[0], broker=number)
    quorum.pass_time(100)
    for number in quorum.numbers:
        ends = [(fact.start, fact.to) for fact in quorum.told(Commit, number)]
        assert [start for start, _ in ends] == [0] + [to for _, to in ends[:-1]]
        assert ends[-1][1] == 6
    assert len(quorum.told(Win)) == 1
    assert {fact.candidate for fact in quorum.told(GrantVote)} == {quorum.active[0]}
    assert not quorum.told(Elect)
