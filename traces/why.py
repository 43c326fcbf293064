"""Why an execution is wrong, in one sentence an operator of Kafka can follow: which record, acknowledged where and
when, lost by whom and by which step.

One rule: every word comes from the facts of the trace. Where they do not tell more than the judge did, what the judge
said is the sentence.
"""

from collections.abc import Callable, Mapping

from model.design import syntax
from model.models import MODELS
from traces.abstraction import action_of
from traces.chronicle import Chronicle, Life, Moment
from traces.facts import decoded
from traces.modelled import with_facts
from traces.quorum_facts import decoded as quorum_decoded
from traces.quorum_words import said
from traces.schema import Step
from traces.sides import DECISIONS, QUORUM
from traces.story import letter
from traces.storyteller import tell
from traces.trace import Trace
from traces.validate import validate
from traces.wording import members, node, words

LOSSES = frozenset(
    {
        *("no_committed_loss", "committed_in_isr", "committed_in_eligible", "durable", "leader_complete"),
        *("agree_below_high_watermark", "high_watermark_bound"),
    }
)


def why(trace: Trace) -> str:
    """The sentence of a trace with a verdict; empty where nothing is violated."""
    verdict = trace.verdict
    if verdict is None:
        return ""
    if trace.header.origin == "model" and trace.header.model.startswith(QUORUM):
        return tell(trace).sentence
    told = with_facts(trace) if trace.header.origin == "model" else trace
    teller = _TELLERS.get(verdict.invariant)
    if teller is None and verdict.invariant in LOSSES:
        teller = _lost
    if teller is None:
        return _placed(trace)
    chronicle = Chronicle(told, tell(trace).partition, verdict.at_line)
    return teller(told, chronicle) or _placed(trace)


def _placed(trace: Trace) -> str:
    """What the judge said, and when."""
    verdict = trace.verdict
    assert verdict is not None, "asked of a trace with a verdict"
    if verdict.at_line is None or trace.header.origin == "model" or not trace.lines:
        return verdict.sentence
    return f"{verdict.sentence} ({trace.lines[verdict.at_line].at / 1000:.3f} s, line {verdict.at_line})"


# ------------------------------------------------------------ a record is not where it must be
def _lost(trace: Trace, chronicle: Chronicle) -> str:
    """Of the records that were acknowledged or committed, the first that somebody who may lead has not."""
    assert trace.verdict is not None, "asked of a trace with a verdict"
    if trace.verdict.invariant == "high_watermark_bound" and (found := _ahead(chronicle)):
        return found
    promised = sorted(
        (life for life in chronicle.lives.values() if life.acknowledged or life.committed),
        key=lambda life: (life.acknowledged is None, life.cell.base_offset),
    )
    for life in promised:
        for candidate, role in _candidates(chronicle):
            if not chronicle.has(candidate, life):
                return f"{_promise(chronicle, life)}; {_absence(chronicle, life, candidate)}, and {candidate} {role}"
    return ""


def _candidates(chronicle: Chronicle) -> list[tuple[str, str]]:
    """Who leads or may lead next, and why; those of the last step first."""
    decided, found = chronicle.decided, []
    if decided is None:
        return []
    last = chronicle.last[-1]
    if type(last.fact).__name__ == "ExpandIsr":
        found.append((node(last.fact.follower), f"is about to be added to the in-sync set by {last.node}"))
    names = sorted({*chronicle.replicas, *(node(member) for member in (*decided.isr, *decided.elr))} - chronicle.away)
    for name in sorted(names, key=lambda name: name != last.node):
        replica = chronicle.replicas.get(name)
        if replica is not None and replica.leading and replica.leader_epoch == decided.leader_epoch:
            found.append((name, f"leads epoch {decided.leader_epoch}"))
        elif int(name[1:]) in decided.isr:
            since = f" of epoch {decided.leader_epoch}"
            found.append((name, f"is in the in-sync set {members(decided.isr)}{since}: it may be elected next"))
        elif int(name[1:]) in decided.elr:
            found.append((name, "is an eligible leader replica: it may be elected next"))
    return found


def _record(chronicle: Chronicle, life: Life) -> str:
    name = _letters(chronicle)(life.cell.crc)
    return f"{life.value} ({name})" if life.value else f"record {name}"


