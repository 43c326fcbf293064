"""Gaps in the numbers of the partition's versions, and how a view closes them.

One rule: versions that nobody will read are gaps, and only the order of the others matters, so later ones move down. So
a bound on partition epochs bounds how many versions somebody may still read, not how many there ever were, and the
space within it ends though the controller never does.
"""

from model.language import PartitionEpoch, Replica, definition
from model.replication.state import State


@definition
def gap(s: State, version: PartitionEpoch) -> bool:
    """A version that is forgotten, and not the newest."""
    return 1 <= version < s.newest_partition_epoch and s.leader_epoch_at[version] == 0


@definition
def close_gap(s: State, version: PartitionEpoch) -> None:
    """Later versions move down by one where this one is a gap. Whether it is, is read from what has not moved yet."""
    s.isr_at = {
        p: s.isr_at[p]
        if p < version or not gap(s, version)
        else (s.isr_at[p + 1] if p < s.newest_partition_epoch else s.isr_at[p] - s.isr_at[p])
        for p in PartitionEpoch
    }
    s.partition_epoch = {
        r: s.partition_epoch[r] - 1 if s.partition_epoch[r] > version and gap(s, version) else s.partition_epoch[r]
        for r in Replica
    }
    s.proposed_partition_epoch = {
        r: s.proposed_partition_epoch[r] - 1
        if s.proposed_partition_epoch[r] > version and gap(s, version)
        else s.proposed_partition_epoch[r]
        for r in Replica
    }
    s.newest_partition_epoch = s.newest_partition_epoch - 1 if gap(s, version) else s.newest_partition_epoch
    s.leader_epoch_at = {
        p: s.leader_epoch_at[p]
        if p < version or not (1 <= version <= s.newest_partition_epoch and s.leader_epoch_at[version] == 0)
        else (s.leader_epoch_at[p + 1] if p <= s.newest_partition_epoch else 0)
        for p in PartitionEpoch
    }


@definition
def settled(s: State) -> bool:
    """Leaders and proposals know the newest version or none: all that closing a gap needs to know."""
    return all(
        (s.partition_epoch[r] == 0 or s.partition_epoch[r] == s.newest_partition_epoch)
        and (s.proposed_partition_epoch[r] == -1 or s.proposed_partition_epoch[r] == s.newest_partition_epoch)
        for r in Replica
    )
