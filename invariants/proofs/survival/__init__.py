"""The inductive invariant of survival: replication's, of the eligible instead of the in-sync, since the last unclean
election, by registration.

One rule: what is the same as in `replication` is the same conjunct; what differs has the same name where it is the
same claim.

What power loss adds to the argument: a replica that lost power has left every set, so nothing is claimed of it; what a
leader has counted of it is tagged with a registration that is no longer the newest, so no proposal can use it. What
unclean election adds: a base, the first epoch led since, whose log at its start counts as committed.
"""

from invariants.proofs.argument import Argument
from invariants.proofs.replication import commits as base_commits
from invariants.proofs.replication import epochs as base_epochs
from invariants.proofs.replication import lemmas as base_lemmas
from invariants.proofs.replication import messages as base_messages
from invariants.proofs.replication import proposals as base_proposals
from invariants.proofs.replication.logs import LOGS
from invariants.proofs.survival.commits import COMMITS
from invariants.proofs.survival.epochs import EPOCHS, NAMED
from invariants.proofs.survival.growth import growth
from invariants.proofs.survival.lemmas import LEMMAS as OWN_LEMMAS
from invariants.proofs.survival.messages import MESSAGES
from invariants.proofs.survival.proposals import PROPOSALS
from invariants.proofs.survival.regimes import REGIMES

GROUPS = {
    "named": (*base_epochs.NAMED, *NAMED),
    "epochs": (
        base_epochs.epochs_in_order,
        base_epochs.versions_in_order,
        base_epochs.newest_version,
        base_epochs.versions_cover,
        base_epochs.leading_is_owned,
        base_epochs.reconciled_has_started,
        base_epochs.started_was_led,
        base_epochs.leader_in_isr,
        *EPOCHS,
    ),
    "regimes": REGIMES,
    "logs": LOGS,
    "commits": (
        base_commits.committed_below_ceiling,
        base_commits.ceiling_in_log,
        base_commits.witness_acknowledged,
        base_commits.high_watermark_was_committed,
        base_commits.high_watermark_matches,
        *COMMITS,
    ),
    "proposals": (
        base_proposals.versions_known,
        base_proposals.idle_leader_agrees,
        *PROPOSALS,
    ),
    "messages": (
        base_messages.answer_within_epoch_log,
        base_messages.answer_is_prefix,
        base_messages.answered_high_watermark_was_committed,
        base_messages.answered_high_watermark_matches,
        base_messages.probe_within_epoch_log,
        base_messages.probe_is_prefix,
        *MESSAGES,
    ),
}
INVARIANT = tuple(conjunct for group in GROUPS.values() for conjunct in group)
LEMMAS = (base_lemmas.below_high_watermark_was_committed, *OWN_LEMMAS)

LAYERS = {
    "epochs": (
        ("epochs", "regimes", "named"),
        ("epochs", "commits", "proposals", "named"),
        ("epochs", "logs", "commits", "named"),
        ("epochs", "regimes", "commits", "proposals", "named"),
    ),
    "regimes": (
        ("epochs", "regimes", "named"),
        ("epochs", "regimes", "logs", "commits", "named"),
        ("epochs", "regimes", "messages", "named"),
        ("epochs", "regimes", "logs", "commits", "proposals", "named"),
    ),
    "logs": (
        ("epochs", "logs", "named"),
        ("epochs", "logs", "commits", "named"),
        ("epochs", "logs", "messages", "named"),
    ),
    "commits": (
        ("epochs", "commits", "proposals", "named"),
        ("epochs", "logs", "commits", "named"),
        ("epochs", "regimes", "logs", "commits", "named"),
        ("epochs", "logs", "commits", "proposals", "named"),
        ("epochs", "logs", "commits", "messages", "named"),
        ("epochs", "commits", "messages", "named"),
    ),
    "proposals": (("epochs", "commits", "proposals", "named"), ("epochs", "logs", "commits", "proposals", "named")),
    "messages": (
        ("epochs", "commits", "messages", "named"),
        ("epochs", "proposals", "messages", "named"),
        ("epochs", "logs", "commits", "messages", "named"),
        ("epochs", "logs", "messages", "named"),
    ),
    "lemmas": (("epochs", "regimes", "logs", "commits", "named"), ("epochs", "logs", "commits", "lemmas", "named")),
    "safety": (
        ("epochs", "lemmas", "named"),
        ("epochs", "logs", "named"),
        ("epochs", "logs", "commits", "lemmas", "named"),
        ("epochs", "regimes", "logs", "commits", "lemmas", "named"),
    ),
    "growth": (("epochs", "named"), ("epochs", "logs", "named"), ("epochs", "regimes", "commits", "named")),
}
ARGUMENT = Argument(groups=GROUPS, lemmas=LEMMAS, growth=growth, layers=LAYERS, hints="invariants.proofs.survival")

__all__ = ["ARGUMENT", "GROUPS", "INVARIANT", "LEMMAS"]
