"""Why the leader-epoch cache says what the log does: every entry is where its epoch began, on every replica alike."""

import z3

from invariants.proofs.argument import Argument
from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.symbols import SymbolicState
from invariants.proofs.terms import Term, conjunction
from model.epoch_cache.state import State
from model.language import LeaderEpoch, Offset, Replica, conjunct


@conjunct
def log_ends(s: State) -> bool:
    """A log ends no earlier than it starts: the prover does not know that of lengths."""
    return all(len(s.log[r]) >= 0 for r in Replica)


@conjunct(at=lambda s, r, e: (s.cached[r, e],))
def cached_were(s: State) -> bool:
    """A cache holds epochs that were."""
    return s.newest_leader_epoch >= 0 and all(
        1 <= e <= s.newest_leader_epoch for r in Replica for e in LeaderEpoch if s.cached[r, e]
    )


@conjunct(at=lambda s, r, e: (s.cached[r, e],))
def start_is_begin(s: State) -> bool:
    """An entry is where its epoch began, within the log. Broken by leads-again."""
    return all(
        s.begin[e] == s.cached_start[r, e] and 0 <= s.cached_start[r, e] <= len(s.log[r])
        for r in Replica
        for e in LeaderEpoch
        if e >= 1 and s.cached[r, e]
    )


@conjunct(at=lambda s, r, o: (s.log[r][o],))
def records_are_cached(s: State) -> bool:
    """The epoch of every record is in the cache, and began no later than there."""
    return all(
        s.log[r][o].epoch >= 1 and s.cached[r, s.log[r][o].epoch] and s.cached_start[r, s.log[r][o].epoch] <= o
        for r in Replica
        for o in Offset
        if 0 <= o < len(s.log[r])
    )


@conjunct(at=lambda s, r, e, o: (s.cached[r, e], s.log[r][o]))
def entries_divide_the_log(s: State) -> bool:
    """Records before an entry's start are of older epochs, records from there on are not."""
    return all(
        (s.log[r][o].epoch < e) == (o < s.cached_start[r, e])
        for r in Replica
        for e in LeaderEpoch
        for o in Offset
        if e >= 1 and s.cached[r, e] and 0 <= o < len(s.log[r])
    )


@conjunct(at=lambda s, r, e, d: (s.cached[r, e], s.cached[r, d]))
def entries_in_order(s: State) -> bool:
    """A later epoch starts later."""
    return all(
        s.cached_start[r, e] < s.cached_start[r, d]
        for r in Replica
        for e in LeaderEpoch
        for d in LeaderEpoch
        if 1 <= e < d and s.cached[r, e] and s.cached[r, d]
    )


def growth(reading: SymbolicReading, before: SymbolicState, after: SymbolicState) -> dict[str, Term]:
    """Leaderships only begin; the start of one that was never moves."""
    e = z3.Int("growing_epoch")
    was = conjunction(e >= 0, e <= before.newest_leader_epoch)
    return {
        "epochs_grow": before.newest_leader_epoch <= after.newest_leader_epoch,
        "begins_stay": z3.Implies(was, reading.terms.equal(before.begin[e], after.begin[e])),
    }


GROUPS = {
    "cache": (log_ends, cached_were, start_is_begin, records_are_cached, entries_divide_the_log, entries_in_order),
}
INVARIANT = GROUPS["cache"]
LAYERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "cache": (("cache",),),
    "safety": (("cache",),),
    "growth": (("cache",),),
}
ARGUMENT = Argument(groups=GROUPS, lemmas=(), growth=growth, layers=LAYERS, hints="invariants.proofs.epoch_cache")
