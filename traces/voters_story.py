"""A run whose violation is the controllers': their votes, logs and commits told as a story, from the facts of voters.

One rule: as in every story, a line is an event, in the words of its own facts (`traces.quorum_words`); routine beside
something that matters is not told.
"""

from traces.quorum_facts import METADATA, decoded
from traces.quorum_words import said, weight
from traces.schema import Fault, Step
from traces.story import Event, Story
from traces.trace import Trace
from traces.wording import Weight

INVARIANTS = frozenset({"one_leader", "committed_prefix", "no_cut_below_commit"})
"""What only voters break."""
EITHERS = frozenset({"refines_the_model", "no_exception"})
"""What voters break, and others: it is the voters' where the line tells of nothing else."""
MESSAGES = {
    "GrantVote": "request",
    "GrantPreVote": "request",
    "Win": "answer",
    "QuorumAcknowledge": "request",
    "QuorumAdvance": "request",
    "QuorumAnswerDiverging": "request",
    "QuorumReceiveFetch": "answer",
    "QuorumTruncate": "answer",
}


def is_of_voters(trace: Trace) -> bool:
    """Whether the line of the verdict is a voter's."""
    verdict = trace.verdict
    if verdict is None or verdict.at_line is None or trace.header.origin == "model":
        return False
    line = trace.lines[verdict.at_line]
    if not isinstance(line, Step) or not line.quorum:
        return False
    return verdict.invariant in INVARIANTS or (verdict.invariant in EITHERS and not line.facts)


def tell_voters(trace: Trace) -> Story:
    """The story of the controllers' quorum."""
    verdict = trace.verdict
    violating = verdict.at_line if verdict is not None else None
    events = [event for line in trace.lines if (event := _event(line, line.n == violating)) is not None]
    return Story(
        partition=METADATA,
        lanes=tuple(sorted({event.lane for event in events})),
        events=tuple(events),
        invariant=verdict.invariant if verdict is not None else "",
        sentence=verdict.sentence if verdict is not None else "",
    )


def _event(line: object, violating: bool) -> Event | None:
    if isinstance(line, Fault):
        if not any(target.startswith("controller") for target in line.targets):
            return None
        detail = f" ({line.detail})" if line.detail else ""
        lanes = tuple(target for target in line.targets if target.startswith("controller"))
        return Event(
            line=line.n,
            at=line.at,
            lane=lanes[0],
            words=(line.kind + detail,),
            weight=Weight.TURN,
            kind="fault",
            others=lanes[1:],
            violating=violating,
        )
    if not isinstance(line, Step) or not line.quorum:
        return None
    here = decoded(line.quorum)
    heaviest = min(weight(fact) for fact in here)
    kept = [fact for fact in here if weight(fact) < Weight.MESSAGE or weight(fact) == heaviest]
    return Event(
        line=line.n,
        at=line.at,
        lane=line.node,
        words=tuple(said(fact) for fact in kept),
        weight=Weight.TURN if violating else heaviest,
        kind="step",
        cause=line.cause,
        message=next((MESSAGES[name] for fact in here if (name := type(fact).__name__) in MESSAGES), "client"),
        violating=violating,
    )
