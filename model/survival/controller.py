"""What the controller does: elections, clean and unclean, changes of the in-sync set, and who may stand (KIP-903, 966).

Every record says whether the set it leaves has min.insync.replicas members: a free choice, for any minimum that may
change at any time. Left out: whom the controller believes alive, and the topic's policy (both only forbid steps).
"""

from collections.abc import Set

from model.language import Replica, action, definition, ghost, require
from model.survival.state import State


# ------------------------------------------------------------ the records
@definition
def left_eligible(s: State, members: Set[Replica], enough: bool) -> Set[Replica]:
    """The eligible leader replicas beside a new in-sync set: whoever leaves that set while it has too few members stays
    eligible, and once it has enough nobody else is (KIP-966)."""
    return members - members if enough else (s.elr[s.newest_leader_epoch] | s.isr[s.newest_leader_epoch]) - members


@definition
def remaining(s: State, r: Replica, enough: bool) -> Set[Replica]:
    """The eligible leader replicas without one that leaves both sets; none where enough are in sync."""
    return s.elr[s.newest_leader_epoch] - (s.elr[s.newest_leader_epoch] if enough else {r})


@definition
def change(s: State, members: Set[Replica], elr: Set[Replica], enough: bool) -> None:
    """A record that changes who is in sync, in the newest epoch."""
    s.isr[s.newest_leader_epoch] = members
    s.elr[s.newest_leader_epoch] = elr
    s.enough[s.newest_leader_epoch] = enough
    s.isr_at[s.newest_partition_epoch + 1] = members
    s.enough_at[s.newest_partition_epoch + 1] = enough
    s.leader_epoch_at[s.newest_partition_epoch + 1] = s.newest_leader_epoch
    s.newest_partition_epoch += 1


@definition
def begin(s: State, led: bool, leader: Replica, members: Set[Replica], elr: Set[Replica], enough: bool) -> None:
    """A record that begins an epoch, with or without a leader."""
    s.has_leader[s.newest_leader_epoch + 1] = led
    s.leader[s.newest_leader_epoch + 1] = leader
    s.isr[s.newest_leader_epoch + 1] = members
    s.elr[s.newest_leader_epoch + 1] = elr
    s.enough[s.newest_leader_epoch + 1] = enough
    s.isr_at[s.newest_partition_epoch + 1] = members
    s.enough_at[s.newest_partition_epoch + 1] = enough
    s.leader_epoch_at[s.newest_partition_epoch + 1] = s.newest_leader_epoch + 1
    s.newest_leader_epoch += 1
    s.newest_partition_epoch += 1


@definition
def note(s: State) -> None:
    """Ghost, after a record: who is eligible, and who was in sync when there were last enough."""
    s.eligible[s.newest_leader_epoch] = s.isr[s.newest_leader_epoch] | s.elr[s.newest_leader_epoch]
    s.survivors = s.isr[s.newest_leader_epoch] if s.enough[s.newest_leader_epoch] else s.survivors


# ------------------------------------------------------------ elections
@action
def elect(s: State, leader: Replica) -> None:
    """A new leader out of the in-sync set; both sets stay as they are. Also the creation of the partition."""
    require(leader in s.isr[s.newest_leader_epoch])
    begin(s, True, leader, s.isr[s.newest_leader_epoch], s.elr[s.newest_leader_epoch], s.enough[s.newest_leader_epoch])
    with ghost:
        note(s)


@action
def elect_none(s: State) -> None:
    """No member is alive to lead: an epoch without a leader; both sets stay as they are."""
    begin(
        s,
        False,
        s.leader[s.newest_leader_epoch],
        s.isr[s.newest_leader_epoch],
        s.elr[s.newest_leader_epoch],
        s.enough[s.newest_leader_epoch],
    )
    with ghost:
        note(s)


@action
def elect_eligible(s: State, leader: Replica, enough: bool) -> None:
    """A new leader out of the eligible leader replicas. It alone is in sync then."""
    require(leader in s.elr[s.newest_leader_epoch])
    begin(s, True, leader, {leader}, left_eligible(s, {leader}, enough), enough)
    with ghost:
        note(s)


