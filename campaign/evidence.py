"""Which evidence speaks for which invariant: from the outcomes of a check to the rows of its report.

One rule: an arrow is drawn only where something was done. The proof says nothing of per-key order, which depends on
producers that the model does not have, so no row claims that it does.
"""

from collections.abc import Mapping

from campaign.lockstep import REFINES
from campaign.outcome import Outcome
from invariants.answers.invariant import AnswerInvariant
from invariants.catalogue import CATALOGUE, HEADLINE
from invariants.report.build import Arrow, Evidence, Invariant, Word

TITLES: Mapping[str, str] = {
    "no_committed_loss": "No committed data is lost",
    "per_key_order": "Records of a key keep their order, once each",
    "high_watermark_bound": "Nobody reads above the high watermark",
    "epoch_fencing": "Deposed leaders are fenced",
    "one_topic": "What is gone does not come back under its name",
    "recovery": "A log that comes back is the log that was written",
    "log_matching": "Logs that share a record are the same up to it",
    "quorum_superset": "A leader waits for everybody who may be elected",
    "stable_read": "What was read stays, and was committed",
    "log_start": "What is deleted stays deleted",
    "deletion_due": "Nothing is deleted before its time",
    "compaction": "Of every key the last word stays",
    "one_decision": "Of each version there is one decision",
    "counted_on": "Nobody is counted on who is not there",
    "last_resort": "Nobody is elected uncleanly unless it is allowed",
    "one_leader": "Voters elect one leader in each epoch",
    "committed_prefix": "Controllers agree on what is committed",
    "no_cut_below_commit": "Controllers cut off nothing they took for committed",
    "answered_once": "Every request is answered once",
    "answered_in_time": "Every request is answered by its deadline",
    "right_error": "Whatever is refused is refused for what is so",
    "knows_first": "Nobody is counted on who has not read that he was not",
    "right_offset": "Whoever asks for offsets is told the right ones",
    "watermark_due": "The high watermark moves as soon as it may",
    "obeyed": "What an operator was told is done is done",
    "told_as_set": "Whoever asks for configurations is told what was set",
    "flushed_in_time": "What is to be synced by its time is synced",
    "let_go": "Whoever may stop is let go",
    "election_due": "Nothing is left without a leader that may have one",
    "enough_as_set": "Enough are in sync where the controller says so",
    "deleted_everywhere": "What is deleted is deleted everywhere",
    "retained_by_size": "Retention leaves what it must, and no more",
    "address_book": "Clients are told where everybody is",
}

MODEL_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "no_committed_loss": ("durable", "leader_complete", "committed_in_isr"),
    "high_watermark_bound": ("high_watermark_in_log", "agree_below_high_watermark", "committed_in_isr"),
    "epoch_fencing": ("one_leader_per_epoch",),
}
"""Safety properties of the replication model that say what an invariant says."""

QUORUM_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "one_leader": ("one_leader_per_epoch",),
    "committed_prefix": ("agree_below_high_watermark", "leader_has_committed"),
    "no_cut_below_commit": ("high_watermark_in_log",),
}
"""The same of the quorum's model."""

ANOMALIES: Mapping[str, tuple[str, ...]] = {
    "no_committed_loss": ("lost", "vanished", "misplaced", "failed", "invented"),
    "per_key_order": ("duplicated", "reordered"),
}
"""Classes of anomaly in a client's history that break an invariant."""


NOT_JUDGED_LIVE = frozenset({"deletion_due", "last_resort"})
"""Judged only where it is known beforehand what may be deleted and who may allow an unclean election: in a simulated
run (`invariants.step.Checker`)."""


def invariants(outcomes: Mapping[str, Outcome]) -> tuple[Invariant, ...]:
    """The whole catalogue, the headline first, with what each part of the check says of it. Parts that did not run are
    absent."""
    headline = {invariant.id for invariant in HEADLINE}
    ordered = (*HEADLINE, *(each for each in CATALOGUE.values() if each.id not in headline))
    return tuple(
        Invariant(
            id=invariant.id,
            title=TITLES.get(invariant.id, invariant.id.replace("_", " ")),
            statement=invariant.statement,
            catches=invariant.breaks,
            evidence=tuple(_evidence(invariant.id, outcomes)),
            headline=invariant.id in headline,
        )
        for invariant in ordered
    )


def _evidence(invariant: str, outcomes: Mapping[str, Outcome]) -> list[Evidence]:
    rows: list[Evidence | None] = [
        _proved(MODEL_PROPERTIES.get(invariant), outcomes.get("prove"), "replicas", "processes restarting"),
        _proved(QUORUM_PROPERTIES.get(invariant), outcomes.get("prove quorum"), "voters", "voters restarting"),
        _explored(invariant, outcomes.get("explore")),
        *(_fuzzed(invariant, outcomes[name]) for name in ("fuzz", "fuzz crashes") if name in outcomes),
        *(_followed(invariant, outcomes[name]) for name in ("fuzz", "fuzz crashes") if name in outcomes),
        _validated(invariant, outcomes.get("validate")),
        _judged(invariant, outcomes.get("live")),
    ]
    return [row for row in rows if row is not None]


