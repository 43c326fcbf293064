"""Why a record is not where it must be: who promised that it would stay, and by which step it came to be missing.

One rule: the first record that was acknowledged, else committed, and that somebody lacks who leads or may lead next.
"""

from traces.chronicle import Life, Moment
from traces.reasons.past import Past
from traces.sides import Sides
from traces.wording import members, node


def lost(past: Past) -> str:
    """Of the records that were acknowledged or committed, the first that somebody who may lead has not."""
    chronicle = past.chronicle
    promised = sorted(
        (life for life in chronicle.lives.values() if life.acknowledged or life.committed),
        key=lambda life: (life.acknowledged is None, life.cell.base_offset),
    )
    for life in promised:
        for candidate, role in _candidates(past):
            if not chronicle.has(candidate, life):
                return f"{promise(past, life)}; {absence(past, life, candidate)}, and {candidate} {role}"
    return _by_state(past) if past.trace.header.origin == "model" else ""


def _by_state(past: Past) -> str:
    """Of an execution of a variant whose steps take a log away without a fact: by the state it ends in."""
    sides = Sides.of(past.trace, past.chronicle.partition)
    for line in past.trace.lines:
        sides.line(line)
    decided = sides.told.decided
    if decided is None:
        return ""
    for life in [life for life in past.chronicle.lives.values() if life.committed]:
        for number in (*decided.isr, *decided.elr):
            held = sides.told.replicas.get(node(number))
            places = {(cell.base_offset, cell.leader_epoch) for cell in held.cells} if held is not None else set()
            if (life.cell.base_offset, life.cell.leader_epoch) not in places:
                removals = [each for each in past.moments if getattr(each.fact, "removed", -1) == number]
                how = f": {past.said(removals[-1])}, and its log was deleted" if removals else ""
                return f"{promise(past, life)}; {node(number)} does not have it{how}, and may be elected next"
    return ""


def _candidates(past: Past) -> list[tuple[str, str]]:
    """Who leads or may lead next, and why; those of the last step first."""
    chronicle = past.chronicle
    decided, found = chronicle.decided, []
    if decided is None:
        return []
    last = chronicle.last[-1]
    if type(last.fact).__name__ == "ExpandIsr":
        found.append((node(last.fact.follower), f"is about to be added to the in-sync set by {last.node}"))
    standing = {*decided.isr, *decided.elr}
    names = sorted({*chronicle.replicas, *map(node, standing), *_left_eligible(past)} - chronicle.away)
    for name in sorted(names, key=lambda name: name != last.node):
        replica = chronicle.replicas.get(name)
        if replica is not None and replica.leading and replica.leader_epoch == decided.leader_epoch:
            found.append((name, f"leads epoch {decided.leader_epoch}"))
        elif int(name[1:]) in decided.isr:
            since = f" of epoch {decided.leader_epoch}"
            found.append((name, f"is in the in-sync set {members(decided.isr)}{since}: it may be elected next"))
        elif int(name[1:]) in decided.elr or name in _left_eligible(past):
            found.append((name, "is an eligible leader replica: it may be elected next"))
    return found


def _left_eligible(past: Past) -> tuple[str, ...]:
    """Executions of the model do not tell who is eligible: whoever left the in-sync set under too few members is."""
    if past.trace.header.origin != "model" or past.trace.verdict is None:
        return ()
    if past.trace.verdict.invariant not in ("committed_in_eligible", "durable"):
        return ()
    fences = [moment.fact for moment in past.moments if type(moment.fact).__name__ == "Fence"]
    return tuple(node(fact.removed) for fact in fences if fact.removed >= 0)


def promise(past: Past, life: Life) -> str:
    """Which record, and who said that it would stay."""
    record, offset = past.record(life), life.cell.base_offset
    if life.acknowledged is not None:
        told = life.acknowledged
        to = f" to {life.client}" if life.client else ""
        by = f"{told.node}, leader of epoch {told.fact.leader_epoch}"
        return f"{record} was acknowledged{to} at offset {offset} by {by} ({told.words})"
    passed = life.committed
    assert passed is not None, "a promise is an acknowledgement or a commit"
    by = f"{passed.node}, leader of epoch {passed.fact.leader_epoch}"
    return f"{record} was committed at offset {offset} by {by} ({passed.words})"


