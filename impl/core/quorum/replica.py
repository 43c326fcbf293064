"""What a voter keeps, and the roles it passes through (Kafka's QuorumState).

One rule: whoever enters an epoch, or gives its vote in one, writes that down first; no way leads back to an earlier
epoch or to a second vote.

    unattached   knows of no leader in its epoch
    follower     fetches from the leader of its epoch
    prospective  asks whether it would be elected, in the epoch it is in (KIP-996)
    candidate    has voted for itself in a new epoch, and asks for votes
    leader       has won its epoch
    resigned     led this epoch and gave up; votes for nobody in it
"""

from enum import Enum

from impl.core.calls import NEVER, Calls
from impl.core.events import Effect
from impl.core.quorum.batches import ElectionState
from impl.core.quorum.effects import RecoveredQuorum, WriteElectionState
from impl.core.quorum.facts import Observe, QuorumRestart
from impl.core.quorum.log import QuorumLog
from impl.core.settings import Settings
from impl.core.types import NO_LEADER, LeaderEpoch, Millis, NodeId, Offset

EPOCH_MAX = LeaderEpoch(2**31 - 2)
"""Nobody is followed into an epoch after which there is none left: whoever names one has not come there by voting."""


class Role(Enum):
    UNATTACHED = "unattached"
    FOLLOWER = "follower"
    PROSPECTIVE = "prospective"
    CANDIDATE = "candidate"
    LEADER = "leader"
    RESIGNED = "resigned"


LEADER = Role.LEADER
"""For the question that every step asks: Python 3.11 finds an enum's member more slowly than it calls a function."""


class Replica:
    """Mutable. What the parts of one voter share."""

    def __init__(self, settings: Settings, recovered: RecoveredQuorum) -> None:
        self.settings = settings
        self.node: NodeId = settings.node
        self.voters: tuple[NodeId, ...] = tuple(sorted(voter.node for voter in settings.voters))
        self.others: tuple[NodeId, ...] = tuple(node for node in self.voters if node != settings.node)
        self.log = QuorumLog(recovered.batches, recovered.snapshot)
        election = recovered.election or ElectionState(LeaderEpoch(0), NO_LEADER, NO_LEADER)
        self.epoch: LeaderEpoch = LeaderEpoch(max(election.epoch, self.log.last_epoch))
        self.voted: NodeId = election.voted if election.epoch == self.epoch else NO_LEADER
        self.leader: NodeId = NO_LEADER
        self.role = Role.UNATTACHED
        self.high_watermark: Offset = Offset(max(self.log.start, min(recovered.committed, self.log.end)))
        """One past the last record it knows to be committed. What a snapshot holds was."""
        self.calls = Calls(settings.quorum_request_timeout_ms)
        self.deadline: Millis = NEVER
        """When the role it is in has lasted too long."""
        self.heard = False
        """As a follower, it has had an answer of its leader: while that lasts it tells nobody to stand (KIP-996)."""
        self.failures = 0
        """Elections lost since a leader was last known."""
        self._jitter = recovered.jitter
        self._draws = 0
        self._written = recovered.election

    @property
    def majority(self) -> int:
        return len(self.voters) // 2 + 1

    @property
    def leading(self) -> bool:
        return self.role is LEADER

    @property
    def known_leader(self) -> NodeId:
        """Whom others may be sent to; -1 where it is not known, or may be gone."""
        return NO_LEADER if self.role is Role.PROSPECTIVE else self.leader

    # ------------------------------------------------------------ time
    def spread(self, most: int) -> int:
        """A number from 0 to `most`, another one each time: it differs by voter, epoch and start of the process."""
        self._draws += 1
        mixed = (self._jitter * 1_000_003 + self.node * 7_919 + self.epoch * 104_729 + self._draws) * 2_654_435_761
        return (mixed >> 13) % (most + 1)

    def election_timeout(self) -> int:
        """How long to wait for an election to come out: once to twice the configured time."""
        base = self.settings.quorum_election_timeout_ms
        return base + self.spread(base)

    def wait(self, now: Millis, milliseconds: int) -> None:
        self.deadline = Millis(now + milliseconds)

    # ------------------------------------------------------------ roles
    def restarted(self, now: Millis, out: list[Effect]) -> None:
        """Begin where the disk left off: in the same epoch, without a leader."""
        out.append(
            QuorumRestart(
                epoch=self.epoch,
                voted=self.voted,
                log_start=self.log.start,
                log_end=self.log.end,
                last_epoch=self.log.last_epoch,
            )
        )
        self.wait(now, self.election_timeout() if self.others else 0)

    def enter(self, epoch: LeaderEpoch, now: Millis, out: list[Effect]) -> None:
        """Learn of a later epoch, of which nothing else is known yet."""
        assert epoch > self.epoch
        waited = self.role in (Role.UNATTACHED, Role.PROSPECTIVE, Role.CANDIDATE)
        self.epoch = epoch
        self.voted = self.leader = NO_LEADER
        self.role = Role.UNATTACHED
        self.write_election(out)
        out.append(Observe(epoch=epoch))
        if not waited or self.deadline is NEVER or self.deadline <= now:
            self.wait(now, self.election_timeout())

    def detach(self, now: Millis) -> None:
        """No leader is known in this epoch any more."""
        self.leader = NO_LEADER
        self.role = Role.UNATTACHED
        self.wait(now, self.election_timeout())

    def follow(self, leader: NodeId, now: Millis, out: list[Effect]) -> None:
        """The leader of this epoch is known."""
        assert leader != self.node
        self.leader = leader
        self.role = Role.FOLLOWER
        self.heard = False
        self.failures = 0
        self.write_election(out)
        self.wait(now, self.settings.quorum_fetch_timeout_ms)

    def vote(self, candidate: NodeId, out: list[Effect]) -> None:
        """Give the vote of this epoch away, on the disk."""
        self.voted = candidate
        self.write_election(out)

    def write_election(self, out: list[Effect]) -> None:
        """Write down epoch, leader and vote, unless the file says so already."""
        state = ElectionState(self.epoch, self.leader, self.voted)
        if state != self._written:
            self._written = state
            out.append(WriteElectionState(state))

    def learn(self, epoch: LeaderEpoch, leader: NodeId, now: Millis, out: list[Effect]) -> None:
        """A message names the epoch its sender is in, and the leader it knows. Later ones are news, and so is a leader
        of this epoch to whoever knows of none."""
        if epoch > self.epoch:
            self.enter(epoch, now, out)
        waiting = self.role in (Role.UNATTACHED, Role.PROSPECTIVE, Role.CANDIDATE)
        # Who has lost patience with a leader does not go back to it because others have not yet.
        if waiting and self.leader == NO_LEADER and leader in self.others and epoch == self.epoch:
            self.follow(leader, now, out)
