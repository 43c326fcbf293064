"""Why a replica has what nobody wrote to its topic (one_topic): the log that its disk had of another of that name.

One rule: which other topic it was is told by what the node itself said of its disk, and nothing is guessed at.
"""

from traces.chronicle import Moment
from traces.reasons.past import Past
from traces.topic_labels import name_of

_TAKES = {"BecomeLeader": "leads", "Reconcile": "has its leader confirm", "Truncate": "cuts"}
_ENDS = {"BecomeLeader": "start_offset", "Reconcile": "log_end", "Truncate": "to"}


def taken_over(past: Past) -> str:
    for moment in past.last:
        kind = type(moment.fact).__name__
        if kind not in _TAKES:
            continue
        end = getattr(moment.fact, _ENDS[kind])
        act = (
            f"{moment.node} {_TAKES[kind]} a log of {past.chronicle.partition} with everything below offset {end} "
            f"({moment.words}), and nobody had written any of it to this topic"
        )
        found = _found(past, moment)
        if found is None:
            return act
        back = f"{moment.node} had come back{past.ended(moment.node, found)}"
        gone = _gone(past, found)
        return f"{act}: {back} with the log of {found.fact.partition}, end {found.fact.log_end} ({found.words}){gone}"
    return ""


def _found(past: Past, moment: Moment) -> Moment | None:
    """The log of another topic of that name that the node told of when it last started."""
    name = name_of(past.chronicle.partition)
    each: Moment
    for each in reversed(past.elsewhere):
        of_its_disk = each.node == moment.node and type(each.fact).__name__ == "Restart"
        if of_its_disk and each.line <= moment.line and name_of(each.fact.partition) == name:
            return each
    return None


def _gone(past: Past, found: Moment) -> str:
    """When the topic of that log was deleted."""
    for each in past.elsewhere:
        if type(each.fact).__name__ == "DeletePartition" and each.fact.partition == found.fact.partition:
            return f", whose topic was deleted ({each.words})"
    return ""
