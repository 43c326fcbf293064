"""The trace explorer's frames: every replica's log and high watermark after each step of a trace.

One rule: frames show the same story that the drawing draws (`traces.story`), unfolded.
"""

from typing import Any

from traces.story import Event, View, tell
from traces.trace import Trace
from traces.wording import Weight

FRAMES_MAX = 400
"""A counterexample worth stepping through is far below this; a longer trace shows its last frames."""


def frames(trace: Trace) -> tuple[dict[str, Any], ...]:
    """One frame for each event that matters to the trace's partition; the violating one is marked bad."""
    views: dict[str, View] = {}
    made = []
    for event in tell(trace).events:
        if event.kind == "fault" and event.words[0].startswith(("crash", "power loss")):
            views.pop(event.lane, None)
        if event.view is not None:
            views[event.lane] = event.view
        if event.weight < Weight.MESSAGE or event.violating:
            made.append(_frame(event, views))
    return tuple(made[-FRAMES_MAX:])


def _frame(event: Event, views: dict[str, View]) -> dict[str, Any]:
    return {
        "n": event.line,
        "at": event.at,
        "title": f"{event.lane}: {event.words[0]}",
        "bad": event.violating,
        "facts": list(event.words),
        "replicas": [_replica(node, view) for node, view in sorted(views.items())],
    }


def _replica(node: str, view: View) -> dict[str, Any]:
    if view.leader_epoch < 0:
        role = "has learnt no epoch yet"
    else:
        role = f"{'leads' if view.leading else 'follows in'} epoch {view.leader_epoch}"
    return {
        "node": node,
        "role": f"{role}, log end {view.log_end}, high watermark {view.high_watermark}",
        "high_watermark": view.high_watermark,
        "hidden": view.hidden,
        "entries": [
            {
                "offset": cell.base_offset,
                "name": name + (f" x{cell.record_count}" if cell.record_count > 1 else ""),
                "epoch": cell.leader_epoch,
                "committed": cell.base_offset + cell.record_count <= view.high_watermark,
                "crc": f"{cell.crc:08x}",
            }
            for cell, name in view.cells
        ],
    }
