"""What a follower does beyond `replication`: its fetches carry its registration, and truncation reaches the disk."""

from model.language import LeaderEpoch, Offset, Replica, action, ghost, require
from model.replication.follower import ends_inside, keeps_all_common
from model.survival.state import State, leave


@action
def become_follower(s: State, replica: Replica, epoch: LeaderEpoch) -> None:
    """A replica learns a newer epoch, any one, that it does not lead. Its log is not reconciled with that epoch yet."""
    require(s.leader_epoch[replica] < epoch and epoch <= s.newest_leader_epoch)
    require(not s.has_leader[epoch] or s.leader[epoch] != replica)
    with ghost:
        leave(s, replica, epoch)
    s.leader_epoch[replica] = epoch
    s.leading[replica] = False


@action
def truncate(s: State, follower: Replica, to: Offset) -> None:
    """A follower removes some of what its epoch's leader does not have, never what both have (KIP-279, KIP-595)."""
    require(s.reconciled[follower] < s.leader_epoch[follower] and s.probe_answered[s.leader_epoch[follower]])
    require(keeps_all_common(s.log[follower], s.probe_log[s.leader_epoch[follower]], to))
    s.log[follower] = s.log[follower][:to]
    s.high_watermark[follower] = min(s.high_watermark[follower], to)
    s.flushed[follower] = min(s.flushed[follower], to)


@action
def reconcile(s: State, follower: Replica) -> None:
    """A follower's log is a prefix of what the leader of its epoch answered: its fetches count from here.

    Its high watermark may be from before an unclean election; what is left below it the elected leader had too.
    """
    require(not s.leading[follower] and s.probe_answered[s.leader_epoch[follower]])
    require(ends_inside(s.log[follower], s.probe_log[s.leader_epoch[follower]]))
    s.reconciled[follower] = s.leader_epoch[follower]
    with ghost:
        s.committed_in[follower] = (
            s.base
            if s.committed_in[follower] < s.last_unclean and s.last_unclean <= s.leader_epoch[follower]
            else s.committed_in[follower]
        )


@action
def send_fetch(s: State, follower: Replica) -> None:
    """A reconciled follower asks for what comes after its log end, in its epoch and under its registration."""
    require(not s.leading[follower] and s.reconciled[follower] == s.leader_epoch[follower])
    s.requested[follower, s.leader_epoch[follower]] = len(s.log[follower])
    s.requested_by[follower, s.leader_epoch[follower], s.broker_epoch[follower]] = len(s.log[follower])
