"""The inductive invariant of replication: what every step preserves, and the safety properties follow from.

One rule: every conjunct is universal - for all replicas, epochs, offsets - with no exception to look for. What Paxos
says with "some acceptor" is said with a number here: `ceiling[e]`, a bound on what epoch e can ever commit, known as
soon as one member of its in-sync set has left it.

The chain of the argument: whoever was in sync to the end of an epoch holds all that epoch can commit (`isr_complete`);
a leader is one of them, so its log at the start of its epoch does too (`leader_complete_below_start`); logs match, so
to hold the last committed entry is to hold all before it; and a high watermark is always some epoch's commit.
"""

from invariants.proofs.replication.commits import COMMITS
from invariants.proofs.replication.epochs import EPOCHS, NAMED
from invariants.proofs.replication.lemmas import LEMMAS
from invariants.proofs.replication.logs import LOGS
from invariants.proofs.replication.messages import MESSAGES
from invariants.proofs.replication.proposals import PROPOSALS

GROUPS = {
    "named": NAMED,
    "epochs": EPOCHS,
    "logs": LOGS,
    "commits": COMMITS,
    "proposals": PROPOSALS,
    "messages": MESSAGES,
}
INVARIANT = tuple(conjunct for group in GROUPS.values() for conjunct in group)

__all__ = ["GROUPS", "INVARIANT", "LEMMAS"]
