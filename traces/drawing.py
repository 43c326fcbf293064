"""Choosing what of a story is drawn, and where.

One rule: time goes down and never up. An event stands in a row no higher than any event before it in the trace, and
below whatever caused it; events of different lanes that do not wait for each other may share a row.

Of a counterexample only what matters causally is drawn (`traces.relevance`). At most `most` events are, the weightiest;
among equals the latest, which are nearest to the violation. What is left out is counted, so that a reader knows what he
does not see.
"""

from dataclasses import dataclass

from traces.relevance import relevant
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
    """A message: from its sender to the box of who handled it (`target`, a line number)."""

    lane: str
    """The sender's."""
    source: int | None
    """The line of the box that sent it; None where that step is folded: it left the bare lane."""
    row: int
    """Where it left the bare lane: just above this row."""
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
_DOWN = ("crash", "power loss", "kill", "stopped")
_UP = ("restart", "start")


def draw(story: Story, most: int = MOST) -> Drawing:
    """What of the story is drawn, and where."""
    kept = _choose(story.events, most)
    lanes = tuple(lane for lane in story.lanes if any(lane in (event.lane, *event.others) for event in kept))
    lane_of = {event.line: event.lane for event in story.events}
    boxes = _place(kept, lanes, lane_of)
    return Drawing(
        lanes=lanes,
        boxes=boxes,
        arrows=_arrows(lane_of, lanes, boxes),
        stretches=_stretches(kept, lanes),
        folded=len(story.events) - len(kept),
        story=story,
    )


def _choose(events: tuple[Event, ...], most: int) -> list[Event]:
    """What matters causally, the weightiest of it, and nothing after the violation.

    Of those that matter alike, the last before the violation; where nothing is violated, the nearest to a turn.
    """
    violating = next((event.line for event in events if event.violating), None)
    told = relevant(events)
    if len(told) <= most:
        return told
    kept: list[Event] = []
    for weight in Weight:
        alike = [event for event in told if event.weight == weight]
        room = most - len(kept)
        if len(alike) > room:
            if violating is None and kept:
                turns = [event.line for event in kept]
                alike.sort(key=lambda event: -_distance(turns, event.line))
            kept += alike[len(alike) - room :]
            break
        kept += alike
    return sorted(kept, key=lambda event: event.line)


def _distance(lines: list[int], line: int) -> int:
    """To the nearest of these lines, which ascend within each weight."""
    return min(abs(other - line) for other in lines)


def _place(kept: list[Event], lanes: tuple[str, ...], lane_of: dict[int, str]) -> tuple[Box, ...]:
    boxes: list[Box] = []
    below: dict[str, int] = dict.fromkeys(lanes, 0)
    """The first row of each lane that is free."""
    shown: dict[str, View] = {}
    row_of: dict[int, int] = {}
    row = 0
    for event in kept:
        crossed = _crossed(event, lanes, lane_of)
        row = max(row, *(below[lane] for lane in (event.lane, *event.others, *crossed)))
        if event.cause is not None:
            earlier = [line for line in row_of if line <= event.cause]
            row = max(row, row_of[earlier[-1]] + 1 if earlier else 0)
        below.update(dict.fromkeys((event.lane, *event.others, *crossed), row + 1))
        row_of[event.line] = row
        shows_log = event.view is not None and (event.violating or shown.get(event.lane) != event.view)
        if event.view is not None:
            shown[event.lane] = event.view
        boxes.append(Box(event=event, column=lanes.index(event.lane), row=row, shows_log=shows_log))
    return tuple(boxes)


def _crossed(event: Event, lanes: tuple[str, ...], lane_of: dict[int, str]) -> tuple[str, ...]:
    """The lanes between an event and its cause: nothing stands there in its row, where the arrow passes."""
    sender = lane_of.get(event.cause) if event.cause is not None else None
    if sender not in lanes:
        return ()
    one, other = sorted((lanes.index(event.lane), lanes.index(sender)))
    return lanes[one + 1 : other]


def _arrows(lane_of: dict[int, str], lanes: tuple[str, ...], boxes: tuple[Box, ...]) -> tuple[Arrow, ...]:
    arrows: list[Arrow] = []
    for box in boxes:
        event = box.event
        sender = lane_of.get(event.cause) if event.cause is not None else None
        if event.cause is None or sender not in lanes or sender == event.lane:
            continue
        own = [other for other in boxes if sender in (other.event.lane, *other.event.others)]
        boxed = [other for other in own if other.event.line == event.cause]
        # From afar an arrow would pass behind the boxes between: it leaves the lane where the message arrives.
        near = [other for other in boxed if _clear(boxes, other, box)]
        drawn = event.cause if near else None
        # Its sender's next box comes after the message left: the arrow starts above that one too, if its way is free.
        column = lanes.index(sender)
        row = min([box.row, *(other.row for other in own if other.event.line > event.cause)])
        if not _free(boxes, row, box, column):
            row = box.row
        if own and own[0].event.line <= event.cause:
            arrows.append(Arrow(lane=sender, source=drawn, row=row, target=event.line, kind=event.message))
    return tuple(arrows)


def _clear(boxes: tuple[Box, ...], sender: Box, box: Box) -> bool:
    """An arrow from one box to another passes none: they stand in neighbouring rows, or in neighbouring lanes with
    nothing between them there."""
    if box.row - sender.row == 1:
        return True
    columns = (sender.column, box.column)
    between = [each for each in boxes if sender.row < each.row < box.row and each.column in columns]
    return abs(sender.column - box.column) == 1 and not between


def _free(boxes: tuple[Box, ...], row: int, box: Box, column: int) -> bool:
    """Nothing stands where an arrow passes that leaves a lane above a row and goes down to a box."""
    first, last = sorted((column, box.column))
    return not any(row <= each.row < box.row and first <= each.column <= last for each in boxes)


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
            elif event.kind == "step":
                down = False
                if event.view is not None:
                    leading = event.view.leader_epoch if event.view.leading else None
        stretches.append(Stretch(lane=lane, source=before, target=FOOT, leading=leading, down=down))
    return tuple(stretches)
