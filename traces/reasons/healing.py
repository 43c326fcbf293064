"""Why a cluster has not recovered after the last fault (heals): who leads in the end, who is not back, who waits.

One rule: the judge says what is missing; everybody's place is from the last facts.
"""

from traces.reasons.past import Past
from traces.schema import Op
from traces.wording import members, node


def unhealed(past: Past) -> str:
    """Who leads in the end, who has not come back to it, and which send has no answer."""
    verdict, decided = past.trace.verdict, past.chronicle.decided
    assert verdict is not None, "asked of a trace with a verdict"
    if decided is None:
        return ""
    led = f"{node(decided.leader)} leads" if decided.leader >= 0 else "nobody leads"
    out = [
        f"{name} is not in sync, its log ends at {replica.log_end} and it is in epoch {replica.leader_epoch}"
        for name, replica in sorted(past.chronicle.replicas.items())
        if int(name[1:]) not in decided.isr
    ]
    there = f"in the end {led} epoch {decided.leader_epoch} of {past.chronicle.partition}, ISR {members(decided.isr)}"
    return f"{verdict.sentence}: {'; '.join([there, *out, *_waiting(past)])}"


def _waiting(past: Past) -> list[str]:
    """The oldest send without an answer."""
    open_sends: dict[tuple[str, int], Op] = {}
    for line in past.trace.lines:
        if isinstance(line, Op) and line.operation == "produce":
            if line.phase == "invoke":
                open_sends[line.client, line.id] = line
            else:
                open_sends.pop((line.client, line.id), None)
    oldest = min(open_sends.values(), key=lambda line: line.at, default=None)
    if oldest is None:
        return []
    return [f"{oldest.client} has waited for {oldest.value} since {oldest.at / 1000:.3f} s (line {oldest.n})"]
