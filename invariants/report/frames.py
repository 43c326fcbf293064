"""The trace explorer's frames: both sides of a trace after each of its steps.

One rule: frames tell the same story that the drawing draws (`traces.story`), unfolded, with everything that is known of
every replica (`traces.sides`); of the model's side only what differs is written down.
"""

from typing import Any

from traces.sides import Replica, Side, Sides
from traces.story import Event, letter
from traces.storyteller import tell
from traces.trace import Trace
from traces.wording import Weight

FRAMES_MAX = 400
"""A counterexample worth stepping through is far below this; a longer trace shows its last frames."""
CELLS_SHOWN = 12
FIELDS = ("log", "high_watermark", "leader_epoch", "leading", "counted")


def frames(trace: Trace) -> tuple[dict[str, Any], ...]:
    """One frame for each event that matters to the trace's partition; the violating one is marked bad."""
    story = tell(trace)
    events = {event.line: event for event in story.events if event.weight < Weight.MESSAGE or event.violating}
    first = sorted(events)[-FRAMES_MAX] if len(events) > FRAMES_MAX else 0
    sides = Sides.of(trace, story.partition)
    names: dict[int, str] = {}
    made = []
    for line in trace.lines:
        before = sides.stopped
        sides.line(line)
        stops = before is None and sides.stopped is not None
        event = events.get(line.n)
        if event is None and stops:
            event = next((each for each in story.events if each.line == line.n), None)
        if event is not None and line.n >= first:
            made.append(_frame(event, sides, stops, names))
        if event is not None and event.violating:
            break
    return tuple(made)


def _frame(event: Event, sides: Sides, stops: bool, names: dict[int, str]) -> dict[str, Any]:
    frame: dict[str, Any] = {
        "n": event.line,
        "at": event.at,
        "lane": event.lane,
        "others": list(event.others),
        "kind": event.kind,
        "title": event.words[0],
        "facts": list(event.words),
        "bad": event.violating,
        **_shown(sides.told, names),
        # A model that has stopped knows nothing of what comes after: it is shown once more, beside what it refused.
        "model": _beside(sides.told, sides.model, names) if sides.model and (stops or not sides.stopped) else None,
    }
    if sides.stopped is not None:
        stopped = sides.stopped
        frame["stopped"] = {"n": stopped.line, "here": stops, "action": stopped.action, "reason": stopped.reason}
        if stopped.conjunct:
            frame["stopped"]["conjunct"] = stopped.conjunct
    return frame


def _shown(side: Side, names: dict[int, str]) -> dict[str, Any]:
    return {
        "decided": None if side.decided is None else _decided(side.decided),
        "replicas": [_replica(node, replica, names) for node, replica in side.replicas.items()],
    }


def _decided(decided: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in decided._asdict().items()}


def _beside(told: Side, model: Side, names: dict[int, str]) -> dict[str, Any]:
    """Of the model's side what is not as told, and which fields these are, as `n2.log` and `decided.isr`."""
    differs: list[str] = []
    other: list[dict[str, Any]] = []
    for node, replica in model.replicas.items():
        mine = told.replicas.get(node)
        if mine is None or mine.away:
            continue
        fields = [name for name, one, two in zip(FIELDS, mine, replica, strict=False) if one != two]
        if fields:
            other.append(_replica(node, replica, names))
            differs += [f"{node}.{name}" for name in fields]
    decided = None
    if told.decided is not None and model.decided is not None and told.decided != model.decided:
        decided = _decided(model.decided)
        mine_decided = _decided(told.decided)
        differs += [f"decided.{name}" for name in decided if decided[name] != mine_decided[name]]
    return {"decided": decided, "replicas": other, "differs": differs}


def _replica(node: str, replica: Replica, names: dict[int, str]) -> dict[str, Any]:
    for cell in replica.cells:
        names.setdefault(cell.crc, letter(len(names)))
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
        "hidden": len(replica.cells) - len(shown),
        "log": [[cell.base_offset, cell.record_count, cell.leader_epoch, names[cell.crc]] for cell in shown],
    }