@action
def elect_unclean(s: State, leader: Replica, enough: bool) -> None:
    """Any replica becomes the leader, whatever it has. It alone is in sync, nobody else is eligible, and what others
    have committed is given up (unclean.leader.election.enable; balanced recovery and an operator choose likewise)."""
    begin(s, True, leader, {leader}, s.elr[s.newest_leader_epoch] - s.elr[s.newest_leader_epoch], enough)
    s.last_unclean = s.newest_leader_epoch
    with ghost:
        note(s)
        s.survivors = {leader}
        s.fresh = True
        s.chosen = leader


@action
def fail_over(s: State, leader: Replica, removed: Replica, enough: bool) -> None:
    """A new leader out of the in-sync set, and another replica leaves the set in the same record."""
    require(leader in s.isr[s.newest_leader_epoch] and leader != removed)
    begin(
        s,
        True,
        leader,
        s.isr[s.newest_leader_epoch] - {removed},
        left_eligible(s, s.isr[s.newest_leader_epoch] - {removed}, enough),
        enough,
    )
    with ghost:
        note(s)


@action
def reassign(s: State, leader: Replica, removed: Replica, enough: bool) -> None:
    """A replica is taken out of the partition: it leaves both sets, and a new epoch begins, perhaps under the same
    leader. One that is put into the partition changes nothing: it fetches, and may join the in-sync set.

    A replica that was removed, has deleted its log and is put in again stands here for another replica: the new epoch
    keeps what the two have shown apart.
    """
    require(leader in s.isr[s.newest_leader_epoch] and leader != removed)
    with ghost:
        s.survivors = s.survivors - {removed}
    begin(s, True, leader, s.isr[s.newest_leader_epoch] - {removed}, remaining(s, removed, enough), enough)
    with ghost:
        note(s)


# ------------------------------------------------------------ changes of the in-sync set
@action
def take_offline(s: State, removed: Replica, enough: bool) -> None:
    """The leader is fenced and nobody takes over: it leaves the in-sync set, which may become empty (KIP-966)."""
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == removed)
    begin(
        s,
        False,
        removed,
        s.isr[s.newest_leader_epoch] - {removed},
        left_eligible(s, s.isr[s.newest_leader_epoch] - {removed}, enough),
        enough,
    )
    with ghost:
        note(s)


@action
def fence(s: State, removed: Replica, enough: bool) -> None:
    """A member that does not lead leaves the in-sync set, which may become empty; the leader epoch stays (KAFKA-15021).

    With a replica that is no member: the minimum has changed, and who is eligible is decided anew.
    """
    require(not s.has_leader[s.newest_leader_epoch] or removed != s.leader[s.newest_leader_epoch])
    change(
        s,
        s.isr[s.newest_leader_epoch] - {removed},
        left_eligible(s, s.isr[s.newest_leader_epoch] - {removed}, enough),
        enough,
    )
    with ghost:
        note(s)


@definition
def current(s: State, leader: Replica) -> bool:
    """The leader's proposal is of the newest epochs, and sent by the leader's newest registration."""
    return (
        s.proposed_leader_epoch[leader] == s.newest_leader_epoch
        and s.proposed_partition_epoch[leader] == s.newest_partition_epoch
        and s.has_leader[s.newest_leader_epoch]
        and s.leader[s.newest_leader_epoch] == leader
        and s.proposed_by[leader] == s.broker_epoch[leader]
    )


@definition
def as_registered(s: State, leader: Replica, member: Replica) -> bool:
    """A proposed member is in sync already, or has registered no more since it showed its position (KIP-903)."""
    return member in s.isr[s.newest_leader_epoch] or s.proposed_broker_epoch[leader, member] == s.broker_epoch[member]


@action
def alter_partition(s: State, leader: Replica, enough: bool) -> None:
    """The controller commits a leader's proposal: it leads, all its epochs are the newest, and so are those of the
    members it adds (KIP-497, KIP-903)."""
    require(current(s, leader))
    require(all(as_registered(s, leader, r) for r in Replica if r in s.proposed_isr[leader]))
    change(s, s.proposed_isr[leader], left_eligible(s, s.proposed_isr[leader], enough), enough)
    with ghost:
        note(s)


@action
def refuse_partition(s: State, leader: Replica, member: Replica) -> None:
    """The controller refuses a proposal that adds a broker which has registered since (INELIGIBLE_REPLICA). Its answer
    may arrive at any time or never."""
    require(current(s, leader) and member in s.proposed_isr[leader])
    require(not as_registered(s, leader, member))
    s.refused[leader] = True
    with ghost:
        s.refused_for[leader] = member
