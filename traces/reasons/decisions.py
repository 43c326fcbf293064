"""Why a decision of the controllers, or what a leader commits by it, is wrong: one_decision, counted_on, last_resort
and quorum_superset.

One rule: a decision is named by who told it and when, and so is the earlier one that it contradicts.
"""

from traces.chronicle import Moment
from traces.reasons.past import Past
from traces.sides import DECISIONS
from traces.wording import members, node

LOSES_POWER = frozenset({"MemberLosesPower", "LeaderLosesPower", "LosePower"})


def twice(past: Past) -> str:
    """Two decisions under one partition epoch."""
    for last in [each for each in past.chronicle.last if type(each.fact).__name__ in DECISIONS]:
        epoch = last.fact.partition_epoch
        for first in past.chronicle.decisions:
            if getattr(first.fact, "partition_epoch", 0) != epoch or first.fact == last.fact:
                continue
            return (
                f"two decisions have partition epoch {epoch}: {past.said(first)}, and {last.node}, which should know "
                f"of it, {past.did(last)} ({last.words})"
            )
    return ""


def counted_on(past: Past) -> str:
    """A leader or a member of the in-sync set that is not there, or about to go."""
    for moment in past.last:
        if type(moment.fact).__name__ != "CountOnAbsent":
            continue
        version, absent = moment.fact.partition_epoch, node(moment.fact.node)
        decision = next(
            each for each in reversed(past.chronicle.decisions) if getattr(each.fact, "partition_epoch", 0) == version
        )
        leads = getattr(decision.fact, "leader", -1) == moment.fact.node
        use = "to lead" if leads else "in the in-sync set"
        return (
            f"{past.said(decision)} and so counts on {absent} {use} as of version {version} of "
            f"{moment.fact.partition}, though by its own records {absent} is fenced or about to stop"
            f"{_known(past, decision)}"
        )
    return ""


def last_resort(past: Past) -> str:
    """An election from outside of both sets that nobody has allowed."""
    for moment in past.last:
        fact = moment.fact
        if type(fact).__name__ != "ElectUnclean":
            continue
        earlier = [each for each in past.chronicle.decisions if each.fact.partition == fact.partition]
        before = next(each for each in reversed(earlier) if _version(each) < fact.partition_epoch)
        kept = (*before.fact.isr, *getattr(before.fact, "elr", ()))
        if kept:
            who = f"{members(kept)}, in sync or eligible, had everything and might have come back"
        else:
            last = next(each for each in reversed(earlier) if each is not moment and _leader(each) >= 0)
            who = f"the last leader was n{_leader(last)} ({last.words}), who has what was acknowledged"
        return f"{past.said(moment)} although nobody has allowed it: {who}; before that {past.said(before)}"
    return ""


def _version(moment: Moment) -> int:
    return int(getattr(moment.fact, "partition_epoch", 0))


def _leader(moment: Moment) -> int:
    return int(getattr(moment.fact, "leader", -1))


def _known(past: Past, decision: Moment) -> str:
    """What the controllers, or the world, had last told of the broker that is not there."""
    absent = next(each.fact.node for each in past.last if type(each.fact).__name__ == "CountOnAbsent")
    told = [each for each in (*past.moments, *past.elsewhere) if each.line < decision.line and _removes(each, absent)]
    if not told:
        struck = past.struck(node(absent), decision)
        return f"; before that: {struck}" if struck else ""
    last = max(told, key=lambda each: each.line)
    where = "" if last.fact.partition == decision.fact.partition else f" of {last.fact.partition}"
    what = "lost power" if type(last.fact).__name__ in LOSES_POWER else f"was dropped from the in-sync set{where}"
    return f": it {what} ({last.words}) and has not been unfenced since"


def _removes(moment: Moment, number: int) -> bool:
    fact = moment.fact
    gone = getattr(fact, "removed", getattr(fact, "replica", -1))
    return gone == number and (type(fact).__name__ in DECISIONS or type(fact).__name__ in LOSES_POWER)


def superset(past: Past) -> str:
    """What is committed must be on enough replicas, and on all that may be elected."""
    commits = sorted(past.last, key=lambda moment: type(moment.fact).__name__ != "AdvanceHighWatermark")
    for moment in commits:
        fact, kind = moment.fact, type(moment.fact).__name__
        if kind in DECISIONS and fact.enough and fact.elr:
            kept = members(fact.elr)
            return (
                f"{past.said(moment)} and so keeps {kept} eligible to lead, though {members(fact.isr)} are as many as "
                f"min.insync.replicas asks for: they commit without {kept}, which may be elected and lack it"
            )
        if kind == "AdvanceHighWatermark" and (said := _commits(past, moment)):
            return said
        if kind in ("BecomeLeader", "Resume", "LearnIsr", "AlterPartition") and (said := _uncounted(past, moment)):
            return said
    return ""


def _commits(past: Past, moment: Moment) -> str:
    fact = moment.fact
    learnt = past.earlier(moment, "BecomeLeader", "Resume", "LearnIsr", by=moment.node)
    if learnt is not None and not learnt.fact.enough:
        life = past.chronicle.there(moment.node, fact.to - 1)
        record = "a record" if life is None else past.record(life)
        alone = "alone " if len(learnt.fact.isr) == 1 else ""
        decided = past.decided(moment)
        told = "" if decided is None else f"; {past.said(decided)}"
        return (
            f"{moment.node}, leader of epoch {fact.leader_epoch}, committed {record} at offset {fact.to - 1} by moving "
            f"its high watermark to {fact.to} ({moment.words}) while {members(learnt.fact.isr)} {alone}was in sync, "
            f"fewer than min.insync.replicas{told}"
        )
    return _uncounted(past, moment)


def _uncounted(past: Past, moment: Moment) -> str:
    """The leader waits for fewer than may be elected."""
    decided = past.chronicle.decided
    if decided is None or decided.leader < 0:
        return ""
    leader = past.chronicle.replicas.get(node(decided.leader))
    if leader is None or not leader.leading:
        return ""
    commits = type(moment.fact).__name__ == "AdvanceHighWatermark"
    electable = (*decided.isr, *(decided.elr if commits else ()))
    missing = [number for number in electable if number not in leader.counted]
    if not missing:
        return ""
    by = past.chronicle.decisions[-1]
    return (
        f"{node(decided.leader)}, leader of epoch {leader.leader_epoch}, commits as soon as {members(leader.counted)} "
        f"have a record ({past.said(moment)}), and does not wait for {members(missing)}, which may be elected next: "
        f"{past.said(by)}"
    )
