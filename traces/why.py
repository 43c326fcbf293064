"""Why an execution is wrong, in one sentence an operator of Kafka can follow: which record, acknowledged where and
when, lost by whom and by which step.

One rule: every word comes from the facts of the trace (`traces.reasons`, by what was violated). Where they do not tell
more than the judge did, what the judge said is the sentence.
"""

from collections.abc import Callable, Mapping

from traces.modelled import with_facts
from traces.reasons import compacting, decisions, epochs, healing, logs, losses, reads, refusals, starts, topics, voters
from traces.reasons.past import Past
from traces.sides import QUORUM
from traces.storyteller import tell
from traces.trace import Trace

LOSSES = (
    *("no_committed_loss", "committed_in_isr", "committed_in_eligible", "durable", "leader_complete"),
    "agree_below_high_watermark",
)


def why(trace: Trace) -> str:
    """The sentence of a trace with a verdict; empty where nothing is violated."""
    verdict = trace.verdict
    if verdict is None:
        return ""
    if trace.header.origin == "model" and trace.header.model.startswith(QUORUM):
        return tell(trace).sentence
    if verdict.invariant in _VOTERS:
        return _VOTERS[verdict.invariant](trace) or _placed(trace)
    teller = _TELLERS.get(verdict.invariant)
    if teller is None:
        return _placed(trace)
    told = with_facts(trace) if trace.header.origin == "model" else trace
    return teller(Past(told, tell(trace).partition, verdict.at_line)) or _placed(trace)


def _placed(trace: Trace) -> str:
    """What the judge said, and when."""
    verdict = trace.verdict
    assert verdict is not None, "asked of a trace with a verdict"
    if verdict.at_line is None or trace.header.origin == "model" or not trace.lines:
        return verdict.sentence
    return f"{verdict.sentence} ({trace.lines[verdict.at_line].at / 1000:.3f} s, line {verdict.at_line})"


def _bounded(past: Past) -> str:
    return losses.ahead(past) or starts.misplaced(past) or losses.lost(past)


_TELLERS: Mapping[str, Callable[[Past], str]] = {
    **dict.fromkeys(LOSSES, losses.lost),
    "high_watermark_bound": _bounded,
    "epoch_fencing": epochs.fenced,
    "recovery": logs.recovered,
    "log_matching": logs.mismatched,
    "same_epoch_same_log": logs.mismatched,
    "one_topic": topics.taken_over,
    "per_key_order": logs.repeated,
    "stable_read": reads.unstable,
    "log_start": starts.misplaced,
    "deletion_due": starts.early,
    "compaction": compacting.compacted,
    "one_decision": decisions.twice,
    "counted_on": decisions.counted_on,
    "last_resort": decisions.last_resort,
    "quorum_superset": decisions.superset,
    "refines_the_model": refusals.leaves,
    "heals": healing.unhealed,
}
_VOTERS: Mapping[str, Callable[[Trace], str]] = {
    "one_leader": voters.votes,
    "committed_prefix": voters.committed,
    "no_cut_below_commit": voters.cut,
}
