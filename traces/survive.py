"""Refinement against `survival`: replicas that lose power, eligible leader replicas, broker epochs, changing members.

One rule: what is the same in `replication` is replayed as there (`traces.refine`); here is what differs.

The abstraction, beyond that of `replication`. A broker that comes back is one step of the model and two facts: its own
`restart`, which says what its disk held, and the controller's, when it registers. The first waits for the second, and
until then the broker may do nothing. It then knows the newest epoch, for it acts on no metadata older than its
registration. Kafka's broker epochs are numbered from 0 for each replica. `add_replicas` changes nobody's place: it is a
`fence` of a replica that does nothing. A replica that deleted its log is another one when it comes again.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from model.design import Model
from model.survival import SURVIVAL
from traces.abstraction import DivergedError, action_of, machine_of
from traces.membership import moved
from traces.refine import Refinement
from traces.restarts import returned

NOBODY = -1
"""A replica that does nothing."""


class Survival(Refinement):
    """One partition's execution, followed by `survival`. With `synced`, whatever is told is on disk."""

    model: ClassVar[Model] = SURVIVAL

    def __init__(self, created: Any, *, synced: bool = False) -> None:
        self.synced = synced
        self.returning: dict[int, Any] = {}
        """The `restart` of each broker that is back and not registered yet."""
        self.waiting: set[int] = set()
        """Those that are registered since, and have done nothing yet."""
        self.registrations: dict[int, dict[int, int]] = {}
        """By node: Kafka's broker epochs, and the model's."""
        self.former: dict[int, int] = {}
        """Replicas that deleted their log, by the names they have now, and whose they were."""
        super().__init__(created)

    def begin(self, created: Any) -> None:
        # Nothing can be committed before the first election: whether enough are in sync is as free as who is.
        self.state.enough[0] = self.state.enough_at[0] = created.enough
        super().begin(created)

    def take(self, node: int, fact: Any) -> None:
        if node in self.returning and type(fact).__name__ in AT_A_MEMBER:
            told = f"n{node} has restarted, and acts before the controller has told that it registered"
            raise DivergedError(action_of(fact), told)
        super().take(node, fact)
        if self.waiting and type(fact).__name__ in AT_A_MEMBER:
            self.waiting.discard(node)

    def view(self, node: int) -> dict[str, Any]:
        view = super().view(node)
        state = self.state
        view["elr"] = sorted(state.elr[state.newest_leader_epoch])
        view["enough"] = state.enough[state.newest_leader_epoch]
        if "replica" in view:
            view["replica"]["registrations"] = state.broker_epoch[node]
            view["replica"]["may_commit"] = state.may_commit[node]
        return view

    def same(self, fact: Any, field: str, expected: Any) -> None:
        if self.former and isinstance(expected, frozenset):
            expected = frozenset(self.former.get(member, member) for member in expected)
        super().same(fact, field, expected)

    def ends(self, node: int) -> tuple[int, int]:
        back = self.returning.get(node)
        return super().ends(node) if back is None else (back.log_end, back.high_watermark)

    def situated(self) -> None:
        state = self.state
        newest = state.newest_leader_epoch
        led = "led" if state.has_leader[newest] else "leaderless"
        few = "" if state.enough[newest] else " (too few)"
        unclean = ", after an unclean election" if state.last_unclean else ""
        self._situation = f"{len(state.isr[newest])} in sync{few}, {len(state.elr[newest])} eligible, {led}{unclean}"

    # ------------------------------------------------------------ registrations
    def registration(self, node: int, broker_epoch: int, action: str) -> int:
        """The model's number of a broker's registration. The first that is heard of is the one it was created under."""
        known = self.registrations.setdefault(node, {})
        number = known.get(broker_epoch)
        if number is None:
            if broker_epoch < 0:
                told = f"it does not say under which registration of n{node}"
                raise DivergedError(action, told, outside=True)
            if 0 in known.values() or any(epoch < broker_epoch for epoch in known):
                raise DivergedError(action, f"n{node} has no registration {broker_epoch}; it has {sorted(known)}")
            known[broker_epoch] = number = 0
        return number

    def same_registration(self, fact: Any, node: int, expected: int) -> None:
        """The registration that the fact names is that of the model."""
        number = self.registration(node, fact.broker_epoch, action_of(fact))
        if number != expected:
            numbers = {number: epoch for epoch, number in self.registrations[node].items()}
            told = f"it says broker_epoch of n{node} is {fact.broker_epoch}, in the model it is {numbers.get(expected)}"
            raise DivergedError(action_of(fact), told)

    def _registered(self, fact: Any) -> None:
        """A broker's newest registration."""
        known = self.registrations.setdefault(fact.replica, {})
        if any(epoch >= fact.broker_epoch for epoch in known):
            told = f"n{fact.replica} registers with broker epoch {fact.broker_epoch}, after {max(known)}"
            raise DivergedError(action_of(fact), told)
        known[fact.broker_epoch] = self.state.broker_epoch[fact.replica]

    def register(self, _node: int, fact: Any) -> None:
        kept, high_watermark = self._back(fact)
        end = len(self.state.log[fact.replica])
        if kept != end:
            told = f"n{fact.replica} registers as stopped cleanly, and has come back with {kept} of its {end} records"
            raise DivergedError("register", told)
        self.step("restart", replica=fact.replica, high_watermark=high_watermark)
        self._registered(fact)

    def lose_power(self, _node: int, fact: Any) -> None:
        newest = self.state.newest_leader_epoch
        self._lose(fact, newest)

    def member_loses_power(self, _node: int, fact: Any) -> None:
        self._lose(fact, self.state.newest_leader_epoch, enough=fact.enough)
        self._committed(fact)

    def leader_loses_power(self, _node: int, fact: Any) -> None:
        self._lose(fact, self.state.newest_leader_epoch + 1, enough=fact.enough)
        self._committed(fact)

    def _lose(self, fact: Any, known: int, **record: bool) -> None:
        kept, high_watermark = self._back(fact)
        if self.synced:
            self.step("flush", replica=fact.replica)
        self.step(
            action_of(fact), replica=fact.replica, known=known, kept=kept, high_watermark=high_watermark, **record
        )
        self._registered(fact)

    def _back(self, fact: Any) -> tuple[int, int]:
        """What the disk of a broker that registers has kept: nothing of a partition it tells nothing of.

        A process may register while the registration that the one before it had sent is still under way: the later one
        finds what the earlier had found.
        """
        node = fact.replica
        if node not in self.machine.members:
            raise DivergedError(action_of(fact), f"n{node} is no replica of {fact.partition}")
        if node not in self.returning and node in self.waiting:
            return super().ends(node)
        self.waiting.add(node)
        back = self.returning.pop(node, None)
        return (0, 0) if back is None else (back.log_end, back.high_watermark)

    # ------------------------------------------------------------ the controller
    def _committed(self, fact: Any) -> None:
        super()._committed(fact)
        newest = self.state.newest_leader_epoch
        self.same(fact, "elr", self.state.elr[newest])
        self.same(fact, "enough", self.state.enough[newest])

    def elect_none(self, _node: int, fact: Any) -> None:
        self.step("elect_none")
        self._committed(fact)

    def elect_to(self, _node: int, fact: Any) -> None:
        """`elect_eligible` and `elect_unclean`."""
        self.step(action_of(fact), leader=fact.leader, enough=fact.enough)
        self._committed(fact)

    def fail_over(self, _node: int, fact: Any) -> None:
        self.step("fail_over", leader=fact.leader, removed=fact.removed, enough=fact.enough)
        self._committed(fact)

    def take_offline(self, _node: int, fact: Any) -> None:
        self.step("take_offline", removed=fact.removed, enough=fact.enough)
        self._committed(fact)

    def fence(self, _node: int, fact: Any) -> None:
        if fact.removed == NOBODY:
            self.grow({NOBODY})
        self.step("fence", removed=fact.removed, enough=fact.enough)
        self._committed(fact)

    def add_replicas(self, _node: int, fact: Any) -> None:
        self.grow({NOBODY, *fact.added})
        self.step("fence", removed=NOBODY, enough=fact.enough)
        self._committed(fact)

    def reassign(self, _node: int, fact: Any) -> None:
        self.step("reassign", leader=fact.leader, removed=fact.removed, enough=fact.enough)
        self._committed(fact)

    def alter_partition(self, _node: int, fact: Any) -> None:
        self.same_registration(fact, fact.leader, self.state.proposed_by[fact.leader])
        self.step("alter_partition", leader=fact.leader, enough=fact.enough)
        self._committed(fact)

    def refuse_partition(self, _node: int, fact: Any) -> None:
        self.same(fact, "leader_epoch", self.state.newest_leader_epoch - 1)
        self.same(fact, "partition_epoch", self.state.newest_partition_epoch - 1)
        self.step("refuse_partition", leader=fact.leader, member=fact.member)

    # ------------------------------------------------------------ the leader
    def become_leader(self, node: int, fact: Any) -> None:
        super().become_leader(node, fact)
        self.same(fact, "enough", self.state.may_commit[node])

    def resume(self, node: int, fact: Any) -> None:
        self.step("resume", replica=node, partition_epoch=fact.partition_epoch + 1)
        self.same(fact, "leader_epoch", self.state.leader_epoch[node] - 1)
        self.same(fact, "isr", self.state.maximal_isr[node])
        self.same(fact, "start_offset", self.state.epoch_start[node])
        self.same(fact, "enough", self.state.may_commit[node])

    def learn_isr(self, node: int, fact: Any) -> None:
        super().learn_isr(node, fact)
        self.same(fact, "enough", self.state.may_commit[node])

    def acknowledge(self, node: int, fact: Any) -> None:
        number = self.registration(fact.follower, fact.broker_epoch, "acknowledge")
        follower = self._who_asked(fact, number) if self.former else fact.follower
        self.step("acknowledge", leader=node, follower=follower, offset=fact.offset, broker_epoch=number)

    def _who_asked(self, fact: Any, number: int) -> int:
        """A fetch that is counted late may be of the replica that its node was before it deleted its log."""
        asked = self.state.requested_by
        candidates = [fact.follower, *(name for name, node in self.former.items() if node == fact.follower)]
        for follower in candidates:
            if fact.offset <= asked[follower, fact.leader_epoch + 1, number]:
                return int(follower)
        return int(fact.follower)

    def expand_isr(self, node: int, fact: Any) -> None:
        super().expand_isr(node, fact)
        self.same_registration(fact, fact.follower, self.state.proposed_broker_epoch[node, fact.follower])

    # ------------------------------------------------------------ the follower
    def send_fetch(self, node: int, fact: Any) -> None:
        super().send_fetch(node, fact)
        self.same_registration(fact, node, self.state.broker_epoch[node])

    # ------------------------------------------------------------ members
    def restart(self, node: int, fact: Any) -> None:
        returned(self, node, fact)
        self.returning[node] = fact

    def delete_replica(self, node: int, _fact: Any) -> None:
        name = NOBODY - 1 - len(self.former)
        self.former[name] = node
        self._move({*self.machine.members, name}, {node: name})

    def grow(self, members: set[int]) -> None:
        """Have these replicas too."""
        if not members <= self.machine.members:
            self._move({*self.machine.members, *members}, {})

    def _move(self, members: set[int], names: Mapping[int, int]) -> None:
        machine = machine_of(self.model, tuple(sorted(members)), self.machine.members)
        self.state = moved(self.machine, machine, names)
        self.machine = machine
        for member in sorted(members):
            self.believed.setdefault(member, 0)


