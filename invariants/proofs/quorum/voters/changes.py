"""Changes of voters: what a record says of the voters, and what of a change was committed before the next was made.

One rule: every claim is about a record where it stands in an epoch's log. The chain of changes along a log is never
followed: `changed_before` says where the change before the latest ended, and that the voters after any record past it
differ from the latest by one at most is a claim of its own (`changes_by_one`).
"""

from model.language import LeaderEpoch, Offset, ReplicaSet, adjacent, conjunct, definition
from model.quorum.voter_state import VotersState


@definition
def voters_after(s: VotersState, e: LeaderEpoch, o: int) -> ReplicaSet:
    """The voters in force after the record at this offset of an epoch's log."""
    return s.voters_at[s.epoch_log[e][o].epoch, o]


@definition
def end_after(s: VotersState, e: LeaderEpoch, o: int) -> int:
    """Where the latest change ends, as of that record."""
    return s.changed_end[s.epoch_log[e][o].epoch, o]


@definition
def in_after(s: VotersState, e: LeaderEpoch, o: int) -> int:
    """The epoch of the latest change, as of that record."""
    return s.changed_in[s.epoch_log[e][o].epoch, o]


@definition
def before_after(s: VotersState, e: LeaderEpoch, o: int) -> int:
    """Where the change before the latest ends, as of that record."""
    return s.changed_before[s.epoch_log[e][o].epoch, o]


@conjunct(at=lambda s, e, o: (s.epoch_log[e][o],))
def change_in_log(s: VotersState) -> bool:
    """The latest change as of a record is at it or before it in its log, the one before is before that."""
    return all(
        0 <= before_after(s, e, o) <= end_after(s, e, o) <= o + 1
        and 0 <= in_after(s, e, o) <= s.epoch_log[e][o].epoch
        and (before_after(s, e, o) < end_after(s, e, o) if end_after(s, e, o) > 0 else in_after(s, e, o) == 0)
        for e in LeaderEpoch
        for o in Offset
        if s.started[e] and o >= 0 and o < len(s.epoch_log[e])
    )


@conjunct(at=lambda s, e, o, p: (s.epoch_log[e][o], s.epoch_log[e][p]))
def change_in_epoch(s: VotersState) -> bool:
    """The record that made the latest change is of the epoch that the change is said to be of."""
    return all(
        s.epoch_log[e][p].epoch == in_after(s, e, o)
        for e in LeaderEpoch
        for o in Offset
        for p in Offset
        if s.started[e] and o < len(s.epoch_log[e]) and p >= 0 and p <= o and end_after(s, e, o) == p + 1
    )


@conjunct(at=lambda s, e, o: (s.epoch_log[e][o],))
def first_change(s: VotersState) -> bool:
    """Until the first change the voters are those that the quorum began with, and until the second they differ from
    these by one at most."""
    return all(
        (end_after(s, e, o) > 0 or voters_after(s, e, o) == s.voters)
        and (before_after(s, e, o) > 0 or adjacent(s.voters, voters_after(s, e, o)))
        for e in LeaderEpoch
        for o in Offset
        if s.started[e] and o >= 0 and o < len(s.epoch_log[e])
    )


@conjunct(at=lambda s, e, o: (s.epoch_log[e][o],))
def change_was_due(s: VotersState) -> bool:
    """Whoever made a change had committed a record of its own epoch, and the change before.

    Broken by change-before-own-commit and two-changes-at-once.
    """
    return all(
        s.started[in_after(s, e, o)]
        and s.start[in_after(s, e, o)] < s.committed[in_after(s, e, o)]
        and before_after(s, e, o) <= s.committed[in_after(s, e, o)]
        for e in LeaderEpoch
        for o in Offset
        if s.started[e] and o >= 0 and o < len(s.epoch_log[e]) and end_after(s, e, o) > 0
    )


@conjunct(at=lambda s, e, o, p: (s.epoch_log[e][o], s.epoch_log[e][p]))
def changes_in_order(s: VotersState) -> bool:
    """Along a log the voters stay until the next change: two records have the same latest change, or the earlier one's
    is no later than the change before the later one's."""
    return all(
        (
            voters_after(s, e, p) == voters_after(s, e, o)
            and end_after(s, e, p) == end_after(s, e, o)
            and in_after(s, e, p) == in_after(s, e, o)
            and before_after(s, e, p) == before_after(s, e, o)
        )
        if end_after(s, e, o) <= p + 1
        else end_after(s, e, p) <= before_after(s, e, o)
        for e in LeaderEpoch
        for o in Offset
        for p in Offset
        if s.started[e] and p >= 0 and p <= o and o < len(s.epoch_log[e])
    )


@conjunct(at=lambda s, e, o, p: (s.epoch_log[e][o], s.epoch_log[e][p]))
def changes_by_one(s: VotersState) -> bool:
    """Between two records with no more than one change between them, the voters change by one at most."""
    return all(
        adjacent(voters_after(s, e, p), voters_after(s, e, o))
        for e in LeaderEpoch
        for o in Offset
        for p in Offset
        if s.started[e] and p >= 0 and p <= o and o < len(s.epoch_log[e]) and before_after(s, e, o) <= p + 1
    )


CHANGES = (change_in_log, change_in_epoch, first_change, change_was_due, changes_in_order, changes_by_one)
