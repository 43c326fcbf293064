"""Which steps of a counterexample matter causally: what the violating step, and the promise it breaks, rest on.

One rule: nothing is left out that something kept rests on. A step rests on the step that sent what it handles, and on
the last step of its own process that changed its log or its role; a watermark also on the positions it counts, and an
acknowledgement on the watermark.

Turns are kept in any case: faults (each was needed, or shrinking would have left it out), who leads, what was cut off,
changes of the in-sync set, and what clients were told.
"""

from collections.abc import Iterable

from traces.story import Event
from traces.wording import Weight

KEPT_KINDS = ("fault", "ok")


def relevant(events: tuple[Event, ...]) -> list[Event]:
    """Those that matter, in order; all of them where nothing is violated."""
    violating = next((event for event in events if event.violating), None)
    if violating is None:
        return list(events)
    told = [event for event in events if event.line <= violating.line]
    before = _Before(told)
    kept: set[int] = set()
    open_ends = [event for event in told if _matters(event)]
    while open_ends:
        event = open_ends.pop()
        if event.line not in kept:
            kept.add(event.line)
            open_ends += before.of(event)
    return [event for event in told if event.line in kept]


def _matters(event: Event) -> bool:
    return event.violating or event.kind in KEPT_KINDS or event.weight <= Weight.SET or _promises(event)


def _promises(event: Event) -> bool:
    return event.kind == "invoke" or any(word.startswith("acknowledges") for word in event.words)


class _Before:
    """What came before each event, lane by lane."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._by_line = {event.line: event for event in events}
        self._changed: dict[int, Event] = {}
        """Line -> the last event of the same lane before it that changed its log or role."""
        self._counted: dict[int, tuple[Event, ...]] = {}
        """Line -> the last events of the same lane that counted each follower."""
        self._watermark: dict[int, Event] = {}
        """Line -> the last event of the same lane before it that moved its watermark as a leader."""
        last: dict[str, Event] = {}
        moved: dict[str, Event] = {}
        shown: dict[str, object] = {}
        counts: dict[str, dict[str, Event]] = {}
        for event in self._by_line.values():
            if event.lane in last:
                self._changed[event.line] = last[event.lane]
            if event.lane in moved:
                self._watermark[event.line] = moved[event.lane]
            self._counted[event.line] = tuple(counts.get(event.lane, {}).values())
            view = event.view
            now = None if view is None else (view.cells, view.hidden, view.leader_epoch, view.leading)
            if now is not None and now != shown.get(event.lane):
                last[event.lane], shown[event.lane] = event, now
            for word in event.words:
                if word.startswith("high watermark"):
                    moved[event.lane] = event
                if word.startswith("counts ") and not word.endswith(" at 0"):
                    counts.setdefault(event.lane, {})[word.split()[1]] = event

    def of(self, event: Event) -> list[Event]:
        found = []
        if event.cause in self._by_line:
            found.append(self._by_line[event.cause])
        if event.line in self._changed:
            found.append(self._changed[event.line])
        if any(word.startswith("high watermark") for word in event.words):
            found += self._counted[event.line]
        elif any(word.startswith("acknowledges") for word in event.words) and event.line in self._watermark:
            found.append(self._watermark[event.line])
        return found
