"""What the controller does: it alone changes who leads and who is in sync, one record of the metadata log at a time.

Left out: registration and heartbeats (whom to elect or remove is free, so every cause is covered), unclean election,
eligible leader replicas, reassignment.
"""

from model.language import Replica, action, require
from model.replication.state import State


@action
def elect(s: State, leader: Replica) -> None:
    """A new leader out of the in-sync set, which stays as it is. Also the creation of the partition, from epoch 0."""
    require(leader in s.isr[s.newest_leader_epoch])
    s.isr[s.newest_leader_epoch + 1] = s.isr[s.newest_leader_epoch]
    s.isr_at[s.newest_partition_epoch + 1] = s.isr[s.newest_leader_epoch]
    s.leader_epoch_at[s.newest_partition_epoch + 1] = s.newest_leader_epoch + 1
    s.has_leader[s.newest_leader_epoch + 1] = True
    s.leader[s.newest_leader_epoch + 1] = leader
    s.newest_leader_epoch += 1
    s.newest_partition_epoch += 1


@action
def elect_none(s: State) -> None:
    """The leader is fenced and no other member is alive: an epoch without a leader; the in-sync set stays as it is."""
    s.isr[s.newest_leader_epoch + 1] = s.isr[s.newest_leader_epoch]
    s.isr_at[s.newest_partition_epoch + 1] = s.isr[s.newest_leader_epoch]
    s.leader_epoch_at[s.newest_partition_epoch + 1] = s.newest_leader_epoch + 1
    s.has_leader[s.newest_leader_epoch + 1] = False
    s.newest_leader_epoch += 1
    s.newest_partition_epoch += 1


@action
def fail_over(s: State, leader: Replica, removed: Replica) -> None:
    """A new leader out of the in-sync set, and another replica leaves the set in the same record."""
    require(leader in s.isr[s.newest_leader_epoch] and leader != removed)
    s.isr[s.newest_leader_epoch + 1] = s.isr[s.newest_leader_epoch] - {removed}
    s.isr_at[s.newest_partition_epoch + 1] = s.isr[s.newest_leader_epoch] - {removed}
    s.leader_epoch_at[s.newest_partition_epoch + 1] = s.newest_leader_epoch + 1
    s.has_leader[s.newest_leader_epoch + 1] = True
    s.leader[s.newest_leader_epoch + 1] = leader
    s.newest_leader_epoch += 1
    s.newest_partition_epoch += 1


@action
def fence(s: State, removed: Replica) -> None:
    """A member that does not lead leaves the in-sync set, never the last one; the leader epoch stays (KAFKA-15021)."""
    require(removed in s.isr[s.newest_leader_epoch])
    require(not s.has_leader[s.newest_leader_epoch] or removed != s.leader[s.newest_leader_epoch])
    require(any(r != removed and r in s.isr[s.newest_leader_epoch] for r in Replica))
    s.isr[s.newest_leader_epoch] = s.isr[s.newest_leader_epoch] - {removed}
    s.isr_at[s.newest_partition_epoch + 1] = s.isr[s.newest_leader_epoch]
    s.leader_epoch_at[s.newest_partition_epoch + 1] = s.newest_leader_epoch
    s.newest_partition_epoch += 1


@action
def alter_partition(s: State, leader: Replica) -> None:
    """The controller commits a leader's proposal: it leads, and both its epochs are the newest (KIP-497)."""
    require(s.proposed_leader_epoch[leader] == s.newest_leader_epoch)
    require(s.proposed_partition_epoch[leader] == s.newest_partition_epoch)
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == leader)
    s.isr[s.newest_leader_epoch] = s.proposed_isr[leader]
    s.isr_at[s.newest_partition_epoch + 1] = s.proposed_isr[leader]
    s.leader_epoch_at[s.newest_partition_epoch + 1] = s.newest_leader_epoch
    s.newest_partition_epoch += 1
