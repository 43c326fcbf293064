"""The inductive invariant of a quorum whose voters change, one at a time.

One rule: what does not speak of quorums is the base's, conjunct by conjunct. What decides is a majority of the voters
by one log, and the same three intersections are needed, now of majorities of different sets: `changes.py` says how sets
along a log go together, `near.py` which of them are near enough, `lemmas.py` what follows for whoever wins or commits.
"""

from invariants.proofs.argument import Argument
from invariants.proofs.quorum import FIRST as BASE_FIRST
from invariants.proofs.quorum import LAYERS as BASE_LAYERS
from invariants.proofs.quorum import commits as base_commits
from invariants.proofs.quorum import epochs as base_epochs
from invariants.proofs.quorum import messages as base_messages
from invariants.proofs.quorum.growth import growth
from invariants.proofs.quorum.held import HELD, UP_TO_DATE
from invariants.proofs.quorum.lemmas import LEMMAS
from invariants.proofs.quorum.logs import LOGS
from invariants.proofs.quorum.voters.changes import CHANGES
from invariants.proofs.quorum.voters.decisions import COMMITTED, ELECTED, fetched_is_held_by_all, names_of
from invariants.proofs.quorum.voters.lemmas import STEP_LEMMAS

GROUPS = {
    "named": base_epochs.NAMED,
    "epochs": base_epochs.EPOCHS,
    "votes": (
        base_epochs.granted_is_remembered,
        base_epochs.granted_once,
        base_epochs.candidate_stands_by_log,
        base_epochs.asked_was_reached,
        *ELECTED,
    ),
    "up to date": UP_TO_DATE,
    "logs": LOGS,
    "changes": CHANGES,
    "held": HELD,
    "commits": (
        base_commits.committed_in_log,
        base_commits.committed_below_ceiling,
        base_commits.ceiling_in_log,
        base_commits.leader_complete_below_start,
        base_commits.leader_knows_committed,
        base_commits.high_watermark_was_committed,
        base_commits.high_watermark_matches,
        *COMMITTED,
    ),
    "messages": (
        fetched_is_held_by_all,
        *(conjunct for conjunct in base_messages.MESSAGES if conjunct is not base_messages.fetched_is_held),
    ),
}
INVARIANT = tuple(conjunct for group in GROUPS.values() for conjunct in group)
QUORUMS = "quorums_intersect"
LAYERS = {
    **BASE_LAYERS,
    "changes": (
        ("epochs", "changes", "named"),
        ("epochs", "logs", "changes", "named"),
        ("epochs", "logs", "changes", "commits", "named"),
    ),
    "counting": ((),),
}
SETS = ("adjacent_sets",)
MAJORITIES = ("majorities_meet", "adjacent_sets")
ALONG_LOGS = (
    "changes_in_order",
    "changes_by_one",
    "change_in_log",
    "change_in_epoch",
    "first_change",
    "change_was_due",
    *SETS,
)
IN_LOGS = ("own_suffix", "epochs_ascend", "entry_epochs", "start_in_log", "committed_in_log")
COMPLETE = (
    "named_epochs",
    "leader_complete_below_start",
    "committed_below_ceiling",
    "committed_in_log",
    "ceiling_in_log",
    "epoch_logs_match",
    "start_in_log",
)
RESTS = ("named_epochs", "committed_in_log", "start_in_log", "change_in_log")
OWN_LOG = ("leading_has_won", "leader_has_epoch_log", "log_is_prefix", "own_suffix", "start_in_log")
AS_BASE = ("receive_fetch/high_watermark_matches", "truncate/cut_above_kept", "truncate/kept_is_kept")
PREFIX = ("prefix_has_started", "log_within_epoch_log", "log_is_prefix")
NEAR = {
    "starts_have_commits": COMPLETE,
    "own_changes_in_order": ("changes_in_order",),
    "near_older": (*ALONG_LOGS, *IN_LOGS),
    "near_same": (*ALONG_LOGS, *IN_LOGS),
    "near_logs": ("change_in_epoch", "change_in_log", *SETS),
}
WIN = {
    "winner_has_older_commits": (*COMPLETE, "entry_epochs", "log_within_epoch_log", "log_is_prefix", "own_suffix"),
    "winner_changes": (*PREFIX, "changes_in_order", "changes_by_one"),
    "winner_near_unchanged": (*ALONG_LOGS, "entry_epochs", "start_in_log"),
    "winner_near_committers": ("committed_by_majority", "changes_by_one", *IN_LOGS, *SETS),
    "first_committers_have_both": (*RESTS, "committed_by_majority"),
    "winner_near_first_committers": ("committed_by_majority", "committed_in_log", "start_in_log"),
    "winner_meets_committers": (
        *MAJORITIES,
        "committed_by_majority",
        "committers_hold",
        "votes_are_up_to_date",
        "committed_below_ceiling",
        "held_in_log",
        "committed_in_log",
        "start_in_log",
    ),
    "winner_has_commits": ("change_in_log", "committed_by_majority", "committed_in_log", "start_in_log"),
    "leader_has_both": (*RESTS, "elected_by_majority", "change_was_due", "entry_epochs"),
    "winner_near_leader": ("elected_by_majority", "committed_in_log", "start_in_log"),
    "winner_shares_voter": (
        *MAJORITIES,
        "elected_by_majority",
        "leader_was_elected",
        "granted_once",
        "started_was_won",
    ),
    "change_in_log": ("change_in_log", *PREFIX),
    "change_in_epoch": ("change_in_epoch", "change_in_log", "entry_epochs", *PREFIX),
    "first_change": ("first_change", "entry_epochs", *SETS),
    "changes_in_order": ("changes_in_order", "entry_epochs", *SETS),
    "changes_by_one": ("changes_by_one", "entry_epochs", *SETS),
}
ADVANCE = {
    "successor_has_both": (*RESTS, "ceiling_was_set", "elected_by_majority", *OWN_LOG),
    "latecomer_has_both": (*RESTS, "ceiling_was_set", "elected_by_majority", *OWN_LOG),
    "leader_near_successors": (
        "ceiling_was_set",
        "elected_by_majority",
        "committed_in_log",
        "start_in_log",
        *OWN_LOG,
    ),
    "leader_change_is_there": ("change_in_epoch", "change_in_log", "start_in_log", *OWN_LOG),
    "committed_by_majority": (
        "committed_by_majority",
        "named_epochs",
        "change_in_log",
        "change_was_due",
        *IN_LOGS,
        *OWN_LOG,
    ),
    "commit_below_ceiling": (
        *MAJORITIES,
        "ceiling_was_set",
        "ceiling_setters_have_left",
        "elected_by_majority",
        *OWN_LOG,
    ),
}
FIRST = {
    **{f"win_by_majority/{claim}": names for claim, names in (NEAR | WIN).items()},
    **{f"advance_by_majority/{claim}": names for claim, names in (NEAR | ADVANCE).items()},
    **{
        f"{step}/changes_by_one": ("changes_by_one", "changes_in_order", "entry_epochs", *SETS, *OWN_LOG)
        for step in ("add_voter", "remove_voter")
    },
    **{name: BASE_FIRST[name] for name in AS_BASE},
    "safety/commits_are_flushed": (
        *PREFIX,
        "epoch_logs_match",
        "held_in_log",
        "kept_is_kept",
        "committed_in_log",
        "committed_below_ceiling",
        "committers_hold",
    ),
}
ARGUMENT = Argument(
    groups=GROUPS,
    lemmas=LEMMAS,
    growth=growth,
    layers=LAYERS,
    hints="invariants.proofs.quorum.voters",
    step_lemmas=STEP_LEMMAS,
    first=FIRST,
    named_on_demand=True,
    names=names_of,
    majorities=True,
)

__all__ = ["ARGUMENT", "GROUPS", "INVARIANT", "LEMMAS", "STEP_LEMMAS"]
