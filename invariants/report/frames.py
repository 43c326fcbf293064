"""The trace explorer's frames: both sides of a trace after each of its steps.

One rule: frames tell the same story that the drawing draws (`traces.story`), unfolded, with everything that is known of
every replica (`traces.sides`); of the model's side only what differs is written down.
"""

from collections.abc import Callable
from typing import Any

from traces.quorum_facts import METADATA
from traces.reasons.refusals import refused_in_words, rule_of
from traces.sides import Replica, Side, Sides
from traces.story import Event, letter
from traces.storyteller import tell
from traces.trace import Trace
from traces.voters_sides import VotersSides
from traces.wording import Weight

FRAMES_MAX = 400
"""A counterexample worth stepping through is far below this; a longer trace shows its last frames."""
CELLS_SHOWN = 12
FIELDS = ("log", "high_watermark", "leader_epoch", "leading", "counted", "away", "voted", "stands")
Name = Callable[[int], str]
"""What a cell of a log is called, by what tells it from others."""


def frames(trace: Trace) -> tuple[dict[str, Any], ...]:
    """One frame for each event that matters to the trace's partition; the violating one is marked bad."""
    story = tell(trace)
    events = {event.line: event for event in story.events if event.weight < Weight.MESSAGE or event.violating}
    first = sorted(events)[-FRAMES_MAX] if len(events) > FRAMES_MAX else 0
    voters = story.partition == METADATA
    sides = VotersSides(trace) if voters else Sides.of(trace, story.partition)
    name: Name = _epoch if voters else _letters()
    made = []
    for line in trace.lines:
        before = sides.stopped
        sides.line(line)
        stops = before is None and sides.stopped is not None
        event = events.get(line.n)
        if event is None and stops:
            event = next((each for each in story.events if each.line == line.n), None)
        if event is not None and line.n >= first:
            made.append(_frame(trace, event, sides, stops, name))
        if event is not None and event.violating:
            break
    return tuple(made)


def _frame(trace: Trace, event: Event, sides: Sides, stops: bool, name: Name) -> dict[str, Any]:
    frame: dict[str, Any] = {
        "n": event.line,
        "at": event.at,
        "lane": event.lane,
        "others": list(event.others),
        "kind": event.kind,
        "title": "; ".join(event.words),
        "facts": list(event.words),
        "bad": event.violating,
        **_shown(sides.told, name),
        # A model that has stopped knows nothing of what comes after: it is shown once more, beside what it refused.
        "model": _beside(sides.told, sides.model, name) if sides.model and (stops or not sides.stopped) else None,
    }
    if sides.stopped is not None:
        stopped = sides.stopped
        frame["stopped"] = {"n": stopped.line, "here": stops, "action": stopped.action, "reason": stopped.reason}
        if stops and stopped.conjunct:
            frame["stopped"]["conjunct"] = stopped.conjunct
        if stops:
            frame["stopped"]["rule"] = rule_of(trace.header.model, stopped.action, stopped.partition)
            frame["stopped"]["words"] = refused_in_words(trace, stopped)
    return frame


def _letters() -> Name:
    """Batches are called a, b, c in the order in which they are shown."""
    names: dict[int, str] = {}
    return lambda crc: names.setdefault(crc, letter(len(names)))


def _epoch(epoch: int) -> str:
    """A stretch of the quorum's log is called by the epoch that wrote it."""
    return f"e{epoch}"


def _shown(side: Side, name: Name) -> dict[str, Any]:
    return {
        "decided": None if side.decided is None else _decided(side.decided),
        "replicas": [_replica(node, replica, name) for node, replica in side.replicas.items()],
    }


def _decided(decided: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in decided._asdict().items()}


def _beside(told: Side, model: Side, name: Name) -> dict[str, Any]:
    """Of the model's side what is not as told, and which fields these are, as `n2.log` and `decided.isr`."""
    differs: list[str] = []
    other: list[dict[str, Any]] = []
    for node, replica in model.replicas.items():
        mine = told.replicas.get(node)
        if mine is None or mine.away:
            continue
        fields = [field for field, one, two in zip(FIELDS, mine, replica, strict=True) if one != two]
        if fields:
            other.append(_replica(node, replica, name))
            differs += [f"{node}.{field}" for field in fields]
    decided = None
    if told.decided is not None and model.decided is not None and told.decided != model.decided:
        decided = _decided(model.decided)
        mine_decided = _decided(told.decided)
        differs += [f"decided.{field}" for field in decided if decided[field] != mine_decided[field]]
    return {"decided": decided, "replicas": other, "differs": differs}


def _replica(node: str, replica: Replica, name: Name) -> dict[str, Any]:
    for cell in replica.cells:
        name(cell.crc)
    shown = replica.cells[-CELLS_SHOWN:]
    last = replica.cells[-1] if replica.cells else None
    return {
        "node": node,
        "end": 0 if last is None else last.base_offset + last.record_count,
        "high_watermark": replica.high_watermark,
        "leader_epoch": replica.leader_epoch,
        "leading": replica.leading,
        "counted": list(replica.counted),
        "away": replica.away,
        "voted": replica.voted,
        "stands": replica.stands,
        "hidden": len(replica.cells) - len(shown),
        "log": [[cell.base_offset, cell.record_count, cell.leader_epoch, name(cell.crc)] for cell in shown],
    }
