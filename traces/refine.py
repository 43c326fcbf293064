"""Refinement: every fact of a broker replayed as the step of the model that it claims to be.

One rule: a fact is believed only as far as the model allows. It becomes the model action of its own name; where the
model refuses, or where what the fact says of itself is not what the model's state says after that step, the execution
leaves the model, and `DivergedError` says where.

The abstraction. Kafka's leader epoch k and partition epoch k are the model's k + 1 (its 0 is the empty log everybody
shares). A batch of n records is n entries with the values (crc, 0) ... (crc, n - 1). Creating a partition is the
model's initial state and the election of the first leader; no leader is `elect_none`. Acknowledging a produce is no
action of the model: what is promised for acks=all must be below the model's high watermark.

Every step costs what the action costs, and a batch what its records cost, however long the logs are: they share their
entries (`model.shared_log`).
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from model.language import Disabled, Entry
from model.machine import ActionDisabled, Machine, UnknownAction
from model.replication import REPLICATION


class DivergedError(Exception):
    """The execution is not one of the model's. `conjunct` is the false guard, where one was refused."""

    def __init__(self, action: str, reason: str, *, conjunct: str = "", outside: bool = False) -> None:
        super().__init__(reason)
        self.action = action
        self.reason = reason
        self.conjunct = conjunct
        self.outside = outside
        """The model of this version says nothing of such a step: the execution may be right."""


