"""Designs that lose what was committed: what Kafka once did, and single guards left out. Each replaces some actions.

One rule: a variant differs from the model in what it names and in nothing else, so that what breaks is its fault. Each
has a saved trace and failing conjuncts to show for itself.
"""

from model.design import Variant
from model.language import (
    BrokerEpoch,
    LeaderEpoch,
    Offset,
    PartitionEpoch,
    Replica,
    action,
    as_epoch,
    definition,
    ghost,
    require,
)
from model.replication.state import owner
from model.survival.brokers import come_back, may_know, on_disk
from model.survival.controller import as_registered, begin, change, current, left_eligible, note, remaining
from model.survival.leader import lead, propose, start_epoch
from model.survival.state import State, leave


# ------------------------------------------------------------ what the controller makes of a registration
@action
def member_keeps_isr(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """Before KIP-966: a broker that lost power keeps its place in the in-sync set. (`enough` stays what it was.)"""
    require(on_disk(s, replica, kept, high_watermark) and enough == s.enough[s.newest_leader_epoch])
    require(may_know(s, replica, known, s.newest_leader_epoch))
    require(replica in s.isr[s.newest_leader_epoch])
    require(not s.has_leader[s.newest_leader_epoch] or s.leader[s.newest_leader_epoch] != replica)
    with ghost:
        leave(s, replica, known)
        s.survivors = s.survivors - {replica}
    come_back(s, replica, known, kept, high_watermark)


@action
def member_keeps_elr(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """A broker that lost power leaves the in-sync set only, and stays an eligible leader replica."""
    require(on_disk(s, replica, kept, high_watermark) and may_know(s, replica, known, s.newest_leader_epoch))
    require(replica in s.isr[s.newest_leader_epoch] or replica in s.elr[s.newest_leader_epoch])
    require(not s.has_leader[s.newest_leader_epoch] or s.leader[s.newest_leader_epoch] != replica)
    with ghost:
        leave(s, replica, known)
        s.survivors = s.survivors - {replica}
    change(
        s,
        s.isr[s.newest_leader_epoch] - {replica},
        left_eligible(s, s.isr[s.newest_leader_epoch] - {replica}, enough),
        enough,
    )
    come_back(s, replica, known, kept, high_watermark)
    with ghost:
        note(s)


@action
def last_replica_stands(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """Before KIP-966: the in-sync set never becomes empty, so its last member keeps its place though it lost power."""
    require(on_disk(s, replica, kept, high_watermark))
    require(may_know(s, replica, known, as_epoch(s.newest_leader_epoch + 1)))
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == replica)
    require(all(r == replica for r in Replica if r in s.isr[s.newest_leader_epoch]))
    with ghost:
        leave(s, replica, known)
        s.survivors = s.survivors - {replica}
    begin(s, False, replica, s.isr[s.newest_leader_epoch], remaining(s, replica, enough), enough)
    come_back(s, replica, known, kept, high_watermark)
    with ghost:
        note(s)


@action
def leads_before_registration(
    s: State, replica: Replica, known: LeaderEpoch, kept: Offset, high_watermark: Offset, enough: bool
) -> None:
    """A leader that lost power finds itself the leader in the metadata it has and leads on, before it has registered or
    under a controller that leaves it the leadership. (What it would know and what would be enough once it registers
    means nothing yet.)"""
    require(on_disk(s, replica, kept, high_watermark) and enough == s.enough[s.newest_leader_epoch])
    require(s.leading[replica] and known == s.newest_leader_epoch + 1)
    s.log[replica] = s.log[replica][:kept]
    s.flushed[replica] = kept
    s.high_watermark[replica] = high_watermark


@action
def reassign_within_epoch(s: State, leader: Replica, removed: Replica, enough: bool) -> None:
    """A replica is taken out, deletes its log and is put in again, all within one leader epoch."""
    require(leader in s.isr[s.newest_leader_epoch] and leader != removed)
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == leader)
    with ghost:
        leave(s, removed, s.newest_leader_epoch)
        s.survivors = s.survivors - {removed}
    change(s, s.isr[s.newest_leader_epoch] - {removed}, remaining(s, removed, enough), enough)
    s.leader_epoch[removed] = s.newest_leader_epoch
    s.leading[removed] = False
    s.log[removed] = s.log[removed][:0]
    s.flushed[removed] = 0
    s.high_watermark[removed] = 0
    with ghost:
        note(s)


# ------------------------------------------------------------ elections and proposals
@action
def elect_unclean_keeping_isr(s: State, leader: Replica, enough: bool) -> None:
    """An unclean election leaves the old members in sync beside the elected one, though their logs may be longer."""
    begin(
        s,
        True,
        leader,
        s.isr[s.newest_leader_epoch] | {leader},
        s.elr[s.newest_leader_epoch] - s.elr[s.newest_leader_epoch],
        enough,
    )
    s.last_unclean = s.newest_leader_epoch
    with ghost:
        note(s)
        s.survivors = {leader}
        s.fresh = True
        s.chosen = leader


@action
def elect_anybody(s: State, leader: Replica, enough: bool) -> None:
    """An unclean election passes for a clean one: what was committed before still counts."""
    begin(s, True, leader, {leader}, s.elr[s.newest_leader_epoch] - s.elr[s.newest_leader_epoch], enough)
    with ghost:
        note(s)
        s.survivors = {leader}


@action
def alter_without_registrations(s: State, leader: Replica, enough: bool) -> None:
    """Before KIP-903: the controller does not ask under which registration a new member showed its position."""
    require(current(s, leader))
    change(s, s.proposed_isr[leader], left_eligible(s, s.proposed_isr[leader], enough), enough)
    with ghost:
        note(s)


@definition
def as_registered_or_before(s: State, leader: Replica, member: Replica) -> bool:
    """As `as_registered`; a position that was shown before the broker had registered at all passes too."""
    return as_registered(s, leader, member) or s.proposed_broker_epoch[leader, member] == 0


@action
def alter_with_wildcard(s: State, leader: Replica, enough: bool) -> None:
    """A broker that has not registered yet fetches under the broker epoch -1, which the controller compares with
    nothing. (Registration 0 stands for that here.)"""
    require(current(s, leader))
    require(all(as_registered_or_before(s, leader, r) for r in Replica if r in s.proposed_isr[leader]))
    change(s, s.proposed_isr[leader], left_eligible(s, s.proposed_isr[leader], enough), enough)
    with ghost:
        note(s)


@action
def alter_for_any_sender(s: State, leader: Replica, enough: bool) -> None:
    """The controller takes a proposal that the leader sent before it restarted, and no longer counts on."""
    require(s.proposed_leader_epoch[leader] == s.newest_leader_epoch)
    require(s.proposed_partition_epoch[leader] == s.newest_partition_epoch)
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == leader)
    require(all(as_registered(s, leader, r) for r in Replica if r in s.proposed_isr[leader]))
    change(s, s.proposed_isr[leader], left_eligible(s, s.proposed_isr[leader], enough), enough)
    with ghost:
        note(s)


