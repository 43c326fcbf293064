"""What may only grow in a quorum, between the state before a step and the state after it."""

import z3

from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.symbols import SymbolicState
from invariants.proofs.terms import Term, conjunction, implies


def growth(reading: SymbolicReading, before: SymbolicState, after: SymbolicState) -> dict[str, Term]:
    r = z3.Const("growing", reading.domains["Replica"].sort)
    e, o = z3.Ints("growing_epoch growing_offset")
    equal = reading.terms.equal
    started = conjunction(e >= 0, before.started[e])
    old, new = before.epoch_log[e], after.epoch_log[e]
    own, left = before.log[r], after.log[r]
    committed = conjunction(o >= 0, o < before.high_watermark[r])
    stays = conjunction(o < left.length, equal(own[o], left[o]))
    return {
        "epochs_grow": before.leader_epoch[r] <= after.leader_epoch[r],
        "leaders_stay": implies(started, conjunction(after.started[e], equal(before.leader[e], after.leader[e]))),
        "commits_grow": implies(started, before.committed[e] <= after.committed[e]),
        "epoch_logs_grow": implies(
            conjunction(started, o >= 0, o < old.length),
            conjunction(o < new.length, equal(old[o], new[o])),
        ),
        "held_grows": before.held[e, r] <= after.held[e, r],
        # Of what a replica believes committed it loses at most, by a restart, what it had not flushed.
        "committed_prefix_stays": implies(conjunction(committed, o < before.flushed[r]), stays),
        "committed_prefix_stays_while_running": implies(
            conjunction(committed, before.high_watermark[r] <= after.high_watermark[r]), stays
        ),
    }