class Refinement:
    """One partition's execution, followed by its model. `fact` is what `traces.facts` or the broker declares."""

    def __init__(self, created: Any) -> None:
        self.machine = Machine(REPLICATION, replicas=created.replicas, isr=created.isr)
        self.state: Any = self.machine.state
        self.taken: Counter[str] = Counter()
        """Model actions taken, by name."""
        self._elect(created.leader)

    def take(self, node: int, fact: Any) -> None:
        """Replay a fact of `node` (any number for the controller); DivergedError where the model does not follow."""
        name = type(fact).__name__
        if name in _AT_A_REPLICA:
            if node not in self.machine.members:
                members = ", ".join(f"n{member}" for member in sorted(self.machine.members))
                raise DivergedError(action_of(fact), f"n{node} is no replica of {fact.partition} ({members})")
            if name not in _ENTERS_AN_EPOCH:
                self._same(fact, "leader_epoch", self.state.leader_epoch[node] - 1)
        _REPLAY[name](self, node, fact)

    def view(self, node: int) -> dict[str, Any]:
        """The model's side of the story, in Kafka's numbers: the partition, and this node's replica of it."""
        state = self.state
        newest = state.newest_leader_epoch
        view = {
            "leader_epoch": newest - 1,
            "partition_epoch": state.newest_partition_epoch - 1,
            "leader": state.leader[newest] if state.has_leader[newest] else -1,
            "isr": sorted(state.isr[newest]),
        }
        if node in self.machine.members:
            view["replica"] = {
                "leader_epoch": state.leader_epoch[node] - 1,
                "leading": state.leading[node],
                "reconciled_in": state.reconciled[node] - 1,
                "log_end": len(state.log[node]),
                "high_watermark": state.high_watermark[node],
                "maximal_isr": sorted(state.maximal_isr[node]),
            }
        return view

    # ------------------------------------------------------------ steps and comparisons
    def step(self, action: str, **parameters: Any) -> None:
        """One action of the model; DivergedError names the conjunct that is false."""
        try:
            self.machine.step(action, **parameters)
        except ActionDisabled as refused:
            raise DivergedError(action, f"the model refuses it: {refused}", conjunct=refused.conjunct) from None
        except (UnknownAction, Disabled, LookupError) as error:
            raise DivergedError(action, f"the model refuses it: {error}") from None
        self.taken[action] += 1

    def _same(self, fact: Any, field: str, expected: Any) -> None:
        """What the fact says must be what the model says."""
        said = getattr(fact, field)
        if isinstance(expected, frozenset):
            said, expected = sorted(said), sorted(expected)
        if said != expected:
            raise DivergedError(action_of(fact), f"it says {field} is {said}, in the model it is {expected}")

    def _holds(self, node: int, batch: Any, action: str) -> None:
        """The model's log must hold this batch in its place. First and last record tell, since batches stay whole."""
        log = self.state.log[node]
        last = batch.record_count - 1
        epoch = batch.leader_epoch + 1
        for index in (0, last):
            offset = batch.base_offset + index
            entry = Entry(epoch, (batch.crc, index))
            if not 0 <= offset < len(log) or log[offset] != entry:
                found = _described(log[offset]) if 0 <= offset < len(log) else "nothing"
                said = _described(entry)
                raise DivergedError(
                    action, f"it says offset {offset} of n{node} holds {said}, in the model it holds {found}"
                )

    # ------------------------------------------------------------ the controller
    def _elect(self, leader: int) -> None:
        if leader < 0:
            self.step("elect_none")
        else:
            self.step("elect", leader=leader)

    def _committed(self, fact: Any) -> None:
        """The controller's record as the model has it."""
        newest = self.state.newest_leader_epoch
        self._same(fact, "leader_epoch", newest - 1)
        self._same(fact, "partition_epoch", self.state.newest_partition_epoch - 1)
        self._same(fact, "isr", self.state.isr[newest])

    def elect(self, _node: int, fact: Any) -> None:
        self._elect(fact.leader)
        self._committed(fact)

    def fail_over(self, _node: int, fact: Any) -> None:
        self.step("fail_over", leader=fact.leader, removed=fact.removed)
        self._committed(fact)

    def fence(self, _node: int, fact: Any) -> None:
        self.step("fence", removed=fact.removed)
        self._committed(fact)

    def alter_partition(self, _node: int, fact: Any) -> None:
        self.step("alter_partition", leader=fact.leader)
        self._committed(fact)

    # ------------------------------------------------------------ the leader
    def become_leader(self, node: int, fact: Any) -> None:
        self.step("become_leader", replica=node, epoch=fact.leader_epoch + 1, partition_epoch=fact.partition_epoch + 1)
        self._same(fact, "isr", self.state.maximal_isr[node])
        self._same(fact, "start_offset", self.state.epoch_start[node])

    def append(self, node: int, fact: Any) -> None:
        batch = fact.batch
        if batch.base_offset != len(self.state.log[node]) or batch.leader_epoch != fact.leader_epoch:
            end = len(self.state.log[node])
            said = f"offset {batch.base_offset} in epoch {batch.leader_epoch}"
            raise DivergedError(
                "append", f"it appends at {said}, in the model at offset {end} in epoch {fact.leader_epoch}"
            )
        for index in range(batch.record_count):
            self.step("append", leader=node, value=(batch.crc, index))

    def acknowledge_produce(self, node: int, fact: Any) -> None:
        """Not an action: a promise, which must be true already."""
        end = fact.base_offset + fact.record_count
        bound, name = len(self.state.log[node]), "the log end"
        if fact.acks == -1:
            bound, name = self.state.high_watermark[node], "the high watermark"
        if end > bound:
            raise DivergedError(
                "acknowledge_produce",
                f"it acknowledges up to offset {end} with acks={fact.acks}, in the model {name} of n{node} is {bound}",
            )

    def advance_high_watermark(self, node: int, fact: Any) -> None:
        self._same(fact, "maximal_isr", self.state.maximal_isr[node])
        self.step("advance_high_watermark", leader=node, to=fact.to)

    def expand_isr(self, node: int, fact: Any) -> None:
        self._same(fact, "partition_epoch", self.state.partition_epoch[node] - 1)
        self.step("expand_isr", leader=node, follower=fact.follower)
        self._same(fact, "isr", self.state.proposed_isr[node])

    def shrink_isr(self, node: int, fact: Any) -> None:
        self._same(fact, "partition_epoch", self.state.partition_epoch[node] - 1)
        self.step("shrink_isr", leader=node, kept=frozenset(fact.isr))

    def learn_isr(self, node: int, fact: Any) -> None:
        self.step("learn_isr", leader=node, partition_epoch=fact.partition_epoch + 1)
        self._same(fact, "isr", self.state.maximal_isr[node])

    def acknowledge(self, node: int, fact: Any) -> None:
        self.step("acknowledge", leader=node, follower=fact.follower, offset=fact.offset)

    def answer_fetch(self, node: int, fact: Any) -> None:
        self.step("answer_fetch", leader=node, follower=fact.follower)
        self._same(fact, "log_end", len(self.state.log[node]))
        self._same(fact, "high_watermark", self.state.high_watermark[node])

    def answer_probe(self, node: int, fact: Any) -> None:
        """The model's answer is its whole log; the broker's must be where an epoch ends in that log."""
        self.step("answer_probe", leader=node)
        log = self.state.log[node]
        self._same(fact, "log_end", len(log))
        epoch, end = fact.diverging_epoch + 1, fact.diverging_end
        if fact.diverging_epoch < 0:
            return
        inside = 0 <= end <= len(log)
        if not inside or (end > 0 and log[end - 1].epoch > epoch) or (end < len(log) and log[end].epoch <= epoch):
            said = f"epoch {fact.diverging_epoch} ends at {end}"
            raise DivergedError("answer_probe", f"it says {said}, in the log of n{node} in the model it does not")

    # ------------------------------------------------------------ the follower
    def become_follower(self, node: int, fact: Any) -> None:
        epoch = fact.leader_epoch + 1
        # After a restart a replica hears again of the epoch it is in: it has nothing to do but to ask again.
        if self.state.leader_epoch[node] != epoch or self.state.leading[node]:
            self.step("become_follower", replica=node, epoch=epoch)
        self._same(fact, "leader", self._leader_of(epoch))

    def truncate(self, node: int, fact: Any) -> None:
        if self._confirmed(node):
            # It asked again after a restart, or after an answer that did not fit: its log is a prefix already.
            self._same(fact, "to", len(self.state.log[node]))
        else:
            self.step("truncate", follower=node, to=fact.to)
        self._same(fact, "high_watermark", self.state.high_watermark[node])

    def reconcile(self, node: int, fact: Any) -> None:
        self._same(fact, "leader", self._leader_of(fact.leader_epoch + 1))
        if not self._confirmed(node):
            self.step("reconcile", follower=node)
        self._same(fact, "log_end", len(self.state.log[node]))

    def send_fetch(self, node: int, fact: Any) -> None:
        self._same(fact, "leader", self._leader_of(fact.leader_epoch + 1))
        self._same(fact, "offset", len(self.state.log[node]))
        self.step("send_fetch", follower=node)

    def receive_fetch(self, node: int, fact: Any) -> None:
        self._same(fact, "leader", self._leader_of(fact.leader_epoch + 1))
        end = len(self.state.log[node])
        for batch in fact.batches:
            if batch.base_offset != end:
                raise DivergedError(
                    "receive_fetch", f"it appends a batch at {batch.base_offset} to a log that ends at {end}"
                )
            end += batch.record_count
        self._same(fact, "log_end", end)
        self.step("receive_fetch", follower=node, log_end=fact.log_end, high_watermark=fact.high_watermark)
        for batch in fact.batches:
            self._holds(node, batch, "receive_fetch")

    def _leader_of(self, epoch: int) -> int:
        return self.state.leader[epoch] if self.state.has_leader[epoch] else -1

    def _confirmed(self, node: int) -> bool:
        return bool(self.state.reconciled[node] == self.state.leader_epoch[node])

    # ------------------------------------------------------------ restarts
    def restart(self, node: int, fact: Any) -> None:
        """A step that the crash cut short has left its writes and no fact: it is replayed before the restart."""
        end = len(self.state.log[node])
        if fact.log_end > end:
            self._cut_short_writing(node, fact, end)
        elif fact.log_end < end:
            self._cut_short_truncating(node, fact, end)
        for batch in fact.tail:
            self._holds(node, batch, "restart")
        self.step("restart", replica=node, high_watermark=fact.high_watermark)

    def _cut_short_writing(self, node: int, fact: Any, end: int) -> None:
        """A leader had appended, or a follower had received, more than it lived to tell."""
        extra = [batch for batch in fact.tail if batch.base_offset >= end]
        if sum(batch.record_count for batch in extra) != fact.log_end - end:
            told = f"its log ends at {fact.log_end}, in the model at {end}, and the tail does not tell what is between"
            raise DivergedError("restart", told, outside=True)
        if self.state.leading[node]:
            for batch in extra:
                if batch.leader_epoch + 1 != self.state.leader_epoch[node]:
                    own = self.state.leader_epoch[node] - 1
                    told = f"it comes back with a batch of epoch {batch.leader_epoch} at {batch.base_offset}"
                    raise DivergedError(
                        "restart", f"{told}, in the model it could only have appended in its epoch {own}"
                    )
                for index in range(batch.record_count):
                    self.step("append", leader=node, value=(batch.crc, index))
            return
        heard = self.state.answered_high_watermark[node, self.state.leader_epoch[node]]
        watermark = min(self.state.high_watermark[node], heard)
        self.step("receive_fetch", follower=node, log_end=fact.log_end, high_watermark=watermark)

    def _cut_short_truncating(self, node: int, fact: Any, end: int) -> None:
        """A follower had truncated, and did not live to tell; anything else that shortens a log is a loss."""
        try:
            self.step("truncate", follower=node, to=fact.log_end)
        except DivergedError:
            told = f"n{node} comes back with {fact.log_end} of its {end} records: an unflushed tail was lost"
            raise DivergedError(
                "restart", f"{told}, which is outside the model of this version", outside=True
            ) from None


