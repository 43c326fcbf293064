"""The controllers' quorum judged fact by fact (I14): one leader and one vote in each epoch, one committed log.

One rule: a fact is judged by what was told before, whoever told it and however often it has died since; nothing is
scanned anew.

Facts are any objects with the fields of `traces.quorum_facts`, told apart by the name of their class. What is judged is
the log as epochs: a leader writes an offset once, so two logs that have the same epochs have the same records.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from invariants.verdict import Violated


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumInvariant:
    """One invariant of the quorum: as `StepInvariant`, judged by `QuorumChecker`."""

    id: str
    names: tuple[str, ...] = ("I14",)
    statement: str
    argument: str
    breaks: str


ONE_LEADER = QuorumInvariant(
    id="one_leader",
    statement=(
        "In each epoch of the quorum a voter votes for one candidate, and one candidate wins; whoever fetches in that "
        "epoch fetches from the winner."
    ),
    argument=(
        "A vote is on the disk before it is told; two majorities share a voter, who would have voted twice. Whom to "
        "follow is believed only of a message that says it of the voter's own epoch."
    ),
    breaks="votes-twice",
)
COMMITTED_PREFIX = QuorumInvariant(
    id="committed_prefix",
    statement="What one controller takes for committed, all do, at every offset; and every later leader has it.",
    argument=(
        "A leader commits what a majority has on its disks, once a record of its own epoch is among it; whoever wins "
        "later has the vote of one of them, and a log that ends no earlier than that one's."
    ),
    breaks="commits-older-epoch",
)
NO_CUT_BELOW_COMMIT = QuorumInvariant(
    id="no_cut_below_commit",
    statement="A voter cuts nothing off its log that it took for committed.",
    argument="A leader that has what is committed never says that a log leaves its own before that.",
    breaks="cuts-too-much",
)
QUORUM_INVARIANTS = (ONE_LEADER, COMMITTED_PREFIX, NO_CUT_BELOW_COMMIT)


class Voter:
    """What is known of one voter, through all its lives."""

    __slots__ = ("committed", "epoch", "votes")

    def __init__(self) -> None:
        self.epoch = 0
        self.votes: dict[int, str] = {}
        """Epoch to the candidate it voted for."""
        self.committed = 0


class QuorumChecker:
    """Raises `Violated` at the first fact that breaks an invariant. One checker judges one execution.

    `name_of` says what a node id is called: a candidate is told of by its id, and tells of itself by its name.
    `one_clock`: facts come in the order in which things happened, since there has been a quorum.
    """

    def __init__(self, name_of: Callable[[int], str], *, one_clock: bool = False) -> None:
        self.judged = 0
        self._name_of = name_of
        self._one_clock = one_clock
        self._voters: dict[str, Voter] = {}
        self._leaders: dict[int, str] = {}
        """Epoch to who won it."""
        self._followed: dict[int, str] = {}
        """Epoch of which nobody has told that he won it, to who was fetched from in it."""
        self._starts: dict[int, int] = {}
        """Epoch to where its first record stands."""
        self._committed = 0
        """How far anybody takes the log for committed."""
        self._advances: dict[int, int] = {}
        """Epoch to how far its leader has committed."""
        self._epochs: list[int] = []
        self._begins: list[int] = []
        """Who wrote what is committed: epochs, and the offsets where they begin."""

    def facts(self, node: str, facts: Iterable[Any]) -> None:
        """What one step of a controller did as a voter, in order."""
        voter = self._voters.get(node)
        if voter is None:
            voter = self._voters[node] = Voter()
        for fact in facts:
            kind = type(fact)
            judge = _KINDS.get(kind)
            if judge is None:
                judge = _KINDS[kind] = _JUDGES.get(kind.__name__, _nothing)
            self.judged += 1
            judge(self, node, voter, fact)

    # ------------------------------------------------------------ epochs and votes
    def _entered(self, node: str, voter: Voter, fact: Any) -> None:
        if fact.epoch < voter.epoch:
            self._violated(ONE_LEADER, f"{node} is in epoch {fact.epoch} after epoch {voter.epoch}")
        voter.epoch = fact.epoch

    def _voted(self, node: str, voter: Voter, fact: Any) -> None:
        self._entered(node, voter, fact)
        candidate = node if type(fact).__name__ == "Stand" else self._name_of(fact.candidate)
        before = voter.votes.setdefault(fact.epoch, candidate)
        if before != candidate:
            self._violated(ONE_LEADER, f"{node} votes for {candidate} in epoch {fact.epoch}, and has for {before}")

    def _won(self, node: str, voter: Voter, fact: Any) -> None:
        self._entered(node, voter, fact)
        before = self._leaders.setdefault(fact.epoch, node)
        if before != node:
            self._violated(ONE_LEADER, f"{node} wins epoch {fact.epoch}, which {before} has won")
        followed = self._followed.pop(fact.epoch, node)
        if followed != node:
            self._violated(ONE_LEADER, f"{node} wins epoch {fact.epoch}, and {followed} was followed in it")

    def _asked(self, node: str, _voter: Voter, fact: Any) -> None:
        leader, won = self._name_of(fact.leader), self._leaders.get(fact.epoch)
        if won is None:
            if self._one_clock:
                self._violated(ONE_LEADER, f"{node} follows {leader} in epoch {fact.epoch}, which nobody has won")
            self._followed.setdefault(fact.epoch, leader)
        elif won != leader:
            self._violated(ONE_LEADER, f"{node} follows {leader} in epoch {fact.epoch}, which {won} has won")

    # ------------------------------------------------------------ the log
    def _appended(self, node: str, _voter: Voter, fact: Any) -> None:
        if fact.epoch in self._starts:
            return
        self._starts[fact.epoch] = fact.base_offset
        committed = self._committed_before(fact.epoch)
        if fact.base_offset < committed:
            self._violated(
                COMMITTED_PREFIX,
                f"{node} leads epoch {fact.epoch} from offset {fact.base_offset}, and offset {committed - 1} is "
                "committed",
            )

    def _committed_before(self, epoch: int) -> int:
        """What a leader of this epoch must have. Who learns late that it has won may lack what later epochs committed:
        it can commit nothing any more."""
        if max(self._advances, default=0) <= epoch:
            return self._committed
        return max((to for other, to in self._advances.items() if other < epoch), default=0)

    def _advanced(self, node: str, _voter: Voter, fact: Any) -> None:
        start = self._starts.get(fact.epoch, 0)
        self._advances[fact.epoch] = fact.to
        if fact.to <= start:
            self._violated(
                COMMITTED_PREFIX,
                f"{node} commits up to offset {fact.to} in epoch {fact.epoch}, whose first record is at {start}",
            )

    def _committed_to(self, node: str, voter: Voter, fact: Any) -> None:
        told = [(epoch, start) for epoch, start in fact.epochs]
        ends = [start for _, start in told[1:]] + [fact.to]
        for (epoch, start), end in zip(told, ends, strict=True):
            self._compare(node, epoch, start, end)
        voter.committed = max(voter.committed, fact.to)

    def _compare(self, node: str, epoch: int, start: int, end: int) -> None:
        """The records from `start` to `end` are of `epoch`, says `node`; what is new of it is taken down."""
        offset = start
        while offset < min(end, self._committed):
            place = bisect_right(self._begins, offset) - 1
            if place < 0:
                # Committed before the trace began, and told of by nobody: the first who told began later.
                offset = self._begins[0]
                continue
            if self._epochs[place] != epoch:
                self._violated(
                    COMMITTED_PREFIX,
                    f"offset {offset} is of epoch {epoch} at {node}, and was committed as of epoch "
                    f"{self._epochs[place]}",
                )
            offset = self._begins[place + 1] if place + 1 < len(self._begins) else self._committed
        if end > self._committed:
            if not self._epochs or self._epochs[-1] != epoch:
                self._epochs.append(epoch)
                self._begins.append(max(start, self._committed))
            self._committed = end

    def _loaded(self, node: str, voter: Voter, fact: Any) -> None:
        self._compare(node, fact.last_epoch, fact.end - 1, min(fact.end, self._committed))
        voter.committed = max(voter.committed, fact.end)

    def _cut(self, node: str, voter: Voter, fact: Any) -> None:
        if fact.to < voter.committed:
            self._violated(
                NO_CUT_BELOW_COMMIT,
                f"{node} cuts its log to offset {fact.to} in epoch {fact.epoch}, and took offset "
                f"{voter.committed - 1} for committed",
            )

    def _violated(self, invariant: QuorumInvariant, sentence: str) -> None:
        raise Violated(invariant.id, sentence)


def _nothing(_checker: QuorumChecker, _node: str, _voter: Voter, _fact: Any) -> None:
    """What says nothing of the quorum's epochs, votes and log."""


Judge = Callable[[QuorumChecker, str, Voter, Any], None]
_KINDS: dict[type, Judge] = {}
"""By the class of a fact: filled as facts come."""
_JUDGES: dict[str, Judge] = {
    "QuorumBegin": QuorumChecker._entered,
    "QuorumRestart": QuorumChecker._entered,
    "Observe": QuorumChecker._entered,
    "GrantVote": QuorumChecker._voted,
    "Stand": QuorumChecker._voted,
    "Win": QuorumChecker._won,
    "QuorumSendFetch": QuorumChecker._asked,
    "QuorumAppend": QuorumChecker._appended,
    "QuorumAdvance": QuorumChecker._advanced,
    "Commit": QuorumChecker._committed_to,
    "QuorumTruncate": QuorumChecker._cut,
    "QuorumLoadSnapshot": QuorumChecker._loaded,
}
