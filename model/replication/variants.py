"""Designs that do not hold: what Kafka once did, and single guards left out. Each replaces one or two actions.

One rule: a variant differs from the model in what it names and in nothing else, so that what breaks is its fault. Each
has a saved trace or a failing conjunct to show for itself; the proof must fail on every one of them.
"""

from model.design import Variant
from model.language import LeaderEpoch, Log, Offset, Replica, action, as_offset, definition, ghost, macro, require
from model.replication.follower import ends_inside, keeps_all_common, receive_fetch, send_fetch
from model.replication.leader import answer_probe
from model.replication.state import State


# ------------------------------------------------------------ truncation
@action
def truncate_to_high_watermark(s: State, follower: Replica, to: Offset) -> None:
    """Before KIP-101: a follower needs a leader to be there, but asks it nothing: it cuts its log to its own high
    watermark, which lags the leader's."""
    require(s.reconciled[follower] < s.leader_epoch[follower] and s.probe_answered[s.leader_epoch[follower]])
    require(to == s.high_watermark[follower] and to <= len(s.log[follower]))
    s.log[follower] = s.log[follower][:to]
    s.reconciled[follower] = s.leader_epoch[follower]


@macro
def follow_by_high_watermark(s: State, follower: Replica, leader: Replica, to: Offset) -> None:
    """A follower finds its leader, truncates, and is reconciled."""
    answer_probe(s, leader)
    truncate_to_high_watermark(s, follower, to)


@definition
def end_of_last_epoch(own: Log, other: Log, to: Offset) -> bool:
    """`to` is where the other log's entries of this log's last epoch, or of earlier ones, end; or where either ends."""
    return (
        0 <= to <= len(own)
        and to <= len(other)
        and (to == len(own) or to == len(other) or other[to].epoch > own[len(own) - 1].epoch)
        and all(other[o].epoch <= own[len(own) - 1].epoch for o in range(to))
    )


@action
def truncate_once(s: State, follower: Replica, to: Offset) -> None:
    """KIP-101 alone: one question, where the follower's last epoch ends in the leader's log, and no second one."""
    require(s.reconciled[follower] < s.leader_epoch[follower] and s.probe_answered[s.leader_epoch[follower]])
    require(end_of_last_epoch(s.log[follower], s.probe_log[s.leader_epoch[follower]], to))
    s.log[follower] = s.log[follower][:to]
    s.high_watermark[follower] = min(s.high_watermark[follower], to)
    s.reconciled[follower] = s.leader_epoch[follower]


@macro
def follow_after_one_question(s: State, follower: Replica, leader: Replica, to: Offset) -> None:
    """A follower asks once, truncates, and is reconciled."""
    answer_probe(s, leader)
    truncate_once(s, follower, to)


@action
def truncate_by_stale_answer(s: State, follower: Replica, to: Offset, epoch: LeaderEpoch) -> None:
    """Before KIP-320: the answer may come from the leader while it still leads an older epoch."""
    require(s.reconciled[follower] < s.leader_epoch[follower] and s.has_leader[s.leader_epoch[follower]])
    require(s.probe_answered[epoch] and s.leader[epoch] == s.leader[s.leader_epoch[follower]])
    require(keeps_all_common(s.log[follower], s.probe_log[epoch], to))
    require(ends_inside(s.log[follower][:to], s.probe_log[epoch]))
    s.log[follower] = s.log[follower][:to]
    s.high_watermark[follower] = min(s.high_watermark[follower], to)
    s.reconciled[follower] = s.leader_epoch[follower]


@macro
def follow_by_stale_answer(s: State, follower: Replica, leader: Replica, to: Offset) -> None:
    """A follower takes the answer of whoever leads its epoch, in whichever epoch that one is."""
    answer_probe(s, leader)
    truncate_by_stale_answer(s, follower, to, s.leader_epoch[leader])


# ------------------------------------------------------------ fetches
@action
def acknowledge_any_epoch(s: State, leader: Replica, follower: Replica, offset: Offset, epoch: LeaderEpoch) -> None:
    """No epoch check on fetches: a position shown in another epoch counts (KAFKA-6880)."""
    require(s.leading[leader] and follower != leader)
    require(0 <= offset <= s.requested[follower, epoch])
    s.acknowledged[leader, follower] = max(s.acknowledged[leader, follower], offset)


@action
def answer_any_epoch(s: State, leader: Replica, follower: Replica, epoch: LeaderEpoch) -> None:
    """No epoch check on fetches: a follower of another epoch is answered, and believes it."""
    require(s.leading[leader] and follower != leader and s.requested[follower, epoch] >= 0)
    s.answered[follower, epoch] = True
    s.answered_log[follower, epoch] = s.log[leader]
    s.answered_high_watermark[follower, epoch] = s.high_watermark[leader]
    with ghost:
        s.answered_committed_in[follower, epoch] = s.committed_in[leader]


@macro
def fetch_any_epoch(s: State, follower: Replica, leader: Replica, log_end: Offset) -> None:
    """A follower fetches from whoever leads anything."""
    send_fetch(s, follower)
    acknowledge_any_epoch(s, leader, follower, as_offset(len(s.log[follower])), s.leader_epoch[follower])
    answer_any_epoch(s, leader, follower, s.leader_epoch[follower])
    receive_fetch(s, follower, log_end, min(s.high_watermark[leader], log_end))


