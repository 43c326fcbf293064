"""Elections: who gets this voter's vote, and whether it has won those of others (KIP-595, KIP-996).

One rule: a vote is given once in an epoch, to a candidate whose log is at least as up to date, and is on the disk
before it is answered. Votes asked for first without an epoch of their own (pre-votes) promise nothing: a voter that was
cut off disturbs nobody when it is back.
"""

from collections.abc import Callable

from impl.core.calls import NEVER
from impl.core.events import Effect
from impl.core.messages import Reply
from impl.core.quorum.facts import AskPreVote, GrantPreVote, GrantVote, Stand
from impl.core.quorum.messages import Vote, Voted
from impl.core.quorum.replica import EPOCH_MAX, Replica, Role
from impl.core.types import NO_ERROR, NO_LEADER, ErrorCode, LeaderEpoch, Millis, NodeId

Won = Callable[[tuple[NodeId, ...], Millis, list[Effect]], None]
"""Called with those who voted for this candidate."""


class Elections:
    """`due` is when somebody who did not answer is to be asked again."""

    def __init__(self, replica: Replica, won: Won) -> None:
        self._replica = replica
        self._won = won
        self._granted: set[NodeId] = set()
        self._rejected: set[NodeId] = set()
        self._again: dict[NodeId, Millis] = {}
        self._round = 0
        """Counts elections and pre-elections: an answer to an earlier one is nobody's."""
        self._lost = False
        self.due = NEVER

    # ------------------------------------------------------------ votes of this voter
    def asked(self, request: Vote, now: Millis, out: list[Effect]) -> Voted:
        """Answer a candidate, or somebody who would be one."""
        replica = self._replica
        if request.candidate not in replica.voters:
            return self._answer(ErrorCode.INCONSISTENT_VOTER_SET, granted=False)
        if request.epoch < replica.epoch:
            return self._answer(ErrorCode.FENCED_LEADER_EPOCH, granted=False)
        if request.epoch >= EPOCH_MAX:
            return self._answer(ErrorCode.INVALID_REQUEST, granted=False)
        if request.epoch > replica.epoch:
            replica.enter(request.epoch, now, out)
        if request.pre_vote:
            granted = self.would_vote(request)
            if granted:
                out.append(GrantPreVote(epoch=request.epoch, candidate=request.candidate))
        else:
            granted = self.is_free(request) and self.is_up_to_date(request)
            if granted:
                replica.vote(request.candidate, out)
                replica.wait(now, replica.election_timeout())
                out.append(GrantVote(epoch=request.epoch, candidate=request.candidate))
        return self._answer(NO_ERROR, granted=granted)

    def would_vote(self, request: Vote) -> bool:
        """Not while there is a leader: neither the leader itself nor a follower it has answered would."""
        role = self._replica.role
        if role is Role.LEADER or (role is Role.FOLLOWER and self._replica.heard):
            return False
        return self.is_up_to_date(request)

    def is_free(self, request: Vote) -> bool:
        """The vote of this epoch is not given to anybody else, and no leader of it is known."""
        replica = self._replica
        if replica.voted != NO_LEADER:
            return replica.voted == request.candidate and replica.role is Role.UNATTACHED
        return replica.role in (Role.UNATTACHED, Role.PROSPECTIVE)

    def is_up_to_date(self, request: Vote) -> bool:
        """The candidate's log ends in a later epoch than this one, or in the same and no earlier."""
        log = self._replica.log
        return (request.last_epoch, request.log_end) >= (log.last_epoch, log.end)

    def _answer(self, error: ErrorCode, *, granted: bool) -> Voted:
        return Voted(error, self._replica.epoch, self._replica.known_leader, granted)

    # ------------------------------------------------------------ votes for this voter
    def timed_out(self, now: Millis, out: list[Effect]) -> None:
        """The role this voter is in has lasted too long."""
        replica = self._replica
        if replica.role is Role.PROSPECTIVE and not self._lost:
            self._lose(now, out)
        else:
            self.ask_pre_votes(now, out)

    def ask_pre_votes(self, now: Millis, out: list[Effect]) -> None:
        """Would a majority vote for this voter? Its epoch stays, and the leader it knows of may turn out to be
        alive."""
        replica = self._replica
        replica.role = Role.PROSPECTIVE
        out.append(AskPreVote(epoch=replica.epoch, last_epoch=replica.log.last_epoch, log_end=replica.log.end))
        self._ask_all(now, out)

    def stand(self, now: Millis, out: list[Effect]) -> None:
        """Begin an epoch as a candidate, with one's own vote."""
        replica = self._replica
        replica.epoch = LeaderEpoch(replica.epoch + 1)
        replica.leader = NO_LEADER
        replica.role = Role.CANDIDATE
        replica.vote(replica.node, out)
        out.append(Stand(epoch=replica.epoch, last_epoch=replica.log.last_epoch, log_end=replica.log.end))
        self._ask_all(now, out)

    def _ask_all(self, now: Millis, out: list[Effect]) -> None:
        replica = self._replica
        self._round += 1
        self._granted = {replica.node}
        self._rejected = set()
        self._again.clear()
        self._lost = False
        self.due = NEVER
        replica.wait(now, replica.election_timeout())
        for node in replica.others:
            self._ask(node, now, out)
        self._count(now, out)

    def ask_again(self, now: Millis, out: list[Effect]) -> None:
        """Those whose answer did not come."""
        for node in [node for node, at in self._again.items() if at <= now]:
            del self._again[node]
            if self._replica.role in (Role.PROSPECTIVE, Role.CANDIDATE) and not self._lost:
                self._ask(node, now, out)
        self.due = min(self._again.values(), default=NEVER)

    def _ask(self, node: NodeId, now: Millis, out: list[Effect]) -> None:
        replica = self._replica
        number = self._round
        request = Vote(
            cluster_id=replica.settings.cluster_id,
            candidate=replica.node,
            epoch=replica.epoch,
            last_epoch=replica.log.last_epoch,
            log_end=replica.log.end,
            pre_vote=replica.role is Role.PROSPECTIVE,
        )

        def answered(reply: Reply | None, now: Millis, out: list[Effect]) -> None:
            self._answered(node, number, reply, now, out)

        replica.calls.send(node, request, answered, now, out)

    def _answered(self, node: NodeId, number: int, reply: Reply | None, now: Millis, out: list[Effect]) -> None:
        replica = self._replica
        if isinstance(reply, Voted):
            replica.learn(reply.epoch, reply.leader, now, out)
        if number != self._round or replica.role not in (Role.PROSPECTIVE, Role.CANDIDATE) or self._lost:
            return
        if not isinstance(reply, Voted):
            self._again[node] = at = Millis(now + replica.settings.quorum_retry_backoff_ms)
            self.due = min(self.due, at)
            return
        (self._granted if reply.granted and reply.error is NO_ERROR else self._rejected).add(node)
        self._count(now, out)

    def _count(self, now: Millis, out: list[Effect]) -> None:
        replica = self._replica
        if len(self._granted) >= replica.majority:
            if replica.role is Role.PROSPECTIVE:
                self.stand(now, out)
            else:
                self._won(tuple(sorted(self._granted)), now, out)
        elif len(self._rejected) > len(replica.voters) - replica.majority:
            self._lose(now, out)

    def _lose(self, now: Millis, out: list[Effect]) -> None:
        """No majority will have this voter. One that knew a leader goes back to it; else it waits, longer each time."""
        replica = self._replica
        self._lost = True
        if replica.role is Role.PROSPECTIVE and replica.leader != NO_LEADER:
            replica.follow(replica.leader, now, out)
            return
        replica.failures += 1
        settings = replica.settings
        longest = min(settings.quorum_election_backoff_ms_max, settings.quorum_retry_backoff_ms << replica.failures)
        replica.wait(now, settings.quorum_retry_backoff_ms + replica.spread(longest))
