"""Choosing what of a story is drawn, and where.

One rule: time goes down and never up. An event stands in a row no higher than any event before it in the trace, and
below whatever caused it; events of different lanes that do not wait for each other may share a row.

At most `most` events are drawn, the weightiest; among equals the latest, which are nearest to the violation. What is
left out is counted, so that a reader knows what he does not see.
"""

from dataclasses import dataclass

from traces.story import Event, Story, View
from traces.wording import Weight

MOST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An event with its place: `column` is its lane, counted from 0, as `row` is from the top."""

    event: Event
    column: int
    row: int
    shows_log: bool
    """Its log or watermark is not that of the box above it in the lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A message: from the sender's last drawn box to the box of who handled it. Both are line numbers."""

    source: int
    target: int
    kind: str
    """`metadata`, `proposal`, `request`, `answer` or `client`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A piece of a lane between two of its boxes, or its head (line -1) or its foot (line -2)."""

    lane: str
    source: int
    target: int
    leading: int | None
    """The epoch in which the node leads here, by its own view."""
    down: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    lanes: tuple[str, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    stretches: tuple[Stretch, ...]
    folded: int
    """Steps of the partition that are not drawn."""
    story: Story


HEAD, FOOT = -1, -2
_DOWN = ("crash", "power loss", "kill")
_UP = ("restart", "start")


def draw(story: Story, most: int = MOST) -> Drawing:
    """What of the story is drawn, and where."""
    kept = _choose(story.events, most)
    lanes = tuple(lane for lane in story.lanes if any(lane in (event.lane, *event.others) for event in kept))
    boxes = _place(kept, lanes)
    return Drawing(
        lanes=lanes,
        boxes=boxes,
        arrows=_arrows(story.events, kept),
        stretches=_stretches(kept, lanes),
        folded=len(story.events) - len(kept),
        story=story,
    )


def _choose(events: tuple[Event, ...], most: int) -> list[Event]:
    """The weightiest, nothing after the violation, routine only in a story short enough to hold all of it."""
    violating = next((event.line for event in events if event.violating), None)
    told = [event for event in events if violating is None or event.line <= violating]
    if len(told) > most:
        told = [event for event in told if event.weight < Weight.ROUTINE]
    while len(told) > most:
        heaviest = max(event.weight for event in told if not event.violating)
        surplus = len(told) - most
        lightest = [event.line for event in told if event.weight == heaviest and not event.violating]
        dropped = set(lightest[:surplus])
        told = [event for event in told if event.line not in dropped]
    return told


def _place(kept: list[Event], lanes: tuple[str, ...]) -> tuple[Box, ...]:
    boxes: list[Box] = []
    last_in_lane: dict[str, int] = {}
    row_of: dict[int, int] = {}
    lines: list[int] = []
    shown: dict[str, View] = {}
    floor = 0
    for event in kept:
        row = floor
        for lane in (event.lane, *event.others):
            row = max(row, last_in_lane.get(lane, -1) + 1)
        if event.cause is not None:
            earlier = [line for line in lines if line <= event.cause]
            if earlier:
                row = max(row, row_of[earlier[-1]] + 1)
        for lane in (event.lane, *event.others):
            last_in_lane[lane] = row
        floor = row
        row_of[event.line] = row
        lines.append(event.line)
        shows_log = event.view is not None and (event.violating or shown.get(event.lane) != event.view)
        if event.view is not None:
            shown[event.lane] = event.view
        boxes.append(Box(event=event, column=lanes.index(event.lane), row=row, shows_log=shows_log))
    return tuple(boxes)


def _arrows(events: tuple[Event, ...], kept: list[Event]) -> tuple[Arrow, ...]:
    lane_of = {event.line: event.lane for event in events}
    arrows: list[Arrow] = []
    for event in kept:
        sender = lane_of.get(event.cause) if event.cause is not None else None
        if event.cause is None or sender is None or sender == event.lane:
            continue
        sources = [other.line for other in kept if other.lane == sender and other.line <= event.cause]
        if sources:
            arrows.append(Arrow(source=sources[-1], target=event.line, kind=_kind(sender, event)))
    return tuple(arrows)


def _kind(sender: str, event: Event) -> str:
    if sender == "controller":
        return "metadata"
    if event.lane == "controller":
        return "proposal"
    if not sender.startswith("n") or not event.lane.startswith("n"):
        return "client"
    asked = ("counts", "answers")
    return "request" if event.words and event.words[0].startswith(asked) else "answer"


def _stretches(kept: list[Event], lanes: tuple[str, ...]) -> tuple[Stretch, ...]:
    stretches: list[Stretch] = []
    for lane in lanes:
        before, leading, down = HEAD, None, False
        for event in kept:
            if lane not in (event.lane, *event.others):
                continue
            stretches.append(Stretch(lane=lane, source=before, target=event.line, leading=leading, down=down))
            before = event.line
            if event.kind == "fault":
                fault = event.words[0]
                down = fault.startswith(_DOWN) or (down and not fault.startswith(_UP))
                leading = None if down else leading
            elif event.view is not None:
                leading = event.view.leader_epoch if event.view.leading else None
                down = False
        stretches.append(Stretch(lane=lane, source=before, target=FOOT, leading=leading, down=down))
    return tuple(stretches)