# ------------------------------------------------------------ committing, and the in-sync set
@action
def advance_before_isr(s: State, leader: Replica, to: Offset) -> None:
    """A leader commits what it has itself, whoever else has it."""
    require(s.leading[leader] and s.high_watermark[leader] < to <= len(s.log[leader]))
    s.high_watermark[leader] = to
    with ghost:
        s.committed[s.leader_epoch[leader]] = to
        s.committed_in[leader] = s.leader_epoch[leader]


@action
def expand_below_epoch_start(s: State, leader: Replica, follower: Replica) -> None:
    """KAFKA-7128: a follower at the leader's high watermark is admitted, though that lags what was committed before."""
    require(s.leading[leader] and not s.pending[leader] and follower not in s.maximal_isr[leader])
    require(s.acknowledged[leader, follower] >= s.high_watermark[leader] and s.acknowledged[leader, follower] >= 0)
    s.proposed_isr[leader] = s.maximal_isr[leader] | {follower}
    s.proposed_leader_epoch[leader] = s.leader_epoch[leader]
    s.proposed_partition_epoch[leader] = s.partition_epoch[leader]
    s.maximal_isr[leader] = s.maximal_isr[leader] | {follower}
    s.pending[leader] = True


@action
def expand_unchecked(s: State, leader: Replica, follower: Replica) -> None:
    """Any follower is admitted, however far behind."""
    require(s.leading[leader] and not s.pending[leader] and follower not in s.maximal_isr[leader])
    s.proposed_isr[leader] = s.maximal_isr[leader] | {follower}
    s.proposed_leader_epoch[leader] = s.leader_epoch[leader]
    s.proposed_partition_epoch[leader] = s.partition_epoch[leader]
    s.maximal_isr[leader] = s.maximal_isr[leader] | {follower}
    s.pending[leader] = True


@action
def expand_uncounted(s: State, leader: Replica, follower: Replica) -> None:
    """Before KIP-497: a leader goes on counting the old set while the controller may already have the larger one."""
    require(s.leading[leader] and not s.pending[leader] and follower not in s.maximal_isr[leader])
    require(s.acknowledged[leader, follower] >= s.high_watermark[leader])
    require(s.acknowledged[leader, follower] >= s.epoch_start[leader])
    s.proposed_isr[leader] = s.maximal_isr[leader] | {follower}
    s.proposed_leader_epoch[leader] = s.leader_epoch[leader]
    s.proposed_partition_epoch[leader] = s.partition_epoch[leader]
    s.pending[leader] = True


@action
def alter_without_comparing(s: State, leader: Replica) -> None:
    """No compare-and-set: a proposal made for an older version of the partition overwrites a newer one."""
    require(s.proposed_leader_epoch[leader] == s.newest_leader_epoch)
    require(s.has_leader[s.newest_leader_epoch] and s.leader[s.newest_leader_epoch] == leader)
    s.isr[s.newest_leader_epoch] = s.proposed_isr[leader]
    s.isr_at[s.newest_partition_epoch + 1] = s.proposed_isr[leader]
    s.leader_epoch_at[s.newest_partition_epoch + 1] = s.newest_leader_epoch
    s.newest_partition_epoch += 1


@action
def restart_forgetful(s: State, replica: Replica, high_watermark: Offset, epoch: LeaderEpoch) -> None:
    """A process comes back not knowing which epoch it had reached, and may follow or lead an older one."""
    require(0 <= high_watermark <= s.high_watermark[replica] and 0 <= epoch <= s.leader_epoch[replica])
    s.leading[replica] = False
    s.high_watermark[replica] = high_watermark
    s.leader_epoch[replica] = epoch


VARIANTS = (
    Variant(
        id="kip-101",
        sentence="A new follower truncates to its own high watermark (before KIP-101).",
        replaces={"truncate": truncate_to_high_watermark},
        macros={"reconcile_with": follow_by_high_watermark},
    ),
    Variant(
        id="kip-279",
        sentence="A new follower asks once where its last epoch ends, and never again (before KIP-279).",
        replaces={"truncate": truncate_once},
        macros={"reconcile_with": follow_after_one_question},
    ),
    Variant(
        id="kip-320",
        sentence="A new follower believes a leader that is still in an older epoch (before KIP-320).",
        replaces={"truncate": truncate_by_stale_answer},
        macros={"reconcile_with": follow_by_stale_answer},
    ),
    Variant(
        id="fetch-unfenced",
        sentence="Fetches carry no leader epoch.",
        replaces={"acknowledge": acknowledge_any_epoch, "answer_fetch": answer_any_epoch},
        macros={"fetch": fetch_any_epoch},
    ),
    Variant(
        id="commit-before-isr",
        sentence="A record is committed before the in-sync set has it.",
        replaces={"advance_high_watermark": advance_before_isr},
    ),
    Variant(
        id="expand-below-epoch-start",
        sentence="A follower below the start of the leader's epoch joins the in-sync set (KAFKA-7128).",
        replaces={"expand_isr": expand_below_epoch_start},
    ),
    Variant(
        id="expand-unchecked",
        sentence="A follower joins the in-sync set without having what was committed.",
        replaces={"expand_isr": expand_unchecked},
    ),
    Variant(
        id="expand-uncounted",
        sentence="A follower is not counted while its joining is pending (before KIP-497).",
        replaces={"expand_isr": expand_uncounted},
    ),
    Variant(
        id="alter-without-comparing",
        sentence="The controller accepts a proposal made for an older version of the partition.",
        replaces={"alter_partition": alter_without_comparing},
    ),
    Variant(
        id="restart-forgetful",
        sentence="A restarted replica acts on metadata older than what it had acted on before.",
        replaces={"restart": restart_forgetful},
    ),
)