@action
def alter_keeping_elr(s: State, leader: Replica, enough: bool) -> None:
    """Whoever is an eligible leader replica stays one, though enough are in sync to commit without it."""
    require(current(s, leader))
    require(all(as_registered(s, leader, r) for r in Replica if r in s.proposed_isr[leader]))
    change(
        s,
        s.proposed_isr[leader],
        (s.elr[s.newest_leader_epoch] | s.isr[s.newest_leader_epoch]) - s.proposed_isr[leader],
        enough,
    )
    with ghost:
        note(s)


@action
def refuse_for_now(s: State, leader: Replica, member: Replica) -> None:
    """The controller refuses a proposal for a reason that passes (the broker is fenced); a second copy of the request
    that arrives later is accepted."""
    require(current(s, leader) and member in s.proposed_isr[leader] and member not in s.isr[s.newest_leader_epoch])
    s.refused[leader] = True
    with ghost:
        s.refused_for[leader] = member


# ------------------------------------------------------------ the leader
@action
def lead_behind(s: State, replica: Replica, epoch: LeaderEpoch, partition_epoch: PartitionEpoch) -> None:
    """A broker that lost power leads and serves by metadata older than its registration."""
    require(s.leader_epoch[replica] < epoch and epoch <= s.newest_leader_epoch)
    require(s.has_leader[epoch] and s.leader[epoch] == replica)
    require(0 <= partition_epoch <= s.newest_partition_epoch and s.leader_epoch_at[partition_epoch] == epoch)
    with ghost:
        leave(s, replica, epoch)
        start_epoch(s, replica, epoch)
    s.leader_epoch[replica] = epoch
    s.reconciled[replica] = epoch
    lead(s, replica, partition_epoch)


@action
def expand_untagged(s: State, leader: Replica, follower: Replica) -> None:
    """A leader proposes a follower under the registration it finds in the metadata, not the one that showed the
    position."""
    require(s.leading[leader] and not s.pending[leader] and follower not in s.maximal_isr[leader])
    require(s.acknowledged[leader, follower] >= s.high_watermark[leader])
    require(s.acknowledged[leader, follower] >= s.epoch_start[leader])
    propose(s, leader, s.maximal_isr[leader] | {follower})
    s.proposed_broker_epoch[leader, follower] = s.broker_epoch[follower]
    s.maximal_isr[leader] = s.maximal_isr[leader] | {follower}


