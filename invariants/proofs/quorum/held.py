"""What is held: how much of an epoch's log a replica had on disk in that epoch, and how much of that it must keep."""

from model.language import LeaderEpoch, Log, Offset, Replica, conjunct, definition, implies, known
from model.quorum.state import State, last_epoch


@definition
def kept(s: State, e: LeaderEpoch, r: Replica) -> int:
    """How much of an epoch's log a replica can no longer lose: what it held, up to what can have been committed."""
    return min(s.held[e, r], s.ceiling[e]) if s.capped[e] else s.held[e, r]


@definition
def epoch_below(log: Log, end: Offset) -> int:
    """The epoch of the last entry below an offset."""
    return 0 if end == 0 else log[end - 1].epoch


@conjunct(at=lambda s, e, r: (s.held[e, r],))
def held_in_log(s: State) -> bool:
    """What is held of an epoch goes past its start, and its holder has reached the epoch."""
    return all(
        s.held[e, r] >= 0
        and implies(
            s.held[e, r] > 0,
            s.started[e] and s.start[e] < s.held[e, r] <= len(s.epoch_log[e]) and e <= s.leader_epoch[r] and e >= 1,
        )
        for e in LeaderEpoch
        for r in Replica
    )


@conjunct
def held_is_flushed(s: State) -> bool:
    """In its epoch a replica holds what it has flushed, once that reaches into the epoch. Broken by flush-uncounted."""
    return all(
        (s.held[s.leader_epoch[r], r] == s.flushed[r] and s.prefix_of[r] == s.leader_epoch[r])
        if s.leader_epoch[r] >= 1 and epoch_below(s.log[r], s.flushed[r]) == s.leader_epoch[r]
        else (s.leader_epoch[r] == 0 or s.held[s.leader_epoch[r], r] == 0)
        for r in Replica
    )


@conjunct(at=lambda s, e, r: (s.held[e, r],))
def kept_is_kept(s: State) -> bool:
    """What a replica must keep is on its disk, entry by entry. Broken by truncate-below-high-watermark."""
    return all(
        kept(s, e, r) <= s.flushed[r] and s.log[r][kept(s, e, r) - 1].epoch == s.epoch_log[e][kept(s, e, r) - 1].epoch
        for e in LeaderEpoch
        for r in Replica
        if known(e) and s.started[e] and kept(s, e, r) > 0
    )


@conjunct(at=lambda s, c, r, x: (r in s.granted[s.leader_epoch[c], c], known(x)))
def votes_are_up_to_date(s: State) -> bool:
    """Who has voted for a candidate keeps nothing that the candidate's log may lack. Broken by vote-unchecked."""
    return all(
        x < last_epoch(s.log[c]) or (x == last_epoch(s.log[c]) and kept(s, x, r) <= len(s.log[c]))
        for c in Replica
        for r in Replica
        for x in LeaderEpoch
        if known(x)
        and s.candidate[c]
        and r in s.granted[s.leader_epoch[c], c]
        and x >= 0
        and x < s.leader_epoch[c]
        and kept(s, x, r) > 0
    )


HELD = (held_in_log, held_is_flushed, kept_is_kept)
UP_TO_DATE = (votes_are_up_to_date,)