_OWN: Mapping[str, Callable[[Any, int, Any], None]] = {
    "ElectNone": Survival.elect_none,
    "ElectEligible": Survival.elect_to,
    "ElectUnclean": Survival.elect_to,
    "FailOver": Survival.fail_over,
    "TakeOffline": Survival.take_offline,
    "Fence": Survival.fence,
    "AddReplicas": Survival.add_replicas,
    "Reassign": Survival.reassign,
    "AlterPartition": Survival.alter_partition,
    "RefusePartition": Survival.refuse_partition,
    "Register": Survival.register,
    "LosePower": Survival.lose_power,
    "MemberLosesPower": Survival.member_loses_power,
    "LeaderLosesPower": Survival.leader_loses_power,
    "BecomeLeader": Survival.become_leader,
    "Resume": Survival.resume,
    "LearnIsr": Survival.learn_isr,
    "Acknowledge": Survival.acknowledge,
    "ExpandIsr": Survival.expand_isr,
    "SendFetch": Survival.send_fetch,
    "Restart": Survival.restart,
    "DeleteReplica": Survival.delete_replica,
}
Survival.replay = {**Refinement.replay, **_OWN}
AT_A_MEMBER = frozenset(
    {
        *("BecomeLeader", "Resume", "BecomeFollower", "Append", "AcknowledgeProduce", "AdvanceHighWatermark"),
        *("ExpandIsr", "ShrinkIsr", "LearnIsr", "Acknowledge", "AnswerFetch", "AnswerProbe"),
        *("Truncate", "Reconcile", "SendFetch", "ReceiveFetch"),
    }
)
"""Facts of a replica at work."""
