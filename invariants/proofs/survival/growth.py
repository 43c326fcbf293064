"""What may only grow in survival: what grows in replication, and registrations."""

import z3

from invariants.proofs.reading_symbolic import SymbolicReading
from invariants.proofs.replication.growth import growth as replication_growth
from invariants.proofs.symbols import SymbolicState
from invariants.proofs.terms import Term, conjunction


def growth(reading: SymbolicReading, before: SymbolicState, after: SymbolicState) -> dict[str, Term]:
    """An unclean election takes back no commit either: it begins a regime, of which alone more is claimed."""
    return {
        **replication_growth(reading, before, after),
        "registrations_grow": registrations(reading, before, after),
    }


def registrations(reading: SymbolicReading, before: SymbolicState, after: SymbolicState) -> Term:
    """A broker epoch, and the last epoch of an unclean election, only ever grow."""
    r = z3.Const("growing", reading.domains["Replica"].sort)
    return conjunction(before.broker_epoch[r] <= after.broker_epoch[r], before.last_unclean <= after.last_unclean)