def _promise(chronicle: Chronicle, life: Life) -> str:
    """Which record, and who said that it would stay."""
    record, offset = _record(chronicle, life), life.cell.base_offset
    if life.acknowledged is not None:
        told = life.acknowledged
        to = f" to {life.client}" if life.client else ""
        by = f"{told.node}, leader of epoch {told.fact.leader_epoch}"
        return f"{record} was acknowledged{to} at offset {offset} by {by} ({told.words})"
    passed = life.committed
    assert passed is not None, "a promise is an acknowledgement or a commit"
    by = f"{passed.node}, leader of epoch {passed.fact.leader_epoch}"
    return f"{record} was committed at offset {offset} by {by} ({passed.words})"


def _absence(chronicle: Chronicle, life: Life, name: str) -> str:
    """How it comes that a node has not got a record."""
    lost = life.lost.get(name)
    if lost is not None:
        return f"{name} {_taken_away(chronicle, lost)} ({lost.words})"
    instead = chronicle.there(name, life.cell.base_offset)
    if instead is not None:
        where = f"{_record(chronicle, instead)} of epoch {instead.cell.leader_epoch}"
        return f"{name} has {where} at that offset instead"
    replica = chronicle.replicas.get(name)
    return f"{name} never copied it" if replica is None or replica.cells or life.written else f"{name} has an empty log"


def _taken_away(chronicle: Chronicle, lost: Moment) -> str:
    match type(lost.fact).__name__:
        case "Truncate":
            decided = chronicle.decided
            leader = ""
            if decided is not None and decided.leader_epoch == lost.fact.leader_epoch and decided.leader >= 0:
                leader = f" to follow {node(decided.leader)}"
            return f"cut it off when it truncated its log to {lost.fact.to}{leader} in epoch {lost.fact.leader_epoch}"
        case "Restart":
            return f"came back from a restart without it, its log ending at {lost.fact.log_end}"
        case "DeleteReplica":
            return "deleted its log"
    return "no longer has it"


def _ahead(chronicle: Chronicle) -> str:
    """A high watermark beyond what others have."""
    moment = next((each for each in chronicle.last if hasattr(each.fact, "maximal_isr")), None)
    if moment is None:
        return ""
    to, leader = moment.fact.to, f"{moment.node}, leader of epoch {moment.fact.leader_epoch},"
    for name in [node(number) for number in sorted(moment.fact.maximal_isr) if node(number) != moment.node]:
        replica = chronicle.replicas.get(name)
        for offset in range(to):
            own, other = chronicle.there(moment.node, offset), chronicle.there(name, offset)
            if own is None or own is other:
                continue
            lacks = _absence(chronicle, own, name)
            own_epoch = f", written in epoch {own.cell.leader_epoch}," if other is not None else ""
            ends = "" if replica is None or other is not None else f", its log ends at {replica.log_end}"
            return (
                f"{leader} told clients that everything below offset {to} is committed ({moment.words}), "
                f"{_record(chronicle, own)}{own_epoch} among it; {lacks}{ends}, and {name} is in the set it must wait "
                "for"
            )
    return ""


# ------------------------------------------------------------ other invariants
def _twice(_trace: Trace, chronicle: Chronicle) -> str:
    """A batch that stands in the log twice."""
    for name, replica in sorted(chronicle.replicas.items()):
        seen: dict[int, Life] = {}
        for cell in replica.cells:
            life = chronicle.life(cell)
            first = seen.setdefault(cell.crc, life)
            if first is life or first.written is None or life.written is None:
                continue
            one, two = first.written, life.written
            value = life.value or first.value or _record(chronicle, life)
            sender = life.client or first.client or "its producer"
            return (
                f"{value}, sent once by {sender}, stands in the log of {name} twice: "
                f"written at offset {first.cell.base_offset} by {one.node} in epoch {one.fact.leader_epoch} "
                f"({one.words}), and again at offset {cell.base_offset} by {two.node} in epoch "
                f"{two.fact.leader_epoch} ({two.words}), which did not know it for a repetition"
            )
    return ""


