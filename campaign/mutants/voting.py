"""Planted bugs of the controllers' quorum: who is voted for, what is committed, what is cut, who resigns."""

from campaign.mutants.registry import mutant
from impl.core.events import Effect
from impl.core.quorum.elections import Elections
from impl.core.quorum.following import Following
from impl.core.quorum.leading import Leading
from impl.core.quorum.messages import Vote
from impl.core.quorum.replica import Replica
from impl.core.types import NO_LEADER, LeaderEpoch, Millis, NodeId, Offset


@mutant("votes-twice", "one_leader", "committed_prefix", "no_cut_below_commit", "one_decision")
class VotesTwice(Elections):
    """A voter gives its vote to every candidate of an epoch whose log will do.

    Redpanda's issue 19: the vote of an epoch was erased within it. Two candidates that stand at the same time both get
    the third vote, and both lead.
    """

    def is_free(self, request: Vote) -> bool:
        return not self._replica.leading and request.candidate != self._replica.node


@mutant("commits-older-epoch", "committed_prefix", "one_decision", "no_cut_below_commit")
class CommitsOlderEpoch(Leading):
    """A leader commits what a majority has, whoever wrote it.

    Figure 8 of the Raft paper; KAFKA-12619 exposed a high watermark before the leader-change record was on a majority
    of disks. Another leader may still overwrite what an earlier epoch wrote, although a majority has it.
    """

    def may_commit(self, to: Offset) -> bool:
        return to > self._replica.high_watermark


@mutant("cuts-too-much", "no_cut_below_commit", "committed_prefix")
class CutsTooMuch(Following):
    """A follower whose log leaves its leader's cuts the whole epoch in which it does.

    KAFKA-12460: nothing kept a truncation from going below the high watermark. What a controller has applied it then
    reads a second time, and until it has it back a majority may be without it.
    """

    def cut_at(self, epoch: LeaderEpoch, end: Offset) -> Offset:
        _, before = self._replica.log.end_of_epoch(LeaderEpoch(epoch - 1))
        return Offset(min(before, super().cut_at(epoch, end)))

    def may_cut(self, to: Offset) -> bool:
        return to >= self._replica.log.start


@mutant("votes-by-length", "committed_prefix", "no_cut_below_commit", "one_decision")
class VotesByLength(Elections):
    """A voter compares the lengths of logs, and not the epochs they end in.

    Raft's section 5.4.1 read in half: the longer log may be an old leader's that nobody copied.
    """

    def is_up_to_date(self, request: Vote) -> bool:
        return request.log_end >= self._replica.log.end


@mutant("votes-unseen", "committed_prefix", "no_cut_below_commit", "one_decision")
class VotesUnseen(Elections):
    """A voter does not look at the candidate's log at all.

    A vote by epoch alone, as where the comparison of the logs was lost in a refactoring: any majority elects, and the
    winner may lack what is committed.
    """

    def is_up_to_date(self, request: Vote) -> bool:
        del request
        return True


@mutant("vote-not-written", "one_leader", "committed_prefix", "one_decision")
class VotesFromMemory(Replica):
    """A vote is answered before it is on the disk, and never gets there.

    Redpanda's issue 19 and KAFKA-12642's kin. A voter that restarts within an epoch votes a second time.
    """

    def vote(self, candidate: NodeId, out: list[Effect]) -> None:
        del out
        self.voted = candidate


@mutant("follows-into-a-later-epoch", "one_leader")
class FollowsTheFormerLeader(Replica):
    """A voter that has learnt of a later epoch, and of no leader in it, follows whomever an answer names, of whichever
    epoch.

    Kafka's KafkaRaftClient.maybeHandleCommonResponse becomes a follower only where an answer's epoch is its own. What
    this one fetches in its own epoch the leader of the former refuses, and is deposed by.
    """

    def learn(self, epoch: LeaderEpoch, leader: NodeId, now: Millis, out: list[Effect]) -> None:
        super().learn(epoch if leader == NO_LEADER else max(epoch, self.epoch), leader, now, out)


@mutant("serves-before-its-first-commit", "one_decision", "committed_prefix", "quorum_superset")
class ServesAtOnce(Leading):
    """A controller decides as soon as it is elected.

    It does not know yet how far the log is committed: what it starts from may lack the last decisions of its
    predecessor. Kafka waits for the leader-change record (KAFKA-12619's other side).
    """

    @property
    def established(self) -> bool:
        return self._replica.leading


@mutant("waits-for-the-dead", "heals")
class WaitsForTheDead(Elections):
    """A voter refuses pre-votes as long as it remembers a leader, dead or alive.

    No progress, as in KAFKA-15489 and its kin. Pre-votes (KIP-996) keep a voter that was cut off from disturbing a
    living leader; whoever has lost patience with a leader must not protect it, nor be protected from it when it comes
    back and wants to stand.
    """

    def would_vote(self, request: Vote) -> bool:
        return self._replica.leader == NO_LEADER and super().would_vote(request)
