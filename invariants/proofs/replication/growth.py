"""What may only grow in replication, between the state before a step and the state after it."""

import z3

from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.symbols import SymbolicState
from invariants.proofs.terms import Term, conjunction, implies


def growth(reading: SymbolicReading, before: SymbolicState, after: SymbolicState) -> dict[str, Term]:
    return {
        "epochs_grow": epochs(reading, before, after),
        "commits_grow": commits(before, after),
        "epoch_logs_grow": epoch_logs(reading, before, after),
    }


def epochs(reading: SymbolicReading, before: SymbolicState, after: SymbolicState) -> Term:
    r = z3.Const("growing", reading.domains["Replica"].sort)
    return conjunction(
        before.newest_leader_epoch <= after.newest_leader_epoch,
        before.newest_partition_epoch <= after.newest_partition_epoch,
        before.leader_epoch[r] <= after.leader_epoch[r],
    )


def commits(before: SymbolicState, after: SymbolicState) -> Term:
    """No epoch's commit is taken back; with `durable`, what is committed once stays where it is for ever."""
    e = z3.Int("growing_epoch")
    return implies(
        conjunction(e >= 0, before.started[e]),
        conjunction(after.started[e], before.committed[e] <= after.committed[e]),
    )


def epoch_logs(reading: SymbolicReading, before: SymbolicState, after: SymbolicState) -> Term:
    """An epoch's log is append-only once the epoch has started."""
    e, o = z3.Ints("growing_epoch growing_offset")
    old, new = before.epoch_log[e], after.epoch_log[e]
    return implies(
        conjunction(before.started[e], o >= 0, o < old.length),
        conjunction(o < new.length, reading.terms.equal(old[o], new[o])),
    )
