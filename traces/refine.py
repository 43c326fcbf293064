"""Refinement: every fact of a broker replayed as the step of the model that it claims to be.

One rule: a fact is believed only as far as the model allows. It becomes the model action of its own name; where the
model refuses, or where what the fact says of itself is not what the model's state says after that step, the execution
leaves the model, and `DivergedError` says why.

The abstraction. Kafka's leader epoch k and partition epoch k are the model's k + 1 (its 0 is the empty log everybody
shares). A batch of n records is n entries with the values (crc, 0) ... (crc, n - 1). Creating a partition is the
model's initial state and the election of the first leader; no leader is `elect_none`. Acknowledging a produce is no
action of the model: what is promised for acks=all must be below the model's high watermark.

Every step costs what the action costs, and a batch what its records cost, however long the logs are: they share their
entries (`model.shared_log`).
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from model.machine import ActionDisabled, UnknownAction
from traces.abstraction import Abstraction, DivergedError, action_of, diverged
from traces.epochs_in_gaps import cut_in_a_gap, in_a_gap
from traces.falling_behind import begins, begins_with, copy, fall_behind, join, leads_with
from traces.restarts import restart


class Replaying:
    """How facts of one kind are replayed, and what is asked of them before."""

    __slots__ = ("at_a_replica", "at_work", "of_an_epoch", "replay")

    def __init__(self, name: str, replay: Callable[[Any, int, Any], None]) -> None:
        self.replay = replay
        self.at_a_replica = name in AT_A_REPLICA
        self.of_an_epoch = name not in OF_NO_EPOCH
        self.at_work = self.at_a_replica and name not in OF_MEMBERSHIP
        """It is of a replica that is there: neither a decision nor of which partitions there are."""


_KINDS: dict[type, dict[type, Replaying]] = {}
"""By the class of a refinement and that of a fact: filled as facts come."""


class Refinement(Abstraction):
    """One partition's execution, followed by its model. `fact` is what `traces.facts` or the broker declares."""

    replay: ClassVar[Mapping[str, Callable[[Any, int, Any], None]]]
    """By the class name of a fact: how it is replayed."""

    def __init__(self, created: Any) -> None:
        self.kinds = _KINDS.setdefault(type(self), {})
        self.returning: dict[int, Any] = {}
        """The `restart` of each broker that is back and not registered yet, where the model speaks of registrations."""
        self.unsaid: dict[int, int] = {}
        """Those that were registered without a `restart`, and have not shown since what their log is: how much of it
        was certain to be on disk."""
        super().__init__(tuple(created.replicas), self.members_at_first(created))
        self.begin(created)

    def members_at_first(self, created: Any) -> tuple[int, ...]:
        """Who is in sync at first."""
        if not created.isr or not set(created.isr) <= set(created.replicas):
            told = f"its in-sync set {list(created.isr)} is empty or not among its replicas {list(created.replicas)}"
            raise DivergedError("create_partition", told)
        return tuple(created.isr)

    def begin(self, created: Any) -> None:
        """The first election."""
        self._elect(created.leader)
        self.situated()

    def take(self, node: int, fact: Any) -> None:
        """Replay a fact of `node` (any number for the controller); DivergedError where the model does not follow."""
        replaying = self.kinds.get(type(fact)) or self._replaying(fact)
        if self.returning or self.unsaid:
            self.before_it_is_back(node, fact)
        if replaying.at_a_replica:
            members = self.machine.members
            if node not in members:
                told = ", ".join(f"n{member}" for member in sorted(members))
                raise DivergedError(action_of(fact), f"n{node} is no replica of {fact.partition} ({told})")
            if replaying.of_an_epoch and fact.leader_epoch != self.state.leader_epoch[node] - 1:
                self.same(fact, "leader_epoch", self.state.leader_epoch[node] - 1)
        try:
            replaying.replay(self, node, fact)
        except (ActionDisabled, UnknownAction) as refused:
            raise diverged(refused) from None

    def before_it_is_back(self, node: int, fact: Any) -> None:
        """A fact while somebody is not registered, or has not shown what its log is."""

    def _replaying(self, fact: Any) -> "Replaying":
        """How facts of this kind are replayed."""
        name = type(fact).__name__
        replay = self.replay.get(name)
        if replay is None:
            told = f"the model {self.model.name} does not speak of it"
            raise DivergedError(action_of(fact), told, outside=True)
        made = self.kinds[type(fact)] = Replaying(name, replay)
        return made

    # ------------------------------------------------------------ the controller
    def _elect(self, leader: int) -> None:
        if leader < 0:
            self.step("elect_none")
        else:
            self.step("elect", leader=leader)

    def _committed(self, fact: Any) -> None:
        """The controller's record as the model has it."""
        newest = self.state.newest_leader_epoch
        self.same(fact, "leader_epoch", newest - 1)
        self.same(fact, "partition_epoch", self.state.newest_partition_epoch - 1)
        self.same(fact, "isr", self.state.isr[newest])
        self.situated()

    def is_told_again(self, fact: Any) -> None:
        """A controller tells what the partition is by now."""
        self._committed(fact)

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
        self.same(fact, "isr", self.state.maximal_isr[node])
        self.same(fact, "start_offset", self.state.epoch_start[node])

    def append(self, node: int, fact: Any) -> None:
        batch, state = fact.batch, self.state
        end = state.log[node].length
        if batch.base_offset != end or batch.leader_epoch != fact.leader_epoch or batch.record_count < 1:
            said = f"offset {batch.base_offset} in epoch {batch.leader_epoch}"
            raise DivergedError(
                "append", f"it appends at {said}, in the model at offset {end} in epoch {fact.leader_epoch}"
            )
        append, crc = self.actions["append"], batch.crc
        for index in range(batch.record_count):
            append(state, node, (crc, index))
            self.trail.append("append")

    def acknowledge_produce(self, node: int, fact: Any) -> None:
        """Not an action: a promise, which must be true already. A batch sent twice is promised where it first went."""
        log = self.state.log[node]
        end = fact.base_offset + fact.record_count
        bound, name = log.length, "the log end"
        if fact.acks == -1:
            bound, name = self.state.high_watermark[node], "the high watermark"
        told = f"it acknowledges offsets {fact.base_offset} to {end} with acks={fact.acks}, in the model"
        if not 0 <= fact.base_offset < end <= bound:
            raise DivergedError("acknowledge_produce", f"{told} {name} of n{node} is {bound}")
        first, last = log.buffer[fact.base_offset].value, log.buffer[end - 1].value
        if first != (fact.crc, 0) or last != (fact.crc, fact.record_count - 1):
            told += f" n{node} holds batch {first[0]:08x} there, not {fact.crc:08x}"
            raise DivergedError("acknowledge_produce", told)

    def advance_high_watermark(self, node: int, fact: Any) -> None:
        counted, said = self.state.maximal_isr[node], fact.maximal_isr
        if len(said) != len(counted) or counted != frozenset(said):
            self.same(fact, "maximal_isr", counted)
        self.actions["advance_high_watermark"](self.state, node, fact.to)
        self.trail.append("advance_high_watermark")
        if fact.to > self.believed[node]:
            self.believed[node] = fact.to

    def expand_isr(self, node: int, fact: Any) -> None:
        self.same(fact, "partition_epoch", self.state.partition_epoch[node] - 1)
        self.step("expand_isr", leader=node, follower=fact.follower)
        self.same(fact, "isr", self.state.proposed_isr[node])

    def shrink_isr(self, node: int, fact: Any) -> None:
        self.same(fact, "partition_epoch", self.state.partition_epoch[node] - 1)
        self.step("shrink_isr", leader=node, kept=frozenset(fact.isr))

    def learn_isr(self, node: int, fact: Any) -> None:
        self.step("learn_isr", leader=node, partition_epoch=fact.partition_epoch + 1)
        self.same(fact, "isr", self.state.maximal_isr[node])

    def acknowledge(self, node: int, fact: Any) -> None:
        self.step("acknowledge", leader=node, follower=fact.follower, offset=fact.offset)

    def answer_fetch(self, node: int, fact: Any) -> None:
        state, follower, epoch = self.state, fact.follower, fact.leader_epoch + 1
        asked = state.requested[follower, epoch]
        if fact.offset > asked:
            follower = self.asker(fact)
            asked = state.requested[follower, epoch]
        self.actions["answer_fetch"](state, node, follower)
        self.trail.append("answer_fetch")
        if fact.offset > asked:
            told = f"it answers n{fact.follower} from offset {fact.offset}, in the model that asked up to {asked}"
            raise DivergedError("answer_fetch", told)
        if fact.log_end != state.log[node].length:
            self.same(fact, "log_end", state.log[node].length)
        if fact.high_watermark != state.high_watermark[node]:
            self.same(fact, "high_watermark", state.high_watermark[node])

    def asker(self, fact: Any) -> int:
        """Whose fetch is answered."""
        return int(fact.follower)

    def answer_probe(self, node: int, fact: Any) -> None:
        """The model's answer is its whole log; the broker's must be where an epoch ends in that log."""
        self.step("answer_probe", leader=node)
        log = self.state.log[node]
        self.same(fact, "log_end", len(log))
        epoch, end = fact.diverging_epoch + 1, fact.diverging_end
        if fact.diverging_epoch < 0:
            return
        if end and end == self.starts.get(node):
            # What is older it has deleted, and knows nothing of.
            return
        # Where compaction took what an epoch began with, it is said to begin where the gap does.
        inside = 0 <= end <= len(log)
        early = 0 <= end < len(log) and log[end].epoch <= epoch and not in_a_gap(self, node, end)
        if not inside or (end > 0 and log[end - 1].epoch > epoch) or early:
            said = f"epoch {fact.diverging_epoch} ends at {end}"
            raise DivergedError("answer_probe", f"it says {said}, in the log of n{node} in the model it does not")

    # ------------------------------------------------------------ the follower
    def become_follower(self, node: int, fact: Any) -> None:
        epoch = fact.leader_epoch + 1
        # After a restart a replica hears again of the epoch it is in: it has nothing to do but to ask again.
        if self.state.leader_epoch[node] != epoch or self.state.leading[node]:
            self.step("become_follower", replica=node, epoch=epoch)
        self.same(fact, "leader", self.leader_of(epoch))

    def truncate(self, node: int, fact: Any) -> None:
        if self.confirmed(node):
            # It asked again after a restart, or after an answer that did not fit: its log is a prefix already.
            self.same(fact, "to", len(self.state.log[node]))
        else:
            cut_in_a_gap(self, node, fact.to)
        self.same(fact, "high_watermark", self.state.high_watermark[node])

    def reconcile(self, node: int, fact: Any) -> None:
        self.same(fact, "leader", self.leader_of(fact.leader_epoch + 1))
        if not self.confirmed(node):
            try:
                self.step("reconcile", follower=node)
            except DivergedError as refused:
                if self.starts.get(node) != fact.log_end or not getattr(self.state, "last_unclean", 0):
                    raise
                if not leads_with(self, fact.leader, node) or len(self.state.log[fact.leader]) < fact.log_end:
                    told = f"all of n{node} is deleted and given up, which is outside the model {self.model.name}"
                    raise DivergedError("reconcile", told, outside=True) from refused
                # What is deleted there was, for all that follows, what its leader has.
                join(self, node, fact.leader)
                copy(self, node, fact.leader, fact.log_end)
                begins(self, node, fact.log_end)
        self.same(fact, "log_end", len(self.state.log[node]))

    def delete_below(self, node: int, fact: Any) -> None:
        """Not an action: the model's log keeps what was deleted, which must be committed."""
        bound = self.state.high_watermark[node]
        if fact.to > bound:
            told = f"it deletes what lies below {fact.to}, in the model the high watermark of n{node} is {bound}"
            raise DivergedError("delete_below", told)
        self.starts[node] = fact.to

    def compact(self, node: int, fact: Any) -> None:
        """Not an action: the model's log keeps what was compacted away, which must be committed.

        A cleaning takes its time on a slow disk, and goes by the watermark that it began with.
        """
        bound = self.state.high_watermark[node]
        if fact.to > bound and not self.has_believed(node, fact.to):
            told = f"it compacts what lies below {fact.to}, in the model the high watermark of n{node} is {bound}"
            raise DivergedError("compact", told)
        self.compacted = max(self.compacted, fact.to)

    def recover_start(self, node: int, fact: Any) -> None:
        """Not an action: where the log begins that its `restart` tells of."""
        self.found_at[node] = self.starts[node] = fact.to

    def acknowledge_deletion(self, node: int, fact: Any) -> None:
        """Not an action: a promise. What it speaks of must be committed."""
        bound = self.state.high_watermark[node]
        if fact.to > bound:
            told = f"it answers that all below {fact.to} is deleted, in the model the high watermark of n{node} is"
            raise DivergedError("acknowledge_deletion", f"{told} {bound}")

    def send_fetch(self, node: int, fact: Any) -> None:
        state, epoch = self.state, fact.leader_epoch + 1
        if fact.leader != state.leader[epoch] or not state.has_leader[epoch]:
            self.same(fact, "leader", self.leader_of(epoch))
        if fact.offset != state.log[node].length:
            self.same(fact, "offset", state.log[node].length)
        self.actions["send_fetch"](state, node)
        self.trail.append("send_fetch")

    def receive_fetch(self, node: int, fact: Any) -> None:
        state, epoch = self.state, fact.leader_epoch + 1
        if fact.leader != state.leader[epoch] or not state.has_leader[epoch]:
            self.same(fact, "leader", self.leader_of(epoch))
        end = state.log[node].length
        if self.inside and node in self.inside and fact.batches:
            self.inside.discard(node)
            # The batch in which the log begins comes whole.
            first = fact.batches[0]
            if first.base_offset <= end < first.base_offset + first.record_count:
                end = first.base_offset
                begins_with(self, node, end)
        for batch in fact.batches:
            if batch.base_offset != end or batch.record_count < 1:
                raise DivergedError(
                    "receive_fetch", f"it appends a batch at {batch.base_offset} to a log that ends at {end}"
                )
            end += batch.record_count
        if fact.log_end != end:
            self.same(fact, "log_end", end)
        watermark = fact.high_watermark
        if self.starts and watermark == self.starts.get(node):
            # It deleted up to there when it knew that to be committed; a new leader's watermark may lag.
            watermark = min(watermark, state.answered_high_watermark[node, epoch])
        before = state.high_watermark[node]
        self.actions["receive_fetch"](state, node, end, watermark)
        self.trail.append("receive_fetch")
        state.high_watermark[node] = fact.high_watermark
        if fact.high_watermark < before:
            self.put_back(node, before)
        if fact.high_watermark > self.believed[node]:
            self.believed[node] = fact.high_watermark
        for batch in fact.batches:
            self.holds(node, batch, "receive_fetch")


