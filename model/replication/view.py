"""What of a state of replication nobody will ever read again.

One rule: a cell is forgotten only where every step that reads it is excluded for ever; the argument is beside the line
and the proof in `invariants/proofs/views.py`. Epochs only grow: that is what most of it rests on, and why variants that
take an epoch back, or read old metadata, are not to be viewed.
"""

from model.design import syntax
from model.language import LeaderEpoch, PartitionEpoch, Replica, definition
from model.replication.gaps import close_gap, gap, settled
from model.replication.state import State
from model.view import Closing, View


@definition
def to_come(s: State, epoch: LeaderEpoch) -> bool:
    """The epoch has a leader that leads it, or may still take it."""
    return any(s.leading[r] and s.leader_epoch[r] == epoch for r in Replica) or (
        s.has_leader[epoch] and epoch <= s.newest_leader_epoch and s.leader_epoch[s.leader[epoch]] < epoch
    )


@definition
def wanted(s: State, version: PartitionEpoch) -> bool:
    """Some replica may still take the leadership of this version's epoch, or learn this version as its leader."""
    return any(
        s.leading[r] and s.leader_epoch[r] == s.leader_epoch_at[version] and s.partition_epoch[r] < version
        for r in Replica
    ) or any(
        s.leader_epoch[r] < s.leader_epoch_at[version]
        and s.has_leader[s.leader_epoch_at[version]]
        and s.leader[s.leader_epoch_at[version]] == r
        for r in Replica
    )


@definition
def may_commit(s: State, leader: Replica) -> bool:
    """The proposal can still be accepted: both its epochs are the newest, and they only grow."""
    return (
        s.proposed_leader_epoch[leader] == s.newest_leader_epoch
        and s.proposed_partition_epoch[leader] == s.newest_partition_epoch
        and s.has_leader[s.newest_leader_epoch]
        and s.leader[s.newest_leader_epoch] == leader
    )


@definition
def forget_leading(s: State) -> None:
    """What only a leader reads, of replicas that do not lead: taking a leadership assigns all of it."""
    s.epoch_start = {r: s.epoch_start[r] if s.leading[r] else 0 for r in Replica}
    s.acknowledged = {
        (leader, follower): s.acknowledged[leader, follower] if s.leading[leader] else -1
        for leader in Replica
        for follower in Replica
    }
    s.maximal_isr = {r: s.maximal_isr[r] if s.leading[r] else s.maximal_isr[r] - s.maximal_isr[r] for r in Replica}
    s.partition_epoch = {r: s.partition_epoch[r] if s.leading[r] else 0 for r in Replica}
    s.pending = {r: s.pending[r] and s.leading[r] for r in Replica}


@definition
def forget_positions(s: State) -> None:
    """Positions below a leader's high watermark: they commit nothing and admit nobody, and it only rises."""
    s.acknowledged = {
        (leader, follower): s.acknowledged[leader, follower]
        if s.acknowledged[leader, follower] >= s.high_watermark[leader]
        else -1
        for leader in Replica
        for follower in Replica
    }


@definition
def forget_version(s: State) -> None:
    """Which older version a leader knows: what it may still learn is `wanted`, and only the newest one is compared."""
    s.partition_epoch = {
        r: s.newest_partition_epoch
        if s.leader_epoch[r] == s.newest_leader_epoch and s.partition_epoch[r] == s.newest_partition_epoch
        else 0
        for r in Replica
    }


@definition
def forget_proposals(s: State) -> None:
    """Proposals that the controller will refuse whenever they arrive."""
    s.proposed_isr = {
        r: s.proposed_isr[r] if may_commit(s, r) else s.proposed_isr[r] - s.proposed_isr[r] for r in Replica
    }
    s.proposed_partition_epoch = {r: s.proposed_partition_epoch[r] if may_commit(s, r) else -1 for r in Replica}
    s.proposed_leader_epoch = {r: s.proposed_leader_epoch[r] if may_commit(s, r) else -1 for r in Replica}


@definition
def forget_fetches(s: State) -> None:
    """Fetches that nobody leads to answer, and answers to fetches of epochs that the follower has left."""
    s.requested = {
        (follower, epoch): s.requested[follower, epoch] if to_come(s, epoch) or epoch > s.newest_leader_epoch else -1
        for follower in Replica
        for epoch in LeaderEpoch
    }
    s.answered = {
        (follower, epoch): s.answered[follower, epoch] and s.leader_epoch[follower] <= epoch
        for follower in Replica
        for epoch in LeaderEpoch
    }
    s.answered_log = {
        (follower, epoch): s.answered_log[follower, epoch]
        if s.answered[follower, epoch]
        else s.answered_log[follower, epoch][:0]
        for follower in Replica
        for epoch in LeaderEpoch
    }
    s.answered_high_watermark = {
        (follower, epoch): s.answered_high_watermark[follower, epoch] if s.answered[follower, epoch] else 0
        for follower in Replica
        for epoch in LeaderEpoch
    }


@definition
def forget_probes(s: State) -> None:
    """Answers to probes of epochs that everybody has left."""
    s.probe_answered = {
        epoch: s.probe_answered[epoch] and any(s.leader_epoch[r] <= epoch for r in Replica) for epoch in LeaderEpoch
    }
    s.probe_log = {
        epoch: s.probe_log[epoch] if s.probe_answered[epoch] else s.probe_log[epoch][:0] for epoch in LeaderEpoch
    }


