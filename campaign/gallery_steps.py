"""The steps of a gallery page: who did what, and what that replica's log was then.

One rule: a step is told as in the page's drawing, by `traces.story`.
"""

from traces.modelled import acting
from traces.quorum_story import is_of_quorum
from traces.story import View
from traces.storyteller import tell
from traces.trace import Trace

HEAD = ["| step | who | what | its log after it |", "|---|---|---|---|"]


def table(trace: Trace) -> str:
    """The steps as a Markdown table; one without a fact among others is told by its action's name."""
    events = {event.line: event for event in tell(trace).events}
    rows = []
    for step in acting(trace):
        event = events.get(step.n)
        assert step.action is not None, "these are the steps with an action"
        what = ", ".join(event.words) if event is not None else step.action.name.replace("_", " ")
        log = shown(event.view, epochs=is_of_quorum(trace)) if event is not None else ""
        rows.append(f"| {step.n + 1} | {step.node} | {what} | {log} |")
    return "\n".join([*HEAD, *rows])


def shown(view: View | None, *, epochs: bool = False) -> str:
    """A log with a bar where its high watermark stands; with `epochs`, each record with the epoch it is of."""
    if view is None:
        return ""
    names = [f"{name}@{cell.leader_epoch}" if epochs else name for cell, name in view.cells]
    at = max(0, view.high_watermark - view.hidden)
    hidden = ["..."] if view.hidden > 0 else []
    return "`" + " ".join([*hidden, *names[:at], "\\|", *names[at:]]) + "`"
