"""The live part of `fencepost check`: a real cluster, a real client, kill -9 in mid-stream, and what the judges say."""

from pathlib import Path

from campaign.judges import Evidence, evidence
from campaign.live import live_run
from campaign.live_result import READER, LiveResult
from campaign.outcome import Outcome, Word
from campaign.progress import Progress
from invariants.verdict import Unknown, Violated


def run(directory: Path, seconds: float, progress: Progress) -> tuple[Outcome, Evidence]:
    """Run three brokers for a while, kill a leader, read everything back, judge. Raises ServerError, TraceError."""
    result = live_run(directory, seconds=seconds, progress=progress)
    progress(None, "merging and judging what was recorded")
    judged = evidence([*result.traces, *result.histories], directory / "live.jsonl", READER)
    return told(result, judged), judged


def told(result: LiveResult, judged: Evidence) -> Outcome:
    """The outcome of the run as its clients and its facts show it; validation is told apart."""
    anomalies = {anomaly.kind: anomaly.count for anomaly in judged.judgement.anomalies}
    broken = judged.steps if isinstance(judged.steps, Violated) else None
    document = {
        "brokers": result.brokers,
        "killed": result.killed,
        "failover_seconds": None if result.failover_seconds is None else round(result.failover_seconds, 2),
        "acknowledged": result.acknowledged,
        "read": result.read,
        "unknown": result.unknown,
        "anomalies": dict(sorted(anomalies.items())),
        "history": _word(judged.history),
        "step_violation": None if broken is None else {"invariant": broken.invariant, "sentence": broken.sentence},
        "lines": judged.lines,
        "trace": str(judged.trace),
        "forced": list(result.forced),
    }
    words = {_word(judged.history), _word(judged.steps)}
    verdict: Word = "violated" if "violated" in words else "unknown" if "unknown" in words else "holds"
    failover = "" if result.failover_seconds is None else f", acknowledged again after {result.failover_seconds:.1f} s"
    lines = [
        f"{verdict}: {result.acknowledged:,} records acknowledged, leader n{result.killed} killed{failover}, "
        f"{result.read:,} read back, {sum(anomalies.values())} anomalies"
    ]
    if broken is not None:
        lines.append(f"  {broken.invariant}: {broken.sentence}")
    lines += [f"  {anomaly.kind}: {anomaly.example}" for anomaly in judged.judgement.anomalies]
    return Outcome(verdict=verdict, document=document, lines=tuple(lines))


def _word(verdict: object) -> Word:
    if isinstance(verdict, Violated):
        return "violated"
    return "unknown" if isinstance(verdict, Unknown) else "holds"