@definition
def forget_metadata(s: State) -> None:
    """In-sync sets of old epochs, and versions of the partition that no leader will adopt."""
    s.isr = {e: s.isr[e] if e == s.newest_leader_epoch else s.isr[e] - s.isr[e] for e in LeaderEpoch}
    s.isr_at = {p: s.isr_at[p] if wanted(s, p) else s.isr_at[p] - s.isr_at[p] for p in PartitionEpoch}
    s.leader_epoch_at = {p: s.leader_epoch_at[p] if wanted(s, p) else 0 for p in PartitionEpoch}


@definition
def forget_leaders(s: State) -> None:
    """Who was to lead an old epoch, once that one has reached it: to the others it is one that they do not lead."""
    s.has_leader = {
        e: s.has_leader[e] and (e >= s.newest_leader_epoch or s.leader_epoch[s.leader[e]] < e) for e in LeaderEpoch
    }
    s.leader = {e: s.leader[e] if s.has_leader[e] else s.leader[0] for e in LeaderEpoch}


@definition
def counts(s: State, r: Replica) -> bool:
    """Being reconciled with its epoch can matter to it: a leader of it is there, or may come, or has answered."""
    return (
        s.leading[r]
        or to_come(s, s.leader_epoch[r])
        or s.probe_answered[s.leader_epoch[r]]
        or s.answered[r, s.leader_epoch[r]]
    )


@definition
def forget_reconciliation(s: State) -> None:
    """In which older epoch a log was reconciled last, or in one that nobody leads any more."""
    s.reconciled = {
        r: s.reconciled[r]
        if s.reconciled[r] > s.leader_epoch[r] or (s.reconciled[r] == s.leader_epoch[r] and counts(s, r))
        else 0
        for r in Replica
    }


@definition
def live(s: State) -> None:
    """All of it. What rests on who may still lead comes before that is forgotten."""
    forget_leading(s)
    forget_positions(s)
    forget_proposals(s)
    forget_fetches(s)
    forget_probes(s)
    forget_reconciliation(s)
    forget_metadata(s)
    forget_version(s)
    forget_leaders(s)


@definition
def live_but_proposals(s: State) -> None:
    """For a controller that accepts old proposals."""
    forget_leading(s)
    forget_positions(s)
    forget_fetches(s)
    forget_probes(s)
    forget_reconciliation(s)
    forget_metadata(s)
    forget_leaders(s)


@definition
def live_but_probes(s: State) -> None:
    """For a follower that believes answers of older epochs, from whoever led them."""
    forget_leading(s)
    forget_positions(s)
    forget_proposals(s)
    forget_fetches(s)
    forget_metadata(s)
    forget_version(s)


@definition
def live_but_fetches(s: State) -> None:
    """For a leader that takes fetches of any epoch."""
    forget_leading(s)
    forget_positions(s)
    forget_proposals(s)
    forget_probes(s)
    forget_metadata(s)
    forget_version(s)
    forget_leaders(s)


@definition
def live_forward(s: State) -> None:
    """For a replica that may go back to an older epoch: only what does not rest on epochs growing at replicas."""
    forget_leading(s)
    forget_positions(s)
    forget_proposals(s)


@definition
def both_lead(s: State, a: Replica, b: Replica) -> bool:
    """Two replicas lead one epoch."""
    return s.leading[a] and s.leading[b] and s.leader_epoch[a] == s.leader_epoch[b]


@definition
def grounded(s: State) -> bool:
    """Numbers are naturals, nobody leads epoch 0, a leader agrees with itself, and nobody knows of what the controller
    has not written yet: all that the view's soundness needs to know."""
    return (
        s.newest_leader_epoch >= 0
        and s.newest_partition_epoch >= 0
        and all(
            0 <= s.leader_epoch[r] <= s.newest_leader_epoch
            and s.reconciled[r] >= 0
            and s.high_watermark[r] >= 0
            and (
                not s.leading[r]
                or (
                    s.leader_epoch[r] >= 1
                    and s.reconciled[r] >= s.leader_epoch[r]
                    and (not s.has_leader[s.leader_epoch[r]] or s.leader[s.leader_epoch[r]] == r)
                )
            )
            and 0 <= s.partition_epoch[r] <= s.newest_partition_epoch
            and s.proposed_leader_epoch[r] <= s.newest_leader_epoch
            and s.proposed_partition_epoch[r] <= s.newest_partition_epoch
            for r in Replica
        )
        and all(s.leader_epoch_at[p] <= s.newest_leader_epoch for p in PartitionEpoch)
        and all(a == b for a in Replica for b in Replica if both_lead(s, a, b))
        and all(
            s.leader_epoch_at[p] == 0 and all(r not in s.isr_at[p] for r in Replica)
            for p in PartitionEpoch
            if p > s.newest_partition_epoch
        )
    )


LIVE = View(
    function=syntax(live),
    given=syntax(grounded),
    closing=Closing(function=syntax(close_gap), gap=syntax(gap), given=syntax(settled)),
    instead={
        "alter-without-comparing": syntax(live_but_proposals),
        "kip-320": syntax(live_but_probes),
        "fetch-unfenced": syntax(live_but_fetches),
        "restart-forgetful": syntax(live_forward),
    },
)