def _decisions(_trace: Trace, chronicle: Chronicle) -> str:
    """Two decisions under one partition epoch."""
    for last in [each for each in chronicle.last if type(each.fact).__name__ in DECISIONS]:
        epoch = last.fact.partition_epoch
        for first in chronicle.decisions:
            if getattr(first.fact, "partition_epoch", 0) != epoch or first.fact == last.fact:
                continue
            return (
                f"two decisions have partition epoch {epoch}: {first.node} told that it {words(first.fact, str)} "
                f"({first.words}), and {last.node}, which should know of it, {words(last.fact, str)} ({last.words})"
            )
    return ""


def _leaves(trace: Trace, chronicle: Chronicle) -> str:
    """A step that the model refuses: what it did, the rule, and what is false."""
    left = validate(trace).divergence
    if left is None or not left.node:
        return ""
    line = trace.lines[left.line]
    assert isinstance(line, Step), "what leaves the model is a step"
    did = next((words(fact, _letters(chronicle)) for fact in decoded(line.facts) if action_of(fact) == left.action), "")
    if not did:
        did = next((said(fact) for fact in quorum_decoded(line.quorum) if action_of(fact) == left.action), "")
    did = (did or left.action.replace("_", " ")).replace("high watermark ", "sets its high watermark to ")
    rule = _rule(trace, left.action, left.partition)
    found = left.reason.partition(" is not allowed here: ")[2] or left.reason
    against = f', against the rule "{rule}"' if rule else ", which the model does not allow"
    return f"{left.node} {did} ({line.at / 1000:.3f} s, line {left.line}){against}: {found}"


def _letters(chronicle: Chronicle) -> Callable[[int], str]:
    names = {crc: letter(index) for index, crc in enumerate(dict.fromkeys(crc for _, _, crc in chronicle.lives))}
    return lambda crc: names.get(crc, f"{crc:08x}")


def _rule(trace: Trace, action: str, partition: str) -> str:
    """The first sentence of what the model says of an action."""
    name = "quorum-pre-vote" if partition.startswith("__") else trace.header.model
    model = MODELS.get(name)
    for function in () if model is None else map(syntax, model.actions):
        if function.name == action:
            return " ".join(function.doc.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")
    return ""


def _unhealed(trace: Trace, chronicle: Chronicle) -> str:
    """Who leads in the end, and who has not come back to it."""
    assert trace.verdict is not None, "asked of a trace with a verdict"
    decided = chronicle.decided
    if decided is None:
        return ""
    led = f"{node(decided.leader)} leads" if decided.leader >= 0 else "nobody leads"
    out = [
        f"{name} is not in sync, its log ends at {replica.log_end} and it is in epoch {replica.leader_epoch}"
        for name, replica in sorted(chronicle.replicas.items())
        if int(name[1:]) not in decided.isr
    ]
    there = f"in the end {led} epoch {decided.leader_epoch} of {chronicle.partition}, ISR {members(decided.isr)}"
    return f"{trace.verdict.sentence}: {'; '.join([there, *out])}"


def _votes(trace: Trace, _chronicle: Chronicle) -> str:
    """A voter that goes back on what it said."""
    assert trace.verdict is not None, "asked of a trace with a verdict"
    steps = [line for line in trace.lines if isinstance(line, Step)]
    told = [(line, fact) for line in steps for fact in quorum_decoded(line.quorum)]
    own = [(line, fact) for line, fact in told if type(fact).__name__ in BINDING and line.node == told[-1][0].node]
    if len(own) < 2 or own[-1][1].epoch > own[-2][1].epoch:
        return ""
    (earlier, before), (last, fact) = own[-2:]
    return (
        f"{last.node} {said(fact)} ({last.at / 1000:.3f} s, line {last.n}), and what it said before, that it "
        f"{said(before)} ({earlier.at / 1000:.3f} s, line {earlier.n}), counts no more: {trace.verdict.sentence}"
    )


BINDING = frozenset({"GrantVote", "Stand", "Observe", "QuorumRestart", "Win"})
"""What a voter must stand by."""
_TELLERS: Mapping[str, Callable[[Trace, Chronicle], str]] = {
    "per_key_order": _twice,
    "one_decision": _decisions,
    "refines_the_model": _leaves,
    "heals": _unhealed,
    "one_leader": _votes,
}