@action
def acknowledge_highest(
    s: State, leader: Replica, follower: Replica, offset: Offset, broker_epoch: BrokerEpoch
) -> None:
    """A newer registration does not start over: the highest position that was ever shown in the epoch counts."""
    require(s.leading[leader] and follower != leader)
    require(s.acknowledged_by[leader, follower] <= broker_epoch)
    require(0 <= offset <= s.requested_by[follower, s.leader_epoch[leader], broker_epoch])
    s.acknowledged[leader, follower] = max(s.acknowledged[leader, follower], offset)
    s.acknowledged_by[leader, follower] = broker_epoch


@action
def advance_below_minimum(s: State, leader: Replica, to: Offset) -> None:
    """A leader commits with fewer in sync than the controller's minimum: by its own, lower idea of it, or by none."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    require(all(f == leader or to <= s.acknowledged[leader, f] for f in Replica if f in s.maximal_isr[leader]))
    s.high_watermark[leader] = to
    with ghost:
        s.committed[s.leader_epoch[leader]] = max(s.committed[s.leader_epoch[leader]], to)
        s.committed_in[leader] = s.leader_epoch[leader]


@action
def resume_by_old_version(s: State, replica: Replica, partition_epoch: PartitionEpoch) -> None:
    """A restarted leader leads on by the version it knew, though a proposal of its own was committed since."""
    require(not s.leading[replica] and owner(s, replica))
    require(s.partition_epoch[replica] <= partition_epoch <= s.newest_partition_epoch)
    require(s.leader_epoch_at[partition_epoch] == s.leader_epoch[replica])
    lead(s, replica, partition_epoch)


VARIANTS = (
    Variant(
        id="unclean-keeps-isr",
        sentence="A broker that lost power keeps its place in the in-sync set (before KIP-966).",
        replaces={"member_loses_power": member_keeps_isr},
    ),
    Variant(
        id="unclean-keeps-elr",
        sentence="A broker that lost power stays an eligible leader replica.",
        replaces={"member_loses_power": member_keeps_elr},
    ),
    Variant(
        id="last-replica-standing",
        sentence="The last member of the in-sync set keeps its place though it lost power (before KIP-966).",
        replaces={"leader_loses_power": last_replica_stands},
    ),
    Variant(
        id="stale-metadata",
        sentence="A broker that lost power leads and serves by metadata older than its registration.",
        replaces={"become_leader": lead_behind},
    ),
    Variant(
        id="leads-before-registration",
        sentence="A leader that lost power leads its epoch on, with what its disk kept.",
        replaces={"leader_loses_power": leads_before_registration},
    ),
    Variant(
        id="reassign-within-epoch",
        sentence="A replica is removed, deletes its log and is added again within one leader epoch.",
        replaces={"reassign": reassign_within_epoch},
    ),
    Variant(
        id="unclean-election-keeps-isr",
        sentence="An unclean election leaves the old members in the in-sync set.",
        replaces={"elect_unclean": elect_unclean_keeping_isr},
    ),
    Variant(
        id="unclean-passes-for-clean",
        sentence="A replica that is neither in sync nor eligible is elected as if it were.",
        replaces={"elect_unclean": elect_anybody},
    ),
    Variant(
        id="no-broker-epoch",
        sentence="The controller does not compare broker epochs (before KIP-903).",
        replaces={"alter_partition": alter_without_registrations},
    ),
    Variant(
        id="wildcard-registration",
        sentence="A follower that fetched before it had registered is admitted under any registration.",
        replaces={"alter_partition": alter_with_wildcard},
    ),
    Variant(
        id="any-sender",
        sentence="The controller accepts a proposal that the leader sent before it restarted.",
        replaces={"alter_partition": alter_for_any_sender},
    ),
    Variant(
        id="elr-kept",
        sentence="Eligible leader replicas stay eligible though enough replicas are in sync without them.",
        replaces={"alter_partition": alter_keeping_elr},
    ),
    Variant(
        id="refused-for-now",
        sentence="A leader rolls back a proposal that may still be accepted later.",
        replaces={"refuse_partition": refuse_for_now},
    ),
    Variant(
        id="untagged-proposal",
        sentence="A leader proposes a follower under another registration than the one that showed its position.",
        replaces={"expand_isr": expand_untagged},
    ),
    Variant(
        id="untagged-position",
        sentence="A position that was shown before the follower lost power still counts after it has registered anew.",
        replaces={"acknowledge": acknowledge_highest},
    ),
    Variant(
        id="below-minimum",
        sentence="A leader commits with fewer in sync than the controller's min.insync.replicas.",
        replaces={"advance_high_watermark": advance_below_minimum},
    ),
    Variant(
        id="resume-by-old-version",
        sentence="A restarted leader leads on by a version of the partition that is older than its registration.",
        replaces={"resume": resume_by_old_version},
    ),
)
