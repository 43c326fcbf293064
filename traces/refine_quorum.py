"""Refinement of the controllers' quorum: every fact of a voter replayed as a step of `model/quorum/pre_vote`.

One rule: as in `traces.refine`. The log here is that of `__cluster_metadata`, record by record; epochs are Kafka's,
which are the model's.

The abstraction. A fact with the name of an action is that action. What a leader writes is on its disk when it is told,
and so is what a voter fetches from: the model's `flush` goes before. A leader answers fetches at any time, so it is
taken to answer after each of its steps. The leader-change record is part of `win`, and the fact that follows tells of
it. A leader that resigns does what one does that stops and comes back with all of its log. A snapshot stands for the
records below it. A voter remembers what it took for committed when it comes back, as the model's does not: that is
committed all the same. `commit` is no step: what a controller applies must be committed, and written by those epochs.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from model.design import Model
from model.language import Entry
from model.machine import ActionDisabled, UnknownAction
from model.quorum.pre_vote import PRE_VOTE
from model.shared_log import SharedLog
from traces.abstraction import DivergedError, Steps, action_of, diverged
from traces.ending import matching

QUORUM_OF = "quorum of"
"""How the situation of a quorum begins."""


class QuorumRefinement(Steps):
    """The execution of one quorum, followed by its model."""

    model: ClassVar[Model] = PRE_VOTE

    def __init__(self, voters: tuple[int, ...]) -> None:
        super().__init__(voters, voters)
        self._situation = f"{QUORUM_OF} {len(voters)}"
        self.elected: set[int] = set()
        """Leaders whose leader-change record is still to be told."""
        self.known = dict.fromkeys(voters, 0)
        """The highest high watermark each voter has ever had."""

    def take(self, node: int, fact: Any) -> None:
        """Replay a fact of a voter; DivergedError where the model does not follow."""
        if node not in self.machine.members:
            raise DivergedError(action_of(fact), f"node {node} is no voter ({sorted(self.machine.members)})")
        replay = _KINDS.get(type(fact)) or self._replaying(fact)
        try:
            replay(self, node, fact)
        except (ActionDisabled, UnknownAction) as refused:
            raise diverged(refused) from None

    def _replaying(self, fact: Any) -> "Replay":
        """How facts of this kind are replayed."""
        replay = _REPLAY.get(type(fact).__name__)
        if replay is None:
            told = f"the model {self.model.name} does not speak of it"
            raise DivergedError(action_of(fact), told, outside=True)
        _KINDS[type(fact)] = replay
        return replay

    def view(self, node: int) -> dict[str, Any]:
        """The model's side of the story: this voter."""
        state = self.state
        if node not in self.machine.members:
            return {}
        return {
            "epoch": state.leader_epoch[node],
            "vote": state.vote[node] if state.voted[node] else -1,
            "leading": state.leading[node],
            "log_end": len(state.log[node]),
            "last_epoch": self.last_epoch(node),
            "high_watermark": state.high_watermark[node],
        }

    def last_epoch(self, node: int) -> int:
        log = self.state.log[node]
        return int(log[len(log) - 1].epoch) if len(log) else 0

    def in_epoch(self, node: int, fact: Any) -> None:
        if fact.epoch != self.state.leader_epoch[node]:
            self.same(fact, "epoch", self.state.leader_epoch[node])

    # ------------------------------------------------------------ elections
    def ask_pre_vote(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        self._log_is(node, fact)
        self.step("ask_pre_vote", candidate=node)

    def grant_pre_vote(self, node: int, fact: Any) -> None:
        self.step("grant_pre_vote", voter=node, candidate=fact.candidate, epoch=fact.epoch)

    def stand(self, node: int, fact: Any) -> None:
        self._log_is(node, fact)
        self._stand(node, fact.epoch)

    def _stand(self, node: int, epoch: int) -> None:
        granting = self.state.pre_granted[self.state.leader_epoch[node], node]
        self.step("stand_after_pre_vote", candidate=node, epoch=epoch, quorum=granting)

    def grant_vote(self, node: int, fact: Any) -> None:
        self.step("grant_vote", voter=node, candidate=fact.candidate, epoch=fact.epoch)

    def observe(self, node: int, fact: Any) -> None:
        self.step("observe", replica=node, epoch=fact.epoch)

    def win(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        self.step("win", candidate=node, quorum=frozenset(fact.granting))
        self.elected.add(node)

    def resign(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        self.step("restart", replica=node, log_end=len(self.state.log[node]))

    def _log_is(self, node: int, fact: Any) -> None:
        self.same(fact, "log_end", len(self.state.log[node]))
        self.same(fact, "last_epoch", self.last_epoch(node))

    # ------------------------------------------------------------ the leader
    def append(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        state = self.state
        end = state.log[node].length
        if node in self.elected:
            self.elected.discard(node)
            self.same(fact, "record_count", 1)
            end -= 1
            self.same(fact, "base_offset", end)
        else:
            if fact.base_offset != end:
                self.same(fact, "base_offset", end)
            append = self.actions["append"]
            for _ in range(fact.record_count):
                append(state, node, 0)
                self.trail.append("append")
        self.flush(node)
        self.answers(node)

    def answers(self, node: int) -> None:
        """A leader may answer a fetch at any time."""
        self.actions["answer_fetch"](self.state, node)
        self.trail.append("answer_fetch")

    def acknowledge(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        self.actions["acknowledge"](self.state, node, fact.follower, fact.offset, fact.last_epoch)
        self.trail.append("acknowledge")

    def answer_diverging(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        position = {"offset": fact.offset, "last_epoch": fact.last_epoch}
        self.step("answer_diverging", leader=node, follower=fact.follower, **position)

    def advance(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        self.actions["advance_high_watermark"](self.state, node, fact.to, frozenset(fact.quorum))
        self.trail.append("advance_high_watermark")
        self.known[node] = fact.to
        self.answers(node)

    # ------------------------------------------------------------ the follower
    def flush(self, node: int) -> None:
        end = self.state.log[node].length
        if self.state.flushed[node] < end:
            self.actions["flush"](self.state, node, end)
            self.trail.append("flush")

    def send_fetch(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        log = self.state.log[node]
        if fact.offset != log.length:
            self.same(fact, "offset", log.length)
        if fact.last_epoch != (log.buffer[log.length - 1].epoch if log.length else 0):
            self.same(fact, "last_epoch", self.last_epoch(node))
        self.flush(node)
        self.actions["send_fetch"](self.state, node)
        self.trail.append("send_fetch")

    def receive_fetch(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        told = int(self.state.answered_high_watermark[fact.epoch])
        if fact.high_watermark > max(told, self.known[node], self.known.get(fact.leader, 0)):
            said = f"it says high_watermark is {fact.high_watermark}, the leader has told of {told} in the model"
            raise DivergedError("quorum_receive_fetch", said)
        self._receive(node, fact.log_end, min(fact.high_watermark, told))

    def _receive(self, node: int, log_end: int, high_watermark: int) -> None:
        self.actions["receive_fetch"](self.state, node, log_end, high_watermark)
        self.trail.append("receive_fetch")
        self.known[node] = max(self.known[node], self.state.high_watermark[node])

    def load_snapshot(self, node: int, fact: Any) -> None:
        """The records below a snapshot, which the leader has: committed, whatever the leader has told of so far."""
        state = self.state
        self.in_epoch(node, fact)
        leading = [each for each in sorted(self.machine.members) if state.leading[each]]
        leader = next((each for each in leading if state.leader_epoch[each] == fact.epoch), None)
        if leader is None:
            told = "the leader that sent the snapshot leads no more"
            raise DivergedError("quorum_load_snapshot", f"{told}, which is outside the model", outside=True)
        own, theirs = state.log[node], state.log[leader]
        common = next((at for at, (one, other) in enumerate(zip(own, theirs, strict=False)) if one != other), None)
        if common is not None:
            position = {"offset": len(own), "last_epoch": self.last_epoch(node)}
            self.step("answer_diverging", leader=leader, follower=node, **position)
            self.step("truncate", follower=node, to=common)
        if fact.end > len(state.log[node]):
            self._receive(node, fact.end, min(fact.end, int(state.answered_high_watermark[fact.epoch])))
        if state.log[node][fact.end - 1].epoch != fact.last_epoch:
            told = f"it says the snapshot ends in epoch {fact.last_epoch}, in the model offset {fact.end - 1} is of"
            raise DivergedError("quorum_load_snapshot", f"{told} {state.log[node][fact.end - 1].epoch}")
        # A snapshot is only of what is committed.
        self.known[node] = max(self.known[node], fact.end)

    def truncate(self, node: int, fact: Any) -> None:
        self.in_epoch(node, fact)
        self.step("truncate", follower=node, to=fact.to)

    # ------------------------------------------------------------ any voter
    def begin(self, node: int, fact: Any) -> None:
        """The trace begins with what the voter found on its disk: the model starts from there."""
        state = self.state
        if state.leader_epoch[node] or len(state.log[node]):
            told = f"node {node} has told of its disk already"
            raise DivergedError("quorum_begin", told, outside=True)
        begins_at = fact.epochs[0].start
        before = max(state.log.values(), key=len)
        log = SharedLog(before.buffer) if isinstance(before, SharedLog) else SharedLog()
        # What a snapshot stands for, another voter may have written out.
        for offset in range(begins_at):
            log = log.extended(before[offset] if offset < len(before) else Entry(fact.epochs[0].epoch, 0))
        ends = [start for _, start in fact.epochs[1:]] + [fact.log_end]
        for (epoch, _), end in zip(fact.epochs, ends, strict=True):
            while len(log) < end:
                log = log.extended(Entry(epoch, 0))
        for other, theirs in state.log.items():
            if len(theirs) and not matching(log, theirs):
                told = f"the logs of {node} and {other} have an epoch in common behind a place where they differ"
                raise DivergedError("quorum_begin", told)
        state.leader_epoch[node] = fact.epoch
        state.voted[node] = fact.voted >= 0
        if fact.voted >= 0:
            state.vote[node] = fact.voted
        state.log[node] = log
        state.flushed[node] = fact.log_end
        self.known[node] = fact.committed

    def commit(self, node: int, fact: Any) -> None:
        """Not an action: what a controller takes for committed, and who wrote it."""
        log, watermark = self.state.log[node], self.known[node]
        if fact.to > watermark:
            told = f"it takes for committed what lies below {fact.to}, in the model its high watermark is {watermark}"
            raise DivergedError("commit", told)
        if len(fact.epochs) == 1 and 0 <= fact.epochs[0].start < fact.to <= log.length:
            ((epoch, start),) = fact.epochs
            if log.buffer[start].epoch == epoch and log.buffer[fact.to - 1].epoch == epoch:
                return
        ends = [start for _, start in fact.epochs[1:]] + [fact.to]
        for (epoch, start), end in zip(fact.epochs, ends, strict=True):
            for offset in {start, end - 1}:
                if log[offset].epoch != epoch:
                    told = f"it says offset {offset} is of epoch {epoch}, in the model it is of {log[offset].epoch}"
                    raise DivergedError("commit", told)

    def restart(self, node: int, fact: Any) -> None:
        """What the disk held, after the step that the crash may have cut short."""
        self._cut_short(node, fact)
        self.same(fact, "epoch", self.state.leader_epoch[node])
        self.same(fact, "voted", self.state.vote[node] if self.state.voted[node] else -1)
        self.step("restart", replica=node, log_end=fact.log_end)
        self.same(fact, "last_epoch", self.last_epoch(node))
        self.elected.discard(node)

    def _cut_short(self, node: int, fact: Any) -> None:
        """It had entered an epoch, voted, won, written or cut, and did not live to tell."""
        state = self.state
        if fact.epoch > state.leader_epoch[node]:
            if fact.voted == node:
                self._stand(node, fact.epoch)
            elif fact.voted >= 0:
                self.step("grant_vote", voter=node, candidate=fact.voted, epoch=fact.epoch)
            else:
                self.step("observe", replica=node, epoch=fact.epoch)
        elif fact.voted >= 0 and not state.voted[node]:
            self.step("grant_vote", voter=node, candidate=fact.voted, epoch=fact.epoch)
        end = len(state.log[node])
        if fact.log_end > end and state.candidate[node]:
            self.step("win", candidate=node, quorum=state.granted[state.leader_epoch[node], node])
        elif fact.log_end > end and state.leading[node]:
            for _ in range(fact.log_end - end):
                self.step("append", leader=node, value=0)
        elif fact.log_end > end:
            watermark = int(min(state.answered_high_watermark[state.leader_epoch[node]], fact.log_end))
            self._receive(node, fact.log_end, watermark)
        elif fact.log_end < state.flushed[node]:
            self.step("truncate", follower=node, to=fact.log_end)


Replay = Callable[[QuorumRefinement, int, Any], None]
_KINDS: dict[type, Replay] = {}
"""By the class of a fact: filled as facts come."""
_REPLAY: Mapping[str, Replay] = {
    "AskPreVote": QuorumRefinement.ask_pre_vote,
    "GrantPreVote": QuorumRefinement.grant_pre_vote,
    "Stand": QuorumRefinement.stand,
    "GrantVote": QuorumRefinement.grant_vote,
    "Observe": QuorumRefinement.observe,
    "Win": QuorumRefinement.win,
    "Resign": QuorumRefinement.resign,
    "QuorumAppend": QuorumRefinement.append,
    "QuorumAcknowledge": QuorumRefinement.acknowledge,
    "QuorumAnswerDiverging": QuorumRefinement.answer_diverging,
    "QuorumAdvance": QuorumRefinement.advance,
    "QuorumSendFetch": QuorumRefinement.send_fetch,
    "QuorumReceiveFetch": QuorumRefinement.receive_fetch,
    "QuorumTruncate": QuorumRefinement.truncate,
    "QuorumLoadSnapshot": QuorumRefinement.load_snapshot,
    "QuorumBegin": QuorumRefinement.begin,
    "QuorumRestart": QuorumRefinement.restart,
    "Commit": QuorumRefinement.commit,
}
