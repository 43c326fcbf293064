"""Why an act does not fit its epoch (epoch_fencing): who did what, in which epoch it was, and by which step it had left
it or never entered it.

One rule: each fact of the violating step is looked at by its kind; the first that does not fit makes the sentence.
"""

from collections.abc import Callable, Mapping

from traces.chronicle import Moment
from traces.reasons.past import Past
from traces.sides import DECISIONS
from traces.wording import members, node

ROLES = ("BecomeLeader", "BecomeFollower", "Resume")


def fenced(past: Past) -> str:
    for moment in past.last:
        teller = _BY_KIND.get(type(moment.fact).__name__)
        if teller is not None and (said := teller(past, moment)):
            return said
    return ""


# ------------------------------------------------------------ the controllers
def _decision(past: Past, moment: Moment) -> str:
    """A decision that does not follow from the one before it."""
    stood = past.decided(moment)
    if stood is None:
        return ""
    fact, before = moment.fact, stood.fact
    act, earlier = past.said(moment), past.said(stood)
    version, epoch = getattr(before, "partition_epoch", 0), getattr(before, "leader_epoch", 0)
    if fact.partition_epoch <= version:
        return (
            f"{act} as version {fact.partition_epoch} of the partition, and version {version} stood already: {earlier}"
        )
    leader = getattr(fact, "leader", -1)
    if type(fact).__name__ == "AlterPartition":
        if fact.leader_epoch != epoch:
            return f"{act} for leader epoch {fact.leader_epoch}, which was over: {earlier}"
        opened = past.earlier(moment, "CreatePartition", *sorted(DECISIONS), where=lambda each: hasattr(each, "leader"))
        if opened is None or opened.fact.leader == leader:
            return ""
        return f"{act}, as {node(leader)} had asked, which did not lead: {past.said(opened)}"
    if fact.leader_epoch > epoch and leader >= 0 and type(fact).__name__ != "ElectUnclean":
        eligible = type(fact).__name__ == "ElectEligible"
        allowed = before.elr if eligible else before.isr
        if leader not in allowed:
            which = "eligible to lead" if eligible else "in sync"
            were = f"{members(allowed)} were {which}" if allowed else f"nobody was {which}"
            return (
                f"{act}, and {node(leader)} was not {which}: {were} since {earlier}, so {node(leader)} may lack what "
                "was committed"
            )
    return ""


def _registered(past: Past, moment: Moment) -> str:
    """A registration older than one there was."""
    fact = moment.fact
    newer = past.earlier(
        moment,
        *("Register", "LosePower", "MemberLosesPower", "LeaderLosesPower"),
        where=lambda each: each.replica == fact.replica and each.broker_epoch >= fact.broker_epoch,
    )
    if newer is None:
        return _decision(past, moment) if type(fact).__name__ in DECISIONS else ""
    return (
        f"{moment.node} registers {node(fact.replica)} under broker epoch {fact.broker_epoch} ({moment.words}), and "
        f"had registered it under {newer.fact.broker_epoch} before ({newer.words})"
    )


# ------------------------------------------------------------ the replicas
def _begins(past: Past, moment: Moment) -> str:
    """A replica enters an epoch that is another's, or that it has been in."""
    epoch = moment.fact.leader_epoch
    leads = type(moment.fact).__name__ == "BecomeLeader"
    act = f"{moment.node} began to {'lead' if leads else 'follow in'} epoch {epoch} ({moment.words})"
    rival = past.earlier(moment, "BecomeLeader", where=lambda fact: fact.leader_epoch == epoch)
    if leads and rival is not None and rival.node != moment.node:
        return f"{act}, which {rival.node} had led since ({rival.words}): two leaders in one epoch"
    own = past.earlier(moment, *ROLES, by=moment.node, where=lambda fact: fact.leader_epoch >= epoch)
    if own is None:
        return ""
    back = past.earlier(moment, "Restart", by=moment.node)
    if not leads and own.fact.leader_epoch == epoch and back is not None and back.line > own.line:
        return ""
    between = [fault for line, fault in past.faults if own.line < line < moment.line and moment.node in fault.targets]
    struck = f" (in between: {' and '.join(fault.kind for fault in between)})" if between else ""
    return f"{act}, and {past.role(own)}{struck}: nobody enters an epoch twice, for what he told in it he may forget"


