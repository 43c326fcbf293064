"""Refinement against `survival`: replicas that lose power, eligible leader replicas, broker epochs, changing members.

One rule: what is the same in `replication` is replayed as there (`traces.refine`); here is what differs.

The abstraction, beyond that of `replication` and of registrations (`traces.registrations`). `add_replicas` changes
nobody's place: it is a `fence` of a replica that does nothing. A replica that deleted its log is another one when it
comes again, and so is one whose disk was replaced: who had the old one has lost power and is never seen again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from traces.abstraction import DivergedError, action_of, machine_of
from traces.membership import moved
from traces.refine import Refinement
from traces.registrations import Registrations

SPARE = 5
"""Replicas that do nothing come in fives."""
NOBODY = -1
"""A replica that does nothing."""


class Survival(Registrations):
    """One partition's execution, followed by `survival`. With `synced`, whatever is told is on disk."""

    def __init__(self, created: Any, *, synced: bool = False) -> None:
        self.former: dict[int, int] = {}
        """Replicas that deleted their log or lost their disk, by the names they have now, and whose they were."""
        self.diskless: set[int] = set()
        """Those of them that lost their disk."""
        super().__init__(created, synced=synced)

    def begin(self, created: Any) -> None:
        # Nothing can be committed before the first election: whether enough are in sync is as free as who is.
        self.state.enough[0] = self.state.enough_at[0] = created.enough
        super().begin(created)

    def view(self, node: int) -> dict[str, Any]:
        view = super().view(node)
        state = self.state
        view["elr"] = sorted(state.elr[state.newest_leader_epoch])
        view["enough"] = state.enough[state.newest_leader_epoch]
        if "replica" in view:
            view["replica"]["registrations"] = state.broker_epoch[node]
            view["replica"]["may_commit"] = state.may_commit[node]
        return view

    def nodes(self, members: frozenset[int]) -> frozenset[int]:
        former = self.former
        return frozenset(former.get(member, member) for member in members) if former else members

    def situated(self) -> None:
        state = self.state
        newest = state.newest_leader_epoch
        led = "led" if state.has_leader[newest] else "leaderless"
        few = "" if state.enough[newest] else " (too few)"
        unclean = ", after an unclean election" if state.last_unclean else ""
        situation = f"{len(state.isr[newest])} in sync{few}, {len(state.elr[newest])} eligible, {led}{unclean}"
        if situation != self._situation:
            self.moves(situation)

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
        for node in fact.added:
            self.registered_outside(node)
        self.step("fence", removed=NOBODY, enough=fact.enough)
        self._committed(fact)

    def reassign(self, _node: int, fact: Any) -> None:
        self.step("reassign", leader=fact.leader, removed=fact.removed, enough=fact.enough)
        self.taken_out.add(fact.removed)
        self.apart.add(fact.removed)
        self.again_in.discard(fact.removed)
        self._committed(fact)

    def alter_partition(self, _node: int, fact: Any) -> None:
        state, leader = self.state, fact.leader
        if leader in self.apart and self.registered_apart(leader, fact.broker_epoch):
            state.proposed_by[leader] = state.broker_epoch[leader]
        self.same_registration(fact, leader, state.proposed_by[leader])
        before = state.isr[state.newest_leader_epoch]
        self.step("alter_partition", leader=leader, enough=fact.enough)
        self._committed(fact)
        if self.apart:
            # The controller holds whoever it lets in, and who leads, to their newest registrations.
            self.apart.difference_update(frozenset(fact.isr) - before, {leader})

    def count_on_absent(self, _node: int, _fact: Any) -> None:
        """The model does not know who is fenced: whoever is elected or added may be."""

    def allow_unclean(self, _node: int, _fact: Any) -> None:
        """In the model anybody may be elected uncleanly at any time."""

    def refuse_partition(self, _node: int, fact: Any) -> None:
        self.same(fact, "leader_epoch", self.state.newest_leader_epoch - 1)
        self.same(fact, "partition_epoch", self.state.newest_partition_epoch - 1)
        state, leader, member = self.state, fact.leader, fact.member
        if member in self.apart and state.proposed_broker_epoch[leader, member] == state.broker_epoch[member]:
            self.overtaken_apart(member)
        self.step("refuse_partition", leader=leader, member=member)

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
        follower = self._who_asked(fact) if self.former else fact.follower
        known = self.registrations.get(follower)
        number = None if known is None else known.get(fact.broker_epoch)
        if number is None:
            number = self.registration(follower, fact.broker_epoch, "acknowledge")
        self.actions["acknowledge"](self.state, node, follower, fact.offset, number)
        self.trail.append("acknowledge")

    def leader_of(self, epoch: int) -> int:
        leader = super().leader_of(epoch)
        return self.former.get(leader, leader)

    def asker(self, fact: Any) -> int:
        """Likewise for a fetch that is answered late."""
        asked = self.state.requested
        for follower in self._names_of(fact.follower):
            if fact.offset <= asked[follower, fact.leader_epoch + 1]:
                return follower
        return int(fact.follower)

    def _names_of(self, node: int) -> list[int]:
        """The replica that the node is now, and those that it was."""
        return [node, *(name for name, known in self.former.items() if known == node)]

    def _who_asked(self, fact: Any) -> int:
        """A fetch that is counted late may be of the replica that its node was before it deleted its log."""
        asked = self.state.requested_by
        for name in self._names_of(fact.follower):
            number = self.registrations.get(name, {}).get(fact.broker_epoch)
            if number is not None and fact.offset <= asked[name, fact.leader_epoch + 1, number]:
                return name
        return int(fact.follower)

    def advance_high_watermark(self, node: int, fact: Any) -> None:
        if self.diskless:
            counted, shown = self.state.maximal_isr[node] & self.diskless, self.state.acknowledged
            for name in sorted(counted):
                if shown[node, name] < fact.to:
                    told = f"n{node} counts n{self.former[name]} with its new disk for what it was with the old one"
                    told = f"{told}, as it has not heard yet; that is outside the model {self.model.name}"
                    raise DivergedError("advance_high_watermark", told, outside=True)
        super().advance_high_watermark(node, fact)

    def shrink_isr(self, node: int, fact: Any) -> None:
        self.same(fact, "partition_epoch", self.state.partition_epoch[node] - 1)
        kept = frozenset(fact.isr)
        if self.former:
            counted = self.state.maximal_isr[node]
            kept = frozenset(next((name for name in self._names_of(each) if name in counted), each) for each in kept)
        self.step("shrink_isr", leader=node, kept=kept)

    def expand_isr(self, node: int, fact: Any) -> None:
        follower = self._who_was_counted(node, fact) if self.former else fact.follower
        self.same(fact, "partition_epoch", self.state.partition_epoch[node] - 1)
        self.step("expand_isr", leader=node, follower=follower)
        self.same(fact, "isr", self.state.proposed_isr[node])
        self.same_registration(fact, follower, self.state.proposed_broker_epoch[node, follower])

    def _who_was_counted(self, leader: int, fact: Any) -> int:
        """A leader of an older epoch may have counted the replica that the node was before it deleted its log."""
        state = self.state
        for name in self._names_of(fact.follower):
            number = self.registrations.get(name, {}).get(fact.broker_epoch)
            if state.acknowledged[leader, name] >= 0 and state.acknowledged_by[leader, name] == number:
                return name
        return int(fact.follower)

    # ------------------------------------------------------------ the follower
    def send_fetch(self, node: int, fact: Any) -> None:
        state = self.state
        if self.apart and node in self.apart:
            self.registered_apart(node, fact.broker_epoch)
        newest = state.broker_epoch[node]
        if self.overtaken and node in self.overtaken:
            # Until then it fetches as what it takes itself for.
            state.broker_epoch[node] = self.goes_by(node, fact)
            try:
                super().send_fetch(node, fact)
            finally:
                state.broker_epoch[node] = newest
            return
        super().send_fetch(node, fact)
        known = self.registrations.get(node)
        if known is None or known.get(fact.broker_epoch) != newest:
            self.same_registration(fact, node, newest)

    # ------------------------------------------------------------ members
    def delete_replica(self, node: int, _fact: Any) -> None:
        self.returning.pop(node, None)
        self.unsaid.pop(node, None)
        self.heard.discard(node)
        self.taken_out.discard(node)
        self.apart.discard(node)
        self._renew(node)

    def replaced(self, node: int, *, heard: bool) -> None:
        """The replica that was there has registered, and does nothing from then on; another one has its name, under the
        same registration, which is the first of its own."""
        newest = max(self.registrations[node])
        del self.registrations[node][newest]
        known = self.state.leader_epoch[node]
        self._renew(node)
        self.registrations[node] = {newest: 0}
        self.diskless.add(min(self.former))
        if heard:
            self.step("become_follower", replica=node, epoch=known)

    def _renew(self, node: int) -> None:
        """The replica gets a name of its own, under which it does nothing more; one that nobody has seen has its."""
        name = NOBODY - 1 - len(self.former)
        self.former[name] = node
        self.overtaken.pop(node, None)
        self.registrations[name] = self.registrations.pop(node, {})
        self._move({*self.machine.members, name}, {node: name})

    def grow(self, members: set[int]) -> None:
        """Have these replicas too."""
        if not members <= self.machine.members:
            self._move({*self.machine.members, *members}, {})

    def _move(self, members: set[int], names: Mapping[int, int]) -> None:
        # Names to spare, a few at once: making ready for other members takes longer than following a small trace.
        spare = range(min(members) // SPARE * SPARE, 0)
        members = {*members, *spare}
        machine = machine_of(self.model, tuple(sorted(members)), self.machine.members)
        self.state = moved(self.machine, machine, names)
        self.machine, self.actions = machine, machine.functions
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
    "CountOnAbsent": Survival.count_on_absent,
    "AllowUnclean": Survival.allow_unclean,
    "Register": Survival.register,
    "LosePower": Survival.lose_power,
    "MemberLosesPower": Survival.member_loses_power,
    "LeaderLosesPower": Survival.leader_loses_power,
    "BecomeLeader": Survival.become_leader,
    "Resume": Survival.resume,
    "LearnIsr": Survival.learn_isr,
    "AdvanceHighWatermark": Survival.advance_high_watermark,
    "ShrinkIsr": Survival.shrink_isr,
    "Acknowledge": Survival.acknowledge,
    "ExpandIsr": Survival.expand_isr,
    "SendFetch": Survival.send_fetch,
    "Restart": Survival.restart,
    "DeleteReplica": Survival.delete_replica,
}
Survival.replay = {**Refinement.replay, **_OWN}
