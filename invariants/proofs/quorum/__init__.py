"""The inductive invariant of the quorum: what every step preserves, and the safety properties follow from.

One rule: every conjunct is universal. What Raft's proof says with "some voter of the majority" is said with a number:
`ceiling[e]`, a bound on what epoch e can ever commit, lowered whenever a leader of a later epoch is elected; and
`held[e, r]`, what a voter had on disk while it was in e, frozen when it leaves.

The chain of the argument: who votes keeps nothing that the winner's log lacks (`votes_are_up_to_date`); the quorum that
elects shares a voter with the quorum that committed, so the winner has all that was committed, and with the quorum that
might yet commit, so it bounds that (`winner_has_commits`, `ceiling_quorum_has_left`); logs match, so to have the last
committed entry is to have all before it (`leader_complete_below_start`); and a high watermark is some epoch's commit.
"""

from invariants.proofs.argument import Argument
from invariants.proofs.quorum.commits import COMMITS
from invariants.proofs.quorum.epochs import EPOCHS, NAMED, VOTERS, VOTES, names_of
from invariants.proofs.quorum.growth import growth
from invariants.proofs.quorum.held import HELD, UP_TO_DATE
from invariants.proofs.quorum.lemmas import LEMMAS, STEP_LEMMAS
from invariants.proofs.quorum.logs import LOGS
from invariants.proofs.quorum.messages import MESSAGES

GROUPS = {
    "named": NAMED,
    "voters": VOTERS,
    "epochs": EPOCHS,
    "votes": VOTES,
    "up to date": UP_TO_DATE,
    "logs": LOGS,
    "held": HELD,
    "commits": COMMITS,
    "messages": MESSAGES,
}
INVARIANT = tuple(conjunct for group in GROUPS.values() for conjunct in group)

# Named epochs and intersecting quorums never in one question: from a shared voter to its epoch to that epoch's quorums
# there is no end.
QUORUMS = "quorums_intersect"
LAYERS = {
    "voters": (("voters",),),
    "epochs": (("epochs", "votes", "named"), ("epochs", "votes", "logs", "named")),
    "votes": (
        ("epochs", "votes", QUORUMS),
        ("epochs", "votes", "logs", "held", "named"),
    ),
    "up to date": (
        ("epochs", "votes", "up to date", QUORUMS),
        ("epochs", "votes", "up to date", "logs", "held", "named"),
        ("epochs", "votes", "up to date", "logs", "held", "commits", "named"),
    ),
    "logs": (
        ("epochs", "logs", "named"),
        ("epochs", "votes", "logs", "named"),
        ("epochs", "logs", "messages", "named"),
    ),
    "held": (
        ("epochs", "logs", "held", "named"),
        ("epochs", "logs", "held", "commits", "named"),
        ("epochs", "votes", "up to date", "logs", "held", "commits", "named"),
    ),
    "commits": (
        ("epochs", "logs", "held", "commits", "named"),
        ("epochs", "votes", "up to date", "held", "commits", "named"),
        ("epochs", "held", "commits", QUORUMS),
        ("epochs", "votes", "up to date", "logs", "held", "commits", QUORUMS),
        ("epochs", "logs", "held", "commits", "messages", "named"),
        ("epochs", "voters", "held", "commits", "messages", "named"),
    ),
    "messages": (
        ("epochs", "logs", "held", "messages", "named"),
        ("epochs", "logs", "held", "commits", "messages", "named"),
    ),
    "step lemmas": (
        ("epochs", "votes", QUORUMS),
        ("epochs", "logs", "named"),
        ("epochs", "logs", "commits", "named"),
        ("epochs", "logs", "held", "commits", "named"),
        ("epochs", "logs", "held", "commits", "messages", "named"),
        ("voters", "epochs", "logs", "held", "commits", "named"),
        ("epochs", "votes", "up to date", "logs", "held", "commits", QUORUMS),
    ),
    "lemmas": (("epochs", "logs", "commits", "named"), ("epochs", "logs", "commits", "lemmas", "named")),
    "safety": (
        ("epochs", "logs", "commits", "lemmas", "named"),
        ("epochs", "logs", "held", "commits", "lemmas", "named"),
    ),
    "growth": (
        ("epochs", "logs", "commits"),
        ("epochs", "votes", "logs", "held", "commits"),
        ("epochs", "votes", "logs", "held", "commits", "messages", "named"),
    ),
}
MATCHING = ("prefix_has_started", "log_within_epoch_log", "log_is_prefix", "epoch_logs_match")
FIRST = {
    "win/winner_has_commits": (
        QUORUMS,
        "votes_are_up_to_date",
        "commit_quorum_holds",
        "committed_below_ceiling",
        "committed_in_log",
        "held_in_log",
        "log_within_epoch_log",
    ),
    "truncate/cut_above_kept": (
        "named_epochs",
        "epochs_in_order",
        "log_within_epoch_log",
        "epoch_logs_match",
        "start_in_log",
        "held_in_log",
        "kept_is_kept",
        "ceiling_in_log",
        "leader_complete_below_start",
        "diverging_differs",
        "answer_within_epoch_log",
        "answer_is_prefix",
    ),
    "receive_fetch/high_watermark_matches": (
        *MATCHING,
        "named_epochs",
        "own_suffix",
        "start_in_log",
        "answer_is_prefix",
        "answered_high_watermark_was_committed",
        "high_watermark_matches",
        "high_watermark_was_committed",
        "committed_in_log",
        "committed_below_ceiling",
        "ceiling_in_log",
        "leader_complete_below_start",
    ),
    "truncate/kept_is_kept": ("named_epochs", "kept_is_kept", "held_in_log"),
    "safety/committed_is_flushed": (
        *MATCHING,
        "held_in_log",
        "kept_is_kept",
        "committed_in_log",
        "committed_below_ceiling",
        "commit_quorum_holds",
    ),
}
ARGUMENT = Argument(
    groups=GROUPS,
    lemmas=LEMMAS,
    growth=growth,
    layers=LAYERS,
    hints="invariants.proofs.quorum",
    step_lemmas=STEP_LEMMAS,
    first=FIRST,
    named_on_demand=True,
    names=names_of,
)

__all__ = ["ARGUMENT", "GROUPS", "INVARIANT", "LEMMAS", "STEP_LEMMAS"]
