"""What a follower or an observer does: it fetches in its epoch, appends, truncates, flushes, restarts.

One rule: a voter fetches only from a log end that is on its disk, for its fetch is its acknowledgement. That, the epoch
and the vote, and the leader's own part of what it commits are all that must be flushed; `restart` may lose the rest.
"""

from model.language import Log, Offset, Replica, action, definition, ghost, require
from model.quorum.state import State, ends_inside, last_epoch


@definition
def flush_to(s: State, replica: Replica, to: Offset) -> None:
    """Ghost: what a replica holds of its epoch grows when an entry of that epoch reaches its disk."""
    s.held[s.leader_epoch[replica], replica] = (
        to
        if to > 0 and s.log[replica][to - 1].epoch == s.leader_epoch[replica]
        else s.held[s.leader_epoch[replica], replica]
    )


@action
def flush(s: State, replica: Replica, to: Offset) -> None:
    """Some of a log reaches the disk: by fsync or because the operating system chose to write."""
    require(s.flushed[replica] <= to <= len(s.log[replica]))
    with ghost:
        flush_to(s, replica, to)
    s.flushed[replica] = to


@action
def send_fetch(s: State, follower: Replica) -> None:
    """A replica that does not lead asks for what follows its log end, naming the epoch of its last entry.

    A voter has flushed its log before; an observer, whom nobody counts, need not. A candidate gives up.
    """
    require(not s.leading[follower])
    require(s.flushed[follower] == len(s.log[follower]) or follower not in s.voters)
    s.candidate[follower] = False
    s.fetched[follower, s.leader_epoch[follower], len(s.log[follower]), last_epoch(s.log[follower])] = True


@action
def receive_fetch(s: State, follower: Replica, log_end: Offset, high_watermark: Offset) -> None:
    """A follower whose log ends inside the answer of its epoch's leader appends a part of it, and learns a high
    watermark no higher than the answer's or its own log end; it never takes one back."""
    require(not s.leading[follower] and not s.candidate[follower] and s.answered[s.leader_epoch[follower]])
    require(ends_inside(s.log[follower], s.answered_log[s.leader_epoch[follower]]))
    require(len(s.log[follower]) <= log_end <= len(s.answered_log[s.leader_epoch[follower]]))
    require(0 <= high_watermark <= s.answered_high_watermark[s.leader_epoch[follower]] and high_watermark <= log_end)
    with ghost:
        s.prefix_of[follower] = s.leader_epoch[follower]
        s.committed_in[follower] = (
            s.answered_committed_in[s.leader_epoch[follower]]
            if high_watermark > s.high_watermark[follower]
            else s.committed_in[follower]
        )
    s.log[follower] = s.log[follower] + s.answered_log[s.leader_epoch[follower]][len(s.log[follower]) : log_end]
    s.high_watermark[follower] = max(s.high_watermark[follower], high_watermark)


@definition
def keeps_all_common(own: Log, other: Log, to: Offset) -> bool:
    """Truncating to `to` removes no entry that both logs have in common: there is none at or past it."""
    return 0 <= to <= len(own) and all(own[o].epoch != other[o].epoch for o in range(to, len(own)) if o < len(other))


@action
def truncate(s: State, follower: Replica, to: Offset) -> None:
    """A follower told that it diverges removes some of what the leader does not have, never what both have.

    One round of KIP-595 (the leader's end of the follower's last epoch, and the follower's own) is one such truncation;
    so are several. The high watermark needs no check: the proof shows that the cut is never below it (KAFKA-12460).
    """
    require(not s.leading[follower])
    require(
        s.diverging[follower, s.leader_epoch[follower], len(s.log[follower]), last_epoch(s.log[follower])]
        and keeps_all_common(s.log[follower], s.answered_log[s.leader_epoch[follower]], to)
    )
    s.candidate[follower] = False
    s.log[follower] = s.log[follower][:to]
    s.flushed[follower] = min(s.flushed[follower], to)


@action
def restart(s: State, replica: Replica, log_end: Offset) -> None:
    """A process stops and comes back with its epoch, its vote and the flushed part of its log; of the rest it keeps any
    prefix: all of it after a crash of the process, perhaps none after a loss of power."""
    require(s.flushed[replica] <= log_end <= len(s.log[replica]))
    s.log[replica] = s.log[replica][:log_end]
    s.leading[replica] = False
    s.candidate[replica] = False
    s.high_watermark[replica] = 0
