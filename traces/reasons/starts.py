"""Why a log does not begin where it must (log_start), or does so too early (deletion_due): who deleted what and when,
who had asked for it, and who has forgotten it or never did it.

One rule: where a log begins is what its broker last told of it; 0 where it told nothing.
"""

from traces.chronicle import Life, Moment
from traces.reasons.past import Past
from traces.schema import Op
from traces.wording import node

BEGINS = ("DeleteBelow", "FallBehind", "RecoverStart")


def misplaced(past: Past) -> str:
    for moment in past.last:
        match type(moment.fact).__name__:
            case "DeleteBelow" | "FallBehind" | "RecoverStart":
                said = _moved(past, moment)
            case "Restart":
                said = _forgotten(past, moment)
            case "AcknowledgeDeletion":
                said = _promised(past, moment)
            case _:
                said = ""
        if said:
            return said
    return ""


def _began(past: Past, moment: Moment, name: str) -> Moment | None:
    """The last that a node told of where its log begins, before a moment."""
    return past.earlier(moment, *BEGINS, by=name)


def _moved(past: Past, moment: Moment) -> str:
    """A start that falls, or that passes the high watermark."""
    before = _began(past, moment, moment.node)
    act = f"{moment.node} lets its log begin at {moment.fact.to} ({moment.words}){_asked(past, moment)}"
    if type(moment.fact).__name__ == "RecoverStart":
        back = f"{moment.node} came back{past.ended(moment.node, moment)}"
        act = f"{back} with a log that begins at {moment.fact.to} ({moment.words})"
    if before is not None and moment.fact.to < before.fact.to:
        return (
            f"{act}, and had deleted everything below {before.fact.to} before ({before.words}): what "
            "clients were told is gone is there again"
        )
    replica = past.chronicle.replicas.get(moment.node)
    known = getattr(moment.fact, "high_watermark", -1)
    if known < 0 and replica is not None:
        known = replica.high_watermark
    if moment.fact.to > known >= 0:
        what = "its high watermark stays at" if type(moment.fact).__name__ == "FallBehind" else "its high watermark is"
        return f"{act}, and {what} {known}: it does not know that what lies between was ever committed"
    return ""


def _asked(past: Past, moment: Moment) -> str:
    """Who wanted that; empty where nobody asked for as much."""
    for line in reversed(past.trace.lines[: moment.line]):
        if isinstance(line, Op) and line.operation == "delete" and line.phase == "invoke":
            if line.partition != past.chronicle.partition or (line.offset or 0) < moment.fact.to:
                continue
            return f", as {line.client} asked ({line.at / 1000:.3f} s, line {line.n})"
    return ""


def _forgotten(past: Past, moment: Moment) -> str:
    """A process that comes back and has all of a log of which it had deleted a part."""
    before = _began(past, moment, moment.node)
    if before is None or before.line == moment.line or before.fact.to == 0:
        return ""
    return (
        f"{moment.node} came back{past.ended(moment.node, moment)} with a log that begins at 0 ({moment.words}), and "
        f"had deleted everything below {before.fact.to} before ({before.words}): what clients were told is gone is "
        "there again"
    )


def _promised(past: Past, moment: Moment) -> str:
    """A client is told that records are gone which a living replica still has."""
    for number in sorted(moment.fact.replicas):
        before = _began(past, moment, node(number))
        start = 0 if before is None else before.fact.to
        if start < moment.fact.to:
            since = "" if before is None else f" since ({before.words})"
            return (
                f"{moment.node}, leader of epoch {moment.fact.leader_epoch}, told a client that everything below "
                f"{moment.fact.to} is deleted ({moment.words}), and the log of {node(number)}, which lives and may be "
                f"elected, begins at {start}{since}"
            )
    return ""


# ------------------------------------------------------------ too early
def early(past: Past) -> str:
    """Records deleted that nobody wanted gone, and that were not old enough."""
    for moment in past.last:
        if type(moment.fact).__name__ not in BEGINS or moment.fact.to == 0:
            continue
        gone = [life for life in past.chronicle.lives.values() if life.cell.base_offset < moment.fact.to]
        youngest = max(gone, key=lambda life: life.cell.base_offset, default=None)
        act = f"{moment.node} lets its log begin at {moment.fact.to} ({moment.words}), and no client had asked for that"
        if youngest is None:
            return act
        return f"{act}; {past.record(youngest)}, the last that goes, {_age(past, youngest, moment)}"
    return ""


def _age(past: Past, life: Life, moment: Moment) -> str:
    log = past.trace.header.configuration.get("log", {})
    keeps = log.get("retention_ms", -1) if isinstance(log, dict) else -1
    if life.written is None or life.written.at < 0:
        return "was there"
    written = f"was written by {life.written.node} ({life.written.words})"
    if keeps < 0:
        return f"{written}, and nothing here is ever too old to be kept"
    return f"{written}, {moment.at - life.written.at} ms before, and is to be kept for {keeps} ms"