def absence(past: Past, life: Life, name: str) -> str:
    """How it comes that a node has not got a record."""
    chronicle = past.chronicle
    gone = life.lost.get(name)
    if gone is not None:
        return f"{name} {_taken_away(past, gone)} ({gone.words})"
    instead = chronicle.there(name, life.cell.base_offset)
    if instead is not None:
        where = f"{past.record(instead)} of epoch {instead.cell.leader_epoch}"
        return f"{name} has {where} at that offset instead"
    replica = chronicle.replicas.get(name)
    return f"{name} never copied it" if replica is None or replica.cells or life.written else f"{name} has an empty log"


def _taken_away(past: Past, gone: Moment) -> str:
    match type(gone.fact).__name__:
        case "Truncate":
            decided = past.chronicle.decided
            leader = ""
            if decided is not None and decided.leader_epoch == gone.fact.leader_epoch and decided.leader >= 0:
                leader = f" to follow {node(decided.leader)}"
            return f"cut it off when it truncated its log to {gone.fact.to}{leader} in epoch {gone.fact.leader_epoch}"
        case "Restart":
            return f"came back from a restart without it, its log ending at {gone.fact.log_end}"
        case "DeleteReplica":
            return "deleted its log"
    return "no longer has it"


def ahead(past: Past) -> str:
    """A high watermark beyond what others have: a leader's, or a follower's beyond what any leader committed."""
    chronicle = past.chronicle
    for moment in chronicle.last:
        if type(moment.fact).__name__ == "AdvanceHighWatermark":
            if said := _leader_ahead(past, moment):
                return said
        elif getattr(moment.fact, "high_watermark", 0) > 0 and (said := _follower_ahead(past, moment)):
            return said
    return ""


def _leader_ahead(past: Past, moment: Moment) -> str:
    chronicle = past.chronicle
    to, leader = moment.fact.to, f"{moment.node}, leader of epoch {moment.fact.leader_epoch},"
    for name in [node(number) for number in sorted(moment.fact.maximal_isr) if node(number) != moment.node]:
        replica = chronicle.replicas.get(name)
        for offset in range(to):
            own, other = chronicle.there(moment.node, offset), chronicle.there(name, offset)
            if own is None or own is other:
                continue
            lacks = absence(past, own, name)
            own_epoch = f", written in epoch {own.cell.leader_epoch}," if other is not None else ""
            ends = "" if replica is None or other is not None else f", its log ends at {replica.log_end}"
            return (
                f"{leader} told clients that everything below offset {to} is committed ({moment.words}), "
                f"{past.record(own)}{own_epoch} among it; {lacks}{ends}, and {name} is in the set it must wait for"
            )
    return ""


def _follower_ahead(past: Past, moment: Moment) -> str:
    """A replica believes committed what no leader has called so."""
    to = moment.fact.high_watermark
    advances = [each.fact.to for each in past.before(moment) if type(each.fact).__name__ == "AdvanceHighWatermark"]
    highest = max(advances, default=0)
    if to <= highest:
        return ""
    life = past.chronicle.there(moment.node, highest)
    record = "a record" if life is None else past.record(life)
    if type(moment.fact).__name__ == "Restart":
        whence = f"{moment.node} came back from a restart and took everything below offset {to} for committed"
    else:
        whence = f"{moment.node} took everything below offset {to} for committed"
    told = _teller(past, moment)
    by = "" if told is None else f"; {told.node} had told it so ({told.words})"
    return (
        f"{whence} ({moment.words}), {record} at offset {highest} among it{by}; no leader had committed anything "
        f"{'beyond offset ' + str(highest) if highest else 'at all'}, so nobody had promised that it stays"
    )


def _teller(past: Past, moment: Moment) -> Moment | None:
    """The leader's answer from which a follower has its high watermark."""
    own = int(moment.node[1:])
    leader = getattr(moment.fact, "leader", None)
    if leader is None:
        return None
    return past.earlier(moment, "AnswerFetch", by=node(leader), where=lambda fact: fact.follower == own)