def _row(arrow: Arrow, verdict: Word, figure: str) -> Evidence:
    return Evidence(arrow=arrow, verdict=verdict, figure=figure)


def _proved(wanted: tuple[str, ...] | None, outcome: Outcome | None, of: str, ends: str) -> Evidence | None:
    if outcome is None or wanted is None:
        return None
    words = {item["name"]: item["verdict"] for item in outcome.document["properties"]}
    found = {words.get(name, "unknown") for name in wanted}
    verdict: Word = "holds" if found == {"holds"} else "violated" if "failed" in found else "unknown"
    obligations = outcome.document["obligations"]
    figure = (
        f"{', '.join(wanted)}: by induction for any number of {of}, any log length, any epoch, "
        f"with messages delayed, lost and repeated and {ends} ({obligations} obligations)"
    )
    return _row("proved", verdict, figure)


def _explored(invariant: str, outcome: Outcome | None) -> Evidence | None:
    wanted = MODEL_PROPERTIES.get(invariant)
    if outcome is None or wanted is None:
        return None
    document = outcome.document
    broken = document.get("invariant")
    bounds = document["bounds"]
    if document["reduced"]:
        bounds += ", up to the replicas' names and what no longer matters"
    figure = f"{document['distinct_states']:,} distinct states to depth {document['depth']} ({bounds})"
    if broken:
        return _row("explored", "violated" if broken in wanted else "unknown", figure)
    if not document["complete"]:
        return _row("explored", "unknown", f"none violated in {figure}, not all: the time was up")
    return _row("explored", "holds", f"all {figure}")


def _fuzzed(invariant: str, outcome: Outcome) -> Evidence:
    document = outcome.document
    broken = {found["invariant"] for found in document["traces"]}
    seeds, events = document["seeds"], document["events"]
    figure = f"{seeds:,} runs, {events:,} broker events under {document['profile_about']}"
    if invariant in broken:
        return _row("fuzzed", "violated", figure)
    return _row("fuzzed", "holds" if outcome.verdict == "holds" else "unknown", figure)


def _followed(invariant: str, outcome: Outcome) -> Evidence | None:
    """What the model says of the simulated runs it followed."""
    document = outcome.document
    if invariant not in MODEL_PROPERTIES or "coverage" not in document:
        return None
    table = document["coverage"]["actions"]
    steps = sum(table["counts"].values())
    figure = f"{document['seeds']:,} simulated runs are {steps:,} steps of the model {document['coverage']['model']}"
    if any(found["invariant"] == REFINES for found in document["traces"]):
        return _row("validated", "violated", f"a simulated run leaves the model {document['coverage']['model']}")
    if document["unspoken"]["runs"]:
        return _row("validated", "unknown", f"{figure}; {document['unspoken']['runs']} did what it does not speak of")
    return _row("validated", "holds", figure)


def _validated(invariant: str, outcome: Outcome | None) -> Evidence | None:
    if outcome is None or invariant not in MODEL_PROPERTIES:
        return None
    document = outcome.document
    if document["first_divergence"] is None:
        figure = f"{document['facts']:,} facts of the live run are {document['steps']:,} steps of the model"
        return _row("validated", "holds", figure)
    where = f"line {document['first_divergence']['line']}: {document['first_divergence']['reason']}"
    return _row("validated", "violated" if outcome.verdict == "violated" else "unknown", where)


def _judged(invariant: str, outcome: Outcome | None) -> Evidence | None:
    if outcome is None:
        return None
    document = outcome.document
    if invariant not in ANOMALIES:
        # What a client cannot see is judged on the facts that the processes wrote down; answers are not among them.
        if invariant in NOT_JUDGED_LIVE or isinstance(CATALOGUE[invariant], AnswerInvariant):
            return None
        broken = document["step_violation"]
        verdict: Word = "violated" if broken and broken["invariant"] == invariant else "holds"
        return _row("judged", verdict, f"{document['lines']:,} recorded lines of the live run, each fact judged")
    counts = {kind: document["anomalies"].get(kind, 0) for kind in ANOMALIES[invariant]}
    found = {kind: count for kind, count in counts.items() if count}
    told = ", ".join(f"{count} {kind}" for kind, count in (found or counts).items())
    figure = (
        f"{document['acknowledged']:,} acknowledged records, {document['read']:,} read back, "
        f"leader n{document['killed']} killed in mid-stream: {told}"
    )
    if found:
        return _row("judged", "violated", figure)
    return _row("judged", "unknown" if document["history"] == "unknown" else "holds", figure)
