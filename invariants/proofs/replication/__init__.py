"""The inductive invariant of replication: what every step preserves, and the safety properties follow from.

One rule: every conjunct is universal - for all replicas, epochs, offsets - with no exception to look for. What Paxos
says with "some acceptor" is said with a number here: `ceiling[e]`, a bound on what epoch e can ever commit, known as
soon as one member of its in-sync set has left it.

The chain of the argument: whoever was in sync to the end of an epoch holds all that epoch can commit (`isr_complete`);
a leader is one of them, so its log at the start of its epoch does too (`leader_complete_below_start`); logs match, so
to hold the last committed entry is to hold all before it; and a high watermark is always some epoch's commit.
"""

from invariants.proofs.argument import Argument
from invariants.proofs.replication.commits import COMMITS
from invariants.proofs.replication.epochs import EPOCHS, NAMED
from invariants.proofs.replication.growth import growth
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

LAYERS = {
    "epochs": (
        ("epochs", "named"),
        ("epochs", "commits", "proposals", "named"),
        ("epochs", "logs", "commits", "named"),
    ),
    "logs": (
        ("epochs", "logs", "named"),
        ("epochs", "logs", "commits", "named"),
        ("epochs", "logs", "messages", "named"),
    ),
    "commits": (
        ("epochs", "logs", "commits", "named"),
        ("epochs", "commits", "proposals", "named"),
        ("epochs", "logs", "commits", "proposals", "named"),
        ("epochs", "logs", "commits", "messages", "named"),
        ("epochs", "commits", "messages", "named"),
    ),
    "proposals": (("epochs", "commits", "proposals", "named"), ("epochs", "logs", "commits", "proposals", "named")),
    "messages": (
        ("epochs", "logs", "commits", "messages", "named"),
        ("epochs", "commits", "messages", "named"),
        ("epochs", "logs", "messages", "named"),
    ),
    "lemmas": (("epochs", "logs", "commits", "named"),),
    "safety": (("epochs", "logs", "commits", "lemmas", "named"),),
    "growth": (("epochs", "named"), ("epochs", "logs", "named"), ("epochs", "commits", "named")),
}
ARGUMENT = Argument(groups=GROUPS, lemmas=LEMMAS, growth=growth, layers=LAYERS, hints="invariants.proofs.replication")

__all__ = ["ARGUMENT", "GROUPS", "INVARIANT", "LEMMAS"]
