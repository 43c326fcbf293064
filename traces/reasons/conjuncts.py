"""What it means, in plain words, that a condition of a model's action is false.

One rule: by the condition's own text, so that a model that moves on leaves no sentence behind: a test holds this table
against the models' actions. A name in angle brackets is a parameter of the action, or an operand of the condition, and
stands for its value in the step that was refused.
"""

from collections.abc import Mapping

_PARTITION: Mapping[str, str] = {
    # ---------------------------------------------------------------- the controllers
    "leader in s.isr[s.newest_leader_epoch]": "<leader> is not in the in-sync set, so it may lack what was committed",
    "leader in s.elr[s.newest_leader_epoch]": (
        "<leader> is not an eligible leader replica, so it may lack what was committed"
    ),
    "leader != removed": "the replica that is elected is the one that is removed",
    "s.has_leader[s.newest_leader_epoch]": "the newest epoch has no leader",
    "s.leader[s.newest_leader_epoch] == removed": "<removed> does not lead the newest epoch",
    "s.leader[s.newest_leader_epoch] == replica": "<replica> does not lead the newest epoch",
    "s.leader[s.newest_leader_epoch] == leader": "<leader> does not lead the newest epoch",
    "not s.has_leader[s.newest_leader_epoch] or removed != s.leader[s.newest_leader_epoch]": (
        "<removed> leads the newest epoch, and a leader that goes ends its epoch"
    ),
    "not s.has_leader[s.newest_leader_epoch] or s.leader[s.newest_leader_epoch] != replica": (
        "<replica> leads the newest epoch, and a leader that lost power ends its epoch"
    ),
    "removed in s.isr[s.newest_leader_epoch]": "<removed> is not in the in-sync set",
    "any(r != removed and r in s.isr[s.newest_leader_epoch] for r in Replica)": "nobody would be left in sync",
    "s.proposed_leader_epoch[leader] == s.newest_leader_epoch": (
        "<leader> proposed that in a leader epoch that is over"
    ),
    "s.proposed_partition_epoch[leader] == s.newest_partition_epoch": (
        "<leader> proposed that on top of a version of the partition that is no longer the newest"
    ),
    "current(s, leader)": (
        "the proposal is not of the newest leader epoch and version, or not of <leader>'s newest registration"
    ),
    "all(as_registered(s, leader, r) for r in Replica if r in s.proposed_isr[leader])": (
        "a member it adds has registered anew since it showed its position, and may have lost what it showed"
    ),
    "member in s.proposed_isr[leader]": "<leader> has proposed no set with <member> in it",
    "not as_registered(s, leader, member)": (
        "<member> is in sync already, or has not registered since it showed its position: there is nothing to refuse"
    ),
    # ---------------------------------------------------------------- brokers that come and go
    "on_disk(s, replica, kept, high_watermark)": (
        "<replica>'s disk has less than was flushed to it, or something else"
    ),
    "may_know(s, replica, known, s.newest_leader_epoch)": "<replica> cannot know of that epoch when it registers",
    "may_know(s, replica, known, as_epoch(s.newest_leader_epoch + 1))": (
        "<replica> cannot know of that epoch when it registers"
    ),
    "replica not in s.isr[s.newest_leader_epoch]": (
        "<replica> is in the in-sync set, and keeps its place there though it may have lost records"
    ),
    "replica not in s.elr[s.newest_leader_epoch]": (
        "<replica> is an eligible leader replica, and stays one though it may have lost records"
    ),
    "replica in s.isr[s.newest_leader_epoch] or replica in s.elr[s.newest_leader_epoch]": (
        "<replica> is neither in sync nor eligible to lead"
    ),
    "0 <= high_watermark <= s.high_watermark[replica]": "it comes back with a higher high watermark than it ever had",
    # ---------------------------------------------------------------- who leads
    "s.leader_epoch[replica] < epoch": "<replica> is in that epoch or a later one already",
    "epoch <= s.newest_leader_epoch": "the controllers have opened no such epoch",
    "s.registered_in[replica] <= epoch": "<replica> lost power since that epoch began, and may not lead in it",
    "s.has_leader[epoch]": "that epoch has no leader",
    "s.leader[epoch] == replica": "that epoch has another leader",
    "0 <= partition_epoch <= s.newest_partition_epoch": "the controllers have decided no such version",
    "s.leader_epoch_at[partition_epoch] == epoch": "that version of the partition is of another leader epoch",
    "not s.leading[replica]": "<replica> leads already",
    "owner(s, replica)": "<replica> does not lead the epoch it knows",
    "s.partition_epoch[replica] <= partition_epoch": "<replica> knows a newer version of the partition",
    "s.registered_at[replica] <= partition_epoch": (
        "<replica> has registered since that version, and must lead on by a newer one"
    ),
    "partition_epoch <= s.newest_partition_epoch": "the controllers have decided no such version",
    "s.leader_epoch_at[partition_epoch] == s.leader_epoch[replica]": (
        "that version of the partition is of another leader epoch"
    ),
    "not s.has_leader[epoch] or s.leader[epoch] != replica": "<replica> is the leader of that epoch itself",
    # ---------------------------------------------------------------- the leader
    "s.leading[leader]": "<leader> does not lead",
    "s.partition_epoch[leader] < partition_epoch <= s.newest_partition_epoch": (
        "that is no newer version than <leader> knows, or one that nobody has decided"
    ),
    "s.leader_epoch_at[partition_epoch] == s.leader_epoch[leader]": (
        "that version is of another leader epoch than <leader>'s"
    ),
    "follower != leader": "<follower> is the leader itself",
    "s.acknowledged_by[leader, follower] <= broker_epoch": (
        "<leader> has counted <follower> under a newer registration already"
    ),
    "0 <= offset <= s.requested_by[follower, s.leader_epoch[leader], broker_epoch]": (
        "<follower> has not fetched from offset <offset> in <leader>'s epoch under that registration"
    ),
    "0 <= offset <= s.requested[follower, s.leader_epoch[leader]]": (
        "<follower> has not fetched from offset <offset> in <leader>'s epoch"
    ),
    "s.may_commit[leader]": "fewer are in sync than min.insync.replicas asks for",
    "s.high_watermark[leader] < to <= len(s.log[leader])": (
        "offset <to> is not above <leader>'s high watermark, or beyond the end of its log"
    ),
    "all(f == leader or to <= s.acknowledged[leader, f] for f in Replica if f in s.maximal_isr[leader])": (
        "<f>, whom <leader> must wait for, has shown it to have only what lies below offset "
        "<s.acknowledged[leader, f]> in this epoch"
    ),
    "not s.pending[leader]": "<leader> has asked for another set, and does not know yet what became of that",
    "follower not in s.maximal_isr[leader]": "<leader> counts <follower> already",
    "s.acknowledged[leader, follower] >= s.high_watermark[leader]": (
        "<follower> has shown it to have only what lies below offset <s.acknowledged[leader, follower]>, and "
        "everything below <s.high_watermark[leader]> is committed"
    ),
    "s.acknowledged[leader, follower] >= s.epoch_start[leader]": (
        "<follower> has shown it to have only what lies below offset <s.acknowledged[leader, follower]>, and "
        "<leader>'s epoch began at offset <s.epoch_start[leader]>: what is between may have been committed before"
    ),
    "leader in kept": "<leader> leaves itself out",
    "all(f in s.maximal_isr[leader] for f in Replica if f in kept)": (
        "the set it asks for has a member that <leader> does not count"
    ),
    "any(f not in kept for f in Replica if f in s.maximal_isr[leader])": "the set it asks for is no smaller",
    "s.pending[leader]": "<leader> has asked for nothing",
    "s.refused[leader]": "what <leader> asked for has not been refused, and may still be committed",
    "s.requested[follower, s.leader_epoch[leader]] >= 0": "<follower> has sent it no fetch in this epoch",
    # ---------------------------------------------------------------- the follower
    "s.reconciled[follower] < s.leader_epoch[follower]": (
        "the leader has confirmed <follower>'s log already, so there is nothing to cut off"
    ),
    "s.probe_answered[s.leader_epoch[follower]]": (
        "the leader of that epoch has not told yet where <follower>'s log leaves its own"
    ),
    "keeps_all_common(s.log[follower], s.probe_log[s.leader_epoch[follower]], to)": (
        "that cuts off records which the leader has, too"
    ),
    "not s.leading[follower]": "<follower> leads",
    "ends_inside(s.log[follower], s.probe_log[s.leader_epoch[follower]])": (
        "<follower>'s log is not a beginning of what the leader of that epoch answered with: it ends elsewhere, "
        "or with a record of another epoch"
    ),
    "s.reconciled[follower] == s.leader_epoch[follower]": (
        "the leader of that epoch has not confirmed <follower>'s log yet"
    ),
    "s.answered[follower, s.leader_epoch[follower]]": "the leader of that epoch has sent it nothing",
    "len(s.log[follower]) <= log_end <= len(s.answered_log[follower, s.leader_epoch[follower]])": (
        "it says that it copied more than the leader had sent, or that it has less than before"
    ),
    "0 <= high_watermark <= s.answered_high_watermark[follower, s.leader_epoch[follower]]": (
        "the leader had sent no such high watermark"
    ),
    "high_watermark <= log_end": "the high watermark would be beyond the end of its log",
}
_QUORUM: Mapping[str, str] = {
    "candidate in s.voters": "<candidate> has no vote",
    "not s.leading[candidate]": "<candidate> leads",
    "voter != candidate": "<voter> is the candidate itself",
    "s.pre_asked[epoch, candidate]": "<candidate> has not asked for pre-votes in epoch <epoch>",
    "s.leader_epoch[voter] <= epoch": "<voter> is in a later epoch than <epoch>",
    "s.pre_asked_last_epoch[epoch, candidate] > last_epoch(s.log[voter]) or ( s.pre_asked_last_epoch[epoch, "
    "candidate] == last_epoch(s.log[voter]) and s.pre_asked_log_end[epoch, candidate] >= len(s.log[voter]) )": (
        "<candidate>'s log, as it told, ends before <voter>'s: in an earlier epoch, or in the same one and sooner"
    ),
    "epoch == s.leader_epoch[candidate] + 1": "<epoch> is not the epoch after <candidate>'s",
    "all(r in s.pre_granted[s.leader_epoch[candidate], candidate] for r in Replica if r in quorum)": (
        "no majority has said that it would vote for <candidate>"
    ),
    "s.asked[epoch, candidate]": "<candidate> has not asked for votes in epoch <epoch>",
    "free_to_vote(s, voter, candidate, epoch)": (
        "<voter> has voted for another in epoch <epoch>, or is in a later one"
    ),
    "up_to_date(s, candidate, epoch, s.log[voter])": (
        "<candidate>'s log, as it told, ends before <voter>'s: in an earlier epoch, or in the same one and sooner"
    ),
    "s.leader_epoch[replica] < epoch": "<replica> is in that epoch or a later one already",
    "s.candidate[candidate]": "<candidate> does not stand",
    "all(r in s.granted[s.leader_epoch[candidate], candidate] for r in Replica if r in quorum)": (
        "no majority has voted for <candidate>"
    ),
    "s.leading[leader]": "<leader> does not lead",
    "follower != leader": "<follower> is the leader itself",
    "s.fetched[follower, s.leader_epoch[leader], offset, last_epoch]": (
        "<follower> has sent no such fetch in <leader>'s epoch"
    ),
    "fits(s.log[leader], offset, last_epoch)": "<follower>'s log, as its fetch tells, leaves <leader>'s before that",
    "s.high_watermark[leader] < to <= len(s.log[leader])": (
        "offset <to> is not above <leader>'s high watermark, or beyond the end of its log"
    ),
    "s.log[leader][to - 1].epoch == s.leader_epoch[leader]": (
        "the last of these records is of an older epoch than <leader>'s: a majority that has it may still be "
        "outvoted by a later leader"
    ),
    "all(to <= counted(s, leader, r) for r in Replica if r in quorum)": (
        "<r>, of the majority that it names, has not shown it to have all of that"
    ),
    "not fits(s.log[leader], offset, last_epoch)": "<follower>'s log, as its fetch tells, does not leave <leader>'s",
    "s.flushed[replica] <= to <= len(s.log[replica])": "that is less than was flushed before, or more than there is",
    "not s.leading[follower]": "<follower> leads",
    "s.flushed[follower] == len(s.log[follower]) or follower not in s.voters": (
        "not all of <follower>'s log is on its disk"
    ),
    "not s.candidate[follower]": "<follower> stands for election",
    "s.answered[s.leader_epoch[follower]]": "the leader of that epoch has sent nothing",
    "ends_inside(s.log[follower], s.answered_log[s.leader_epoch[follower]])": (
        "<follower>'s log is not a beginning of what the leader of that epoch has"
    ),
    "len(s.log[follower]) <= log_end <= len(s.answered_log[s.leader_epoch[follower]])": (
        "it says that it copied more than the leader had sent, or that it has less than before"
    ),
    "0 <= high_watermark <= s.answered_high_watermark[s.leader_epoch[follower]]": (
        "the leader had sent no such high watermark"
    ),
    "high_watermark <= log_end": "the high watermark would be beyond the end of its log",
    "s.diverging[follower, s.leader_epoch[follower], len(s.log[follower]), last_epoch(s.log[follower])]": (
        "the leader has not told <follower> that its log leaves its own"
    ),
    "keeps_all_common(s.log[follower], s.answered_log[s.leader_epoch[follower]], to)": (
        "that cuts off records which the leader has, too"
    ),
    "s.flushed[replica] <= log_end <= len(s.log[replica])": (
        "it comes back with less than was flushed to its disk, or with more than it had"
    ),
}


def plain(conjunct: str, *, quorum: bool) -> str:
    """What it means that this condition is false; empty where the table does not know it."""
    return (_QUORUM if quorum else _PARTITION).get(" ".join(conjunct.split()), "")


def texts(*, quorum: bool) -> frozenset[str]:
    """All conditions that have words."""
    return frozenset(_QUORUM if quorum else _PARTITION)