def _described(entry: Entry) -> str:
    crc, index = entry.value
    return f"record {index} of batch {crc:08x} of epoch {entry.epoch - 1}"


def action_of(fact: Any) -> str:
    """The fact's name, which is that of the action it claims to be."""
    return str(type(fact).__struct_config__.tag)


_REPLAY: dict[str, Callable[[Refinement, int, Any], None]] = {
    "Elect": Refinement.elect,
    "FailOver": Refinement.fail_over,
    "Fence": Refinement.fence,
    "AlterPartition": Refinement.alter_partition,
    "BecomeLeader": Refinement.become_leader,
    "BecomeFollower": Refinement.become_follower,
    "Restart": Refinement.restart,
    "Append": Refinement.append,
    "AcknowledgeProduce": Refinement.acknowledge_produce,
    "AdvanceHighWatermark": Refinement.advance_high_watermark,
    "ExpandIsr": Refinement.expand_isr,
    "ShrinkIsr": Refinement.shrink_isr,
    "LearnIsr": Refinement.learn_isr,
    "Acknowledge": Refinement.acknowledge,
    "AnswerFetch": Refinement.answer_fetch,
    "AnswerProbe": Refinement.answer_probe,
    "Truncate": Refinement.truncate,
    "Reconcile": Refinement.reconcile,
    "SendFetch": Refinement.send_fetch,
    "ReceiveFetch": Refinement.receive_fetch,
}
_AT_THE_CONTROLLER = frozenset({"Elect", "FailOver", "Fence", "AlterPartition"})
_AT_A_REPLICA = frozenset(_REPLAY) - _AT_THE_CONTROLLER
_ENTERS_AN_EPOCH = frozenset({"BecomeLeader", "BecomeFollower", "Restart"})
