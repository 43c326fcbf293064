"""Why a log does not begin where it must (log_start): who deleted what and when, and who has forgotten it or never did.

One rule: where a log begins is what its broker last told of it; 0 where it told nothing.
"""

from traces.chronicle import Moment
from traces.reasons.past import Past
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
    act = f"{moment.node} lets its log begin at {moment.fact.to}"
    if type(moment.fact).__name__ == "RecoverStart":
        act = f"{moment.node} came back{past.ended(moment.node, moment)} with a log that begins at {moment.fact.to}"
    if before is not None and moment.fact.to < before.fact.to:
        return (
            f"{act} ({moment.words}), and had deleted everything below {before.fact.to} before ({before.words}): what "
            "clients were told is gone is there again"
        )
    replica = past.chronicle.replicas.get(moment.node)
    if replica is not None and moment.fact.to > replica.high_watermark:
        return (
            f"{act} ({moment.words}), and its high watermark is {replica.high_watermark}: what lies between was "
            "deleted before it was committed"
        )
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