AT_THE_CONTROLLER: Mapping[str, Callable[[Any, int, Any], None]] = {
    "Elect": Refinement.elect,
    "FailOver": Refinement.fail_over,
    "Fence": Refinement.fence,
    "AlterPartition": Refinement.alter_partition,
}
Refinement.replay = {
    **AT_THE_CONTROLLER,
    "BecomeLeader": Refinement.become_leader,
    "BecomeFollower": Refinement.become_follower,
    "Restart": restart,
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
    "FallBehind": fall_behind,
    "DeleteBelow": Refinement.delete_below,
    "Compact": Refinement.compact,
    "RecoverStart": Refinement.recover_start,
    "AcknowledgeDeletion": Refinement.acknowledge_deletion,
    "SendFetch": Refinement.send_fetch,
    "ReceiveFetch": Refinement.receive_fetch,
}
AT_A_REPLICA = frozenset({*Refinement.replay, "Resume", "DeleteReplica"}).difference(AT_THE_CONTROLLER)
OF_MEMBERSHIP = frozenset({"BeginPartition", "CreatePartition", "DeletePartition", "DeleteReplica"})
"""Facts of which partitions there are, and where."""
ENTERS_AN_EPOCH = frozenset({"BecomeLeader", "Resume", "BecomeFollower", "Restart", "DeleteReplica"})
OF_NO_EPOCH = frozenset({*ENTERS_AN_EPOCH, "DeleteBelow", "Compact", "RecoverStart"})
"""Facts of a replica whose leader epoch, if they tell one, is not the one it was in."""