def _leads(past: Past, moment: Moment) -> str:
    """What only the leader of the epoch may do."""
    own = past.earlier(moment, *ROLES, "Restart", by=moment.node)
    epoch = moment.fact.leader_epoch
    if own is not None and type(own.fact).__name__ in ("BecomeLeader", "Resume") and own.fact.leader_epoch == epoch:
        return ""
    back = own is not None and type(own.fact).__name__ == "Restart"
    was = "had only come back from a restart" if back else past.role(own)
    return f"{past.said(moment)} as leader of epoch {epoch}, and {was}"


def _counts(past: Past, moment: Moment) -> str:
    """A position counts only in the epoch in which the follower sent it."""
    if said := _leads(past, moment):
        return said
    fact, follower = moment.fact, node(moment.fact.follower)
    epoch = fact.leader_epoch
    act = (
        f"{moment.node}, leader of epoch {epoch}, counted {follower} as having everything below offset {fact.offset} "
        f"({moment.words})"
    )
    asks = [each for each in past.before(moment) if each.node == follower and type(each.fact).__name__ == "SendFetch"]
    own = [each for each in asks if each.fact.leader_epoch == epoch]
    others = [each for each in asks if each.fact.leader_epoch != epoch]
    if not own:
        if not others:
            return f"{act}, and {follower} had sent no fetch at all"
        return f"{act}, and {follower} had sent no fetch in that epoch: {_asked(others[0])}, so that says nothing here"
    furthest = max(own, key=lambda each: (each.fact.offset, -each.line))
    if fact.offset > furthest.fact.offset:
        shown = [each for each in others if each.fact.offset >= fact.offset]
        whence = f"; {_asked(shown[0])}, and that does not count in epoch {epoch}" if shown else ""
        return (
            f"{act}, and in that epoch {follower} had fetched from offset {furthest.fact.offset} at most "
            f"({furthest.words}){whence}"
        )
    newer = past.earlier(
        moment,
        "Acknowledge",
        by=moment.node,
        where=lambda each: each.follower == fact.follower and each.broker_epoch > fact.broker_epoch,
    )
    if newer is None:
        return ""
    return (
        f"{act} under its registration {fact.broker_epoch}, and had counted it under registration "
        f"{newer.fact.broker_epoch} before ({newer.words}): what it had under the older one it may have lost since"
    )


def _asked(moment: Moment) -> str:
    where = f"in epoch {moment.fact.leader_epoch}, which {node(moment.fact.leader)} led"
    return f"its last fetch from offset {moment.fact.offset} it sent {where} ({moment.words})"


def _follows(past: Past, moment: Moment) -> str:
    """What only a follower does, in the epoch it follows in, and with that epoch's leader."""
    own = past.earlier(moment, *ROLES, "Restart", by=moment.node)
    epoch, fact = moment.fact.leader_epoch, moment.fact
    follows = own is not None and type(own.fact).__name__ == "BecomeFollower"
    if not follows or own is None or own.fact.leader_epoch != epoch:
        back = own is not None and type(own.fact).__name__ == "Restart"
        was = "had only come back from a restart" if back else past.role(own)
        return f"{past.said(moment)} as follower in epoch {epoch}, and {was}"
    leader = past.earlier(moment, "BecomeLeader", where=lambda each: each.leader_epoch == epoch)
    named = getattr(fact, "leader", None)
    if leader is not None and named is not None and node(named) != leader.node:
        return f"{past.said(moment)} with {node(named)} for the leader of epoch {epoch}, which {leader.node} led"
    return ""


def _asks(past: Past, moment: Moment) -> str:
    if said := _follows(past, moment):
        return said
    own = moment.fact.broker_epoch
    newer = past.earlier(moment, "SendFetch", by=moment.node, where=lambda each: each.broker_epoch > own)
    if newer is None:
        return ""
    return (
        f"{past.said(moment)} under its registration {own}, and had fetched under registration "
        f"{newer.fact.broker_epoch} before ({newer.words})"
    )


_Teller = Callable[[Past, Moment], str]
_BY_KIND: Mapping[str, _Teller] = {
    **dict.fromkeys(sorted(DECISIONS), _decision),
    **dict.fromkeys(("Register", "LosePower", "MemberLosesPower", "LeaderLosesPower"), _registered),
    **dict.fromkeys(("BecomeLeader", "BecomeFollower"), _begins),
    **dict.fromkeys(("Append", "AcknowledgeProduce", "AdvanceHighWatermark", "ExpandIsr"), _leads),
    **dict.fromkeys(("ShrinkIsr", "LearnIsr", "AnswerFetch", "AnswerProbe"), _leads),
    **dict.fromkeys(("Truncate", "Reconcile", "ReceiveFetch"), _follows),
    "Acknowledge": _counts,
    "SendFetch": _asks,
}
"""By the kind of a fact."""
